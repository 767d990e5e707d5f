"""examples/measurements/draw_curves.py: which arms are drawn, and how far; a figure of a committed study."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

RESULTS = Path(__file__).parents[3] / "docs" / "results"
CURVES = {
    "episodes": [0.0, 8.0, 16.0],
    "alive": [2, 2, 1],
    "mean": {"score": [0.1, 0.2, 0.3]},
    "runs": {"score": [[0.1, 0.2, 0.3], [0.1, 0.2]]},
}
NUMBERS = {"arms": [{"name": "a b", "curves": CURVES}, {"name": "c", "curves": CURVES}], "contrasts": [1]}


def test_arms_are_chosen_by_name_up_to_so_many_episodes():
    from examples.measurements.draw_curves import chosen

    (arm,) = chosen(NUMBERS, {"a b": "mine"}, 8)["arms"]
    assert (arm["name"], arm["label"], arm["panel"]) == ("a b", "mine", "")
    assert arm["curves"] == {
        "episodes": [0.0, 8.0],
        "alive": [2, 2],
        "mean": {"score": [0.1, 0.2]},
        "runs": {"score": [[0.1, 0.2], [0.1, 0.2]]},
    }
    with pytest.raises(ValueError, match="expected an arm of a b, c, got 'd'"):
        chosen(NUMBERS, {"d": "mine"}, 8)


def test_a_committed_study_is_drawn(tmp_path, capsys):
    from examples.measurements.draw_curves import main

    study, out = str(RESULTS / "tiny-quick.jsonl.xz"), tmp_path / "curves.png"
    assert main([study, "potential=paid at once", "terminal=at the end", "--out", str(out)]) == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    assert main([study, "nobody=x", "--out", str(out)]) == 1
    assert capsys.readouterr().err.startswith("error: expected an arm of ")
