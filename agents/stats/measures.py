"""Table of measures: each row has a metric's source, its names, and where it is logged, plotted and reported.

Whoever adds a number to logs, summaries, figures and reports adds a row to `MEASURES`, and a line to
docs/metrics.md. A number that an environment puts into the info of an episode needs no more; a number of the
responses of an evaluation brings its function along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from agents.stats import diversity

Row = Mapping[str, Any]
Source = Literal["info", "episode", "responses", "log", "run"]
Table = Literal["learning", "differences", "responses", "reliability"]
KL_LEVELS = (2.0, 5.0, 10.0)
"""KL divergences, nats per response, at which runs are compared."""


@dataclass(frozen=True)
class Measure:
    """A metric that runs are measured by: its source, its names and where it is shown."""

    key: str
    """Its name in evaluations, in the numbers of a report, and in the contrasts of a study."""
    label: str
    """Its name in text, on axes and in headings."""
    digits: int = 3
    """Digits after the decimal point in tables."""
    source: Source = "info"
    """Source of the metric.

    "info": the info of an episode, under the key; mean over episodes. "episode": what is measured of each
    episode, likewise. "responses": `of` all rows of an evaluation. "log": metrics.jsonl alone; a report with
    a column of it has the mean over iterations. "run": the curves of a run, by a report.
    """
    better: Literal["higher", "lower"] = "higher"
    """The direction in which it is meant to go; a run that failed counts as the other end."""
    log: str = ""
    """Its key in metrics.jsonl; env/KEY for the source "info"."""
    of: Callable[[Sequence[Row]], float | None] | None = None
    """For the source "responses": the number of the rows of an evaluation; None: others measure it."""
    heading: str = ""
    """Its name in headings of tables where that is not the label."""
    axis: str = ""
    """Its name on axes of a report where that is not the label."""
    described: str = ""
    """Its name in a sentence, with its article, where that is not the label."""
    panel: str = ""
    """Title of its panel in the figure of a run; empty: it has none."""
    from_zero: bool = False
    """Whether its panel begins at zero."""
    last: bool = False
    """Whether `python -m agents show` prints its value of the last iteration."""
    tables: tuple[Table, ...] = ()
    """Tables of a report that have a column of it."""
    at_kl: bool = False
    """Whether a report draws its curve, and reads it at `KL_LEVELS`; it needs a key in metrics.jsonl."""
    optional: bool = False
    """Whether it is left out where nothing has measured it; all others are said to be missing."""
    is_time: bool = False
    """Whether it is what a run took to the goal: arms are compared by a ratio, and runs may be cut off."""
    stands_in_for: str = ""
    """Key of another measure; it is shown only where that one is absent."""

    @property
    def log_key(self) -> str:
        """Key of the metric in metrics.jsonl; empty where it is not logged."""
        return f"env/{self.key}" if self.source == "info" else self.log

    @property
    def is_evaluated(self) -> bool:
        """Whether evaluations report it."""
        return self.source in ("info", "episode", "responses")

    @property
    def is_costly(self) -> bool:
        """Whether it is a number of all responses that studies alone compute."""
        return self.source == "responses" and self.of is None

    @property
    def title(self) -> str:
        """Name of the metric in headings of tables."""
        return self.heading or self.label

    @property
    def worst(self) -> float:
        """Value that a failed run counts as: plus or minus infinity, against `better`."""
        return float("-inf") if self.better == "higher" else float("inf")


def _perplexity(rows: Sequence[Row]) -> float | None:
    """Returns the perplexity of all tokens; None where no response has one."""
    lengths = [row["length"] for row in rows]
    return diversity.perplexity([row["nll"] for row in rows], lengths) if any(lengths) else None


def _tokens(rows: Iterable[Row]) -> list[Sequence[int]]:
    return [row["tokens"] for row in rows]


_TABLE = (
    Measure("episodes_to_goal", "episodes to the goal", 0, "run", "lower", is_time=True),
    Measure("tokens_to_goal", "tokens to the goal", 0, "run", "lower", is_time=True, optional=True),
    Measure("seconds_to_goal", "seconds to the goal", 1, "run", "lower", is_time=True, optional=True),
    Measure("area", "area", source="run", tables=("learning", "differences")),
    Measure(
        *("score", "score"), heading="final score", panel="score of prompt + response",
        at_kl=True, last=True, tables=("learning", "differences"),
    ),
    Measure(
        *("reward", "reward", 3, "episode"), log="objective/scores", panel="reward per response",
        last=True, optional=True, stands_in_for="score", tables=("learning", "differences"),
    ),
    Measure(
        *("judge", "judge"), axis="held-out judge", panel="held-out judge",
        described="the held-out judge, which nobody was trained against",
        at_kl=True, last=True, tables=("learning", "differences"),
    ),
    Measure(
        *("judge_order", "judge of word order"), axis="held-out judge of word order",
        panel="held-out judge of word order",
        described="the held-out judge of word order, which nobody was trained against",
        at_kl=True, optional=True, tables=("learning", "differences"),
    ),
    Measure(
        *("solved", "solved"), axis="share solved", panel="share of responses solved",
        described="the share of responses that are solved",
        at_kl=True, last=True, optional=True, tables=("learning", "differences"),
    ),
    Measure("rlhf_reward", "reward less KL penalty", 3, "log", log="objective/rlhf_reward", last=True),
    Measure(
        *("kl", "KL", 2, "episode", "lower"), log="objective/kl",
        panel="KL to the reference, nats per response", last=True, tables=("learning",),
    ),
    Measure(
        *("entropy", "entropy", 3, "log"), log="objective/entropy", panel="entropy, nats per token",
        from_zero=True, last=True,
    ),
    Measure("perplexity", "perplexity", 1, "responses", "lower", of=_perplexity, tables=("responses",)),
    Measure(
        *("distinct_1", "distinct-1", 3, "responses"), tables=("responses",),
        of=lambda rows: diversity.distinct_ngrams(_tokens(rows), 1),
    ),
    Measure(
        *("distinct_2", "distinct-2", 3, "responses"), tables=("responses",),
        of=lambda rows: diversity.distinct_ngrams(_tokens(rows), 2),
    ),
    Measure("self_bleu", "self-BLEU", 3, "responses", "lower", tables=("responses",)),
    Measure(
        *("repetition", "repetition", 3, "responses", "lower"), tables=("responses",),
        of=lambda rows: diversity.repetition(_tokens(rows)),
    ),
    Measure(
        *("length", "length", 1, "episode"), log="objective/length", panel="length, tokens",
        last=True, tables=("responses",),
    ),
    Measure("other_score", "score on others", 3, "responses", optional=True, tables=("responses",)),
    Measure("other_solved", "solved of others", 3, "responses", optional=True, tables=("responses",)),
    *(
        Measure(f"pass_at_{k}", f"pass@{k}", 3, "responses", optional=True, tables=("responses",))
        for k in (2**power for power in range(7))
    ),
    Measure("gap", "gap", source="run", better="lower", tables=("learning",)),
    Measure("approxkl", "KL of the update", 4, "log", "lower", log="policy/approxkl", last=True),
    Measure("clipfrac", "share of ratios clipped", 3, "log", "lower", log="policy/clipfrac", last=True),
    Measure("grad_norm", "norm of the gradient", 3, "log", "lower", log="policy/grad_norm", last=True),
    Measure("value_loss", "loss of the critic", 3, "log", "lower", log="loss/value", last=True),
    Measure(
        *("explained_variance", "explained variance", 2, "log"), log="val/explained_variance", last=True,
        tables=("reliability",),
    ),
    Measure(
        *("explained_variance_of_returns", "explained variance of returns", 2, "log"),
        log="val/explained_variance_of_returns", optional=True, tables=("reliability",),
    ),
)  # fmt: skip
MEASURES: dict[str, Measure] = {measure.key: measure for measure in _TABLE}
"""Measures by key, in the order of all tables and figures."""
TIMES = tuple(key for key, measure in MEASURES.items() if measure.is_time)
"""Keys of the measures of what a run took to the goal."""


def evaluated(measures: Mapping[str, Measure] | None = None) -> list[Measure]:
    """Returns the measures that evaluations report.

    Args:
        measures: By key; None: `MEASURES` as it is now.
    """
    return [one for one in (MEASURES if measures is None else measures).values() if one.is_evaluated]


def summarise_rows(rows: Sequence[Row]) -> dict[str, float | None]:
    """Returns the summary of an evaluation: a number for each measure that evaluations report.

    None stands for what was not measured; optional measures are left out then, and one that stands in for
    another is left out where that other is there.

    Args:
        rows: One row for each episode, at least one, with the info that the environment reported.
    """
    found: dict[str, float | None] = {}
    for measure in evaluated():
        if measure.of is not None:
            found[measure.key] = measure.of(rows)
        elif measure.is_costly:
            continue
        elif found.get(measure.stands_in_for) is None:
            value = _mean(rows, measure.key)
            if value is not None or not measure.optional:
                found[measure.key] = value
    return found


def _mean(rows: Sequence[Row], key: str) -> float | None:
    """Returns the mean of a number, None where a row lacks it."""
    if not all(key in row for row in rows):
        return None
    return float(np.mean([float(row[key]) for row in rows]))
