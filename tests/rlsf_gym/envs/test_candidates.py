"""Environments that say what each token would have earned: all forms, wrappers and the contract."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from rlsf_gym import episode_infos
from rlsf_gym.domains.sentiment.samples import SAMPLES
from rlsf_gym.domains.sentiment.vader.scorer import VaderScorer
from rlsf_gym.envs import ResponseEnv, ResponseVectorEnv, TextEnv, TextVectorEnv, TokenEnv
from rlsf_gym.testing import ContractError, check_environment
from rlsf_gym.testing.vocabulary import PieceTokenizer
from rlsf_gym.wrappers import (
    CheckTokenRewards,
    ClipTokenRewards,
    ScaleTokenRewards,
    SwapDesign,
    VectorClipTokenRewards,
    VectorScaleTokenRewards,
)
from tests.helpers.candidates import DigitsAhead, EachText, VerdictAhead
from tests.helpers.digits import make_digits

WORDS = PieceTokenizer(*SAMPLES.pieces, b"\xe2", b"\xc3\xa9")
KEYS = ("candidate_ids", "candidate_rewards", "other_rewards")
DESIGNS = ("terminal", "potential", "mixed", "quantised_potential")


def sentiment(**kwargs):
    given = {
        "scorer": EachText(VaderScorer()),
        "tokenizer": WORDS,
        "prompts": [" good", " bad"],
        "split": "all",
        "boundary": "open",
        "max_new_tokens": 5,
        "candidates": True,
    }
    return given | kwargs


def digits(scorer=DigitsAhead, **kwargs):
    return {"domain": make_digits(scorer), "candidates": True, **kwargs}


TASKS = {"sentiment": sentiment, "digits": digits, "verdict": lambda **more: digits(VerdictAhead, **more)}


def draw(env, rng, count):
    """Responses, of which some end early, some stop, and one is empty."""
    size, vocab_size = env.task.max_new_tokens, env.tokenizer.vocab_size
    rows = rng.integers(vocab_size, size=(count, size))
    rows[0] = vocab_size
    rows[1::3, size // 2] = env.tokenizer.eos_token_id
    rows[2::3, size // 2] = vocab_size
    return rows


def entry(info, at, token):
    here = np.flatnonzero(info["candidate_ids"] == token)
    return info["candidate_rewards"][at, here[0]] if len(here) else info["other_rewards"][at]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("design", DESIGNS)
def test_a_sampled_token_earns_what_it_would_have_earned(task, design):
    env = ResponseVectorEnv(12, **TASKS[task](reward_design=design))
    for seed in (0, 1):
        env.reset(seed=seed)
        actions = draw(env, np.random.default_rng(seed), 12)
        infos = list(episode_infos(env.step(actions)[-1]))
        for info, ids in zip(infos, actions, strict=True):
            told = [entry(info, at, ids[at]) for at in range(info["response_length"])]
            paid = info["token_rewards"][: info["response_length"]]
            assert told == pytest.approx(paid.tolist(), abs=1e-6)
        assert {info["finish_reason"] for info in infos} == {"empty", "eos", "stop", "length"}


@pytest.mark.parametrize("scorer", ["vader", "knowledge"])
@pytest.mark.parametrize("design", DESIGNS)
def test_a_sampled_token_of_the_bundled_vocabulary_earns_what_it_would_have_earned(scorer, design):
    """Any tokens: half characters, words that go on, emoji, and text that was written by people."""
    env = ResponseVectorEnv(
        24, scorer=scorer, reward_design=design, boundary="open", candidates=True, max_new_tokens=12
    )
    rng = np.random.default_rng(len(design))
    texts = [
        " Not GOOD, but :) the \U0001f600 b\u00e9st film!!",
        " isn't un-happy??? no \u201cbad\u201d good",
        "'t kind",
    ]
    for seed in range(2):
        env.reset(seed=seed)
        actions = draw(env, rng, 24)
        for row, text in enumerate(texts, start=3):
            ids = env.tokenizer.encode(text)[:12]
            actions[row, : len(ids)] = ids
        for info, ids in zip(episode_infos(env.step(actions)[-1]), actions, strict=True):
            told = [entry(info, at, ids[at]) for at in range(info["response_length"])]
            assert told == pytest.approx(info["token_rewards"][: len(told)].tolist(), abs=1e-6)


def test_a_design_that_pays_for_any_change_sees_the_small_ones_of_a_text_that_is_nearly_full():
    """Of a score near 1, a mark changes less than single precision can tell."""
    env = ResponseVectorEnv(
        1, reward_design="quantised_potential", boundary="open", candidates=True, max_new_tokens=64
    )
    love, mark = (env.tokenizer.encode(text)[0] for text in (" love", "!"))
    env.reset(seed=0, options={"prompts": ["The best love"]})
    actions = np.full((1, 64), love)
    actions[0, 60:] = mark
    (info,) = episode_infos(env.step(actions)[-1])
    told = [entry(info, at, ids) for at, ids in enumerate(actions[0])]
    assert (info["token_rewards"] != 0.0).all()
    assert told == pytest.approx(info["token_rewards"].tolist(), abs=1e-6)


@pytest.mark.parametrize("scorer", ["vader", "knowledge"])
def test_rewards_of_any_size_are_told_as_closely_as_they_are_paid(scorer):
    """A steep objective, and a wrapper behind it, blow up what a scorer's candidates leave out."""
    task = {"scorer": scorer, "objective": lambda scores: 50.0 * scores, "boundary": "open"}
    env = VectorScaleTokenRewards(ResponseVectorEnv(24, candidates=True, max_new_tokens=12, **task), 100.0)
    env.reset(seed=0)
    actions = draw(env.unwrapped, np.random.default_rng(5), 24)
    actions[3, :3] = env.unwrapped.tokenizer.encode(" good bad love")[:3]
    for info, ids in zip(episode_infos(env.step(actions)[-1]), actions, strict=True):
        told = [entry(info, at, ids[at]) for at in range(info["response_length"])]
        assert told == pytest.approx(info["token_rewards"][: len(told)].tolist(), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_single_and_vector_environments_agree(task):
    given = TASKS[task](reward_design="quantised_potential", prefix_values=True)
    many, one = ResponseVectorEnv(6, **given), ResponseEnv(**given)
    _, opening = many.reset(seed=3)
    assert not {*KEYS, "prefix_values"} & set(opening)
    actions = draw(many, np.random.default_rng(3), 6)
    infos = many.step(actions)[-1]["final_info"]
    assert infos["_candidate_rewards"].all() and infos["_prefix_values"].all()
    for index, ids in enumerate(actions):
        one.reset(seed=3 + index)
        info = one.step(ids)[-1]
        assert np.array_equal(info["prefix_values"], infos["prefix_values"][index])
        row = {key: infos[key][index] for key in KEYS}
        assert set(info["candidate_ids"]) <= set(row["candidate_ids"])  # others of the batch may have more
        for at in range(info["response_length"]):
            for token in row["candidate_ids"]:
                assert entry(info, at, token) == pytest.approx(entry(row, at, token), abs=1e-7)
            assert info["other_rewards"][at] == pytest.approx(row["other_rewards"][at], abs=1e-7)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("design", ["potential", "quantised_potential"])
def test_environments_of_tokens_tell_it_of_the_next_token(task, design):
    whole, env = (form(**TASKS[task](reward_design=design)) for form in (ResponseEnv, TokenEnv))
    rng = np.random.default_rng(1)
    for seed in range(6):
        ids = draw(whole, rng, 2)[1] if seed % 2 else rng.integers(env.tokenizer.vocab_size, size=5)
        ids = ids[: env.task.max_new_tokens]
        whole.reset(seed=seed)
        info = whole.step(ids)[-1]
        _, ahead = env.reset(seed=seed)
        for at, token in enumerate(ids[: info["response_length"]]):
            assert ahead["candidate_rewards"].dtype == ahead["other_rewards"].dtype == np.float32
            assert ahead["candidate_rewards"].shape == ahead["candidate_ids"].shape
            row = {key: np.asarray(ahead[key])[None] for key in KEYS[1:]} | {KEYS[0]: ahead[KEYS[0]]}
            for other in range(env.tokenizer.vocab_size):
                assert entry(row, 0, other) == pytest.approx(entry(info, at, other), abs=1e-7)
            _, reward, ended, _, ahead = env.step(token)
            assert entry(row, 0, token) == pytest.approx(reward, abs=1e-6)
        assert ended and not set(KEYS) & set(ahead)


def test_values_of_prefixes_come_with_the_last_token():
    given = sentiment(candidates=False, prefix_values=True, reward_design="uniform")
    whole, env = ResponseEnv(**given), TokenEnv(**given)
    ids = [WORDS.pieces.index(b" good"), WORDS.pieces.index(b" bad"), WORDS.eos_token_id]
    whole.reset(seed=0)
    expected = whole.step(ids)[-1]["prefix_values"]
    _, info = env.reset(seed=0)
    for token in ids:
        assert "prefix_values" not in info
        info = env.step(token)[-1]
    assert np.array_equal(info["prefix_values"], expected) and expected.any()


def test_texts_are_rewarded_as_their_tokens_are():
    given = sentiment(tokenizer="bytes", max_new_tokens=4, max_prompt_tokens=16)
    many, one, ids = TextVectorEnv(2, **given), TextEnv(**given), ResponseEnv(**given)
    many.reset(seed=0)
    rows = list(episode_infos(many.step((" bad", "n't"))[-1]))
    for index, text in enumerate((" bad", "n't")):
        one.reset(seed=index)
        ids.reset(seed=index)
        infos = [one.step(text)[-1], ids.step(list(text.encode()))[-1], rows[index]]
        for at in range(len(text)):
            for token in range(257):
                found = [entry(info, at, token) for info in infos]
                assert found == pytest.approx(found[:1] * 3, abs=1e-7)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("form", [ResponseEnv, TokenEnv])
def test_environments_keep_the_contract(task, form):
    env = form(**TASKS[task](prefix_values=True))
    check_environment(env, episodes=12)
    check_environment(CheckTokenRewards(env), episodes=12)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("mode", ["SameStep", "Disabled"])
def test_vectors_keep_the_contract(task, mode):
    check_environment(
        ResponseVectorEnv(3, autoreset_mode=mode, **TASKS[task](prefix_values=True)), episodes=9
    )


def test_candidates_are_off_unless_they_are_asked_for():
    env = ResponseEnv(scorer=EachText(VaderScorer()), tokenizer=WORDS, prompts=[" good"], split="all")
    env.reset(seed=0)
    assert not {*KEYS, "prefix_values"} & set(env.step([0, 1])[-1])
    assert not env.task.feedback.scorer.asked


@pytest.mark.parametrize("name", ["candidates", "prefix_values"])
def test_they_are_switched_on_by_a_bool(name):
    with pytest.raises(ValueError, match=f"{name} must be True or False, got 'no'"):
        ResponseEnv(**{name: "no"})


def test_what_cannot_be_served_is_refused_as_it_is_made():
    with pytest.raises(ValueError, match="candidates=True needs a causal reward design, and 'shapley'"):
        gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", **sentiment(reward_design="shapley"))
    for boundary in ({}, {"boundary": "closed"}):
        given = {key: value for key, value in sentiment().items() if key != "boundary"} | boundary
        with pytest.raises(ValueError, match="needs boundary='open', got 'closed'"):
            gym.make_vec("rlsf_gym:rlsf_gym/Sentiment-v0", num_envs=2, **given)
    told = "'count' has none: it would have to score 257 texts for each token.*'vader' for plain text, a"
    with pytest.raises(ValueError, match=told):
        TokenEnv(**sentiment(scorer=count, tokenizer="bytes"))


def count(texts):
    return [len(text) % 2 for text in texts]


def test_a_swapped_design_serves_candidates_too():
    given, swapped = (
        ResponseEnv(**sentiment(reward_design="mixed")),
        SwapDesign(ResponseEnv(**sentiment()), "mixed"),
    )
    for env in (given, swapped):
        env.reset(seed=0)
    infos = [env.step([0, 5, 2, 1, 3])[-1] for env in (given, swapped)]
    for key in KEYS:
        assert np.array_equal(infos[0][key], infos[1][key])
    with pytest.raises(ValueError, match="needs a causal reward design, and 'uniform'"):
        SwapDesign(ResponseEnv(**sentiment()), "uniform")


WRAPS = [
    (ScaleTokenRewards, VectorScaleTokenRewards, {"factor": -3.0}, lambda rewards: rewards * np.float32(-3)),
    (
        *(ClipTokenRewards, VectorClipTokenRewards, {"low": 0.125, "high": 0.25}),
        lambda rewards: rewards.clip(0.125, 0.25),
    ),
]


@pytest.mark.parametrize(("wrapper", "vector", "kwargs", "function"), WRAPS)
def test_wrappers_change_them_as_they_change_rewards(wrapper, vector, kwargs, function):
    env, plain = wrapper(ResponseEnv(**sentiment()), **kwargs), ResponseEnv(**sentiment())
    actions = draw(plain, np.random.default_rng(0), 3)
    for ids in actions:
        for each in (env, plain):
            each.reset(seed=0)
        info, expected = (each.step(ids)[-1] for each in (env, plain))
        length = expected["response_length"]
        for key in KEYS[1:]:
            assert np.array_equal(info[key][:length], function(expected[key][:length]))
            assert not info[key][length:].any()
    many, plain = vector(ResponseVectorEnv(3, **sentiment()), **kwargs), ResponseVectorEnv(3, **sentiment())
    for each in (many, plain):
        each.reset(seed=0)
    infos, expected = (each.step(actions)[-1]["final_info"] for each in (many, plain))
    real = expected["response_mask"] != 0
    for key in KEYS[1:]:
        assert np.array_equal(infos[key][real], function(expected[key][real]))
        assert not infos[key][~real].any()
    check_environment(env, episodes=6)
    check_environment(many, episodes=6)


@pytest.mark.parametrize("mode", AutoresetMode)
@pytest.mark.parametrize(("wrapper", "vector", "kwargs", "function"), WRAPS)
def test_wrappers_change_what_is_told_of_the_next_token(wrapper, vector, kwargs, function, mode):
    single = wrapper(TokenEnv(**sentiment()), **kwargs)
    check_environment(CheckTokenRewards(single), episodes=6)
    plain, many = (SyncVectorEnv([lambda: TokenEnv(**digits())] * 2, autoreset_mode=mode) for _ in range(2))
    many = vector(many, **kwargs)
    told = [each.reset(seed=0)[1] for each in (many, plain)]
    done, rng = np.zeros(2, np.bool_), np.random.default_rng(0)
    for _ in range(12):
        assert [key in told[0] for key in KEYS] == [key in told[1] for key in KEYS]
        if "candidate_ids" in told[1]:
            here = told[1]["_candidate_rewards"]
            for key in KEYS[1:]:
                assert np.array_equal(told[0][key][here], function(told[1][key][here]))
                assert not told[0][key][~here].any()
        if mode == AutoresetMode.DISABLED and done.any():
            told = [each.reset(options={"reset_mask": done.copy()})[1] for each in (many, plain)]
        actions = rng.integers(257, size=2)
        steps = [each.step(actions) for each in (many, plain)]
        told, done = [step[-1] for step in steps], steps[0][2]


class Broken(gym.Wrapper):
    """Breaks a promise in the infos of an environment."""

    def __init__(self, env, change):
        super().__init__(env)
        self._change = change

    def reset(self, **kwargs):
        observation, info = self.env.reset(**kwargs)
        return observation, self._change(dict(info)) if "candidate_ids" in info else info

    def step(self, action):
        *rest, info = self.env.step(action)
        return *rest, self._change(dict(info)) if "candidate_ids" in info else info


def shift(key, by):
    return lambda info: info | {key: info[key] + np.asarray(by, np.asarray(info[key]).dtype)}


@pytest.mark.parametrize("form", [ResponseEnv, TokenEnv])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda info: {key: info[key] for key in info if key != "other_rewards"},
            "'other_rewards' is missing",
        ),
        (lambda info: info | {"candidate_ids": info["candidate_ids"][::-1]}, "ids int64 .* that increase"),
        (lambda info: info | {"candidate_ids": np.int32([3])}, "ids int64 .* that increase"),
        (shift("candidate_ids", -300), "ids int64 .* that increase"),
        (shift("candidate_rewards", np.nan), r"\['candidate_rewards'\] must be finite"),
        (shift("other_rewards", np.inf), r"\['other_rewards'\] must be finite"),
        (lambda info: info | {"other_rewards": np.zeros(9, np.float32)}, "must be float32 of shape"),
        (
            lambda info: info | {"candidate_rewards": info["candidate_rewards"][..., :-1]},
            r"\['candidate_rewards'\] must be float32 of shape",
        ),
    ],
)
def test_broken_promises_are_found(form, change, message):
    env = CheckTokenRewards(Broken(form(**digits()), change))
    with pytest.raises(ContractError, match=message):
        env.reset(seed=0)
        for token in (48, 49, 50, 51):
            env.step(token if form is TokenEnv else [token] * 4)


