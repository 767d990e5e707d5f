"""agents/policies/pair.py: what a checkpoint says of policy and reference."""

import json

import pytest

from agents import TokenPPO, TokenPPOConfig


def test_a_checkpoint_of_before_options_were_recorded_is_refused(make_policy, make_toy, tmp_path):
    config = TokenPPOConfig(batch_size=16, minibatch_size=8)
    TokenPPO(make_policy(), make_toy(num_envs=16), config).save(tmp_path / "checkpoint")
    file = tmp_path / "checkpoint" / "learner.json"
    whole = json.loads(file.read_text())
    del whole["record"]["options"], whole["sha256"]
    whole["record"]["temperature"] = {"policy": 0.8, "reference": 1.5}
    file.write_text(json.dumps({**whole, "format": 1}))
    with pytest.raises(ValueError, match="expected format 2, got 1; read it with the version that wrote it"):
        TokenPPO.load(tmp_path / "checkpoint", make_toy(num_envs=16))


def test_both_parts_keep_their_options(make_policy, make_toy, tmp_path):
    config = TokenPPOConfig(batch_size=16, minibatch_size=8)
    policy = make_policy(dtype="bfloat16", gradient_checkpointing=True)
    agent = TokenPPO(policy, make_toy(num_envs=16), config, reference=make_policy(temperature=1.5))
    agent.save(tmp_path / "checkpoint")
    loaded = TokenPPO.load(tmp_path / "checkpoint", make_toy(num_envs=16))
    assert loaded.policy.options() == policy.options()
    assert loaded.reference.options() == {
        "temperature": 1.5, "dtype": "float32", "gradient_checkpointing": False,
    }  # fmt: skip
