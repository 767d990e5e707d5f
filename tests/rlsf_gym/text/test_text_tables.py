"""Objects as prompts: tables by their columns, never by their keys."""

import collections
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlsf_gym.prompts import load_prompts

ROWS = {"prompt": ["The film was", "I think that"], "label": [1, 0]}
RECORDS = [{"prompt": text, "label": label} for text, label in zip(*ROWS.values(), strict=True)]


def _texts(spec: Any, **kwargs: Any) -> tuple[str, ...]:
    return load_prompts(spec, split="all", **kwargs).texts


@pytest.mark.parametrize(
    "kind", ["dict", "ordered", "records", "numpy", "pandas", "series", "arrow", "batch", "array"]
)
def test_tables_are_read_by_column(kind: str) -> None:
    makers: dict[str, Any] = {
        "dict": lambda: ROWS,
        "ordered": lambda: collections.OrderedDict(ROWS),
        "records": lambda: RECORDS,
        "numpy": lambda: {name: np.array(values) for name, values in ROWS.items()},
        "pandas": lambda: pytest.importorskip("pandas").DataFrame(ROWS),
        "series": lambda: pytest.importorskip("pandas").Series(ROWS["prompt"], name="x"),
        "arrow": lambda: pytest.importorskip("pyarrow").table(ROWS),
        "batch": lambda: pytest.importorskip("pyarrow").RecordBatch.from_pydict(ROWS),
        "array": lambda: pytest.importorskip("pyarrow").array(ROWS["prompt"]),
    }
    texts = _texts(makers[kind]())
    assert texts == ("The film was", "I think that")
    assert {type(text) for text in texts} == {str}


def test_polars_frames_are_read() -> None:
    assert _texts(pytest.importorskip("polars").DataFrame(ROWS)) == ("The film was", "I think that")


def test_data_sets_are_read() -> None:
    datasets = pytest.importorskip("datasets")
    data = datasets.Dataset.from_dict(ROWS)
    other = datasets.Dataset.from_dict({"prompt": ["other"]})
    assert _texts(data) == ("The film was", "I think that")
    assert _texts(datasets.DatasetDict({"test": other, "train": data})) == ("The film was", "I think that")
    assert _texts(datasets.DatasetDict({"test": other})) == ("other",)
    with pytest.raises(ValueError, match=r"must have a part 'train', 'DatasetDict' has a, b: pass one part"):
        _texts(datasets.DatasetDict({"a": data, "b": data}))
    with pytest.raises(ValueError, match=r"got 'IterableDataset', a stream: pass a list of its rows"):
        _texts(data.to_iterable_dataset())
    assert _texts(list(data.to_iterable_dataset().take(1))) == ("The film was",)


def test_a_column_is_named_by_prompts_kwargs() -> None:
    table = {"question": ["a", "b"], "answer": ["c", "d"]}
    assert _texts(table, column="answer") == ("c", "d")
    with pytest.raises(
        ValueError, match=r"'dict' has 'question', 'answer': name one as column, prompts_kwargs="
    ):
        _texts(table)


def test_a_frame_with_columns_named_like_methods_is_a_table() -> None:
    frame = pytest.importorskip("pandas").DataFrame({"texts": ["a"], "prompt": ["b"]})
    assert _texts(frame) == ("b",)  # it has texts and sample, as a source of prompts has


def test_a_function_may_return_a_table_or_a_path(tmp_path: Path) -> None:
    path = tmp_path / "p.txt"
    path.write_text("one\n", encoding="utf-8")
    assert _texts(lambda: ROWS) == ("The film was", "I think that")
    assert _texts(lambda: path) == ("one",)


def test_an_iterator_is_read_once() -> None:
    texts = iter(["a", "b"])
    assert _texts(texts) == ("a", "b")
    with pytest.raises(ValueError, match="an iterator with nothing left: pass a list"):
        _texts(texts)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"a", "b"}, "must have an order, got a set: pass sorted"),
        (frozenset("ab"), "must have an order, got a frozenset"),
        (b"The film", "must be strings or have texts and sample, got bytes"),
        ([b"The film"], "got bytes at position 0"),
        ({}, "'dict' has none: name one"),
        ({"prompt": "The film was"}, "column 'prompt' must hold a list of strings, 'dict' has str"),
        ({"prompt": {"a": "b"}}, "must have a column .*, 'dict' has 'a': name one"),
        ({"prompt": ["a"], "label": [1, 2]}, "same number of rows, 'dict' has 'prompt' 1, 'label' 2"),
        ({"prompt": ["a", float("nan")]}, "has float in row 2: fill or drop"),
        ([{"prompt": "a"}, "b"], "must be dicts where the first is one, 'list of dicts' has str in row 2"),
        (["b", {"prompt": "a"}], "got dict at position 1"),
        ([{"prompt": "a"}, {"label": 1}], "has NoneType in row 2, which has no 'prompt'"),
        ([["a", "b"]], "got list at position 0"),
        (object(), "got object"),
    ],
)
def test_what_is_no_list_of_texts_raises_in_one_line(spec: object, message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        _texts(spec)
    assert "\n" not in str(raised.value)


def test_an_open_file_raises(tmp_path: Path) -> None:
    path = tmp_path / "p.txt"
    path.write_text("one\n", encoding="utf-8")
    with path.open(encoding="utf-8") as file, pytest.raises(ValueError, match="got an open file"):
        _texts(file)


def test_two_columns_of_one_name_raise() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame([["a", "b"]], columns=["prompt", "prompt"])
    with pytest.raises(ValueError, match="must have one column 'prompt', 'DataFrame' has 2"):
        _texts(frame)
