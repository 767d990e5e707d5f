"""Checkers are found by the scorer's name, see plain data alone, and say yes by a Proof or by nothing."""

import subprocess
import sys
from dataclasses import replace

import pytest

from rlsf_gym.certificates import Certificate, CertificateError, Proof, Record
from rlsf_gym.checker import (
    CHECKERS,
    find_checker,
    prove_response,
    recompute_rewards,
    register_checker,
    verify,
)

NAME = "tally"
HALF = Record(1, 3, "point", 1, 3, 2.0, "added", since=3)
CLAIMS = Certificate(NAME, "1", True, {}, 0.0, 0.5, (HALF,), rules=("point",), slope=0.25, payload={"a": [1]})


@pytest.fixture
def seen(monkeypatch):
    """What the checker of the scorer was given, in order, and what it shall return."""
    seen = []

    def check(*claims):
        seen.append(claims)
        return seen[0]

    monkeypatch.setitem(CHECKERS, NAME, check)
    seen.append(None)
    return seen


def test_a_checker_is_registered_once_and_found_by_the_name_of_the_scorer(monkeypatch):
    monkeypatch.setattr("rlsf_gym.certificates.checking.CHECKERS", CHECKERS.copy())
    assert find_checker(NAME) is None
    register_checker(NAME, "rlsf_gym.domains.sentiment.checker:verify")
    assert find_checker(NAME) is find_checker("vader")
    with pytest.raises(ValueError, match="checker 'tally' is registered already"):
        register_checker(NAME, print)
    register_checker("number", "math:pi")
    with pytest.raises(ValueError, match=r"checker of scorer 'number' must be a function verify"):
        find_checker("number")
    register_checker("nowhere", "rlsf_gym.nowhere:verify")
    with pytest.raises(ValueError, match=r"there is no module 'rlsf_gym.nowhere' to import"):
        find_checker("nowhere")


def test_a_checker_gets_certificate_instance_and_texts(seen):
    CLAIMS.check("x", "yz", instance={"target": 24})
    certificate, *others = seen[1]
    assert others == [{"target": 24}, "x", "yz"]
    assert type(certificate) is not Certificate  # plain data, read once
    assert (certificate.scorer, certificate.slope, certificate.payload) == (NAME, 0.25, {"a": [1]})


def test_no_word_of_a_checker_is_a_proof_of_what_the_certificate_says(seen):
    proof = verify(CLAIMS, "x", "yz")
    assert (proof.prompt_score, proof.score, proof.slope, proof.rules) == (0.0, 0.5, 0.25, ("point",))
    assert proof.prefix_scores is None
    seen[0] = Proof(records=(), prompt_score=0.1, score=0.2)
    assert verify(CLAIMS, "x", "yz") is seen[0]


@pytest.mark.parametrize("answer", [False, True, "no", CLAIMS])
def test_a_checker_that_answers_otherwise_is_refused(seen, answer):
    seen[0] = answer
    with pytest.raises(ValueError, match="checker of scorer 'tally' must raise CertificateError or return"):
        verify(CLAIMS, "x", "yz")


@pytest.mark.parametrize(
    "change", [{"slope": 0.3}, {"score": 0.6}, {"records": (HALF._replace(amount=3.0),)}]
)
def test_amounts_must_add_up_whatever_the_checker_says(seen, change):
    with pytest.raises(CertificateError, match=r"^amounts must add up to the gain"):
        verify(replace(CLAIMS, **change), "x", "yz")


@pytest.mark.parametrize("change", [{"scorer": "nobody"}, {"verifiable": False}])
def test_a_certificate_without_a_checker_is_refused(seen, change):
    with pytest.raises(
        CertificateError, match=r"must come from 'vader' or .*, which have checkers, but comes"
    ):
        verify(replace(CLAIMS, **change), "x", "yz")


@pytest.mark.parametrize(
    ("design", "missing"),
    [
        ("potential", "the scores of prefixes"),
        ("lexicon", "what units are worth"),
        ("rlsf_mask", "units of the"),
    ],
)
def test_what_a_checker_does_not_prove_is_said_by_name(seen, design, missing):
    arguments = {"char_ends": [1, 2], "utility": float}
    assert recompute_rewards(CLAIMS, "x", "yz", design="terminal", **arguments) == [0.0, 0.5]
    with pytest.raises(ValueError, match=f"design '{design}' rests on {missing}.* does not prove"):
        recompute_rewards(CLAIMS, "x", "yz", design=design, **arguments)


def test_ends_and_units_may_come_from_elsewhere(seen):
    # "y" is known to be worth 0.2 of the 0.5 of "yz"; when it is closed depends on who divides the text.
    seen[0] = Proof.of(CLAIMS, text_score=lambda text: 0.1 * len(text))
    arguments = {"char_ends": [1, 2], "utility": float, "design": "potential"}
    found = recompute_rewards(CLAIMS, "x", "yz", boundary="open", **arguments)
    assert found == pytest.approx([0.2, 0.3])
    found = recompute_rewards(CLAIMS, "x", "yz", closed_ends=[0, 2], **arguments)
    assert found == pytest.approx([0.0, 0.5])
    arguments["design"] = "rlsf_mask"
    masked = recompute_rewards(CLAIMS, "x", "yz", units=[(1, 3)], **(arguments | {"utility": lambda s: -s}))
    assert masked == [0.0, 0.0]


def test_values_of_prefixes_may_be_no_scores_of_texts(seen):
    seen[0] = Proof.of(CLAIMS, values=lambda ends: [0.25 * end for end in ends])
    known = prove_response(CLAIMS, "x", "yz", char_ends=[1, 2, 2])
    assert known.scores("open") == [0.25, 0.5, 0.5]
    assert known.scores("closed") is None  # nobody tells what is closed


def test_certificates_are_read_without_a_checker():
    script = (
        "import sys; import rlsf_gym.certificates; "
        "print([name for name in sys.modules if 'sentiment.checker' in name or name == 'vaderSentiment'])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
