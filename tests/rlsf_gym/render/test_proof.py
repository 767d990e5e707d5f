"""Proofs in words: a search that went through all ways, lines of DRUP, or unit propagation alone."""

import pytest

from rlsf_gym.render.proof import MOST_LINES, ToldProof, tell_proof


@pytest.mark.parametrize(
    ("payload", "summary"),
    [
        ({"exhausted": 1234, "left": ["5", "(8/3)"]},
         "all 1,234 ways to go on with 5, (8/3) were tried, and none is right"),
        ({"exhausted": 1, "left": ["5"]}, "the only way to go on with 5 was tried, and it is not right"),
        ({"reason": "conflict", "proof": []},
         "proof: what stands forces the rest, step by step, into a contradiction (unit propagation)"),
        ({"reason": "conflict", "proof": ["1 0"]}, "proof: 1 line for a checker, in the format DRUP"),
    ],
)  # fmt: skip
def test_a_lost_answer_has_its_proof_told(payload, summary):
    assert tell_proof({"status": "dead", **payload}).summary == summary


@pytest.mark.parametrize(
    "payload",
    [
        {"status": "unfinished", "reason": "unfinished", "proof": [], "left": ["5"], "exhausted": 0},
        {"status": "solved", "proof": []},
        {"status": "dead", "reason": "syntax", "proof": []},
        {"status": "dead", "reason": "given", "proof": []},
        {"status": "dead", "reason": "number", "left": ["5"], "exhausted": 0},
        {"status": "dead", "reason": "conflict"},
        {"status": "dead", "reason": "conflict", "proof": "1 0"},
        {"status": "dead", "reason": "conflict", "proof": [1]},
        {"status": "dead", "exhausted": True, "left": ["5"]},
        {"status": "dead", "exhausted": 16},
        {"status": "dead", "exhausted": 16, "left": 5},
    ],
)
def test_what_proves_nothing_is_not_told(payload):
    assert tell_proof(payload) is None


def test_a_long_proof_is_cut_and_says_so():
    lines = [f"{number} 0" for number in range(1, MOST_LINES + 4)]
    told = tell_proof({"status": "dead", "reason": "conflict", "proof": lines})
    assert (told.summary, told.lines, told.omitted) == (
        "proof: 203 lines for a checker, in the format DRUP", tuple(lines[:200]), 3,
    )  # fmt: skip
    wide = tell_proof({"status": "dead", "proof": ["7 " * 150]})
    assert wide.lines == ("7 " * 100 + "\u2026",)


def test_control_characters_are_shown():
    assert tell_proof({"status": "dead", "proof": ["\x1b[31m"]}) == ToldProof(
        "proof: 1 line for a checker, in the format DRUP", ("\u241b[31m",)
    )
