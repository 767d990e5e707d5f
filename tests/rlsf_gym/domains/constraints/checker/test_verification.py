"""Whole certificates by hand: those that hold, and what is forged of them."""

from dataclasses import replace

import pytest

from rlsf_gym.certificates import Certificate, CertificateError, Record
from rlsf_gym.instance import Instance
from rlsf_gym.testing.forgeries import forge

# Two blanks: a 4 at the end of the first row, and a 3 at the end of the last.
GRID, ANSWER = "123.34122341412.", "1234341223414123"
INSTANCE, START = Instance(f"{GRID}\n", 0, {"grid": GRID}), 17
MODEL = [cell * 4 + int(digit) for cell, digit in enumerate(ANSWER)]
RULES = ("progress", "syntax", "given", "conflict", "unfinished")
ALIVE = {"fatal": None, "reason": None, "because": None, "core": [], "proof": [], "model": MODEL}
# A 4 in the first blank is one of four digits; then one of four is a 3.
FOUND = (20, 21, "progress", 20, 21, 1 / 4 - 1 / 16, "added", (), 21)


def make(records, score=0.0, *, value="random", **payload):
    told = {"status": "dead", "alive": len(ANSWER), "witness": ANSWER, **ALIVE, **payload}
    rows = tuple(Record(*row) for row in records)
    start = 1 / 16 if value == "random" else 1.0
    heads = ("sudoku", "1", True, {"value": value}, start, score)
    return Certificate(*heads, rows, rules=RULES, payload=told)


def lose(at, rule, because, **payload):
    """Returns the certificate of an answer that is lost by one digit before it has found any."""
    span = (START + at, START + at + 1)
    record = (*span, rule, *span, -1 / 16, "added", (), span[1])
    told = {"alive": at, "fatal": [*span], "reason": rule, "because": because, **payload}
    return make([record], **told)


CASES = {
    ANSWER: make(
        [FOUND, (32, 33, "progress", 32, 33, 3 / 4, "added", (), 33)],
        score=1.0,
        status="solved",
    ),
    "1231": lose(3, "conflict", "no solution has 1 at row 1, column 4", core=[[20, 21]]),
    "2": lose(0, "given", "row 1, column 1 is given as 1, not 2", core=[[17, 18]]),
    "1\u0662": lose(1, "syntax", "expected a digit from 1 to 4, got '\u0662'"),
    "1 2 ": make(
        [(21, 21, "unfinished", 21, 21, -1 / 16, "added", (), 21)],
        status="unfinished",
        alive=4,
        witness="1 2 34341223414123",
        reason="unfinished",
        because="expected a digit from 1 to 4, got the end",
    ),
    "1234341223414124": make(
        [FOUND, (32, 33, "conflict", 32, 33, -1 / 4, "added", (), 33)],
        alive=15,
        fatal=[32, 33],
        reason="conflict",
        because="no solution has 4 at row 4, column 4",
        core=[[32, 33]],
    ),
}
SOLVABLE = make(
    [(20, 21, "conflict", 20, 21, -1.0, "added", (), 21)],
    value="solvable",
    alive=3,
    fatal=[20, 21],
    reason="conflict",
    because="no solution has 2 at row 1, column 4",
    core=[[20, 21]],
)


def check(certificate, response):
    certificate.check(INSTANCE.prompt, response, INSTANCE)


@pytest.mark.parametrize("response", CASES)
def test_what_holds_is_proved(response):
    check(CASES[response], response)


def test_what_is_solvable_is_proved():
    check(SOLVABLE, "1232")


@pytest.mark.parametrize("response", CASES)
def test_what_is_forged_is_refused(response):
    forged = list(forge(CASES[response]))
    assert len(forged) > 30
    for certificate, what in forged:
        with pytest.raises(CertificateError) as caught:
            check(certificate, response)
        assert "\n" not in str(caught.value), what


