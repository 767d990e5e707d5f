"""Panels beneath a response: the proof folded, the puzzle with its marked cells, tables that scroll."""

import re
from html import unescape

from rlsf_gym.domains.board import Board, Cell
from rlsf_gym.render.html import wide_table
from rlsf_gym.render.panels import panels
from rlsf_gym.render.proof import ToldProof
from rlsf_gym.render.sample import Sample

HOSTILE = "<script>alert('1')</script>\u202e&"


def show(**parts):
    return panels(Sample("", (), None, None, **parts))


def test_a_proof_of_one_line_is_not_folded():
    assert '<p class="proof">all 16 ways were tried</p>' in show(proof=ToldProof("all 16 ways were tried"))


def test_a_proof_of_many_lines_is_folded_and_says_what_is_left_out():
    page = show(proof=ToldProof("proof: 5 lines of DRUP", ("1 0", "-2 0"), 3))
    assert "<details><summary>proof: 5 lines of DRUP</summary>" in page
    assert ">1 0\n-2 0\n\u2026 and 3 more in the file</pre></details>" in page
    assert 'tabindex="0"' in page  # it scrolls by keyboard


def test_a_grid_has_marks_right_digits_and_thick_lines_between_boxes():
    rows = tuple(tuple(Cell(str(4 * row + column)) for column in range(4)) for row in range(4))
    rows = (*rows[:3], (Cell("", "7"), Cell("1", "4", "fatal"), Cell("2", mark="given"), Cell("3")))
    page = show(board=Board(rows, "1 stands at row 1, column 2 already", box=(2, 2)))
    assert page.count("<tr>") == 3 and page.count('<tr data-box="">') == 1
    assert page.count('<td data-box="">') == 3  # the third cell of rows without marks
    assert '<td><i></i><small class="right">7</small></td>' in page
    assert '<td class="fatal"><i>1</i><small class="right">4</small></td>' in page
    assert '<td class="given" data-box=""><i>2</i></td>' in page
    assert '<p class="proof">1 stands at row 1, column 2 already</p>' in page


def test_a_table_of_statements_has_heads_and_names_its_rows():
    rows = ((Cell("A"), Cell("B is a knave", mark="clash"), Cell("knave", "knight", "fatal")),)
    page = show(board=Board(rows, "", ("", "says", "answer")))
    assert '<tr><td></td><th scope="col">says</th><th scope="col">answer</th></tr>' in page
    assert '<th scope="row">A</th><td class="clash"><i>B is a knave</i></td>' in page
    assert "<p class" not in page


def test_hostile_texts_show_and_do_not_act():
    cells = ((Cell(HOSTILE, HOSTILE, HOSTILE),) * 2,)
    for heads in ((), ("", HOSTILE)):
        page = show(board=Board(cells, HOSTILE, heads), proof=ToldProof(HOSTILE, (HOSTILE,)))
        assert "<script" not in page and "\u202e" not in page and "'1'" not in page
        assert "<script>alert('1')</script>\u2039U+202E\u203a&" in unescape(re.sub("<[^>]*>", "", page))


def test_a_table_that_is_too_wide_scrolls_by_itself_and_by_keyboard():
    page = wide_table("numbers & more", ["<th>a</th>"], ["<tr><td>1</td></tr>"], "summary")
    assert page == (
        '<div class="wide" role="group" aria-label="numbers &amp; more" tabindex="0"><table class="summary">'
        "<thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table></div>"
    )
