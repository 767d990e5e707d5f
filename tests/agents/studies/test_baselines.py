"""agents/studies/baselines.py: best of n by hand, decoding under guidance, and what copies it."""

import math

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.policies.policy import CausalLMPolicy
from agents.studies.baselines import best_of_n, chances_of_best, copy_responses, decode, finetuned, guided

V, P, T, END, WANTED = 12, 5, 6, 11, 3
TOY, TOKEN_TOY = "BaselineToy-v0", "BaselineTokenToy-v0"


class TokenToy(gym.Env):
    """A token a step: WANTED earns 1, the end token a quarter, as in the toy of whole responses."""

    observation_space = spaces.Dict(
        input_ids=spaces.Box(0, V - 1, (P + T,), np.int64), attention_mask=spaces.MultiBinary(P + T)
    )
    action_space = spaces.Discrete(V)

    def __init__(self, split="train"):
        self.split = split

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.text = self.np_random.integers(0, V - 1, P).tolist()
        return self._observe(), self._told()

    def step(self, action):
        self.text.append(int(action))
        written = self.text[P:]
        ended = action == END or len(written) == T
        score = sum({WANTED: 1.0, END: 0.25}.get(token, 0.0) for token in written) / T
        return self._observe(), 0.0, ended, False, {"score": score} if ended else self._told()

    def _told(self):
        return {
            "candidate_ids": np.array([WANTED, END]),
            "candidate_rewards": np.array([1.0, 0.25], np.float32),
            "other_rewards": np.float32(0.0),
        }

    def _observe(self):
        spare = P + T - len(self.text)
        mask = np.array([1] * len(self.text) + [0] * spare)
        return {"input_ids": np.array(self.text + [0] * spare), "attention_mask": mask}


@pytest.fixture
def settings(make_group_toy, make_policy, tmp_path, request):
    class Toy(make_group_toy):
        scores = None
        """Score and judge by step, (steps, 2, B); None: those of the toy."""

        def __init__(self, num_envs, *, split="train"):
            super().__init__(num_envs)
            self.steps = 0

        def step(self, actions):
            *rest, infos = super().step(actions)
            if self.scores is not None:
                score, judge = np.array(self.scores[self.steps])
                infos["final_info"] |= self._infos(score=score, judge=judge)
            self.steps += 1
            return *rest, infos

    gym.register(TOY, vector_entry_point=Toy)
    gym.register(TOKEN_TOY, entry_point=TokenToy, disable_env_checker=True)
    request.addfinalizer(lambda: [gym.registry.pop(name) for name in (TOY, TOKEN_TOY)])
    make_policy(scale=1.0).save_pretrained(tmp_path / "policy")
    return {"policy": str(tmp_path / "policy"), "env": TOY, "token_env": TOKEN_TOY, "toy": Toy}


def test_chances_are_those_of_all_subsets():
    from itertools import combinations

    for count in (1, 2, 3, 5):
        subsets = list(combinations(range(5), count))
        by_hand = [sum(max(one) == i for one in subsets) / len(subsets) for i in range(5)]
        assert chances_of_best(5, count) == pytest.approx(by_hand)


def test_best_of_n_by_hand(settings):
    settings["toy"].scores = [
        [[0.0, 3.0, 1.0, 2.0], [0.1, 0.4, 0.2, 0.3]],
        [[4.0, 4.0, 4.0, 8.0], [0.5, 0.5, 0.5, 0.0]],
    ]
    one, two, four = best_of_n({**settings, "n": 4, "prompts": 2}, 0)
    # The larger of two of 0, 1, 2, 3: 1, 2, 3, 2, 3, 3 over the six pairs; of 4, 4, 4, 8: half of them 8.
    expected = [(3.25, 0.3125, 1), ((14 / 6 + 6.0) / 2, ((0.1 + 14 / 60) + 0.25) / 2, 2), (5.5, 0.2, 4)]
    for record, (score, judge, count) in zip((one, two, four), expected, strict=True):
        assert record["record"] == "best_of_n" and record["n"] == record["texts"] == count
        assert record["score"] == pytest.approx(score) and record["judge"] == pytest.approx(judge)
    assert [record["kl_bound"] for record in (one, two, four)] == pytest.approx(
        [0.0, math.log(2) - 0.5, math.log(4) - 0.75]
    )


