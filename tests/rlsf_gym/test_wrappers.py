"""Wrappers keep the reward and the token rewards in line, and leave everything else as it was."""

import math
import pickle
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import InvalidAction
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import PassiveEnvChecker, TimeLimit

import rlsf_gym
from rlsf_gym import episode_infos
from rlsf_gym.envs import SentimentEnv
from rlsf_gym.envs.spaces import UnicodeText
from rlsf_gym.testing import ContractError, check_environment
from rlsf_gym.wrappers import (
    CheckTokenRewards,
    ClipTokenRewards,
    ScaleTokenRewards,
    SwapDesign,
    TextAction,
    TransformTokenRewards,
    VectorClipTokenRewards,
    VectorScaleTokenRewards,
    VectorSwapDesign,
    VectorTransformTokenRewards,
)

RESPONSE, TEXT, TOKEN = "rlsf_gym/Sentiment-v0", "rlsf_gym/SentimentText-v0", "rlsf_gym/SentimentTokenToy-v0"
MODES = (AutoresetMode.SAME_STEP, AutoresetMode.DISABLED, AutoresetMode.NEXT_STEP)
assert RESPONSE in rlsf_gym.IDS

# ids:      0       1       2        3       4 = end, 5 = no token
VOCABULARY = (b"It", b" is", b" good", b" bad")


@pytest.fixture
def make(pieces, word_count):
    """A response environment whose rewards can be worked out: " good bad" after "It is" pays 0, 1/2, -1/2."""

    def make_env(**kwargs):
        defaults = {"scorer": word_count(), "tokenizer": pieces(*VOCABULARY), "prompts": ["It is", "It"]}
        return SentimentEnv(**(defaults | {"split": "all", "max_new_tokens": 4} | kwargs))

    return make_env


def play(env, action, prompt="It is"):
    env.reset(options={"prompt": prompt})
    _, reward, *_, info = env.step(action)
    return reward, info


def rebuilt(env):
    """Returns the environment again, from the JSON of its spec."""
    return gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))


def comparable(step):
    """Returns what a vector's step gave, with the last observations as a list: NumPy can't compare them."""
    *rest, infos = step
    return *rest, infos | {"final_obs": list(infos.get("final_obs", ()))}


def run(env, seed, actions):
    """Returns the rewards of the steps of one episode, and its last info."""
    env.reset(seed=seed)
    rewards = []
    for action in actions:
        _, reward, terminated, _, info = env.step(action)
        rewards.append(reward)
    assert terminated
    return rewards, info


def test_scaling(make):
    reward, info = play(ScaleTokenRewards(make(), -3), [2, 3, 4])
    assert info["token_rewards"].tolist() == [0.0, -1.5, 1.5, 0.0]
    assert info["token_rewards"].dtype == np.float32
    assert (type(reward), reward) == (float, 0.0)
    assert not np.signbit(info["token_rewards"][3])


def test_clipping_applies_to_tokens(make):
    reward, info = play(ClipTokenRewards(make(), -0.25, math.inf), [2, 3, 4])
    assert info["token_rewards"].tolist() == [0.0, 0.5, -0.25, 0.0]
    assert reward == 0.25


def test_padding_stays_zero(make):
    reward, info = play(ClipTokenRewards(make(), 0.25, 0.375), [2, 3, 4])
    assert info["token_rewards"].tolist() == [0.25, 0.375, 0.25, 0.0]
    assert reward == 0.875


