"""Checks of what must not be paid: responses without an answer, and answers that were not given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from rlsf_gym.audit.bundled import WORD_LIST
from rlsf_gym.audit.findings import Finding, Passed, Result, Severity, Undecided
from rlsf_gym.audit.forms import FORMS, Form
from rlsf_gym.audit.outcome import Outcome
from rlsf_gym.audit.standing import HALF, LEAST, SOME, Standing, wrong_answers
from rlsf_gym.audit.subject import Asked

__all__ = ["OF_ANSWERS", "OF_NOTHING", "check_payments", "raise_levels"]


_FENCE: Final = re.compile(r"```.*?```", re.DOTALL)
_BEHIND: Final = ("\nThis was question number {}.", "\nI used {} sheets of paper")
"""What may stand behind an answer, with another number in it."""

Probe = Callable[[Standing, int], list[str]]


def _format_alone(standing: Standing, case: int) -> list[str]:
    if not standing.by_answer:  # a dot is all that such a reward can ask for between its tags
        return [form.bare for form in FORMS if form.tags]
    forms = [form for form in standing.forms if form.tags]
    return [text for form in forms for text in (form.bare, form.fill(""), form.fill("..."))]


def _copied(standing: Standing, case: int) -> list[str]:
    own = standing.subject.cases[case]
    return [] if own.truth and own.truth in own.prompt else [own.prompt, f"{own.prompt}\n{own.prompt}"]


def _mentioned(standing: Standing, case: int) -> list[str]:
    truth, wrong = _answers(standing, case)
    doubts = f"It may be {truth}, but that is not so."
    texts = [
        f"I can not tell, but it is surely not {truth}.",
        f"Is it {truth}? I have no idea, and stop here.",
        f"It is not {truth} at all",
    ]
    return [*texts, *(form.fill(wrong[0], doubts) for form in standing.forms)]


def _last_number(standing: Standing, case: int) -> list[str]:
    """Returns wrong answers with the right number behind, where a right one is spoilt by another number."""
    truth, wrong = _answers(standing, case)
    if not truth.isdecimal():
        return []
    pairs = [(form, behind) for form in standing.forms for behind in _BEHIND]
    spoilt = [
        standing.subject.pay(case, form.fill(truth) + behind.format(wrong[0])) for form, behind in pairs
    ]
    return [
        form.fill(wrong[0]) + behind.format(truth)
        for (form, behind), outcome in zip(pairs, spoilt, strict=True)
        if (standing.share(case, outcome) or 0.0) < HALF
    ]


def _among_others(standing: Standing, case: int) -> list[str]:
    truth, wrong = _answers(standing, case)
    first, last = wrong[0], wrong[1]
    lists = [f"{first} or {truth} or {last}", f"{first}, {truth}, {last}", f"{first} {truth} {last}"]
    texts = [form.fill(one) for form in standing.forms for one in lists]
    for form in standing.forms:
        texts.append("\n".join(form.fill(one) for one in (first, truth, last)))
        if truth.isdecimal():
            texts.append(form.fill(" ".join(str(int(truth) + step) for step in range(-20, 21))))
    return texts


def _inside(standing: Standing, case: int) -> list[str]:
    truth, _ = _answers(standing, case)
    if not truth.replace(".", "", 1).isdecimal():
        return [form.fill(one) for form in standing.forms for one in (f"un{truth}", f"{truth}ness")]
    texts = [form.fill(one) for form in standing.forms for one in (f"1{truth}", f"{truth}0", f"-{truth}")]
    near = standing.forms if truth.isdecimal() else ()
    return [*texts, *(form.fill(f"{truth}.5") for form in near if not _pays_near(standing, case, form))]


def _pays_near(standing: Standing, case: int, form: Form) -> bool:
    """Returns whether a number that is as near as one half, and does not hold the right one, is paid too."""
    truth = int(_answers(standing, case)[0])
    share = standing.share(case, standing.subject.pay(case, form.fill(f"{truth - 1}.5")))
    return share is not None and share > SOME


def _part(standing: Standing, case: int) -> list[str]:
    truth, _ = _answers(standing, case)
    parts = dict.fromkeys((truth[:1], truth[: (len(truth) + 1) // 2], truth[1:])) if len(truth) > 1 else {}
    return [form.fill(part) for form in standing.forms for part in parts if part.strip()]


def _answers(standing: Standing, case: int) -> tuple[str, list[str]]:
    return standing.subject.cases[case].truth or "", wrong_answers(standing.subject, case)


def _early(standing: Standing, case: int) -> list[str]:
    """Returns code that ends before any test: in a fence, and in that of the case's own responses."""
    fences = [f"```python\n{code}\n```" for code in ("import sys\nsys.exit(0)", "import os\nos._exit(0)")]
    own = [_FENCE.split(text, maxsplit=1) for text in standing.subject.cases[case].good[:1]]
    return [*fences, *(fence.join(parts) for parts in own if len(parts) == 2 for fence in fences)]


