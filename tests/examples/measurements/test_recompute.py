"""recompute.py: code that shares nothing with `agents` finds primary contrasts to the last digit shown."""

import subprocess
import sys
from pathlib import Path

import pytest

from agents.reports.effects import effect_text
from agents.reports.report import open_report
from agents.studies.read import read_study

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "examples" / "measurements" / "recompute.py"
RESULTS = sorted((ROOT / "docs" / "results").glob("*.jsonl.xz"))


def primary_of(path):
    study = read_study(path.with_name(path.name.replace(".jsonl.xz", ".toml")))
    return next((one for one in study.contrasts if one.primary), None)


def recomputed(path):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(path)], capture_output=True, text=True, check=True, cwd=path.parent
    )
    return done.stdout.splitlines()


ASKED = [path for path in RESULTS if primary_of(path) is not None]


def test_it_is_short_and_shares_no_code():
    text = SCRIPT.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    assert "agents" not in text and "rlsf_gym" not in text


def test_there_are_primary_contrasts():
    assert {path.name for path in ASKED} >= {"tiny.jsonl.xz", "tiny-quick.jsonl.xz", "candidates.jsonl.xz"}
    assert recomputed(next(path for path in RESULTS if primary_of(path) is None)) == []


@pytest.mark.parametrize("path", ASKED, ids=lambda path: path.name)
def test_the_report_and_the_recomputation_agree(path):
    report, _ = open_report(path)
    (one,) = [one for one in report.numbers["contrasts"] if one["primary"]]
    text = effect_text(one, report.measures[one["measure"]])
    assert recomputed(path) == [f"{one['name']}: {text}"]


@pytest.mark.parametrize("interval", ["t", "bca", "percentile"])
def test_they_agree_under_every_interval(tmp_path, interval):
    source = next(path for path in RESULTS if path.name == "tiny-quick.jsonl.xz")
    packed = tmp_path / source.name
    packed.write_bytes(source.read_bytes())
    toml = source.with_name("tiny-quick.toml").read_text(encoding="utf-8")
    changed = toml.replace('interval = "percentile"', f'interval = "{interval}"')
    packed.with_name("tiny-quick.toml").write_text(changed, encoding="utf-8")
    report, _ = open_report(packed)
    (one,) = [one for one in report.numbers["contrasts"] if one["primary"]]
    assert recomputed(packed) == [f"{one['name']}: {effect_text(one, report.measures[one['measure']])}"]


def refused(path):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    "changed",
    [
        ('measure = "episodes_to_goal"', 'measure = "judge"'),
        ("primary = true", 'primary = true\nagainst = { "config.lam" = 1.0 }'),
    ],
)
def test_what_it_can_not_recompute_is_one_line(tmp_path, changed):
    source = next(path for path in RESULTS if path.name == "tiny-quick.jsonl.xz")
    packed = tmp_path / source.name
    packed.write_bytes(source.read_bytes())
    assert refused(packed) == f"expected {tmp_path / 'tiny-quick.toml'} beside {packed}"
    toml = source.with_name("tiny-quick.toml").read_text(encoding="utf-8")
    packed.with_name("tiny-quick.toml").write_text(toml.replace(*changed, 1), encoding="utf-8")
    name = "Token-level against the scalar standard"
    assert refused(packed) == f"{packed}: expected a primary contrast of episodes_to_goal, got {name}"