OTHERS = {
    "status": ["unfinished", "dead", "solved", "lost", None],
    "alive": [0, 2, 4, 16, 3.0, True, -1, None],
    "witness": [
        "1231341223414123",
        ANSWER[:-1],
        ANSWER + " ",
        ANSWER + "1",
        "12 34341223414123",
        "",
        None,
        3,
    ],
    "fatal": [[20, 22], [19, 21], [3, 4], [20.0, 21.0], None, [], [20, 21, 22]],
    "reason": ["given", "syntax", "unfinished", "progress", None],
    "because": [
        "no solution has 1 at row 4, column 1",
        "no solution has 1 at row 1, column 4.",
        "No solution has 1 at row 1, column 4",
        "",
        None,
    ],
    "core": [
        [],
        [[19, 20], [20, 21]],
        [[20, 21], [20, 21]],
        [[20, 22]],
        [[17, 18], [20, 21]],
        [[0, 1]],
        None,
    ],
    "proof": [["0"], ["1 0", "0"], ["-13 0", "0"], None, "0", [[]]],
    "model": [
        MODEL[:-1],
        [*MODEL, 64],
        MODEL[::-1],
        [-1 * one for one in MODEL],
        [*map(float, MODEL)],
        None,
        [],
    ],
}


@pytest.mark.parametrize("key", OTHERS)
def test_each_claim_of_a_payload_is_held_to_its_value(key):
    true = CASES["1231"]
    for other in OTHERS[key]:
        if other == true.payload[key] and type(other) is type(true.payload[key]):
            continue
        with pytest.raises(CertificateError):
            check(replace(true, payload={**true.payload, key: other}), "1231")


def test_a_core_is_minimal_and_a_proof_no_longer_than_needed():
    payload = CASES["1231"].payload
    larger = {
        "core": [[19, 20], [20, 21]],
        "because": f"no solution has 3 at row 1, column 3 and {payload['because'][16:]}",
    }
    with pytest.raises(
        CertificateError, match="core must have no symbol that can be left out, such as number 0"
    ):
        check(replace(CASES["1231"], payload={**payload, **larger}), "1231")
    with pytest.raises(CertificateError, match="proof must be empty, as unit propagation refutes"):
        check(replace(CASES["1231"], payload={**payload, "proof": ["0"]}), "1231")


@pytest.mark.parametrize("response", CASES)
def test_the_certificate_of_another_answer_is_refused(response):
    for other, certificate in CASES.items():
        if other != response:
            with pytest.raises(CertificateError):
                check(certificate, response)


def test_another_instance_is_refused():
    other = Instance(f"{ANSWER}\n", 0, {"grid": ANSWER})
    for response, certificate in CASES.items():
        with pytest.raises(CertificateError, match="prompt must be '1234341223414123"):
            certificate.check(INSTANCE.prompt, response, other)
        with pytest.raises(CertificateError):
            certificate.check(other.prompt, response, other)
        with pytest.raises(CertificateError, match="instance must have data, but has None"):
            certificate.check(INSTANCE.prompt, response, None)


def test_a_puzzle_without_a_solution_is_refused():
    grid = "11" + "." * 14
    with pytest.raises(CertificateError, match="model must satisfy"):
        CASES["2"].check(f"{grid}\n", "2", Instance(f"{grid}\n", 0, {"grid": grid}))


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"version": "2"}, "version must be '1', but is '2'"),
        ({"options": {}}, "options must be {'value': 'random'}, or 'solvable', but are {}"),
        ({"options": {"value": "solvable"}}, "record 0 must be"),
        ({"options": {"value": "reference"}}, "options must be"),
        ({"labels": {"a": 1.0}}, "labels must be {}"),
        ({"rules": (*RULES[:3], "unfinished", "conflict")}, "rules must be"),
        ({"rules": (*RULES, "more")}, "rules must be"),
        ({"spread": ("progress",)}, "spread must be"),
        ({"slope": 0.5}, "slope must be"),
        ({"prompt_score": 1 / 15}, "prompt_score must be 0.0625, but is"),
        ({"score": 1.0}, "score must be 0.0, but is 1.0"),
        ({"payload": None}, "payload must hold status, alive"),
    ],
)
def test_heads_are_held_to_what_they_must_be(part, message):
    with pytest.raises(CertificateError, match=message):
        check(replace(CASES["1231"], **part), "1231")
