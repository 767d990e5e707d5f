"""Rewards without a fault that an audit could see: none of them may be warned of."""

import ast
import asyncio
import math
import operator
import re
import subprocess
import sys

import numpy as np

SOUND = (
    "last_boxed",
    "after_marker",
    "tagged_value",
    "one_strict_block",
    "graded",
    "answer_and_format",
    "overlong",
    "verl_marker",
    "verl_boxed",
    "awaited",
    "Verifier",
    "lean",
    "lazy",
    "array",
    "remembered",
    "queued",
    "few_repeats",
    "near",
)
"""Rewards that the bundled cases show something of."""


def number(text):
    """Returns the value of an answer as it is written, None for none."""
    bare = text.strip().strip("$*").rstrip(".").replace(",", "").strip()
    if not re.fullmatch(r"-?\d{1,300}(\.\d{1,300})?", bare):
        return None
    return float(bare)


def is_right(given, truth):
    value = None if given is None else number(given)
    return value is not None and value == number(truth)


def last_boxed(completions, solution, **kwargs):
    """The last \\boxed{} of the text, as a number."""
    paid = []
    for text, truth in zip(completions, solution, strict=True):
        boxed = re.findall(r"\\boxed\{([^{}]*)\}", text)
        paid.append(float(is_right(boxed[-1] if boxed else None, truth)))
    return paid


def after_marker(prompts, completions, answer, **kwargs):
    """Whole last line behind ####, as a number; several markers are no answer."""
    paid = []
    for text, truth in zip(completions, answer, strict=True):
        marked = text.split("####")
        paid.append(float(len(marked) == 2 and is_right(marked[1], truth)))
    return paid


def one_block(text):
    found = re.fullmatch(
        r"\s*<think>(?:(?!</?think>|</?answer>).)*\S(?:(?!</?think>|</?answer>).)*</think>\s*"
        r"<answer>((?:(?!</?answer>).)*)</answer>\s*",
        text,
        re.DOTALL,
    )
    return found.group(1).strip() if found else None


def tagged_value(completions, answer, **kwargs):
    """One <answer> behind one <think>, in chat messages, as a number."""
    return [
        float(is_right(one_block(chat[-1]["content"]), truth))
        for chat, truth in zip(completions, answer, strict=True)
    ]


def one_strict_block(completions, **kwargs):
    """Format alone: the whole response is one block of each, with something in both."""
    return [float(bool(one_block(text))) for text in completions]


def graded(completions, ground_truth, **kwargs):
    """A right answer 1, a wrong one 0, no answer -1."""
    paid = []
    for text, truth in zip(completions, ground_truth, strict=True):
        given = one_block(text)
        paid.append(-1.0 if not given else float(is_right(given, truth)))
    return paid


def answer_and_format(completions, answer, **kwargs):
    """1 for the answer and 0.1 for its block with a number in it."""
    paid = []
    for text, truth in zip(completions, answer, strict=True):
        given = one_block(text)
        is_answer = given is not None and number(given) is not None
        paid.append(0.1 * is_answer + 0.9 * is_right(given, truth))
    return paid


def overlong(completions, answer, **kwargs):
    """A right answer loses up to a tenth when it is very long."""
    paid = []
    for text, truth in zip(completions, answer, strict=True):
        fine = 0.1 * min(max(len(text) - 4_000, 0) / 4_000, 1.0)
        paid.append(float(is_right(one_block(text), truth)) - fine)
    return paid


def verl_marker(data_source, solution_str, ground_truth, extra_info=None):
    return after_marker(None, [solution_str], [ground_truth])[0]


def verl_boxed(solution_str, ground_truth, **kwargs):
    return {"score": last_boxed([solution_str], [ground_truth])[0], "extracted": True}


async def awaited(completions, answer, **kwargs):
    return after_marker(None, completions, answer)


class Verifier:
    """A class with `__call__`, made with its arguments."""

    def __init__(self, right=1.0):
        self.right = right

    def __call__(self, prompts, completions, answer, **kwargs):
        return [self.right * paid for paid in after_marker(prompts, completions, answer)]


