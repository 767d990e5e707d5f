"""Domains: one folder for each symbolic tool, with all that is particular to it, and the table of them.

Nothing else imports a domain: what is general finds it here, when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from rlsf_gym.arguments import Argument, ArgumentError
from rlsf_gym.certificates.checking import register_checker
from rlsf_gym.domains.board import Board, Cell, DrawBoard
from rlsf_gym.domains.domain import Corpus, Domain, Example, Samples
from rlsf_gym.registry import Table

__all__ = [
    "BOARDS",
    "DOMAINS",
    "Board",
    "Cell",
    "Corpus",
    "Domain",
    "DrawBoard",
    "Example",
    "Samples",
    "draw_board",
    "load_domain",
    "register_domain",
]

DOMAINS = Table(
    "domain",
    {
        "sentiment": "rlsf_gym.domains.sentiment:DOMAIN",
        "countdown": "rlsf_gym.domains.countdown:make_countdown",
        "sudoku": "rlsf_gym.domains.constraints.sudoku:make_sudoku",
        "knights": "rlsf_gym.domains.constraints.knights_and_knaves:make_knights",
        "constraints": "rlsf_gym.domains.constraints.dimacs:make_constraints",
    },
)
"""Name to domain, to a function of `domain_kwargs` that makes one, or to the place of either."""

BOARDS = Table(
    "board",
    {
        "grid": "rlsf_gym.domains.constraints.sudoku.board:draw_board",
        "statements": "rlsf_gym.domains.constraints.knights_and_knaves.board:draw_board",
    },
)
"""Key of an instance's data to the `DrawBoard` function of pages, or to its place.

A page is made of a file, which names no domain: what an instance holds says how it is drawn.
"""


def load_domain(spec: str | Domain | Callable[..., Domain] = "sentiment", **kwargs: Any) -> Domain:
    """Returns the domain that a name, `"module:attribute"`, a function or an object stands for.

    Its checkers are registered, so that certificates find them.

    Args:
        spec: A name in `DOMAINS`, a place, a domain, or a function that makes one.
        **kwargs: Arguments of the function.

    Raises:
        ValueError: If there is no such domain, it does not take the arguments, or a scorer of it has another
            checker already.

    Example:
        >>> load_domain("sentiment").scorer
        'vader'
    """
    made = DOMAINS.bind(spec, DOMAINS.load(spec), kwargs)
    if not isinstance(made, Domain):
        raise ArgumentError(
            Argument("domain"), f" must be a Domain or a function that makes one, got {made!r:.80}"
        )
    for scorer, checker in made.checkers.items():
        register_checker(scorer, checker)
    return made


def register_domain(name: str, domain: str | Domain | Callable[..., Domain]) -> None:
    """Registers a domain under a name.

    Args:
        name: The name, without a colon.
        domain: A domain, a function of `domain_kwargs` that makes one, or its `"module:attribute"`.

    Raises:
        ValueError: If the name belongs to another domain.
    """
    DOMAINS.register(name, cast(Any, domain))


def draw_board(
    data: Mapping[str, Any], start: int, response: str, payload: Mapping[str, Any]
) -> Board | None:
    """Returns the board of an answer to a puzzle, None where no function of `BOARDS` draws such data.

    Args:
        data: Of the instance; from a file, so that nothing about it is certain.
        start: Length of the prompt.
        response: The answer.
        payload: Of its certificate, a verdict.

    Example:
        >>> draw_board({"numbers": [3, 5], "target": 8}, 0, "3+5=8", {}) is None
        True
    """
    drawn = (
        cast(DrawBoard, BOARDS.load(key))(data, start, response, payload) for key in BOARDS if key in data
    )
    return next((board for board in drawn if board is not None), None)
