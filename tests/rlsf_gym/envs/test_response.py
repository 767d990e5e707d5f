"""One step is one response."""

import pickle

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded

from rlsf_gym.certificates import Certificate, CertificateError
from rlsf_gym.designs import Design
from rlsf_gym.domains.sentiment.judge import Judge
from rlsf_gym.domains.sentiment.vader.rules import RULES
from rlsf_gym.envs import SentimentEnv
from rlsf_gym.scorers import load_scorer

STEP_KEYS = {
    *("token_rewards", "response_mask", "response_length", "response_text", "finish_reason"),
    *("score", "utility", "reward_design", "certificate"),
}
RULE_KEYS = {f"reward_{rule}" for rule in RULES}  # where the scorer has rules
RESET_KEYS = {"prompt", "prompt_id", "eos_token_id", "vocabulary_sha256"}

# ids:      0       1       2        3       4     5        6        7    8 = end, 9 = no token
VOCABULARY = (b"It", b" is", b" good", b" bad", b"ly", b"\xc3", b"\xa9", b" ")
END, NONE = 8, 9


@pytest.fixture
def make(pieces, word_count):
    def make_env(**kwargs):
        defaults = {
            "scorer": word_count(),
            "tokenizer": pieces(*VOCABULARY),
            "prompts": ["It is", "It is good"],
            "split": "all",
            "max_prompt_tokens": 4,
            "max_new_tokens": 4,
        }
        return SentimentEnv(**(defaults | kwargs))

    return make_env


def padded(*ids):
    return np.array([*ids, *[NONE] * (4 - len(ids))])


def test_the_prompt_is_padded_on_the_left(make):
    observation, info = make().reset(options={"prompt": "It is good"})
    assert observation["prompt_ids"].tolist() == [0, 0, 1, 2]
    assert observation["prompt_mask"].tolist() == [0, 1, 1, 1]
    assert (observation["prompt_ids"].dtype, observation["prompt_mask"].dtype) == (np.int64, np.int8)
    assert len(info.pop("vocabulary_sha256")) == 64
    assert info == {"prompt": "It is good", "prompt_id": -1, "eos_token_id": END}


def test_an_empty_prompt_is_all_padding(make):
    env = make()
    observation, _ = env.reset(options={"prompt": ""})
    assert observation["prompt_mask"].sum() == 0
    assert env.step([2])[4]["score"] == 0.5


def test_spaces(make):
    env = make()
    assert env.action_space == gym.spaces.MultiDiscrete([10] * 4)
    ids, mask = env.observation_space["prompt_ids"], env.observation_space["prompt_mask"]
    assert ids == gym.spaces.Box(0, 8, (4,), np.int64)
    assert mask == gym.spaces.MultiBinary(4)


def test_closed_words_pay_on_the_token_that_opens_the_next_word(make):
    """ "It is": 0; " good" pays when " bad" opens, " bad" when the end closes it: 0, 0, 1/2, -1/2."""
    env = make()
    env.reset(options={"prompt": "It is"})
    *_, info = env.step(padded(2, 3, END))
    assert info["token_rewards"].tolist() == [0.0, 0.5, -0.5, 0.0]


def test_open_words_pay_at_once_and_are_corrected(make):
    """ "good" is 1/2, "goodly" nothing."""
    env = make(boundary="open")
    env.reset(options={"prompt": "It is"})
    *_, info = env.step(padded(2, 4, 7))
    assert info["token_rewards"].tolist() == [0.5, -0.5, 0.0, 0.0]


def test_a_response_that_goes_on_the_prompts_last_word_pays_when_that_is_closed(make):
    """ "It is good" has 1/2; "goodly" has none, which is known with the space."""
    env = make()
    env.reset(options={"prompt": "It is good"})
    *_, info = env.step(padded(4, 7, 1, END))
    assert info["token_rewards"].tolist() == [0.0, -0.5, 0.0, 0.0]


