"""Cases of a user's own, read from JSONL."""

import json

import pytest

from rlsf_gym.audit.case import Case, read_cases


def test_a_line_is_a_case(tmp_path):
    path = tmp_path / "cases.jsonl"
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 2?"}]
    rows = [
        {"prompt": "3 + 4?", "good": "It is 7.", "bad": ["6", "8"], "ground_truth": "7", "level": 1},
        {"prompt": chat, "ground_truth": 4},
    ]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    first, second = read_cases(path)
    columns = {"level": 1, "ground_truth": "7"}
    assert first == Case("3 + 4?", ("It is 7.",), ("6", "8"), truth="7", columns=columns)
    assert (second.prompt, second.messages, second.truth) == ("2 + 2?", tuple(chat), "4")
    assert second.columns == {"ground_truth": 4}  # the reward gets the column as it is


def test_a_line_ends_where_json_does(tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_text('{"prompt": "one\u2028line"}\r\n{"prompt": "two"}', encoding="utf-8-sig")
    assert [case.prompt for case in read_cases(path)] == ["one\u2028line", "two"]


def test_a_file_that_is_no_text_is_told(tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"cases.jsonl: expected text in UTF-8, got 'utf-8' codec"):
        read_cases(path)
    with pytest.raises(ValueError, match="expected a file with a JSON object in each line, found none"):
        read_cases(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cases must hold at least one line"),
        ("[1]", ":1: expected a JSON object, got '[1]'"),
        ('{"prompt": "a"}\nno', ":2: expected a JSON object, got 'no'"),
        ('{"promt": "a"}', ":1: expected the key 'prompt', got promt"),
        ('{"prompt": "a", "ground_truth": ""}', ":1: ground_truth must be the right answer, got ''"),
        ("[" * 100_000, ":1: expected a JSON object, got '[[["),
        ('{"prompt": 3}', "prompt must be a text or a list of messages, got 3"),
        ('{"prompt": "a", "good": [1]}', "good must be a text or a list of texts, got [1]"),
    ],
)
def test_what_is_no_case_is_told_with_its_line(tmp_path, text, said):
    path = tmp_path / "cases.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError) as error:
        read_cases(path)
    assert said in str(error.value)
