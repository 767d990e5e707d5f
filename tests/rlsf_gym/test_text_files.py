import sys
from pathlib import Path
from typing import Any

import pytest

from rlsf_gym.text_files import TextColumn, read_dataset, read_file


def _write(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_lines_are_kept_whole(tmp_path: Path) -> None:
    path = _write(tmp_path, "p.txt", "\ufeffone \r\n\n  \n two\u2028half\nthree")
    assert read_file(path) == TextColumn("prompt", ("one ", " two\u2028half", "three"))


def test_csv(tmp_path: Path) -> None:
    path = _write(tmp_path, "p.csv", 'label,text\n1,"a ""quoted"", long\nreview"\n0,short\n')
    assert read_file(path) == TextColumn("text", ('a "quoted", long\nreview', "short"))
    assert read_file(path, "label") == TextColumn("label", ("1", "0"))


def test_jsonl_prefers_the_prompt(tmp_path: Path) -> None:
    path = _write(tmp_path, "p.jsonl", '{"text": "t", "prompt": "p"}\n\n{"text": "u", "prompt": "q"}\n')
    assert read_file(path) == TextColumn("prompt", ("p", "q"))


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "p.parquet"
    parquet.write_table(pyarrow.table({"review": ["a", "b"], "label": [0, 1]}), path)
    assert read_file(path) == TextColumn("review", ("a", "b"))
    with pytest.raises(ValueError, match=r"must hold strings, .* has int in row 1"):
        read_file(path, "label")


def test_a_data_set_folder(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    parts = {name: datasets.Dataset.from_dict({"text": [name]}) for name in ("test", "train")}
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "both"))
    assert read_dataset(str(tmp_path / "both")) == TextColumn("text", ("train",))
    datasets.Dataset.from_dict({"prompt": ["one"]}).save_to_disk(str(tmp_path / "one"))
    assert read_dataset(str(tmp_path / "one")) == TextColumn("prompt", ("one",))
    datasets.DatasetDict(a=parts["test"], b=parts["test"]).save_to_disk(str(tmp_path / "none"))
    with pytest.raises(ValueError, match=r"must have a part 'train', .* has a, b"):
        read_dataset(str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("p.txt", " \n", "must hold at least one text"),
        ("p.txt", b"caf\xe9 noir", "must be UTF-8, .* has byte 0xe9 at offset 3: convert it"),
        ("p.csv", "", "must have a column 'prompt' or 'text' or 'review', .* has none"),
        ("p.csv", "label,body\n1,x\n", "has 'label', 'body': name one as column"),
        ("p.csv", "prompt\n", "must hold at least one text"),
        ("p.jsonl", '{"prompt": "a"}\n{"prompt"\n', "must be JSON lines, .*: line 2"),
        ("p.jsonl", '["a"]\n', "must hold JSON objects, .*: line 1 is not one"),
        ("p.jsonl", '{"prompt": "a"}\n{"text": "b"}\n', "has NoneType in row 2"),
        ("p.parquet", "no parquet", "must be Parquet"),
        ("p.xlsx", "", r"must end in one of \.txt, \.csv, \.jsonl, \.parquet"),
    ],
)
def test_broken_files_raise_in_one_line(tmp_path: Path, name: str, data: str | bytes, message: str) -> None:
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    with pytest.raises(ValueError, match=message) as raised:
        read_file(_write(tmp_path, name, data))
    assert "\n" not in str(raised.value)


def test_a_missing_file_raises(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="prompts file must exist"):
        read_file(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(("module", "call"), [("pyarrow.parquet", "file"), ("datasets", "set")])
def test_a_missing_package_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, call: str
) -> None:
    path = _write(tmp_path, "p.parquet", "")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"pip install 'rlsf-gym\[hf\]'"):
        read_file(path) if call == "file" else read_dataset("some/set")


def test_a_data_set_that_cannot_be_loaded_raises_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Datasets:
        @staticmethod
        def load_dataset(name: str) -> Any:
            raise ConnectionError("no route\nto the hub")

    monkeypatch.setitem(sys.modules, "datasets", Datasets)
    with pytest.raises(ValueError, match=r"'some/set': ConnectionError: no route$"):
        read_dataset("some/set")