def test_step_info_has_exactly_the_documented_keys_and_types(make):
    env = make()
    _, reset_info = env.reset(seed=0)
    *_, info = env.step(padded(2, END))
    assert set(reset_info) == RESET_KEYS
    assert set(info) == STEP_KEYS
    assert (info["token_rewards"].dtype, info["token_rewards"].shape) == (np.float32, (4,))
    assert (info["response_mask"].dtype, info["response_mask"].tolist()) == (np.int8, [1, 1, 0, 0])
    assert info["response_length"] == 2 and type(info["response_length"]) is int
    assert info["response_text"] == " good"
    assert info["reward_design"] == "potential"
    for key in ("score", "utility"):
        assert type(info[key]) is float
    assert type(info["certificate"]) is list and type(info["certificate"][0]) is dict


@pytest.mark.parametrize(
    ("scorer", "rules"),
    [
        ("vader", RULE_KEYS),
        ("knowledge", RULE_KEYS | {"reward_knowledge"}),
        (lambda texts: [0.5] * len(texts), set()),
    ],
)
def test_the_rules_are_those_of_the_scorer_at_hand(scorer, rules):
    env = SentimentEnv(scorer=scorer, tokenizer="bytes", max_prompt_tokens=64)
    env.reset(options={"prompt": "The film was"})
    *_, info = env.step(list(b" not long"))
    found = {key for key in info if key.startswith("reward_")} - {"reward_design"}
    assert found == rules
    assert all(type(info[key]) is float for key in found)


def test_the_step_returns_plain_types_and_the_prompt_again(make):
    env = make()
    first, _ = env.reset(options={"prompt": "It is"})
    observation, reward, terminated, truncated, info = env.step(padded(2, END))
    assert (type(reward), terminated, truncated) == (float, True, False)
    assert reward == float(info["token_rewards"].sum(dtype=np.float64))
    np.testing.assert_equal(observation, first)
    assert observation["prompt_ids"] is not first["prompt_ids"]


@pytest.mark.parametrize(
    ("ids", "length", "text", "reason"),
    [
        ((2, 3, 2, 3), 4, " good bad good bad", "length"),
        ((2, 3), 2, " good bad", "stop"),
        ((2, END, 3), 2, " good", "eos"),
        ((2, NONE, 3, END), 1, " good", "stop"),
        ((END,), 1, "", "eos"),
        ((NONE, 2), 0, "", "empty"),
        ((2, 3, 2, END), 4, " good bad good", "eos"),
        ((5,), 1, "\ufffd", "stop"),
        ((5, 6), 2, "é", "stop"),
    ],
)
def test_where_a_response_ends(make, ids, length, text, reason):
    env = make()
    env.reset(options={"prompt": "It is"})
    *_, info = env.step(padded(*ids))
    assert (info["response_length"], info["response_text"], info["finish_reason"]) == (length, text, reason)
    assert info["response_mask"].tolist() == [1] * length + [0] * (4 - length)


def test_an_empty_response_earns_nothing(make):
    env = make(reward_design="broadcast")
    env.reset(options={"prompt": "It is good"})
    _, reward, *_, info = env.step([])
    assert (reward, info["finish_reason"], info["token_rewards"].tolist()) == (0.0, "empty", [0.0] * 4)


def test_a_list_is_padded(make):
    env = make()
    results = []
    for action in ([2, END], (2, END), padded(2, END), padded(2, END).astype(np.uint8)):
        env.reset(options={"prompt": "It is"})
        results.append(env.step(action)[4]["token_rewards"].tolist())
    assert results == [[0.0, 0.5, 0.0, 0.0]] * 4


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            np.zeros(3, np.int64),
            r"action must be an integer array of shape \(4,\), got int64 of shape \(3,\)",
        ),
        (np.zeros(4), r"action must be an integer array of shape \(4,\), got float64 of shape \(4,\)"),
        (np.array([0, 0, 0, 10]), r"action must hold ids in \[0, 9\] \(9 stands for no token\), got 10"),
        (np.array([0, -1, 0, 0]), r"action must hold ids in \[0, 9\] \(9 stands for no token\), got -1"),
        ([0] * 5, r"action must hold at most max_new_tokens=4 ids, got 5"),
        ([0, 10], r"action must hold ids in \[0, 9\] \(9 stands for no token\), got 10"),
        ([0.5], r"action must be a list of integer token ids, got 0.5 in it"),
        ([True], r"action must be a list of integer token ids, got True in it"),
        (3, r"action must be an integer array of shape \(4,\), got int"),
        (
            "It",
            r"action must be an integer array of shape \(4,\), got str: encode it by tokenizer.encode, or",
        ),
    ],
)
def test_a_malformed_action_is_refused_and_the_episode_goes_on(make, action, message):
    env = make()
    env.reset(seed=0)
    with pytest.raises(InvalidAction, match=message):
        env.step(action)
    env.step([2])


