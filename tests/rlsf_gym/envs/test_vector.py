"""A whole batch in one call: the same as one by one."""

import pickle
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from gymnasium.vector import AutoresetMode

import rlsf_gym
from rlsf_gym.designs import DESIGNS
from rlsf_gym.envs import SentimentVectorEnv
from rlsf_gym.scorers import VaderScorer
from rlsf_gym.scorers.offers import has_offer

ID = "rlsf_gym/Sentiment-v0"
assert rlsf_gym.SentimentVectorEnv is SentimentVectorEnv  # importing it registers the id


class Half:
    def predict(self, texts):
        return np.full(len(texts), 0.5)


def equal(mine, theirs, path="infos"):
    """Compares keys, types, dtypes, shapes and values, all the way down."""
    assert type(mine) is type(theirs), path
    if isinstance(mine, dict):
        assert set(mine) == set(theirs), path
        for key, value in mine.items():
            equal(value, theirs[key], f"{path}[{key!r}]")
    elif isinstance(mine, np.ndarray):
        assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape), path
        if mine.dtype == object:
            for index, (one, other) in enumerate(zip(mine, theirs, strict=True)):
                equal(one, other, f"{path}[{index}]")
        else:
            np.testing.assert_array_equal(mine, theirs, err_msg=path)
    elif isinstance(mine, tuple):
        for index, (one, other) in enumerate(zip(mine, theirs, strict=True)):
            equal(one, other, f"{path}[{index}]")
    else:
        assert mine == theirs, path


def both(mode, num_envs=3, **kwargs):
    native = gym.make_vec(ID, num_envs=num_envs, autoreset_mode=mode, **kwargs)
    sync = gym.make_vec(
        ID, num_envs=num_envs, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}, **kwargs
    )
    assert isinstance(native, SentimentVectorEnv)
    return native, sync


def responses_of(env, texts):
    size = env.single_action_space.shape[0]
    vocab_size = int(env.single_action_space.nvec[0]) - 1
    tokenizer = rlsf_gym.SentimentEnv().tokenizer
    actions = np.full((len(texts), size), vocab_size)
    for row, text in enumerate(texts):
        ids = tokenizer.encode(text)[:size]
        actions[row, : len(ids)] = ids
    return actions


TEXTS = (" was really GOOD, but not great!", "", " awful awful film.")


@pytest.mark.parametrize("design", [name for name in DESIGNS if has_offer("vader", DESIGNS[name].needs)])
def test_same_step_is_laid_out_as_gymnasium_lays_it_out(design):
    native, sync = both(AutoresetMode.SAME_STEP, reward_design=design, judge=Half())
    equal(native.reset(seed=3), sync.reset(seed=3))
    native.action_space.seed(0)
    for actions in (responses_of(native, TEXTS), native.action_space.sample(), native.action_space.sample()):
        mine, theirs = native.step(actions), sync.step(actions)
        equal(mine, theirs)
    assert "token_rewards" in mine[-1]["final_info"] and "prompt" in mine[-1]


def test_disabled_is_laid_out_as_gymnasium_lays_it_out():
    native, sync = both(AutoresetMode.DISABLED)
    equal(
        native.reset(seed=[5, None, 7])[1]["prompt"][[0, 2]],
        sync.reset(seed=[5, None, 7])[1]["prompt"][[0, 2]],
    )
    equal(native.reset(seed=1), sync.reset(seed=1))
    actions = responses_of(native, TEXTS)
    equal(native.step(actions), sync.step(actions))
    mask = np.array([True, False, True])
    equal(native.reset(options={"reset_mask": mask}), sync.reset(options={"reset_mask": mask}))
    mask = np.array([False, True, False])
    options = {"reset_mask": mask, "prompt": "I saw"}
    equal(native.reset(options=dict(options)), sync.reset(options=dict(options)))
    equal(native.step(actions), sync.step(actions))


def test_a_payload_is_laid_out_as_gymnasium_lays_it_out(vowels):
    class WithWitness(vowels):
        verifiable = False

        def certify(self, prompt, response):
            more = {"more": None} if "good" in response.lower() else {}
            payload = {"length": len(response), "witness": [len(prompt), {"of": response}], **more}
            return replace(super().certify(prompt, response), verifiable=False, payload=payload)

    for mode in (AutoresetMode.SAME_STEP, AutoresetMode.DISABLED):
        native, sync = both(mode, scorer=WithWitness())
        equal(native.reset(seed=3), sync.reset(seed=3))
        actions = responses_of(native, TEXTS)
        mine, theirs = native.step(actions), sync.step(actions)
        equal(mine, theirs)
        payload = mine[-1].get("final_info", mine[-1])["certificate_payload"]
        assert payload["length"].tolist() == list(map(len, TEXTS))
        assert payload["_more"].tolist() == [True, False, False]


