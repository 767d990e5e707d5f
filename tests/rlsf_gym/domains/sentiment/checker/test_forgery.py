"""Thousands of certificates forged from true ones: each is refused in one line of ValueError."""

import dataclasses
import random
from collections import Counter
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from rlsf_gym.certificates import Record
from rlsf_gym.checker import verify
from rlsf_gym.domains.sentiment.vader.rules import RULES
from rlsf_gym.scorers import load_scorer

TEXTS = (
    ("This film is kind of go", "od, NOT bad \U0001f60d but least great! no love, never so VERY bad ass!?"),
    ("GOOD 1", "A x kind of no fun but affection ok but ok"),
    ("It was hardly bad, the bomb!", " But the pace is too long?? a wooden murder mystery, not scary."),
    ("", "I\u0307 isn't GREAT... \U0001f600x kind of a dead dialogue!!! without doubt the least dull film"),
    # 2.4 of affection is halved to the 1.2 of ok: the library then halves the first word again.
    ("affection", " ok but a GOOD film! the pace is long"),
    ("ok", "ay, a long pace; no love but sort of good"),
)
KNOWLEDGE_RULES = (*RULES, "knowledge")
SPANS = ("char_start", "char_end", "trigger_start", "trigger_end", "since", "until")
NO_INTEGERS = ("4", None, 4.0, True, False, np.int64(4), np.bool_(True), [4], Fraction(4), object())
NO_NUMBERS = (
    "0.5",
    None,
    True,
    10**400,
    np.float32(0.5),
    Fraction(1, 2),
    1j,
    float("nan"),
    np.float64("inf"),
    [],
)
NO_TEXTS = (None, 5, b"base", ["base"], np.array(["base", "but"]), ("base",), True)


def certified():
    """Scorer, certificate, prompt and response, of which each certificate holds."""
    cases = []
    for name in ("vader", "knowledge"):
        if name == "knowledge":
            pytest.importorskip("networkx")
        for but in ("library", "documented"):
            scorer = load_scorer(name, but=but)
            for prompt, response in TEXTS:
                certificate = scorer.certify(prompt, response)
                certificate.check(prompt, response)
                cases.append((certificate, prompt, response))
    return cases


def forge_span(rng, record, size):
    """Another offset in one of the fields, or what is none."""
    name = rng.choice(SPANS)
    value = getattr(record, name)
    others = (value - 1, value + 1, -value - 7, 0, size, size + 1, size + 10**6, 10**400, -1, -2)
    other = rng.choice((*others, *NO_INTEGERS))
    if type(other) is int and other == value:
        other = value + 3
    return {name: other}


def forge_amount(rng, record, size):
    """Another amount, by more than what rounding explains."""
    value = record.amount
    others = (
        value + 1e-8,
        value - 1e-8,
        value + 0.5,
        value * 2 + 1e-3,
        -value - 1e-3,
        np.float64(value + 0.1),
    )
    return {"amount": rng.choice((*others, *NO_NUMBERS))}


def forge_name(rng, record, size):
    """Another rule or status."""
    name = rng.choice(("rule", "status"))
    known = KNOWLEDGE_RULES if name == "rule" else ("kept", "added", "withdrawn", "passing")
    others = [one for one in (*known, "irony", "", "BASE", "base ") if one != getattr(record, name)]
    return {name: rng.choice((*others, *NO_TEXTS))}


def forge_path(rng, record, size):
    """Another path."""
    path = record.path
    others = [
        (*path, "film"),
        ("word", *path),
        (*path[:-1], "nowhere"),
        None,
        5,
        "film",
        (5,),
        (None,),
        ("\n\x1b",),
    ]
    if len(path) > 0:
        others += [(), path[1:], path[:-1]]
    if path != path[::-1]:
        others.append(path[::-1])
    return {"path": rng.choice([other for other in others if other != path])}


def forge_lifetime(rng, record, size):
    """Another lifetime with the status that goes with it."""
    if record.until == -1:
        return {
            "until": record.since + rng.randrange(1, size + 2),
            "status": rng.choice(("withdrawn", "passing")),
        }
    return {"until": -1, "status": rng.choice(("kept", "added"))}


