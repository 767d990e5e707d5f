"""Sample texts of knights and knaves, on which scorers, reward designs and environments are tested."""

from rlsf_gym.domains.domain import Samples

__all__ = ["SAMPLES"]

SAMPLES = Samples(
    (
        *(b"A", b"B", b"C", b" is a ", b"knight", b"knave", b".", b" "),
        *(b"A is a ", b"B is a ", b"C is a knight.", b"knight.", b"knave. "),
        *(b" is", b" a kn", b"ight", b"ave.", b"a", b"\xc2\xb2", b"\xc2"),
    )
)
"""Words and whole claims, parts of words, what is no word of an answer, and half of a character."""