def test_sub_environment_i_is_the_single_environment_of_seed_plus_i():
    vector = gym.make_vec(ID, num_envs=3, reward_design="shuffled")
    _, infos = vector.reset(seed=10)
    singles = [gym.make(ID, reward_design="shuffled") for _ in range(3)]
    prompts = [single.reset(seed=10 + index)[1]["prompt"] for index, single in enumerate(singles)]
    actions = responses_of(vector, TEXTS)
    for _ in range(3):
        assert infos["prompt"].tolist() == prompts
        _, rewards, *_, infos = vector.step(actions)
        for index, single in enumerate(singles):
            _, reward, *_, info = single.step(actions[index])
            assert reward == rewards[index]
            np.testing.assert_array_equal(info["token_rewards"], infos["final_info"]["token_rewards"][index])
        prompts = [single.reset()[1]["prompt"] for single in singles]


def test_a_batch_is_scored_in_one_call(word_count):
    class Batched(word_count):
        batches = 0

        def certify_batch(self, prompts, responses):
            self.batches += 1
            plain = word_count()
            return [plain.certify(*pair) for pair in zip(prompts, responses, strict=True)]

        def prefix_scores_batch(self, prompts, responses, char_ends):
            self.batches += 1
            return [self.prefix_scores(*row) for row in zip(prompts, responses, char_ends, strict=True)]

    scorer = Batched()
    env = SentimentVectorEnv(3, scorer=scorer, prompts=["It is", "They are"], split="all")
    env.reset(options={"prompts": ["It is", "They are", "It is"]})
    scorer.calls.clear()
    env.step(responses_of(env, (" good and bad", " bad and good", " good and bad")))
    assert scorer.calls[0] == ["It is", "They are", "It is good and bad", "They are bad and good"]
    assert scorer.batches == 2


class OneByOne(VaderScorer):
    assess_batch = None


@pytest.mark.parametrize("boundary", ["closed", "open"])
@pytest.mark.parametrize("design", ["terminal", "potential"])
def test_a_scorer_that_assesses_all_in_one_call_changes_nothing(design, boundary):
    steps = []
    for scorer in (VaderScorer(), OneByOne()):
        env = SentimentVectorEnv(4, scorer=scorer, reward_design=design, boundary=boundary, verify=True)
        env.reset(seed=0)
        env.action_space.seed(0)
        texts = (*TEXTS, " un good\n but \U0001f600!? NOT ok  ")
        steps.append([env.step(responses_of(env, texts)), env.step(env.action_space.sample())])
    equal(*map(tuple, steps))


def test_prompts_can_be_set():
    env = SentimentVectorEnv(2)
    _, infos = env.reset(options={"prompts": ["I liked", "I hated"]})
    assert infos["prompt"].tolist() == ["I liked", "I hated"]
    assert infos["prompt_id"].tolist() == [-1, -1]
    assert env.reset(options={"prompt": "The end"})[1]["prompt"].tolist() == ["The end"] * 2
    assert env.reset(options={"prompts": ["I liked", None]})[1]["prompt_id"][1] >= 0


def test_options_are_left_as_they_were():
    env = SentimentVectorEnv(2, autoreset_mode="Disabled")
    env.reset(seed=0)
    options = {"reset_mask": np.array([True, False])}
    for _ in range(2):
        _, infos = env.reset(options=options)
        assert infos["_prompt"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prompts": ["one"]}, r"options\['prompts'\] must be a list of 2 texts, got \['one'\]"),
        ({"prompts": "It"}, r"options\['prompts'\] must be a list of 2 texts, got 'It'"),
        ({"prompts": [1, 2]}, r"options\['prompts'\] must be a str, got 1"),
        ({"prompts": ["a", "b"], "prompt": "c"}, "options must hold 'prompt' or 'prompts', got both"),
        ({"reset_mask": np.ones(3, bool)}, r"must be bool of shape \(2,\), got bool of \(3,\)"),
        ({"reset_mask": np.ones(2)}, r"must be bool of shape \(2,\), got float64 of \(2,\)"),
        ({"reset_mask": np.zeros(2, bool)}, "must be True for at least one environment"),
        ({"seed": 1}, "options must be among 'prompt', 'prompts', 'reset_mask', got 'seed'"),
    ],
)
def test_malformed_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        SentimentVectorEnv(2).reset(options=options)


