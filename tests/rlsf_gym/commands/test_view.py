"""`rlsf-view`: the page of any JSONL of tokens and rewards, or one line of error."""

import json
import os
import signal
import sys
from functools import partial

import pytest

from rlsf_gym.commands.view import main


@pytest.fixture
def call(run_main):
    return partial(run_main, main)


@pytest.fixture
def rollouts(tmp_path):
    path = tmp_path / "rollouts.jsonl"
    path.write_text(json.dumps({"tokens": [71, 72], "rewards": [0.5, -1]}) + "\n")
    return path


def test_the_page_lies_beside_the_file_and_has_its_name(call, rollouts):
    assert call(rollouts) == (0, f"page: {rollouts.with_suffix('.html')} (1 response)\n", [])
    assert "<title>rollouts.jsonl</title>" in rollouts.with_suffix(".html").read_text()


def test_another_place_a_title_and_a_tokenizer(call, rollouts, tmp_path):
    out = tmp_path / "page.html"
    assert call(rollouts, "--out", out, "--title", "Mine", "--tokenizer", "bytes")[0] == 0
    page = out.read_text()
    assert "<title>Mine</title>" in page and "[71]" not in page


def test_a_tokenizer_of_the_working_folder_is_found(call, rollouts, tmp_path, monkeypatch):
    (tmp_path / "my_view_tokens.py").write_text(
        "from rlsf_gym.testing import PieceTokenizer\n"
        "TOKENIZER = PieceTokenizer(*(b'%d|' % number for number in range(80)))\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one not in ("", str(tmp_path))])
    assert call(rollouts, "--tokenizer", "my_view_tokens:TOKENIZER")[0] == 0
    assert "71|" in rollouts.with_suffix(".html").read_text()


def test_of_a_run_folder_its_file_is_named(call, rollouts, tmp_path):
    rollouts.rename(tmp_path / "samples.jsonl")
    status, output, (error,) = call(tmp_path)
    assert (status, output) == (1, "")
    assert error.endswith(f"found a folder (did you mean {tmp_path / 'samples.jsonl'}?)")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "the following arguments are required: FILE.jsonl"),
        (("none.jsonl",), 1, "none.jsonl: expected a file with a JSON object in each line, found none"),
        (("FILE", "--tokenizer", "no such"), 1, "no such"),
        (("FILE", "--titel", "x"), 2, "unrecognized arguments: --titel (did you mean --title?), x"),
        (("FILE", "--out", "/no/such/folder/page.html"), 1, "/no/such/folder/page.html"),
    ],
)
def test_wrong_lines_are_one_line(call, rollouts, arguments, status, said):
    found, output, errors = call(*(rollouts if word == "FILE" else word for word in arguments))
    assert (found, output, len(errors)) == (status, "", 1), errors
    assert errors[0].startswith("error: ") and said in errors[0]


def test_the_line_that_is_wrong_is_named(call, rollouts):
    rollouts.write_text(rollouts.read_text() + '{"tokens": ["a"], "rewards": []}\n')
    status, _, errors = call(rollouts)
    assert status == 1
    assert errors == [f"error: {rollouts}, line 2: expected a reward for each token, got 0 for 1"]


def test_a_dataset_in_the_place_of_the_page(call, rollouts, tmp_path):
    rollouts.write_text(json.dumps({"tokens": [71, 72], "rewards": [0.5, -1], "mood": 1}) + "\n")
    status, output, errors = call(
        rollouts, "--dataset", tmp_path / "out", "--tokenizer", "bytes", "--title", "Mine"
    )
    assert (status, output) == (0, f"dataset: {tmp_path / 'out'} (1 response)\n")
    assert errors == ["note: left out, as no column is for it: mood"]
    row = json.loads((tmp_path / "out" / "data" / "train-00000.jsonl").read_text())
    assert (row["tokens"], row["token_rewards"]) == (["G", "H"], [0.5, -1.0])
    assert 'pretty_name: "Mine"' in (tmp_path / "out" / "README.md").read_text()
    assert not rollouts.with_suffix(".html").exists()


