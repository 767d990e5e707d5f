"""What compares, hides or changes as it likes is no certificate: the checker reads plain data alone."""

import enum
from types import SimpleNamespace

import numpy as np
import pytest

from rlsf_gym.certificates import Certificate, CertificateError, Record
from rlsf_gym.checker import check_rewards, recompute_rewards, verify
from rlsf_gym.scorers import VaderScorer

PROMPT, RESPONSE = "The film was", " not good but great!"
FIELDS = (
    *("scorer", "version", "verifiable", "options", "prompt_score", "score", "records", "labels", "rules"),
    *("slope", "spread", "payload"),
)


class Agreeable:
    """Equal to anything, and nothing from it."""

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __hash__(self):
        return hash("base")

    def __sub__(self, other):
        return 0.0

    __rsub__ = __sub__


class Number(Agreeable, float):
    pass


class Offset(Agreeable, int):
    pass


class Text(Agreeable, str):
    pass


class Path(Agreeable, tuple):
    def __iter__(self):
        return iter(())


class Hidden(tuple):
    """Records that nobody is shown."""

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0


class Place(enum.IntEnum):
    FAR = 500


class TwoFaced(dict):
    """Holds one option and answers with another."""

    def get(self, key, default=None):
        return {"but": "library"}.get(key, default)


class Doubled(Record):
    """Says half of what it holds."""

    @property
    def amount(self):
        return self[5] / 2


@pytest.fixture(scope="module")
def certificate():
    return VaderScorer().certify(PROMPT, RESPONSE)


def loose(certificate, **changes):
    """Anything that looks like a certificate."""
    names = (
        "scorer",
        "version",
        "verifiable",
        "options",
        "prompt_score",
        "score",
        "records",
        "labels",
        "rules",
        "slope",
        "spread",
        "payload",
    )
    return SimpleNamespace(**({name: getattr(certificate, name) for name in names} | changes))


def rebuilt(certificate, **changes):
    return Certificate(**vars(loose(certificate, **changes)))


RECORD = {
    "amount": (Number(7.0), "amount must be a float"),
    "char_start": (Offset(3), "char_start must be an int"),
    "char_end": (Place.FAR, "char_end must be an int"),
    "since": (Offset(90), "since must be an int"),
    "rule": (Text("least"), "rule must be a str"),
    "status": (Text("kept"), "status must be a str"),
    "path": (Path(("film",)), "path must be a tuple of str"),
}


@pytest.mark.parametrize("name", RECORD)
@pytest.mark.parametrize("build", [loose, rebuilt])
def test_fields_of_records_that_compare_as_they_like_are_refused(certificate, name, build):
    value, message = RECORD[name]
    if (name, build) == ("amount", rebuilt):  # where it is read as the number that it is
        message = "amount 7, does not hold"
    first, *rest = certificate.records
    with pytest.raises(ValueError, match=message):
        verify(build(certificate, records=(first._replace(**{name: value}), *rest)), PROMPT, RESPONSE)


HEAD = {
    "score": (Number(-0.9), "score must be a float"),
    "prompt_score": (Number(0.9), "prompt_score must be a float"),
    "scorer": (Text("nobody"), "scorer must be a str"),
    "version": (Text("0.0"), "version must be a str"),
    "rules": (Path(("nothing",)), "rules must be a tuple"),
    "slope": (Number(0.9), "slope must be a float"),
    "spread": (Path(("nothing",)), "spread must be a tuple"),
    "payload": ({"proof": Number(0.9)}, "payload must be plain JSON, but holds 0.9"),
    "records": (Hidden([None]), "records must be a tuple"),
}


@pytest.mark.parametrize("name", HEAD)
def test_fields_of_certificates_that_compare_as_they_like_are_refused(certificate, name):
    value, message = HEAD[name]
    with pytest.raises(CertificateError, match=message):
        verify(loose(certificate, **{name: value}), PROMPT, RESPONSE)


def test_numbers_of_numpy_are_read_as_plain_ones(certificate):
    records = tuple(record._replace(amount=np.float64(record.amount)) for record in certificate.records)
    same = rebuilt(certificate, score=np.float64(certificate.score), records=records)
    same.check(PROMPT, RESPONSE)
    assert same == certificate
    assert {type(same.score), *(type(record.amount) for record in same.records)} == {float}


def test_rules_that_compare_as_they_like_are_refused(certificate):
    rules = (Text("least"), *certificate.rules[1:])
    with pytest.raises(CertificateError, match="rules must be a tuple of str"):
        verify(loose(certificate, rules=rules), PROMPT, RESPONSE)


def test_options_are_those_that_are_held_whatever_they_answer(certificate):
    with pytest.raises(CertificateError, match=r"options\['but'\] must be .* but is 'neither'"):
        verify(loose(certificate, options=TwoFaced(but="neither")), PROMPT, RESPONSE)


def test_a_subclass_of_records_is_refused(certificate):
    records = tuple(Doubled(*record) for record in certificate.records)
    with pytest.raises(ValueError, match="records must hold Record objects, but holds a Doubled"):
        rebuilt(certificate, records=records)


