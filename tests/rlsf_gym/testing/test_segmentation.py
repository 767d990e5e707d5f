"""check_segmentation finds nothing in ours, and each broken promise."""

import re

import numpy as np
import pytest

from rlsf_gym.domains.sentiment.segmentation import EnglishWords
from rlsf_gym.testing import ContractError, check_segmentation
from rlsf_gym.text.segmentation import Symbols


class Plain:
    """English words without the optional methods."""

    def __init__(self):
        words = EnglishWords()
        self.units, self.closed_ends = words.units, words.closed_ends
        self.groups, self.without = words.groups, words.without


@pytest.mark.parametrize("segmentation", [EnglishWords(), Symbols(), Symbols(r"\w+|[^\w\s]"), Plain()])
def test_nothing_is_found_in_honest_ones(segmentation):
    check_segmentation(segmentation)


class Foresighted(Plain):
    """Closes what the whole text closes."""

    def __init__(self):
        super().__init__()
        self.closed_ends = self.close

    def close(self, text, char_ends):
        return np.append(np.minimum(char_ends[:-1], len(text.rstrip("!"))), len(text))


def overlap(text):
    return np.array([[0, len(text)], [0, len(text)]]) if text else np.zeros((0, 2), np.int64)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"units": overlap}, "spans (K, 2) in order from units"),
        ({"ends": lambda text, units: units[:, 1] + 1}, "offsets within its units"),
        ({"groups": lambda text, units: np.arange(len(units))[::-1]}, "numbers from 0 that do not decrease"),
        (
            {"without": lambda text, units, absences: [text + "!"] * 3},
            "the text itself where no unit is absent",
        ),
        ({"without": lambda text, units, absences: [text, "", ""]}, "a text that begins with"),
        (
            {"closed_ends": lambda text, char_ends: char_ends.astype(np.int32)},
            "int64, got int32 from closed_ends",
        ),
        ({"closed_ends": lambda text, char_ends: np.zeros_like(char_ends)}, "non-decreasing offsets up to"),
        ({"closed_ends_batch": lambda texts, char_ends, lengths: char_ends * 0}, "non-decreasing offsets"),
        (
            {"closed_ends_batch": lambda texts, char_ends, lengths: char_ends},
            "what closed_ends does",
        ),
    ],
)
def test_broken_promises_are_found(changes, message):
    segmentation = Plain()
    vars(segmentation).update(changes)
    with pytest.raises(ContractError, match=f"^segmentation Plain must return .*{re.escape(message)}"):
        check_segmentation(segmentation)


def test_foresight_is_found():
    with pytest.raises(ContractError, match=r"must return what the first .* characters say alone"):
        check_segmentation(Foresighted())
