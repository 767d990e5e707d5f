"""A dataset's folder: whole or not at all, read by `datasets` offline, whatever the texts are."""

import json
import os

import pytest

from rlsf_gym.export import write_dataset
from rlsf_gym.text.tokenizer import ByteTokenizer

LINES = [
    {"prompt": "2+2=", "tokens": [" 4", "."], "rewards": [1.0, 0], "reward_base": 0.5, "mood": "good"},
    {"tokens": [], "rewards": [], "environment": "a/B-v0", "reward_negation": -1, "reward_design": "x"},
    {"tokens": [[195], "<script>\u202e\x00\n"], "rewards": [0, 1], "instance": {"b": 1, "a": [None]}},
]


@pytest.fixture
def write(tmp_path):
    """Returns a function that writes lines as a dataset and returns its folder and what was written."""

    def run(lines, folder="out", **parts):
        file = tmp_path / "rollouts.jsonl"
        file.write_text("\n".join(map(json.dumps, lines)) + "\n\n", encoding="utf-8")
        return tmp_path / folder, write_dataset(file, tmp_path / folder, **parts)

    return run


def rows_of(folder):
    files = sorted((folder / "data").iterdir())
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def test_what_was_written_is_told(write):
    folder, written = write(LINES)
    assert {path.name for path in folder.iterdir()} == {"README.md", "data"}
    assert (written.rows, written.tokens, written.files) == (3, 4, 1)
    assert dict(written.omitted) == {"mood": 1, "reward_design": 1}
    assert dict(written.names["environment"]) == {"a/B-v0": 1}
    rows = rows_of(folder)
    assert [row["reward_base"] for row in rows] == [0.5, None, None]
    assert [row["reward_negation"] for row in rows] == [None, -1, None]
    assert len({tuple(row) for row in rows}) == 1  # the same columns everywhere
    assert rows[2]["tokens"][1] == "<script>\u202e\x00\n"


def test_a_file_ends_where_it_is_large_enough(write, monkeypatch):
    monkeypatch.setattr("rlsf_gym.export.folder.SHARD", 1500)
    lines = [{"tokens": [str(number)], "rewards": [number]} for number in range(10)]
    folder, written = write(lines)
    files = sorted(path.name for path in (folder / "data").iterdir())
    assert files == [f"train-{number:05}.jsonl" for number in range(written.files)]
    assert 1 < written.files < 10
    assert [row["token_rewards"] for row in rows_of(folder)] == [[number] for number in range(10)]


