"""examples/samples.py: the page of a run shows what its files say, and nothing of it acts."""

import json
import re

import pytest
import samples

from rlsf_gym.text.tokenizer import load_tokenizer

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&\x1b[31m\u202e\ud800"
RECORD = {
    "prompt": "The film was",
    "response": " good",
    "tokens": [32, 103],
    "token_rewards": [0.0, 0.5],
    "score": 0.44,
    "utility": 0.44,
    "reward_design": "potential",
    "certificate": [
        {"word": [13, 14], "trigger": [13, 14], "rule": "base", "amount": 1.9, "status": "added"},
    ],
}


def write(folder, record, title="a run"):
    tokenizer = load_tokenizer("bytes")
    samples.write_page(folder / "page.html", {"before": [record]}, tokenizer=tokenizer, title=title)
    return (folder / "page.html").read_text(encoding="utf-8")


def test_texts_are_escaped(tmp_path):
    evidence = {**RECORD["certificate"][0], "rule": EVIL, "status": EVIL, "path": [EVIL]}
    texts = {"prompt": EVIL, "response": EVIL, "reward_design": EVIL, "certificate": [evidence]}
    tags = [
        re.findall(r"<(?!!)/?[a-z]+", write(tmp_path, record)) for record in (RECORD, {**RECORD, **texts})
    ]
    page = write(tmp_path, {**RECORD, **texts}, title=EVIL)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert tags[0].count("<script") == tags[1].count("<script")
    assert "<img" not in tags[1]


WRONG = {
    "prompt": (3, None, []),
    "response": (None,),
    "tokens": (None, "ab", [1.5, 2], [-1, 2], [257, 1], [True, 1], [10**12, 1], [1]),
    "token_rewards": (None, [0.0], ["x", 0.0], [None, 0.0], {"a": 1}),
    "score": ("x", None, True),
    "utility": ("x", [1]),
    "reward_design": (None, 1),
    "certificate": (
        *(None, "x", ["x"], [{}]),
        *([{**RECORD["certificate"][0], "word": word}] for word in ([1], [1, "x"], [-1, 2], None)),
        [{**RECORD["certificate"][0], "amount": "x"}],
        [{**RECORD["certificate"][0], "rule": 3}],
    ),
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in WRONG for value in WRONG[key]])
def test_records_of_wrong_types_are_refused_in_one_line(tmp_path, key, value):
    with pytest.raises(ValueError, match="sample 1 of 'before'") as caught:
        write(tmp_path, {**RECORD, key: value})
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize("record", [None, 3, "x", [], {}])
def test_what_is_no_record(tmp_path, record):
    with pytest.raises(ValueError, match="sample 1 of 'before'"):
        write(tmp_path, record)


def test_records_survive_json(tmp_path):
    assert write(tmp_path, json.loads(json.dumps(RECORD))) == write(tmp_path, RECORD)


@pytest.mark.parametrize("span", [[0, 10**9], [10**9, 10**9 + 1], [5, 2]])
def test_spans_outside_of_the_text(tmp_path, span):
    evidence = {**RECORD["certificate"][0], "word": span, "trigger": span}
    try:
        assert "The film was" in write(tmp_path, {**RECORD, "certificate": [evidence]})
    except ValueError as error:
        assert "\n" not in str(error)
