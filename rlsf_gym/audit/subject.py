"""Subject of an audit: a reward with its cases, asked one response at a time, every answer kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, median
from typing import Any, Final

from rlsf_gym.audit.bundled import BUNDLED
from rlsf_gym.audit.case import Case
from rlsf_gym.audit.findings import Evidence
from rlsf_gym.audit.outcome import Outcome, Paid
from rlsf_gym.audit.process import RewardProcess
from rlsf_gym.audit.signatures import TRUTH_NAMES

__all__ = ["SLOW", "Asked", "Subject"]

SLOW: Final = 0.1
"""Seconds of a response from which on a reward is slow to audit."""
_DRAWS: Final = 8
_DRAWS_OF_SLOW: Final = 3
_MOST: Final = {"hung": 3, "died": 8}
"""Calls that may not return before no more are made: each costs the time limit, or another process."""


@dataclass(frozen=True)
class Asked:
    """A response that the reward was asked about."""

    case: int
    """Position of its case."""
    text: str
    """The response."""


class Subject:
    """Reward and cases of an audit.

    Args:
        open_process: Starts a process that holds the reward, from a seed of hashes.
        cases: The user's own cases; none takes the bundled ones, or an environment's own.
        chat: Whether prompts and responses are chat messages; None finds out.

    Raises:
        LoadError: If the reward can't be loaded.
        ValueError: If it needs columns that the cases lack.
    """

    def __init__(
        self, open_process: Callable[[int], RewardProcess], cases: Sequence[Case], *, chat: bool | None = None
    ) -> None:
        self._processes = {seed: open_process(seed) for seed in (0, 1)}
        self.told: dict[str, Any] = self.process.told
        """What the reward's process says of it."""
        self.kind: str = self.told["kind"]
        """Signature of the reward."""
        self.is_own = bool(cases)
        """Whether the cases are the user's."""
        self.cases: list[Case] = list(cases) or [_case_of(row) for row in self.told.get("cases", ())]
        self.cases = [_with_truth(case) for case in self.cases or BUNDLED]
        self._check_columns()
        self.chat = bool(chat)
        """Whether prompts and responses are chat messages."""
        self.company: tuple[str, ...] = ()
        """Responses that stand beside each one that is asked about, for a reward that compares."""
        self.paid: dict[Asked, Paid] = {}
        """What was paid, of all responses that were asked about."""
        self.lost: dict[Asked, Outcome] = {}
        """Responses after which there was no answer, or no process, those of no check among them."""
        self.together: tuple[Outcome, ...] = ()
        """What a first batch was paid, of a reward that takes batches."""

    @property
    def process(self) -> RewardProcess:
        """The process that is asked."""
        return self._processes[0]

    @property
    def calls(self) -> int:
        """Responses that were paid, in both processes."""
        return sum(process.calls for process in self._processes.values())

    @property
    def call_seconds(self) -> float:
        """Wall-clock time of all calls so far, in both processes."""
        return sum(process.call_seconds for process in self._processes.values())

    @property
    def seconds(self) -> float:
        """Median wall-clock time of a response that was paid alone."""
        return median([paid.seconds for paid in self.paid.values()] or [0.0])

    @property
    def numbers(self) -> list[float]:
        """All numbers that were paid, by response."""
        return [paid.outcomes[0].value for paid in self.paid.values() if paid.outcomes[0].is_number]

    @property
    def is_slow(self) -> bool:
        """Whether it takes so long that fewer responses are asked about again."""
        return self.seconds >= SLOW

    @property
    def draws(self) -> int:
        """Calls with one response, to see past chance."""
        return _DRAWS_OF_SLOW if self.is_slow else _DRAWS

    @property
    def gave_up(self) -> bool:
        """Whether so many calls hung, or ended their process, that no more are made."""
        lost = sum((process.lost for process in self._processes.values()), Counter[str]())
        return any(lost[kind] >= most for kind, most in _MOST.items())

    def close(self) -> None:
        """Ends the processes."""
        for process in self._processes.values():
            process.close()

    def pay(self, case: int, text: str) -> Outcome:
        """Returns what a response is paid by itself, or beside its company; asked once, then remembered."""
        return self.ask(case, text).outcomes[0]

    def ask(self, case: int, text: str) -> Paid:
        """Returns all that a call with one response brings."""
        asked = Asked(case, text)
        if asked not in self.paid:
            self.paid[asked] = self.call([asked, *(Asked(case, one) for one in self.company)], trace=True)
        return self.paid[asked]

    def show(self, asked: Asked, paid: str, beside: str = "") -> Evidence:
        """Returns a response as evidence, with the prompt and the truth of its case.

        Args:
            asked: The response.
            paid: What it was paid, in words.
            beside: What that is to be compared with.
        """
        case = self.cases[asked.case]
        return Evidence(asked.text, paid, case.prompt, beside, case.truth or "")

    def value(self, case: int, text: str) -> float | None:
        """Returns the number that a response is paid, None if it is paid none."""
        outcome = self.pay(case, text)
        return outcome.value if outcome.is_number else None

    def average(self, case: int, text: str) -> Outcome:
        """Returns the mean of what a response is paid in several calls; what is no number, if one came."""
        asked = [Asked(case, one) for one in (text, *self.company)]
        drawn = [self.call(asked).outcomes[0] for _ in range(self.draws)]
        strange = [one for one in drawn if not one.is_number]
        return strange[0] if strange else Outcome("number", mean(one.value for one in drawn))

    def call(
        self, asked: Sequence[Asked], *, other: bool = False, chat: bool | None = None,
        trace: bool = False, thread: bool = False, truth: Any = ...,
    ) -> Paid:  # fmt: skip
        """Returns what a batch is paid in one call, without remembering it.

        Args:
            asked: The responses.
            other: Whether the other process is asked.
            chat: Whether they are chat messages; the subject's own by default.
            trace: Whether to collect exceptions that the reward swallows.
            thread: Whether to call from another thread than the main one.
            truth: Ground truth in place of the cases' own.
        """
        if self.gave_up:
            return Paid(
                (Outcome("unasked", told="not asked: too many calls before did not return"),) * len(asked)
            )
        rows = [self._row(one, truth) for one in asked]
        process = self._processes[int(other)]
        paid = process.pay(rows, chat=self.chat if chat is None else chat, trace=trace, thread=thread)
        if paid.outcomes[0].kind in _MOST and len(asked) == 1 + len(self.company):
            self.lost[asked[0]] = paid.outcomes[0]
        return paid

    def _row(self, asked: Asked, truth: Any) -> dict[str, Any]:
        case = self.cases[asked.case]
        columns = dict(case.columns)
        if truth is not ...:
            columns = {key: truth if value == case.truth else value for key, value in columns.items()}
        return {
            "prompt": case.prompt, "messages": list(case.messages), "response": asked.text,
            "truth": case.truth if truth is ... else truth, "columns": columns,
        }  # fmt: skip

    def _check_columns(self) -> None:
        """Checks that every case has the columns that the reward can't be called without."""
        for name in self.told["needs"]:
            by_truth = name in TRUTH_NAMES
            if all(
                name in case.columns or (by_truth and "ground_truth" in case.columns) for case in self.cases
            ):
                continue
            whose = "your" if self.is_own else "the bundled"
            key = "'ground_truth'" if by_truth else repr(name)
            raise ValueError(
                f"reward needs the column {name!r}, which {whose} cases lack: "
                f"give --cases FILE.jsonl with a key {key} in each line"
            )


def _with_truth(case: Case) -> Case:
    """Returns a case whose truth is a column as well."""
    if case.truth is None or "ground_truth" in case.columns:
        return case
    return replace(case, columns={**case.columns, "ground_truth": case.truth})


def _case_of(row: Mapping[str, Any]) -> Case:
    """Returns a case of an environment; which of its responses are right is found by playing them."""
    return Case(prompt=row["prompt"], good=tuple(row["responses"]), columns=row["columns"])
