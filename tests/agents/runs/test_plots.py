"""agents/runs/plots.py: what a figure says is text, and it goes where its name says."""

import io

import pytest

from agents.runs.plots import draw_run

pytestmark = pytest.mark.whole

pytest.importorskip("matplotlib")
ROWS = [
    {"iteration": i, "episodes": 8 * i, "env/score": 0.1 * i, "objective/kl": 0.2, "objective/scores": 0.3}
    for i in (1, 2, 3)
]


def draw(path, rows=ROWS, title="a run"):
    draw_run(path, rows, before=None, after=None, title=title)
    return path.read_bytes()


@pytest.mark.parametrize(
    "title", ["$x^2$ costs $5", r"$\frac{1$", "a_b^c", r"\alpha", "a\x1b[31m\nb", "", "\ud800"]
)
def test_a_title_is_no_formula(tmp_path, title):
    assert draw(tmp_path / "curves.png", title=title).startswith(b"\x89PNG")


def test_dollars_are_drawn_as_they_are(tmp_path):
    """A formula would leave its dollars out, and be drawn like the text without them."""
    formula, letters = (draw(tmp_path / f"{i}.png", title=title) for i, title in enumerate(("$x$", "x")))
    assert formula != letters
    one, two = (draw(tmp_path / f"{i}.png", title=title) for i, title in enumerate(("$x$", "$x$")))
    assert one == two


def test_rows_that_lack_a_number(tmp_path):
    rows = [ROWS[0], {**ROWS[1], "env/score": None}, {**ROWS[2], "objective/kl": None}]
    assert draw(tmp_path / "curves.png", rows).startswith(b"\x89PNG")


def test_rows_without_a_score_are_drawn_by_what_was_paid(tmp_path):
    rows = [{key: value for key, value in row.items() if key != "env/score"} for row in ROWS]
    paid = draw(tmp_path / "paid.png", rows)
    without = [{**row, "objective/scores": None} for row in rows]
    assert paid != draw(tmp_path / "nothing.png", without)


def test_a_path_that_can_not_be_written_leaves_nothing(tmp_path):
    with pytest.raises(OSError):
        draw(tmp_path / "no folder" / "curves.png")
    assert io.BytesIO(draw(tmp_path / "curves.png")).getvalue()
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]
