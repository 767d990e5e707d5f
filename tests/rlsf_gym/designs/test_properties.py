"""What each design declares holds, and what it does not declare is shown to fail."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsf_gym.designs import DESIGNS
from rlsf_gym.envs.decoding import read_responses
from rlsf_gym.envs.feedback import Feedback
from rlsf_gym.evidence import Evidence
from rlsf_gym.objectives import OBJECTIVES, load_objective
from rlsf_gym.scorers import load_scorer

# Pieces of words, half characters, triggers of rules, whitespace and none of it.
PIECES = (
    *(b" good", b"good", b" bad", b"ly", b" not", b" but", b" very", b" GREAT", b"awful", b" caf"),
    *(b"\xc3", b"\xa9", b"\xf0\x9f", b"\x98\x80", b" ", b"\n", b"!", b"?", b".", b"kind of", b" no", b"\xff"),
)
SIZE = 8
PROPERTIES = ("causal", "conserving", "bounded")
PROMPTS = st.sampled_from(["", "The film", "The film was not", "It is GREAT, but", "So good! un"])
ROWS = st.lists(st.integers(0, len(PIECES) + 1), min_size=SIZE, max_size=SIZE)
declared = {name: [design for design in DESIGNS if getattr(DESIGNS[design], name)] for name in PROPERTIES}


@pytest.fixture(scope="module")
def lay(pieces, word_count):
    """Rewards and evidence of one response, in float64, through the pipeline of the environments."""
    tokenizer = pieces(*PIECES)
    scorers = {"vader": load_scorer("vader"), "words": word_count()}

    def rewards_of(name, prompt, row, *, seed=0, scorer="vader", objective="positive", boundary="closed"):
        feedback = Feedback(
            scorer=scorers[scorer],
            objective=load_objective(objective),
            design=DESIGNS[name],
            design_kwargs={},
            tokenizer=tokenizer,
            boundary=boundary,
        )
        evidence = feedback.evidence([prompt], read_responses(np.array([row]), tokenizer))[0]
        return DESIGNS[name](evidence, rng=np.random.default_rng(seed)), evidence

    return rewards_of


settings_of_the_task = {
    "scorer": st.sampled_from(["vader", "words"]),
    "objective": st.sampled_from(sorted(OBJECTIVES)),
    "boundary": st.sampled_from(["closed", "open"]),
}


@pytest.mark.parametrize("name", DESIGNS)
@settings(max_examples=60, deadline=None)
@given(prompt=PROMPTS, row=ROWS, task=st.fixed_dictionaries(settings_of_the_task))
def test_every_design_gives_finite_rewards_and_none_at_padding(lay, name, prompt, row, task):
    rewards, evidence = lay(name, prompt, row, **task)
    assert rewards.shape == (SIZE,)
    assert rewards.dtype == np.float64
    assert np.isfinite(rewards).all()
    assert not rewards[~evidence.mask].any()


@pytest.mark.parametrize("name", declared["conserving"])
@settings(max_examples=60, deadline=None)
@given(prompt=PROMPTS, row=ROWS, task=st.fixed_dictionaries(settings_of_the_task))
def test_a_conserving_design_adds_up_to_the_gain(lay, name, prompt, row, task):
    rewards, evidence = lay(name, prompt, row, **task)
    assert rewards.sum() == pytest.approx(evidence.utility - evidence.prompt_utility, abs=1e-9)


@pytest.mark.parametrize("name", declared["bounded"])
@settings(max_examples=60, deadline=None)
@given(prompt=PROMPTS, row=ROWS, task=st.fixed_dictionaries(settings_of_the_task))
def test_a_bounded_design_pays_at_most_two(lay, name, prompt, row, task):
    rewards, _ = lay(name, prompt, row, **task)
    assert np.abs(rewards).max() <= 2.0


@pytest.mark.parametrize("name", declared["causal"])
@settings(max_examples=100, deadline=None)
@given(
    prompt=PROMPTS,
    row=ROWS,
    later=ROWS,
    kept=st.integers(1, SIZE),
    task=st.fixed_dictionaries(settings_of_the_task),
)
def test_a_causal_design_pays_a_token_the_same_whatever_follows(lay, name, prompt, row, later, kept, task):
    """Reward t depends on the tokens up to t, and on whether t is the last one."""
    rewards, evidence = lay(name, prompt, row, **task)
    others, other_evidence = lay(name, prompt, row[:kept] + later[kept:], **task)
    compared = min(kept, evidence.length - 1, other_evidence.length - 1)
    np.testing.assert_allclose(rewards[: max(compared, 0)], others[: max(compared, 0)], rtol=0, atol=1e-12)


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
def test_a_property_that_is_not_declared_fails(lay, name, held):
    rows = [row + [NONE] * (SIZE - len(row)) for row in COUNTEREXAMPLES[name, held]]
    laid = [lay(name, FILM, row, seed=3) for row in rows]
    if held == "conserving":
        assert any(abs(rewards.sum() - evidence.gain) > 0.1 for rewards, evidence in laid)
    else:
        firsts = [rewards[0] for rewards, _ in laid]
        assert max(firsts) - min(firsts) > 0.1


@pytest.mark.parametrize("name", ["broadcast", "seed_legacy"])
def test_designs_that_lay_the_score_pay_for_length(name):
    """The same score over twice the tokens is twice the return."""
    sums = [DESIGNS[name](evidence_of(length), rng=np.random.default_rng(0)).sum() for length in (2, 4)]
    assert sums[1] == pytest.approx(2 * sums[0])
    assert sums[0] > 0
