"""Trains a language model on symbolic, token-level sentiment feedback and shows what it learned.

    python examples/train_sentiment.py                         the embedded model, prompts, scorer and judge
    python examples/train_sentiment.py --reward-design terminal --seed 1 --out runs/terminal
    python examples/train_sentiment.py --resume runs/terminal  continue a run that was stopped or killed
    accelerate launch --config_file CONFIG.yaml examples/train_sentiment.py

It is `rlsf-train` with its default task named. To train on another one, describe it as
`rlsf_gym/domains/sentiment/training.py` does, or take `rlsf-train --env ID`. Exit status: 0 done, 1 a failure
that is explained in one line, 2 wrong arguments, 130 stopped by Ctrl-C and 143 by SIGTERM with all saved.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from agents.flags.parser import show_warning
from agents.training.interruption import end_quietly

if __name__ == "__main__":
    end_quietly()  # what is imported below takes seconds

import warnings

from agents.commands import train
from rlsf_gym.presets.table import load_preset

PRESET = load_preset("sentiment")


def main(argv: Sequence[str] | None = None) -> int:
    """Trains as the arguments say; returns the exit status."""
    return train.main(argv, PRESET)


if __name__ == "__main__":
    warnings.showwarning = show_warning
    sys.exit(main())