def test_best_of_n_without_a_judge(settings):
    *_, record = best_of_n({**settings, "n": 4, "prompts": 2}, 0)
    assert record["judge"] is None and record["score"] > 0.0


def test_guidance_trades_score_for_divergence(settings):
    free, tight = guided({**settings, "betas": [10.0, 0.1], "prompts": 40}, 0)
    assert (free["beta"], tight["beta"], free["responses"], tight["responses"]) == (10.0, 0.1, 40, 40)
    assert 0.0 < free["kl"] < 0.05 and tight["kl"] > 5.0
    assert free["score"] < 0.4 and tight["score"] > 0.9
    # Nearly all responses are T times WANTED: one pair of tokens, T tokens, V texts for each.
    assert tight["length"] > 5.8 and tight["texts"] == pytest.approx(tight["length"] * V)
    assert tight["distinct_2"] < 0.05 < free["distinct_2"] and tight["judge"] is None
    assert list(guided({**settings, "betas": [10.0], "prompts": 40}, 0)) == [free]


def test_arguments_of_evaluations_hold_for_guidance_and_not_for_what_is_copied(settings, monkeypatch):
    import agents.studies.baselines as module

    class SeenError(Exception):
        pass

    def look(policy, envs, count, **_):
        raise SeenError([env.unwrapped.split for env in envs])

    monkeypatch.setattr(module, "decode", look)
    own = {**settings, "eval_env_kwargs": {"split": "eval"}, "prompts": 3, "beta": 1.0}
    with pytest.raises(SeenError, match=r"\['eval', 'eval', 'eval'\]"):
        list(guided({**own, "betas": [1.0]}, 0))
    with pytest.raises(SeenError, match=r"\['train', 'train'\]"):
        list(finetuned({**own, "sizes": [1, 2], "eval_episodes": 4}, 0))


def test_copying_raises_what_is_copied(settings):
    task = {
        **settings, "sizes": [8, 40], "passes": [1, 6], "beta": 0.1, "learning_rate": 3e-3,
        "minibatch_size": 8, "eval_episodes": 64,
    }  # fmt: skip
    records = list(finetuned(task, 0))
    assert [(row["responses"], row["passes"]) for row in records] == [(8, 1), (8, 6), (40, 1), (40, 6)]
    scores, kls = ([row[key] for row in records] for key in ("score", "kl"))
    assert scores[0] < scores[1] < scores[3] and kls[0] < kls[1] < kls[3]
    assert scores[3] > 0.8  # all of T tokens at a sixth each
    lengths = [one.length for one in decode_all(settings, 40)]
    assert records[1]["texts"] == sum(lengths[:8]) * V and records[3]["texts"] == sum(lengths) * V


def decode_all(settings, count):
    envs = [TokenToy() for _ in range(32)]
    return decode(CausalLMPolicy.from_pretrained(settings["policy"]), envs, count, beta=0.1, seed=0)


def test_copying_minimises_the_cross_entropy(settings):
    """One step on one minibatch is Adam's on the gradient that autograd finds for the mean over tokens."""
    responses = decode_all(settings, 4)
    policy, other = (CausalLMPolicy.from_pretrained(settings["policy"]) for _ in range(2))
    task = {"learning_rate": 1e-3, "minibatch_size": 4, "passes": [1]}
    assert list(copy_responses(policy, responses, task, 0)) == [1]
    total, count = 0.0, 0
    for one in responses:
        text = torch.as_tensor(one.tokens[one.attention_mask])
        logprobs = other.backbone.model(input_ids=text[None]).logits[0].log_softmax(-1)
        total = total - sum(logprobs[i - 1, text[i]] for i in range(P, len(text)))
        count += len(text) - P
    (total / count).backward()
    parameters = list(other.backbone.parameters())
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    torch.optim.Adam(parameters, lr=1e-3, eps=1e-5).step()
    for mine, theirs in zip(policy.backbone.parameters(), parameters, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-5)


def test_a_loss_that_is_not_finite_ends_the_run(settings):
    responses = decode_all(settings, 2)
    policy = CausalLMPolicy.from_pretrained(settings["policy"])
    with torch.no_grad():
        next(policy.backbone.parameters()).fill_(math.nan)
    task = {"learning_rate": 1e-3, "minibatch_size": 4, "passes": [1]}
    with pytest.raises(FloatingPointError, match="pass 1: the loss is nan"):
        list(copy_responses(policy, responses, task, 0))
