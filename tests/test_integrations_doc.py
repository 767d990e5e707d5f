"""docs/integrations.md: a checker of one's own with another reward beside it, and how reasoning is paid."""

import re
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.certificates import Certificate
from rlsf_gym.domains import Domain, Samples
from rlsf_gym.integrations.environments import EnvironmentScorer
from rlsf_gym.text.segmentation import Symbols
from tests.helpers.digits import make_digits

PAGE = (Path(__file__).parents[1] / "docs" / "integrations.md").read_text(encoding="utf-8")
ID = "rlsf_gym:rlsf_gym/Sentiment-v0"


def test_a_reward_of_ones_own_is_added_to_the_last_token():
    (block,) = (
        block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "WithLength" in block
    )
    names = {}
    exec(block, names)
    scorer, plain = names["SCORER"], EnvironmentScorer(ID, max_new_tokens=1024)
    ids = [[*gym.make(ID).unwrapped.tokenizer.encode(" good fun")], []]
    with_length = scorer.score(ids, prompts=["It was", "It was"])
    without = plain.score(ids, prompts=["It was", "It was"])
    *first, last = without.token_rewards[0]
    assert with_length.token_rewards == [[*first, pytest.approx(last - 0.001 * len(ids[0]))], []]
    assert with_length.rewards == pytest.approx([without.rewards[0] - 0.001 * len(ids[0]), 0.0])


@pytest.mark.parametrize("design", ["potential", "terminal"])
def test_token_rewards_add_up_to_the_outcome_less_the_score_of_the_prompt(design):
    """The prompt `5=` is worth 1/6 to the verdict of digits, whatever it says of prefixes."""
    scorer = EnvironmentScorer(ID, domain=make_digits(), scorer="verdict", reward_design=design)
    scored = scorer.score([[*b"32"], [*b"31"], [*b"99"]], instances=[{"target": 5}] * 3)
    assert scored.rewards == pytest.approx([1 - 1 / 6, -1 / 6, -1 / 6])


class AfterReasoning:
    """Counts the marks behind `</think>`; values prefixes before it alike. A scorer without reasons."""

    name, bounded, verifiable, rules = "after", True, False, ()

    def score(self, texts):
        return np.array(
            [min(text.rpartition("</think>")[2].count("!"), 4) / 4 for text in map(_answer, texts)]
        )

    def prefix_scores(self, prompt, response, char_ends):
        return self.score([prompt + response[:end] for end in char_ends])

    def certify(self, prompt, response):
        before, after = self.score([prompt, prompt + response]).tolist()
        return Certificate.opaque(
            scorer="after", model_hash="1", labels={}, prompt_score=before, score=after, length=len(response)
        )


def _answer(text):
    return text if "</think>" in text else ""


def test_what_stands_before_the_end_of_reasoning_is_paid_nothing():
    domain = Domain(
        name="marks", scorers={"after": AfterReasoning}, segmentation=Symbols("!"), samples=Samples((b"!",))
    )
    given = {"prompts": ["Ask:"], "tokenizer": "bytes", "max_new_tokens": 32}
    env = gym.make(ID, domain=domain, **given)
    env.reset(options={"prompt": "Ask:"})
    text = b"<think>a! b!</think>yes!!"
    paid = env.step(list(text))[4]["token_rewards"]
    assert paid[: len(text)].tolist() == [*[0.0] * (len(text) - 2), 0.25, 0.25]


def test_a_puzzle_takes_reasoning_before_an_answer_for_a_wrong_answer():
    env = gym.make(
        "rlsf_gym:rlsf_gym/Countdown-v0", tokenizer="bytes", max_new_tokens=64, max_prompt_tokens=32
    )
    solved = []
    for before in (b"", b"<think>hm</think>"):
        env.reset(options={"instance": {"numbers": [2, 3, 7], "target": 13}})
        solved.append(env.step([*before, *b"2*3=6,6+7=13"])[4]["solved"])
    assert solved == [1.0, 0.0]
