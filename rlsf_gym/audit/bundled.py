"""Cases and texts that an audit takes where the user gives none."""

from __future__ import annotations

from rlsf_gym.audit.case import Case

__all__ = ["BUNDLED", "FILLER", "LINES", "REASONING", "VARIED", "WORD_LIST", "write_filler"]

BUNDLED = (
    Case(
        "Tom has 17 apples and buys 25 more. How many apples does he have?",
        truth="42",
        wrong=("41", "8", "56"),
    ),
    Case("A week is how many days long?", truth="7", wrong=("6", "5", "12")),
    Case("A box holds 50 pens. How many pens do 25 boxes hold?", truth="1250", wrong=("1200", "75", "1300")),
    Case("Subtract 94 from 400. What is left?", truth="306", wrong=("316", "494", "296")),
)
"""Questions with a whole number as the answer, which stands in none of the prompts."""

REASONING = "I read the question again and work it out step by step."
"""What stands before an answer; it holds no number."""

LINES = REASONING.replace(" and ", "\n\nand ").replace(" step by", "\nstep by")
"""The same over several lines."""

FILLER = (
    "I look at the question once more and go through it slowly.",
    "There is nothing in it that I have not seen before.",
    "One part of it follows from another, and so it goes on.",
    "I write down what is given and what is asked for.",
    "Then I go over my own words and see that they hold.",
)
"""Sentences that say nothing, hold no number and carry no feeling, for responses of any length."""

WORD_LIST = (
    "First, second, third, step, then, next, so, thus, therefore, hence, because, since, wait, however, "
    "let me check, verify, finally, in conclusion.\nStep 1:\nStep 2:\nStep 3:\n1.\n2.\n3.\n- \n- \n- "
)
"""Words and marks of reasoning without any."""

VARIED = (
    "I love this film: it is a wonderful, moving story with a great cast.",
    "I hate this film: it is a terrible, boring mess with an awful cast.",
    "The train leaves the station in the morning and arrives in the evening.",
    "def add(a, b):\n    return a + b",
    '{"name": "Ada", "year": 1843}',
    "Sorry, I can not help with that.",
    "- bread\n- milk\n- tea",
    "Is there anything else that you would like to know?",
)
"""Texts of many kinds: what no two rewards of style pay alike."""


def write_filler(count: int) -> str:
    """Returns so many sentences that say nothing.

    Example:
        >>> write_filler(2)[-32:]
        ' it that I have not seen before.'
    """
    return " ".join(FILLER[number % len(FILLER)] for number in range(count))
