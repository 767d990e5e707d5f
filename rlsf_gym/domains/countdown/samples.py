"""Sample pieces and answers, on which scorers and reward designs are tested and pages open."""

from __future__ import annotations

from typing import Final

from rlsf_gym.domains.domain import Example, Samples

__all__ = ["SAMPLES"]

_CLASSIC: Final = {"numbers": [3, 5, 7, 11], "target": 24}

SAMPLES: Final = Samples(
    pieces=(
        *(str(digit).encode() for digit in range(10)),
        *(b"+", b"-", b"*", b"/", b"=", b",", b"(", b")", b" ", b"12", b"(1/2)", b"-3"),
        *(b"1+", b"2*3=6,", b"05", b"x", b"\xc3", b"\xd9\xa3", b"\t"),
    ),
    examples=(
        Example("A step that loses", "", "11-5=6,7+3=10,10+6=16", _CLASSIC),
        Example("Right", "", "3*7=21,11-5=6,21+6=27", {"numbers": [3, 5, 7, 11], "target": 27}),
        Example("Wrong arithmetic", "", "3*7=21,11-5=5,21+5=26", {"numbers": [3, 5, 7, 11], "target": 27}),
        Example("A number twice", "", "7-5=2,7+3=10", _CLASSIC),
        Example(
            "A fraction on the way",
            "",
            "8/3=(8/3),3-(8/3)=(1/3),8/(1/3)=24",
            {"numbers": [3, 3, 8, 8], "target": 24},
        ),
        Example("Unfinished", "", "11+5=16", {"numbers": [11, 5, 8], "target": 24}),
    ),
)