def test_a_seed_list_must_fit():
    with pytest.raises(ValueError, match="seed must be an int or one for each of 2 environments, got 3"):
        SentimentVectorEnv(2).reset(seed=[1, 2, 3])


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, "NextStep", "NEXT_STEP"])
def test_next_step_is_refused_with_the_reason(mode):
    with pytest.raises(ValueError, match="NEXT_STEP would throw every second action away"):
        gym.make_vec(ID, autoreset_mode=mode)


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="autoreset_mode must be 'SameStep' or 'Disabled', got 'sometimes'"):
        SentimentVectorEnv(autoreset_mode="sometimes")


@pytest.mark.parametrize("mode", ["Disabled", AutoresetMode.DISABLED])
def test_the_mode_is_told(mode):
    env = gym.make_vec(ID, num_envs=2, autoreset_mode=mode)
    assert env.metadata["autoreset_mode"] == env.autoreset_mode == AutoresetMode.DISABLED
    assert SentimentVectorEnv().metadata["autoreset_mode"] == AutoresetMode.SAME_STEP
    assert "autoreset_mode" not in rlsf_gym.SentimentEnv.metadata


def test_disabled_needs_a_reset_after_each_step():
    env = SentimentVectorEnv(2, autoreset_mode="Disabled")
    actions = env.action_space.sample()
    with pytest.raises(ResetNeeded, match=r"call reset\(\) for environments \[0, 1\] before step\(\)"):
        env.step(actions)
    env.reset(seed=0)
    env.step(actions)
    env.reset(options={"reset_mask": np.array([True, False])})
    with pytest.raises(ResetNeeded, match=r"call reset\(\) for environments \[1\] before step\(\)"):
        env.step(actions)


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        (
            np.zeros((2, 3), np.int64),
            r"actions must be an integer array of shape \(2, 16\), got int64 of shape",
        ),
        (np.zeros((2, 16)), r"actions must be an integer array of shape \(2, 16\), got float64"),
        (
            np.full((2, 16), 4097),
            r"actions must hold ids in \[0, 4096\] \(4096 stands for no token\), got 4097",
        ),
        ([[1]], "actions must be one for each of 2 environments, got 1"),
        ([[1], [1.5]], "action must be a list of integer token ids, got 1.5 in it"),
    ],
)
def test_malformed_actions_are_refused(actions, message):
    env = SentimentVectorEnv(2)
    env.reset(seed=0)
    with pytest.raises(InvalidAction, match=message):
        env.step(actions)


def test_lists_of_ids_are_taken():
    env = SentimentVectorEnv(2)
    env.reset(seed=0)
    *_, infos = env.step([[5, 6], []])
    assert infos["final_info"]["response_length"].tolist() == [2, 0]


def test_returned_arrays_are_fresh():
    env = SentimentVectorEnv(2)
    observations, _ = env.reset(seed=0)
    before = {key: value.copy() for key, value in observations.items()}
    following, *_, infos = env.step(env.action_space.sample())
    for key, value in following.items():
        np.testing.assert_array_equal(observations[key], before[key])
        assert not np.shares_memory(value, observations[key])
        assert not any(np.shares_memory(value, final[key]) for final in infos["final_obs"])


def test_pickling_goes_on_where_it_was():
    env = SentimentVectorEnv(2, reward_design="shuffled")
    env.reset(seed=0)
    copy = pickle.loads(pickle.dumps(env))
    actions = responses_of(env, TEXTS[:2])
    equal(env.step(actions), copy.step(actions))
    equal(env.step(actions), copy.step(actions))


def test_gymnasiums_wrappers_take_it():
    env = gym.wrappers.vector.RecordEpisodeStatistics(gym.make_vec(ID, num_envs=2))
    env.reset(seed=0)
    _, rewards, *_, infos = env.step(responses_of(env, TEXTS[:2]))
    np.testing.assert_allclose(infos["episode"]["r"], rewards)
    listed = gym.wrappers.vector.DictInfoToList(gym.make_vec(ID, num_envs=2))
    _, infos = listed.reset(seed=0)
    assert set(infos[1]) == {"prompt", "prompt_id", "eos_token_id", "vocabulary_sha256"}


@pytest.mark.parametrize("mode", ["SameStep", "Disabled"])
def test_rendering_shows_each_episode_that_ended(mode):
    env = gym.make_vec(ID, num_envs=2, render_mode="ansi", autoreset_mode=mode)
    env.reset(options={"prompts": ["I saw", "They liked"]})
    assert env.render() == ("I saw", "They liked")
    env.step(responses_of(env, (" a great film", " an awful film")))
    first, second = env.render()
    assert "I saw" in first and "great" in first
    assert "They liked" in second and "awful" in second
    assert SentimentVectorEnv(2).render() is None