FIELDS = (forge_span, forge_span, forge_amount, forge_name, forge_path, forge_lifetime)


def forge_field(rng, records, size):
    """A field of a record, and sometimes of two records."""
    records = list(records)
    for k in rng.sample(range(len(records)), rng.choice((1, 1, 1, 2))):
        records[k] = records[k]._replace(**rng.choice(FIELDS)(rng, records[k], size))
    return records


def drop(rng, records, size):
    k = rng.randrange(len(records))
    return records[:k] + records[k + 1 :]


def double(rng, records, size):
    k, at = rng.randrange(len(records)), rng.randrange(len(records) + 1)
    return [*records[:at], records[k], *records[at:]]


def move(rng, records, size):
    """To another place, past a record that is not equal."""
    k = rng.randrange(len(records))
    rest = records[:k] + records[k + 1 :]
    places = [at for at in range(len(records)) if [*rest[:at], records[k], *rest[at:]] != records]
    at = rng.choice(places)
    return [*rest[:at], records[k], *rest[at:]]


def cancel(rng, records, size):
    """Two amounts that make up for each other."""
    first, second = rng.sample(range(len(records)), 2)
    amount = rng.choice((1e-7, 0.01, 1.0, 1e8))
    records = list(records)
    records[first] = records[first]._replace(amount=records[first].amount + amount)
    records[second] = records[second]._replace(amount=records[second].amount - amount)
    return records


def add(rng, records, size):
    """Records of nothing, or of two things that make up for each other."""
    start = rng.randrange(size)
    amount = rng.choice((0.0, 0.5, 1e308))
    one = Record(start, start + 1, rng.choice(RULES), start, start + 1, amount, "added", (), start + 1)
    at = rng.randrange(len(records) + 1)
    return [*records[:at], one, *([one._replace(amount=-amount)] if amount else []), *records[at:]]


def merge(rng, records, size):
    """One record for two."""
    k = rng.randrange(len(records) - 1)
    merged = records[k]._replace(amount=records[k].amount + records[k + 1].amount)
    return [*records[:k], merged, *records[k + 2 :]]


def split(rng, records, size):
    """Two records for one, by amount or in time."""
    k = rng.randrange(len(records))
    record = records[k]
    parts = [record._replace(amount=record.amount / 2)] * 2
    if rng.random() < 0.5:
        parts = [
            record._replace(until=record.since + 1, status="passing"),
            record._replace(since=record.since + 1),
        ]
    return [*records[:k], *parts, *records[k + 1 :]]


def empty(rng, records, size):
    return rng.choice(
        ([], records[::-1] if records[::-1] != records else [], None, "records", 5, [None], [[]])
    )


RECORDS = (forge_field,) * 10 + (drop, double, move, cancel, add, merge, split, empty)


def forge_header(rng, certificate):
    """One of the other fields of a certificate, changed so that it says something else."""
    options = dict(certificate.options)
    name = rng.choice(
        (
            *("scorer", "version", "verifiable", "options", "score", "prompt_score", "labels", "rules"),
            *("slope", "spread", "payload"),
        )
    )
    other = {"vader": "knowledge", "knowledge": "vader"}[certificate.scorer]
    others = {
        "scorer": (other, "Vader", "", "mine", "transformer", "vader\n", *NO_TEXTS),
        "version": ("0", "", "3.3.2 ", "3.3", *NO_TEXTS),
        "verifiable": (False, None, 1, "yes", np.True_),
        "options": (
            *({}, None, 5, "but", {"but": None}, {"but": ["library"]}, {"but": "Library"}, {5: "library"}),
            *(options | {"seed": "1"}, options | {"graph": "/dev/zero"}, options | {"graph": "nowhere.toml"}),
            *(options | {"graph_sha256": "0" * 64}, options | {"but": ""}),
        ),
        "labels": (None, {"positive": 0.9}, {"positive": "0.9"}, {5: 0.5}, "positive"),
        "rules": (None, (), RULES[:-1], RULES[::-1], "base", (*KNOWLEDGE_RULES, "irony"), (None,)),
        "spread": (None, (), ("base",), RULES, "punctuation", (None,)),
        "payload": ({}, {"proof": 1}, 5, "proof", {"proof": float("nan")}, {5: "proof"}),
    }
    if name in ("score", "prompt_score", "slope"):
        value = getattr(certificate, name)
        others[name] = (value + 1e-8, value - 1e-8, value + 0.25, -value - 1e-3, 2.0, *NO_NUMBERS)
    return {name: rng.choice(others[name])}


