"""A user's script that names what `agents` offers, and the type that a type checker sees of each.

`.ci/release.py` checks it against the installed wheel, strictly, with pyright and mypy, and runs it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import numpy.typing as npt

import agents
from agents import (
    GRPO,
    RLOO,
    CausalLMPolicy,
    GRPOConfig,
    LoraSettings,
    RLOOConfig,
    TokenPPO,
    TokenPPOConfig,
    evaluate,
)
from agents.learners.callback import Callback
from agents.learners.loss import LossTerm, add_terms, clipped_loss
from agents.maths.tensors import Batch, Scored
from agents.reports import write_report
from agents.rollouts.evaluation import summarise
from agents.runs.logs import JsonlLog
from agents.studies.plan import Study
from agents.studies.read import read_study
from rlsf_gym import ResponseVectorEnv

Ints = npt.NDArray[np.int64]
Numbers = Mapping[str, float]


class Stop:
    """A callback that ends learning where the divergence is great."""

    def on_iteration(
        self, metrics: Numbers, timings: Numbers, episodes: Sequence[Mapping[str, Any]]
    ) -> bool | None:
        """Returns False to end learning."""
        del timings, episodes
        return metrics["objective/kl"] < 50.0


def halved(scored: Scored, batch: Batch, denominator: float) -> LossTerm:
    """A loss of one's own."""
    term = clipped_loss(scored, batch, denominator, GRPOConfig())
    return add_terms(LossTerm(term.loss / 2, term.statistics))


def use_learners(episodes: int, folder: Path) -> None:
    """Policies, learners, their settings, callbacks and evaluation."""
    config = TokenPPOConfig(seed=0, batch_size=16, minibatch_size=8, num_ppo_epochs=1)
    assert_type(config.learning_rate, float)
    policy = CausalLMPolicy.from_pretrained("bundled")
    env = ResponseVectorEnv(16, judge="bundled")
    callbacks: list[Callback] = [Stop(), JsonlLog(folder / "metrics.jsonl")]
    agent = TokenPPO(policy, env, config, callbacks=callbacks)
    assert_type(agent.learn(episodes), TokenPPO)
    assert_type(agent.config, TokenPPOConfig)
    assert_type(agent.policy, CausalLMPolicy)
    observation: Mapping[str, Any] = env.reset(seed=1)[0]
    assert_type(agent.predict(observation)[0], Ints)
    agent.save(folder / "policy")
    assert_type(TokenPPO.load(folder / "policy", ResponseVectorEnv(16)), TokenPPO)
    rows = evaluate(agent.policy, env, episodes=16, reference=agent.reference, seed=0)
    assert_type(summarise(rows), dict[str, float | None])
    settings = GRPOConfig(batch_size=16, minibatch_size=8, group_size=4, scale="none", kl_coef=0.0)
    grouped = GRPO("bundled", "rlsf_gym:rlsf_gym/Sentiment-v0", settings, loss=halved)
    assert_type(grouped.config, GRPOConfig)
    assert_type(RLOO.config_class, type[RLOOConfig])
    assert_type(LoraSettings(rank=8).rank, int)


def use_studies(folder: Path) -> None:
    """The plan of a study."""
    file = folder / "one.toml"
    file.write_text('title = "One"\n[[cells]]\ngroup = "a"\nseeds = [0]\n')
    study = read_study(file)
    assert_type(study, Study)
    assert_type(study.name, str)


def report_on(study: Path) -> Path:
    """Writes a report, which takes the extra `report`: checked, and not run."""
    page = write_report(study)
    assert_type(page, Path)
    return page


if __name__ == "__main__":
    assert_type(agents.__version__, str)
    use_learners(32, Path(sys.argv[1]))
    use_studies(Path(sys.argv[1]))
