"""Countdown and the Game of 24: numbers to be combined into a target, every prefix valued by search."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from rlsf_gym.domains.countdown.instances import Puzzles, Settings
from rlsf_gym.domains.countdown.samples import SAMPLES
from rlsf_gym.domains.countdown.scorer import CountdownScorer
from rlsf_gym.domains.countdown.segmentation import AnswerSymbols
from rlsf_gym.domains.countdown.tokenizer import TOKENIZER
from rlsf_gym.domains.countdown.training import TRAINING
from rlsf_gym.domains.domain import Domain

__all__ = ["make_countdown"]


def make_countdown(
    *,
    form: str = "steps",
    numbers: int | tuple[int, int] = 3,
    low: int = 1,
    high: int = 9,
    target: int | tuple[int, int] = (1, 30),
    use: str = "all",
    value: str = "random",
    value_kwargs: Mapping[str, Any] | None = None,
    require_solvable: bool = True,
    source: str | None = None,
    level: str | None = None,
    curriculum: int | None = None,
    template: str = "{numbers} -> {target}: ",
) -> Domain:
    """Returns the domain `countdown`.

    Args:
        form: Form of the answers: "steps", such as `11-5=6,7*6=42`, or "expression", such as `7*(11-5)`.
        numbers: How many numbers a puzzle has, from 2 to 6, or the least and the largest count.
        low: Least number.
        high: Largest number.
        target: Target, or the least and the largest one.
        use: "all": each number has to be used once; "any": at most once.
        value: Value of a prefix: "random", the chance that a writer ends right who draws uniformly among the
            symbols that are well formed; "solvable", whether a right answer can follow; or "reference", the
            chance that a policy ends right. Chances are known of steps over any numbers, of expressions over
            up to four, and under a policy of answers over up to three.
        value_kwargs: For "reference", `{"policy": function}` or its `"module:attribute"`: from an `Instance`
            and a prefix of an answer that ends with a symbol to a dict of the next symbols (numbers,
            operators, the true result, "" for the end) to their probabilities.
        require_solvable: Whether puzzles without a solution are left out, and refused where they are given.
        source: "classic24" for the 1,820 multisets of four numbers from 1 to 13 with target 24.
        level: "easy", "medium" or "hard", by the chance of a random writer of steps; None for all.
        curriculum: Number of draws of the environment over which levels rise.
        template: Prompt, with the places `{numbers}` and `{target}`.

    Raises:
        ValueError: If an argument has a wrong value.
    """
    scorer = CountdownScorer(form=form, use=use, value=value, value_kwargs=value_kwargs, template=template)
    settings = Settings(
        numbers=numbers,
        low=low,
        high=high,
        target=target,
        form=form,
        use=use,
        value=value,
        require_solvable=require_solvable,
        source=source,
        level=level,
        curriculum=curriculum,
        template=template,
    )
    return Domain(
        name="countdown",
        scorers={"countdown": scorer},
        samples=SAMPLES,
        segmentation=AnswerSymbols(),
        instances=partial(Puzzles, settings=settings),
        defaults={"tokenizer": "countdown", **_measure(settings)},
        training=TRAINING,
        labels={"unit": "symbol", "amount": "chance", "instance": "puzzle"},
    )


def _measure(settings: Settings) -> dict[str, Any]:
    """Returns P and T that hold every prompt and usual answers, in tokens of the domain's own tokenizer."""
    count = settings.counts[1]
    longest, target = str(settings.largest), str(settings.targets[1])
    try:
        prompt = (
            len(TOKENIZER.encode(settings.write_prompt([], 0))) + len(target) + count * (1 + len(longest))
        )
    except ValueError:  # another tokenizer will be given, which spells it by its bytes at worst
        prompt = len(settings.write_prompt([], 0).encode()) + len(target) + count * (1 + len(longest))
    width = 1 if settings.largest < 50 else len(longest)
    # A step of two negative fractions with its result is longer than most: 13 tokens hold nearly all answers.
    answer = 13 * width * (count - 1) if settings.form == "steps" else (width + 4) * count
    return {"max_prompt_tokens": prompt, "max_new_tokens": answer}
