"""docs/certificates.md: its table has every field, and its example is a scorer that check_scorer passes."""

import dataclasses
import re
from pathlib import Path

import gymnasium as gym
import pytest

from rlsf_gym.certificates import Certificate
from rlsf_gym.checker import CHECKERS, RECOMPUTABLE

PAGE = (Path(__file__).parents[1] / "docs" / "certificates.md").read_text(encoding="utf-8")


def block_with(text):
    """Returns the page's block of Python that has a text."""
    (block,) = (one for one in re.findall("```python\n(.*?)```", PAGE, re.DOTALL) if text in one)
    return block


def test_certificates_of_vader_are_checked_and_pay_what_the_page_says():
    names = {}
    exec(block_with(".check("), names)
    assert {"base", "negation", "but"} <= {record.rule for record in names["certificate"].records}
    lines = block_with("recompute_rewards(").splitlines()
    start = lines.index("recompute_rewards(")
    exec("\n".join([*lines[:start], "paid = " + "\n".join(lines[start:])]), names)
    first, second = names["paid"]
    assert first == 0.0 and str(second).startswith("-0.3412") and lines[-1].endswith("# [0.0, -0.3412...]")


def test_the_page_names_the_designs_whose_rewards_are_proved():
    (sentence,) = re.findall(r"was paid by (.*?)\(`rlsf_gym.checker.RECOMPUTABLE`\)", PAGE, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", sentence)) == set(RECOMPUTABLE)


def test_the_table_has_each_field():
    named = set(re.findall(r"`(\w+)`", PAGE.partition("| --- | --- |")[2].partition("\n\n")[0]))
    assert {field.name for field in dataclasses.fields(Certificate) if field.init} <= named


def test_the_example_runs_and_pays_its_rule():
    names = {}
    try:
        exec(block_with("class Shouts"), names)
        env = gym.make(
            "rlsf_gym:rlsf_gym/Sentiment-v0",
            scorer=names["Shouts"](),
            reward_design="rule_certificate",
            verify=True,
        )
        env.reset(options={"prompt": "Well!"})
        *_, info = env.step(env.unwrapped.tokenizer.encode(" Oh! Oh!"))
    finally:
        CHECKERS.pop("shouts", None)
    assert info["score"] == pytest.approx(0.3)
    assert info["reward_shout"] == pytest.approx(0.2)
    assert info["token_rewards"].sum() == pytest.approx(0.2)


def test_lines_can_be_read_in_a_diff():
    assert max(map(len, PAGE.splitlines())) <= 100
