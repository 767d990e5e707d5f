"""Thousands of certificates forged from true ones: each is refused, in one line."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from rlsf_gym.certificates import Record
from rlsf_gym.checker import CertificateError
from rlsf_gym.domains.countdown import make_countdown
from rlsf_gym.domains.countdown.scorer import CountdownScorer
from rlsf_gym.instance import Instance
from rlsf_gym.testing.forgeries import forge
from tests.helpers.countdown_answers import draw_puzzle, draw_response

VARIANTS = [
    {"form": "steps", "use": use, "value": value}
    for use in ("all", "any")
    for value in ("random", "solvable")
]
RULES = ("progress", "syntax", "number", "arithmetic", "target", "unfinished")


def certify(instance, response, **variant):
    ends = np.arange(len(response) + 1)
    return CountdownScorer(**variant).assess([instance], [response], [ends])[0].certificate


def make_instance(numbers, target):
    prompt = f"{' '.join(map(str, numbers))} -> {target}: "
    return Instance(prompt, 0, {"numbers": list(numbers), "target": target})


def draw_cases(seed, count):
    """Yields instances, responses, and how they are scored, with their certificates, each of which holds."""
    rng = random.Random(seed)
    while count:
        variant = rng.choice(VARIANTS)
        numbers, target, use = draw_puzzle(rng, 4 if variant["form"] == "steps" else 3)
        variant = {**variant, "use": use}
        response = draw_response(rng, numbers, target, use, variant["form"])
        instance = make_instance(numbers, target)
        certificate = certify(instance, response, **variant)
        certificate.check(instance.prompt, response, instance)
        yield instance, response, variant, certificate
        count -= 1


def forge_payload(certificate):
    """Yields payloads that are not true, with what is forged."""
    payload = dict(certificate.payload)
    witness, because, left = payload["witness"], payload["because"], payload["left"]
    for at in range(len(witness) + 1):
        yield {"witness": witness[:at] + "7" + witness[at:]}, "a digit more in the witness"
        if at < len(witness) and witness[at] != " ":
            yield {"witness": witness[:at] + witness[at + 1 :]}, "a character less in the witness"
    yield {"witness": None}, "no witness"
    yield {"witness": witness[:-1]}, "a witness that ends too early"
    for more in (1, -1, 10, 0.0, True):
        if type(more) is not int:
            yield {"exhausted": type(more)(payload["exhausted"])}, "a count of another type"
        else:
            yield {"exhausted": payload["exhausted"] + more}, "another count"
            yield {"alive": payload["alive"] + more}, "another end of what was alive"
    for other in {*RULES, None, "solved"} - {payload["reason"]}:
        yield {"reason": other}, "another reason"
    for other in {"solved", "dead", "unfinished", "alive"} - {payload["status"]}:
        yield {"status": other}, "another status"
    for other in {None, "", "it is wrong", f"{because}.", str(because).replace("no", "a")} - {because}:
        yield {"because": other}, "another sentence"
    for other in (
        left[1:],
        [*left, "1"],
        left[::-1] if left != left[::-1] else [],
        None,
        [*map(len, left), 0],
    ):
        yield {"left": other}, "other numbers left"
    fatal = payload["fatal"]
    ends = [None] if fatal else [[0, 1]]
    ends += [[fatal[0] + a, fatal[1] + b] for a, b in ((1, 1), (-1, -1), (-1, 0), (0, 1))] if fatal else []
    for other in ends:
        yield {"fatal": other}, "another symbol"


def forge_records(certificate):
    """Yields records that are not those of the answer, with what is forged."""
    records = certificate.records
    for at, record in enumerate(records):
        before, behind = records[:at], records[at + 1 :]
        yield (*before, *behind), "a record less"
        yield (*before, record, record, *behind), "a record twice"
        for rule in {*RULES} - {record.rule}:
            yield (*before, record._replace(rule=rule), *behind), "another rule"
        names = ("char_start", "char_end", "trigger_start", "trigger_end", "since")
        moved = record._replace(**{name: getattr(record, name) + 1 for name in names})
        yield (*before, moved, *behind), "a record moved"
        for amount in (record.amount + 1e-8, record.amount - 1e-8, -record.amount, record.amount * 2):
            yield (*before, record._replace(amount=amount), *behind), "another amount"
    if len(records) > 1:
        yield records[::-1], "records in another order"
        both = records[1]._replace(amount=records[0].amount + records[1].amount)
        yield (both, *records[2:]), "two records in one"
    for at in (0, 1):
        yield (
            (Record(at, at + 1, "progress", at, at + 1, 0.0, "added", (), at + 1), *records),
            "a record more",
        )


def forge_more(certificate):
    """Yields certificates that claim what is not so, beyond what any scorer's are tried with."""
    for changed, what in forge_payload(certificate):
        yield replace(certificate, payload={**certificate.payload, **changed}), what
    for records, what in forge_records(certificate):
        yield replace(certificate, records=records), what
    for key in certificate.options:
        yield replace(certificate, options={**certificate.options, key: "other"}), f"another {key}"
        less = {name: value for name, value in certificate.options.items() if name != key}
        yield replace(certificate, options=less), f"no {key}"
    for value in (1.0 - certificate.score, certificate.score + 1e-8):
        yield replace(certificate, score=value), "another score"
    for value in (0.0, 1.0, certificate.prompt_score + 1e-8, certificate.prompt_score / 2):
        if abs(value - certificate.prompt_score) > 1e-9:
            yield replace(certificate, prompt_score=value), "another score of the prompt"


