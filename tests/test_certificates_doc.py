"""docs/certificates.md: its table has every field, and its example is a scorer that check_scorer passes."""

import dataclasses
import re
from pathlib import Path

import gymnasium as gym
import pytest

from rlsf_gym.certificates import Certificate
from rlsf_gym.checker import CHECKERS

PAGE = (Path(__file__).parents[1] / "docs" / "certificates.md").read_text(encoding="utf-8")


def test_the_table_has_each_field():
    named = set(re.findall(r"`(\w+)`", PAGE.partition("| --- | --- |")[2].partition("\n\n")[0]))
    assert {field.name for field in dataclasses.fields(Certificate) if field.init} <= named


def test_the_example_runs_and_pays_its_rule():
    names = {}
    try:
        exec(re.search("```python\n(.*?)```", PAGE, re.DOTALL)[1], names)
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
