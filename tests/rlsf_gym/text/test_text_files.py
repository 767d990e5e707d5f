import csv
import gzip
import io
import json
import os
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsf_gym.text.csv_rows import read_rows
from rlsf_gym.text.text_column import TextColumn
from rlsf_gym.text.text_files import read_dataset, read_file, read_path

CELLS = st.text(alphabet='ab ,"\n;', min_size=1, max_size=6)


def _write(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_lines_are_kept_whole(tmp_path: Path) -> None:
    path = _write(tmp_path, "p.txt", "\ufeffone \r\n\n  \n two\u2028half\nthree")
    assert read_file(path) == TextColumn("prompt", ("one ", "", "  ", " two\u2028half", "three"))
    path = _write(tmp_path, "p.txt", "one\x0chalf\rtwo \r\nthree \n\r\n")
    assert read_file(path).texts == ("one\x0chalf", "two ", "three ")


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
        ("p.txt", b"a\0b", "has a NUL byte at offset 1"),
        ("p.txt", "caf\u00e9".encode("utf-16"), "looks like UTF-16: unpack or convert it"),
        ("p.txt", "caf\u00e9".encode("utf-16-le"), "has byte 0xe9 at offset 6|has a NUL byte at offset 1"),
        ("p.txt", b"\xef\xbb\xbfcaf\xe9 noir", "has byte 0xe9 at offset 6"),
        ("p.jsonl", gzip.compress(b'{"prompt": "a"}', mtime=0), "looks like gzip: unpack"),
        ("p.jsonl.gz", gzip.compress(b'{"prompt": "a"}', mtime=0), "unpack it first"),
        (
            "p.csv",
            "prompt\nWell, this\nThe film\n",
            "line 2: has 2 fields where the header has 1: put double",
        ),
        ("p.csv", "id,prompt\n1,a\n2\n", "line 3: has 1 fields where the header has 2"),
        ("p.csv", 'id,prompt\n1,"a\nb"\n2,x,y\n', "line 4: has 3 fields"),
        ("p.csv", 'prompt\na\n"b\nc\n', "line 3: a double quote is opened and never closed"),
        (
            "p.csv",
            'prompt\na\n"b\nc "quoted" d\n',
            "line 4: 'q' follows a closing quote in the row of line 3",
        ),
        ("p.csv", "prompt,prompt\na,b\n", "must have one column 'prompt', .* has 2: rename"),
        (
            "p.csv",
            "id\tprompt\n1\ta\n",
            r"separate columns by ',', .* has '\\t' in it: convert it or name it .tsv",
        ),
        ("p.csv", "id;prompt\n1;a\n", "separate columns by ',', .* has ';' in it: convert it$"),
        (
            "p.csv",
            "question,answer\na,b\n",
            r"has 'question', 'answer': name one .*prompts_kwargs={'column': NAME}",
        ),
        ("p.csv", ",".join(f"c{n}" for n in range(999)) + "\n", "'c19' and 979 more: name one"),
        ("p.csv", "a\0,prompt\n", "has a NUL byte at offset 1"),
        ("p.tsv", 'id\tprompt\n1\t"a\n', "line 2: a double quote is opened"),
        ("p.jsonl", '{"prompt": "a", "prompt": "b"}\n', "line 1: the key 'prompt' is there twice"),
        ("p.jsonl", '{"prompt": NaN}\n', "has float in row 1"),
        ("p.jsonl", '\n{"prompt": "a"}\n\n{"prompt": null}\n', r"has NoneType in row 2 \(line 4\): fill"),
        ("p.jsonl", '{"prompt": "a"}\n{"id": 1}\n', r"in row 2 \(line 2\), which has no 'prompt'"),
        ("p.jsonl", '{"text": "a"}\n{"text": "a", "prompt": "b"}\n', "in row 1 .*, which has no 'prompt'"),
        ("p.jsonl", '{"prompt": ["a"]}\n', "has list in row 1"),
        ("p.jsonl", '{"prompt": ' + "[" * 100_000 + "\n", "line 1: maximum recursion depth"),
        ("p.jsonl", '{"prompt": "a"}\n{"prompt": ' + "9" * 5000 + "}\n", "line 2: Exceeds the limit"),
        ("p.xlsx", "", r"must end in one of \.txt, \.csv, \.jsonl, \.parquet"),
    ],
)
def test_broken_files_raise_in_one_line(tmp_path: Path, name: str, data: str | bytes, message: str) -> None:
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    with pytest.raises(ValueError, match=message) as raised:
        read_file(_write(tmp_path, name, data))
    assert "\n" not in str(raised.value)


def test_csv_keeps_what_a_field_holds(tmp_path: Path) -> None:
    path = _write(tmp_path, "p.csv", '\ufeffid,prompt\r\n1,"a ""b"", c\r\nd"\r\n\r\n2,5" x\r\n3,\r\n4,""')
    assert read_file(path) == TextColumn("prompt", ('a "b", c\r\nd', '5" x', "", ""))
    path = _write(tmp_path, "p.tsv", 'id\tprompt\n1\ta, b\n2\t"c\td"\n')
    assert read_file(path) == TextColumn("prompt", ("a, b", "c\td"))
    assert csv.field_size_limit() == 131_072
    long = "word " * 100_000
    assert read_file(_write(tmp_path, "long.csv", f'prompt\n"{long}"\n')).texts == (long,)


