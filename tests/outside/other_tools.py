"""A user's script that hands rewards to other tools: trainers, data sets, the audit, and the types of each.

`.ci/release.py` checks it against the installed wheel, strictly, with pyright and mypy, and runs it without
torch.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import numpy.typing as npt

from rlsf_gym import episode_infos
from rlsf_gym.audit import Case, Finding, Report, Severity, audit_reward, read_cases
from rlsf_gym.export import Written, write_dataset
from rlsf_gym.integrations.environments import EnvironmentScorer, Scored
from rlsf_gym.integrations.tinker import DatumInputs, returns_to_go, to_datum

ENV_ID = "rlsf_gym:rlsf_gym/Sentiment-v0"
PROMPT, IDS = "The film was", [*b" good", 256]


def use_trainers() -> list[float]:
    """Scores ids that were sampled elsewhere; returns the rewards of the first ones."""
    scorer = EnvironmentScorer(ENV_ID, tokenizer="bytes", max_prompt_tokens=32)
    scored = scorer.score([IDS, IDS[:3]], prompts=[PROMPT, PROMPT])
    assert_type(scored, Scored)
    assert_type(scored.rewards, npt.NDArray[np.float64])
    assert_type(scored.token_rewards, list[list[float]])
    info: dict[str, Any] = next(episode_infos(scored.infos))
    logprobs = [-1.0] * len(IDS)
    datum = to_datum(info, logprobs, prompt_ids=list(PROMPT.encode()), response_ids=IDS)
    assert_type(datum, DatumInputs)
    assert_type(datum.model_input, npt.NDArray[np.int64])
    assert_type(returns_to_go(info, gamma=0.9), npt.NDArray[np.float32])
    return scored.token_rewards[0]


def export(rewards: list[float], folder: Path) -> int:
    """Writes a data set of one response; returns how many tokens it has."""
    line = {"prompt": PROMPT, "tokens": [*" good", ""], "rewards": rewards}
    (folder / "rollouts.jsonl").write_text(json.dumps(line), encoding="utf-8")
    written = write_dataset(folder / "rollouts.jsonl", folder / "rollouts", title="One response")
    assert_type(written, Written)
    assert_type(written.tokens, int)
    return written.tokens


def audit(folder: Path) -> int:
    """Audits an environment; returns the exit status that the command would have."""
    (folder / "cases.jsonl").write_text('{"prompt": "4 + 4?", "good": "8", "bad": "9"}\n', encoding="utf-8")
    assert_type(read_cases(folder / "cases.jsonl"), list[Case])
    report = audit_reward(ENV_ID, signature="environment", time_limit=30.0)
    assert_type(report, Report)
    assert_type(report.findings, list[Finding])
    assert_type(report.count(Severity.ERROR), int)
    return report.status()


if __name__ == "__main__":
    place = Path(sys.argv[1])
    assert export(use_trainers(), place) == len(IDS)
    assert audit(place) == 0
