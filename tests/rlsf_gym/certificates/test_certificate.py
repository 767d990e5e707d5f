"""Certificates: validated, frozen, plain as data, and adding up."""

import dataclasses
import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsf_gym.certificates import Certificate, CertificateError, Record
from rlsf_gym.domains.sentiment.vader.rules import RULES
from rlsf_gym.domains.sentiment.vader.stream import score_slope

GOOD = Record(0, 4, "base", 0, 4, 1.9, "kept", since=4)
NOT = Record(9, 12, "negation", 5, 8, 4.625, "added", since=12)
BAD = Record(9, 12, "base", 9, 12, -2.5, "added", since=12)


def squash(total):
    return total / math.sqrt(total * total + 15)


def make(entries, prompt_sum, total, **changes):
    fields = {
        "scorer": "vader",
        "version": "3.3.2",
        "verifiable": True,
        "options": {"but": "library"},
        "prompt_score": squash(prompt_sum),
        "score": squash(total),
        "records": entries,
        "rules": RULES,
        "slope": score_slope(prompt_sum, total),
    }
    return Certificate(**fields | changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"char_start": -1}, "char span must have 0 <= start <= end, but is -1:4"),
        ({"trigger_end": -1}, "trigger span must have 0 <= start <= end, but is 0:-1"),
        ({"rule": "irony"}, "rule must be one of base, .*, but is 'irony'"),
        ({"status": "gone"}, "status must be one of kept, added, withdrawn, passing, but is 'gone'"),
        ({"amount": math.nan}, "amount must be finite, but is nan"),
        ({"since": -1}, "lifetime must have 0 <= since < until, or until = -1, but is -1:-1"),
        ({"since": 4, "until": 4}, "lifetime must have 0 <= since < until, or until = -1, but is 4:4"),
        ({"until": -2}, "lifetime must have .*, but is 4:-2"),
    ],
)
def test_wrong_records_are_explained(change, message):
    with pytest.raises(ValueError, match=message):
        make((GOOD._replace(**change),), 0.0, 1.9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": math.inf}, "score must be finite, but is inf"),
        ({"prompt_score": math.nan}, "prompt_score must be finite, but is nan"),
        ({"slope": math.nan}, "slope must be finite, but is nan"),
        ({"rules": ("irony",)}, "rule must be one of irony, but is 'base'"),
        ({"rules": ()}, "rule must be one of base, but is 'capitals'"),
        ({"spread": ("irony",)}, "spread must hold some of base, .*, but holds 'irony'"),
        ({"payload": {"proof": math.inf}}, "payload must be plain JSON, but is not"),
        ({"payload": {1: "proof"}}, "a key of payload must be a str, but is 1"),
        ({"payload": {"proof": ("a", "b")}}, "payload must be plain JSON: dict"),
        ({"payload": {"proof": {1: 2}}}, "payload must be plain JSON: dict"),
        ({"records": ["good"]}, "records must hold Record objects, but holds a str"),
    ],
)
def test_wrong_certificates_are_explained(change, message):
    with pytest.raises(ValueError, match=message):
        make(
            (GOOD, GOOD._replace(rule="capitals")) if change == {"rules": ()} else (GOOD,), 0.0, 1.9, **change
        )


WRONG_INTEGERS = ("0", None, 1.0, True, np.int64(1), [1], 1j)
WRONG_TEXTS = (None, 5, b"vader", ["vader"], np.array(["a", "b"]))
WRONG_NUMBERS = ("1", None, True, 10**400, math.nan, math.inf, -math.inf, np.float32(1), 1j, [1.0], b"1")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *((name, WRONG_INTEGERS) for name in ("char_start", "char_end", "trigger_start", "trigger_end")),
        *((name, WRONG_INTEGERS) for name in ("since", "until")),
        *((name, WRONG_TEXTS) for name in ("rule", "status")),
        ("amount", WRONG_NUMBERS),
        ("path", (None, 5, "good", ["good", "film"], ("good", 5), ("good", None), {"good": 1})),
    ],
)
def test_a_field_of_a_record_of_another_type_is_one_line_of_valueerror(name, values):
    for value in values:
        with pytest.raises(ValueError, match=name) as refused:
            make((GOOD._replace(**{name: value}),), 1.9, 1.9)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *((name, WRONG_TEXTS) for name in ("scorer", "version")),
        ("verifiable", (None, 1, 0, "yes", np.True_)),
        *((name, WRONG_NUMBERS) for name in ("score", "prompt_score", "slope")),
        ("options", (None, 5, "but", ["but"], {"but": None}, {"but": 5}, {5: "library"})),
        ("records", (None, 5, "good", b"good", [None], [tuple(GOOD)], {"good": GOOD})),
        ("rules", (None, 5, "base", (5,), ("irony",), (None,))),
        ("spread", (None, 5, "base", (5,), ("irony",), (None,))),
        (
            "payload",
            (5, "proof", ["proof"], {5: 1}, {"proof": {1}}, {"proof": b"1"}, {"proof": np.float32(1)}),
        ),
        ("labels", (None, 5, "good", {"good": "1"}, {"good": math.nan}, {"good": True}, {5: 0.5})),
    ],
)
def test_a_field_of_a_certificate_of_another_type_is_one_line_of_valueerror(name, values):
    for value in values:
        with pytest.raises(ValueError, match=name.removesuffix("s")) as refused:
            make((GOOD,), 1.9, 1.9, **{name: value})
        assert "\n" not in str(refused.value)