def test_reading_csv_takes_time_linear_in_the_text(tmp_path: Path) -> None:
    quotes = _write(tmp_path, "q.csv", 'prompt\n"' + '""' * 500_000 + '"\n')
    lines = _write(tmp_path, "l.csv", 'prompt\n"' + "\n" * 500_000 + '"\n' + '"a"\n' * 50_000)
    start = time.process_time()
    assert read_file(quotes).texts == ('"' * 500_000,)
    assert len(read_file(lines).texts) == 50_001
    assert time.process_time() - start < 20  # quadratic: hours


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), ends=st.sampled_from(["\n", "\r\n"]))
def test_csv_agrees_with_pythons_writer(rows: list[tuple[str, str]], ends: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=ends).writerows(rows)
    assert [tuple(row.fields) for row in read_rows(text.getvalue())] == rows


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".txt", ".parquet"])
def test_a_folder_of_parts(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / f"spark{ending}"
    (folder / "label=1").mkdir(parents=True)
    (folder / "_SUCCESS").touch()
    (folder / ".part-0.crc").touch()
    parts = {"part-0": ["a"], "part-1": ["b", "c"], "label=1/part-2": ["d"]}
    for name, texts in parts.items():
        _write_part(folder / f"{name}{ending}", texts)
    assert read_path(folder).texts == ("d", "a", "b", "c")  # in the order of the names
    (folder / "notes.md").touch()
    with pytest.raises(ValueError, match=r"must hold \.\w+ files, .* has 'notes.md': move it elsewhere"):
        read_path(folder)


def _write_part(path: Path, texts: list[str], column: str = "prompt") -> None:
    if path.suffix == ".parquet":
        pyarrow = pytest.importorskip("pyarrow")
        pytest.importorskip("pyarrow.parquet").write_table(pyarrow.table({column: texts}), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps({column: text}) + "\n" for text in texts))
    else:
        path.write_text("\n".join(([column] if path.suffix == ".csv" else []) + texts) + "\n")


def test_parts_are_read_from_one_column(tmp_path: Path) -> None:
    folder = tmp_path / "parts.jsonl"
    folder.mkdir()
    with pytest.raises(ValueError, match=r"must hold at least one text, .* has none in its 0 \.jsonl files"):
        read_path(folder)
    _write_part(folder / "1.jsonl", ["a"], "text")
    _write_part(folder / "2.jsonl", ["b"], "prompt")
    with pytest.raises(ValueError, match=r"must have a column 'text', .*2\.jsonl' has 'prompt'"):
        read_path(folder)


def test_a_damaged_parquet_file_raises_in_one_line(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "p.parquet"
    parquet.write_table(
        pyarrow.table({"prompt": [f"text {n}" for n in range(2000)]}), path, compression="gzip"
    )
    data = bytearray(path.read_bytes())
    data[200:400] = bytes(200)
    path.write_bytes(data)
    with pytest.raises(ValueError, match="must be Parquet, got ") as raised:
        read_file(path)
    assert "\n" not in str(raised.value)
    parquet.write_table(pyarrow.table({"prompt": ["a", None]}), path)
    with pytest.raises(ValueError, match="has NoneType in row 2: fill or drop"):
        read_file(path)
    parquet.write_table(pyarrow.table({"prompt": [{"content": "a"}]}), path)
    with pytest.raises(ValueError, match="has dict in row 1"):
        read_file(path)


def test_checksums_of_parquet_pages_are_compared(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "p.parquet"
    table = pyarrow.table({"prompt": ["The film was", "It is a"]})
    parquet.write_table(table, path, write_page_checksum=True, compression="none", use_dictionary=False)
    assert read_file(path).texts == ("The film was", "It is a")
    path.write_bytes(path.read_bytes().replace(b"It is a", b"It is o"))
    with pytest.raises(ValueError, match="must be Parquet, got "):
        read_file(path)


def test_only_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.csv")
    (tmp_path / "folder.txt").mkdir()
    for path in (tmp_path / "p.csv", Path("/dev/zero")):
        with pytest.raises(ValueError, match="is a pipe, socket or device: pass a file"):
            read_path(path)
    with pytest.raises(ValueError, match="is a folder"):
        read_file(tmp_path / "folder.txt")


def test_lines_have_no_columns(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="column is for tables, got 'prompt' for lines of text"):
        read_file(_write(tmp_path, "p.txt", "a\n"), "prompt")


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


def test_a_folder_of_data_sets_is_not_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder `datasets` of the user's own, on Python's path, is imported as a package without code."""
    folder = types.ModuleType("datasets")
    folder.__path__ = ["/home/me/datasets"]
    monkeypatch.setitem(sys.modules, "datasets", folder)
    with pytest.raises(ImportError, match=r"need datasets: pip install 'rlsf-gym\[hf\]'"):
        read_dataset("some/set")


def test_a_data_set_that_cannot_be_loaded_raises_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Datasets:
        @staticmethod
        def load_dataset(name: str) -> Any:
            raise ConnectionError("no route\nto the hub")

    monkeypatch.setitem(sys.modules, "datasets", Datasets)
    with pytest.raises(ValueError, match=r"'some/set': ConnectionError: no route$"):
        read_dataset("some/set")


def test_a_first_line_that_is_no_header_is_cut_in_the_message(tmp_path: Path) -> None:
    path = tmp_path / "prompts.csv"
    path.write_text("x" * 1_000_000 + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"prompts must have a column .* has 'x{76}\.\.\.: name") as refused:
        read_file(path, None)
    assert len(str(refused.value)) < 1_000


@pytest.mark.parametrize("name", ["p.txt", "p.csv", "p.tsv", "p.jsonl"])
def test_files_too_large_to_be_held_are_refused_before_they_are_read(tmp_path, name):
    path = tmp_path / name
    path.touch()
    os.truncate(path, 1 << 40)  # sparse: it takes no room
    with pytest.raises(ValueError, match=r"at most 4,294,967,296 bytes, got .* of 1,099,511,627,776: split"):
        read_path(path)
