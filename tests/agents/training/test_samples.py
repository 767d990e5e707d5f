"""samples.jsonl: the responses that a run keeps, each with its tokens and what they were paid."""

import json

import numpy as np
import pytest

from agents.training.samples import count_prompts, pick, write_samples

RECORD = {
    "prompt": "The film was",
    "response": " good",
    "tokens": [32, 103],
    "token_rewards": [0.0, 0.5],
    "score": 0.44,
    "utility": 0.44,
    "reward_design": "potential",
    "certificate": [{"rule": "base", "amount": 1.9}],
}
STANDING = {"best": [[104, 0.5], [103, 0.25]], "worst": [[98, -0.5]], "rank": 9, "shared": 2, "of": 257}


def texts(ids):
    if max(ids, default=0) > 256:
        raise ValueError(f"expected tokens below 257, got {max(ids)}")
    return [chr(number) for number in ids]


def test_a_line_by_hand(tmp_path):
    write_samples(tmp_path / "samples.jsonl", {"before": [RECORD], "after": []}, texts)
    assert json.loads((tmp_path / "samples.jsonl").read_text()) == {
        "group": "before",
        "prompt": "The film was",
        "score": 0.44,
        "utility": 0.44,
        "design": "potential",
        "certificate": [{"rule": "base", "amount": 1.9}],
        "tokens": [" ", "g"],
        "rewards": [0.0, 0.5],
        "response_ids": [32, 103],
    }


def test_what_an_environment_does_not_say_is_left_out(tmp_path):
    row = {"info": {"token_rewards": [1.0, 0.0, 0.0]}, "tokens": [65, 66], "length": 2}
    write_samples(tmp_path / "samples.jsonl", {"after": pick([row])}, texts)
    line = json.loads((tmp_path / "samples.jsonl").read_text())
    assert line == {
        "group": "after",
        "tokens": ["A", "B"],
        "rewards": [1.0, 0.0],
        "response_ids": [65, 66],
    }


def test_what_proves_a_verdict_is_kept(tmp_path):
    told = {"solved": 0.0, "certificate": [], "certificate_payload": {"status": "dead", "alive": 1}}
    told |= {"instance": {"numbers": [3, 5]}, "prefix_values": [0.0]}
    row = {"info": {"token_rewards": [1.0], **told}, "tokens": [65], "length": 1}
    write_samples(tmp_path / "samples.jsonl", {"after": pick([row])}, texts)
    line = json.loads((tmp_path / "samples.jsonl").read_text())
    assert line == {"group": "after", **told, "tokens": ["A"], "rewards": [1.0], "response_ids": [65]}


def test_rules_and_the_environment_are_told(tmp_path):
    rules = {"reward_negation": np.float32(-0.5), "reward_base": 1.0}
    info = {**rules, "reward_design": "potential", "reward_model": 3, "rewarded": 1.0, "token_rewards": [0.5]}
    records = pick([{"info": info, "tokens": [65], "length": 1}])
    write_samples(tmp_path / "samples.jsonl", {"after": records}, texts, environment="toys/Counting-v0")
    assert json.loads((tmp_path / "samples.jsonl").read_text()) == {
        "environment": "toys/Counting-v0",
        "group": "after",
        "design": "potential",
        "tokens": ["A"],
        "rewards": [0.5],
        "response_ids": [65],
        "reward_base": 1.0,
        "reward_negation": -0.5,
    }


def test_values_behind_the_response_are_left_out():
    info = {"token_rewards": np.ones(3), "prefix_values": np.array([0.0, 0.5, 0.0], np.float32)}
    (record,) = pick([{"info": info, "tokens": [65, 66], "length": 2}])
    assert record["prefix_values"] == [0.0, 0.5]


def test_other_tokens_have_texts(tmp_path):
    row = {
        "info": {"token_rewards": [0.0, 0.25]},
        "tokens": [32, 103],
        "length": 2,
        "candidates": [STANDING, {**STANDING, "best": [], "rank": 1, "more": "<"}],
    }
    write_samples(tmp_path / "samples.jsonl", {"after": pick([row])}, texts)
    line = json.loads((tmp_path / "samples.jsonl").read_text())
    worst = [["b", -0.5]]
    assert line["candidates"] == [
        {"best": [["h", 0.5], ["g", 0.25]], "worst": worst, "rank": 9, "shared": 2, "of": 257},
        {"best": [], "worst": worst, "rank": 1, "shared": 2, "of": 257},
    ]


def test_the_first_response_to_each_of_24_prompts_is_kept():
    rows = [
        {"info": {"prompt": f"p{n // 2}", "token_rewards": [float(n)]}, "tokens": [n], "length": 1}
        for n in range(60)
    ]
    assert [record["tokens"] for record in pick(rows)] == [[2 * n] for n in range(24)]


WRONG = {
    "prompt": (3, None, []),
    "response": (None,),
    "tokens": (None, "ab", [1.5, 2], [-1, 2], [257, 1], [True, 1], [10**30, 1], [1]),
    "token_rewards": (None, [0.0], ["x", 0.0], [None, 0.0], {"a": 1}),
    "score": ("x", None, True),
    "utility": ("x", [1]),
    "reward_design": (None, 1),
    "certificate": (None, "x", ["x"]),
    "certificate_payload": (None, "x", []),
    "instance": (None, "x", []),
    "prefix_values": (None, "x", ["x"], [0.5], [0.5, 0.5, 0.5]),
    "rules": (None, "x", [], {"base": 1.0}, {"reward_base": "x"}),
    "solved": ("x", None, True),
    "candidates": (
        *(None, "x", ["x", "x"], [STANDING], [STANDING, None], [STANDING, {}]),
        *([STANDING, {**STANDING, "best": best}] for best in (None, [1], [[1]], [["a", 1]], [[1, "a"]])),
        [STANDING, {**STANDING, "worst": [[257, 1.0]]}],
        *([STANDING, {**STANDING, "rank": rank}] for rank in (None, 1.5, -1, "1")),
    ),
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in WRONG for value in WRONG[key]])
def test_records_of_wrong_types_are_refused_in_one_line(tmp_path, key, value):
    with pytest.raises(ValueError, match="sample 1 of 'before'") as caught:
        write_samples(tmp_path / "samples.jsonl", {"before": [{**RECORD, key: value}]}, texts)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "samples.jsonl").exists()


@pytest.mark.parametrize("record", [None, 3, "x", [], {}])
def test_what_is_no_record(tmp_path, record):
    with pytest.raises(ValueError, match="sample 1 of 'before'"):
        write_samples(tmp_path / "samples.jsonl", {"before": [record]}, texts)


def test_prompts_are_counted_once_each():
    rows = [{"info": {"prompt": text}} for text in ("a", "b", "a")]
    assert (count_prompts(rows), count_prompts([{"info": {}}] * 3)) == (2, 3)
