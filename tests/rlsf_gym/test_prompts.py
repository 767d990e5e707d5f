import dataclasses
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsf_gym.prompts import PROMPTS, Prompts, load_prompts, register_prompts
from rlsf_gym.tokenizer import BytePairTokenizer, load_tokenizer

WORDS = st.sampled_from(
    ["the", "film", "was", "good", "bad", "caf\u00e9", "\U0001f600", "never", "<br />", "!!"]
)
REVIEWS = st.lists(st.lists(WORDS, min_size=4, max_size=12).map(" ".join), min_size=30, max_size=60)
NUMBERS = [f"number {index} of them" for index in range(300)]


@pytest.fixture(scope="module")
def tokenizer() -> BytePairTokenizer:
    found = load_tokenizer("bundled")
    assert isinstance(found, BytePairTokenizer)
    return found


def _write_reviews(path: Path, reviews: list[str]) -> str:
    path.write_text("".join(json.dumps({"text": review}) + "\n" for review in reviews), encoding="utf-8")
    return str(path)


def test_bundled_prompts_are_whole_and_disjoint() -> None:
    train, evaluation = load_prompts("bundled"), load_prompts("bundled", split="eval")
    assert train.dropped == 0
    assert set(train.texts).isdisjoint(evaluation.texts)
    assert len(evaluation) > 0


def test_strings_stay_whole_and_fall_into_one_split_each() -> None:
    parts = {split: load_prompts(NUMBERS, split=split).texts for split in ("train", "eval", "all")}
    assert parts["all"] == tuple(NUMBERS)
    assert sorted(parts["train"] + parts["eval"]) == sorted(NUMBERS)
    assert 15 <= len(parts["eval"]) <= 50  # 30 are expected, with a standard deviation of 5.2


def test_the_split_does_not_depend_on_the_other_texts() -> None:
    evaluation = load_prompts(NUMBERS, split="eval").texts
    assert (
        load_prompts([*evaluation[::-1], "more"], split="eval").texts[-len(evaluation) :] == evaluation[::-1]
    )


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".txt"])
def test_files(tmp_path: Path, ending: str) -> None:
    texts = {
        ".csv": "prompt\nA dull, slow film\nI saw\n",
        ".jsonl": '{"prompt": "A dull"}\n{"prompt": "I saw"}\n',
        ".txt": "A dull\nI saw\n",
    }
    path = tmp_path / f"prompts{ending}"
    path.write_text(texts[ending], encoding="utf-8")
    assert load_prompts(str(path), split="all").texts == ("A dull", "I saw")


def test_a_review_becomes_its_first_tokens(tmp_path: Path, tokenizer: BytePairTokenizer) -> None:
    review = "This is<br /><br />the first film that I have seen this year. " + "It was all right. " * 20
    path = _write_reviews(tmp_path / "reviews.jsonl", [review])
    cleaned = "This is\nthe first film that I have seen this year. "
    lengths: set[int] = set()
    for seed in range(60):
        (text,) = load_prompts(path, tokenizer=tokenizer, split="all", seed=seed).texts
        assert cleaned.startswith(text)
        lengths.add(len(tokenizer.encode(text)))
    assert lengths == {2, 3, 4, 5, 6, 7, 8}
    (text,) = load_prompts(path, tokenizer="bytes", split="all", min_tokens=4, max_tokens=4).texts
    assert text == "This"


def test_short_reviews_are_left_out(tmp_path: Path) -> None:
    path = _write_reviews(tmp_path / "r.jsonl", ["a" * 200, "b" * 201])
    (text,) = load_prompts(path, tokenizer="bytes", split="all").texts
    assert set(text) == {"b"}
    with pytest.raises(ValueError, match="reviews of more than 300 characters, got none"):
        load_prompts(path, tokenizer="bytes", split="all", min_chars=300)


def test_half_characters_and_long_prompts_are_dropped_and_counted(tmp_path: Path) -> None:
    path = _write_reviews(tmp_path / "r.jsonl", ["\u00e9" * 201, "fine " * 50])
    prompts = load_prompts(path, tokenizer="bytes", split="all", min_tokens=3, max_tokens=3)
    assert prompts == Prompts(("fin",), dropped=1)
    assert load_prompts(["five5", "12"], tokenizer="bytes", split="all", max_prompt_tokens=4) == Prompts(
        ("12",), 1
    )
    assert load_prompts(["\ud800", " ", "ok"], split="all") == Prompts(("ok",), 2)


def test_a_prompt_of_both_splits_is_dropped_from_evaluation(
    tmp_path: Path, tokenizer: BytePairTokenizer
) -> None:
    reviews = [f"The {word} film " + "goes on and on. " * 20 for word in NUMBERS]
    path = _write_reviews(tmp_path / "r.jsonl", reviews)
    train = load_prompts(path, tokenizer=tokenizer, min_tokens=1)
    evaluation = load_prompts(path, tokenizer=tokenizer, split="eval", min_tokens=1)
    assert "The" in train.texts
    assert evaluation.dropped > 0
    assert set(train.texts).isdisjoint(evaluation.texts)
    assert len(train) + len(evaluation) + evaluation.dropped == 300


