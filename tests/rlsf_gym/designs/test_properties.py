"""What each design declares holds, and what it does not declare is shown to fail."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsf_gym.checker import RECOMPUTABLE
from rlsf_gym.designs import DESIGNS
from rlsf_gym.domains.sentiment.samples import SAMPLES
from rlsf_gym.evidence import Evidence
from rlsf_gym.objectives import OBJECTIVES
from rlsf_gym.scorers import load_scorer
from rlsf_gym.scorers.offers import has_offer
from rlsf_gym.testing import ContractError, check_design
from rlsf_gym.testing.cases import BOUNDARIES, SIZE, Case
from rlsf_gym.testing.designs import check_case, check_causal, lay

PIECES = SAMPLES.pieces
PROMPTS = SAMPLES.prompts

PROPERTIES = ("causal", "conserving", "bounded")
ROWS = st.lists(st.integers(0, len(PIECES) + 1), min_size=SIZE, max_size=SIZE)
CASES = st.builds(
    Case,
    prompt=st.sampled_from(PROMPTS),
    ids=ROWS,
    scorer=st.sampled_from(["vader", "words", "vowels", "taboo"]),
    objective=st.sampled_from(sorted(OBJECTIVES)),
    boundary=st.sampled_from(BOUNDARIES),
)
declared = {name: [design for design in DESIGNS if getattr(DESIGNS[design], name)] for name in PROPERTIES}


@pytest.fixture(scope="module")
def scorers(attributing, vowels, taboo):
    return {"vader": load_scorer("vader"), "words": attributing(), "vowels": vowels(), "taboo": taboo()}


def serve(name, case, scorers):
    """The case with its scorer, or with the other one where the design needs what it lacks."""
    scorer = scorers[case.scorer]
    if not has_offer(scorer, DESIGNS[name].needs):
        scorer = next(one for one in scorers.values() if has_offer(one, DESIGNS[name].needs))
    return replace(case, scorer=scorer)


@pytest.mark.parametrize("name", DESIGNS)
@settings(max_examples=100, deadline=None)
@given(case=CASES)
def test_every_design_keeps_what_it_declares_of_a_response(scorers, name, case):
    """Form, zero at padding, the gain where it is conserving, at most two where it is bounded, its cost."""
    check_case(DESIGNS[name], serve(name, case, scorers))


@pytest.mark.parametrize("name", declared["causal"])
@settings(max_examples=100, deadline=None)
@given(case=CASES, later=ROWS, kept=st.integers(1, SIZE))
def test_a_causal_design_pays_a_token_the_same_whatever_follows(scorers, name, case, later, kept):
    case = serve(name, case, scorers)
    check_causal(DESIGNS[name], case, replace(case, ids=case.ids[:kept] + later[kept:]))


@settings(max_examples=100, deadline=None)
@given(case=CASES)
def test_the_shares_of_the_rules_of_any_scorer_add_up(scorers, case):
    """Whoever's rules they are, and whatever the slope of their score."""
    for name in ("vader", "vowels"):
        _, evidence = lay(DESIGNS["rule_certificate"], replace(case, scorer=scorers[name]))
        shares = evidence.certificate.rule_amounts(
            prompt_utility=evidence.prompt_utility, utility=evidence.utility, slope=evidence.slope
        )
        assert tuple(shares) == scorers[name].rules
        assert sum(shares.values()) == pytest.approx(evidence.gain, abs=1e-9)


def test_a_design_is_proved_by_the_checker_or_states_what_it_rests_on():
    assert {name for name in DESIGNS if not DESIGNS[name].rests_on} == set(RECOMPUTABLE)


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


@pytest.mark.parametrize("name", ["terminal", "potential", "mixed", "uniform", "shuffled", "delayed"])
@given(length=st.integers(1, SIZE), score=st.floats(-1, 1))
def test_a_conserving_design_pays_no_more_for_a_longer_response(name, length, score):
    rng = np.random.default_rng(0)
    short = DESIGNS[name](evidence_of(1, score=score), rng=rng)
    long = DESIGNS[name](evidence_of(length, score=score), rng=rng)
    assert long.sum() == pytest.approx(short.sum(), abs=1e-9)


@pytest.mark.parametrize("name", DESIGNS)
def test_an_empty_response_earns_nothing(scorers, name):
    empty = serve(name, Case(prompt="So good! un", ids=[NONE] * SIZE, scorer="vader"), scorers)
    assert not lay(DESIGNS[name], empty)[0].any()


@pytest.mark.parametrize("name", DESIGNS)
def test_designs_that_draw_say_so(scorers, name):
    """A response of five rises and falls, of words of which orders are sampled."""
    case = serve(
        name, Case(prompt=FILM, ids=[GOOD, BAD, GREAT, NOT, GOOD, BADS, GOOD, BAD], scorer="vader"), scorers
    )
    design = DESIGNS[name]
    if name == "shapley":
        design = design.bind({"exact_units": 2, "permutations": 2})
    paid = [lay(design, replace(case, seed=seed))[0] for seed in range(6)]
    differs = any(not np.array_equal(rewards, paid[0]) for rewards in paid)
    assert differs is design.draws


