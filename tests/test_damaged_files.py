"""Whatever happens to a file on its way, it is refused in one line, or is another whole file of its format.

Files that hold a checksum of ours are refused under any change at all. Formats of other programs have none (a
list of prompts, the weights of a model in safetensors): a change can make another good file of such a format,
which then is read as what it is.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
import sys
import tomllib
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
import pytest

from agents import CausalLMPolicy, TokenPPO, TokenPPOConfig
from agents.runs.run_report import describe_run, read_run
from agents.studies.files import StudyFolder, pack, read_results
from agents.studies.read import read_study
from agents.training.results import read_evaluation
from agents.training.run_folder import RunFolder
from rlsf_gym.domains.sentiment.judge import Judge
from rlsf_gym.domains.sentiment.knowledge.file import read_knowledge
from rlsf_gym.domains.sentiment.order_judge import OrderJudge
from rlsf_gym.prompts import load_prompts
from rlsf_gym.scorers import TransformerScorer
from rlsf_gym.text.tokenizer import load_tokenizer
from tests.helpers.damage import REGIONS, damage
from tests.helpers.make_classifier import write_classifier

pytestmark = pytest.mark.whole

EXPLAINED = (ValueError, OSError)
QUICK, MANY = 1, 8
"""Damages of each region of each file, in the quick tests and in the slow one."""
ENV = {"tokenizer": "bytes", "max_new_tokens": 4, "max_prompt_tokens": 64}
STUDY = """
title = "Damaged"
[goal]
share = 0.8
[defaults]
run = "agents.study_training:train"
episodes = 16
[defaults.config]
batch_size = 8
[[cells]]
group = "main"
seeds = 2
"""


class Kind(NamedTuple):
    """A format: who writes such a file, who reads it, and what a good one is."""

    make: Callable[[Path, Path], list[Path]]
    """Writes a good file or folder below a folder, with a tiny model at hand; returns what may be damaged."""
    read: Callable[[Path], Any]
    """Reads it, given the folder."""
    is_whole: Callable[[Path], bool] | None = None
    """Whether a file is a good one by its format alone; None: any change must be refused."""


def make_checkpoint(folder: Path, policy: Path) -> list[Path]:
    env = gym.make_vec("rlsf_gym:rlsf_gym/Sentiment-v0", num_envs=4, **ENV)
    agent = TokenPPO(policy, env, TokenPPOConfig(batch_size=4, minibatch_size=4, response_length=4))
    agent.learn(4)
    agent.save(folder / "checkpoint")
    return files_of(folder / "checkpoint")


def read_checkpoint(folder: Path) -> Any:
    env = gym.make_vec("rlsf_gym:rlsf_gym/Sentiment-v0", num_envs=4, **ENV)
    return TokenPPO.load(folder / "checkpoint", env)


def make_policy(folder: Path, policy: Path) -> list[Path]:
    CausalLMPolicy.from_pretrained(policy).save_pretrained(folder / "policy")
    return files_of(folder / "policy")


def make_adapter(folder: Path, policy: Path) -> list[Path]:
    pytest.importorskip("peft")
    shutil.copytree(policy, folder / "base")
    adapted = CausalLMPolicy.from_pretrained(folder / "base", lora={"rank": 2})
    adapted.save_pretrained(folder / "policy")
    return files_of(folder / "policy")


def make_classifier(folder: Path, policy: Path) -> list[Path]:
    del policy
    write_classifier(folder / "classifier")
    return files_of(folder / "classifier")


def make_packed(folder: Path, policy: Path) -> list[Path]:
    del policy
    synthetic = import_module("tests.agents.reports.synthetic_study")
    study, _ = synthetic.write_study(folder / "study", STUDY, lambda cell: {"score": synthetic.ramp(8)})
    pack(StudyFolder(folder / "study"), study.main_cells([]), folder / "study.jsonl.xz")
    return [folder / "study.jsonl.xz"]


def make_cells(folder: Path, policy: Path) -> list[Path]:
    make_packed(folder, policy)
    return files_of(folder / "study" / "cells")


def make_study(folder: Path, policy: Path) -> list[Path]:
    del policy
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return [folder / "study.toml"]


def make_run(folder: Path, policy: Path) -> list[Path]:
    flags = {"policy": policy, "tokenizer": "bytes", "episodes": 8, "batch-size": 4, "threads": 1}
    flags |= {"minibatch-size": 4, "response-length": "4", "eval-samples": 4, "max-prompt-tokens": 64}
    words = [str(word) for name, value in flags.items() for word in (f"--{name}", value)]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert import_module("examples.train_sentiment").main([*words, "--out", str(folder / "run")]) == 0
    written = sorted((folder / "run").glob("*.json*"))
    return [file for file in written if file.name != "samples.jsonl"]  # a page: no command reads it again


def read_run_whole(folder: Path) -> None:
    """Shows the run, reads its evaluations, and goes on with it as far as a finished one goes on."""
    for when in ("before", "after"):
        read_evaluation(RunFolder(folder / "run"), when)
    describe_run(read_run(folder / "run"))
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        status = import_module("examples.train_sentiment").main(["--resume", str(folder / "run")])
    if status != 0:
        raise ValueError(said.getvalue().strip())


def make_tokenizer(folder: Path, policy: Path) -> list[Path]:
    del policy
    shutil.copy(
        Path(import_module("rlsf_gym").__file__).parent / "text" / "assets" / "tokenizer.json", folder
    )
    return [folder / "tokenizer.json"]


def make_gpt2_tokenizer(folder: Path, policy: Path) -> list[Path]:
    make_tokenizer(folder, policy)
    backend = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    (folder / "tokenizer.json").unlink()
    model = backend["model"]
    vocabulary = model["vocab"] | {token["content"]: token["id"] for token in backend["added_tokens"]}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    merges = "".join(" ".join(pair) + "\n" for pair in model["merges"])
    (folder / "merges.txt").write_text("#version: 0.2\n" + merges, encoding="utf-8")
    return [folder / "vocab.json", folder / "merges.txt"]


def make_judge(folder: Path, policy: Path) -> list[Path]:
    del policy
    Judge.load().save(folder / "judge.npz")
    return [folder / "judge.npz"]


def make_order_judge(folder: Path, policy: Path) -> list[Path]:
    del policy
    OrderJudge.load().save(folder / "order.npz")
    return [folder / "order.npz"]


def make_graph(folder: Path, policy: Path) -> list[Path]:
    del policy
    from rlsf_gym.domains.sentiment.knowledge.file import BUNDLED

    shutil.copy(BUNDLED["film"], folder / "graph.toml")
    return [folder / "graph.toml"]


def prompts(name: str) -> Callable[[Path, Path], list[Path]]:
    texts = [f'The film number {number}, "seen" in May, was' for number in range(40)]

    def make(folder: Path, policy: Path) -> list[Path]:
        del policy
        file = folder / name
        if name.endswith(".parquet"):
            arrow, parquet = (pytest.importorskip(module) for module in ("pyarrow", "pyarrow.parquet"))
            parquet.write_table(arrow.table({"prompt": texts}), file)
        elif name.endswith(".csv"):
            with file.open("w", newline="", encoding="utf-8") as stream:
                csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([["prompt"], *([text] for text in texts)])
        elif name.endswith(".jsonl"):
            file.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in texts), encoding="utf-8")
        else:
            file.write_text("\n".join(texts) + "\n", encoding="utf-8")
        return [file]

    return make


def read_prompts(name: str) -> Callable[[Path], Any]:
    def read(folder: Path) -> Any:
        return load_prompts(str(folder / name), tokenizer="bytes", max_prompt_tokens=128)

    return read


def is_json(file: Path) -> bool:
    return succeeds(lambda: json.loads(file.read_bytes().decode("utf-8")))


def is_json_lines(file: Path) -> bool:
    return succeeds(lambda: [json.loads(line) for line in file.read_text("utf-8").splitlines() if line])


def is_log(file: Path) -> bool:
    """Whether all whole lines are JSON: the last one may have been cut off when the process died."""
    whole = file.read_bytes().split(b"\n")[:-1]
    return succeeds(lambda: [json.loads(line.decode("utf-8")) for line in whole if line])


def is_toml(file: Path) -> bool:
    return succeeds(lambda: tomllib.loads(file.read_text("utf-8")))


def is_text(file: Path) -> bool:
    return succeeds(lambda: file.read_text("utf-8"))


def is_csv(file: Path) -> bool:
    """Whether it is UTF-8 in rows of one column."""
    rows = lambda: list(csv.reader(io.StringIO(file.read_text("utf-8"), newline=""), strict=True))  # noqa: E731
    return succeeds(rows) and all(len(row) <= 1 for row in rows())


def is_parquet(file: Path) -> bool:
    parquet = pytest.importorskip("pyarrow.parquet")
    return succeeds(lambda: parquet.read_table(file).column("prompt").to_pylist())


def is_safetensors(file: Path) -> bool:
    safetensors = pytest.importorskip("safetensors.torch")
    return succeeds(lambda: safetensors.load_file(file))


def is_model_file(file: Path) -> bool:
    return {".safetensors": is_safetensors, ".json": is_json}.get(file.suffix, is_text)(file)


KINDS = {
    "checkpoint": Kind(make_checkpoint, read_checkpoint),
    "packed study": Kind(make_packed, lambda folder: read_results(folder / "study.jsonl.xz")),
    "cells": Kind(make_cells, lambda folder: read_results(folder / "study"), is_json_lines),
    "study file": Kind(make_study, lambda folder: read_study(folder / "study.toml"), is_toml),
    "policy": Kind(
        make_policy, lambda folder: CausalLMPolicy.from_pretrained(folder / "policy"), is_model_file
    ),
    "adapter": Kind(
        make_adapter, lambda folder: CausalLMPolicy.from_pretrained(folder / "policy"), is_model_file
    ),
    "classifier": Kind(
        make_classifier, lambda folder: TransformerScorer(folder / "classifier"), is_model_file
    ),
    "run": Kind(
        make_run, read_run_whole, lambda file: is_log(file) if file.suffix == ".jsonl" else is_json(file)
    ),
    "tokenizer.json": Kind(
        make_tokenizer, lambda folder: load_tokenizer(str(folder / "tokenizer.json")), is_json
    ),
    "vocabulary and merges": Kind(
        make_gpt2_tokenizer,
        lambda folder: load_tokenizer(str(folder)),
        lambda file: is_json(file) if file.suffix == ".json" else is_text(file),
    ),
    "judge": Kind(make_judge, lambda folder: Judge.load(folder / "judge.npz")),
    "judge of order": Kind(make_order_judge, lambda folder: OrderJudge.load(folder / "order.npz")),
    "graph": Kind(make_graph, lambda folder: read_knowledge(str(folder / "graph.toml")), is_toml),
    "prompts.txt": Kind(prompts("prompts.txt"), read_prompts("prompts.txt"), is_text),
    "prompts.csv": Kind(prompts("prompts.csv"), read_prompts("prompts.csv"), is_csv),
    "prompts.jsonl": Kind(prompts("prompts.jsonl"), read_prompts("prompts.jsonl"), is_json_lines),
    "prompts.parquet": Kind(prompts("prompts.parquet"), read_prompts("prompts.parquet"), is_parquet),
}


def files_of(folder: Path) -> list[Path]:
    """Returns what programs read: not the card of a model, which is for people."""
    return sorted(file for file in folder.rglob("*") if file.is_file() and file.suffix != ".md")


def succeeds(call: Callable[[], Any]) -> bool:
    try:
        call()
    except Exception:
        return False
    return True


@pytest.fixture(scope="module", params=KINDS)
def good(request, tiny_policy, tmp_path_factory):
    """A kind, a folder with a good one, and the files in it that may be damaged."""
    kind, folder = KINDS[request.param], tmp_path_factory.mktemp("good")
    files = kind.make(folder, tiny_policy)
    read(kind, folder)
    return kind, folder, files


def read(kind: Kind, folder: Path) -> Exception | None:
    """Reads; returns the one exception that a reader may raise, if it did."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            kind.read(folder)
        except EXPLAINED as error:
            return error
    return None


