"""Panels beneath the tokens of a response: verdict, board, proof, value, running total and certificate."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rlsf_gym.domains.board import Board, Cell
from rlsf_gym.render.course import step_line
from rlsf_gym.render.html import number_cell, safe, side_of, signed, wide_table
from rlsf_gym.render.numbers import VISIBLE
from rlsf_gym.render.proof import ToldProof
from rlsf_gym.render.sample import Sample, TokenView
from rlsf_gym.render.verdict import show_value

__all__ = ["is_gone", "panels"]

_ROUNDING = 1e-5  # of rewards in single precision, added up


def panels(sample: Sample, *, least: float = VISIBLE) -> str:
    """Returns what is known of a response as a whole, as HTML; rewards below `least` are shown as 0."""
    board = "" if sample.board is None else _board(sample.board)
    proof = "" if sample.proof is None else _proof(sample.proof)
    return f"{_verdict(sample)}{board}{proof}{_values(sample)}{_course(sample, least)}{_evidence(sample)}"


def is_gone(token: TokenView) -> bool:
    """Returns whether it is known that no right answer begins with what is written up to a token."""
    return token.value is not None and token.completion is None


def _verdict(sample: Sample) -> str:
    """Returns why an answer is not right, and what would be."""
    told = sample.verdict
    if told is None:
        return ""
    why = f'<b class="loss">{safe(told.heading)}:</b> {safe(told.because)}' if told.because else ""
    rest = f'{told.remedy} <span class="witness">{safe(told.kept)}<b>{safe(told.rest)}</b></span>'
    return "".join(f'<p class="proof">{line}</p>' for line in (why, rest if told.rest else "") if line)


def _board(board: Board) -> str:
    """Returns a puzzle with what was answered at its places."""
    told = f'<p class="proof">{safe(board.told)}</p>' if board.told else ""
    if not board.heads:
        return f"{_grid(board)}{told}"
    heads = [f'<th scope="col">{safe(head)}</th>' if head else "<td></td>" for head in board.heads]
    rows = (
        f'<tr><th scope="row">{safe(first.text)}</th>{"".join(map(_place, cells))}</tr>'
        for first, *cells in board.rows
    )
    return wide_table("puzzle", heads, rows, "board") + told


def _grid(board: Board) -> str:
    """Returns a grid of squares, thick lines between its boxes."""
    down, across = board.box
    rows = "".join(
        f"<tr{_border(number, down)}>"
        + "".join(_place(cell, _border(at, across)) for at, cell in enumerate(row))
        + "</tr>"
        for number, row in enumerate(board.rows)
    )
    return f'<table class="grid"><caption>puzzle and answer</caption><tbody>{rows}</tbody></table>'


def _border(number: int, size: int) -> str:
    return ' data-box=""' if size and number and number % size == 0 else ""


def _place(cell: Cell, attributes: str = "") -> str:
    right = f'<small class="right">{safe(cell.right)}</small>' if cell.right else ""
    mark = f' class="{safe(cell.mark)}"' if cell.mark else ""
    return f"<td{mark}{attributes}><i>{safe(cell.text)}</i>{right}</td>"


def _proof(proof: ToldProof) -> str:
    """Returns a proof in one line, its own lines folded beneath."""
    if not proof.lines:
        return f'<p class="proof">{safe(proof.summary)}</p>'
    omitted = f"\n\u2026 and {proof.omitted:,} more in the file" if proof.omitted else ""
    lines = "\n".join(map(safe, proof.lines))
    return (
        f"<details><summary>{safe(proof.summary)}</summary>"
        f'<pre role="group" aria-label="lines of the proof" tabindex="0">{lines}{omitted}</pre></details>'
    )


def _values(sample: Sample) -> str:
    """Returns the value after each token as an SVG step line, what is lost shaded."""
    if sample.prompt_value is None:
        return ""
    values = [sample.prompt_value, *(token.value or 0.0 for token in sample.tokens)]
    alive = sum(not is_gone(token) for token in sample.tokens)
    lost = len(sample.tokens) - alive
    shade = f'<rect class="lost" x="{alive}" y="0" width="{lost}" height="1"/>' if lost else ""
    if not all(map(math.isfinite, values)):  # amounts of somebody else's, which add up to no number
        return ""
    low, high = min(0.0, *values), max(1.0, *values)
    label = f"value, from {show_value(values[0])} to {show_value(values[-1])}"
    return (
        step_line("value", label, values, (low, high), shade) + f"<span>{show_value(values[-1])}</span></div>"
    )


def _course(sample: Sample, least: float) -> str:
    """Returns the running total of the rewards as an SVG step line, unless the values' is the same."""
    totals = [0.0, *(token.total for token in sample.tokens)]
    if _are_changes(totals[1:], sample):
        return ""
    end = signed(sample.total, least=least)
    label = f"running total of the rewards, from 0 to {end}"
    return (
        step_line("running total", label, totals, (min(totals), max(totals)))
        + f'<span class="number {side_of(sample.total, least=least)}">{end}</span></div>'
    )


def _are_changes(totals: Sequence[float], sample: Sample) -> bool:
    """Returns whether the running totals are the changes of the value since the prompt."""
    before = sample.prompt_value
    values = [token.value for token in sample.tokens if token.value is not None]
    if before is None or len(values) < len(totals):
        return False
    rows = zip(totals, values, strict=True)
    return all(math.isclose(total, value - before, abs_tol=_ROUNDING) for total, value in rows)


def _evidence(sample: Sample) -> str:
    rows = [
        f'<tr class="{safe(record.status)}"><td>{safe(record.word)}</td><td>{safe(record.rule)}</td>'
        f"{number_cell(record.amount)}<td>{safe(record.trigger)}</td><td>{safe(record.status)}</td></tr>"
        for record in sample.records
    ]
    if not rows:
        return ""
    unit = "word" if sample.verdict is None else "text"
    heads = [f'<th scope="col">{name}</th>' for name in (unit, "rule", "amount", "trigger", "status")]
    return f"<details><summary>certificate</summary>{wide_table('certificate', heads, rows)}</details>"
