"""Reads what a certificate of Countdown is about: the puzzle, and how its answers are valued."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast

from rlsf_gym.certificates.claimed import CertificateError, Claimed, tell

__all__ = ["RULES", "Puzzle", "read_puzzle"]

RULES: Final = ("progress", "syntax", "number", "arithmetic", "target", "unfinished")

_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "form": ("steps", "expression"),
    "use": ("all", "any"),
    "value": ("random", "solvable"),
}
_SCORER: Final = "countdown"
_VERSION: Final = "1"
_SIZES: Final = range(2, 7)
_MOST: Final = 5  # numbers, of which a recount of random expressions takes two seconds


class Puzzle(NamedTuple):
    """A puzzle, and how its answers are valued."""

    numbers: tuple[int, ...]
    """The numbers, in the order given."""
    target: int
    """The number to reach."""
    form: str
    """"steps" or "expression"."""
    uses_all: bool
    """Whether an answer has to take all numbers."""
    is_graded: bool
    """Whether a value is the chance of a random writer, or just whether a right answer can follow."""


def read_puzzle(certificate: Claimed, instance: Any, prompt: str) -> Puzzle:
    """Returns the puzzle that a certificate is about.

    Args:
        certificate: The claimed certificate.
        instance: The instance of the episode: its data are taken for given.
        prompt: The prompt, which has to be what they stand for.

    Raises:
        CertificateError: If there is no such puzzle, or the certificate says what nothing proves.
    """
    _check_claims(certificate)
    numbers, target = _read_data(instance)
    options = certificate.options
    meant = _write_prompt(options["template"], numbers, target)
    if not prompt == instance.prompt == meant:
        raise CertificateError(f"prompt must be {tell(meant)}, as the instance says, but is {tell(prompt)}")
    puzzle = Puzzle(numbers, target, options["form"], options["use"] == "all", options["value"] == "random")
    if puzzle.form == "expression" and puzzle.is_graded and len(numbers) > _MOST:
        raise CertificateError(
            f"numbers must be {_MOST} at most for random values of expressions, but are {numbers}"
        )
    return puzzle


def _write_prompt(template: str, numbers: tuple[int, ...], target: int) -> str:
    """Returns a template with the puzzle in its places; a doubled brace stands for one."""
    told = {"{numbers}": " ".join(map(str, numbers)), "{target}": str(target), "{{": "{", "}}": "}"}
    return re.sub(r"\{\{|\}\}|\{(?:numbers|target)\}", lambda found: told[found[0]], template)


def _check_claims(certificate: Claimed) -> None:
    """Refuses a certificate that says more than can be proved, or less."""
    options = certificate.options
    for name, values in _OPTIONS.items():
        if options.get(name) not in values:
            such = " or ".join(map(repr, values))
            raise CertificateError(f"options[{name!r}] must be {such}, but is {tell(options.get(name))}")
    if {*options} != {*_OPTIONS, "template"}:
        names = ", ".join((*_OPTIONS, "template"))
        raise CertificateError(f"options must be {names}, but are {', '.join(options)}")
    known: tuple[tuple[str, object, object], ...] = (
        ("scorer", certificate.scorer, _SCORER),
        ("version", certificate.version, _VERSION),
        ("slope", certificate.slope, 1.0),
        ("labels", dict(certificate.labels), {}),
        ("rules", tuple(certificate.rules), RULES),
        ("spread", tuple(certificate.spread), ()),
    )
    for name, claimed, value in known:
        if claimed != value:
            raise CertificateError(f"{name} must be {value!r}, but is {tell(claimed)}")


def _read_data(instance: Any) -> tuple[tuple[int, ...], int]:
    """Returns the numbers and the target of an instance."""
    data: Any = getattr(instance, "data", None)
    given = dict(cast(Mapping[str, Any], data)) if isinstance(data, Mapping) else {}
    numbers, target = given.get("numbers"), given.get("target")
    is_sound = (
        set(given) == {"numbers", "target"}
        and type(numbers) is list
        and len(cast(list[Any], numbers)) in _SIZES
        and all(type(number) is int and number >= 0 for number in (*cast(list[Any], numbers), target))
    )
    if not is_sound:
        raise CertificateError(
            f"instance must have as data {_SIZES[0]} to {_SIZES[-1]} numbers from 0 and a target, but is "
            f"{tell(instance)}"
        )
    return tuple(cast(list[int], numbers)), cast(int, target)