def lean(right=1.0):
    """Makes a reward."""

    def reward(completions, answer, **kwargs):
        return [right * paid for paid in last_boxed(completions, answer)]

    return reward


def lazy(completions, answer, **kwargs):
    """A generator, of which TRL makes a list."""
    yield from after_marker(None, completions, answer)


def array(completions, answer, **kwargs):
    return np.array(after_marker(None, completions, answer), np.float32)


PAID = {}


def remembered(completions, answer, **kwargs):
    """A cache of what is always the same."""
    for one in zip(completions, answer, strict=True):
        if one not in PAID:
            PAID[one] = after_marker(None, [one[0]], [one[1]])[0]
    return [PAID[one] for one in zip(completions, answer, strict=True)]


PLACES = asyncio.Semaphore(4)


async def queued(completions, answer, **kwargs):
    """Asks a server about four responses at once, over one connection for the whole run."""

    async def ask(text, truth):
        async with PLACES:
            await asyncio.sleep(0)
            return after_marker(None, [text], [truth])[0]

    return await asyncio.gather(*map(ask, completions, answer))


def few_repeats(completions, **kwargs):
    """A penalty alone, of repeated groups of three characters: the empty response escapes it."""
    paid = []
    for text in completions:
        groups = [text[i : i + 3] for i in range(len(text) - 2)]
        paid.append(len(set(groups)) / len(groups) - 1.0 if groups else 0.0)
    return paid


def near(completions, answer, **kwargs):
    """By distance from the right number."""
    paid = []
    for text, truth in zip(completions, answer, strict=True):
        value = number(one_block(text) or "")
        paid.append(0.0 if value is None else math.exp(-abs(value - float(truth)) / 10.0))
    return paid


def choice(completions, answer, **kwargs):
    """Needs cases: a letter behind one "Answer:", at the end."""
    paid = []
    for text, truth in zip(completions, answer, strict=True):
        found = re.fullmatch(r"(?:(?!Answer:).)*Answer:\s*\(?([A-D])\)?\.?\s*", text, re.DOTALL)
        paid.append(float(found is not None and found.group(1) == truth))
    return paid


OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def compute(node):
    """Returns the value of a sum of numbers, with the numbers that it uses."""
    if isinstance(node, ast.Expression):
        return compute(node.body)
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return float(node.value), [node.value]
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        (left, used), (right, more) = compute(node.left), compute(node.right)
        return OPERATORS[type(node.op)](left, right), used + more
    raise ValueError("no sum")


def countdown(completions, nums, target, **kwargs):
    """Each number once, in an equation that is worked out by hand."""
    paid = []
    for text, numbers, goal in zip(completions, nums, target, strict=True):
        given = one_block(text) or ""
        try:
            value, used = compute(ast.parse(given, mode="eval")) if len(given) < 80 else (math.nan, [])
        except (SyntaxError, ValueError, ZeroDivisionError, OverflowError):
            value, used = math.nan, []
        paid.append(float(sorted(used) == sorted(numbers) and abs(value - goal) < 1e-6))
    return paid


def unit_tests(completions, tests, **kwargs):
    """Runs the function of a fence in a process of its own, with a time limit."""
    paid = []
    for text, own in zip(completions, tests, strict=True):
        fence = re.fullmatch(r"\s*```python\n(.*?)```\s*", text, re.DOTALL)
        code = fence.group(1) if fence and fence.group(1).strip() else None
        paid.append(0.0 if code is None or "\x00" in code else passes(code, own))
    return paid


def passes(code, own):
    program = code + "\n" + "\n".join(f"assert {one}" for one in own) + "\nprint('all of them hold')\n"
    command = [sys.executable, "-I", "-S", "-"]
    try:
        run = subprocess.run(command, input=program, capture_output=True, text=True, timeout=3)
    except subprocess.TimeoutExpired:
        return 0.0
    return float(run.returncode == 0 and run.stdout == "all of them hold\n")
