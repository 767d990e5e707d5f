"""`rlsf-check`: a part by name or place, held to its promises."""

from functools import partial

import pytest

from rlsf_gym.commands.check import main

PARTS = """
import numpy as np
from rlsf_gym.designs import Design, stepwise
from rlsf_gym.domains import Domain, Samples
from rlsf_gym.prompts import Prompts
from rlsf_gym.text.segmentation import Symbols

CALLS = []

def length(texts):
    return [min(len(text), 100) / 100 for text in texts]

def moody(texts):
    CALLS.append(texts)
    return [score * (len(CALLS) % 2) for score in length(texts)]

def pay_first(evidence, *, rng):
    rewards = np.zeros(len(evidence.mask))
    rewards[:1] = evidence.utility - evidence.prompt_utility
    return rewards * evidence.mask

def make_domain() -> Domain:
    samples = Samples(pieces=(b"a", b"b "), prompts=("ab",), pairs=(("ab", "ba"),))
    defaults = {"tokenizer": "bytes", "prompts": Prompts(("ab", "a b"))}
    scorers = {"length": lambda: length}
    return Domain(
        name="lengths", scorers=scorers, samples=samples, segmentation=Symbols(), defaults=defaults
    )

@stepwise(draws=False)
def rise(transition):
    return transition.after - transition.before

class Unfinished:
    name, bounded, verifiable = "unfinished", True, False
    def score(self, texts):
        return len(texts) + "x"
    prefix_scores = certify = score

def divide(texts):
    return [1 / 0 for _ in texts]

def give_up(texts):
    raise MemoryError

HONEST = Design("honest", pay_first, causal=False, conserving=True, bounded=True, cost=lambda tokens: 1)
LIAR = Design("liar", pay_first, causal=True, conserving=True, bounded=True, cost=lambda tokens: 1)
"""


@pytest.fixture
def call(run_main, tmp_path, monkeypatch):
    import sys

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "checked_parts.py").write_text(PARTS)
    return partial(run_main, main)


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        (("vader",), "scorer vader"),
        (("checked_parts:length",), "scorer checked_parts:length"),
        (("checked_parts:make_domain",), "domain checked_parts:make_domain"),
        (("potential",), "reward design potential"),
        (("checked_parts:HONEST",), "reward design checked_parts:HONEST"),
        (("checked_parts:pay_first",), "reward design checked_parts:pay_first"),
        (
            ("rlsf_gym:rlsf_gym/Sentiment-v0", "--kwargs", "max_new_tokens=4", "reward_design=terminal"),
            "environment rlsf_gym:rlsf_gym/Sentiment-v0",
        ),
    ],
)
def test_what_keeps_its_promises(call, part, kind):
    assert call(*part) == (0, f"{kind}: every promise is kept\n", [])


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("checked_parts:moody", "must give a text the same score every time"),
        ("checked_parts:LIAR", "causal"),
        ("checked_parts:rise", "reward design 'rise' reads prefix_utilities without declaring it"),
    ],
)
def test_what_breaks_one(call, part, said):
    status, output, errors = call(part)
    assert (status, output, len(errors)) == (1, "", 1), errors
    assert errors[0].startswith("broken: ") and said in errors[0]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("Unfinished", "TypeError: unsupported operand type(s) for +: 'int' and 'str'"),
        ("divide", "ZeroDivisionError: division by zero"),
        ("give_up", "MemoryError"),
    ],
)
def test_an_error_of_the_part_itself_is_told_with_its_line(call, part, said):
    wrong = {"Unfinished": 'len(texts) + "x"', "divide": "1 / 0", "give_up": "raise"}[part]
    line = next(at for at, text in enumerate(PARTS.splitlines(), start=1) if wrong in text)
    assert call(f"checked_parts:{part}") == (
        1, "", [f"error: checked_parts:{part}: {said} (checked_parts.py:{line})"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "the following arguments are required: PART"),
        (("vadr",), 1, "unknown part 'vadr' (did you mean 'vader'?)"),
        (("no_such_module:x",), 1, "there is no module 'no_such_module'"),
        (("math:hypot",), 1, "must be real number"),  # written in C, it has no signature
        (("checked_parts.py:LIAR",), 1, "(did you mean 'checked_parts:LIAR'?)"),
        (("rlsf_gym:rlsf_gym/Nothing-v0",), 1, "Nothing"),
        (("Sentiment-v0",), 1, "expected the whole id of an environment, 'rlsf_gym/Sentiment-v0', got"),
        (("vader", "--kwargs", "butt=x"), 1, "butt"),
        (("vader", "--kwargs", "but"), 2, "argument --kwargs: expected KEY=VALUE"),
    ],
)
def test_what_can_not_be_checked_is_one_line(call, arguments, status, said):
    found, output, errors = call(*arguments)
    assert (found, output, len(errors)) == (status, "", 1), errors
    assert errors[0].startswith("error: ") and said in errors[0]