def test_a_step_needs_a_reset(make):
    env = make()
    with pytest.raises(ResetNeeded, match=r"call reset\(\) before step\(\)"):
        env.step([2])
    env.reset()
    env.step([2])
    with pytest.raises(ResetNeeded, match=r"each step ends its episode: call reset\(\) before step\(\)"):
        env.step([2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"prompt": "It is good good good"},
            "at most max_prompt_tokens=4 tokens long, got 5: 'It is good good",
        ),
        ({"prompt": 3}, r"options\['prompt'\] must be a str, got 3"),
        ({"prompts": ["It"]}, "options must be among 'prompt', got 'prompts'"),
    ],
)
def test_malformed_options_are_refused(make, options, message):
    with pytest.raises(ValueError, match=message):
        make().reset(options=options)


@pytest.mark.parametrize("design", ["terminal", "shuffled", "broadcast"])
def test_the_prompts_drawn_do_not_depend_on_the_design(make, design):
    prompts = [str(number) for number in range(100)]

    def drawn(name):
        env = make(tokenizer="bytes", prompts=prompts, reward_design=name)
        env.reset(seed=5)
        numbers = []
        for _ in range(20):
            env.step([103, 111, 111, 100])
            numbers.append(env.reset()[1]["prompt_id"])
        return numbers

    assert len(set(drawn(design))) > 10
    assert drawn(design) == drawn("potential")


def test_the_same_seed_gives_the_same_episode_under_a_design_that_draws(make):
    env = make(reward_design="shuffled")
    laid = []
    for _ in range(2):
        env.reset(seed=3, options={"prompt": "It is"})
        laid.append(env.step([2, 2, 3, END])[4]["token_rewards"].tolist())
    assert laid[0] == laid[1]


def test_returned_data_is_fresh(make):
    env = make()
    seen = []
    for _ in range(2):
        observation, _ = env.reset(options={"prompt": "It is"})
        last, *_, step_info = env.step([2])
        seen += [*observation.values(), *last.values(), step_info["token_rewards"], step_info["certificate"]]
    assert len({id(part) for part in seen}) == len(seen)
    arrays = [part for part in seen if isinstance(part, np.ndarray)]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


def test_the_rules_add_up_to_the_gain_with_the_real_scorer():
    env = SentimentEnv(prompts=["The film was not good"], split="all", verify=True, objective="strong")
    env.reset(seed=0)
    response = env.tokenizer.encode(", but it is REALLY great!!")
    _, reward, *_, info = env.step(response)
    total = sum(info[f"reward_{rule}"] for rule in RULES)
    before = load_scorer("vader").score([env.reset()[1]["prompt"]])[0]
    assert total == pytest.approx(info["utility"] - abs(before), abs=1e-9)
    assert reward == pytest.approx(total, abs=1e-5)
    assert info["reward_but"] != 0 and info["reward_capitals"] > 0 and info["reward_punctuation"] > 0


@pytest.mark.parametrize("design", ["terminal", "uniform", "potential", "shuffled"])
def test_conserving_designs_pay_the_gain_through_float32(make, design):
    env = make(
        reward_design=design, scorer="vader", tokenizer="bytes", max_prompt_tokens=64, max_new_tokens=64
    )
    env.reset(seed=1, options={"prompt": "A film"})
    _, reward, *_, info = env.step(list(b" so good that I laughed, but the end was awful!"))
    before = load_scorer("vader").score(["A film"])[0]
    assert reward == pytest.approx(info["utility"] - before, abs=1e-5)


