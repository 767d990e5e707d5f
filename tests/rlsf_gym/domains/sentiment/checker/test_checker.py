"""The checker accepts what the texts prove and nothing else."""

import ast
import dataclasses
import math
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import rlsf_gym.domains.sentiment.checker
from rlsf_gym.certificates import CertificateError, Record
from rlsf_gym.domains.sentiment.vader.rules import RULES
from rlsf_gym.domains.sentiment.vader.scorer import VaderScorer

WORDS = [
    *("good", "bad", "great", "hate", "love", "kind", "of", "sort", "no", "not", "never", "without", "doubt"),
    *("so", "this", "but", "or", "least", "at", "VERY", "really", "hardly", "GOOD", "the", "bomb", "kiss"),
    *("death", "die", "to", "for", "yeah", "right", "movie", "a", "I", "😀", "😍x", "🔛", "good!", "bad??"),
    *("...", ":)", "İ", "isn't", "no,", "BUT"),
]
texts = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
buts = st.sampled_from(["library", "documented"])
PROMPT, RESPONSE = (
    "This film is kind of go",
    "od, NOT bad 😍 but least great! no love, never so VERY bad ass!?",
)


def certify(text, cut, but="library"):
    prompt, response = text[:cut], text[cut:]
    return VaderScorer(but).certify(prompt, response), prompt, response


