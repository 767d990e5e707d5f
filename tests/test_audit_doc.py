"""docs/audit.md: every check is explained, and its screen is what the command prints."""

import re
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from rlsf_gym.audit import CHECKS, Passed, Report, Undecided
from rlsf_gym.audit.dense import DesignRow
from rlsf_gym.audit.findings import Evidence
from rlsf_gym.audit.plain import plain
from rlsf_gym.commands.audit import main

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")


def fence(kind):
    return re.search(rf"^```{kind}\n(.*?)^```", PAGE, flags=re.M | re.S)[1]


def without_times(text):
    text = re.sub(r"paid in \d+\.\d s", "paid in 1.0 s", text)
    return re.sub(r"^(ok +slow +).*$", r"\1fast", text, flags=re.M)


def test_every_check_is_in_the_table():
    rows = PAGE.split("## The checks")[1].split("## JSON")[0]
    named = [
        name
        for row in re.findall(r"^\| (`[^|]*) \|", rows, flags=re.M)
        for name in re.findall(r"`([\w-]+)`", row)
    ]
    assert sorted(named) == sorted(CHECKS)


def test_every_key_of_the_report_is_told():
    report = Report("a:b", "trl", False, (), 1, False, 1, 1.0, 1.0, ())
    told = set(re.findall(r"`(\w+)`", PAGE.split("## JSON")[1]))
    assert set(plain(report, status=0)) <= told
    assert {field.name for kind in (DesignRow, Evidence, Passed, Undecided) for field in fields(kind)} <= told


@pytest.mark.whole
def test_the_screen_is_what_is_printed(tmp_path, monkeypatch, capsys):
    (tmp_path / "my_reward.py").write_text(fence("python"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert main(["my_reward:reward"]) == 2
    assert without_times(capsys.readouterr().out) == without_times(fence("text"))


def test_the_number_of_patterns_is_that_of_the_table():
    text = (ROOT / "tests/rlsf_gym/audit/rewards/faulty.py").read_text(encoding="utf-8")
    faults = text.split("FAULTS = {")[1].split("\n}")[0]
    count = len(re.findall(r'^    "', faults, flags=re.M))
    assert f"holds {count} rewards" in PAGE
