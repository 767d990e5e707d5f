"""What each design declares holds, and what it does not declare is shown to fail."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsf_gym.designs import DESIGNS
from rlsf_gym.evidence import Evidence
from rlsf_gym.objectives import OBJECTIVES
from rlsf_gym.scorers import load_scorer
from rlsf_gym.testing import ContractError
from rlsf_gym.testing.cases import BOUNDARIES, PIECES, PROMPTS, SIZE, Case
from rlsf_gym.testing.designs import check_case, check_causal, lay

PROPERTIES = ("causal", "conserving", "bounded")
ROWS = st.lists(st.integers(0, len(PIECES) + 1), min_size=SIZE, max_size=SIZE)
CASES = st.builds(
    Case,
    prompt=st.sampled_from(PROMPTS),
    ids=ROWS,
    scorer=st.sampled_from(["vader", "words"]),
    objective=st.sampled_from(sorted(OBJECTIVES)),
    boundary=st.sampled_from(BOUNDARIES),
)
declared = {name: [design for design in DESIGNS if getattr(DESIGNS[design], name)] for name in PROPERTIES}


@pytest.fixture(scope="module")
def scorers(word_count):
    return {"vader": load_scorer("vader"), "words": word_count()}


@pytest.mark.parametrize("name", DESIGNS)
@settings(max_examples=100, deadline=None)
@given(case=CASES)
def test_every_design_keeps_what_it_declares_of_a_response(scorers, name, case):
    """Form, zero at padding, the gain where it is conserving, at most two where it is bounded, its cost."""
    check_case(DESIGNS[name], replace(case, scorer=scorers[case.scorer]))


@pytest.mark.parametrize("name", declared["causal"])
@settings(max_examples=100, deadline=None)
@given(case=CASES, later=ROWS, kept=st.integers(1, SIZE))
def test_a_causal_design_pays_a_token_the_same_whatever_follows(scorers, name, case, later, kept):
    case = replace(case, scorer=scorers[case.scorer])
    check_causal(DESIGNS[name], case, replace(case, ids=case.ids[:kept] + later[kept:]))


def evidence_of(length, *, score=0.5, prompt_score=0.1):
    """A response whose score arrives in equal steps."""
    real = np.arange(SIZE) < length
    steps = np.linspace(prompt_score, score, length + 1)[1:]
    return Evidence(
        prompt_score=prompt_score,
        prompt_utility=prompt_score,
        score=score,
        utility=score,
        mask=real,
        char_spans=np.zeros((SIZE, 2), np.int64),
        prefixes=np.append(steps, np.full(SIZE - length, score)),
    )


@pytest.mark.parametrize("name", declared["conserving"])
@given(length=st.integers(1, SIZE), score=st.floats(-1, 1))
def test_a_conserving_design_pays_no_more_for_a_longer_response(name, length, score):
    rng = np.random.default_rng(0)
    short = DESIGNS[name](evidence_of(1, score=score), rng=rng)
    long = DESIGNS[name](evidence_of(length, score=score), rng=rng)
    assert long.sum() == pytest.approx(short.sum(), abs=1e-9)


@pytest.mark.parametrize("name", DESIGNS)
def test_an_empty_response_earns_nothing(name):
    empty = evidence_of(0, score=0.1)
    assert not DESIGNS[name](empty, rng=np.random.default_rng(0)).any()


@pytest.mark.parametrize("name", DESIGNS)
def test_the_cost_is_a_number_of_texts(name):
    design = DESIGNS[name]
    assert [design.cost(length) for length in (1, 5)] == ([1, 5] if design.uses_prefixes else [1, 1])


GOOD, BAD, NOT = PIECES.index(b" good"), PIECES.index(b" bad"), PIECES.index(b" not")
NONE = len(PIECES) + 1
FILM = "The film"

# (design, property) -> responses to the prompt FILM, all alike up to the last token, that show it fail:
# not causal: the first token's reward differs between two; not conserving: the sum is not the gain of one.
COUNTEREXAMPLES = {
    ("uniform", "causal"): [[NOT, GOOD, GOOD], [NOT, GOOD, BAD]],
    ("shuffled", "causal"): [[NOT, GOOD, GOOD], [NOT, GOOD, BAD]],
    ("broadcast", "causal"): [[NOT, GOOD, GOOD], [NOT, GOOD, BAD]],
    ("broadcast", "conserving"): [[GOOD, GOOD]],
    ("seed_legacy", "causal"): [[NOT, GOOD, GOOD], [NOT, GOOD, BAD]],
    ("seed_legacy", "conserving"): [[GOOD]],
}


def test_the_table_holds_a_counterexample_for_each_property_that_is_not_declared():
    absent = {(name, held) for held in PROPERTIES for name in DESIGNS if name not in declared[held]}
    assert set(COUNTEREXAMPLES) == absent


@pytest.mark.parametrize(("name", "held"), COUNTEREXAMPLES)
def test_a_property_that_is_not_declared_fails(name, held):
    cases = [
        Case(prompt=FILM, ids=row + [NONE] * (SIZE - len(row)), seed=3) for row in COUNTEREXAMPLES[name, held]
    ]
    laid = [lay(DESIGNS[name], case) for case in cases]
    if held == "conserving":
        assert any(abs(rewards.sum() - evidence.gain) > 0.1 for rewards, evidence in laid)
    else:
        firsts = [rewards[0] for rewards, _ in laid]
        assert max(firsts) - min(firsts) > 0.1
    pretender = replace(DESIGNS[name], **{held: True})
    with pytest.raises(ContractError, match=f"{name!r} declares {held}=True, but"):
        check_case(pretender, cases[0]) if held == "conserving" else check_causal(pretender, *cases)


@pytest.mark.parametrize("name", ["broadcast", "seed_legacy"])
def test_designs_that_lay_the_score_pay_for_length(name):
    """The same score over twice the tokens is twice the return."""
    sums = [DESIGNS[name](evidence_of(length), rng=np.random.default_rng(0)).sum() for length in (2, 4)]
    assert sums[1] == pytest.approx(2 * sums[0])
    assert sums[0] > 0
