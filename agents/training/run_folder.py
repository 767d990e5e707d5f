"""Run folder: the files of one training run, and how they are read and written.

config.json      settings of the run, their defaults, hash of its prompts, versions, state of the checkout
metrics.jsonl    one line per iteration, equal to the byte for equal runs
timings.jsonl    seconds, rates and peak memory per iteration
before.json      evaluation of the untrained policy, so that a continued run need not repeat it
checkpoint/      everything needed to continue
run.lock         the process that writes here; gone when it ends by itself
summary.json     both evaluations, seconds, episodes: there once the run is finished
curves.png       learning curves
samples.jsonl    responses to the same prompts before and after: tokens and what each was paid
samples.html     the same as a page, coloured by token reward, where the environment's side draws one
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import platform
import uuid
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from agents.policies.bundled import is_bundled
from agents.runs.file_lock import try_lock
from agents.runs.jsonl_log import FileGoneError, read_jsonl
from agents.runs.plain_files import read_plain, write_whole
from agents.runs.run_report import read_object
from agents.runs.sealed_json import seal
from agents.runs.strict_json import show
from agents.runs.versions import read_git

KINDS: dict[str, type[Any]] = {
    **{"id": str, "preset": str, "settings": dict, "defaults": dict, "versions": dict, "prompts_sha256": str},
}
"""Keys of `config.json` to the types that they must have."""
NAMES: dict[type[Any], str] = {str: "a text", dict: "a table"}
PACKAGES = ("rlsf-gym", "torch", "transformers", "tokenizers", "numpy", "gymnasium")
"""Distributions that the results of every run depend on."""


class RunFolder:
    """Run folder: the paths in it, its lock and its JSON files."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.checkpoint = self.path / "checkpoint"
        self.metrics = self.path / "metrics.jsonl"
        self.curves = self.path / "curves.png"
        self.samples = self.path / "samples.jsonl"
        self.page = self.path / "samples.html"
        self.kept: dict[str, bytes] = {}
        """Content of its files when last read or written, by name, to rescue a run whose folder is gone."""
        self._taken: os.stat_result | None = None

    @property
    def exists(self) -> bool:
        """Whether the folder holds a run, finished or not."""
        return (self.path / "config.json").exists()

    @property
    def is_finished(self) -> bool:
        """Whether the run is finished."""
        return (self.path / "summary.json").exists()

    def follow(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Returns settings that are valid here: with the kept tokenizer, if the policy's folder has moved."""
        kept = self.checkpoint / "policy"
        has_one = any((kept / name).is_file() for name in ("tokenizer.json", "vocab.json"))
        gone = not is_bundled(settings["policy"]) and not Path(settings["policy"]).exists()
        if settings.get("tokenizer") is None and gone and has_one:
            return {**settings, "tokenizer_here": str(kept)}
        return dict(settings)

    def check_free(self) -> None:
        """Checks that the path is free for a new run: a folder without a run, or nothing."""
        if self.path.exists() and not self.path.is_dir():
            raise ValueError(f"{self.path} is a file: choose a new folder for --out")
        if self.exists:
            raise ValueError(
                f"{self.path} holds a run already: continue it with --resume {self.path} "
                "or choose another --out"
            )

    @contextmanager
    def lock(self) -> Generator[None]:
        """Returns a context that holds the lock of the folder; makes the folder.

        Raises:
            ValueError: If another process holds the lock.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with try_lock(self.path / "run.lock", note=str(os.getpid())) as mine:
            if not mine:
                raise ValueError(
                    f"{self.path} is in use by process {self._holder()}: wait "
                    "until it has ended, or stop it and continue with --resume"
                )
            self._taken = self.path.stat()
            yield
            self._taken = None

    def check_there(self) -> None:
        """Checks that the folder is still the one that was locked.

        Raises:
            FileGoneError: If the folder was deleted or replaced.
        """
        try:
            there = self._taken is None or os.path.samestat(self._taken, self.path.stat())
        except (FileNotFoundError, NotADirectoryError):
            there = False
        if not there:
            raise FileGoneError(f"{self.path} was deleted or replaced while the run wrote to it")

    def _holder(self) -> str:
        """Returns the id of the process that holds the lock, if the lock's file has it."""
        try:
            said = read_plain(self.path / "run.lock", largest=20, through_links=False).decode("ascii")
        except (OSError, ValueError):
            return "unknown"
        return said if said.isdigit() else "unknown"

    def create(
        self,
        settings: Mapping[str, Any],
        *,
        defaults: Mapping[str, Any],
        packages: Sequence[str] = (),
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes `config.json`.

        Args:
            settings: All settings of the run.
            defaults: Default of each setting.
            packages: Distributions whose versions are recorded beside those of every run.
            more: Further content of the file.
        """
        config: dict[str, Any] = {"id": uuid.uuid4().hex[:12], "settings": dict(settings)}
        config |= {"defaults": dict(defaults), "versions": versions(packages), "git": read_git()}
        self.write("config", {**config, **(more or {})})

    def keep(self, more: Mapping[str, Any]) -> None:
        """Adds or replaces entries of `config.json` beside the settings."""
        config = self.config()
        if any(config.get(key) != value for key, value in more.items()):
            self.write("config", {**config, **more})

    def check_progress(self, iterations: int) -> None:
        """Checks that no checkpoint is missing.

        Args:
            iterations: Number of iterations the learner has done.

        Raises:
            ValueError: If more iterations were logged than can have been before the first checkpoint.
        """
        every = self.config().get("checkpoint_every")
        if iterations or type(every) is not int or not os.path.lexists(self.metrics):
            return
        logged = len(read_jsonl(self.metrics))
        if logged > every:
            raise ValueError(
                f"{self.checkpoint} is missing: {self.metrics} has {logged} iterations, and one was saved "
                f"every {every}; restore it, or start a new run"
            )

    def check_prompts(self, source: str, prompts: str) -> None:
        """Checks the prompts against their hash at the start, which runs of earlier versions lack."""
        started = self.config().get("prompts_sha256", prompts)
        if started != prompts:
            raise ValueError(
                f"the prompts of {source} have changed since the run was started, SHA-256 {started[:12]} "
                f"then and {prompts[:12]} now: restore them, or start a new run"
            )

    def write(self, name: str, content: Any) -> None:
        """Writes `<name>.json` with its hash, in one step; numbers that are not finite become null."""
        self.check_there()
        text = json.dumps(seal(_finite(content)), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        self.kept[f"{name}.json"] = text.encode("utf-8", "backslashreplace")
        write_whole(self.path / f"{name}.json", self.kept[f"{name}.json"], alone=True)

    def read(self, name: str) -> Any:
        """Returns the content of `<name>.json`, or None if there is no such file.

        Raises:
            ValueError: If the file is damaged, or not a regular file.
        """
        path = self.path / f"{name}.json"
        if not os.path.lexists(path):
            return None
        content = read_object(path)
        self.kept[f"{name}.json"] = path.read_bytes()
        return content

    def config(self) -> dict[str, Any]:
        """Returns `config.json`; ValueError if this is not a run folder, or a part has a wrong type."""
        config: dict[str, Any] | None = self.read("config")
        if config is None or "settings" not in config:
            raise ValueError(
                f"{self.path} is no run folder (it has no config.json): give the --out of an earlier run"
            )
        for key, kind in KINDS.items():
            if not isinstance(config.get(key, kind()), kind):
                raise ValueError(
                    f"{self.path / 'config.json'}: {key}: expected {NAMES[kind]}, got {show(config[key])}; "
                    "restore it from a copy"
                )
        return {"id": "", "versions": {}, **config}


def _finite(content: Any) -> Any:
    """Returns plain data with null in place of numbers that JSON lacks: NaN and infinity."""
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in cast("Mapping[str, Any]", content).items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in cast("Sequence[Any]", content)]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def versions(packages: Sequence[str] = ()) -> dict[str, str]:
    """Returns the versions of Python and of the distributions that results depend on."""
    found = {"python": platform.python_version()}
    for package in (*PACKAGES, *packages):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