def test_any_function_of_the_rewards_can_be_paid(make):
    env = TransformTokenRewards(make(), np.square)
    reward, info = play(env, [2, 3, 4])
    assert (reward, info["token_rewards"].tolist()) == (0.5, [0.0, 0.25, 0.25, 0.0])
    check_environment(TransformTokenRewards(make(), lambda rewards: np.add(rewards, 1, out=rewards)))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda rewards: rewards[:2], r"function must keep the shape \(4,\) of the rewards, got \(2,\)"),
        (lambda rewards: rewards * np.inf, "function must give finite float32 rewards, got"),
        (lambda rewards: rewards.astype(float) * 1e300, "function must give finite float32 rewards, got"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_functions_that_break_the_contract_are_refused(make, function, message):
    with pytest.raises(ValueError, match=message):
        play(TransformTokenRewards(make(), function), [2, 3, 4])


@pytest.mark.parametrize(
    ("wrap", "message"),
    [
        (lambda env: ScaleTokenRewards(env, math.inf), "factor must be finite, got inf"),
        (lambda env: ClipTokenRewards(env, 1, -1), "low must be at most high, got low=1 and high=-1"),
        (lambda env: ClipTokenRewards(env, 0, math.nan), "low must be at most high, got low=0 and high=nan"),
    ],
)
def test_arguments_are_checked(make, wrap, message):
    with pytest.raises(ValueError, match=message):
        wrap(make())


def test_what_the_environment_returned_is_not_touched(make):
    class Keeping(gym.Wrapper):
        def step(self, action):
            self.result = self.env.step(action)
            return self.result

    inner = Keeping(make())
    _, info = play(ScaleTokenRewards(inner, 2), [2, 3, 4])
    assert inner.result[-1]["token_rewards"].tolist() == [0.0, 0.5, -0.5, 0.0]
    assert inner.result[-1] is not info
    assert {key for key in info if info[key] is not inner.result[-1][key]} == {"token_rewards"}


WRAPS = [
    (ScaleTokenRewards, VectorScaleTokenRewards, {"factor": 3.5}),
    (ClipTokenRewards, VectorClipTokenRewards, {"low": 0.125, "high": 0.25}),
]


@pytest.mark.parametrize("design", ["potential", "uniform"])
@pytest.mark.parametrize(
    ("wrapper", "kwargs", "function"),
    [
        (ScaleTokenRewards, {"factor": 3.5}, lambda rewards: rewards * 3.5),
        (ClipTokenRewards, {"low": 0.125, "high": 0.25}, lambda rewards: rewards.clip(0.125, 0.25)),
    ],
)
def test_token_steps_add_up_to_the_vector(design, wrapper, kwargs, function):
    """The vector is that of the response; a causal design pays its entries one after the other."""
    plain = gym.make(TOKEN, reward_design=design)
    env = wrapper(gym.make(TOKEN, reward_design=design), **kwargs)
    actions = plain.unwrapped.tokenizer.encode(" good good not bad great terrible good!")
    assert len(actions) == 8
    for seed in (1, 2):
        unchanged = run(plain, seed, actions)[1]["token_rewards"]
        assert np.count_nonzero(unchanged) > 3
        rewards, info = run(env, seed, actions)
        np.testing.assert_array_equal(info["token_rewards"], function(unchanged))
        assert sum(rewards) == pytest.approx(info["token_rewards"].sum(dtype=np.float64), abs=1e-12)
        if design == "potential":
            np.testing.assert_allclose(rewards, info["token_rewards"], rtol=0, atol=1e-7)
    check_environment(env, episodes=5)


def test_an_episode_that_is_cut_short_leaves_nothing_behind():
    env = ScaleTokenRewards(gym.make(TOKEN), 2.0)
    actions = list(range(1, 9))
    expected = run(env, 3, actions)[0]
    env.reset(seed=0)
    env.step(5)
    assert run(env, 3, actions)[0] == expected


@pytest.mark.parametrize("name", [RESPONSE, TOKEN])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("wrapper", "vector", "kwargs"), WRAPS)
def test_vectors_are_changed_as_their_parts_are(name, mode, wrapper, vector, kwargs):
    parts = [lambda: wrapper(gym.make(name), **kwargs)] * 2
    expected = SyncVectorEnv(parts, autoreset_mode=mode)
    env = vector(SyncVectorEnv([lambda: gym.make(name)] * 2, autoreset_mode=mode), **kwargs)
    check_environment(env, episodes=4)
    expected.reset(seed=5)
    env.reset(seed=5)
    env.action_space.seed(5)
    done = np.zeros(2, bool)
    for step in range(12):
        if mode == AutoresetMode.DISABLED and done.any():
            for each in (expected, env):
                each.reset(options={"reset_mask": done.copy()})
        actions = env.action_space.sample()
        if name == TOKEN and step % 3 == 2:
            actions[step % 2] = gym.make(TOKEN).unwrapped.tokenizer.eos_token_id
        result = comparable(env.step(actions))
        np.testing.assert_equal(result, comparable(expected.step(actions)))
        done = result[2]