class Lying:
    """The toy scorer with one method that returns what it must not."""

    def __init__(self, honest, **overrides):
        self._honest = honest
        self.__dict__.update(overrides)

    def __getattr__(self, name):
        return getattr(self._honest, name)


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (
            lambda texts: np.full(len(texts), np.nan),
            "scorer 'words' must return 2 finite scores, got nan for",
        ),
        (lambda texts: np.zeros(1), r"scorer 'words' must return 2 finite scores, got shape \(1,\)"),
        (
            lambda texts: np.full(len(texts), 1.5),
            r"declares bounded=True: scores must be in \[-1, 1\], got 1.5",
        ),
    ],
)
def test_a_scorer_that_breaks_its_word_is_an_error(make, word_count, score, message):
    env = make(scorer=Lying(word_count(), score=score))
    env.reset(options={"prompt": "It is"})
    with pytest.raises(ValueError, match=message):
        env.step([2])


def test_a_prefix_without_a_score_is_named(make, word_count):
    def prefix_scores(prompt, response, char_ends):
        return np.full(len(char_ends), np.inf)

    env = make(
        scorer=Lying(word_count(), prefix_scores=prefix_scores), reward_design="potential", boundary="open"
    )
    env.reset(options={"prompt": "It is"})
    with pytest.raises(ValueError, match=r"scorer 'words' must return .* finite scores, got inf for 'It is"):
        env.step([2, 2, 2])


def test_a_scorer_that_raises_is_named(make, word_count):
    def score(texts):
        raise KeyError("no such model")

    env = make(scorer=Lying(word_count(), score=score))
    env.reset(options={"prompt": "It is"})
    with pytest.raises(KeyError, match="no such model") as raised:
        env.step([2])
    assert raised.value.__notes__ == ["raised by scorer 'words'"]


@pytest.mark.parametrize(
    "rewards",
    [lambda e: np.full(4, np.nan), lambda e: np.ones(4), lambda e: np.zeros(3)],
    ids=["NaN", "padding", "shape"],
)
def test_a_design_that_breaks_the_contract_is_an_error(make, rewards):
    env = make(reward_design=Design("mine", lambda evidence, *, rng: rewards(evidence)))
    env.reset(options={"prompt": "It is"})
    with pytest.raises(
        ValueError, match="reward design 'mine' must return 4 finite rewards, zero after the 2"
    ):
        env.step([2, END])


def test_a_plain_function_is_a_design(make):
    def hindsight(evidence, *, rng, scale):
        assert evidence.hindsight.units().tolist() == [[6, 10], [11, 14]]
        # without "good" the text is bad (-1/2), without "bad" it is good (1/2), the prompt counts 0
        without = [evidence.utility_without([word]) for word in range(2)]
        assert without == [-0.5, 0.5]
        with pytest.raises(ValueError, match=r"scorer 'words' offers no attributions, asked for 'gradient'"):
            evidence.hindsight.attributions("gradient")
        return np.array([*(scale * (evidence.utility - value) for value in without), 0.0, 0.0])

    env = make(reward_design=hindsight, reward_design_kwargs={"scale": 2})
    env.reset(options={"prompt": "It is"})
    *_, info = env.step([2, 3])
    assert info["token_rewards"].tolist() == [1.0, -1.0, 0.0, 0.0]
    assert info["reward_design"] == "hindsight"


def test_prefixes_are_scored_only_for_designs_that_read_them(make, word_count):
    for design, calls in (("terminal", 1), ("potential", 2)):
        scorer = Lying(
            honest := word_count(),
            certify=lambda prompt, response: Certificate(
                "words", "0", False, {}, 0, -0.5 * (response == " bad"), ()
            ),
        )
        env = make(scorer=scorer, reward_design=design)
        env.reset(options={"prompt": "It is"})
        env.step([2, 3, END])
        assert len(honest.calls) == calls
        assert honest.calls[0] == ["It is", "It is good bad"]
        env.reset(options={"prompt": "It is"})
        env.step([3])
        assert honest.calls[calls] == ["It is bad"]  # the prompt's score is kept


class Coin:
    def predict(self, texts):
        return np.array([len(text) / 100 for text in texts])