@pytest.mark.parametrize("name", DESIGNS)
def test_the_cost_is_a_number_of_texts(name):
    costs = {"shapley": [2, 32, 512], "leave_one_out": [2, 6, 17]}  # 2^5 exactly, 16 words in 32 orders
    expected = costs.get(name, [1, 5, 16] if DESIGNS[name].uses_prefixes else [1, 1, 1])
    assert [DESIGNS[name].cost(length) for length in (1, 5, 16)] == expected


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_passes_the_check_that_users_have(name, scorers):
    served = (one for one in scorers.values() if has_offer(one, DESIGNS[name].needs))
    check_design(name, scorer=next(served), trials=40, seed=1)


GOOD, BAD, NOT = PIECES.index(b" good"), PIECES.index(b" bad"), PIECES.index(b" not")
BUT, GREAT, BADS = PIECES.index(b" but"), PIECES.index(b" GREAT"), len(PIECES) - 1
NONE = len(PIECES) + 1
FILM = "The film"

# (design, property) -> responses to the prompt FILM, all alike up to the last token, that show it fail:
# not causal: the first token's reward differs between two; not conserving: the sum is not the gain of one;
# not bounded: one pays a token more than 2.
COUNTEREXAMPLES = {
    ("uniform", "causal"): [[NOT, GOOD, GOOD], [NOT, GOOD, BAD]],
    ("shuffled", "causal"): [[NOT, GOOD, GOOD], [NOT, GOOD, BAD]],
    ("delayed", "bounded"): [[GREAT, BUT, BAD, GREAT, GOOD, BADS, GOOD, BADS]],  # two falls on one token
    ("broadcast", "causal"): [[NOT, GOOD, GOOD], [NOT, GOOD, BAD]],
    ("broadcast", "conserving"): [[GOOD, GOOD]],
    ("seed_legacy", "causal"): [[NOT, GOOD, GOOD], [NOT, GOOD, BAD]],
    ("seed_legacy", "conserving"): [[GOOD]],
    ("quantised_potential", "conserving"): [[GOOD, GOOD, BADS]],  # a fall beyond the last edge
    ("rule_certificate", "causal"): [[NOT, GOOD, GOOD], [NOT, GOOD, BAD]],
    ("rule_certificate", "bounded"): [[BAD, BAD, BAD, BAD, BAD, BUT, GREAT]],  # "but" halves all of them
    ("shapley", "causal"): [[NOT, GOOD, GOOD], [NOT, GOOD, BAD]],
    ("leave_one_out", "causal"): [[NOT, GOOD, GOOD], [NOT, GOOD, BAD]],
    ("leave_one_out", "conserving"): [[NOT, GOOD]],
    ("attention", "causal"): [[NOT, GOOD, GOOD], [NOT, GOOD, BAD]],
    ("gradient", "causal"): [[GOOD, GOOD], [GOOD, BAD]],
    ("gradient", "bounded"): [[BADS, GOOD, GOOD, GOOD, GOOD, GOOD]],
    ("lexicon", "conserving"): [[NOT, GOOD]],
    ("lexicon", "bounded"): [[BADS]],
    ("indicator", "causal"): [[GOOD, GOOD], [GOOD, BUT]],  # one step, or two
    ("indicator", "conserving"): [[GOOD]],
    ("partial_credit", "conserving"): [[GOOD]],
    ("unsat_core", "causal"): [[BAD, GOOD], [BAD, BAD]],  # the blame of one, or of two
    ("rlsf_mask", "causal"): [[NOT, GOOD, GOOD], [NOT, GOOD, BAD]],
    ("rlsf_mask", "conserving"): [[GOOD, GOOD]],
}


def test_the_table_holds_a_counterexample_for_each_property_that_is_not_declared():
    absent = {(name, held) for held in PROPERTIES for name in DESIGNS if name not in declared[held]}
    assert set(COUNTEREXAMPLES) == absent


@pytest.mark.parametrize(("name", "held"), COUNTEREXAMPLES)
def test_a_property_that_is_not_declared_fails(scorers, name, held):
    rows = [row + [NONE] * (SIZE - len(row)) for row in COUNTEREXAMPLES[name, held]]
    cases = [serve(name, Case(prompt=FILM, ids=row, scorer="vader", seed=3), scorers) for row in rows]
    laid = [lay(DESIGNS[name], case) for case in cases]
    if held == "conserving":
        assert any(abs(rewards.sum() - evidence.gain) > 0.1 for rewards, evidence in laid)
    elif held == "bounded":
        assert any(np.abs(rewards).max() > 2.0 for rewards, _ in laid)
    else:
        firsts = [rewards[0] for rewards, _ in laid]
        assert max(firsts) - min(firsts) > 0.1
    pretender = replace(DESIGNS[name], **{held: True})
    with pytest.raises(ContractError, match=f"{name!r} declares {held}=True, but"):
        check_causal(pretender, *cases) if held == "causal" else check_case(pretender, cases[0])


@pytest.mark.parametrize("name", ["broadcast", "seed_legacy"])
def test_designs_that_lay_the_score_pay_for_length(name):
    """The same score over twice the tokens is twice the return."""
    sums = [DESIGNS[name](evidence_of(length), rng=np.random.default_rng(0)).sum() for length in (2, 4)]
    assert sums[1] == pytest.approx(2 * sums[0])
    assert sums[0] > 0