@pytest.mark.parametrize("mode", ["SameStep", "Disabled"])
@pytest.mark.parametrize(("wrapper", "vector", "kwargs"), WRAPS)
def test_native_vectors_are_changed_as_single_environments_are(mode, wrapper, vector, kwargs):
    inner = gym.make_vec(RESPONSE, num_envs=2, autoreset_mode=mode)
    env = vector(inner, **kwargs)
    env.reset(seed=5)
    env.action_space.seed(0)
    actions = env.action_space.sample()
    _, rewards, *_, infos = env.step(actions)
    for index, info in enumerate(episode_infos(infos)):
        reward, expected = run(wrapper(gym.make(RESPONSE), **kwargs), 5 + index, [actions[index]])
        assert rewards[index] == reward[0]
        np.testing.assert_equal(info, expected)
    check_environment(env, episodes=4)


def test_vectors_take_any_function():
    env = VectorTransformTokenRewards(gym.make_vec(RESPONSE, num_envs=2), np.abs)
    env.reset(seed=0)
    _, rewards, *_, infos = env.step(env.action_space.sample())
    vectors = infos["final_info"]["token_rewards"]
    assert (vectors >= 0).all()
    assert rewards.tolist() == [float(vector.sum(dtype=np.float64)) for vector in vectors]


@pytest.mark.parametrize("name", [RESPONSE, TEXT, TOKEN])
@pytest.mark.parametrize("design", ["uniform", "terminal", "shuffled"])
def test_a_swapped_design_pays_as_if_it_had_been_there_from_the_start(name, design):
    given, swapped = gym.make(name, reward_design=design), SwapDesign(gym.make(name), design)
    original = gym.make(name)
    for seed in (0, None, None):
        _, opening = given.reset(seed=seed)
        np.testing.assert_equal(swapped.reset(seed=seed)[1], opening)
        assert original.reset(seed=seed)[1]["prompt"] == opening["prompt"]
        given.action_space.seed(0)
        ended = False
        while not ended:
            action = given.action_space.sample()
            step = given.step(action)
            np.testing.assert_equal(swapped.step(action), step)
            ended = step[2]
        assert step[-1]["reward_design"] == design


@pytest.mark.parametrize("mode", ["SameStep", "Disabled"])
def test_a_design_is_swapped_in_a_vector(mode):
    given = gym.make_vec(RESPONSE, num_envs=2, autoreset_mode=mode, reward_design="shuffled")
    swapped = VectorSwapDesign(gym.make_vec(RESPONSE, num_envs=2, autoreset_mode=mode), "shuffled")
    np.testing.assert_equal(swapped.reset(seed=3), given.reset(seed=3))
    given.action_space.seed(0)
    actions = given.action_space.sample()
    np.testing.assert_equal(comparable(swapped.step(actions)), comparable(given.step(actions)))
    parts = gym.make_vec(RESPONSE, num_envs=2, vectorization_mode="sync")
    with pytest.raises(ValueError, match="got SyncVectorEnv: of a sync or async vector, wrap the parts"):
        VectorSwapDesign(parts, "uniform")


def test_a_swap_takes_arguments_and_shares_everything_else(make, word_count):
    def paid(evidence, *, rng, share):
        return np.where(evidence.mask, share, 0.0)

    scorer = word_count()
    env = make(scorer=scorer)
    before = env.task
    play(env, [2])
    swapped = SwapDesign(env, paid, share=0.25)
    scorer.calls.clear()
    assert play(swapped, [2, 3])[0] == 0.5
    assert "It is" not in scorer.calls[0]  # the prompt's score is remembered
    assert env.task is not before
    assert (before.feedback.design.name, env.task.feedback.design.name) == ("potential", "paid")
    assert env.task.instances is before.instances
    assert play(SwapDesign(swapped, "terminal"), [2, 3, 2])[1]["token_rewards"].tolist() == [0, 0, 0.5, 0]


def test_swaps_that_cannot_be_are_refused(make, coins):
    with pytest.raises(ValueError, match="unknown reward design 'potentail'"):
        SwapDesign(make(), "potentail")
    with pytest.raises(ValueError, match="'uniform' does not take reward_design_kwargs="):
        SwapDesign(make(), "uniform", beta=1)
    with pytest.raises(
        ValueError, match="env must be an environment of rlsf_gym, which has a task, got Coins"
    ):
        SwapDesign(coins(), "uniform")


def test_text_is_encoded_and_cut(make):
    env, plain = TextAction(make()), make()
    for text, ids in ((" good bad", [2, 3]), ("", []), (" bad is is good good", [3, 1, 1, 2])):
        np.testing.assert_equal(play(env, text), play(plain, ids))
    assert play(env, " bad is is good good")[1]["response_text"] == " bad is is good"


