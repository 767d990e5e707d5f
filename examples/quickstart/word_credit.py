"""What each word of a response earns under some reward designs, as if each word were one token.

    python examples/quickstart/word_credit.py "The film was" " not good, but the cast is wonderful."

A word counts at once, whatever letters may follow it (`boundary="open"`).
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rlsf_gym.designs import DESIGNS, Design
from rlsf_gym.domains import load_domain
from rlsf_gym.evidence import Evidence
from rlsf_gym.feedback.core import Feedback
from rlsf_gym.feedback.decoding import read_responses
from rlsf_gym.objectives import load_objective
from rlsf_gym.scorers import Scorer, load_scorer
from rlsf_gym.testing import PieceTokenizer

FloatArray = npt.NDArray[np.float64]

SHOWN = ("terminal", "potential", "shapley", "rule_certificate")

_PIECE = re.compile(r"\s*\S+(?:\s+\Z)?")  # a word with the space before it, the last one with that behind it
_DIGITS = 12  # beyond them is rounding, which would break the ties between words that earn the same


class WordCredit(NamedTuple):
    """What the words of one response earn."""

    evidence: Evidence
    """Of the response; its tokens are the words."""
    credit: dict[str, FloatArray]
    """By design: float64 (K,), one value per word."""


class WordPayer:
    """Pays the words of one response after the other; a word counts at once (`boundary="open"`).

    Args:
        designs: The designs, by name.
        scorer: Anything that `load_scorer` takes.
        seed: Seed of the generators of the designs that draw, one for each design.
    """

    def __init__(self, designs: Mapping[str, Design], scorer: str | Scorer = "vader", seed: int = 0) -> None:
        self.designs = dict(designs)
        self.asking = max(designs.values(), key=lambda design: design.uses_prefixes)
        self.scorer = load_scorer(scorer)
        self.objective = load_objective("positive")
        self.rngs = {name: np.random.default_rng(seed) for name in designs}

    def pay(self, prompt: str, response: str) -> WordCredit:
        """Returns what each word of a response earns under each design.

        Raises:
            ValueError: If the response has no word.
        """
        pieces = [piece.encode() for piece in _PIECE.findall(response)]
        if not pieces:
            raise ValueError(f"response must have a word, got {response!r}")
        tokenizer = PieceTokenizer(*pieces)
        feedback = Feedback(
            scorer=self.scorer,
            objective=self.objective,
            design=self.asking,
            tokenizer=tokenizer,
            segmentation=load_domain("sentiment").segmentation,
            boundary="open",
        )
        responses = read_responses(np.arange(len(pieces))[None], tokenizer)
        evidence = feedback.evidence([prompt], responses)[0]
        credit = {
            name: design(evidence, rng=self.rngs[name]).round(_DIGITS)
            for name, design in self.designs.items()
        }
        return WordCredit(evidence, credit)


def main() -> None:
    """Prints a row for each word, with a column for each design."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompt", nargs="?", default="The film was")
    parser.add_argument("response", nargs="?", default=" not good, but the cast is wonderful.")
    args = parser.parse_args()
    credit = WordPayer({name: DESIGNS[name] for name in SHOWN}).pay(args.prompt, args.response).credit
    print(" ".join(f"{name:>16}" for name in SHOWN))
    for number, word in enumerate(_PIECE.findall(args.response)):
        print(" ".join(f"{credit[name][number]:+16.3f}" for name in SHOWN), word)


if __name__ == "__main__":
    main()
