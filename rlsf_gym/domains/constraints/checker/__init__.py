"""Proves the certificates of answers to puzzles with constraints, sharing no code with the scorer.

It reads plain data alone: the instance, the texts and what is claimed of them. Of the instance it writes down
the formula by its own means (`sudoku`, `knights`: the rules, and what each statement means in each world) and
lists the solutions by its own search. It reads the answer (`spelling`), counts what is left of the solutions
behind each character (`worlds`, `story`), has refutations checked by dratify, which is no part of the solver
(`formula`), and holds a certificate to all of it (`verification`): whatever is missing, added or renamed is
refused.
"""

from rlsf_gym.domains.constraints.checker.verification import verify

__all__ = ["verify"]