@pytest.mark.parametrize("text", ['{"tokens": ["a"], "rewards": [0]}\n{"tokens": 3}\n', "\n", "[]\n"])
def test_a_wrong_line_leaves_nothing_behind(tmp_path, text):
    (tmp_path / "rollouts.jsonl").write_text(text)
    with pytest.raises(ValueError, match=r"rollouts\.jsonl(, line \d: |: expected a JSON object)"):
        write_dataset(tmp_path / "rollouts.jsonl", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["rollouts.jsonl"]


def test_a_failure_half_way_leaves_nothing_behind(write, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr("rlsf_gym.export.folder.write_card", fail)
    with pytest.raises(OSError, match="no space left"):
        write(LINES)
    assert [path.name for path in tmp_path.iterdir()] == ["rollouts.jsonl"]


def test_a_folder_that_holds_something_stays_as_it_is(write, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="expected a new or an empty folder, got one that holds something"):
        write(LINES)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_taken_and_a_link_is_not_followed(write, tmp_path):
    (tmp_path / "out").mkdir()
    folder, _ = write(LINES)
    assert (folder / "README.md").is_file()
    assert folder.stat().st_mode & 0o777 == 0o777 & ~current_umask()
    (tmp_path / "away").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "away")
    with pytest.raises(ValueError, match="expected a new or an empty folder"):
        write_dataset(tmp_path / "rollouts.jsonl", tmp_path / "link")


def test_what_a_killed_export_left_is_named_and_stays(write, tmp_path):
    (tmp_path / "out.partial" / "data").mkdir(parents=True)
    with pytest.raises(
        ValueError, match=r"out\.partial: expected nothing there, got what a killed export left"
    ):
        write(LINES)
    assert not (tmp_path / "out").exists() and (tmp_path / "out.partial" / "data").is_dir()


@pytest.mark.parametrize("name", ["a*", "a?b", "[a]", "[a]/out"])
def test_a_path_that_datasets_would_search_with(write, tmp_path, name):
    write(LINES)
    with pytest.raises(ValueError, match=r"expected a path without \*, \? and \[, with which load_dataset"):
        write_dataset(tmp_path / "rollouts.jsonl", tmp_path / name)


def test_a_place_below_a_file(write, tmp_path):
    write(LINES)
    with pytest.raises(ValueError, match=r"expected a place in a folder, got one below the file .*rollouts"):
        write_dataset(tmp_path / "rollouts.jsonl", tmp_path / "rollouts.jsonl" / "more" / "out")


def test_a_drive_that_is_not_there_is_the_systems_to_tell(write, tmp_path, monkeypatch):
    write(LINES)
    monkeypatch.setattr("rlsf_gym.export.folder.os.path.lexists", lambda _: False)
    assert write_dataset(tmp_path / "rollouts.jsonl", tmp_path / "more" / "out").rows == len(LINES)


def test_a_file_that_grows_meanwhile_is_no_dataset(write, tmp_path, monkeypatch):
    def check(target):
        with (tmp_path / "rollouts.jsonl").open("a", encoding="utf-8") as file:
            file.write('{"tokens": [], "rewards": []}\n')
        return target.with_name("out.partial")

    monkeypatch.setattr("rlsf_gym.export.folder._partial", check)
    monkeypatch.setattr("rlsf_gym.export.folder._check_target", lambda target: None)
    with pytest.raises(
        ValueError, match="expected 3 responses as at first, got 4: it was written to meanwhile"
    ):
        write(LINES)
    assert [path.name for path in tmp_path.iterdir()] == ["rollouts.jsonl"]


def test_a_rule_for_each_response_is_none(write, monkeypatch):
    monkeypatch.setattr("rlsf_gym.export.folder.MOST_RULES", 2)
    lines = [{"tokens": [], "rewards": [], f"reward_{number}": 1} for number in range(3)]
    assert len(write(lines[:2])[1].columns) == 17 + 2
    with pytest.raises(ValueError, match="expected at most 2 different keys reward_RULE with numbers, got 3"):
        write(lines, folder="other")


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_equal_files_make_equal_folders(write, tmp_path):
    folder, _ = write(LINES)
    write_dataset(tmp_path / "rollouts.jsonl", tmp_path / "again")
    for path in (folder / "README.md", folder / "data" / "train-00000.jsonl"):
        assert (tmp_path / "again" / path.relative_to(folder)).read_bytes() == path.read_bytes()


@pytest.mark.whole
def test_datasets_reads_it_offline_with_the_types_that_the_card_states(write, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    ids = {"tokens": [104, 256], "rewards": [0.1, -1e-300], "certificate": [], "response": "h"}
    folder, written = write([*LINES, ids], tokenizer=ByteTokenizer())
    found = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert found.to_list() == rows_of(folder)
    assert found.column_names == [column.name for column in written.columns]
    lists = {"response_ids": "int64", "tokens": "string", "token_hex": "string"}
    lists |= {"token_rewards": "float64", "prefix_values": "float64"}
    for name, feature in found.features.items():
        numbers = name in ("score", "utility", "solved") or name.startswith("reward_")
        plain = datasets.Value("float64" if numbers else "string")
        assert feature == (datasets.List(datasets.Value(lists[name])) if name in lists else plain), name
    assert found[3]["token_rewards"] == [0.1, -1e-300]
    assert json.loads(found[2]["instance"]) == {"b": 1, "a": [None]}


@pytest.mark.whole
def test_columns_of_which_nothing_is_known_and_long_lines_are_read(write, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    long = {"tokens": ["x" * 40_000] * 100, "rewards": [0.5] * 100}  # a line of 16 MB
    folder, _ = write([{"tokens": [], "rewards": []}, long, {"tokens": [], "rewards": []}])
    found = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert [len(tokens) for tokens in found["tokens"]] == [0, 100, 0]
    assert found["score"] == [None, None, None]