def test_the_judge_reads_the_whole_text_and_is_reported_only_when_asked_for(make):
    env = make(judge=Coin())
    env.reset(options={"prompt": "It is"})
    *_, info = env.step([2])
    assert set(info) == STEP_KEYS | {"judge"}
    assert info["judge"] == 0.10 and type(info["judge"]) is float


def test_a_judge_must_return_probabilities(make):
    env = make(judge=Lying(None, predict=lambda texts: np.array([1.5])))
    env.reset()
    with pytest.raises(ValueError, match=r"judge must return 1 probabilities in \[0, 1\], got \[1.5\]"):
        env.step([2])


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"scorer": Judge}, "the judge is reported, never trained against"),
        (
            {"scorer": "rlsf_gym.domains.sentiment.judge:Judge"},
            "the judge is reported, never trained against",
        ),
        ({"scorer": "vadr"}, "unknown scorer 'vadr' .did you mean 'vader'"),
        (
            {"verify": True},
            "verify=True needs a scorer whose certificates can be checked, and 'words' has none",
        ),
        ({"reward_design": "potental"}, "unknown reward design 'potental' .did you mean 'potential'"),
        (
            {"reward_design_kwargs": {"beta": 1}},
            r"'potential' does not take reward_design_kwargs=\{'beta': 1\}",
        ),
        ({"objective": "happy"}, "unknown objective 'happy'"),
        ({"boundary": "half"}, "boundary must be 'closed' or 'open', got 'half'"),
        ({"max_new_tokens": 0}, "max_new_tokens must be an int of at least 1, got 0"),
        ({"max_prompt_tokens": 2.0}, "max_prompt_tokens must be an int of at least 1, got 2.0"),
        ({"judge": 3}, r"judge must have predict\(texts\), got 3"),
        ({"render_mode": "human"}, "render_mode must be None or one of 'ansi', 'rgb_array', got 'human'"),
    ],
)
def test_malformed_arguments_are_refused_at_once(make, kwargs, message):
    with pytest.raises(ValueError, match=message):
        make(**kwargs)


def test_an_unknown_argument_is_named(make):
    with pytest.raises(TypeError, match=r"argument 'reward_desing' \(did you mean 'reward_design'"):
        make(reward_desing="terminal")


def test_verify_refuses_a_certificate_that_does_not_hold():
    honest = load_scorer("vader")

    def forge(prompt, response):
        return honest.certify(prompt, response + " good" * (prompt == "It is"))

    env = SentimentEnv(scorer=Lying(honest, certify=forge), verify=True, prompts=["It is"], split="all")
    env.reset()
    with pytest.raises(CertificateError):
        env.step(env.tokenizer.encode(" bad"))


def test_verify_refuses_a_score_that_the_certificate_does_not_show():
    honest = load_scorer("vader")
    scorer = Lying(honest, score=lambda texts: honest.score(texts) / 2)
    env = SentimentEnv(scorer=scorer, verify=True, prompts=["It is"], split="all", reward_design="terminal")
    env.reset()
    with pytest.raises(ValueError, match=r"scorer 'vader' certified the score .* but returned"):
        env.step(env.tokenizer.encode(" bad"))


def test_pickling_goes_on_where_it_was():
    env = SentimentEnv(reward_design="shuffled")
    env.reset(seed=1)
    env.step(env.tokenizer.encode(" good film, really bad"))
    copy = pickle.loads(pickle.dumps(env))
    results = []
    for each in (env, copy):
        _, reset_info = each.reset()
        *_, info = each.step(env.tokenizer.encode(" good film, really bad"))
        results.append((reset_info, info["token_rewards"].tolist()))
    assert results[0] == results[1]


def test_rendering_shows_the_prompt_then_the_response_and_what_it_was_paid(make):
    env = make(render_mode="ansi")
    assert env.render() is None
    env.reset(options={"prompt": "It is"})
    assert env.render() == "It is"
    env.step([2, END])
    shown = env.render()
    assert "It is" in shown and "good" in shown and "+0.50" in shown and "potential" in shown
    silent = make()
    silent.reset()
    assert silent.render() is None
