"""agents/learners/metrics.py: what one iteration reports."""

import pytest
import torch

from agents.learners.metrics import environment_metrics, objective_metrics
from agents.maths.tensors import Rollout

MASK = torch.tensor([[True, True], [True, False], [True, False]])


def test_objectives_are_per_response_and_entropy_per_token():
    def field(*rows):
        return torch.tensor(rows) * MASK

    scores, entropy = field([1.0, 2.0], [0.5, 0.0], [-1.0, 0.0]), field([1.0, 2.0], [3.0, 0.0], [4.0, 0.0])
    kl = field([0.5, 0.5], [0.25, 0.0], [0.0, 0.0])
    rollout = Rollout(torch.zeros(3, 5), torch.ones(3, 5), MASK, scores, scores, scores, entropy, scores, kl)
    metrics = objective_metrics(rollout, scores - 0.5 * MASK)
    assert metrics == pytest.approx(
        {
            "objective/scores": 2.5 / 3, "objective/score_median": 0.5, "objective/score_min": -1.0,
            "objective/score_max": 3.0, "objective/rlhf_reward": 0.5 / 3, "objective/kl": 1.25 / 3,
            "objective/entropy": 2.5, "objective/length": 4 / 3,
            "objective/kl_q1": 0.75 / 3, "objective/kl_q2": 0.0, "objective/kl_q3": 0.5 / 3,
            "objective/kl_q4": 0.0,
        }
    )  # fmt: skip


def test_scalars_of_the_infos_are_averaged_and_the_rest_left_out():
    infos = [
        {
            "score": 0.5,
            "reward_base": 1,
            "prompt_id": 3,
            "reward": 2.0,
            "text": "a",
            "flag": True,
            "judge": 0.2,
        },
        {"score": 0.25, "reward_base": 2, "prompt_id": 4, "reward": 2.0, "token_rewards": torch.ones(2)},
    ]
    assert environment_metrics(infos) == {"env/judge": 0.2, "env/reward_base": 1.5, "env/score": 0.375}
