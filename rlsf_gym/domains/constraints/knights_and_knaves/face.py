"""Knights and knaves as a constraint puzzle."""

from __future__ import annotations

from rlsf_gym.domains.constraints.cnf import Formula
from rlsf_gym.domains.constraints.knights_and_knaves.reading import ClaimReading
from rlsf_gym.domains.constraints.knights_and_knaves.statements import check_statements, tell_prompt
from rlsf_gym.domains.constraints.knights_and_knaves.truth import list_clauses
from rlsf_gym.domains.constraints.problem import RULES, Problem
from rlsf_gym.instance import Instance

__all__ = ["KnightsFace"]


class KnightsFace:
    """Kind of puzzle: people who say something, knights what is true and knaves what is not."""

    name = "knights"
    rules = tuple(rule for rule in RULES if rule != "given")

    def pose(self, instance: Instance) -> Problem:
        """Returns the problem of an instance: each is a knight if and only if what they say is true."""
        data = instance.data or {}
        if set(data) != {"statements"}:
            raise ValueError(f"data of a puzzle must be {{'statements': [...]}}, got {dict(data)!r:.80}")
        statements = data["statements"]
        check_statements(statements)
        prompt = tell_prompt(statements)
        if instance.prompt != prompt:
            raise ValueError(f"prompt must be {prompt!r:.200}, got {instance.prompt!r:.200}")
        goals = list_clauses(statements)
        clauses = dict.fromkeys(clause for goal in goals for clause in goal)
        return Problem(Formula(tuple(clauses), len(statements)), (), ClaimReading(goals))
