"""Columns of a dataset: what a line becomes in each, by hand."""

import json

import pytest

from rlsf_gym.export.columns import COLUMNS, find_columns, is_rule, make_row
from rlsf_gym.text.tokenizer import ByteTokenizer

PLAIN = {"tokens": [" 4", "."], "rewards": [1, 0.5]}


def row(record, rules=(), tokenizer=None):
    return json.loads(make_row(record, find_columns(rules), tokenizer))


def known(record, **parts):
    return {key: value for key, value in row(record, **parts).items() if value is not None}


def test_a_line_of_another_trainer_has_null_for_what_it_does_not_say():
    assert known(PLAIN) == {
        "response": " 4.",
        "tokens": [" 4", "."],
        "token_hex": ["2034", "2e"],
        "token_rewards": [1.0, 0.5],
    }
    assert [*row(PLAIN)] == [column.name for column in COLUMNS]


def test_a_line_of_an_environment_keeps_everything():
    told = {
        "environment": "a/B-v0", "group": "after", "design": "potential", "prompt": "2+2=",
        "score": 1, "utility": 0.5, "solved": 1, "prefix_values": [0, 1],
    }  # fmt: skip
    nested = {
        "instance": {"b": [1], "a": {"c": None}}, "certificate": [{"rule": "x"}],
        "certificate_payload": {"status": "solved"}, "candidates": [None, {"rank": 1}],
    }  # fmt: skip
    found = row(
        {**PLAIN, **told, **nested, "response_ids": [7, 8], "reward_b": 0.25}, rules=["reward_b", "reward_a"]
    )
    assert {key: found[key] for key in told} == told
    assert {key: json.loads(found[key]) for key in nested} == nested
    assert (found["response_ids"], found["reward_a"], found["reward_b"]) == ([7, 8], None, 0.25)
    assert [*found][-2:] == ["reward_a", "reward_b"]


def test_bytes_that_are_no_characters_are_kept_in_hexadecimal():
    found = known({"tokens": [[195], [169], ""], "rewards": [0, 0, 1]})
    assert found["response"] == "\u00e9"
    assert found["tokens"] == ["\ufffd", "\ufffd", ""]
    assert found["token_hex"] == ["c3", "a9", ""]


def test_ids_have_texts_with_a_tokenizer_alone():
    line = {"tokens": [104, 105, 256], "rewards": [0, 0, 1], "response": "hi"}
    assert known(line) == {"response": "hi", "response_ids": [104, 105, 256], "token_rewards": [0, 0, 1]}
    found = known(line, tokenizer=ByteTokenizer())
    assert (found["response"], found["response_ids"]) == ("hi", [104, 105, 256])
    assert found["tokens"] == ["h", "i", ""]
    with pytest.raises(ValueError, match="expected ids below 257, got 300"):
        row({"tokens": [300], "rewards": [0]}, tokenizer=ByteTokenizer())


def test_hostile_texts_come_back_as_they_are_but_for_halves_of_characters():
    text = "<b>\u202e\x00\x1b\u2028\r\n\"'\U0001f600"
    found = known({"prompt": text, "tokens": [text], "rewards": [0], "instance": {text: text}})
    assert (found["prompt"], found["response"], found["tokens"]) == (text, text, [text])
    assert json.loads(found["instance"]) == {text: text}
    broken = known({"prompt": "a\ud800", "tokens": ["\ud800"], "rewards": [0], "instance": {"a": "\ud800"}})
    assert (broken["prompt"], broken["tokens"]) == ("a\\ud800", ["\\ud800"])
    assert make_row({"tokens": ["a\n"], "rewards": [0]}, COLUMNS, None).count(b"\n") == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"response_ids": [1]}, "expected an id for each token, got 1 in response_ids for 2"),
        ({"response_ids": "ab"}, "response_ids: expected a list of ids, got 'ab'"),
        ({"prefix_values": [0.5]}, "expected a value for each token, got 1 in prefix_values for 2"),
        ({"environment": 3}, "environment: expected a text, got 3"),
        ({"instance": {"a": 1e999}}, "instance: expected finite numbers"),
    ],
)
def test_what_a_column_can_not_hold_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        row({**PLAIN, **change})


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("reward_base", 1, True), ("reward_base", None, True), ("reward_base", True, False),
        ("reward_design", "potential", False), ("reward_a b", 1.0, False), ("reward_", 1.0, False),
        ("rewards", 1.0, False), ("reward_x", 1e999, False), ("reward_" + "x" * 65, 1.0, False),
    ],
)  # fmt: skip
def test_rules_have_names_and_numbers(key, value, wanted):
    assert is_rule(key, value) == wanted


def test_a_number_that_no_float_holds_is_no_reward_of_a_rule():
    """`datasets` would read it as infinite."""
    assert not is_rule("reward_x", 10**400)
    assert is_rule("reward_x", 10**300)
    assert row({**PLAIN, "reward_x": 3}, rules=["reward_x"])["reward_x"] == 3.0
