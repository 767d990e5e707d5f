"""Holds a reward design to what it declares, over made responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from rlsf_gym.contract import ContractError
from rlsf_gym.designs import Design, load_design
from rlsf_gym.domains import Domain, load_domain
from rlsf_gym.envs.task import is_exact
from rlsf_gym.evidence import BoolArray, Evidence, FloatArray, Hindsight, IntArray
from rlsf_gym.scorers.offers import check_offer
from rlsf_gym.testing.cases import SIZE, Case, change_end, draw_case, make_evidence

__all__ = ["check_case", "check_causal", "check_design", "lay"]

_EXACT: Final = 1e-9  # conservation in float64
_NEURAL: Final = 1e-5  # what neural scorers promise of equal texts


class _Notes:
    """Log of the questions that a design asked its evidence."""

    def __init__(self) -> None:
        self.read_prefixes = False
        self.texts = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class _Watched(Evidence):
    """Evidence that notes whether its prefixes are read."""

    notes: _Notes

    def __getattribute__(self, name: str) -> Any:
        if name == "prefixes":
            object.__getattribute__(self, "notes").read_prefixes = True
        return super().__getattribute__(name)


class _WatchedHindsight(NamedTuple):
    """Hindsight that counts the texts that had to be scored for its answers."""

    asked: Hindsight
    notes: _Notes

    def units(self) -> IntArray:
        return self.asked.units()

    def unit_ends(self) -> IntArray:
        return self.asked.unit_ends()

    def groups(self) -> IntArray:
        return self.asked.groups()

    def utilities_without(self, absences: Sequence[Sequence[int]]) -> FloatArray:
        size = len(self.asked.units())
        self.notes.texts += sum(0 < len(set(absent)) < size for absent in absences)  # the other two are known
        return self.asked.utilities_without(absences)

    def alive(self) -> BoolArray:
        self.notes.read_prefixes = True
        return self.asked.alive()

    def partial_credits(self) -> dict[str, float]:
        return self.asked.partial_credits()

    def core(self) -> IntArray:
        return self.asked.core()

    def attributions(self, method: str) -> FloatArray:
        return self.asked.attributions(method)


def check_design(
    design: Any,
    *,
    kwargs: Mapping[str, Any] | None = None,
    scorer: Any = None,
    domain: str | Domain = "sentiment",
    trials: int = 200,
    seed: int = 0,
) -> None:
    """Checks that a reward design keeps what it declares, over random responses of growing length.

    Whatever it declares, it must return float64 (T,), finite and zero at padding, and the same for the same
    evidence and generator. Where it declares them: `conserving` to 1e-9, `causal` whatever follows,
    `bounded` by 2. `uses_prefixes` must be declared by a design that reads `prefix_utilities`, and by no
    other, and no more texts may be scored than `cost` says.

    Args:
        design: Anything that `load_design` takes.
        kwargs: Arguments of the design.
        scorer: Anything that `load_scorer` takes: what the responses are scored with, the domain's first by
            default.
        domain: Anything that `load_domain` takes: what the responses are made of.
        trials: Number of responses.
        seed: Seed of the responses.

    Raises:
        ContractError: If it breaks a promise: the message names the design and the promise, with a response
            that shows it.
        ValueError: If there is no such design, or it does not take the arguments.
    """
    place = load_domain(domain)
    loaded, made = load_design(design, **(kwargs or {})), place.load_scorer(scorer)
    check_offer(loaded.name, loaded.needs, made)
    rng = np.random.default_rng(seed)
    read_prefixes = False
    for trial in range(trials):
        case = draw_case(rng, trial * (SIZE + 1) // trials, made, place)
        read_prefixes |= check_case(loaded, case)
        if loaded.causal:
            check_causal(loaded, case, change_end(rng, case))
    if loaded.uses_prefixes and not read_prefixes:
        raise ContractError(
            f"reward design {loaded.name!r} declares uses_prefixes=True but never reads prefix_utilities: "
            "every prefix would be scored for nothing"
        )


def check_case(design: Design, case: Case) -> bool:
    """Checks what a design promises of one response; returns whether it read the prefixes.

    Raises:
        ContractError: If it breaks a promise.
    """
    evidence = make_evidence(design, case)
    rewards, notes = _pay(design, case, evidence)
    again, _ = _pay(design, case, evidence)
    if not np.array_equal(rewards, again):
        raise _broken(
            design, case, f"must pay the same for the same rng, got {_show(rewards)} and then {_show(again)}"
        )
    gain, paid = evidence.gain, float(rewards.sum())
    if design.conserving and evidence.length and abs(paid - gain) > _EXACT * max(1.0, abs(gain)):
        raise _broken(
            design,
            case,
            f"declares conserving=True, but its rewards {_show(rewards)} add up to {paid:.9g}, "
            f"not to the gain {gain:.9g}",
        )
    bounded = design.bounded and case.load_scorer().bounded
    if bounded and np.abs(rewards).max() > 2.0 + _EXACT:
        raise _broken(design, case, f"declares bounded=True, but pays {_show(rewards)}, beyond 2")
    _check_cost(design, case, evidence, notes)
    return notes.read_prefixes


def check_causal(design: Design, case: Case, other: Case) -> None:
    """Checks that the tokens with which two responses begin alike are paid alike.

    A reward depends on the tokens up to its own, and on whether that is the last one.

    Args:
        design: The design, which declares `causal`.
        case: A response.
        other: Another one to the same prompt in the same task.

    Raises:
        ContractError: If a token is paid by what follows it.
    """
    rewards, evidence = lay(design, case)
    others, other_evidence = lay(design, other)
    alike = np.cumprod(np.equal(case.ids, other.ids)).sum()
    compared = max(0, min(alike, evidence.length - 1, other_evidence.length - 1))
    apart = np.abs(rewards - others)[:compared] > (1e-12 if _is_exact(case) else _NEURAL)
    if apart.any():
        at = int(np.argmax(apart))
        raise _broken(
            design,
            case,
            f"declares causal=True, but pays token {at} with {rewards[at]:.9g}, and with {others[at]:.9g} "
            f"where the response goes on otherwise: {other}",
        )


def lay(design: Design, case: Case) -> tuple[FloatArray, Evidence]:
    """Returns the rewards of a design for a response, float64 (T,), and the evidence that it used.

    Raises:
        ContractError: If it reads `prefix_utilities` without having declared `uses_prefixes`.
    """
    evidence = make_evidence(design, case)
    return _pay(design, case, evidence)[0], evidence


def _pay(design: Design, case: Case, evidence: Evidence) -> tuple[FloatArray, _Notes]:
    watched, notes = _watch(evidence)
    try:
        rewards = design(watched, rng=np.random.default_rng(case.seed))
    except Exception as error:
        if notes.read_prefixes and not design.uses_prefixes:
            raise _broken(
                design, case, "reads prefix_utilities without declaring it: set uses_prefixes=True"
            ) from error
        error.add_note(f"reward design {design.name!r} was given {case}")
        raise
    _check_form(design, case, rewards, evidence)
    return rewards, notes


def _watch(evidence: Evidence) -> tuple[Evidence, _Notes]:
    """Returns the same evidence, and the notes of what will be asked of it."""
    notes = _Notes()
    values: dict[str, Any] = {item.name: getattr(evidence, item.name) for item in fields(evidence)}
    values["hindsight"] = _WatchedHindsight(evidence.hindsight, notes)
    watched = _Watched(**values, notes=notes)
    notes.read_prefixes = False  # its own checks read them
    return watched, notes


def _check_form(design: Design, case: Case, rewards: Any, evidence: Evidence) -> None:
    shape = evidence.mask.shape
    if not isinstance(rewards, np.ndarray):
        raise _broken(design, case, f"must return float64 of shape {shape}, got {type(rewards).__name__}")
    array = cast(npt.NDArray[Any], rewards)
    if array.dtype != np.float64 or array.shape != shape:
        raise _broken(
            design, case, f"must return float64 of shape {shape}, got {array.dtype} of shape {array.shape}"
        )
    if not np.isfinite(array).all():
        raise _broken(design, case, f"must pay finite rewards, got {_show(array)}")
    if array[~evidence.mask].any():
        raise _broken(
            design, case, f"must pay nothing after the {evidence.length} real tokens, got {_show(array)}"
        )


def _check_cost(design: Design, case: Case, evidence: Evidence, notes: _Notes) -> None:
    """Asks for the cost of as many tokens as there are units, where a token holds several."""
    if not evidence.length:
        return
    scored = notes.texts + (evidence.length if design.uses_prefixes else 1)
    length = max(evidence.length, len(evidence.hindsight.units()))
    declared = design.cost(length)
    if not isinstance(declared, int) or declared < scored:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise _broken(
            design, case, f"declares cost({length}) = {declared!r}, but {scored} texts had to be scored"
        )


def _is_exact(case: Case) -> bool:
    return is_exact(case.load_scorer())


def _show(rewards: npt.NDArray[Any]) -> list[float]:
    return rewards.round(9).tolist()


def _broken(design: Design, case: Case, promise: str) -> ContractError:
    return ContractError(f"reward design {design.name!r} {promise}: {case}")
