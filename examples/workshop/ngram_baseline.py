"""Measures an interpolated Kneser-Ney 5-gram over the bundled BPE: the bar for the bundled language model.

    python examples/workshop/ngram_baseline.py --tokens .lm/imdb_tokens.npy

Reads the files of `imdb_tokens.py` and prints bits per byte of the test reviews. NumPy only: an n-gram of
12-bit ids is one int64, its counts are those of a sorted array. Every review is read after one end token,
as the language model reads it.

The estimate is R. Kneser and H. Ney's (1995) as interpolated by S. F. Chen and J. Goodman (1999), with one
discount per order `D = n1 / (n1 + 2 n2)`: for a context h of n - 1 ids, with c the count at the highest
order and the number of distinct ids on the left below it,

    p_n(w | h) = (max(c(h w) - D, 0) + D N(h) p_(n-1)(w | h')) / c(h)

where h' drops the first id of h, N(h) is the number of distinct ids after h, and p_0 is uniform.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.flags.parser import Parser

BITS = 12
SIZE = 1 << BITS
END_ID = SIZE - 1
Keys = NDArray[np.int64]
Values = NDArray[np.float64]


def pack_windows(ids: NDArray[np.uint16], order: int) -> Keys:
    """Returns every window of `order` ids as one integer, first id highest; (N - order + 1,) int64."""
    count = len(ids) - order + 1
    keys = np.zeros(count, dtype=np.int64)
    for offset in range(order):
        keys <<= BITS
        keys |= ids[offset : offset + count].astype(np.int64)
    return keys


def look_up(table: Keys, values: Values, keys: Keys) -> Values:
    """Returns the values of `keys` in a sorted `table`, 0 for those not there; (N,) float64."""
    places = np.minimum(np.searchsorted(table, keys), len(table) - 1)
    return np.where(table[places] == keys, values[places], 0.0)


class Order:
    """The counts of one order: n-grams, and their contexts' totals and numbers of followers.

    Args:
        grams: (N,) int64, sorted and distinct.
        counts: (N,) counts of the n-grams, at least 1.
    """

    def __init__(self, grams: Keys, counts: NDArray[np.int64]) -> None:
        self.grams, self.counts = grams, counts.astype(np.float64)
        once, twice = np.count_nonzero(counts == 1), np.count_nonzero(counts == 2)
        self.discount = once / (once + 2 * twice) if once else 0.5
        self.contexts, starts, followers = np.unique(grams >> BITS, return_index=True, return_counts=True)
        self.totals = np.add.reduceat(self.counts, starts)
        self.followers = followers.astype(np.float64)

    def refine(self, keys: Keys, lower: Values) -> Values:
        """Returns p_n of the last id of each n-gram in `keys`, given p_(n-1); (N,) float64."""
        contexts = keys >> BITS
        totals = look_up(self.contexts, self.totals, contexts)
        kept = np.maximum(look_up(self.grams, self.counts, keys) - self.discount, 0.0)
        spread = self.discount * look_up(self.contexts, self.followers, contexts) * lower
        return np.where(totals > 0, (kept + spread) / np.maximum(totals, 1.0), lower)


def count_orders(ids: NDArray[np.uint16], highest: int) -> list[Order]:
    """Returns the orders 1 to `highest`; below the highest, counts are numbers of distinct ids on the left.

    Args:
        ids: (N,) uint16 training ids.
        highest: At most 5, for 63 bits.

    Returns:
        The orders, lowest first.
    """
    grams, counts = np.unique(pack_windows(ids, highest), return_counts=True)
    orders = [Order(grams, counts)]
    for order in range(highest - 1, 0, -1):
        shorter = grams & ((1 << (BITS * order)) - 1)  # every distinct longer gram counts once
        grams, counts = np.unique(shorter, return_counts=True)
        orders.append(Order(grams, counts))
    return orders[::-1]


def score_ids(orders: list[Order], ids: NDArray[np.uint16]) -> Values:
    """Returns p of each id given the ids before it in the same review; (N,) float64.

    The ids before a review's first are end tokens, but one of them is known to the counts: contexts longer
    than the review so far and its end token fall back on shorter ones.
    """
    padded = np.concatenate([np.full(len(orders), END_ID, dtype=np.uint16), ids])
    probabilities = np.full(len(ids), 1.0 / SIZE)
    for order, counts in enumerate(orders, start=1):
        keys = pack_windows(padded, order)[-len(ids) :]
        probabilities = counts.refine(keys, probabilities)
    return probabilities


def measure_bits(orders: list[Order], ids: NDArray[np.uint16], byte_count: int) -> float:
    """Returns bits per byte of reviews; their closing end tokens are not scored.

    Args:
        orders: The counts.
        ids: (N,) uint16, each review followed by the end token.
        byte_count: UTF-8 bytes of the reviews.
    """
    nats, first = 0.0, 0
    for ends in np.array_split(np.flatnonzero(ids == END_ID) + 1, 20):
        part = ids[first : ends[-1]]
        nats -= float(np.log(score_ids(orders, part))[part != END_ID].sum())
        first = int(ends[-1])
    return nats / math.log(2) / byte_count


def main() -> None:
    """Prints the figure of the n-gram."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--tokens", type=Path, default=Path(".lm/imdb_tokens.npy"), help="ids made by imdb_tokens.py"
    )
    parser.add_argument("--order", type=int, default=5, choices=range(1, 6), help="ids per n-gram")
    arguments = parser.parse_args()
    counts = json.loads(arguments.tokens.with_suffix(".json").read_text(encoding="utf-8"))
    orders = count_orders(np.load(arguments.tokens), arguments.order)
    bits = measure_bits(orders, np.load(arguments.tokens.with_suffix(".test.npy")), counts["test_bytes"])
    print(
        json.dumps(
            {"order": arguments.order, "test_bits_per_byte": bits, "discounts": [o.discount for o in orders]}
        )
    )


if __name__ == "__main__":
    main()
