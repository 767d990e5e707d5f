"""agents/policy_pair.py: what a checkpoint says of policy and reference."""

import json

from agents import TokenPPO, TokenPPOConfig


def test_a_checkpoint_that_names_temperatures_alone_is_read(make_policy, make_toy, tmp_path):
    config = TokenPPOConfig(batch_size=16, minibatch_size=8)
    reference = make_policy(temperature=1.5)
    agent = TokenPPO(make_policy(temperature=0.8), make_toy(num_envs=16), config, reference=reference)
    agent.save(tmp_path / "checkpoint")
    file = tmp_path / "checkpoint" / "learner.json"
    whole = json.loads(file.read_text())
    del whole["record"]["options"]
    whole["record"]["temperature"] = {"policy": 0.8, "reference": 1.5}
    file.write_text(json.dumps(whole))
    loaded = TokenPPO.load(tmp_path / "checkpoint", make_toy(num_envs=16))
    assert (loaded.policy.temperature, loaded.reference.temperature) == (0.8, 1.5)
    assert loaded.policy.backbone.dtype == "float32"


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
