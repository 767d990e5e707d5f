import dataclasses
import json
import os
from collections import Counter
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Backend
from tokenizers import models, normalizers, pre_tokenizers

from rlsf_gym.prompts import PROMPTS, Prompts, load_prompts, register_prompts
from rlsf_gym.text.tokenizer import BytePairTokenizer, load_tokenizer

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
        ".csv": 'prompt\n"A dull, slow film"\nI saw\n',
        ".jsonl": '{"prompt": "A dull, slow film"}\n{"prompt": "I saw"}\n',
        ".txt": "A dull, slow film\nI saw\n",
    }
    path = tmp_path / f"prompts{ending}"
    path.write_text(texts[ending], encoding="utf-8")
    assert load_prompts(str(path), split="all").texts == ("A dull, slow film", "I saw")


def test_a_review_becomes_its_first_tokens(tmp_path: Path, tokenizer: BytePairTokenizer) -> None:
    review = "This is<br /><br />the first film that I have seen this year. " + "It was all right. " * 20
    path = _write_reviews(tmp_path / "reviews.jsonl", [review])
    cleaned = "This is\nthe first film that I have seen this year. "
    lengths: set[int] = set()
    for seed in range(60):
        (text,) = load_prompts(path, tokenizer=tokenizer, split="all", cut=True, seed=seed).texts
        assert cleaned.startswith(text)
        lengths.add(len(tokenizer.encode(text)))
    assert lengths == {2, 3, 4, 5, 6, 7, 8}
    with pytest.warns(
        UserWarning, match="texts of column 'text' are taken for reviews and cut to their first 4 to"
    ):
        (text,) = load_prompts(path, tokenizer="bytes", split="all", min_tokens=4, max_tokens=4).texts
    assert text == "This"


def test_short_reviews_are_left_out(tmp_path: Path) -> None:
    path = _write_reviews(tmp_path / "r.jsonl", ["a" * 200, "b" * 201])
    with pytest.warns(UserWarning, match="1 of 2 texts are left out: 1 reviews of at most 200 characters"):
        prompts = load_prompts(path, tokenizer="bytes", split="all", cut=True)
    assert (set(prompts.texts[0]), len(prompts), prompts.dropped) == ({"b"}, 1, 1)
    with pytest.raises(ValueError, match="reviews of more than 300 characters, got none"):
        load_prompts(path, tokenizer="bytes", split="all", min_chars=300)


def test_half_characters_and_long_prompts_are_dropped_and_counted(tmp_path: Path) -> None:
    path = _write_reviews(tmp_path / "r.jsonl", ["\u00e9" * 201, "fine " * 50])
    with pytest.warns(UserWarning, match="1 whose opening ends inside of a character"):
        prompts = load_prompts(path, tokenizer="bytes", split="all", cut=True, min_tokens=3, max_tokens=3)
    assert prompts == Prompts(("fin",), dropped=1)
    with pytest.warns(
        UserWarning, match="1 of more than max_prompt_tokens=4 tokens, so raise it, such as 'five5'"
    ):
        prompts = load_prompts(["five5", "12"], tokenizer="bytes", split="all", max_prompt_tokens=4)
    assert prompts == Prompts(("12",), 1)
    with pytest.warns(
        UserWarning, match="2 of 3 texts are left out: 1 that the tokenizer cannot encode.*1 without"
    ):
        assert load_prompts(["\ud800", " ", "ok"], split="all") == Prompts(("ok",), 2)


def test_a_prompt_of_both_splits_is_dropped_from_evaluation(
    tmp_path: Path, tokenizer: BytePairTokenizer
) -> None:
    reviews = [f"The {word} film " + "goes on and on. " * 20 for word in NUMBERS]
    path = _write_reviews(tmp_path / "r.jsonl", reviews)
    train = load_prompts(path, tokenizer=tokenizer, cut=True, min_tokens=1)
    with pytest.warns(UserWarning, match="that are training prompts as well, such as 'The"):
        evaluation = load_prompts(path, tokenizer=tokenizer, split="eval", cut=True, min_tokens=1)
    assert "The" in train.texts
    assert evaluation.dropped > 0
    assert set(train.texts).isdisjoint(evaluation.texts)
    assert len(train) + len(evaluation) + evaluation.dropped == 300


@pytest.mark.filterwarnings("ignore:prompts of split")
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
    monkeypatch.setattr("rlsf_gym.prompts.PROMPTS", PROMPTS.copy())
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