def test_the_space_of_texts_holds_what_the_tokens_can_spell(make):
    env = TextAction(make())
    assert env.action_space == UnicodeText(4 * len(" good"))
    assert " good good good good" in env.action_space
    assert make().action_space == gym.spaces.MultiDiscrete([6] * 4)
    assert TextAction(gym.make(RESPONSE)).action_space == gym.make(TEXT).action_space


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ([2, 3], "action must be a str, got list"),
        ("a" * 21, "action must have at most 20 characters, got 21"),
        ("\ud800", "action must be text without lone surrogates"),
    ],
)
def test_what_is_no_text_is_refused(make, action, message):
    with pytest.raises(InvalidAction, match=message):
        play(TextAction(make()), action)


def test_environments_without_responses_take_no_text(coins):
    with pytest.raises(ValueError, match="env must have a tokenizer to encode text with, Coins has none"):
        TextAction(coins())
    with pytest.raises(ValueError, match=r"env must have actions MultiDiscrete\(\[V \+ 1\] \* T\) with V = "):
        TextAction(gym.make(TOKEN))


def test_text_actions_work_in_vectors_and_under_gymnasiums_checks():
    check_environment(PassiveEnvChecker(TextAction(gym.make(RESPONSE))), episodes=5)
    check_environment(SyncVectorEnv([lambda: TextAction(gym.make(RESPONSE))] * 2, autoreset_mode="SameStep"))


@pytest.mark.parametrize("kind", ["coins", "coin_steps"])
def test_checking_changes_nothing(kind, request):
    env = request.getfixturevalue(kind)
    checked, plain = CheckTokenRewards(env()), env()
    check_environment(checked)
    np.testing.assert_equal(checked.reset(seed=1), plain.reset(seed=1))
    action = [1, 0, 3, 3, 3] if kind == "coins" else 1
    np.testing.assert_equal(checked.step(action), plain.step(action))


def test_a_broken_promise_is_raised_at_once(coins, coin_steps):
    env = CheckTokenRewards(coins(spoil_reset=lambda info: info.update(prompt=1)))
    with pytest.raises(ContractError, match=r"info\['prompt'\] must be of type str, got int"):
        env.reset(seed=0)
    env = CheckTokenRewards(coins(spoil_step=lambda info: info.update(response_length=9)))
    env.reset(seed=0)
    with pytest.raises(
        ContractError, match=r"info\['response_length'\] must be the sum of the mask, 1, got 9"
    ):
        env.step([1, 3, 3, 3, 3])
    env = CheckTokenRewards(coin_steps(pay=lambda paid: 0.0))
    env.reset(seed=0)
    env.step(1)
    with pytest.raises(AssertionError, match=r"must add up to the sum of .*, 1\.0: its 2 steps paid 0\.0"):
        env.step(2)


def test_an_episode_that_a_time_limit_cuts_promises_nothing(coin_steps):
    env = CheckTokenRewards(TimeLimit(coin_steps(), 2))
    for _ in range(2):
        env.reset(seed=0)
        env.step(1)
        assert env.step(1)[2:4] == (False, True)


@pytest.mark.parametrize(
    "wrap",
    [
        CheckTokenRewards,
        TextAction,
        lambda env: ScaleTokenRewards(env, 2.5),
        lambda env: ClipTokenRewards(env, low=-1.0, high=1.0),
        lambda env: SwapDesign(env, "uniform"),
        lambda env: CheckTokenRewards(SwapDesign(ScaleTokenRewards(TextAction(env), 2.0), "shuffled")),
    ],
)
def test_wrapped_environments_survive_json_and_pickle(wrap):
    env = wrap(gym.make(RESPONSE))
    env.action_space.seed(0)
    action = env.action_space.sample()
    expected = run(env, 4, [action])
    np.testing.assert_equal(run(rebuilt(env), 4, [action]), expected)
    np.testing.assert_equal(run(pickle.loads(pickle.dumps(env)), 4, [action]), expected)


def test_wrappers_import_where_gymnasiums_vector_wrapper_takes_no_types():
    """Below Gymnasium 1.4 it is no generic class."""
    code = (
        "import gymnasium.vector as vector\n"
        "class VectorWrapper(vector.VectorEnv):\n"
        "    def __init__(self, env): self.env = env\n"
        "vector.VectorWrapper = VectorWrapper\n"
        "from rlsf_gym.wrappers import VectorScaleTokenRewards, VectorSwapDesign\n"
        "assert issubclass(VectorScaleTokenRewards, VectorWrapper)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
