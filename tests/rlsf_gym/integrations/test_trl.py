"""An environment as a reward function: the same rewards, on the ids that were sampled."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import InvalidAction

from rlsf_gym import reward_func
from rlsf_gym.text.tokenizer import ByteTokenizer
from rlsf_gym.text.wider_tokenizer import WiderTokenizer
from tests.helpers.byte_level import Fast, byte_level
from tests.helpers.digits import make_digits
from tests.helpers.sampled import BEYOND, END, SAMPLED, TOKENIZER
from tests.helpers.sampled import ENV_ID as SENTIMENT
from tests.helpers.sampled import TASK as SENTIMENT_TASK
from tests.helpers.sampled import pay as pay_tokens

ENV_ID = "rlsf_gym:rlsf_gym/Sentiment-v0"
TASK = {"tokenizer": "bytes", "max_prompt_tokens": 32, "max_new_tokens": 24}


@pytest.fixture(scope="module")
def reward():
    return reward_func(ENV_ID, **TASK)


def pay(prompt, ids):
    env = gym.make(ENV_ID, **TASK)
    env.reset(options={"prompt": prompt})
    return env.step(ids)[1]


def test_rewards_are_those_of_the_environment(reward):
    prompts = ["The film was", "The plot", "I"]
    ids = [list(b" not very good"), [*b" is awful", 256], [256]]
    rewards = reward(prompts=prompts, completions=["ignored"] * 3, completion_ids=ids, trainer_state=None)
    assert rewards == [pay(*pair) for pair in zip(prompts, ids, strict=True)]
    assert rewards[0] < 0 and rewards[1] < 0 and rewards[2] == 0
    assert all(type(value) is float for value in rewards)


def test_batches_of_any_size(reward):
    alone = reward(prompts=["The film was"], completion_ids=[list(b" great")])
    assert reward(prompts=["The film was"] * 2, completion_ids=[list(b" great")] * 2) == alone * 2
    assert reward(prompts=["The film was"], completion_ids=[list(b" great")]) == alone


def test_means_are_logged(reward):
    logged = {}
    ids = [list(b" not good"), list(b" good")]
    rewards = reward(prompts=["It was"] * 2, completion_ids=ids, log_metric=logged.__setitem__)
    assert logged["env/utility"] == pytest.approx(sum(rewards) / 2)
    rules = [value for name, value in logged.items() if name.startswith("env/reward_")]
    assert sum(rules) == pytest.approx(sum(rewards) / 2)
    assert logged["env/reward_negation"] < 0


def test_it_is_logged_under_the_name_of_the_environment(reward):
    assert reward.__name__ == "Sentiment-v0"


def test_what_does_not_fit_is_refused(reward):
    with pytest.raises(InvalidAction):
        reward(prompts=["It was"], completion_ids=[[65] * 25])
    with pytest.raises(ValueError, match="prompts"):
        reward(prompts=[[{"role": "user", "content": "It was"}]], completion_ids=[[65]])


def test_what_follows_the_end_token_is_ignored(reward):
    ended = [*b" is awful", 256]
    rewards = [
        reward(prompts=["The plot"], completion_ids=[ids])[0]
        for ids in (ended, [*ended, 256, 256], ended + [65] * 40, [*ended, 257, 300, -1])
    ]
    assert rewards == [pay("The plot", ended)] * 4


def test_empty_completions_and_batches(reward):
    assert reward(prompts=["The film was"], completion_ids=[[]]) == [0.0]
    assert reward(prompts=[], completion_ids=[]) == []


def test_arrays_are_taken_for_ids(reward):
    ids = np.array([[*b" good"], [*b" poor"]])
    assert reward(prompts=["It was"] * 2, completion_ids=ids) == [pay("It was", list(row)) for row in ids]


@pytest.mark.parametrize("design", ["potential", "broadcast", "uniform"])
@pytest.mark.parametrize("further", [257, 5000])
def test_an_id_without_a_token_is_a_token_without_text(design, further):
    reward = reward_func(ENV_ID, **TASK, reward_design=design)
    ids = [*b" not very go", further, *b"od"]
    with pytest.warns(
        UserWarning, match=rf"ids in \[0, 256\] of the environment's tokenizer, got {further} \(1 of"
    ):
        (paid,) = reward(prompts=["The film was"], completion_ids=[ids])
    whole = gym.make(ENV_ID, **TASK, reward_design=design)
    info = whole.reset(options={"prompt": "The film was"})[1]
    amount = whole.step([*b" not very good"])[1]
    # The score is that of the whole text, and `broadcast` pays it on each of 15 tokens instead of 14.
    assert paid == pytest.approx(amount * (15 / 14 if design == "broadcast" else 1), rel=1e-5)
    assert amount != 0 and "prompt" in info
    assert reward(prompts=["The film was"], completion_ids=[ids]) == [paid]  # one warning is enough


@pytest.mark.parametrize("ids", [[65, 66, 257], [300] * 10, [65] * 11 + [-100]])
def test_ids_of_another_tokenizer_are_refused(ids):
    reward = reward_func(ENV_ID, **TASK)
    with pytest.raises(
        ValueError, match=r"completion_ids must be ids in \[0, 256\] of the environment's tokenizer"
    ):
        reward(prompts=["It was"], completion_ids=[ids])


def test_what_a_trainer_must_pass_is_named(reward):
    with pytest.raises(ValueError, match="completion_ids must be given"):
        reward(prompts=["It was"], completions=[" good"])
    with pytest.raises(ValueError, match="must be one list for each of 1 prompts, got 2"):
        reward(prompts=["It was"], completion_ids=[[65], [66]])
    with pytest.raises(ValueError, match="prompts must be strings, got list: a conversation"):
        reward(prompts=[[{"role": "user", "content": "It was"}]], completion_ids=[[65]])


def test_few_environments_are_kept(monkeypatch):
    made = []
    make_vec = gym.make_vec

    def count(*args, **kwargs):
        made.append(make_vec(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(gym, "make_vec", count)
    reward = reward_func(ENV_ID, **TASK)
    for size in range(1, 10):
        reward(prompts=["It was"] * size, completion_ids=[list(b" good")] * size)
    assert len(made) == 9
    assert sum(not env.closed for env in made) <= 4


def test_a_wider_tokenizer_is_at_least_as_wide():
    with pytest.raises(ValueError, match="vocab_size must be at least the tokenizer's 257, got 256"):
        WiderTokenizer(ByteTokenizer(), 256)


def test_instances_are_a_column_of_the_data_set():
    reward = reward_func(ENV_ID, domain=make_digits())
    given = {"prompts": ["5=", "9="], "completion_ids": [list(b"32"), list(b"3")]}
    assert reward(**given, instance=[{"target": 5}, {"target": 9}]) == pytest.approx([1.0, 1 / 3])
    assert reward(**given, instance=['{"target": 5}', '{"target": 9}']) == pytest.approx([1.0, 1 / 3])
    with pytest.raises(
        ValueError, match=r"^instances must be given, got prompts: .* the column instance of TRL"
    ):
        reward(**given)
    with pytest.raises(ValueError, match="instances"):
        reward(**given, instance=[{"target": 5}])


def test_prompts_may_be_conversations_where_instances_say_what_episodes_begin_with():
    reward = reward_func(ENV_ID, domain=make_digits())
    asked = [[{"role": "user", "content": "Write digits that add up to 5."}]]
    paid = reward(prompts=asked, completion_ids=[list(b"32")], instance=[{"target": 5}])
    assert paid == pytest.approx([1.0])
    with pytest.raises(ValueError, match=r"prompts must be strings, got list: .* as a column instance$"):
        reward(prompts=asked, completion_ids=[list(b"32")])


def test_instances_are_refused_where_episodes_begin_with_texts(reward):
    with pytest.raises(
        ValueError, match=r"^prompts must be given, got instances: episodes of domain 'sentime"
    ):
        reward(prompts=["It was"], completion_ids=[list(b" good")], instance=[{"target": 5}])


def test_two_functions_of_one_id_are_logged_apart():
    logged = {}
    short = reward_func(ENV_ID, name="short", **TASK)
    short(prompts=["It was"], completion_ids=[list(b" good")], log_metric=logged.__setitem__)
    assert short.__name__ == "short" and {"short/score", "short/utility"} <= set(logged)
    assert not [key for key in logged if key.startswith("env/")]


def test_a_tokenizer_of_transformers_is_taken_as_it_is():
    ids = [*TOKENIZER.encode(" good"), END]
    reward = reward_func(SENTIMENT, tokenizer=Fast(byte_level(), "<|im_end|>"), **SENTIMENT_TASK)
    folder = reward_func(SENTIMENT, tokenizer=TOKENIZER, **SENTIMENT_TASK)
    given = {"prompts": ["It was"], "completion_ids": [ids]}
    assert reward(**given) == folder(**given) == pytest.approx([0.4404], abs=1e-4)


def test_hard_responses_earn_the_sum_of_what_the_environments_step_pays():
    reward = reward_func(SENTIMENT, tokenizer=TOKENIZER, **SENTIMENT_TASK)
    with pytest.warns(UserWarning, match=f"got {BEYOND} "):
        paid = reward(prompts=[one.prompt for one in SAMPLED], completion_ids=[one.ids for one in SAMPLED])
    assert paid == pytest.approx([sum(pay_tokens(one)) for one in SAMPLED], abs=1e-6)
    assert len(set(paid)) > 4
