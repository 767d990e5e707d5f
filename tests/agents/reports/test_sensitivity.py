"""Speed-ups under other goals and limits, against a study whose truth is known."""

import math

import pytest

from agents.reports.numbers import analyse
from agents.reports.report import make, tables_markdown
from agents.reports.sensitivity import sensitivity_table
from agents.studies.files import read_results

MARKED = "primary = true\nsensitivity = true"


@pytest.fixture
def study(tmp_path, load_beside, known):
    """Returns a function: truth -> study and results, its primary contrast marked.

    Scores rise to 0.8 of 1.0 at 1000 to 1600 episodes, under potential at half of that.
    """
    synthetic = load_beside("synthetic_study")

    def made(**truth):
        def told(cell):
            if known.is_best_of(cell):
                return {"records": synthetic.attainable_records(0.0, 1.0)}
            return {"score": synthetic.ramp(known.times(cell)), **truth}

        toml = known.STUDY.replace("primary = true", MARKED)
        plan, _ = synthetic.write_study(tmp_path / "marked", toml, told)
        return plan, read_results(tmp_path / "marked")

    return made


def rows_of(plan, results):
    (one,) = analyse(results, plan)["sensitivity"]
    return one, {(row["share"], row["max_kl"]): row for row in one["rows"]}


def test_goals_and_limits_stand_side_by_side(study):
    one, rows = rows_of(*study())
    assert (one["treatment"], one["control"]) == ("potential", "terminal")
    # The study's own goal is 0.75 of the way; its limit of 4 nats is never met, as all stay within 2.
    shares = [0.5, 0.6, 0.7, 0.75, 0.8, 0.9]
    assert list(rows) == [(share, limit) for share in shares for limit in (10.0, 4.0, None)]
    for share in shares[:4]:  # 0.8 is the top, where rounding decides
        row = rows[share, 4.0]
        assert row["goal"] == pytest.approx(share) and row["reached"] == [4, 4] and row["n"] == 4
        assert row["speed_ups"]["episodes_to_goal"]["value"] == pytest.approx(2.0, rel=1e-5)
    assert [key for key, row in rows.items() if row["own"]] == [(0.75, 4.0)]


def test_a_goal_that_nobody_reaches_is_no_number(study):
    one, rows = rows_of(*study())
    assert rows[0.9, 10.0]["reached"] == [0, 0]
    table = sensitivity_table(one)
    assert table.rows[-1] == ("0.9", "0.900", "any", "0 of 4 and 0 of 4", "no run of either got there")
    assert table.head[-1] == "fewer episodes"  # tokens were not logged, seconds not measured
    (strong,) = table.strong
    assert table.rows[strong][:3] == ("0.75", "0.750", "4.00")


def test_runs_of_one_arm_that_stray_too_far_make_a_bound(study):
    """8 nats at 2000: the slow arm is beyond 4 nats from 1000 on, with 0.75 reached at 938 to 1500."""
    _, rows = rows_of(*study(kl=lambda x: x / 250))
    bounded = rows[0.75, 4.0]
    assert bounded["reached"] == [4, 1]
    assert bounded["speed_ups"]["episodes_to_goal"]["bound"] == "lower"
    free = rows[0.75, None]["speed_ups"]["episodes_to_goal"]
    assert free["bound"] is None and free["value"] == pytest.approx(2.0, rel=1e-5)


def test_a_ratio_that_both_arms_cut_off_says_up_to_where(study):
    """20 nats at 2000, so that 4 nats are met at 400: one run of potential is at half of the way by then."""
    one, rows = rows_of(*study(kl=lambda x: x / 100 if x else 0.0))
    row = rows[0.5, 4.0]  # reached at 312.5, 375, 437.5, 500 and at twice as much
    assert row["reached"] == [2, 0]
    text = next(cells for cells in sensitivity_table(one).rows if cells[:3] == ("0.5", "0.500", "4.00"))[4]
    assert text.endswith("] up to 2,000") and text[0] not in "≥≤"
    value = 8000 / (312.5 + 375 + 2000 + 2000)
    assert row["speed_ups"]["episodes_to_goal"]["value"] == pytest.approx(value, rel=1e-5)
    assert math.isclose(value, 1.7066, rel_tol=1e-3)


def test_a_report_has_the_table_where_a_contrast_is_marked(study):
    plan, results = study()
    marked = make(results, plan)
    assert "under other goals and limits" in tables_markdown(marked)
    assert "Under other goals" in [section.title for section in marked.sections]
    bare = make(results, plan.__class__(**{**vars(plan), "contrasts": plan.contrasts[1:]}))
    assert "sensitivity" not in bare.numbers and "other goals" not in tables_markdown(bare)
