"""Verdicts of payloads: what is read, which tokens are marked, and values that follow from records."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsf_gym.instance import Instance
from rlsf_gym.render.verdict import LONGEST, Verdict, find_values, mark_tokens, read_verdict
from tests.helpers.sums import certify, values_of

PAYLOAD = {
    "status": "dead",
    "alive": 3,
    "witness": "8-3=5,5*7=35",
    "fatal": [12, 15],
    "reason": "target",
    "because": "no way leads on",
    "left": ["5"],
    "core": [[9, 10], [12, 15]],
}


def test_a_payload_by_hand():
    verdict = read_verdict(PAYLOAD)
    assert verdict == Verdict(
        "dead", 3, "8-3=5,5*7=35", (12, 15), "target", "no way leads on", ((9, 10), (12, 15))
    )
    assert [verdict.completion(end) for end in (0, 3, 4)] == ["8-3=5,5*7=35", "=5,5*7=35", None]
    bare = read_verdict({"status": "unfinished", "alive": 0})
    assert bare == Verdict("unfinished", 0)
    assert bare.completion(0) is None


@pytest.mark.parametrize(
    "change",
    [
        {"status": "lost"},
        {"status": ["dead"]},
        {"alive": None},
        {"alive": -1},
        {"alive": 1.0},
        {"alive": True},
        {"alive": 1 << 60},
        {"witness": 5},
        {"fatal": [1]},
        {"fatal": [2, 1]},
        {"fatal": "ab"},
        {"fatal": [None, 1]},
        {"reason": 3},
        {"because": ["x"]},
        {"core": "ab"},
        {"core": [3]},
        {"core": {"a": 1}},
    ],
)
def test_what_is_no_verdict_is_another_domains_payload(change):
    assert read_verdict({**PAYLOAD, **change}) is None


@pytest.mark.parametrize("payload", [None, [], "dead", {}, {"model": [1]}])
def test_payloads_of_other_kinds(payload):
    assert read_verdict(payload) is None


def test_texts_act_on_nothing_and_long_ones_are_cut():
    verdict = read_verdict(
        {**PAYLOAD, "because": "\x1b[31m", "reason": "\u202e", "witness": "1" * 900, "alive": 9}
    )
    assert (verdict.because, verdict.reason) == ("\u241b[31m", "\u2039U+202E\u203a")
    assert verdict.completion(0) == "1" * LONGEST + "\u2026"
    assert read_verdict({**PAYLOAD, "witness": "8\n"}).completion(1) == "\u21b5"


def spans(*pairs):
    return np.array(pairs, np.int64)


def test_the_token_that_lost_it_is_the_one_with_the_first_wrong_character():
    """Prompt of 10 characters; the symbol stands at 12 to 15, in three tokens."""
    tokens = spans([10, 12], [12, 13], [13, 14], [14, 15], [15, 15])
    verdict = Verdict("dead", 3, fatal=(12, 15), core=((10, 11), (12, 15)))
    assert mark_tokens(verdict, tokens, 10) == ["core", "core", "fatal", "core", ""]
    inside = spans([10, 11], [11, 20])  # one token is all of it, and more
    assert mark_tokens(verdict, inside, 10) == ["core", "fatal"]
    assert mark_tokens(Verdict("dead", 9, fatal=(12, 15)), tokens, 10) == ["", "", "", "", ""]


def test_the_end_of_an_unfinished_answer_is_marked():
    tokens = spans([2, 3], [3, 3])
    assert mark_tokens(Verdict("unfinished", 1), tokens, 2) == ["", "end"]
    assert mark_tokens(Verdict("solved", 1), tokens, 2) == ["", ""]
    assert mark_tokens(Verdict("unfinished", 0), spans(), 2) == []


@given(st.integers(1, 9), st.text("1239x", max_size=6), st.data())
def test_values_that_follow_from_records_are_those_of_the_scorer(target, response, data):
    instance = Instance(f"{target}=", 0, {"target": target})
    certificate = certify(instance, response)
    ends = [*sorted(data.draw(st.lists(st.integers(0, len(response)), max_size=4))), len(response)]
    found = find_values(certificate.as_records(), [2 + end for end in ends], certificate.score)
    wanted = [values_of(instance, response)[end] for end in ends[:-1]]
    assert found == pytest.approx([*wanted, certificate.score], abs=1e-12)


def test_values_of_no_tokens_and_of_records_that_do_not_hold():
    record = {"trigger": [0, 1], "amount": 0.5, "status": "withdrawn"}
    assert find_values([record], [], 0.0) == []
    assert find_values([record], [0, 1], 1.0) == [1.0, 1.0]