@pytest.mark.parametrize("key", ["candidate_rewards", "other_rewards"])
@pytest.mark.parametrize("form", [ResponseEnv, TokenEnv])
def test_a_sampled_token_that_would_have_earned_something_else_is_found(form, key):
    token = ord("1") if key == "candidate_rewards" else ord("+")
    env = CheckTokenRewards(Broken(form(**digits()), shift(key, 0.01)))
    with pytest.raises(ContractError, match=rf"\['{key}'\] must hold what a token earns that is sampled"):
        env.reset(seed=0)
        for _ in range(4):
            env.step(token if form is TokenEnv else [token] * 4)


def test_rewards_behind_the_response_are_found():
    env = CheckTokenRewards(Broken(ResponseEnv(**digits()), shift("other_rewards", 1.0)))
    env.reset(seed=0)
    with pytest.raises(ContractError, match="must be zero where info"):
        env.step([ord("1")])
    late = CheckTokenRewards(Broken(ResponseEnv(**digits(prefix_values=True)), shift("prefix_values", 1.0)))
    late.reset(seed=0)
    with pytest.raises(ContractError, match=r"info\['prefix_values'\] must be finite, and zero at the first"):
        late.step([ord("1")])


def test_arrays_are_fresh_in_each_call():
    env = ResponseVectorEnv(2, autoreset_mode="Disabled", **sentiment())
    seen = []
    for _ in range(2):
        env.reset(seed=0)
        seen.append(env.step([[0, 1, 2], [3, 4]])[-1])
    for key in KEYS:
        assert not np.shares_memory(seen[0][key], seen[1][key])
        assert np.array_equal(seen[0][key], seen[1][key])