def assert_refused(certificate, instance, response, what):
    with pytest.raises(CertificateError) as refusal:
        certificate.check(instance.prompt, response, instance)
        pytest.fail(f"{what} was not refused: {response!r} to {instance.prompt!r}, {certificate}")
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_certificates_of_every_kind_hold():
    kinds = Counter(case[3].payload["reason"] for case in draw_cases(0, 150))
    assert set(kinds) == {None, "unfinished", "target", "number", "arithmetic", "syntax"}


def test_every_forged_certificate_is_refused():
    count, whats = 0, set()
    for instance, response, _, certificate in draw_cases(1, 30):
        for forged, what in (*forge(certificate), *forge_more(certificate)):
            assert_refused(forged, instance, response, what)
            whats.add(what)
            count += 1
    assert count > 2000 and len(whats) > 50


@pytest.mark.slow
def test_a_hundred_thousand_forged_certificates_are_refused():
    count = 0
    for instance, response, _, certificate in draw_cases(2, 1200):
        for forged, what in (*forge(certificate), *forge_more(certificate)):
            assert_refused(forged, instance, response, what)
            count += 1
    assert count > 100_000


def test_a_certificate_of_another_puzzle_is_refused():
    refused = 0
    for instance, response, variant, certificate in draw_cases(3, 60):
        numbers, target = instance.data["numbers"], instance.data["target"]
        for others, other in ((numbers, target + 1), ([*numbers[1:], numbers[0] + 1], target)):
            another = make_instance(others, other)
            if certify(another, response, **variant) != certificate:
                assert_refused(certificate, another, response, "another puzzle's")
                refused += 1
    assert refused > 100


def test_a_certificate_of_another_response_is_refused():
    cases = [*draw_cases(4, 60)]
    for instance, _, variant, certificate in cases:
        for _, other, *_ in cases[:8]:
            if certify(instance, other, **variant) != certificate:
                assert_refused(certificate, instance, other, "another response's")


def test_a_certificate_under_other_arguments_is_refused():
    refused = 0
    for instance, response, variant, certificate in draw_cases(5, 40):
        for other in VARIANTS:
            told = replace(certificate, options={**certificate.options, **other})
            true = certify(instance, response, **other)
            if replace(told, payload=true.payload) != true and other != variant:
                assert_refused(told, instance, response, "another variant's")
                refused += 1
    assert refused > 50


def test_a_doubled_brace_of_a_template_stands_for_one():
    domain = make_countdown(template="{{numbers}} {{{numbers}}} = {target}? ")
    instance = domain.instances("all").make({"numbers": [5, 7, 11], "target": 42})
    assert instance.prompt == "{numbers} {5 7 11} = 42? "
    (assessment,) = domain.load_scorer().assess([instance], ["11-5=6,7*6=42"], [np.arange(0)])
    assessment.certificate.check(instance.prompt, "11-5=6,7*6=42", instance)
    other = instance._replace(prompt="{{numbers}} {{5 7 11}} = 42? ")
    assert_refused(assessment.certificate, other, "11-5=6,7*6=42", "braces as they are in the template")


def test_the_prompt_is_what_the_data_stand_for():
    instance = make_instance((5, 7, 11), 42)
    certificate = certify(instance, "11-5=6,7*6=42")
    certificate.check(instance.prompt, "11-5=6,7*6=42", instance)
    for prompt in ("5 7 11 -> 43: ", "5 7 11 -> 42:", "7 5 11 -> 42: ", ""):
        assert "prompt must be" in assert_refused(
            certificate, instance._replace(prompt=prompt), "11-5=6,7*6=42", "another prompt"
        )
    other = "Make 42 of 5 7 11: "
    assert_refused(certificate, instance._replace(prompt=other), "11-5=6,7*6=42", "another template")
    template = replace(
        certificate, options={**certificate.options, "template": "Make {target} of {numbers}: "}
    )
    moved = tuple(
        record._replace(
            **{
                name: getattr(record, name) + len(other) - len(instance.prompt)
                for name in ("char_start", "char_end", "trigger_start", "trigger_end", "since")
            }
        )
        for record in certificate.records
    )
    replace(template, records=moved).check(other, "11-5=6,7*6=42", instance._replace(prompt=other))


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"numbers": [5, 7, 11]},
        {"numbers": [5, 7, 11], "target": 42, "more": 1},
        {"numbers": [5, 7, True], "target": 42},
        {"numbers": [5, 7, 11.0], "target": 42},
        {"numbers": [5, -7, 11], "target": 42},
        {"numbers": "5 7 11", "target": 42},
        {"numbers": [5], "target": 5},
        {"numbers": [1] * 7, "target": 7},
        {"numbers": [5, 7, 11], "target": "42"},
    ],
)
def test_an_instance_that_is_no_puzzle_is_refused(data):
    instance = make_instance((5, 7, 11), 42)
    certificate = certify(instance, "11-5=6")
    message = assert_refused(certificate, instance._replace(data=data), "11-5=6", "no puzzle")
    assert "instance must have as data 2 to 6 numbers from 0 and a target" in message


def test_values_under_a_policy_are_not_proved():
    instance = make_instance((5, 7, 11), 42)
    certificate = certify(instance, "11-5=6")
    told = replace(certificate, options={**certificate.options, "value": "reference"})
    message = assert_refused(told, instance, "11-5=6", "values under a policy")
    assert message.startswith("options['value'] must be 'random' or 'solvable', but is 'reference'")
