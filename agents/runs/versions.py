"""Versions that a run's results depend on besides its settings: installed packages and the git checkout."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

DISTRIBUTION = "rlsf-gym"


def read_versions() -> dict[str, str]:
    """Returns the versions of Python and of the packages that a learner computes with, by name."""
    # A study is planned and packed without computing anything: it need not wait for these.
    import gymnasium as gym
    import torch
    import transformers

    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "transformers": transformers.__version__,
        "gymnasium": gym.__version__,
    }


def read_release() -> dict[str, str]:
    """Returns the version of this package by its name, nothing where it is not installed."""
    try:
        return {DISTRIBUTION: importlib.metadata.version(DISTRIBUTION)}
    except importlib.metadata.PackageNotFoundError:
        return {}


def read_installed() -> dict[str, str]:
    """Returns the versions of Python and of all packages that a learner or this package depends on."""
    found = read_versions()
    try:
        found[DISTRIBUTION] = importlib.metadata.version(DISTRIBUTION)
        needed = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return found
    for requirement in needed:
        name = re.match(r"[A-Za-z0-9_.-]+", requirement)
        if name is not None and "extra ==" not in requirement:
            found[name[0]] = importlib.metadata.version(name[0])
    return found


def read_git() -> dict[str, Any] | None:
    """Returns the git commit of the checkout of this file and whether it is clean; None outside of one."""
    if _git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return None
    commit = _git("rev-parse", "HEAD")
    return {"commit": commit, "clean": _git("status", "--porcelain", "--untracked-files=no") == ""}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=Path(__file__).resolve().parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
