import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.domains import load_domain
from rlsf_gym.testing import check_domain
from rlsf_gym.text.tokenizer import load_tokenizer
from tests.helpers.countdown import begin, draw


@pytest.mark.whole
@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"use": "any", "value": "solvable", "numbers": (2, 4), "low": 0},
        {"source": "classic24"},
        {"form": "expression"},
        {"form": "expression", "use": "any", "value": "solvable", "numbers": (2, 5), "low": 0},
    ],
)
def test_the_domain_keeps_what_it_promises(kwargs):
    check_domain("countdown", kwargs=kwargs, trials=20)


def test_the_tokenizer_has_the_numbers_to_49_and_signs():
    tokenizer = load_tokenizer("countdown")
    assert (tokenizer.vocab_size, tokenizer.eos_token_id) == (62, 61)
    assert [tokenizer.token_bytes(token).decode() for token in range(50)] == [*map(str, range(50))]
    assert [tokenizer.token_bytes(token).decode() for token in range(50, 61)] == [
        " ", " -> ", ": ", "+", "-", "*", "/", "=", ",", "(", ")"
    ]  # fmt: skip
    pieces = [tokenizer.token_bytes(token) for token in tokenizer.encode("5 61 -> 12: 50-1=49")]
    assert pieces == [b"5", b" ", b"6", b"1", b" -> ", b"12", b": ", b"5", b"0", b"-", b"1", b"=", b"49"]


@pytest.mark.parametrize(
    "kwargs",
    [{}, {"numbers": 6, "high": 100, "target": (100, 999)}, {"source": "classic24"}, {"numbers": (2, 4)}],
)
def test_prompts_and_usual_answers_have_room(kwargs):
    domain, rng = load_domain("countdown", **kwargs), np.random.default_rng(0)
    tokenizer, source = load_tokenizer("countdown"), domain.instances("train")
    for _ in range(5):
        puzzle = source.sample(rng)
        assert len(tokenizer.encode(puzzle.prompt)) <= domain.defaults["max_prompt_tokens"]
        if len(puzzle.data["numbers"]) < 5:
            answer = draw(begin(puzzle.data["numbers"], puzzle.data["target"]), rng)[0]
            if "(" not in answer:
                assert len(tokenizer.encode(answer)) < domain.defaults["max_new_tokens"]


def test_environments_pay_the_token_that_decides():
    env = gym.make("rlsf_gym/Countdown-v0")
    tokenizer = load_tokenizer("countdown")
    env.reset(seed=0, options={"instance": {"numbers": [5, 7, 11], "target": 24}})
    action = np.full(26, 62)
    ids = [*tokenizer.encode("7*5=35,35-11=24"), tokenizer.eos_token_id]
    action[: len(ids)] = ids
    _, reward, *_, info = env.step(action)
    assert reward == pytest.approx(1 - 1 / 96)
    # 7, *, 5, =, 35, ",", 35, -, 11, =, 24, end
    expected = [1 / 64 - 1 / 96, 3 / 64, 1 / 16, 0, 0, 0, 1 / 8, 3 / 4, *[0] * 18]
    assert info["token_rewards"] == pytest.approx(expected)
    assert info["certificate_payload"]["status"] == "solved"


@pytest.mark.parametrize("name", ["countdown", "bytes", "bundled"])
def test_every_tokenizer_is_paid_alike(name):
    tokenizer = load_tokenizer(name)
    env = gym.make("rlsf_gym/Countdown-v0", tokenizer=name, max_prompt_tokens=32, max_new_tokens=32)
    env.reset(seed=0, options={"instance": {"numbers": [3, 25, 10], "target": 38}})
    text = "25+10=35,3+35=38"
    action = np.full(32, tokenizer.vocab_size)
    ids = tokenizer.encode(text)
    action[: len(ids)] = ids
    _, reward, *_, info = env.step(action)
    assert reward == pytest.approx(1.0 - load_domain("countdown").load_scorer().assess(
        [env.unwrapped.task.make_instance({"numbers": [3, 25, 10], "target": 38}, "instance")],
        [""], [np.array([0])])[0].certificate.prompt_score)  # fmt: skip
    ends = np.cumsum([len(tokenizer.token_bytes(token)) for token in ids])
    values = np.cumsum(info["token_rewards"])[: len(ids)]
    again = dict(zip(ends.tolist(), values.tolist(), strict=True))
    # At the ends of symbols all tokenizers have paid as much.
    assert again[len(text)] == pytest.approx(reward)
    assert again[8] == pytest.approx(1 / 2 * 1 / 4 * 1 + 1 / 2 * 1 / 4 - (1 - reward))


def test_impossible_settings_are_refused_where_the_environment_is_made():
    with pytest.raises(ValueError, match="must allow a puzzle"):
        gym.make("rlsf_gym/Countdown-v0", domain_kwargs={"numbers": 2, "high": 2, "target": 900})