def forge(rng, case):
    """What is forged, and the fields of a certificate that says so."""
    certificate, prompt, response = case
    fields = {one.name: getattr(certificate, one.name) for one in dataclasses.fields(certificate) if one.init}
    if rng.random() < 0.25:
        return "header", fields | forge_header(rng, certificate)
    change = rng.choice(RECORDS)
    return change.__name__, fields | {
        "records": change(rng, list(certificate.records), len(prompt + response))
    }


def refuse(kind, certificate, fields, prompt, response):
    """Refused as a `Certificate`, and as anything that looks like one to the checker."""

    dataclasses.replace(certificate, **{name: getattr(certificate, name) for name in fields})  # can be made

    def constructed():
        dataclasses.replace(certificate, **fields).check(prompt, response)

    def loose():
        verify(SimpleNamespace(**fields), prompt, response)

    for check in (constructed, loose):
        changed = {name: value for name, value in fields.items() if value is not getattr(certificate, name)}
        try:
            check()
        except ValueError as error:
            assert "\n" not in str(error)
            assert str(error).isprintable(), (kind, error)
            assert len(str(error)) < 1000
        else:
            pytest.fail(f"{kind} was accepted: {changed} for {prompt!r} and {response!r}")


def hold(count, seed):
    rng = random.Random(seed)
    cases = certified()
    kinds = Counter()
    while sum(kinds.values()) < count:
        case = rng.choice(cases)
        kind, fields = forge(rng, case)
        refuse(kind, case[0], fields, *case[1:])
        kinds[kind] += 1
    assert set(kinds) == {"header", *(change.__name__ for change in RECORDS)}


def test_hundreds_of_forged_certificates_are_refused():
    hold(600, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_forged_certificates_are_refused(seed):
    hold(2_500, seed=100 + seed)


def test_true_certificates_do_not_hold_for_other_texts():
    """But where the scorer itself certifies the other text with the same words: then nothing is forged."""
    rng = random.Random(2)
    refused = 0
    for certificate, prompt, response in certified() * 4:
        text = prompt + response
        at = rng.randrange(len(text))
        edited = rng.choice(
            (text[:at] + text[at + 1 :], text[:at] + "not " + text[at:], text.swapcase(), text + "!")
        )
        border = rng.choice((len(prompt), rng.randrange(len(text))))
        pair = edited[:border], edited[border:]
        honest = load_scorer(certificate.scorer, but=certificate.options["but"]).certify(*pair)
        same = [one[:5] + one[6:] for one in honest.records] == [
            one[:5] + one[6:] for one in certificate.records
        ]
        if same and honest.score == certificate.score and honest.prompt_score == certificate.prompt_score:
            continue
        refused += 1
        with pytest.raises(ValueError, match=r"."):
            certificate.check(*pair)
    assert refused > 60


def test_the_other_form_of_but_is_refused_where_it_gives_other_records():
    refused = 0
    for certificate, prompt, response in certified():
        other = {"library": "documented", "documented": "library"}[certificate.options["but"]]
        forged = dataclasses.replace(certificate, options=dict(certificate.options) | {"but": other})
        honest = load_scorer(certificate.scorer, but=other).certify(prompt, response)
        if honest == forged:  # both forms say the same of this text: a true certificate
            forged.check(prompt, response)
            continue
        refused += 1
        with pytest.raises(ValueError, match=r"."):
            forged.check(prompt, response)
    assert refused >= 2
