"""Forms of a response: where its answer stands, and what is around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rlsf_gym.audit.bundled import REASONING
from rlsf_gym.audit.case import Case

__all__ = ["FORMS", "Form", "forms_of"]


@dataclass(frozen=True)
class Form:
    """Text around an answer."""

    name: str
    """What it is called on the screen."""
    before: str
    """Text before the reasoning."""
    between: str = ""
    """Text between the reasoning and the answer."""
    after: str = ""
    """Text behind the answer."""
    reasoning: str = REASONING
    """What stands for reasoning by default; "" for a form that has no place for any."""
    tags: bool = False
    """Whether the form is marked up, so that it means something without reasoning and answer."""
    has_syntax: bool = False
    """Whether the answer is written by the rules of a language, which has one spelling for it."""
    like: str = ""
    """Name of a form that it shows nothing more than, where that one is taken."""

    def fill(self, answer: str, reasoning: str | None = None) -> str:
        """Returns a response with an answer; other reasoning goes to the front where there is no place."""
        own = self.reasoning if reasoning is None else reasoning
        if reasoning and not self.reasoning:
            return f"{reasoning}\n{self.before}{self.between}{answer}{self.after}"
        return f"{self.before}{own}{self.between}{answer}{self.after}"

    @property
    def bare(self) -> str:
        """The form without reasoning and without an answer."""
        return f"{self.before}{self.between}{self.after}"


FORMS: Final = (
    Form("<think> and <answer>", "<think>\n", "\n</think>\n<answer>\n", "\n</answer>", tags=True),
    Form(
        "<reasoning> and <answer>", "<reasoning>\n", "\n</reasoning>\n<answer>\n", "\n</answer>\n", tags=True
    ),
    Form("<think> and \\boxed{}", "<think>\n", "\n</think>\n\\boxed{", "}", tags=True),
    Form("<think>, the answer behind it", "<think>\n", "\n</think>\n", tags=True),
    Form("<answer>", "", "\n<answer>", "</answer>", tags=True),
    Form("\\boxed{}", "", "\nThe answer is $\\boxed{", "}$.", tags=True),
    Form("####", "", "\n#### ", tags=True),
    Form(
        "<think> and <answer> in one line",
        "<think>",
        "</think> <answer>",
        "</answer>",
        tags=True,
        like="<think> and <answer>",
    ),
    Form(
        "<reasoning> and <answer> in one line",
        "<reasoning>",
        "</reasoning> <answer>",
        "</answer>",
        tags=True,
        like="<reasoning> and <answer>",
    ),
    Form("The answer is", "", "\nThe answer is ", "."),
    Form("Answer:", "", "\nAnswer: "),
    Form("JSON", "", '{"answer": ', "}", reasoning="", tags=True, has_syntax=True),
    Form("a fence of code", "", "\n```python\n", "\n```", tags=True, has_syntax=True),
    Form("the answer alone", "", reasoning=""),
)
"""Forms in which rewards look for an answer."""


def forms_of(cases: list[Case]) -> tuple[Form, ...]:
    """Returns the forms of the good answers of a user's own cases, and those that are bundled.

    A good answer that holds the truth is a form: what stands around the last place where it does.
    """
    own: dict[tuple[str, str], Form] = {}
    for case in cases:
        for text in case.good:
            place = text.rfind(case.truth) if case.truth else -1
            if case.truth and place >= 0:
                before, after = text[:place], text[place + len(case.truth) :]
                tags = any(mark in before + after for mark in "<{#`[")
                own.setdefault((before, after), Form("your good answer", before, "", after, "", tags))
    return (*list(own.values())[:3], *FORMS)
