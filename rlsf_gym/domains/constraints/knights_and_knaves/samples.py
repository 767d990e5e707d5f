"""Sample texts of knights and knaves, on which scorers and reward designs are tested, and pages open."""

from rlsf_gym.domains.domain import Example, Samples

__all__ = ["SAMPLES"]

_PUZZLE = {"statements": [["is", "B", "knave"], ["same", "A", "C"], ["is", "A", "knave"]]}

SAMPLES = Samples(
    pieces=(
        *(b"A", b"B", b"C", b" is a ", b"knight", b"knave", b".", b" "),
        *(b"A is a ", b"B is a ", b"C is a knight.", b"knight.", b"knave. "),
        *(b" is", b" a kn", b"ight", b"ave.", b"a", b"\xc2\xb2", b"\xc2"),
    ),
    examples=(
        Example("A claim that can't hold", "", "A is a knight. B is a knave. C is a knight.", _PUZZLE),
        Example("Right", "", "A is a knight. B is a knave. C is a knave.", _PUZZLE),
        Example("In another order", "", "C is a knave. A is a knight. B is a knave.", _PUZZLE),
        Example("A name twice", "", "A is a knight. A is a knight.", _PUZZLE),
        Example("Unfinished", "", "C is a knave.", _PUZZLE),
    ),
)
"""Words and whole claims, parts of words, what is no word of an answer, and half of a character."""