def test_what_is_left_out_is_told_in_one_line() -> None:
    long = [
        f"Write a long and thoughtful review of the film that you saw, number {n}, please" for n in range(99)
    ]
    with pytest.warns(UserWarning) as told:
        env = gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", prompts=[*long, "", "The film was"], split="all")
    assert env.reset()[1]["prompt"] == "The film was"
    (line,) = [str(one.message) for one in told]
    assert line == (
        "prompts of split 'all': 100 of 101 texts are left out: 99 of more than max_prompt_tokens=16 tokens, "
        "so raise it, such as 'Write a long and thoughtful review of the film that you saw,...'; "
        "1 without a word"
    )


@pytest.mark.parametrize("normalizer", ["lower", "nfc"])
def test_a_text_that_the_tokenizer_changes_is_not_called_too_long(normalizer: str) -> None:
    backend = Backend(models.BPE(vocab=_byte_vocabulary(), merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.normalizer = normalizers.Lowercase() if normalizer == "lower" else normalizers.NFC()
    text, becomes = {"lower": ("The end", "the end"), "nfc": ("cafe\u0301", "caf\u00e9")}[normalizer]
    message = f"1 that the tokenizer changes, .*, such as '{text}', which becomes '{becomes}'"
    with pytest.warns(UserWarning, match=message):
        assert load_prompts([text, "it was"], tokenizer=BytePairTokenizer(backend), split="all").texts == (
            "it was",
        )
    with pytest.raises(ValueError, match="1 of 1 texts belong to it and none fits: " + message):
        load_prompts([text], tokenizer=BytePairTokenizer(backend), split="all", max_prompt_tokens=1)


def _byte_vocabulary() -> dict[str, int]:
    return {
        token: number for number, token in enumerate([*sorted(pre_tokenizers.ByteLevel.alphabet()), "</s>"])
    }


def test_texts_outside_of_a_small_vocabulary_are_left_out() -> None:
    far = "The film was " + "good " * 30 + "unheard-of"  # the toy language has no word for the last one
    with pytest.warns(UserWarning, match="2 that the tokenizer cannot encode, such as 'Zounds'"):
        prompts = load_prompts(["Zounds", far, "The film was"], tokenizer="toy", split="all")
    assert prompts == Prompts(("The film was",), 2)


@pytest.mark.filterwarnings("error")
def test_bundled_prompts_are_taken_as_far_as_they_fit() -> None:
    prompts = load_prompts("bundled", tokenizer="bytes", max_prompt_tokens=32)
    assert prompts.dropped > 0


def test_whole_texts_of_a_text_column_are_not_cut(tmp_path: Path) -> None:
    path = _write_reviews(tmp_path / "r.jsonl", ["short one", "word " * 60])
    with pytest.warns(UserWarning, match="1 of more than max_prompt_tokens=16 tokens") as told:
        assert load_prompts(path, split="all", cut=False).texts == ("short one",)
    assert "cut to" not in str(told[0].message)


@pytest.mark.parametrize(
    "texts", [("a", 3), "abc", {"a": 1}, {"a", "b"}], ids=["numbers", "string", "dict", "set"]
)
def test_prompts_of_other_things_than_strings_raise(texts: object) -> None:
    with pytest.raises(ValueError, match="texts of Prompts must be a tuple of strings"):
        Prompts(texts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spec", "kwargs", "message"),
    [
        ("The film was", {}, "got 'The film was': pass a list of strings"),
        ("Note: the film", {}, "pass a list of strings"),
        ("word " * 2000, {}, "pass a list of strings"),
        ("", {}, "got '': pass a list"),
        ("./nowhere", {}, "prompts file must exist, got 'nowhere'"),
        (Path("bundled"), {}, "prompts file must exist, got 'bundled'"),
        (["a"], {"column": "prompt"}, "column must be None for prompts that are strings, got 'prompt'"),
        ("toy", {"column": "prompt"}, "column must be None for prompts that are strings"),
    ],
)
def test_a_string_that_is_no_source_raises_in_one_line(
    spec: object, kwargs: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        load_prompts(spec, **kwargs)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_a_path_object_is_read(tmp_path: Path) -> None:
    path = tmp_path / "p.txt"
    path.write_text("A dull\nI saw\n", encoding="utf-8")
    assert load_prompts(path, split="all").texts == ("A dull", "I saw")


@pytest.mark.data
@pytest.mark.parametrize("split", ["train", "eval"])
def test_imdb(split: str) -> None:
    if "RLSF_DATA" not in os.environ:
        pytest.skip("RLSF_DATA is not set")
    pytest.importorskip("pyarrow")
    path = Path(os.environ["RLSF_DATA"]) / "imdb" / "train.parquet"
    with pytest.warns(UserWarning, match="texts of column 'text' are taken for reviews"):
        prompts = load_prompts(str(path), split=split)
    assert len(prompts) > (20_000 if split == "train" else 1_500)
    assert all("<br" not in text for text in prompts.texts)
