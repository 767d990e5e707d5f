"""agents/runs/launcher.py: what a launcher was asked for takes effect or is refused, and never ignored."""

from __future__ import annotations

import pytest

from agents import TokenPPO, TokenPPOConfig
from agents.runs.launcher import check_launcher

PLAIN = {
    "ACCELERATE_MIXED_PRECISION": "no",
    "ACCELERATE_DYNAMO_BACKEND": "no",
    "ACCELERATE_DYNAMO_MODE": "default",
    "ACCELERATE_DYNAMO_USE_FULLGRAPH": "False",
    "ACCELERATE_USE_CPU": "False",
    "ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "1",
    "WORLD_SIZE": "8",
    "GROUP_RANK": "1",
}
"""What `accelerate launch` and torchrun pass on where nothing particular was asked for."""

ASKED = {
    (
        "ACCELERATE_MIXED_PRECISION",
        "bf16",
    ): "--mixed_precision bf16 has no effect.* give the training --dtype bf",
    ("ACCELERATE_MIXED_PRECISION", "fp16"): "--mixed_precision fp16 has no effect",
    ("ACCELERATE_MIXED_PRECISION", "fp8"): "--mixed_precision fp8 has no effect",
    ("ACCELERATE_USE_DEEPSPEED", "true"): "--use_deepspeed true .* whole weights in each process",
    ("ACCELERATE_USE_FSDP", "true"): "FSDP true .* whole weights in each process",
    ("ACCELERATE_USE_FSDP", "1"): "FSDP 1 has no effect",
    ("ACCELERATE_USE_MEGATRON_LM", "true"): "--use_megatron_lm true has no effect",
    ("ACCELERATE_USE_PARALLELISM_CONFIG", "true"): "--use_parallelism_config true has no effect",
    ("ACCELERATE_DYNAMO_BACKEND", "INDUCTOR"): "--dynamo_backend INDUCTOR .* launch with --dynamo_backend no",
    ("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "4"): "steps 4 .* give the training --accumulation-steps",
    ("ACCELERATE_GRADIENT_CLIPPING", "1.0"): "--gradient_clipping 1.0 .* give the training --max-grad-norm",
}


@pytest.mark.parametrize("asked", ASKED)
def test_what_a_learner_does_not_do_is_refused_in_one_line(asked):
    variable, value = asked
    with pytest.raises(ValueError, match=ASKED[asked]) as caught:
        check_launcher({**PLAIN, variable: value}, "cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_what_launchers_say_of_themselves_is_no_wish(device):
    check_launcher({}, device)
    check_launcher(PLAIN, device)


def test_two_devices_are_one_too_many():
    check_launcher({"ACCELERATE_USE_CPU": "True"}, "cpu")
    with pytest.raises(ValueError, match="--cpu has no effect on --device cuda: leave one of them out"):
        check_launcher({"ACCELERATE_USE_CPU": "True"}, "cuda")


def test_learners_ask_by_themselves(make_toy, make_policy, monkeypatch):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    with pytest.raises(ValueError, match="--mixed_precision bf16 has no effect on a learner"):
        TokenPPO(make_policy(), make_toy(), TokenPPOConfig(batch_size=8, minibatch_size=8))
