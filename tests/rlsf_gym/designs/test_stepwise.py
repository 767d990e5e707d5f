"""Rewards that are stated by what one token is paid, by hand."""

import pickle
from functools import partial

import numpy as np
import pytest

from rlsf_gym.designs import DESIGNS, Design, Stepwise, Transition, find_step, load_design, stepwise
from rlsf_gym.designs.prefix import potential
from rlsf_gym.evidence import Evidence

NAN = float("nan")


def evidence_of(prefixes, *, length, prompt_utility=0.25, utility=None, known=True):
    return Evidence(
        prompt_score=0.0,
        prompt_utility=prompt_utility,
        score=0.0,
        utility=prefixes[-1] if utility is None else utility,
        mask=np.arange(len(prefixes)) < length,
        char_spans=np.zeros((len(prefixes), 2), np.int64),
        prefixes=np.array(prefixes) if known else None,
    )


def generators(count):
    return [np.random.default_rng(number) for number in range(count)]


def test_the_designs_of_the_table_that_pay_by_steps():
    assert [name for name in DESIGNS if find_step(DESIGNS[name])] == [
        *("terminal", "potential", "mixed", "quantised_potential", "first_error"),
    ]


@pytest.mark.parametrize(
    ("name", "kwargs", "paid"),
    [
        ("potential", {}, [[0.0, 0.5, -1.0, 0.0], [0.5, 0.0, 0.0, 0.0]]),
        ("terminal", {}, [[0.0, 0.0, -0.5, 0.0], [0.5, 0.0, 0.0, 0.0]]),
        ("mixed", {"beta": 0.5}, [[0.0, 0.25, -0.75, 0.0], [0.5, 0.0, 0.0, 0.0]]),
        # without noise: into the bins up to 0.25, up to 0.75, and beyond
        (
            "quantised_potential",
            {"edges": [0.25, 0.75], "noise": 0.0},
            [[0, 0.5, -0.75, 0], [0.5, 0, 0, 0]],
        ),
    ],
)
def test_a_batch_is_paid_in_one_go(name, kwargs, paid):
    rows = [
        evidence_of([0.25, 0.75, -0.25, -0.25], length=3),
        evidence_of([0.75, 0.75, 0.75, 0.75], length=1),
    ]
    step = find_step(load_design(name, **kwargs))
    assert step.pay_rows(rows, generators(2)).tolist() == paid


@pytest.mark.parametrize("name", ["terminal", "potential", "mixed", "quantised_potential"])
def test_a_batch_is_paid_what_each_response_is(name):
    rng = np.random.default_rng(0)
    rows = [
        evidence_of(rng.normal(size=6), length=length, prompt_utility=rng.normal()) for length in range(7)
    ]
    paid = find_step(DESIGNS[name]).pay_rows(rows, generators(7))
    alone = np.array([DESIGNS[name](one, rng=own) for one, own in zip(rows, generators(7), strict=True)])
    assert paid.tobytes() == alone.tobytes()  # zeros with their signs, too


def test_each_response_has_a_number_drawn_for_each_position():
    drawing = Stepwise(lambda step: step.drawn, draws=True)
    paid = drawing.bind({}).pay_rows([evidence_of([0.0] * 3, length=2)] * 2, generators(2))
    expected = [np.random.default_rng(seed).random(3)[:2].tolist() for seed in range(2)]
    assert paid[:, :2].tolist() == expected and not paid[:, 2].any()


def test_a_step_sees_no_more_than_its_design_asked_for():
    """Nor is anything drawn for one that draws nothing."""
    seen = []
    watched = Stepwise(lambda step: seen.append(step) or np.zeros(step.is_last.shape))
    rng = np.random.default_rng(0)
    watched(evidence_of([0.5, 0.5, 0.5], length=2, known=False), rng=rng)
    step = seen[0]
    assert np.array_equal(step.utility, [[NAN, 0.5, NAN]], equal_nan=True)
    assert step.is_last.tolist() == [[False, True, False]] and step.drawn is None
    for read in ("before", "after"):
        with pytest.raises(ValueError, match="declare uses_prefixes=True in the Design that reads them"):
            getattr(step, read)
    assert rng.random() == np.random.default_rng(0).random()


def test_what_is_known_before_a_token_is_what_was_known_after_the_last():
    seen = []
    watched = Stepwise(lambda step: seen.append(step) or np.zeros(step.is_last.shape))
    watched(evidence_of([0.5, 0.75, 1.0], length=3), rng=np.random.default_rng(0))
    assert seen[0].before.tolist() == [[0.25, 0.5, 0.75]]
    assert seen[0].after.tolist() == [[0.5, 0.75, 1.0]]


def test_a_design_that_has_no_such_function_has_no_step():
    class Other(Design):
        def __call__(self, evidence, *, rng):
            return -super().__call__(evidence, rng=rng)

    by_hand = partial(potential.function, None)
    for design in (
        Other("a subclass that pays otherwise", potential, causal=True),
        Design("one that does not declare it is causal", potential),
        Design("a plain function", lambda evidence, *, rng: np.zeros(evidence.mask.shape), causal=True),
        Design("a step with its argument", by_hand, causal=True),
    ):
        assert find_step(design) is None, design.name


def test_arguments_are_bound_as_those_of_any_function():
    @stepwise(draws=False)
    def share(step, *, of=1.0):
        """Returns a share."""
        return of * (step.after - step.before)

    design = Design("share", share, causal=True, uses_prefixes=True).bind({"of": 0.5})
    around = Transition(
        prompt=0.0,
        known=lambda: (np.array(0.25), np.array(0.75)),
        ending=lambda: (np.array(False), np.array(NAN)),
    )
    assert find_step(design).pays(around) == 0.25
    assert share.__doc__ == "Returns a share."
    with pytest.raises(ValueError, match=r"it takes \(of\): got an unexpected keyword argument 'off'"):
        Design("share", share).bind({"off": 0.5})


def test_steps_survive_pickling():
    evidence = evidence_of([0.25, 0.75], length=2)
    for name in ("potential", "mixed", "quantised_potential"):
        again = pickle.loads(pickle.dumps(DESIGNS[name]))
        paid = [one(evidence, rng=np.random.default_rng(0)).tolist() for one in (again, DESIGNS[name])]
        assert paid[0] == paid[1] and find_step(again) is not None
    assert pickle.loads(pickle.dumps(potential)) is potential


def test_rewards_have_the_shape_of_what_is_known():
    """One that is the same for all tokens of a response may be told once."""
    rows = [evidence_of([0.5, 0.5], length=2), evidence_of([0.5, 0.5], length=1, prompt_utility=0.5)]
    once = Stepwise(lambda step: step.prompt).bind({})
    assert once.pay_rows(rows, generators(2)).tolist() == [[0.25, 0.25], [0.5, 0.0]]

    def pay_five(step):
        return np.ones(5)

    with pytest.raises(ValueError, match=r"pay_five must return an array of shape \(2, 2\), got \(5,\)"):
        Stepwise(pay_five).bind({}).pay_rows(rows, generators(2))
