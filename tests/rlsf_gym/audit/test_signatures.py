"""How a reward is called, by its parameters."""

from functools import partial

import pytest

from rlsf_gym.audit.signatures import find_signature
from rlsf_gym.designs import load_design
from rlsf_gym.domains import load_domain


def trl(completions, answer, nums, weight=1.0, **kwargs):
    return [0.0]


def verl(data_source, solution_str, ground_truth, extra_info=None):
    return 0.0


def texts(texts):
    return [0.0]


def make(weight):
    return trl


class Scorer:
    name, bounded, verifiable = "mine", True, False

    def score(self, texts):
        return [0.0]


def by_length(most: int):
    return lambda completions, **kwargs: [len(text) / most for text in completions]


class Needy:
    def __init__(self, path):
        self.path = path

    def __call__(self, completions, **kwargs):
        return [0.0 for _ in completions]


class Callable:
    def __init__(self, weight=1.0):
        self.weight = weight

    def __call__(self, prompts, completions, **kwargs):
        return [self.weight]


@pytest.mark.parametrize(
    ("part", "kwargs", "kind"),
    [
        (trl, {}, "trl"),
        (trl, {"weight": 0.5}, "trl"),
        (partial(trl, weight=0.5), {}, "trl"),
        (lambda completion_ids, **kwargs: [], {}, "trl"),
        (verl, {}, "verl"),
        (texts, {}, "scorer"),
        (Scorer, {}, "scorer"),
        (Scorer(), {}, "scorer"),
        (make, {"weight": 0.5}, "trl"),
        (Callable, {"weight": 0.5}, "trl"),
        (Callable(), {}, "trl"),
    ],
)
def test_a_signature_is_found(part, kwargs, kind):
    assert find_signature(part, kwargs).kind == kind


def test_columns_are_what_no_trainer_gives():
    assert find_signature(trl, {}).needs == ("answer", "nums")
    assert find_signature(verl, {}).needs == ("ground_truth",)
    signature = find_signature(trl, {"nums": [1]})
    assert signature.needs == ("answer",) and signature.function.keywords == {"nums": [1]}


def test_what_the_trainer_passes_in_vain_is_told():
    assert find_signature(trl, {}).refuses == find_signature(verl, {}).refuses == ()
    found = find_signature(lambda solution_str, ground_truth: 0.0, {})
    assert found.refuses == ("data_source", "extra_info")
    found = find_signature(lambda prompts, completions, log_metric: [], {})
    assert found.refuses == ("completion_ids", "trainer_state", "log_extra")


def test_only_what_is_taken_is_given():
    given = {"solution_str": "a", "ground_truth": "b", "strange": 1}
    assert find_signature(verl, {}).keep(given) == {"solution_str": "a", "ground_truth": "b"}
    assert find_signature(trl, {}).keep(given) == given  # it takes any


@pytest.mark.parametrize(
    ("part", "forced", "said"),
    [
        (lambda response, truth: 0.0, None, "its parameters are response, truth"),
        (3, None, "a function with a signature or a scorer, got 3 (int)"),
        (load_domain("countdown"), None, "got the domain 'countdown': audit an environment, rlsf_gym:"),
        (load_design("uniform"), None, "Sentiment-v0 --kwargs reward_design=MODULE:NAME"),
        (Scorer, "verl", "a scorer has no verl signature"),
        (object(), None, "or a scorer, got an object"),  # no address, which differs from run to run
        (lambda *args, **kwargs: [], None, "its parameters are args, kwargs: rename them, or force one"),
        (lambda answer: [], "trl", "reward must take completions to have this signature, it takes answer"),
        (by_length, None, "if it makes a reward, give --kwargs most=VALUE"),
        (
            Needy,
            None,
            "reward must be made with its arguments, as --kwargs KEY=VALUE: it takes (path): missing",
        ),
        (lambda completions, /: [], None, "completions is positional only"),
    ],
)
def test_what_has_none_is_told(part, forced, said):
    with pytest.raises(ValueError) as error:
        find_signature(part, {}, forced)
    assert said in str(error.value)


def test_a_maker_is_called_with_its_arguments():
    assert find_signature(by_length, {"most": 4}).function(completions=["ab"]) == [0.5]
    assert find_signature(Needy, {"path": "x"}).function.path == "x"


def test_a_wrapped_function_can_be_forced():
    def wrapped(*args, **kwargs):
        return trl(*args, **kwargs)

    found = find_signature(wrapped, {}, "trl")
    assert (found.kind, found.function, found.takes_all) == ("trl", wrapped, True)


def test_one_can_be_forced():
    assert find_signature(lambda texts, solution_str="": [], {}, "scorer").kind == "scorer"