@settings(max_examples=30, deadline=None)
@given(reviews=REVIEWS, seed=st.integers(0, 5))
def test_order_does_not_matter_and_splits_are_disjoint(
    tokenizer: BytePairTokenizer, reviews: list[str], seed: int
) -> None:
    found: dict[str, Counter[str]] = {}
    for split in ("train", "eval", "all"):
        first, second = (_load_or_none(texts, tokenizer, split, seed) for texts in (reviews, reviews[::-1]))
        assert Counter(first) == Counter(second)
        found[split] = Counter(first)
        for text in first:
            assert 1 <= len(tokenizer.encode(text)) <= 16
            assert any(review.startswith(text) for review in map(_without_tags, reviews))
    assert found["train"].keys().isdisjoint(found["eval"])
    assert found["train"] + found["eval"] <= found["all"]


def _load_or_none(reviews: list[str], tokenizer: BytePairTokenizer, split: str, seed: int) -> tuple[str, ...]:
    try:
        return load_prompts(
            reviews, tokenizer=tokenizer, split=split, cut=True, min_chars=10, seed=seed
        ).texts
    except ValueError as error:
        assert "prompts must hold" in str(error)
        return ()


def _without_tags(review: str) -> str:
    lines = [line.strip() for line in review.split("<br />")]
    return "\n".join(line for line in lines if line)


def test_max_samples_are_chosen_by_hash() -> None:
    few = load_prompts(NUMBERS, split="all", max_samples=20).texts
    assert len(few) == 20
    assert set(load_prompts(NUMBERS[::-1], split="all", max_samples=20).texts) == set(few)
    assert set(load_prompts(NUMBERS, split="all", max_samples=30).texts) > set(few)
    assert load_prompts(NUMBERS, split="all", max_samples=20, seed=1).texts != few
    with pytest.raises(ValueError, match="max_samples must be at least 1, got 0"):
        load_prompts(NUMBERS, max_samples=0)


def test_samples_are_drawn_evenly_and_reproducibly() -> None:
    prompts = Prompts(("a", "b", "c"))
    draws = [prompts.sample(np.random.default_rng(3)) for _ in range(2)]
    assert draws[0] == draws[1]
    rng = np.random.default_rng(0)
    counts = Counter(prompts.sample(rng) for _ in range(3000))
    assert set(counts) == {(0, "a"), (1, "b"), (2, "c")}
    assert min(counts.values()) > 900
    with pytest.raises(dataclasses.FrozenInstanceError):
        prompts.dropped = 1  # type: ignore[misc]


def test_objects_names_and_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlsf_gym.prompts.PROMPTS", dict(PROMPTS))
    prompts = Prompts(("a",))
    assert load_prompts(prompts) is prompts
    register_prompts("mine", lambda: ["x", "y"])
    assert load_prompts("mine", split="all").texts == ("x", "y")
    with pytest.raises(ValueError, match="mine"):
        register_prompts("mine", ["z"])


@pytest.mark.parametrize(
    ("spec", "kwargs", "message"),
    [
        ([], {}, "got an empty list"),
        (["a", 3], {}, "got int at position 1"),
        (3, {}, "prompts must be strings or have texts and sample, got int"),
        ("math:pi", {}, "got float"),
        ("nowhere.csv", {}, "prompts file must exist"),
        (["a"], {"split": "test"}, "split must be one of train, eval, all, got 'test'"),
        (["a b c"], {"split": "all", "max_prompt_tokens": 1}, "1 of 1 texts belong to it and none fits"),
        (["a" * 300], {"cut": True, "max_prompt_tokens": 4}, "at most max_prompt_tokens, got 8 > 4"),
        (["a" * 300], {"cut": True, "min_tokens": 9}, "must lie in 1..max_tokens, got min_tokens=9"),
        (["a" * 300], {"cut": True, "min_tokens": 0}, "must lie in 1..max_tokens, got min_tokens=0"),
    ],
)
def test_wrong_arguments_raise_in_one_line(spec: object, kwargs: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        load_prompts(spec, **kwargs)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


@pytest.mark.data
@pytest.mark.parametrize("split", ["train", "eval"])
def test_imdb(split: str) -> None:
    if "RLSF_DATA" not in os.environ:
        pytest.skip("RLSF_DATA is not set")
    pytest.importorskip("pyarrow")
    path = Path(os.environ["RLSF_DATA"]) / "imdb" / "train.parquet"
    prompts = load_prompts(str(path), split=split)
    assert len(prompts) > (20_000 if split == "train" else 1_500)
    assert all("<br" not in text for text in prompts.texts)
