"""One step is one token."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded

from rlsf_gym.designs import DESIGNS, Design
from rlsf_gym.domains.sentiment.toy import TOY_PROMPTS, ToyTokenizer
from rlsf_gym.envs import SentimentEnv, SentimentTokenEnv
from rlsf_gym.scorers.offers import has_offer

CAUSAL = [name for name, design in DESIGNS.items() if design.causal]
TEXTS = [
    " really good, but not very funny",
    " awful",
    " so good it hurt! A great",
    "ly caf\u00e9 isn't bad \U0001f600",
]


def run(env, ids):
    """Returns rewards and infos of the steps that the ids make until the episode ends."""
    rewards, infos, ended = [], [], False
    for token in ids:
        _, reward, ended, truncated, info = env.step(token)
        assert truncated is False
        rewards.append(reward)
        infos.append(info)
        if ended:
            break
    assert ended
    return rewards, infos


@pytest.mark.parametrize("boundary", ["closed", "open"])
@pytest.mark.parametrize("design", [name for name in DESIGNS if has_offer("vader", DESIGNS[name].needs)])
@pytest.mark.parametrize("text", TEXTS)
def test_steps_add_up_to_what_the_response_environment_pays(text, design, boundary):
    kwargs = {"reward_design": design, "boundary": boundary}
    by_token, by_response = SentimentTokenEnv(**kwargs), SentimentEnv(**kwargs)
    ids = [*by_token.tokenizer.encode(text), by_token.tokenizer.eos_token_id]
    assert by_token.reset(seed=2)[1]["prompt"] == by_response.reset(seed=2)[1]["prompt"]
    rewards, infos = run(by_token, ids)
    _, expected, *_, info = by_response.step(ids)
    assert sum(rewards) == pytest.approx(expected, abs=1e-12)
    for key, value in info.items():
        np.testing.assert_array_equal(infos[-1][key], value, err_msg=key)
    if design in CAUSAL:
        np.testing.assert_allclose(rewards, info["token_rewards"][: len(ids)], atol=1e-6)
    else:
        assert not any(rewards[:-1])


def test_the_observation_grows_behind_the_left_padded_prompt():
    env = SentimentTokenEnv(tokenizer=ToyTokenizer(), prompts="toy", max_prompt_tokens=5, max_new_tokens=4)
    prompt = env.tokenizer.encode("The film was")
    good, fun = env.tokenizer.encode(" good fun")
    observation, _ = env.reset(options={"prompt": "The film was"})
    assert observation["input_ids"].tolist() == [0, 0, *prompt, 0, 0, 0, 0]
    assert observation["attention_mask"].tolist() == [0, 0, 1, 1, 1, 0, 0, 0, 0]
    env.step(good)
    observation = env.step(fun)[0]
    assert observation["input_ids"].tolist() == [0, 0, *prompt, good, fun, 0, 0]
    assert observation["attention_mask"].tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0]


def test_the_mask_leaves_out_what_has_no_text_and_an_end_at_the_start(pieces, word_count):
    env = SentimentTokenEnv(
        scorer=word_count(), tokenizer=pieces(b"It", b"", b" good"), prompts=["It"], split="all"
    )
    _, info = env.reset(seed=0)
    assert info["action_mask"].dtype == np.int8
    assert info["action_mask"].tolist() == [1, 0, 1, 0]
    assert env.action_masks().dtype == np.bool_
    *_, info = env.step(0)
    assert info["action_mask"].tolist() == env.action_masks().tolist() == [1, 0, 1, 1]
    info["action_mask"][:] = 7
    assert env.action_masks().tolist() == [1, 0, 1, 1]


def test_only_the_last_info_tells_of_the_episode():
    env = SentimentTokenEnv(max_new_tokens=3)
    _, reset = env.reset(seed=0)
    _, infos = run(env, env.tokenizer.encode(" good good good"))
    assert [set(info) for info in infos[:-1]] == [{"action_mask"}] * 2
    assert set(reset) & set(infos[-1]) == {"action_mask"}
    assert infos[-1]["finish_reason"] == "length"


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (-1, r"action must be an id in \[0, 4095\], got -1"),
        (4096, r"action must be an id in \[0, 4095\], got 4096"),
        (1.0, "action must be one integer token id, got 1.0"),
        (True, "action must be one integer token id, got True"),
        (np.array([3]), "action must be one integer token id"),
        ("good", "action must be one integer token id, got 'good'"),
    ],
)
def test_a_malformed_action_is_refused_and_the_episode_goes_on(action, message):
    env = SentimentTokenEnv()
    env.reset(seed=0)
    with pytest.raises(InvalidAction, match=message):
        env.step(action)
    assert env.step(np.int32(7))[2] is False
    assert env.step(np.array(7))[2] is False


def test_an_end_at_once_is_an_empty_response_that_earns_nothing():
    env = SentimentTokenEnv()
    env.reset(seed=0)
    _, reward, terminated, _, info = env.step(env.tokenizer.eos_token_id)
    assert (reward, terminated, info["finish_reason"]) == (0.0, True, "eos")
    assert (info["response_text"], info["response_length"]) == ("", 1)
    with pytest.raises(ResetNeeded):
        env.step(0)


def test_a_causal_design_of_the_users_own_pays_as_it_goes():
    def per_token(evidence, *, rng):
        return np.where(evidence.mask, -0.25, 0.0)

    env = SentimentTokenEnv(reward_design=Design("fine", per_token, causal=True), max_new_tokens=4)
    env.reset(seed=0)
    assert run(env, [5, 6, 7, 8])[0] == [-0.25] * 4


def test_the_toy_language_spells_its_prompts_and_pays_words_at_once():
    env = gym.make("rlsf_gym/SentimentTokenToy-v0").unwrapped
    assert 200 <= env.tokenizer.vocab_size <= 400
    assert all(len(env.tokenizer.encode(prompt)) == 3 for prompt in TOY_PROMPTS)
    assert [env.tokenizer.decode(env.tokenizer.encode(p)) for p in TOY_PROMPTS] == list(TOY_PROMPTS)
    for token in range(env.tokenizer.vocab_size - 1):
        assert env.tokenizer.encode(env.tokenizer.decode([token])) == [token]
    env.reset(options={"prompt": "The film was"})
    not_, funny = env.tokenizer.encode(" not funny")
    assert env.step(not_)[1] == 0.0
    assert env.step(funny)[1] < -0.2


def test_rendering_shows_what_is_written_so_far():
    env = SentimentTokenEnv(render_mode="ansi", max_new_tokens=2)
    env.reset(options={"prompt": "A fine"})
    env.step(env.tokenizer.encode(" good")[0])
    assert env.render() == "A fine good"
    env.step(env.tokenizer.eos_token_id)
    assert "good: base +1.900" in env.render()