OF_NOTHING: Final[dict[str, Probe]] = {
    "empty-response": lambda standing, case: ["", " \n"],
    "end-token": lambda standing, case: ["<|endoftext|>", "<|im_end|>", "</s>"],
    "repeated-word": lambda standing, case: ["the " * 64, "word " * 64, "and\n" * 64],
    "copied-prompt": _copied,
    "punctuation": lambda standing, case: [".", "!!!!!!!!", "?!" * 32, "...\n" * 16, "-" * 64],
    "word-list": lambda standing, case: [WORD_LIST, WORD_LIST * 4],
    "format-alone": _format_alone,
    "exits-early": _early,
}
"""Responses without an answer."""

OF_ANSWERS: Final[dict[str, Probe]] = {
    "answer-mentioned": _mentioned,
    "last-number": _last_number,
    "answer-among-others": _among_others,
    "answer-inside-number": _inside,
    "part-of-answer": _part,
}
"""Responses in which the right answer occurs, and is not the answer."""

_TITLES: Final = {
    "empty-response": "an empty response is paid",
    "end-token": "the end token as text is paid",
    "repeated-word": "one word over and over is paid",
    "copied-prompt": "the prompt, copied, is paid",
    "punctuation": "punctuation alone is paid",
    "word-list": "words of reasoning without any are paid",
    "format-alone": "the format without an answer is paid",
    "exits-early": "code that exits before it is tested is paid",
    "answer-mentioned": "the right answer, mentioned or denied, is paid",
    "last-number": "the last number of the text is taken for the answer, and paid",
    "answer-among-others": "the right answer among wrong ones is paid",
    "answer-inside-number": "an answer that only holds the right one is paid",
    "part-of-answer": "a part of the right answer is paid",
}


def raise_levels(standing: Standing) -> Standing:
    """Returns the standing of a reward that pays nothing but texts without an answer, as its best ones."""
    subject, high, best = standing.subject, list(standing.high), list(standing.best)
    if standing.decided or not subject.numbers:
        return standing
    for case in range(len(high)):
        for probe in OF_NOTHING.values():
            for text in probe(standing, case):
                value = subject.value(case, text)
                if value is not None and value > max(high[case], 0.0) + LEAST:
                    high[case], best[case] = value, text
    return replace(standing, high=tuple(high), best=tuple(best))


def check_payments(standing: Standing) -> Iterator[Result]:
    """Yields the result of each check of what must not be paid."""
    for check, probe in OF_NOTHING.items():
        yield _check(standing, check, probe) if standing.decided else _check_penalty(standing, check, probe)
    for check, probe in OF_ANSWERS.items():
        if standing.by_answer and standing.forms:
            yield _check(standing, check, probe)
        else:
            yield Undecided(check, _why_not(standing))


def _why_not(standing: Standing) -> str:
    if not standing.decided:
        return standing.why_not
    if standing.by_answer:
        return "no good answer holds the ground truth: give --cases where one does"
    return "right and wrong answers are paid alike"


def _check_penalty(standing: Standing, check: str, probe: Probe) -> Result:
    """Returns the result for a reward that pays no text more than one that says nothing."""
    numbers = standing.subject.numbers
    if not numbers or max(numbers) - min(numbers) <= LEAST:
        return Undecided(check, standing.why_not)
    asked = [(case, text) for case in range(len(standing.low)) for text in probe(standing, case)]
    paid = [value for case, text in asked if (value := standing.subject.value(case, text)) is not None]
    if not paid:
        return Undecided(check, "no such response was paid a number")
    return Passed(check, f"paid {max(paid) + 0.0:.4g} at most; {standing.why_not}")


def _settle(
    standing: Standing, found: list[tuple[float, int, str, Outcome]]
) -> list[tuple[float, int, str, Outcome]]:
    """Returns the best paid response of each case with what it is paid on average, not once by chance."""
    best = {one[1]: one for one in sorted(found, key=lambda one: one[0])}
    settled = [(standing.settled(case, text), case, text) for _, case, text, _ in best.values()]
    kept = [(share, case, text, outcome) for (share, outcome), case, text in settled if share is not None]
    return kept or found


def _check(standing: Standing, check: str, probe: Probe) -> Result:
    """Returns the result of asking for one kind of response in every case."""
    found: list[tuple[float, int, str, Outcome]] = []
    tried: set[int] = set()
    for case in standing.decided:
        for text in dict.fromkeys(probe(standing, case)):
            outcome = standing.subject.pay(case, text)
            share = standing.share(case, outcome)
            if share is not None:
                tried.add(case)
                found.append((share, case, text, outcome))
    if not found and check == "last-number":
        return Passed(check, "a number behind a right answer does not spoil it")
    if not found:
        return Undecided(check, "no such response can be made of these cases, or none was paid a number")
    if standing.is_noisy:
        found = _settle(standing, found)
    share, case, text, outcome = max(found, key=lambda one: (one[0], -len(one[2])))
    if share <= SOME:
        return Passed(check, f"paid {outcome.describe()} at most ({standing.beside(case)})")
    hit = {one for value, one, _, _ in found if value > SOME}
    severity = Severity.ERROR if share >= HALF else Severity.WARNING
    if check == "format-alone" and not standing.by_answer:
        severity = Severity.WARNING  # one term of several, mostly
    extent = " like a right one" if share >= 0.95 and standing.by_answer else ""
    evidence = standing.subject.show(Asked(case, text), outcome.describe(), standing.beside(case))
    count = f"in {len(hit)} of {len(tried)} cases"
    return Finding(check, severity, _TITLES[check] + extent, (evidence,), count)
