"""agents/rollouts/guided.py: what is drawn, how far that is from the policy, and what is refused."""

from itertools import pairwise

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.rollouts.guided import read_next_rewards, respond_guided

V, P, T, END = 12, 5, 6, 11


class TokenToy(gym.Env):
    """Pays a token that is one above the last: each state has a candidate of its own, all others cost 0.5."""

    observation_space = spaces.Dict(
        input_ids=spaces.Box(0, V - 1, (P + T,), np.int64), attention_mask=spaces.MultiBinary(P + T)
    )
    action_space = spaces.Discrete(V)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.prompt = self.np_random.integers(0, V - 1, self.np_random.integers(1, P + 1)).tolist()
        self.written = []
        return self._observe(), self._told()

    def step(self, action):
        self.written.append(int(action))
        ended = action == END or len(self.written) == T
        info = {"score": float(len(self.written)), "judge": 0.5} if ended else self._told()
        return self._observe(), 0.0, ended, False, info

    def _told(self):
        last = (self.prompt + self.written)[-1]
        return {
            "candidate_ids": np.array([(last + 1) % END]),
            "candidate_rewards": np.array([1.0], np.float32),
            "other_rewards": np.float32(-0.5),
        }

    def _observe(self):
        ids, mask = np.full(P + T, 7), np.zeros(P + T, np.int8)
        row = slice(P - len(self.prompt), P + len(self.written))
        ids[row], mask[row] = self.prompt + self.written, 1
        return {"input_ids": ids, "attention_mask": mask}


def respond(policy, beta, rows=8, seed=0):
    envs = [TokenToy() for _ in range(rows)]
    generator = torch.Generator().manual_seed(seed)
    return envs, respond_guided(policy, envs, beta=beta, seeds=range(rows), generator=generator)


def test_divergence_is_that_of_the_tilted_distribution_at_each_state(make_policy):
    """Each response by itself, from the model's own logits, in float64."""
    policy = make_policy(scale=1.0)
    envs, found = respond(policy, beta=2.0)
    assert len({one.length for one in found}) > 1  # rows that end at different times
    for env, one in zip(envs, found, strict=True):
        text = env.prompt + env.written
        assert one.tokens[one.attention_mask].tolist() == text
        assert one.tokens[~one.attention_mask].sum() == 0
        assert one.prompt_length == P and one.length == len(env.written)
        assert one.info["score"] == len(env.written)
        logits = policy.backbone.model(input_ids=torch.tensor([text])).logits[0].detach().double()
        expected = 0.0
        for place in range(len(env.prompt) - 1, len(text) - 1):
            rewards = torch.full((V,), -0.5, dtype=torch.float64)
            rewards[(text[place] + 1) % END] = 1.0
            p = logits[place].softmax(-1)
            q = p * (rewards / 2.0).exp()
            q = q / q.sum()
            expected += float((q * (q / p).log()).sum())
        assert one.kl == pytest.approx(expected, rel=1e-4)


def test_a_small_beta_follows_the_rewards_and_a_large_one_the_policy(make_policy):
    policy = make_policy(scale=1.0)
    envs, _ = respond(policy, beta=0.01)
    for env in envs:
        text = env.prompt[-1:] + env.written
        assert all(after == (before + 1) % END for before, after in pairwise(text))
        assert len(env.written) == T
    envs, found = respond(policy, beta=1e6, rows=400)
    assert max(one.kl for one in found) < 1e-5  # rounding
    firsts = np.bincount([env.written[0] for env in envs], minlength=V) / len(envs)
    chances = np.zeros(V)
    for env in envs:
        logits = policy.backbone.model(input_ids=torch.tensor([env.prompt])).logits[0, -1].detach()
        chances += logits.softmax(-1).numpy() / len(envs)
    assert np.abs(firsts - chances).max() < 0.08  # four standard errors at most


def test_equal_seeds_give_equal_responses(make_policy):
    policy = make_policy()
    runs = [[one.tokens.tolist() for one in respond(policy, 0.5, seed=seed)[1]] for seed in (3, 3, 4)]
    assert runs[0] == runs[1] != runs[2]


def test_other_tokens_earn_what_the_others_do():
    info = {"candidate_ids": np.array([1, 4]), "candidate_rewards": np.array([0.5, -1.0])}
    found = read_next_rewards({**info, "other_rewards": np.float32(0.25)}, 6)
    assert found.tolist() == [0.25, 0.5, 0.25, 0.25, -1.0, 0.25]
    none = {"candidate_ids": np.zeros(0, np.int64), "candidate_rewards": np.zeros(0), "other_rewards": 0.5}
    assert read_next_rewards(none, 2).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"candidate_ids": np.array([1, 6])}, r"candidate_ids'\]: expected ids below V = 6, got 6"),
        ({"candidate_ids": np.array([1])}, r"expected candidate_ids \(K,\), .*, got \(1,\) of int64, \(2,\)"),
        ({"candidate_ids": np.array([1.0, 2.0])}, "of float64"),
        ({"other_rewards": np.zeros(2)}, r"one number as other_rewards, got .* and \(2,\)"),
    ],
)
def test_candidates_of_another_form_are_refused(change, message):
    info = {"candidate_ids": np.array([1, 4]), "candidate_rewards": np.zeros(2), "other_rewards": 0.0}
    with pytest.raises(ValueError, match=message):
        read_next_rewards({**info, **change}, 6)


def test_rewards_that_are_not_finite_are_no_rewards():
    info = {"candidate_ids": np.array([1]), "candidate_rewards": np.array([np.nan]), "other_rewards": 0.0}
    with pytest.raises(FloatingPointError, match="are not finite"):
        read_next_rewards(info, 6)


def test_what_tells_of_no_candidates_is_refused(make_policy):
    class Silent(TokenToy):
        def _told(self):
            return {"action_mask": np.ones(V)}

    generator = torch.Generator()
    with pytest.raises(
        ValueError, match=r"expected 'candidate_ids' .* make the environment with candidates=True"
    ):
        respond_guided(make_policy(), [Silent()], beta=1.0, seeds=[0], generator=generator)
    with pytest.raises(ValueError, match=r"beta: expected a number > 0, got 0\.0"):
        respond_guided(make_policy(), [TokenToy()], beta=0.0, seeds=[0], generator=generator)
    whole = TokenToy()
    whole.action_space = spaces.MultiDiscrete([V + 1] * T)
    with pytest.raises(ValueError, match=r"expected actions Discrete\(V\), one token a step"):
        respond_guided(make_policy(), [whole], beta=1.0, seeds=[0], generator=generator)