def damages(files: list[Path], times: int):
    """Yields file, damaged bytes and what was done to them: each file, each region, so many times."""
    number = 0
    for file in files:
        data = file.read_bytes()
        for region in REGIONS:
            for _ in range(times):
                number += 1
                yield file, *damage(data, number, region)
        yield file, b"", "emptied"


def check_all(good, times: int) -> tuple[int, int]:
    """Returns how many damages were refused, and how many made another good file of its format."""
    kind, folder, files = good
    refused, other, wrong = 0, 0, []
    for file, damaged, done in damages(files, times):
        whole = file.read_bytes()
        replace(file, damaged)
        error, fault = attempt(kind, folder, file)
        replace(file, whole)
        refused += error is not None
        other += error is None
        wrong += [f"{file.relative_to(folder)}: {done}: {fault}"] if fault else []
    assert wrong == []
    assert read(kind, folder) is None
    return refused, other


def attempt(kind: Kind, folder: Path, file: Path) -> tuple[Exception | None, str]:
    """Returns the error that a reader explained, and what is wrong with what it did."""
    try:
        error = read(kind, folder)
    except Exception as unexplained:
        return unexplained, f"{type(unexplained).__name__}: {unexplained}"
    if error is not None:
        return error, f"more than one line: {error}" if "\n" in str(error).strip() else ""
    return None, "" if kind.is_whole is not None and kind.is_whole(file) else "read without a word"


def replace(file: Path, data: bytes) -> None:
    """Writes a file anew: some are links to one another's bytes."""
    file.unlink()
    file.write_bytes(data)


def test_damaged_files_are_refused(good):
    refused, other = check_all(good, QUICK)
    assert refused + other >= 4
    assert refused > 0


@pytest.mark.slow
def test_many_damaged_files_are_refused(good, capsys):
    refused, other = check_all(good, MANY)
    with capsys.disabled():
        sys.stderr.write(f" {refused} refused, {other} read as another good file of the format\n")
