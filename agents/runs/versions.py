"""The versions of what the numbers of a run depend on."""

from __future__ import annotations

import platform


def read_versions() -> dict[str, str]:
    """Returns the version of Python and of each package that a learner computes with, by name."""
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
