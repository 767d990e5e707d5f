"""Chances and ways from all numbers that can be left, level by level, in arrays.

A level holds each multiset of k numbers that steps can leave, R of them, once. From two numbers on the worth
follows from the six results of a pair, which are held against the six results that the target asks for.
Numbers are int64 pairs of numerator and denominator in lowest terms: where products could leave that range,
nothing is returned, and the search goes on in Python's ints.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from rlsf_gym.domains.countdown.arithmetic import Numbers

__all__ = ["sweep"]

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

_SAFE: Final = 2**62
_KEPT: Final = 2  # levels below the first that are remembered; what lies deeper is quickly found again
_ROWS: Final = 2**13  # of a level of three, looked at together: their arrays fit into a processor's cache
_FACTORS: Final = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5,
                            0x85EBCA77C2B2AE63], np.uint64)  # fmt: skip


class _TooLargeError(Exception):
    """A product could leave the range of int64."""


class _Level(NamedTuple):
    """Multisets of k numbers, each in a fixed order."""

    top: IntArray
    """Numerators, (R, k)."""
    bottom: IntArray
    """Denominators, (R, k)."""


class _Steps(NamedTuple):
    """Results of the P pairs i < j of k numbers: x + y, x - y, y - x, x * y, x / y, y / x."""

    top: IntArray
    """Numerators, (R, P, 6)."""
    bottom: IntArray
    """Denominators, (R, P, 6)."""
    weights: FloatArray
    """Chance that a random writer takes such a step, (R, P, 6); 0 where it is not well formed."""
    counts: FloatArray
    """Number of ways to write it, of those that count as different, (R, P, 6)."""


def sweep(numbers: Numbers, target: int, *, is_any: bool) -> dict[Numbers, tuple[float, int]]:
    """Returns chance and number of ways from the numbers, and from those that the first steps leave.

    Args:
        numbers: Four numbers or more, in order.
        target: The number to reach, 1 or more.
        is_any: Whether an answer may end with any step.

    Returns:
        Numbers to worth; empty where the numbers are too large for int64.
    """
    start = np.array([numbers], np.int64)  # (1, k, 2)
    found: dict[Numbers, tuple[float, int]] = {}
    try:
        _worth(_Level(start[..., 0], start[..., 1]), (target, is_any), found, _KEPT)
    except _TooLargeError:
        return {}
    return found


def _worth(
    level: _Level, goal: tuple[int, bool], found: dict[Numbers, tuple[float, int]], kept: int
) -> tuple[FloatArray, FloatArray]:
    """Returns chance and number of ways of each multiset, (R,) each, and remembers those of some levels."""
    size = level.top.shape[1]
    if size == 3:
        parts = [
            _worth_of_three(
                _Level(level.top[start : start + _ROWS], level.bottom[start : start + _ROWS]), goal
            )
            for start in range(0, len(level.top), _ROWS)
        ]
        chances, ways = (np.concatenate(one) for one in zip(*parts, strict=True))
    else:
        steps = _take_steps(level)
        below, places = _unite(*_leave(level, steps))
        chance, count = (one[places] for one in _worth(below, goal, found, kept - 1))  # (R, P, 6)
        if goal[1]:
            chance = (chance + ((steps.top == goal[0]) & (steps.bottom == 1))) / 2
            count = count + 1
        chances, ways = (steps.weights * chance).sum((1, 2)), (steps.counts * count).sum((1, 2))
    if kept >= 0:
        rows: list[list[list[int]]] = np.stack([level.top, level.bottom], axis=2).tolist()
        keys: list[Any] = [tuple(map(tuple, row)) for row in rows]
        worths: Any = zip(chances.tolist(), map(int, ways.tolist()), strict=True)
        found.update(zip(keys, worths, strict=True))
    return chances, ways


def _worth_of_three(level: _Level, goal: tuple[int, bool]) -> tuple[FloatArray, FloatArray]:
    """Returns chance and number of ways of multisets of three numbers, (R,) each."""
    target, is_any = goal
    steps = _take_steps(level)
    chances, ways = np.zeros(len(level.top)), np.zeros(len(level.top))
    for pair, (first, second) in enumerate(combinations(range(3), 2)):
        (other,) = {0, 1, 2} - {first, second}
        results = steps.top[:, pair], steps.bottom[:, pair]  # (R, 6) each
        chance, count = _worth_of_two(results, (level.top[:, other], level.bottom[:, other]), target)
        if is_any:
            chance = (chance + ((results[0] == target) & (results[1] == 1))) / 2
            count = count + 1
        chances += (steps.weights[:, pair] * chance).sum(1)
        ways += (steps.counts[:, pair] * count).sum(1)
    return chances, ways


def _worth_of_two(
    results: tuple[IntArray, IntArray], other: tuple[IntArray, IntArray], target: int
) -> tuple[FloatArray, FloatArray]:
    """Returns chance and number of ways of a result c beside another number y, (R, 6) each."""
    top, bottom = results
    y_top, y_bottom = (one[:, None] for one in other)  # (R, 1)
    scaled = target * y_bottom
    _check(int(np.abs(y_top).max()) * target + int(scaled.max()))
    is_there = y_top != 0  # a target above 0 is no product or quotient of 0

    def matches(wanted_top: IntArray, wanted_bottom: IntArray) -> BoolArray:
        wanted_top, wanted_bottom = _reduce(wanted_top, np.where(is_there, wanted_bottom, 1))
        return (top == wanted_top) & (bottom == wanted_bottom)

    added = matches(scaled - y_top, y_bottom)  # c + y is the target
    taken = matches(scaled + y_top, y_bottom)  # c - y
    taken_from = matches(y_top - scaled, y_bottom)  # y - c
    times = matches(scaled, y_top) & is_there  # c * y
    over = matches(target * y_top, y_bottom) & is_there  # c / y
    under = matches(y_top, scaled) & is_there  # y / c
    operators = np.where(is_there, 4.0, 3.0)  # behind c
    behind_y = np.where(top != 0, 4.0, 3.0)
    by_c: FloatArray = (added.astype(np.float64) + taken + times + over) / operators
    by_y: FloatArray = (added.astype(np.float64) + taken_from + times + under) / behind_y
    are_equal = (top == y_top) & (bottom == y_bottom)
    ways: FloatArray = operators + behind_y * ~are_equal
    return (by_c + by_y * ~are_equal) / (2.0 - are_equal), ways


def _take_steps(level: _Level) -> _Steps:
    """Returns the results of all pairs, with what a random writer makes of them."""
    size = level.top.shape[1]
    first, second = np.array([*combinations(range(size), 2)]).T  # (P,) each
    x_top, x_bottom = level.top[:, first], level.bottom[:, first]  # (R, P)
    y_top, y_bottom = level.top[:, second], level.bottom[:, second]
    left, right = _multiply(x_top, y_bottom), _multiply(y_top, x_bottom)
    under, over_all = _multiply(x_bottom, y_bottom), _multiply(x_top, y_top)
    top = np.stack([left + right, left - right, right - left, over_all, left, right], axis=2)
    bottom = np.stack([under, under, under, under, right, left], axis=2)
    is_lost = bottom == 0
    top[is_lost], bottom[is_lost] = 0, 1
    top, bottom = _reduce(top, bottom)
    forwards, backwards = _draws(level, first, second), _draws(level, second, first)
    both = np.stack([forwards, backwards], axis=3)  # (3, R, P, 2): chance, that of `/`, and whether at all
    (go, back), (over, under_), (is_one, is_other) = (np.moveaxis(one, 2, 0) for one in both)
    is_over, is_under = over > 0, under_ > 0
    weights = np.stack([go + back, go, back, go + back, over, under_], axis=2)
    ways = [is_one + is_other, is_one, is_other, is_one + is_other, is_over, is_under]
    return _Steps(top, bottom, weights, np.stack(ways, axis=2).astype(np.float64))


def _draws(level: _Level, first: IntArray, second: IntArray) -> FloatArray:
    """Returns the chances of one order of each pair, (3, R, P): of an operator but `/`, of `/`, 1 if any.

    Of equal numbers only one is drawn: the one that comes first, or first among the others.
    """
    codes = level.top[:, :, None] == level.top[:, None, :]  # (R, k, k)
    codes &= level.bottom[:, :, None] == level.bottom[:, None, :]
    size = level.top.shape[1]
    before = np.tril(np.ones((size, size), np.bool_), -1)
    earlier: IntArray = (codes & before).sum(2)  # (R, k), equal ones that come before
    alike: IntArray = codes.sum(2)
    is_first = earlier == 0
    distinct = is_first.sum(1)[:, None]  # (R, 1)
    others = distinct - (alike[:, first] == 1)  # (R, P), values that are left beside the first
    zeros = (level.top == 0).sum(1)[:, None] - (level.top[:, first] == 0)
    not_zero = others - (zeros > 0)
    is_next = earlier[:, second] == codes[:, first, second]  # the first one, or the next of equal ones
    is_drawn = is_first[:, first] & is_next
    operators = np.where(not_zero > 0, 4.0, 3.0)
    chance: FloatArray = is_drawn.astype(np.float64) / (distinct * operators)
    divided = np.where((not_zero > 0) & (level.top[:, second] != 0), chance / np.maximum(not_zero, 1), 0.0)
    return np.stack([chance / others, divided, is_drawn.astype(np.float64)])


def _leave(level: _Level, steps: _Steps) -> tuple[IntArray, IntArray]:
    """Returns what each step leaves, in order, numerators and denominators (R, P, 6, k - 1)."""
    size = level.top.shape[1]
    kept = np.array(
        [[one for one in range(size) if one not in pair] for pair in combinations(range(size), 2)]
    )
    shape = (*steps.top.shape, size - 1)
    top, bottom = np.empty(shape, np.int64), np.empty(shape, np.int64)
    top[..., :-1], bottom[..., :-1] = level.top[:, kept][:, :, None], level.bottom[:, kept][:, :, None]
    top[..., -1], bottom[..., -1] = steps.top, steps.bottom
    scale = int(bottom.max()) + 1
    if (int(np.abs(top).max()) + 1) * scale >= _SAFE:
        places = np.lexsort((bottom, top), axis=3)
        return np.take_along_axis(top, places, axis=3), np.take_along_axis(bottom, places, axis=3)
    codes = top * scale + bottom
    codes.sort(axis=3)
    return codes // scale, codes % scale


def _unite(top: IntArray, bottom: IntArray) -> tuple[_Level, IntArray]:
    """Returns the level of all multisets that are there, and the row of each, (R, P, 6)."""
    shape, size = top.shape[:3], top.shape[3]
    rows = np.concatenate([top.reshape(-1, size), bottom.reshape(-1, size)], axis=1)  # (N, 2 k)
    keys = (rows[:, :size].view(np.uint64) * _FACTORS[:size]).sum(1)
    keys ^= (rows[:, size:].view(np.uint64) * (_FACTORS[:size] ^ _FACTORS[-1:] << np.uint64(1))).sum(1)
    _, index, places = np.unique(keys, return_index=True, return_inverse=True)
    places = places.reshape(-1)
    if not np.array_equal(rows[index][places], rows):  # two multisets of one key
        _, index, places = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        places = places.reshape(-1)
    chosen = rows[index]
    return _Level(chosen[:, :size], chosen[:, size:]), places.reshape(shape)


def _reduce(top: IntArray, bottom: IntArray) -> tuple[IntArray, IntArray]:
    """Returns quotients in lowest terms, with denominators above 0."""
    divisor = np.gcd(top, bottom)
    divisor = np.where(bottom < 0, -divisor, divisor)
    return top // divisor, bottom // divisor


def _multiply(one: IntArray, other: IntArray) -> IntArray:
    """Returns products, after checking that they are within the range of int64."""
    if int(np.abs(one).max()) * int(np.abs(other).max()) >= _SAFE:  # each largest one may go with small ones
        _check(int(np.abs(one.astype(np.float64) * other).max()))
    return one * other


def _check(bound: int) -> None:
    if bound >= _SAFE:
        raise _TooLargeError
