"""A language model's folder before it is read: nothing pickled, nothing from outside of it, nothing cut."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, cast

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from agents.runs.printable import one_line

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
SAMPLING_FILE = "generation_config.json"
POINTER = b"version https://git-lfs"
"""First bytes of a file that Git LFS has not fetched."""


def check_folder(folder: Path) -> None:
    """Checks that a folder holds a language model in safetensors, all of it inside.

    Raises:
        ValueError: If it does not; in one line that says what to do.
    """
    if not folder.is_dir():
        raise ValueError(f"model {str(folder)!r}: expected a folder, got none; check the path")
    if not (folder / CONFIG_FILE).is_file():
        inside = sorted(path.parent.name for path in folder.glob("*/adapter_config.json"))
        hint = f"it holds the adapters {', '.join(inside[:3])}: give the folder of one" if inside else (
            "give the folder that save_pretrained wrote"
        )  # fmt: skip
        raise ValueError(f"model {str(folder)!r}: expected {CONFIG_FILE}, found none; {hint}")
    for name in (CONFIG_FILE, SAMPLING_FILE):
        check_settings(folder / name)
    for file in weight_files(folder):
        check_weights(file)


def check_settings(file: Path) -> None:
    """Checks that a file of settings, where there is one, holds a JSON object: transformers passes over some.

    Raises:
        ValueError: If it is damaged.
    """
    if not file.is_file():
        return
    try:
        found: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(
            f"settings {str(file)!r}: expected JSON: {one_line(error, 200)}; restore it"
        ) from error
    if not isinstance(found, dict):
        raise ValueError(
            f"settings {str(file)!r}: expected a JSON object, got {type(found).__name__}; restore it"
        )


def weight_files(folder: Path) -> list[Path]:
    """Returns the files of a model's weights.

    Raises:
        ValueError: If there are no such files, or the index names one missing or outside of the folder.
    """
    if (folder / WEIGHTS_FILE).is_file():
        return [folder / WEIGHTS_FILE]
    if not (folder / INDEX_FILE).is_file():
        pickled = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth") for path in folder.glob(pattern))
        got = f"{pickled[0]}, which may hold a pickle that runs code" if pickled else "none"
        raise ValueError(
            f"model {str(folder)!r}: expected a causal language model with safetensors weights, got {got}; "
            f"write {WEIGHTS_FILE} with save_pretrained of transformers"
        )
    try:
        named = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))["weight_map"]
        names = sorted({str(name) for name in cast("dict[str, Any]", named).values()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"model {str(folder)!r}: expected {INDEX_FILE} with a weight_map, got {type(error).__name__}: "
            f"{one_line(error, 200)}; restore it"
        ) from error
    for name in names:
        if PurePosixPath(name).name != name or PureWindowsPath(name).name != name:
            raise ValueError(
                f"model {str(folder)!r}: expected {INDEX_FILE} to name files of this folder, got {name!r}; "
                "do not use this folder"
            )
        if not (folder / name).is_file():
            raise ValueError(
                f"model {str(folder)!r}: expected {name}, as {INDEX_FILE} says, found none; restore it"
            )
    return [folder / name for name in names]


def check_weights(file: Path) -> None:
    """Checks that a file of safetensors can be read as far as its header tells.

    Raises:
        ValueError: If it is cut, damaged, or a pointer of Git LFS.
    """
    with file.open("rb") as stream:
        start = stream.read(len(POINTER))
    if start == POINTER:
        raise ValueError(
            f"weights {str(file)!r}: expected safetensors, got a pointer of Git LFS; "
            "fetch it with git lfs pull"
        )
    with explain_damage(f"weights {str(file)!r}"), safetensors.safe_open(file, framework="pt"):
        pass


def read_tensors(file: Path) -> dict[str, Tensor]:
    """Returns the tensors of a file, on the CPU.

    Raises:
        ValueError: If it is missing, cut or damaged, or holds numbers that are not finite.
    """
    if not file.is_file():
        raise ValueError(f"weights {str(file)!r}: expected a file, found none; restore it")
    check_weights(file)
    with explain_damage(f"weights {str(file)!r}"):
        tensors = cast("dict[str, Tensor]", cast(Any, safetensors.torch).load_file(file))
    for name, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise ValueError(f"weights {str(file)!r}: expected finite numbers, {name} has others; restore it")
    return tensors


@contextlib.contextmanager
def explain_damage(what: str) -> Generator[None]:
    """Makes one line of what the library raises for a damaged file.

    Args:
        what: Names the file.
    """
    try:
        yield
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        reason = f"{type(error).__name__}: {one_line(error, 200)}"
        raise ValueError(f"{what}: expected whole safetensors, got {reason}; restore it") from error
