"""Rows and their summary, on a toy environment that pays one for each token 3."""

import math

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from transformers import GPT2Config, GPT2LMHeadModel

from agents.policies.policy import CausalLMPolicy
from agents.rollouts.evaluation import evaluate, first_responses, summarise

VOCABULARY, END, WIDTH = 8, 7, 5


class CountThrees(VectorEnv):
    def __init__(self, num_envs=4, judge=False, candidates=False):
        spaces = gymnasium.spaces
        ids = spaces.Box(0, VOCABULARY - 1, (2,), np.int64)
        self.num_envs, self.judge, self.candidates, self.seeds = num_envs, judge, candidates, []
        self.metadata = {"autoreset_mode": AutoresetMode.DISABLED}
        self.single_observation_space = spaces.Dict({"prompt_ids": ids, "prompt_mask": spaces.MultiBinary(2)})
        self.single_action_space = spaces.MultiDiscrete([VOCABULARY + 1] * WIDTH)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(self, *, seed=None, options=None):
        self.seeds.append(seed)
        prompts = np.random.default_rng(seed).integers(0, 6, (self.num_envs, 2))
        observation = {"prompt_ids": prompts, "prompt_mask": np.ones_like(prompts, np.int8)}
        return observation, {"eos_token_id": np.full(self.num_envs, END)}

    def step(self, actions):
        real = actions != VOCABULARY
        rewards = ((actions == 3) & real).astype(np.float32)
        infos = {
            "token_rewards": rewards,
            "response_mask": real.astype(np.int8),
            "score": rewards.sum(1) / WIDTH,
            "utility": rewards.sum(1),
        }
        if self.judge:
            infos["judge"] = np.full(self.num_envs, 0.25)
            infos["judge_order"] = np.full(self.num_envs, 0.75)
        if self.candidates:
            infos["candidate_ids"] = np.full((self.num_envs, 1), 3)
            infos["candidate_rewards"] = real.astype(np.float32)[:, :, None]
            infos["other_rewards"] = np.zeros(real.shape, np.float32)
        done = np.ones(self.num_envs, bool)
        return {}, rewards.sum(1), done, ~done, infos


def make_policy(seed):
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=VOCABULARY, n_layer=1, n_head=1, n_embd=8, n_positions=16, initializer_range=1.0
    )
    return CausalLMPolicy(GPT2LMHeadModel(config))


@pytest.fixture(scope="module")
def policy():
    return make_policy(0)


@pytest.fixture(scope="module")
def reference():
    return make_policy(1)


def divergence(policy, reference, prompt, response):
    """KL(policy, reference) summed over the tokens, from plain forward passes."""
    total = 0.0
    for t in range(len(response)):
        context = torch.tensor([list(prompt) + list(response[:t])])
        p, q = (m.backbone.model(context).logits[0, -1].double().log_softmax(-1) for m in (policy, reference))
        total += float((p.exp() * (p - q)).sum())
    return total


class Recorder(CountThrees):
    """Keeps the prompts it gave."""

    def reset(self, **kwargs):
        observation, infos = super().reset(**kwargs)
        self.prompts = observation["prompt_ids"]
        return observation, infos


def test_rows_say_what_the_environment_and_the_models_say(policy, reference):
    env = Recorder(num_envs=6)
    rows = evaluate(policy, env, episodes=6, reference=reference, seed=0)
    for prompt, row in zip(env.prompts, rows, strict=True):
        assert row["length"] == len(row["tokens"])
        assert row["reward"] == row["tokens"].count(3) == row["utility"]
        assert row["score"] == pytest.approx(row["tokens"].count(3) / WIDTH)
        with torch.no_grad():
            assert row["kl"] == pytest.approx(divergence(policy, reference, prompt, row["tokens"]), rel=1e-4)
        assert row["nll"] > 0
        assert "judge" not in row
        assert row["info"]["response_mask"].sum() == row["length"]


def test_tokens_of_the_first_rows_are_ranked_and_no_candidates_are_kept(policy, reference):
    env = CountThrees(num_envs=4, candidates=True)
    rows = evaluate(policy, env, episodes=10, reference=reference, seed=0, ranked=6)
    plain = evaluate(policy, CountThrees(num_envs=4), episodes=10, reference=reference, seed=0, ranked=6)
    assert [row["tokens"] for row in rows] == [row["tokens"] for row in plain]
    assert not any("candidates" in row for row in plain)
    assert ["candidates" in row for row in rows] == [True] * 6 + [False] * 4
    for row in rows:
        assert not {"candidate_ids", "candidate_rewards", "other_rewards"} & row["info"].keys()
    best, worst = [[3, 1.0], [0, 0.0], [1, 0.0]], [[0, 0.0]]
    for row in rows[:6]:
        assert row["candidates"] == [
            {"best": best, "worst": worst, "rank": 1, "shared": 1, "of": VOCABULARY}
            if token == 3
            else {"best": best, "worst": worst, "rank": 2, "shared": VOCABULARY - 1, "of": VOCABULARY}
            for token in row["tokens"]
        ]
    assert any(3 in row["tokens"] for row in rows[:6])


