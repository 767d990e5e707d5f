"""Messages that name arguments, and guesses at what was meant."""

import sys
from typing import Any

import gymnasium as gym
import pytest

from rlsf_gym.arguments import (
    Argument,
    ArgumentError,
    PythonOnly,
    describe_mismatch,
    did_you_mean,
    first_line,
    one_line,
    signature_of,
)
from rlsf_gym.designs import load_design
from rlsf_gym.objectives import load_objective
from rlsf_gym.scorers import load_scorer

FLAGS = {"scorer": "--scorer", "scorer_kwargs": "--scorer-kwargs"}
TEXT_ID = "rlsf_gym:rlsf_gym/SentimentText-v0"


def test_an_error_is_told_in_the_words_of_its_surface():
    error = ArgumentError("use ", Argument("scorer"), "='vader'", PythonOnly(" or an object"))
    assert str(error) == "use scorer='vader' or an object"
    assert error.told(FLAGS.__getitem__) == "use --scorer='vader'"
    inner = ArgumentError(Argument("scorer_kwargs.model"), " is missing")
    assert str(inner) == "model is missing"
    assert inner.told(lambda path: f"<{path}>") == "<scorer_kwargs.model> is missing"


@pytest.mark.parametrize(
    ("name", "guess"),
    [("potentail", " (did you mean 'potential'?)"), ("zzz", ""), ("", ""), ("\u00e9", "")],
)
def test_a_guess_is_made_only_where_one_is_close(name, guess):
    assert did_you_mean(name, ["potential", "terminal"]) == guess


def test_a_guess_can_be_asked_to_be_closer():
    assert did_you_mean("bundl", ["bundled"], cutoff=0.8) == " (did you mean 'bundled'?)"
    assert did_you_mean("bunny", ["bundled"], cutoff=0.8) == ""


def test_an_error_of_another_library_is_told_in_one_line():
    error = ValueError(" no such\n\n   file\n")
    assert one_line(error) == "no such file"
    assert one_line(error, 7) == "no such"
    assert first_line(error) == "no such"
    assert (first_line(ValueError()), one_line(ValueError()), one_line(ValueError(" \n"))) == (
        "", "ValueError", "ValueError",
    )  # fmt: skip


def test_why_a_function_does_not_take_keywords():
    def draw(evidence, *, rng, scale=1.0):
        raise AssertionError("it is not called")

    hidden = ("evidence", "rng")
    assert describe_mismatch(draw, {"scale": 2}, hidden=hidden) is None
    said = describe_mismatch(draw, {"rng": 2}, hidden=hidden)
    assert said == "it takes (scale): got an unexpected keyword argument 'rng'"
    assert describe_mismatch(draw, {}).endswith("missing a required argument: 'evidence'")
    assert describe_mismatch(dict, {"any": 1}) is None  # it tells no signature


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (lambda: load_scorer("vader", butt="library"), r"scorer 'vader': .*'butt' \(did you mean 'but'\?\)"),
        (lambda: load_scorer("transformer"), "takes .*missing a required argument: 'model'"),
        (lambda: load_objective("target", taget=0.5), r"'taget' \(did you mean 'target'\?\)"),
        (lambda: load_design("shapley", ordres=3), r"'ordres' \(did you mean 'orders'\?\)|takes \("),
        (lambda: gym.make(TEXT_ID, prompts_kwargs={"colum": "x"}), r"'colum' \(did you mean 'column'\?\)"),
        (lambda: gym.make(TEXT_ID, prompts_kwargs={"split": "all"}), "must leave 'split' out"),
        (lambda: gym.make(TEXT_ID, judge="bundeld"), r"got 'bundeld' \(did you mean 'bundled'\?\)"),
        (lambda: gym.make(TEXT_ID, reward_design="termnal"), r"did you mean 'terminal'\?"),
    ],
)
def test_unknown_names_and_keywords_come_with_a_guess(load, said):
    with pytest.raises(ValueError, match=said) as caught:
        load()
    assert "\n" not in str(caught.value)


def test_unknown_keywords_of_environments_come_with_a_guess():
    for make, wanted in ((gym.make, "TextEnv"), (gym.make_vec, "TextVectorEnv")):
        with pytest.raises(TypeError, match=rf"{wanted} got .*'bounary' \(did you mean 'boundary'\?\)"):
            make(TEXT_ID, bounary="open")


def test_a_factorys_own_type_error_is_not_taken_for_wrong_arguments():
    def factory(goal):
        return len(goal)

    with pytest.raises(TypeError, match="has no len"):
        load_objective(factory, goal=3)


LATE = """
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


def reward(completions: list[str], weight: Decimal) -> list[Decimal]:
    return [weight for _ in completions]
"""


@pytest.mark.skipif(sys.version_info < (3, 14), reason="annotations are evaluated where they are written")
def test_annotations_that_have_no_value_do_not_hide_a_signature():
    module: dict[str, Any] = {}
    exec(compile(LATE, "late.py", "exec", dont_inherit=True), module)
    reward = module["reward"]
    assert list(signature_of(reward).parameters) == ["completions", "weight"]
    assert describe_mismatch(reward, {"completions": [], "wieght": 1}) == (
        "it takes (completions, weight): got an unexpected keyword argument 'wieght' (did you mean 'weight'?)"
    )


def test_what_has_no_signature_raises_as_inspect_says():
    with pytest.raises(TypeError):
        signature_of(3)  # type: ignore[arg-type]
