"""examples/measurements/draw_dial.py: which speed-ups are drawn, and where."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

RESULTS = Path(__file__).parents[3] / "docs" / "results"
PLAIN = {"value": 1.5, "low": 1.25, "high": 1.75, "bound": None, "none_reached": False}
NUMBERS = {
    "contrasts": [
        {"name": "half", "speed_up": PLAIN},
        {"name": "bound", "speed_up": {**PLAIN, "bound": "lower"}},
        {"name": "none", "speed_up": {**PLAIN, "none_reached": True}},
    ],
    "goal": {"share": 0.8},
    "sensitivity": [
        {
            "name": "bound",
            "rows": [
                {"share": 0.8, "max_kl": 15.0, "speed_ups": {"episodes_to_goal": {**PLAIN, "value": 9.0}}},
                {"share": 0.8, "max_kl": None, "speed_ups": {"episodes_to_goal": PLAIN}},
                {"share": 0.5, "max_kl": None, "speed_ups": {"episodes_to_goal": {**PLAIN, "value": 8.0}}},
            ],
        }
    ],
}


def test_bounds_and_unknown_contrasts_are_refused():
    from examples.measurements.draw_dial import speed_up_in

    assert speed_up_in(NUMBERS, "half") == PLAIN
    with pytest.raises(ValueError, match="expected a contrast of half, bound, none, got 'x'"):
        speed_up_in(NUMBERS, "x")
    for name in ("bound", "none"):
        with pytest.raises(ValueError, match="whose runs all got to the goal, got a bound or none"):
            speed_up_in(NUMBERS, name)


def test_a_contrast_is_read_without_the_limit():
    from examples.measurements.draw_dial import speed_up_in

    assert speed_up_in(NUMBERS, "bound", limited=False) == PLAIN
    with pytest.raises(ValueError, match="expected a contrast of bound, got 'half'"):
        speed_up_in(NUMBERS, "half", limited=False)


def test_points_levels_and_the_control_stand_where_they_are_said_to():
    from agents.reports.look import Look
    from examples.measurements.draw_dial import draw

    points = {1.0: {**PLAIN, "value": 2.0, "high": 2.5}, 0.5: PLAIN}
    (panel,) = draw(points, {"level": PLAIN}, 0.0, "dial", Look()).axes
    lines = [line.get_xydata().tolist() for line in panel.lines]
    assert [[0.0, 1.0], [0.5, 1.5], [1.0, 2.0]] in lines and [[0.0, 1.0]] in lines
    assert panel.get_xlabel() == "dial" and panel.get_xticks().tolist() == [0.0, 0.5, 1.0]
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["level"]


def test_a_committed_study_is_drawn(tmp_path, capsys):
    from examples.measurements.draw_dial import main

    study, out = str(RESULTS / "tiny.jsonl.xz"), tmp_path / "dial.png"
    primary = "Token-level against the scalar standard, 16 tokens"
    assert main([study, f"{primary}=1", "--x", "lambda", "--out", str(out)]) == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    assert main([study, "nobody=1", "--x", "lambda", "--out", str(out)]) == 1
    assert capsys.readouterr().err.startswith("error: expected a contrast of ")
