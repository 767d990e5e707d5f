"""Designs that ask for the utility without some units: against brute force over all orders."""

from itertools import chain, pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsf_gym.designs import load_design
from rlsf_gym.designs.coalitions import sample_shares
from rlsf_gym.domains.sentiment.samples import SAMPLES
from rlsf_gym.evidence import Evidence
from rlsf_gym.testing.cases import SIZE, Case
from rlsf_gym.testing.designs import check_case, lay

PIECES = SAMPLES.pieces

NONE = len(PIECES) + 1
RNG = np.random.default_rng(0)
PROMPT_WORTH = -0.25


class Table:
    """Hindsight of K units of two characters each, whose utilities are looked up by those present."""

    def __init__(self, worth, size, numbers):
        self.worth, self.size, self.numbers = worth, size, numbers

    def units(self):
        ends = np.arange(1, self.size + 1) * 2
        return np.stack([ends - 2, ends], axis=1)

    def unit_ends(self):
        return self.units()[:, 1]

    def groups(self):
        return np.array(self.numbers)

    def utilities_without(self, absences):
        return np.array([self.worth[frozenset(range(self.size)) - set(absent)] for absent in absences])


def game(values, numbers=None):
    """Evidence of K units, one token each, whose v is looked up by the frozenset of the units present."""
    size = max(chain(*values), default=-1) + 1
    worth = {**values, frozenset(): PROMPT_WORTH}
    hindsight = Table(worth, size, numbers)
    return Evidence(
        prompt_score=PROMPT_WORTH,
        prompt_utility=PROMPT_WORTH,
        score=worth[frozenset(range(size))],
        utility=worth[frozenset(range(size))],
        mask=np.ones(size, np.bool_),
        char_spans=hindsight.units(),
        hindsight=hindsight,
    )


@st.composite
def games(draw, least=1, most=5):
    size = draw(st.integers(least, most))
    subsets = [frozenset(i for i in range(size) if mask >> i & 1) for mask in range(1, 2**size)]
    return {subset: draw(st.floats(-1, 1)) for subset in subsets}


def average_over(orders, values):
    """What each player adds when it joins, the mean over the orders."""
    worth = {**values, frozenset(): PROMPT_WORTH}
    added = {}
    for order in orders:
        for at, player in enumerate(order):
            before = frozenset(order[:at])
            added.setdefault(player, []).append(worth[before | {player}] - worth[before])
    return [np.mean(added[player]) for player in sorted(added)]


@settings(deadline=None)
@given(values=games())
def test_shapley_is_the_mean_over_all_orders(values):
    size = len(max(values, key=len))
    expected = average_over(list(permutations(range(size))), values)
    assert load_design("shapley")(game(values), rng=RNG).tolist() == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(values=games(least=5), cut=st.sampled_from([(1,), (2,), (1, 3), (2, 4), (1, 2, 3, 4)]))
def test_by_group_it_is_the_mean_over_the_orders_that_keep_groups_together(values, cut):
    numbers = np.searchsorted(cut, np.arange(5), side="right")
    parts = [np.flatnonzero(numbers == number).tolist() for number in range(numbers[-1] + 1)]

    def together(order):
        seen = [numbers[player] for player in order]
        return sum(a != b for a, b in pairwise(seen)) == len(parts) - 1

    expected = average_over(list(filter(together, permutations(range(5)))), values)
    rewards = load_design("shapley", by="group")(game(values, numbers), rng=RNG)
    assert rewards.tolist() == pytest.approx(expected, abs=1e-12)


def test_leave_one_out_by_hand():
    values = {frozenset({0}): 0.5, frozenset({1}): 0.0, frozenset({0, 1}): 0.75}
    evidence = game(values)
    # v(all) = 0.75; without the first 0, without the second 0.5
    assert load_design("leave_one_out")(evidence, rng=RNG).tolist() == [0.75, 0.25]
    # The gain is 0.75 + 0.25 = 1 and the shares add up to 1: nothing lacks.
    assert load_design("leave_one_out", conserving=True)(evidence, rng=RNG).tolist() == [0.75, 0.25]