def test_first_responses_are_one_for_each_prompt():
    rows = [{"info": {"prompt": prompt}, "number": number} for number, prompt in enumerate("aabac")]
    assert [row["number"] for row in first_responses(rows, 2)] == [0, 2]
    assert [row["number"] for row in first_responses(rows, 9)] == [0, 2, 4]
    assert first_responses(rows, 0) == []
    unknown = [{"info": {}, "number": number} for number in range(3)]
    assert [row["number"] for row in first_responses(unknown, 2)] == [0, 1]


def test_a_policy_has_no_divergence_from_itself(policy):
    rows = evaluate(policy, CountThrees(), episodes=4, reference=policy, seed=0)
    assert [row["kl"] for row in rows] == pytest.approx([0.0] * 4, abs=1e-6)


def test_episodes_are_counted_to_the_number_and_follow_from_the_seed(policy, reference):
    env = CountThrees(num_envs=4)
    state = torch.random.get_rng_state()
    rows = evaluate(policy, env, episodes=10, reference=reference, seed=5)
    again = evaluate(policy, CountThrees(num_envs=4), episodes=10, reference=reference, seed=5)
    other = evaluate(policy, CountThrees(num_envs=4), episodes=10, reference=reference, seed=6)
    assert len(rows) == 10
    assert len(set(env.seeds)) == 3  # new prompts in each batch
    assert [row["tokens"] for row in rows] == [row["tokens"] for row in again]
    assert [row["tokens"] for row in rows] != [row["tokens"] for row in other]
    assert (torch.random.get_rng_state() == state).all()


def test_two_policies_get_the_same_prompts(policy, reference):
    first, second = CountThrees(), CountThrees()
    evaluate(policy, first, episodes=9, reference=reference, seed=1)
    evaluate(reference, second, episodes=9, reference=reference, seed=1)
    assert first.seeds == second.seeds


@pytest.mark.parametrize(("wanted", "allowed"), [(3, {3}), ((2, 3), {2, 3}), (None, {WIDTH})])
def test_lengths_are_drawn_from_the_range(policy, wanted, allowed):
    rows = evaluate(policy, CountThrees(8), episodes=24, reference=policy, seed=0, response_length=wanted)
    assert {row["length"] for row in rows if row["tokens"][-1] != END} == allowed


def test_summary_of_rows_by_hand():
    rows = [
        {"score": 0.5, "judge": 0.2, "kl": 1.0, "nll": math.log(8), "length": 1, "tokens": [1]},
        {"score": -0.1, "judge": 0.6, "kl": 3.0, "nll": math.log(8), "length": 3, "tokens": [1, 1, 1]},
    ]
    assert summarise(rows) == {
        "score": pytest.approx(0.2),
        "judge": pytest.approx(0.4),
        "kl": 2.0,
        "perplexity": pytest.approx(64**0.25),  # 8 * 8 over four tokens
        "distinct_1": 0.25,
        "distinct_2": 0.5,
        "repetition": 0.5,
        "length": 2.0,
    }


def test_summary_without_a_judge(policy):
    plain = summarise(evaluate(policy, CountThrees(), episodes=2, reference=policy, seed=0))
    assert plain["judge"] is None and "judge_order" not in plain
    judged = evaluate(policy, CountThrees(judge=True), episodes=2, reference=policy, seed=0)
    assert summarise(judged)["judge"] == 0.25
    assert [row["judge_order"] for row in judged] == [0.75, 0.75]
    assert summarise(judged)["judge_order"] == 0.75


def test_wrong_arguments_are_named(policy):
    with pytest.raises(ValueError, match="episodes must be at least 1, got 0"):
        evaluate(policy, CountThrees(), episodes=0, reference=policy, seed=0)
    with pytest.raises(ValueError, match=r"response_length must lie within 1 and T = 5, .* got \(3, 9\)"):
        evaluate(policy, CountThrees(), episodes=1, reference=policy, seed=0, response_length=(3, 9))
    with pytest.raises(ValueError, match="at least one episode"):
        summarise([])
