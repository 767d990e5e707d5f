"""Puzzles of constraints: a propositional formula, a reading of answers, a solver, and what it proves."""