def test_conserving_leave_one_out_shares_what_lacks_by_absolute_value():
    values = {frozenset({0}): 0.5, frozenset({1}): 1.0, frozenset({0, 1}): 0.75}
    # Shares -0.25 and 0.25; the gain is 1, so that 1 lacks, a half to each.
    rewards = load_design("leave_one_out", conserving=True)(game(values), rng=RNG)
    assert rewards.tolist() == pytest.approx([0.25, 0.75])


@settings(max_examples=30, deadline=None)
@given(values=games(least=4, most=4), seed=st.integers(0, 100))
def test_sampled_shares_add_up_to_the_gain(values, seed):
    rewards = load_design("shapley", exact_units=0, permutations=4)(
        game(values), rng=np.random.default_rng(seed)
    )
    assert rewards.sum() == pytest.approx(values[frozenset(range(4))] - PROMPT_WORTH, abs=1e-12)


def test_the_stated_error_of_sampled_shares_is_honest():
    """Over 300 estimates from 16 orders the error is as large as the standard errors say, on average."""
    rng = np.random.default_rng(7)
    table = rng.uniform(-1, 1, size=2**6)

    def worth(present):
        return table[present @ (1 << np.arange(6))]

    exact = average_over(
        list(permutations(range(6))),
        {
            frozenset(i for i in range(6) if mask >> i & 1): table[mask] - table[0] + PROMPT_WORTH
            for mask in range(1, 64)
        },
    )
    found = [sample_shares([list(range(6))], worth, rng, 16) for _ in range(300)]
    errors = np.array([shares for shares, _ in found]) - exact
    stated = np.array([spread for _, spread in found])
    assert np.abs(errors.mean(axis=0)).max() < 4 * np.sqrt(np.mean(errors**2) / 300)  # no bias
    assert np.mean(errors**2) == pytest.approx(np.mean(stated**2), rel=0.15)
    assert np.sqrt(np.mean(errors**2)) <= 2 * np.sqrt(2 / 16)  # the bound in the docstring


def test_more_orders_come_closer():
    case = Case(
        prompt="The film", ids=[PIECES.index(piece) for piece in (b" not", b" very", b" good")] + [NONE] * 5
    )
    exact = lay(load_design("shapley"), case)[0]
    spread = [
        np.abs(lay(load_design("shapley", exact_units=0, permutations=orders), case)[0] - exact).max()
        for orders in (2, 512)
    ]
    assert spread[1] < 0.03


def test_a_word_is_paid_where_its_last_letter_is_completed():
    ids = [PIECES.index(piece) for piece in (b" bad", b"ly", b"!", b"?")] + [NONE] * 4
    for name in ("shapley", "leave_one_out"):
        rewards, evidence = lay(load_design(name), Case(prompt="The film", ids=ids))
        assert rewards.tolist() == pytest.approx([0, evidence.gain, 0, 0, 0, 0, 0, 0])


def test_units_of_one_token_are_one_player():
    ids = [len(PIECES) - 1, PIECES.index(b" good")] + [NONE] * (SIZE - 2)
    rewards, evidence = lay(load_design("shapley"), Case(prompt="", ids=ids))
    assert len(evidence.hindsight.units()) == 6
    assert np.flatnonzero(rewards).tolist() == [0, 1]


@pytest.mark.parametrize(
    "kwargs", [{"by": "group"}, {"exact_units": 2}, {"exact_units": 0, "permutations": 4}]
)
@pytest.mark.parametrize("row", [[4, 0, 5, 7, 9, 3], [22, 0, 22, 4], [14, 15, 14], []])
def test_every_variant_keeps_what_it_declares(kwargs, row):
    check_case(
        load_design("shapley", **kwargs),
        Case(prompt="The film was not", ids=row + [NONE] * (SIZE - len(row))),
    )
    check_case(
        load_design("leave_one_out", conserving=True), Case(prompt="x", ids=row + [NONE] * (SIZE - len(row)))
    )


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"by": "letter"}, "by must be 'unit' or 'group', got 'letter'"),
        ({"exact_units": 17}, "exact_units must be from 0 to 16, got 17"),
        ({"permutations": 3}, "permutations must be even and at least 2, got 3"),
        ({"orders": 3}, r"'shapley' does not take reward_design_kwargs=\{'orders': 3\}"),
    ],
)
def test_wrong_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        load_design("shapley", **kwargs)
