"""`rlsf-check`: a part by name or place, held to its promises."""

from functools import partial

import pytest

from rlsf_gym.commands.check import main

PARTS = """
import numpy as np
from rlsf_gym.designs import Design
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
    [("checked_parts:moody", "must give a text the same score every time"), ("checked_parts:LIAR", "causal")],
)
def test_what_breaks_one(call, part, said):
    status, output, errors = call(part)
    assert (status, output, len(errors)) == (1, "", 1), errors
    assert errors[0].startswith("broken: ") and said in errors[0]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "the following arguments are required: PART"),
        (("vadr",), 1, "unknown part 'vadr' (did you mean 'vader'?)"),
        (("no_such_module:x",), 1, "there is no module 'no_such_module'"),
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
