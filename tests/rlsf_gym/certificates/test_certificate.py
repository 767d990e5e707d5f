"""Certificates: validated, frozen, plain as data, and adding up."""

import dataclasses
import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsf_gym.certificates.certificate import RULES, Certificate, CertificateError, Record, score_slope

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
    }
    return Certificate(**fields | changes)


def test_rules_are_the_ten():
    assert (
        *("base", "booster", "dampener", "capitals", "negation"),
        *("no", "least", "idiom", "but", "punctuation"),
    ) == RULES


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
        ({"records": ["good"]}, "records must hold Record objects, but holds a str"),
    ],
)
def test_wrong_certificates_are_explained(change, message):
    with pytest.raises(ValueError, match=message):
        make((GOOD,), 0.0, 1.9, **change)


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
        *((name, WRONG_NUMBERS) for name in ("score", "prompt_score")),
        ("options", (None, 5, "but", ["but"], {"but": None}, {"but": 5}, {5: "library"})),
        ("records", (None, 5, "good", b"good", [None], [tuple(GOOD)], {"good": GOOD})),
        ("rules", (None, 5, "base", (5,), ("irony",), (None,))),
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
    certificate = make([GOOD, BAD], 1.9, -0.6)
    assert pickle.loads(pickle.dumps(certificate)) == certificate


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


@given(sums, sums)
def test_slope_is_the_quotient_and_its_limit(start, end):
    expected = 15 / (start * start + 15) ** 1.5 if start == end else None
    if abs(end - start) > 1e-3:
        expected = (squash(end) - squash(start)) / (end - start)
    if expected is not None:
        assert score_slope(start, end) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_slope_is_stable_for_sums_a_rounding_apart():
    assert score_slope(1.9, math.nextafter(1.9, 2)) == pytest.approx(15 / (1.9**2 + 15) ** 1.5, rel=1e-12)
    assert score_slope(0.0, 1e-300) == pytest.approx(1 / math.sqrt(15), rel=1e-12)
    assert score_slope(-1e-17, 1e-17) == pytest.approx(1 / math.sqrt(15), rel=1e-12)


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
    assert amounts == dict.fromkeys(RULES, 0.0) | {"base": 0.75}
    with pytest.raises(
        CertificateError, match=r"must come from 'vader'.*'transformer' with verifiable=False"
    ):
        certificate.check("some ", "text")