@st.composite
def certified(draw, late=False):
    """A certificate with records; with a late cut, most of them stand in the prompt."""
    text = draw(texts)
    cut = draw(st.integers(len(text) // 2 if late else 0, len(text)))
    certificate, prompt, response = certify(text, cut, draw(buts))
    assume(certificate.records)
    return certificate, prompt, response


def refuse(certificate, prompt, response, match="."):
    with pytest.raises(CertificateError, match=match) as caught:
        certificate.check(prompt, response)
    assert "\n" not in str(caught.value)


def replaced(certificate, k, *records):
    others = certificate.records
    return dataclasses.replace(certificate, records=(*others[:k], *records, *others[k + 1 :]))


def changed(certificate, k, **changes):
    return replaced(certificate, k, certificate.records[k]._replace(**changes))


def pick(data, certificate):
    return data.draw(st.integers(0, len(certificate.records) - 1))


@given(text=texts, but=buts, data=st.data())
@settings(max_examples=100, deadline=None)
def test_certificates_of_the_scorer_hold_and_add_up(text, but, data):
    certificate, prompt, response = certify(text, data.draw(st.integers(0, len(text))), but)
    certificate.check(prompt, response)
    for gone, score, whole in (
        ("withdrawn", certificate.score, text),
        ("added", certificate.prompt_score, prompt),
    ):
        total = sum(record.amount for record in certificate.records if record.status not in (gone, "passing"))
        assert total / math.sqrt(total * total + 15) == pytest.approx(score, abs=1e-9)
        assert score == VaderScorer(but).score([whole])[0]


def test_a_certificate_worked_by_hand():
    # "not" turns good's 1.9 to -1.406; "but" halves it (by -1.406 / 2 = +0.703), raises great's 3.1 by 1.55;
    # S = -0.703 + 4.65 > 0, so that "!" adds 0.292.
    certificate, prompt, response = certify("not good but it was great!", 8)
    assert not any(record.path for record in certificate.records)
    assert [(*record[:7], *record[8:]) for record in certificate.records] == [
        (4, 8, "base", 4, 8, 1.9, "kept", 8, -1),
        (4, 8, "negation", 0, 3, pytest.approx(-3.306), "kept", 8, -1),
        (4, 8, "but", 9, 12, pytest.approx(0.703), "added", 12, -1),
        (20, 25, "base", 20, 25, 3.1, "added", 25, -1),
        (20, 25, "but", 9, 12, pytest.approx(1.55), "added", 25, -1),
        (25, 26, "punctuation", 25, 26, 0.292, "added", 26, -1),
    ]
    certificate.check(prompt, response)


def test_a_late_no_and_late_capitals_withdraw_and_add():
    certificate, prompt, response = certify("GOOD no fun", 7)
    found = [(r.char_start, r.rule, r.trigger_start, r.status) for r in certificate.records]
    assert found == [
        (0, "base", 0, "kept"),
        (0, "capitals", 0, "kept"),
        (5, "base", 5, "kept"),
        (5, "no", 8, "added"),
        (8, "base", 8, "added"),
        (8, "no", 5, "added"),
    ]
    certificate.check(prompt, response)


def test_every_rule_occurs_in_the_texts_below():
    certificate = VaderScorer().certify(PROMPT, RESPONSE)
    certificate.check(PROMPT, RESPONSE)
    rules = {record.rule for record in certificate.records}
    rules |= {record.rule for record in VaderScorer().certify("it is hardly bad, the bomb, ", "").records}
    assert rules == set(RULES)


@given(certified(), st.data())
@settings(max_examples=50, deadline=None)
def test_two_amounts_that_cancel_are_refused(case, data):
    certificate, prompt, response = case
    assume(len(certificate.records) > 1)
    k = pick(data, certificate)
    other = (k + 1) % len(certificate.records)
    records = certificate.records
    forged = changed(certificate, k, amount=records[k].amount + 0.01)
    refuse(changed(forged, other, amount=records[other].amount - 0.01), prompt, response)


@given(certified(), st.data(), st.sampled_from(["char_start", "char_end", "trigger_start", "trigger_end"]))
@settings(max_examples=100, deadline=None)
def test_a_moved_span_is_refused(case, data, name):
    certificate, prompt, response = case
    k = pick(data, certificate)
    value = getattr(certificate.records[k], name)
    moved = data.draw(st.integers(0, len(prompt + response) + 3).filter(lambda place: place != value))
    try:
        forged = changed(certificate, k, **{name: moved})
    except ValueError:
        assume(False)
    refuse(forged, prompt, response)


def test_a_trigger_moved_to_another_booster_is_refused():
    certificate, prompt, response = certify("really very good", 0)
    k = next(k for k, record in enumerate(certificate.records) if record.rule == "booster")
    assert certificate.records[k].trigger_start == 7
    refuse(
        changed(certificate, k, trigger_start=0, trigger_end=6), prompt, response, match=rf"record {k} \(boos"
    )


@given(certified(), st.data(), st.sampled_from(RULES))
@settings(max_examples=50, deadline=None)
def test_a_renamed_rule_is_refused(case, data, rule):
    certificate, prompt, response = case
    k = pick(data, certificate)
    assume(certificate.records[k].rule != rule)
    refuse(changed(certificate, k, rule=rule), prompt, response)


@given(certified(), st.data())
@settings(max_examples=50, deadline=None)
def test_a_missing_record_is_refused(case, data):
    certificate, prompt, response = case
    refuse(replaced(certificate, pick(data, certificate)), prompt, response)


@given(certified(), st.data())
@settings(max_examples=50, deadline=None)
def test_a_doubled_record_is_refused(case, data):
    certificate, prompt, response = case
    k = pick(data, certificate)
    refuse(replaced(certificate, k, certificate.records[k], certificate.records[k]), prompt, response)


@given(certified(), st.data())
@settings(max_examples=50, deadline=None)
def test_a_merged_record_is_refused(case, data):
    certificate, prompt, response = case
    k = pick(data, certificate)
    assume(k + 1 < len(certificate.records))
    amount = certificate.records[k].amount + certificate.records[k + 1].amount
    refuse(replaced(changed(certificate, k, amount=amount), k + 1), prompt, response)


@given(certified(), st.data())
@settings(max_examples=50, deadline=None)
def test_swapped_records_are_refused(case, data):
    certificate, prompt, response = case
    records = list(certificate.records)
    k = pick(data, certificate)
    assume(k + 1 < len(records) and records[k] != records[k + 1])
    assume({records[k].status, records[k + 1].status} != {"added", "withdrawn"})  # these have no order
    records[k : k + 2] = [records[k + 1], records[k]]
    refuse(dataclasses.replace(certificate, records=tuple(records)), prompt, response)


@given(certified(), st.data(), st.sampled_from(["kept", "added", "withdrawn", "passing"]))
@settings(max_examples=50, deadline=None)
def test_another_status_is_refused(case, data, status):
    certificate, prompt, response = case
    k = pick(data, certificate)
    assume(certificate.records[k].status != status)
    refuse(changed(certificate, k, status=status), prompt, response)


@given(certified(late=True), st.data())
@settings(max_examples=50, deadline=None)
def test_a_kept_record_split_in_two_is_refused(case, data):
    certificate, prompt, response = case
    kept = [k for k, record in enumerate(certificate.records) if record.status == "kept"]
    assume(kept)
    k = data.draw(st.sampled_from(kept))
    record = certificate.records[k]
    halves = [record._replace(status=status) for status in ("withdrawn", "added")]
    refuse(replaced(certificate, k, *halves), prompt, response, match="must be kept")


@given(certified(), st.sampled_from(["score", "prompt_score"]), st.floats(1e-8, 0.5))
@settings(max_examples=50, deadline=None)
def test_another_score_is_refused(case, name, change):
    certificate, prompt, response = case
    forged = dataclasses.replace(certificate, **{name: getattr(certificate, name) - change})
    refuse(forged, prompt, response, match=f"^{name} must be")


@given(certified(), st.data())
@settings(max_examples=50, deadline=None)
def test_an_edited_word_is_refused(case, data):
    certificate, prompt, response = case
    record = certificate.records[pick(data, certificate)]
    text = prompt + response
    edited = text[: record.char_start] + "x" * (record.char_end - record.char_start) + text[record.char_end :]
    refuse(certificate, edited[: len(prompt)], edited[len(prompt) :])


@given(certified(), st.data(), st.sampled_from(["since", "until"]))
@settings(max_examples=100, deadline=None)
def test_a_moved_lifetime_is_refused(case, data, name):
    certificate, prompt, response = case
    k = pick(data, certificate)
    record = certificate.records[k]
    ends = {other.char_end for other in certificate.records} | {-1, len(prompt), len(prompt + response)}
    moved = data.draw(st.sampled_from(sorted(ends - {getattr(record, name)})) if ends else st.nothing())
    try:
        forged = changed(certificate, k, **{name: moved})
    except ValueError:
        return  # refused at once: it would end before it begins
    refuse(forged, prompt, response, match=rf"^record {k} \({record.rule} at .* must be .*, but is ")


TURNS = ["kind of", "no good", "good but", "GOOD a", "no love but", "affection ok but ok", "the bomb"]


@st.composite
def with_passing(draw):
    """Certificates with records that hold at some words of the response only."""
    words = draw(st.lists(st.sampled_from([*TURNS, *WORDS]), max_size=8))
    turn = draw(st.sampled_from(["kind of", "no good affection ok but ok"]))
    at = draw(st.integers(0, len(words)))
    certificate, prompt, response = certify(" ".join([*words[:at], turn, *words[at:]]), 0, draw(buts))
    places = [k for k, record in enumerate(certificate.records) if record.status == "passing"]
    assume(places)
    return certificate, prompt, response, draw(st.sampled_from(places))


@given(with_passing())
@settings(max_examples=50, deadline=None)
def test_a_passing_record_that_is_dropped_is_refused(case):
    certificate, prompt, response, k = case
    refuse(replaced(certificate, k), prompt, response, match="^(record|a record is missing)")


@given(with_passing())
@settings(max_examples=50, deadline=None)
def test_a_passing_record_that_is_doubled_is_refused(case):
    certificate, prompt, response, k = case
    twice = certificate.records[k], certificate.records[k]
    refuse(replaced(certificate, k, *twice), prompt, response, match=rf"^record {k + 1} ")


@given(with_passing(), st.sampled_from(["kept", "added", "withdrawn"]), st.booleans())
@settings(max_examples=50, deadline=None)
def test_a_passing_record_that_is_called_another_is_refused(case, status, is_endless):
    certificate, prompt, response, k = case
    changes = {"status": status} | ({"until": -1} if is_endless else {})
    refuse(changed(certificate, k, **changes), prompt, response, match=rf"^record {k} .* must be passing")


@given(certified(), st.data())
@settings(max_examples=50, deadline=None)
def test_a_passing_record_that_is_added_is_refused(case, data):
    certificate, prompt, response = case
    k = pick(data, certificate)
    record = certificate.records[k]
    if data.draw(st.booleans()):
        extra = record._replace(status="passing", until=record.since + 1)
    else:
        extra = record._replace(status="passing", amount=-record.amount, until=len(prompt + response) + 1)
    assume(extra != record)
    refuse(replaced(certificate, k, record, extra), prompt, response, match=r"^record \d+ ")


@given(certified(), st.data())
@settings(max_examples=50, deadline=None)
def test_a_record_split_in_time_is_refused(case, data):
    certificate, prompt, response = case
    k = pick(data, certificate)
    record = certificate.records[k]
    last = len(prompt + response) + 2 if record.until == -1 else record.until - 1
    assume(record.since < last)
    middle = data.draw(st.integers(record.since + 1, last))
    first = "withdrawn" if record.since <= len(prompt) else "passing"
    halves = record._replace(status=first, until=middle), record._replace(since=middle)
    refuse(replaced(certificate, k, *halves), prompt, response, match=rf"^record {k} ")


def test_lifetimes_worked_by_hand():
    # "kind" counts 2.4 until "of" comes; "no" counts -1.2 until "fun" takes that away, less what "kind of"
    # takes of any word; then "but" halves.
    certificate, prompt, response = certify("GOOD x kind of no fun but", 4)
    found = [(r.rule, r.char_start, r.status, r.since, r.until) for r in certificate.records]
    assert found == [
        ("base", 0, "kept", 4, -1),
        ("capitals", 0, "added", 6, -1),
        ("but", 0, "added", 25, -1),
        ("base", 7, "passing", 11, 14),
        ("base", 15, "added", 17, -1),
        ("no", 15, "added", 21, -1),
        ("dampener", 15, "added", 17, -1),
        ("but", 15, "added", 25, -1),
        ("base", 18, "added", 21, -1),
        ("no", 18, "added", 21, -1),
        ("but", 18, "added", 25, -1),
    ]
    certificate.check(prompt, response)


def test_a_prompt_that_ends_inside_a_word_has_that_word_withdrawn():
    # "goo" is no word of the lexicon, "ok" is one and "okay" is another one.
    certificate, prompt, response = certify("no okay", 5)
    found = [(r.rule, r.char_start, r.char_end, r.status, r.since, r.until) for r in certificate.records]
    assert found == [
        ("base", 0, 2, "kept", 2, -1),
        ("no", 0, 2, "withdrawn", 5, 7),  # by "ok"
        ("no", 0, 2, "added", 7, -1),  # by "okay"
        ("base", 3, 5, "withdrawn", 5, 7),
        ("no", 3, 5, "withdrawn", 5, 7),
        ("base", 3, 7, "added", 7, -1),
        ("no", 3, 7, "added", 7, -1),
    ]
    certificate.check(prompt, response)


def test_a_record_that_comes_back_is_two_records():
    # "1" is not in capitals and "1A" is: the capitals of GOOD stop to stand out until "x".
    certificate, prompt, response = certify("GOOD 1A x", 6)
    found = [(r.rule, r.status, r.since, r.until) for r in certificate.records]
    assert found == [
        ("base", "kept", 4, -1),
        ("capitals", "withdrawn", 6, 7),
        ("capitals", "added", 9, -1),
    ]
    certificate.check(prompt, response)
    refuse(
        replaced(certificate, 2), prompt, response, match="^a record is missing at the end: capitals at 0:4"
    )


def test_words_of_one_emoji_arrive_together():
    # "😍" is "smiling face with heart-eyes": what "smiling" brings has no time to hold before "face".
    certificate, prompt, response = certify("no 😍 good", 2)
    assert {record.since for record in certificate.records} == {2, 4, 9}
    certificate.check(prompt, response)


def test_the_other_but_rule_is_refused_where_it_matters():
    # affection 2.4 is halved to 1.2, the valence of ok: the library then halves the first word again.
    for text, matters in (("good bad but", False), ("affection ok but", True)):
        certificate = dataclasses.replace(VaderScorer().certify(text, ""), options={"but": "documented"})
        if matters:
            refuse(certificate, text, "", match="does not hold")
        else:
            certificate.check(text, "")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"options": {}}, r"options\['but'\] must be 'library' or 'documented', but is None"),
        ({"version": "0"}, "version must be '3.3.2', that of the installed lexicon, but is '0'"),
        ({"scorer": "mine"}, "must come from 'vader'.*'mine'"),
        ({"score": math.nextafter(0, 1)}, "^score must be"),
    ],
)
def test_a_wrong_header_is_refused(change, match):
    certificate = VaderScorer().certify("good ", "film")
    refuse(dataclasses.replace(certificate, **change), "good ", "film", match=match)


def test_messages_name_the_record_and_what_the_text_proves():
    certificate = VaderScorer().certify("", "very good")
    refuse(
        changed(certificate, 1, amount=0.3),
        "",
        "very good",
        match=(
            r"^record 1 \(booster at 5:9\), trigger 0:4, amount 0.3, does not hold: "
            r"the text proves booster at 5:9, trigger 0:4, amount 0.293$"
        ),
    )
    refuse(replaced(certificate, 1), "", "very good", match="^a record is missing at the end: booster at 5:9")
    extra = Record(0, 4, "base", 0, 4, 1.0, "added")
    refuse(
        replaced(certificate, 1, certificate.records[1], extra), "", "very good", match="^record 2 .*nothing"
    )


def test_the_checker_imports_nothing_of_what_it_checks():
    checker = "rlsf_gym.domains.sentiment.checker"
    allowed = (checker, *(f"rlsf_gym.certificates.{name}" for name in ("claimed", "proof")))
    for path in Path(rlsf_gym.domains.sentiment.checker.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rlsf_gym"):
                assert node.module.startswith(allowed), path
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("rlsf_gym") for alias in node.names), path
