"""Certificates of all faces: true ones are proved, and none of a few thousand forged ones."""

from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest

from rlsf_gym.certificates import CertificateError
from rlsf_gym.domains import load_domain
from rlsf_gym.testing.forgeries import forge
from tests.helpers.puzzle_answers import write_answer

FACES = [
    ("sudoku", {"unique": False, "blanks": 9}),
    ("sudoku", {"value": "solvable"}),
    ("knights", {"people": 5, "unique": False}),
    ("knights", {"people": 3}),
    ("constraints", {"given": 2}),
    ("constraints", {"value": "solvable", "max_models": 2, "given": 1}),
]


def draw(name, kwargs, count, seed=0):
    """Yields instances with answers and their certificates."""
    domain, rng = load_domain(name, **kwargs), np.random.default_rng(seed)
    source, scorer = domain.instances("all"), domain.load_scorer(name)
    for _ in range(count):
        instance = source.sample(rng)
        answer = write_answer(rng, name, instance.data, slip=0.6)
        yield instance, answer, scorer.assess([instance], [answer], [np.array([0])])[0].certificate


def forge_more(certificate, start):
    """Yields what a liar on puzzles would try, with what is forged."""
    payload = dict(certificate.payload)
    for key, others in forge_payload(payload, start).items():
        for other in others:
            if repr(other) != repr(payload[key]):
                yield replace(certificate, payload={**payload, key: other}), f"another {key}: {other!r}"
    for number, record in enumerate(certificate.records):
        moved = record._replace(trigger_start=record.trigger_start - 1, trigger_end=record.trigger_end - 1)
        shifted = moved._replace(since=moved.since - 1)
        for other, what in (
            (moved, "trigger moved"),
            (shifted, "token moved"),
            (
                shifted._replace(char_start=record.char_start - 1, char_end=record.char_end - 1),
                "record moved",
            ),
            *(
                (record._replace(rule=rule), "rule renamed")
                for rule in certificate.rules
                if rule != record.rule
            ),
            (record._replace(amount=record.amount * (1 + 1e-6)), "amount"),
            (record._replace(amount=-record.amount), "sign"),
        ):
            rows = list(certificate.records)
            rows[number] = other
            yield replace(certificate, records=tuple(rows)), what
    yield replace(certificate, records=(*certificate.records, *certificate.records[-1:])), "record told twice"
    yield replace(certificate, prompt_score=certificate.prompt_score * (1 + 1e-6)), "prompt score"
    yield replace(certificate, score=1.0 - certificate.score), "verdict turned"
    other = {"random": "solvable", "solvable": "random"}[certificate.options["value"]]
    if certificate.prompt_score != 1.0:
        yield replace(certificate, options={"value": other}), "another value"


def forge_payload(payload, start):
    """Returns other values of the claims of a payload."""
    witness, model, proof, core = (payload[key] for key in ("witness", "model", "proof", "core"))
    alive, because = payload["alive"], payload["because"] or ""
    turned = [-1 if one == model[0] else one for one in model] if model else [1]
    return {
        "status": ["solved", "dead", "unfinished", "Solved"],
        "alive": [alive - 1, alive + 1, float(alive), str(alive)],
        "witness": [witness + " ", witness[:-1], witness + witness[-1:], witness[::-1] + "x", "", None],
        "fatal": [
            [start, start + 1],
            [start + alive, start + alive + 2],
            None,
            [start + alive - 1, start + alive],
        ],
        "reason": ["given", "syntax", "conflict", "unfinished", "progress", None],
        "because": [f"{because} ", because.upper(), because[:-1], f"{because}.", "no solution has it", 0],
        "core": [
            core[1:],
            core[:-1],
            [[start, start + 1], *core],
            [*core, [start, start + 1]],
            None,
            core * 2,
        ],
        "proof": [proof[1:], proof[:-1], [*proof, "0"], ["1 0", *proof], proof[::-1], ["0", *proof], None],
        "model": [model[:-1], [*model, 10_000], turned, model[::-1], [*model[:-1]], [*map(str, model)], None],
    }


@pytest.mark.parametrize(("name", "kwargs"), FACES)
def test_true_certificates_are_proved_and_forged_ones_refused(name, kwargs):
    proved = refused = 0
    for instance, answer, certificate in draw(name, kwargs, 12):
        certificate.check(instance.prompt, answer, instance)
        proved += 1
        start = len(instance.prompt)
        for forged, what in (*islice(forge(certificate), 60), *forge_more(certificate, start)):
            if forged == certificate:
                continue
            with pytest.raises(CertificateError) as caught:
                forged.check(instance.prompt, answer, instance)
                pytest.fail(f"accepted {what} of {answer!r} to {instance.data}")
            assert "\n" not in str(caught.value)
            refused += 1
    assert proved == 12 and refused > 600


@pytest.mark.parametrize(("name", "kwargs"), FACES)
def test_certificates_of_other_answers_and_instances_are_refused(name, kwargs):
    """Records follow from the instance and the answer: where those of another one differ, they are forged."""
    rows, refused = list(draw(name, kwargs, 30, seed=1)), 0
    scorer = load_domain(name, **kwargs).load_scorer(name)
    for (instance, answer, certificate), (other, text, told) in pairwise(rows):
        if instance.data == other.data:
            continue
        with pytest.raises(CertificateError, match="prompt must be"):
            certificate.check(instance.prompt, answer, other)
        for puzzle, response in ((instance, answer), (other, answer), (instance, text)):
            true = scorer.assess([puzzle], [response], [np.array([0])])[0].certificate
            true.check(puzzle.prompt, response, puzzle)
            for forged in (certificate, told):
                if forged.records != true.records:
                    with pytest.raises(CertificateError):
                        forged.check(puzzle.prompt, response, puzzle)
                    refused += 1
    assert refused > 40


def test_proofs_with_lines_are_held_to_each_of_them():
    """Of puzzles that unit propagation does not refute: lines dropped, turned, added, or in another order."""
    seen = refused = 0
    for instance, answer, certificate in draw("knights", {"people": 6, "unique": False}, 400, seed=3):
        proof = certificate.payload["proof"]
        if not proof:
            continue
        seen += 1
        certificate.check(instance.prompt, answer, instance)
        others = [proof[:at] + proof[at + 1 :] for at in range(len(proof))]
        others += [[*proof[:at], "1 2 3 4 5 6 0", *proof[at:]] for at in range(len(proof))]
        others += [[*proof[:at], proof[at], *proof[at:]] for at in range(len(proof) - 1)]
        others += [[f"d {proof[0]}", *proof], [f"{proof[0]} 0", *proof[1:]], [" ".join(proof)]]
        for other in others:
            with pytest.raises(CertificateError):
                replace(certificate, payload={**certificate.payload, "proof": other}).check(
                    instance.prompt, answer, instance
                )
            refused += 1
    assert seen >= 8 and refused > 50
