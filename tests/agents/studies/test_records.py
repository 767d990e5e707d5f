"""agents/studies/records.py: lines that hold no record are refused in one line that names the field."""

import json
import time

import pytest

from agents.runs import strict_json
from agents.studies.records import check_record, parse_record

SAMPLE = {
    "prompt": "p",
    "response": "r",
    "tokens": [1, 2],
    "token_rewards": [0.5, -1],
    "score": 0.5,
    "judge": None,
}


def test_a_record_is_plain_data():
    line = b'{"record": "iteration", "episodes": 32.0, "a": [1, {"b": "\xc3\xa9"}], "c": null}\n'
    wanted = {"record": "iteration", "episodes": 32.0, "a": [1, {"b": "é"}], "c": None}
    assert parse_record(line) == wanted


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"", "Expecting value"),
        (b"[1]", r"expected a JSON object, got \[1\]"),
        (b"{}", "record: expected a text, the kind of record, got None"),
        (b'{"record": 3}', "record: expected a text, the kind of record, got 3"),
        (b'{"record": "a", "x": NaN}', "expected finite numbers, got NaN"),
        (b'{"record": "a", "x": -Infinity}', "expected finite numbers, got -Infinity"),
        (b'{"record": "a", "x": 1e999}', "expected finite numbers, got '1e999'"),
        (b'{"record": "a", "x": 9223372036854775808}', r"whole numbers below 2\^63, got 9223372036854775808"),
        (b'{"record": "a", "x": ' + b"9" * 5_000 + b"}", r"whole numbers below 2\^63, got one of 5,000"),
        (b'{"record": "a", "x": 1, "x": 2}', "'x': expected each key once, got it twice"),
        (b'{"record": "a", "x": {"y": 1, "y": 1}}', "'y': expected each key once"),
        (b'{"record": "a", "x": ' + b"[" * 40 + b"]" * 40 + b"}", "at most 32 tables and lists inside"),
        (b'{"record": "a", "x": ' + b"[" * 100_000, "at most 32 tables and lists inside"),
        (b'{"record": "a", "x": "\xff"}', "codec can't decode"),
        (b'{"record": "a"} {}', "Extra data"),
        ('{"record": "a"}'.encode("utf-16"), "codec can't decode"),
    ],
)
def test_what_is_no_record_is_refused(line, message):
    with pytest.raises(ValueError, match=message) as caught:
        parse_record(line)
    assert len(str(caught.value)) < 300 and "\n" not in str(caught.value)


def test_a_key_that_is_there_twice_is_found_in_time():
    """Linear: a search through all keys for each of these would take hours."""
    keys = ", ".join(f'"{number}": 0' for number in [*range(200_000), 199_999])
    start = time.process_time()
    with pytest.raises(ValueError, match="'199999': expected each key once, got it twice"):
        parse_record(f'{{"record": "a", {keys}}}'.encode())
    assert time.process_time() - start < 20.0


def test_a_long_line_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(strict_json, "LONGEST_LINE", 20)
    assert parse_record(b'{"record": "abcdef"}')["record"] == "abcdef"
    with pytest.raises(ValueError, match="expected at most 20 bytes in a line, got 21"):
        parse_record(b'{"record": "abcdefg"}')


@pytest.mark.parametrize(
    "record",
    [
        {"record": "iteration", "episodes": 8.0, "env/score": 0.5, "objective/kl": None},
        {"record": "evaluation", "when": "after", "summary": {"score": 0.5, "judge": None}},
        {"record": "samples", "samples": [SAMPLE, {"tokens": [], "token_rewards": []}]},
        {"record": "attainable", "start": 0.0, "best": 1, "n": 64, "prompts": 32},
        {"record": "end", "status": "failed", "reason": "loss is nan"},
        {"record": "of my own", "anything": [{"at": "all"}]},
    ],
)
def test_records_of_a_study_are_accepted(record):
    check_record(json.loads(json.dumps(record)))


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"record": "iteration"}, "iteration: expected the field 'episodes'"),
        ({"record": "iteration", "episodes": 0}, "iteration: episodes: expected a whole number >= 1, got 0"),
        ({"record": "iteration", "episodes": True}, "episodes: expected a whole number >= 1, got True"),
        ({"record": "iteration", "episodes": 8, "x": "1"}, "iteration: x: expected a finite number or null"),
        (
            {"record": "iteration", "episodes": 8, "x": 1e200},
            "iteration: x: expected a finite number or null",
        ),
        ({"record": "evaluation", "when": "x", "summary": {}}, "when: expected 'before' or 'after', got 'x'"),
        (
            {"record": "evaluation", "when": [], "summary": {}},
            r"when: expected 'before' or 'after', got \[\]",
        ),
        ({"record": "evaluation", "when": "after", "summary": {"a": "b"}}, "summary: expected a table of"),
        ({"record": "samples", "samples": {}}, "samples: expected responses"),
        ({"record": "samples", "samples": [{**SAMPLE, "tokens": [1]}]}, "as many numbers"),
        ({"record": "samples", "samples": [{**SAMPLE, "tokens": [1, -1]}]}, "samples: expected responses"),
        ({"record": "samples", "samples": [{**SAMPLE, "tokens": [1, 2.0]}]}, "samples: expected responses"),
        ({"record": "samples", "samples": [{**SAMPLE, "prompt": 3}]}, "samples: expected responses"),
        ({"record": "samples", "samples": [{**SAMPLE, "judge": "x"}]}, "samples: expected responses"),
        (
            {"record": "attainable", "start": 0.0, "best": None, "n": 1, "prompts": 1},
            "best: expected a finite",
        ),
        ({"record": "end", "status": "well"}, "end: status: expected 'done' or 'failed', got 'well'"),
        ({"record": "end", "status": "done", "reason": 3}, "end: reason: expected a text or null, got 3"),
    ],
)
def test_a_field_of_another_type_is_named(record, message):
    with pytest.raises(ValueError, match=message) as caught:
        check_record(record)
    assert len(str(caught.value)) < 400 and "\n" not in str(caught.value)