@pytest.mark.parametrize("flag", [("--out", "page.html"), ("--open",), ("--responses", "3")])
def test_a_dataset_has_no_page_to_open(call, rollouts, tmp_path, flag):
    status, _, (error,) = call(rollouts, "--dataset", tmp_path / "out", *flag)
    assert (status, error) == (
        1, "error: --dataset writes a folder and no page: leave --out, --open and --responses out",
    )  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_a_dataset_does_not_replace_anything(call, rollouts, tmp_path):
    status, _, (error,) = call(rollouts, "--dataset", tmp_path)
    assert status == 1
    assert error == f"error: {tmp_path}: expected a new or an empty folder, got one that holds something"


@pytest.mark.parametrize("name", [".", "/", ""])
def test_a_folder_is_no_file(call, name):
    status, output, (error,) = call(name)
    assert (status, output) == (1, "")
    assert "expected a file with a JSON object in each line, found a folder" in error


@pytest.mark.parametrize("name", ["rollouts.jsonl", "link.html"])
def test_the_file_is_not_replaced_by_its_page(call, rollouts, tmp_path, name):
    before = rollouts.read_bytes()
    (tmp_path / "link.html").symlink_to(rollouts)
    status, _, (error,) = call(rollouts, "--out", tmp_path / name)
    assert (status, rollouts.read_bytes()) == (1, before)
    assert error.endswith("expected another place than that of the file, got the same: give it by --out")


def test_a_file_that_is_named_like_a_page_stays(call, rollouts):
    page = rollouts.rename(rollouts.with_suffix(".html"))
    before = page.read_bytes()
    assert call(page)[0] == 1 and page.read_bytes() == before


def test_a_part_of_a_long_file_is_said_to_be_one(call, rollouts):
    rollouts.write_text(rollouts.read_text() * 1002)
    page = rollouts.with_suffix(".html")
    note = "note: these are the first of 1,002 responses; --responses N shows more"
    assert call(rollouts) == (0, f"page: {page} (1,000 responses)\n", [note])
    assert page.read_text(encoding="utf-8").count("<article") == 1000
    assert call(rollouts, "--responses", 1001)[1:] == (f"page: {page} (1,001 responses)\n", [note])
    assert "The page has the first 1,001 of 1,002 responses." in page.read_text(encoding="utf-8")
    assert call(rollouts, "--responses", 5000) == (0, f"page: {page} (1,002 responses)\n", [])


def test_a_dataset_that_is_stopped_leaves_nothing_behind(rollouts, tmp_path, monkeypatch):
    def stop(*_, **__):
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("rlsf_gym.export.folder.write_card", stop)
    with pytest.raises(SystemExit) as caught:
        main([str(rollouts), "--dataset", str(tmp_path / "out")])
    assert caught.value.code == 143
    assert [path.name for path in tmp_path.iterdir()] == ["rollouts.jsonl"]
    assert signal.getsignal(signal.SIGTERM) == before


def test_of_many_keys_without_a_column_the_first_are_named(call, rollouts, tmp_path):
    others = {f"key{number:02}": 1 for number in range(23)}
    rollouts.write_text(json.dumps({"tokens": [], "rewards": [], **others}) + "\n")
    note = call(rollouts, "--dataset", tmp_path / "out")[2][0]
    assert note.endswith("key18, key19, 3 more")


def test_certificates_that_need_a_tokenizer_are_said_to_be_left_out(call, rollouts):
    record = {"word": [0, 1], "trigger": [0, 1], "rule": "base", "amount": 1, "status": "added"}
    rollouts.write_text(json.dumps({"tokens": [71], "rewards": [1], "certificate": [record]}) + "\n")
    told = "note: the certificates of 1 response are left out: they speak of characters, and tokens are ids; "
    assert call(rollouts)[2] == [told + "--tokenizer NAME reads them"]
    assert call(rollouts, "--tokenizer", "bytes")[2] == []
