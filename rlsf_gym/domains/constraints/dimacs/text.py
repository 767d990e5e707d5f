"""Text of a formula in the DIMACS format, read with its reasons for refusal."""

from __future__ import annotations

from rlsf_gym.domains.constraints.cnf import Clause, Formula

__all__ = ["read_dimacs"]


def read_dimacs(text: str) -> Formula:
    r"""Returns the formula of a text in DIMACS CNF.

    Lines that begin with "c" are comments; `p cnf VARIABLES CLAUSES` stands before the clauses, each of which
    is a row of literals that 0 ends, on one line or several.

    Raises:
        ValueError: If it is no such text, with the line.

    Example:
        >>> read_dimacs("c one of two\np cnf 2 1\n1 2 0\n").clauses
        ((1, 2),)
    """
    header: tuple[int, int] | None = None
    clauses, literals = list[Clause](), list[int]()
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if not words or words[0].startswith("c"):
            continue
        if words[0] == "p":
            header = _read_header(words, number, is_first=header is None)
            continue
        if header is None:
            raise ValueError(
                f"line {number} must be 'p cnf VARIABLES CLAUSES', as no such line came before it"
            )
        for word in words:
            literal = _read_literal(word, header[0], number)
            if literal:
                literals.append(literal)
            else:
                clauses.append(tuple(dict.fromkeys(literals)))
                literals = []
    if header is None:
        raise ValueError("text must have a line 'p cnf VARIABLES CLAUSES', got none")
    if literals:
        raise ValueError(f"the last clause must end with 0, got {' '.join(map(str, literals))!r:.80}")
    if len(clauses) != header[1]:
        raise ValueError(f"clauses must be {header[1]}, as the line 'p cnf' says, got {len(clauses)}")
    return Formula(tuple(clauses), header[0])


def _read_header(words: list[str], number: int, *, is_first: bool) -> tuple[int, int]:
    is_right = len(words) == 4 and words[1] == "cnf" and all(map(_is_count, words[2:]))
    if not is_right or not is_first or words[2] == "0":
        raise ValueError(
            f"line {number} must be 'p cnf VARIABLES CLAUSES', with at least one variable and once, got "
            f"{' '.join(words)!r:.80}"
        )
    return int(words[2]), int(words[3])


def _read_literal(word: str, variables: int, number: int) -> int:
    if not _is_count(word.removeprefix("-")) or abs(int(word)) > variables:
        raise ValueError(
            f"line {number} must hold literals from 1 to {variables}, or negatives, and 0, got {word!r:.40}"
        )
    return int(word)


def _is_count(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 10
