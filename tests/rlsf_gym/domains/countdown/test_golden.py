"""Values of prefixes are those that were worked out by listing all answers, and the checker proves them."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rlsf_gym.certificates.checking import verify
from rlsf_gym.domains import load_domain
from tests.helpers.loaded import load_file

RECORD = Path(__file__).parents[3] / "helpers" / "countdown_golden.py"
ROWS = json.loads(RECORD.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("value", ["random", "solvable"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['form']}-{row['numbers']}-{row['target']}")
def test_values_are_the_recorded_ones(row, value):
    domain = load_domain("countdown", form=row["form"], use=row["use"], value=value, require_solvable=False)
    instance = domain.instances("all").make({"numbers": row["numbers"], "target": row["target"]})
    for prefix, (fraction, is_right) in row["values"].items():
        chance = float(Fraction(fraction))
        expected = chance if value == "random" else float(chance > 0.0)
        ends = np.array([0, len(prefix)])
        found = domain.load_scorer().assess([instance], [prefix], [ends])[0]
        assert found.prefix_scores[1] == pytest.approx(expected, abs=1e-12)
        assert found.certificate.score == float(is_right)
        proof = verify(found.certificate, instance.prompt, prefix, instance)
        assert proof.values(ends.tolist())[1] == pytest.approx(expected, abs=1e-12)


def test_the_recording_would_show_a_wrong_value():
    values = [Fraction(fraction) for row in ROWS for fraction, _ in row["values"].values()]
    assert len(ROWS) == 20
    assert len({*values}) > 25
    assert sum(is_right for row in ROWS for _, is_right in row["values"].values()) > 10
    assert {(row["form"], row["use"]) for row in ROWS} == {
        (form, use) for form in ("steps", "expression") for use in ("all", "any")
    }


@pytest.mark.whole
def test_the_recording_is_what_its_command_writes():
    assert json.loads(json.dumps(load_file(RECORD).record())) == ROWS
