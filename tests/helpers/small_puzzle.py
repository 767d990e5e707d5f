"""A puzzle by hand for the checker of constraints: symbols by place, and solutions as they are told."""

from rlsf_gym.domains.constraints.checker.formula import Formula
from rlsf_gym.domains.constraints.checker.puzzle import Choice


class SmallPuzzle:
    """Symbols of each node are a dict of text to (literal, next node), or (literal, next node, is_given)."""

    prompt, rules, givens, start = "?\n", ("progress", "syntax", "given", "conflict", "unfinished"), (), 0

    def __init__(self, nodes, solutions, clauses=(), ways=None):
        self.nodes, self.solutions, self.ways = nodes, solutions, ways
        numbers = [abs(one) for row in (*solutions, *clauses) for one in row]
        self.formula = Formula(clauses, max(numbers, default=0))

    def choices(self, node):
        return [Choice(text, *what) for text, what in self.nodes[node].items() if text != "end"]

    def may_end(self, node):
        return "end" in self.nodes[node]

    def count_ways(self, node):
        return None if self.ways is None else self.ways[node]

    def expected(self, node):
        return f"what may stand at {node}"

    def say(self, literal):
        return f"<{literal}>"

    def refuse(self, literal):
        return f"{literal} is against what is given"

    def solve(self, bound):
        return self.solutions if len(self.solutions) <= bound else None
