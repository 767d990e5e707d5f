"""The methods of a study in words: every setting, version, seed and choice, as a paper needs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

from agents.reports.escapes import in_prose, prose_to_markdown, to_markdown
from agents.reports.factors import SHORT, show_value
from agents.reports.plan import plan_sentence
from agents.reports.stops import stops_sentence
from agents.reports.tables import number
from agents.stats.resampling import BCA, PERCENTILE, STUDENT

Numbers = Mapping[str, Any]


def methods(numbers: Numbers) -> list[tuple[str, str]]:
    """Returns paragraphs with their headings: text, with code between backticks and no other marks."""
    return [(title, text) for title, text in _paragraphs(numbers) if text]


def methods_markdown(numbers: Numbers) -> str:
    """Returns methods.md."""
    title, question = to_markdown(numbers["title"]), prose_to_markdown(numbers["question"])
    parts = [f"# Methods: {title}", question]
    parts += [f"**{title}.** {prose_to_markdown(text)}" for title, text in methods(numbers)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _paragraphs(numbers: Numbers) -> Iterator[tuple[str, str]]:
    yield "State", state(numbers)
    if numbers["arms"]:
        yield "Runs", _runs(numbers)
        yield "Settings", _settings(numbers)
        yield "Tuning", _tuning(numbers)
        yield "Curves", _curves(numbers)
        yield "Goal", _goal(numbers)
        yield "Plan", plan_sentence(numbers["plan"])
        yield "Other measures", OTHERS
        yield "Statistics", _statistics(numbers)
    yield "Versions", _versions(numbers)


OTHERS = (
    "The area is the mean height of the unsmoothed score curve up to the horizon; a run that failed counts "
    "the score of the untrained policy from its last iteration on. Final score, judge, KL, perplexity under "
    "the reference, distinct-n, self-BLEU, repetition and length are means over responses to held-out "
    "prompts after training. KL is exact over the vocabulary, in nats per response. The gap is the gain of "
    "(score + 1) / 2 less that of the judge, a classifier that nobody was trained against. Score and judge "
    "at a divergence are read off the smoothed curves where KL first gets there. Explained variance is the "
    "mean over iterations."
)
INTERVALS = {
    PERCENTILE: "percentile bootstrap intervals",
    BCA: "bias-corrected and accelerated bootstrap intervals (BCa; Efron 1987; percentiles where that is not "
    "defined, and for the bands of profiles)",
}
"""Method of a study to its name in a paper."""
RESAMPLED = (
    "over seeds (2,000 resamples), stratified by arm; contrasts are paired by seed and resampled as pairs."
)
BY_STUDENT = (
    "t intervals over seeds: of means, of paired differences, and of paired log ratios of times, so that a "
    "speed-up is a ratio of geometric means. Of standard deviations, interquartile means and the probability "
    "of improvement they are BCa bootstrap intervals (Efron 1987; 2,000 resamples), of profiles percentiles."
)
STATISTICS = (
    "A speed-up is the ratio of restricted mean "
    "episodes to the goal, control over treatment, up to the episodes that both were observed for (Royston "
    "and Parmar 2013): a lower bound where runs of the control alone never got there, and no evidence of a "
    "difference where the bound leaves a ratio of 1 open. p values are "
    "two-sided, of a sign-flip test on the paired {signs}, exact up to 12 seeds. The primary contrast "
    "is not corrected; all others are adjusted together (Holm 1979), but for "
    "post hoc ones, which are not tested. Areas are summed up by the interquartile mean; profiles and the "
    "probability of improvement are those of Agarwal et al. (2021). Failure rates count failed runs; runs "
    "that ended without reaching the goal are told apart."
)


INTERACTIONS = (
    " An interaction is the ratio of two speed-ups, or the difference of two differences, over the seeds "
    "that all four arms have, with a t interval and a sign-flip test of the same paired values (log ratios)."
)
MORE_TIMES = (
    " Tokens to the goal are all that were generated until then; seconds are the episodes until then times "
    "the seconds of an episode of the arm, which were measured apart and are taken as known."
)


def _statistics(numbers: Numbers) -> str:
    """Returns how intervals and p values were made."""
    method = numbers.get("interval", PERCENTILE)
    made = BY_STUDENT if method == STUDENT else f"{INTERVALS[method]} {RESAMPLED}"
    signs = "differences (of times: of their logarithms)" if method == STUDENT else "differences"
    text = f"Intervals are 95% {made} {STATISTICS.format(signs=signs)}"
    text += INTERACTIONS if any("against" in one for one in numbers["contrasts"]) else ""
    return text + (MORE_TIMES if any("ratios" in one for one in numbers["contrasts"]) else "")


def state(numbers: Numbers) -> str:
    """Returns the progress of a study as text, empty where it is finished."""
    progress = numbers["progress"]
    main, tuning = progress["main"], progress["tuning"]
    if progress["complete"]:
        return ""
    parts = [f"This study is not finished: {main['done']} of {main['planned']} cells are over."]
    if tuning["done"] < tuning["planned"]:
        parts.append(f"Of tuning, {tuning['done']} of {tuning['planned']}.")
    open_ones = [one["name"] for one in numbers["contrasts"] if one["status"] == "not yet run"]
    partial = [one["name"] for one in numbers["contrasts"] if one["status"] == "partial"]
    if open_ones:
        parts.append(f"Not yet run: {_listed(open_ones)}.")
    if partial:
        parts.append(f"With some of their seeds: {_listed(partial)}.")
    parts.append("All numbers may still change.")
    return " ".join(parts)


def _runs(numbers: Numbers) -> str:
    main, seeds = numbers["progress"]["main"], numbers["seeds"]
    varied = "; ".join(
        f"`{in_prose(key)}`: {', '.join(map(_value, values))}" for key, values in numbers["varied"].items()
    )
    parts = [
        f"{len(numbers['arms'])} arms, seeds {_ranges(seeds)}, in all {main['planned']} cells with those of "
        f"other measurements; {main['failed']} failed (their numbers left the finite)."
    ]
    if varied:
        parts.append(f"Varied: {varied}.")
    if numbers["progress"]["strays"]:
        parts.append(
            f"{numbers['progress']['strays']} cells that the study file does not ask for were left out."
        )
    if "studies" in numbers:
        parts.append(f"The cells were run for several studies: {_listed(numbers['studies'])}.")
    return " ".join(part for part in [*parts, stops_sentence(numbers.get("stops"))] if part)


def _settings(numbers: Numbers) -> str:
    shared = "; ".join(
        f"`{in_prose(key)}` = {_value(value)}" for key, value in sorted(numbers["settings"].items())
    )
    return f"Common to all arms: {shared}. All others are the defaults of learner and environment."


def _choice(names: Sequence[str | None], values: Sequence[Any]) -> str:
    """Returns what was chosen for an arm, of the keys that it was tuned over; empty where nothing was yet."""
    pairs = zip(names, values, strict=True)
    return ", ".join(f"{in_prose(name)} = {_value(value)}" for name, value in pairs if value is not None)


def _tuning(numbers: Numbers) -> str:
    tuning = numbers["tuning"]
    if tuning is None:
        return "Nothing was tuned: all arms have the same settings but for what is varied."
    grid = "; ".join(
        f"`{in_prose(key)}`: {', '.join(map(_value, values))}" for key, values in tuning["grid"].items()
    )
    whole = prod(map(len, tuning["grid"].values()))
    grid = grid if tuning["candidates"] == whole else f"not all combinations of {grid}"
    own = "; ".join(f"`{in_prose(key)}` = {_value(value)}" for key, value in tuning["settings"].items())
    names = [SHORT.get(name, name) for name in (key.rpartition(".")[2] for key in tuning["keys"])]
    chosen = "; ".join(
        f"{in_prose(one['where'] or 'all arms')}: {values}"
        for one in tuning["chosen"]
        if (values := _choice(names, one["chosen"]))
    )
    own = f", with {own}" if own else ""
    return (
        f"Equal budgets: {tuning['candidates']} settings ({grid}) with seeds {_ranges(tuning['seeds'])}, "
        f"none of which is evaluated, for each of {len(tuning['chosen'])} choices{own}; the best mean of "
        f"`{in_prose(tuning['criterion'])}` was taken. Chosen: {chosen or 'nothing yet'}."
    )


def _curves(numbers: Numbers) -> str:
    goal = numbers["goal"] or {"window": 5}
    episodes = goal.get("window_episodes")
    window = f"{goal['window']} iterations" if episodes is None else f"{episodes} episodes"
    return (
        "An iteration's figures are those of the policy before its update, so they stand at the episodes "
        "learned from before it; episodes of a critic's warm-up are taken off. Score, judge and KL are "
        f"smoothed over {window}."
    )


def _goal(numbers: Numbers) -> str:
    goal = numbers["goal"]
    if goal is None:
        return "The study has no goal, so no times to it are told."
    tasks = "; ".join(map(_task, numbers["tasks"]))
    return (
        f"A run is there when its smoothed score is {goal['share']:.0%} of the way from the untrained "
        f"policy to what is attainable, at a smoothed KL within the limit: {tasks}."
    )


def _task(task: Numbers) -> str:
    name = f"{in_prose(task['name'])}: " if task["name"] else ""
    limit = "any KL" if task["max_kl"] is None else f"KL at most {number(task['max_kl'], 2)} nats"
    horizon = number(task["horizon"] or None, 0)
    return (
        f"{name}{number(task['goal'])} (start {number(task['start'])}, attainable "
        f"{number(task['attainable'])}: {task['source']}; {limit}; horizon {horizon} episodes)"
    )


def _versions(numbers: Numbers) -> str:
    made = numbers["made_with"]
    known: list[dict[str, Any]] = [one or {} for one in made["versions"]]
    versions = [
        ", ".join(f"{in_prose(name)} {in_prose(version)}" for name, version in sorted(one.items()))
        for one in known
    ]
    commits = [
        "no checkout"
        if one is None
        else f"commit `{in_prose(one.get('commit'))}`{'' if one.get('clean') else ' with changes'}"
        for one in made["git"]
    ]
    return f"{' | '.join(versions)}. {' | '.join(commits)}." if versions else ""


def _value(value: Any) -> str:
    return in_prose(show_value(value))


def _listed(names: Sequence[str]) -> str:
    return "; ".join(map(in_prose, names))


def _ranges(seeds: Sequence[int]) -> str:
    """Returns seeds in short.

    Example:
        >>> _ranges([0, 1, 2, 7])
        '0 to 2, 7'
    """
    parts: list[list[int]] = []
    for seed in seeds:
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return ", ".join(str(part[0]) if len(part) == 1 else f"{part[0]} to {part[-1]}" for part in parts)