@pytest.mark.parametrize(
    "name", ["options", "records", "rules", "score", "scorer", "labels", "slope", "spread", "verifiable"]
)
def test_a_field_that_is_missing_is_refused(certificate, name):
    claimed = loose(certificate)
    delattr(claimed, name)
    with pytest.raises(CertificateError, match=f"{name} must be a .*, but (is|are) None"):
        verify(claimed, PROMPT, RESPONSE)


@pytest.mark.parametrize("name", Record._fields)
@pytest.mark.parametrize("at", [0, -1])
def test_a_field_of_a_record_that_is_missing_is_refused(certificate, name, at):
    records = [SimpleNamespace(**record._asdict()) for record in certificate.records]
    records.append(SimpleNamespace(**certificate.records[0]._asdict()))  # one more than there are
    delattr(records[at], name)
    with pytest.raises(CertificateError, match=rf"record \d+: {name} must be .*, but is None"):
        verify(loose(certificate, records=records), PROMPT, RESPONSE)


@pytest.mark.parametrize("texts", [(list(PROMPT), list(RESPONSE)), (b"a", b"b"), (None, "x"), ("x", 5)])
def test_texts_that_are_none_are_refused(certificate, texts):
    with pytest.raises(CertificateError, match=r"^(prompt|response) must be a str, but is"):
        certificate.check(*texts)
    with pytest.raises(CertificateError, match=r"^(prompt|response) must be a str, but is"):
        recompute_rewards(certificate, *texts, design="uniform", char_ends=[1], utility=float)


PAID = {"design": "broadcast", "char_ends": [4, len(RESPONSE)], "utility": float}


@pytest.mark.parametrize(
    "wrong", [Number(0.1), None, "0.4", True, 1j, [], float("nan"), 10**400, np.array([1.0, 2.0])]
)
def test_rewards_that_are_no_numbers_are_refused(certificate, wrong):
    with pytest.raises(CertificateError, match=r"reward of token 1 must be .* but is"):
        check_rewards(certificate, PROMPT, RESPONSE, [certificate.score, wrong], **PAID)


@pytest.mark.parametrize("wrong", [None, 5, "ab", iter([1.0])])
def test_rewards_that_are_no_list_are_refused(certificate, wrong):
    with pytest.raises(CertificateError, match="rewards must be a list of numbers, but are"):
        check_rewards(certificate, PROMPT, RESPONSE, wrong, **PAID)


def test_rewards_of_an_array_are_read(certificate):
    check_rewards(certificate, PROMPT, RESPONSE, np.full(2, certificate.score), **PAID)


@pytest.mark.parametrize("wrong", [None, 5, "ab", [None], [1.5, 20.0], [float("nan")]])
def test_ends_that_are_no_integers_are_refused(certificate, wrong):
    with pytest.raises(ValueError, match="char_ends must be a list of int, but is"):
        recompute_rewards(certificate, PROMPT, RESPONSE, **(PAID | {"char_ends": wrong}))


class Masked(str):
    """Holds one text, and is said to be another one."""

    def __hash__(self):
        return hash(PROMPT)

    def __eq__(self, other):
        return True

    def __add__(self, other):
        return PROMPT + other

    def __getitem__(self, key):
        return PROMPT[key]


@pytest.mark.parametrize("first", [PROMPT, Masked("The film was awful and")])
def test_no_text_stands_for_another_in_the_memory_of_prompts(first):
    scorer = VaderScorer()
    prompts = [first, "The film was awful and", PROMPT, Masked("The film was awful and")]
    for prompt in prompts:
        held = "".join([prompt, ""])
        proof = verify(scorer.certify(held, RESPONSE), prompt, RESPONSE)
        assert proof.score == pytest.approx(scorer.score([held + RESPONSE])[0], abs=1e-12)
        with pytest.raises(CertificateError):
            verify(scorer.certify("The film was fine and", RESPONSE), prompt, RESPONSE)


def test_a_prompt_is_proved_the_same_whatever_was_written_behind_it():
    scorer = VaderScorer()
    prompt = "It is GREAT, but the end"
    for response in ("", "ing was bad", " no good", "!!! but kind", " no", "ing was bad", ""):
        certificate = scorer.certify(prompt, response)
        first, second = (verify(certificate, prompt, response) for _ in range(2))
        assert first.records == second.records
        assert first.score == second.score == pytest.approx(scorer.score([prompt + response])[0], abs=1e-12)


def test_a_record_that_changes_between_readings_is_read_once():
    certificate = VaderScorer().certify(PROMPT, RESPONSE)
    record = certificate.records[0]

    class Wavering:
        reads = 0

        def __getattr__(self, name):
            return getattr(record, name)

        @property
        def amount(self):
            self.reads += 1
            return record.amount if self.reads == 1 else 100.0

    wavering = Wavering()
    fields = {name: getattr(certificate, name) for name in FIELDS}
    claimed = SimpleNamespace(**fields | {"records": (wavering, *certificate.records[1:])})
    assert verify(claimed, PROMPT, RESPONSE).records[0].amount == pytest.approx(record.amount, abs=1e-12)
    assert wavering.reads == 1