def test_numbers_beyond_reason_are_named_in_a_line_that_can_be_read():
    for changes in (
        {"char_end": 10**5000},
        {"since": -(10**5000)},
        {"rule": "x" * 10**6},
        {"path": ("\n\x1b",) * 99},
    ):
        with pytest.raises(ValueError, match=r".") as refused:
            make((GOOD._replace(**{"amount": "1", **changes}),), 1.9, 1.9)
        assert len(str(refused.value)) < 300
        assert str(refused.value).isprintable()


def test_scores_of_an_array_make_an_opaque_certificate_of_plain_numbers():
    certificate = Certificate.opaque(
        scorer="mine",
        model_hash="1",
        labels={"good": np.float32(0.5)},
        prompt_score=np.float32(0.25),
        score=np.float64(0.75),
        length=4,
    )
    assert json.loads(json.dumps(certificate.as_records()))[0]["amount"] == 0.5
    for change in (
        {"score": "0.5"},
        {"score": None},
        {"length": "4"},
        {"labels": None},
        {"labels": {"a": None}},
    ):
        arguments = {"model_hash": "1", "labels": {}, "prompt_score": 0.0, "score": 0.5, "length": 4} | change
        with pytest.raises(ValueError, match=r"must be"):
            Certificate.opaque(scorer="mine", **arguments)


def test_a_certificate_is_frozen():
    certificate = make([GOOD], 1.9, 1.9)
    assert certificate.records == (GOOD,)
    with pytest.raises(dataclasses.FrozenInstanceError):
        certificate.score = 0.0
    with pytest.raises(TypeError):
        certificate.options["but"] = "documented"


def test_a_certificate_survives_pickling():
    for changes in ({}, {"payload": {"proof": [1, {"a": None}]}, "spread": ("base",)}):
        certificate = make([GOOD, BAD], 1.9, -0.6, **changes)
        assert pickle.loads(pickle.dumps(certificate)) == certificate


def test_a_payload_is_a_copy_of_plain_json():
    payload = {"witness": [3, 5], "proof": {"clauses": [[1, -2]], "by": None}}
    certificate = make([GOOD], 1.9, 1.9, payload=payload)
    assert certificate.payload == payload
    payload["witness"].append(7)
    assert certificate.payload["witness"] == [3, 5]
    with pytest.raises(TypeError):
        certificate.payload["witness"] = []
    assert make([GOOD], 1.9, 1.9).payload is None


def test_records_are_plain_data():
    records = make((GOOD, NOT._replace(status="passing", until=20)), 1.9, 1.9).as_records()
    assert json.loads(json.dumps(records)) == [
        {"word": [0, 4], "rule": "base", "trigger": [0, 4], "amount": 1.9, "status": "kept", "since": 4},
        {
            "word": [9, 12],
            "rule": "negation",
            "trigger": [5, 8],
            "amount": 4.625,
            "status": "passing",
            "since": 12,
            "until": 20,
        },
    ]


def test_rule_amounts_split_the_gain_by_the_changes():
    # S goes from 1.9 to 4.025, by -2.5 (base) and 4.625 (negation); the utility is the score.
    certificate = make((GOOD, BAD, NOT), 1.9, 4.025)
    amounts = certificate.rule_amounts(prompt_utility=squash(1.9), utility=squash(4.025), slope=1.0)
    factor = (squash(4.025) - squash(1.9)) / 2.125
    assert tuple(amounts) == RULES
    assert amounts["base"] == pytest.approx(-2.5 * factor, abs=1e-12)
    assert amounts["negation"] == pytest.approx(4.625 * factor, abs=1e-12)
    assert sum(amounts.values()) == pytest.approx(squash(4.025) - squash(1.9), abs=1e-12)


def test_withdrawn_records_count_against_their_rule():
    # S goes from 1.9 to 0: the word was withdrawn.
    certificate = make((GOOD._replace(status="withdrawn"),), 1.9, 0.0)
    amounts = certificate.rule_amounts(prompt_utility=squash(1.9), utility=0.0, slope=1.0)
    assert amounts["base"] == pytest.approx(-squash(1.9), abs=1e-12)


def test_passing_records_count_for_nothing():
    certificate = make((GOOD, BAD, BAD._replace(status="passing", until=20)), 1.9, -0.6)
    amounts = certificate.rule_amounts(prompt_utility=squash(1.9), utility=squash(-0.6), slope=1.0)
    assert amounts["base"] == pytest.approx(squash(-0.6) - squash(1.9), abs=1e-12)


def test_amounts_times_the_slope_must_be_the_gain():
    # 0.25 a unit: from 0.5 to 1.25 there are 3 units, 4 by one rule and -1 by the other.
    records = (
        Record(0, 1, "left", 0, 1, 4.0, "added", since=1),
        Record(1, 2, "right", 1, 2, 1.0, "withdrawn", since=2, until=3),
        Record(1, 2, "right", 1, 2, 9.0, "kept", since=2),
    )
    fields = {"prompt_score": 0.5, "score": 1.25, "rules": ("left", "right"), "slope": 0.25}
    right = make(records, 0.0, 0.0, **fields)
    right.check_amounts()
    amounts = right.rule_amounts(prompt_utility=-0.5, utility=-1.25, slope=-1.0)
    assert amounts == pytest.approx({"left": -1.0, "right": 0.25}, abs=1e-12)
    for change in ({"slope": 0.2501}, {"score": 1.2501}, {"records": records[1:]}):
        wrong = make(records, 0.0, 0.0, **(fields | change))
        with pytest.raises(CertificateError, match=r"^amounts must add up to the gain 0.75.* but with slope"):
            wrong.check_amounts()
        with pytest.raises(CertificateError, match=r"^amounts must add up"):
            wrong.factor(prompt_utility=0.5, utility=1.25, slope=1.0)


def test_equal_scores_use_the_slopes():
    # +1.9 by base, -1.9 by "no": nothing gained, each rule has the slope at S = 0, 1 / sqrt(15).
    added = GOOD._replace(status="added")
    certificate = make((added, added._replace(rule="no", amount=-1.9)), 0.0, 0.0)
    amounts = certificate.rule_amounts(prompt_utility=0.5, utility=0.5, slope=2.0)
    assert amounts["base"] == pytest.approx(2.0 * 1.9 / math.sqrt(15), abs=1e-12)
    assert sum(amounts.values()) == 0.0


sums = st.floats(-30, 30)


@given(start=sums, end=st.one_of(sums, st.none()), jitter=st.floats(-1e-6, 1e-6), kind=st.integers(0, 2))
def test_rule_amounts_add_up_to_the_gain(start, end, jitter, kind):
    end = start + jitter if end is None else end
    function, slope = [
        (lambda s: s, lambda s: 1.0),
        (lambda s: -abs(s - 0.3), lambda s: -1.0 if s > 0.3 else 1.0),
        (abs, lambda s: 1.0 if s > 0 else -1.0),
    ][kind]
    records = (
        Record(0, 1, "base", 0, 1, start, "withdrawn"),
        Record(0, 1, "base", 0, 1, end - 1.0, "added"),
        Record(0, 1, "capitals", 0, 1, 1.0, "added"),
    )
    certificate = make(records, start, end)
    before, after = function(squash(start)), function(squash(end))
    amounts = certificate.rule_amounts(prompt_utility=before, utility=after, slope=slope(squash(end)))
    assert sum(amounts.values()) == pytest.approx(after - before, abs=1e-9)


def test_an_opaque_certificate_has_one_record_of_everything():
    certificate = Certificate.opaque(
        scorer="transformer",
        model_hash="sha256:abc",
        labels={"NEGATIVE": 0.1, "POSITIVE": 0.9},
        prompt_score=0.25,
        score=0.75,
        length=12,
    )
    assert json.loads(json.dumps(certificate.as_records())) == [
        {
            "word": [0, 12],
            "rule": "base",
            "trigger": [0, 12],
            "amount": 0.5,
            "status": "added",
            "since": 12,
            "labels": {"NEGATIVE": 0.1, "POSITIVE": 0.9},
            "model": "sha256:abc",
        }
    ]
    amounts = certificate.rule_amounts(prompt_utility=-0.25, utility=0.5, slope=0.0)
    assert amounts == {}  # there is nothing to tell apart
    with pytest.raises(CertificateError, match=r"must have rules to pay by, but 'transformer' has none"):
        certificate.factor(prompt_utility=-0.25, utility=0.5, slope=0.0)
    with pytest.raises(
        CertificateError, match=r"must come from 'vader'.*'transformer' with verifiable=False"
    ):
        certificate.check("some ", "text")
