"""Rewards that follow from text and certificate alone: worked by hand, and held against the designs."""

import dataclasses
import math

import numpy as np
import pytest

from rlsf_gym.certificates import CertificateError, Proof
from rlsf_gym.certificates.payments import UnprovedError
from rlsf_gym.certificates.proof import Known
from rlsf_gym.certificates.rewards import recompute_from
from rlsf_gym.checker import RECOMPUTABLE, check_rewards, recompute_rewards
from rlsf_gym.designs import load_design
from rlsf_gym.domains import load_domain
from rlsf_gym.feedback.core import Feedback
from rlsf_gym.feedback.decoding import read_responses
from rlsf_gym.objectives import load_objective
from rlsf_gym.scorers import VaderScorer, load_scorer
from rlsf_gym.scorers.offers import has_offer
from rlsf_gym.testing.vocabulary import PieceTokenizer

PIECES = (
    *(
        b" good",
        b"good",
        b" bad",
        b"ly",
        b" not",
        b" but",
        b" very",
        b" GREAT",
        b" A",
        b"awful",
        b" caf",
        b"x",
    ),
    *(b"\xc3", b"\xa9", b"\xf0\x9f", b"\x98\x80", b"\x98\x8d", b" ", b"\n", b"!", b"?", b".", b" kind of"),
    *(b" kind", b" of", b" no", b" least", b" ok", b" affection", b" long", b" pace.", b" film", b" dead"),
    *(b" never so", b" the bomb", b" bad ass", b" kiss of death", b"\xff"),
)
PROMPTS = (
    *("", "The film", "It was not", "GOOD 1", "IT IS GREAT, but", "So good! un", "no", "kind o", "ok"),
    *("good b", "bad?!", "A long"),
)
SIZE = 8
TOKENIZER = PieceTokenizer(*PIECES)


def positive(score):
    return score


def negative(score):
    return -score


def squash(total):
    return total / math.sqrt(total * total + 15)


def recompute(prompt, tokens, design, *, boundary="closed", utility=positive, but="library", **kwargs):
    response = "".join(tokens)
    char_ends = np.cumsum([len(token) for token in tokens]).tolist()
    certificate = VaderScorer(but).certify(prompt, response)
    return recompute_rewards(
        certificate,
        prompt,
        response,
        design=design,
        char_ends=char_ends,
        utility=utility,
        boundary=boundary,
        **kwargs,
    )


def test_there_are_nine_designs():
    known = {"terminal", "uniform", "broadcast", "seed_legacy", "first_error"}
    known |= {"potential", "rule_certificate", "lexicon", "rlsf_mask"}
    assert set(RECOMPUTABLE) == known


@pytest.mark.parametrize(
    ("design", "expected"),
    [
        ("terminal", [0.0, squash(-1.406)]),
        ("uniform", [squash(-1.406) / 2] * 2),
        ("broadcast", [squash(-1.406)] * 2),
        ("seed_legacy", [1 - squash(-1.406)] * 2),
        ("potential", [0.0, squash(-1.406)]),
        # "not" takes 3.306 off the 1.9 of "good"; one unit is worth h(S) / S.
        ("rule_certificate", [squash(-1.406) * -3.306 / -1.406, squash(-1.406) * 1.9 / -1.406]),
        ("lexicon", [0.0, 1.9 / 4]),
        ("rlsf_mask", [0.0, 0.0]),
    ],
)
@pytest.mark.parametrize("boundary", ["closed", "open"])
def test_a_negation(design, expected, boundary):
    assert recompute("It was", [" not", " good"], design, boundary=boundary) == pytest.approx(expected)


def test_a_mask_asks_what_the_objective_wants():
    # For negative text "not" is no fault, "good" is one, and the response is right.
    tokens = [" no", "t", " good", "!"]
    paper = recompute("It was", tokens, "rlsf_mask", utility=negative)
    assert paper == [1.0, 1.0, 0.0, 1.0]
    assert recompute("It was", tokens, "rlsf_mask", utility=negative, form="neutral") == [0.0, 0.0, -1.0, 0.0]
    assert recompute("It was", tokens, "rlsf_mask") == [0.0, 0.0, 1.0, 0.0]


def test_a_passing_word_is_paid_for_and_taken_back():
    tokens = ["kind", " of", " good"]  # "kind" is worth 2.4 as long as no "of" follows
    early, whole = squash(2.4), squash(1.9)
    assert recompute("", tokens, "potential", boundary="open") == pytest.approx([early, -early, whole])
    assert recompute("", tokens, "potential") == pytest.approx([0.0, early, whole - early])
    assert recompute("", tokens, "rule_certificate") == pytest.approx([0.0, 0.0, whole])
    assert recompute("", tokens, "lexicon") == pytest.approx([0.0, 0.6, 1.9 / 4])
    assert recompute("", tokens, "lexicon", boundary="open") == pytest.approx([0.6, 0.0, 1.9 / 4])


@pytest.mark.parametrize("but", ["library", "documented"])
def test_a_but_gets_what_it_rescales(but):
    # fine 0.8 is halved, good 1.9 is raised by half: 0.8 becomes 0.4 + 2.85 = 3.25.
    tokens = [" but", " good"]
    unit = (squash(3.25) - squash(0.8)) / 2.45
    found = recompute("fine", tokens, "rule_certificate", but=but)
    assert found == pytest.approx([(0.95 - 0.4) * unit, 1.9 * unit])
    found = recompute("fine", tokens, "potential", but=but, boundary="open")
    assert found == pytest.approx([squash(0.4) - squash(0.8), squash(3.25) - squash(0.4)])
    found = recompute("fine", tokens, "potential", but=but)
    assert found == pytest.approx([0.0, squash(3.25) - squash(0.8)])


def test_capitals_of_the_prompt_are_due_where_another_word_makes_them_stand_out():
    gain = squash(1.9 + 0.733) - squash(1.9)
    assert recompute("GOOD", [" fi", "lm"], "rule_certificate") == pytest.approx([0.0, gain])
    assert recompute("GOOD", [" fi", "lm"], "potential") == pytest.approx([0.0, gain])
    assert recompute("GOOD", [" fi", "lm"], "potential", boundary="open") == pytest.approx([gain, 0.0])
    assert recompute("GOOD", [" film", " x", "y"], "potential") == pytest.approx([0.0, gain, 0.0])


def test_a_prompt_that_ends_inside_a_word():
    assert recompute("goo", ["d", " x"], "rule_certificate") == pytest.approx([squash(1.9), 0.0])
    assert recompute("goo", ["d", " x"], "potential", boundary="open") == pytest.approx([squash(1.9), 0.0])
    assert recompute("goo", ["d", " x"], "potential") == pytest.approx([0.0, squash(1.9)])
    assert recompute("goo", ["d", " x"], "lexicon") == pytest.approx([0.0, 1.9 / 4])
    # The 1.2 of "ok" is withdrawn where "okay" takes its place, with 0.9.
    unit = (squash(0.9) - squash(1.2)) / -0.3
    assert recompute("ok", ["ay", " x"], "rule_certificate") == pytest.approx([-0.3 * unit, 0.0])


def test_punctuation_of_the_prompt_that_changes_sides_is_shared():
    # 1.9 + 0.292 becomes 1.9 - 5 - 0.292: the 0.584 of the mark goes to both tokens alike.
    half = (squash(-3.392) - squash(2.192)) / 2
    assert recompute("good!", [" bad", " bad"], "rule_certificate") == pytest.approx([half, half])
    assert recompute("good!", [" bad", " bad"], "potential", boundary="open") == pytest.approx(
        [squash(1.9 - 2.5 - 0.292) - squash(2.192), squash(-3.392) - squash(1.9 - 2.5 - 0.292)]
    )


def test_an_emoji_of_two_tokens_is_paid_for_with_the_second():
    certificate = VaderScorer().certify("", "😍 x")  # "smiling face with heart-eyes": 2.0
    for design, value in (("potential", squash(2.0)), ("rule_certificate", squash(2.0)), ("lexicon", 0.5)):
        found = recompute_rewards(
            certificate, "", "😍 x", design=design, char_ends=[0, 1, 3], utility=positive, boundary="open"
        )
        assert found == pytest.approx([0.0, value, 0.0])


def test_the_slope_stands_in_where_nothing_is_gained():
    # "good" is 1.9 and "aghast" -1.9: from a score of 0 to one of 0, where h'(0) = 1 / sqrt(15).
    unit = 2.0 / math.sqrt(15)
    found = recompute("x", [" good", " aghast"], "rule_certificate", slope=2.0)
    assert found == pytest.approx([1.9 * unit, -1.9 * unit])
    assert recompute("x", [" good", " aghast"], "rlsf_mask", slope=2.0) == [1.0, 0.0]
    assert recompute("x", [" good", " aghast"], "rule_certificate") == [0.0, 0.0]


@pytest.mark.parametrize(
    ("values", "score", "expected"),
    [
        ([0.5, 0.0, 0.0], 0.0, [0.0, -0.25, 0.0, 0.0]),  # the second token is fatal
        ([0.5, 0.5, 1.0], 1.0, [0.0, 0.0, 0.0, 0.75]),
        ([0.5, 0.5, 1.0], 0.0, [0.0, 0.0, 0.0, -0.25]),  # the end is
    ],
)
def test_the_first_error_is_paid_what_was_lost(values, score, expected):
    proof = Proof(records=(), prompt_score=0.25, score=score, values=lambda ends: values)
    known = Known(prompt="5=", response="abcd", char_ends=[1, 2, 3, 4], proof=proof)
    asked = {"design": "first_error", "slope": 0.0, "boundary": "open"}
    assert recompute_from(known, utility=positive, **asked) == expected
    assert recompute_from(known, utility=negative, **asked) == [-reward for reward in expected]
    unproved = Known(
        prompt="5=", response="a", char_ends=[1], proof=Proof(records=(), prompt_score=1.0, score=0.0)
    )
    with pytest.raises(UnprovedError, match="'first_error' rests on the scores of prefixes"):
        recompute_from(unproved, utility=positive, **asked)


def test_an_empty_response_has_no_rewards():
    for design in RECOMPUTABLE:
        assert recompute("good", [], design) == []


@pytest.mark.parametrize("design", RECOMPUTABLE)
def test_a_reward_that_does_not_hold_is_named(design):
    certificate = VaderScorer().certify("The film", " was not so good")
    arguments = {"design": design, "char_ends": [4, 8, 11, 16], "utility": positive}
    rewards = recompute_rewards(certificate, "The film", " was not so good", **arguments)
    check_rewards(certificate, "The film", " was not so good", rewards, **arguments)
    for token in range(4):
        for change in (1e-8, -0.5, math.nan):
            forged = [*rewards[:token], rewards[token] + change, *rewards[token + 1 :]]
            with pytest.raises(
                CertificateError, match=f"^reward of token {token} must be .* '{design}' pays"
            ):
                check_rewards(certificate, "The film", " was not so good", forged, **arguments)
    with pytest.raises(CertificateError, match="one for each of 4 tokens, but are 3"):
        check_rewards(certificate, "The film", " was not so good", rewards[:3], **arguments)


def test_a_certificate_that_does_not_hold_proves_no_rewards():
    certificate = VaderScorer().certify("", "kind of good")
    passing = next(record for record in certificate.records if record.status == "passing")
    others = tuple(record for record in certificate.records if record != passing)
    forged = dataclasses.replace(certificate, records=others)
    with pytest.raises(CertificateError, match=r"^record 0 "):
        recompute_rewards(
            forged, "", "kind of good", design="broadcast", char_ends=[4, 7, 12], utility=positive
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"design": "shapley"}, r"design must be one of terminal, .*, but is 'shapley'"),
        ({"boundary": "ajar"}, "boundary must be 'closed' or 'open', but is 'ajar'"),
        ({"form": "paper"}, r"design 'potential' does not take \{'form': 'paper'\}"),
        ({"design": "rlsf_mask", "form": "loud"}, "form must be 'paper' or 'neutral', but is 'loud'"),
        ({"char_ends": [4]}, r"must end with 5, the response's length, but are \[4\]"),
        ({"char_ends": [5, 4, 5]}, "must not decrease"),
        ({"char_ends": [-1, 5]}, "must not decrease"),
        ({"char_ends": []}, "must end with 5"),
    ],
)
def test_wrong_arguments_are_explained(change, message):
    arguments = {"design": "potential", "char_ends": [5], "utility": positive} | change
    with pytest.raises(ValueError, match=message):
        recompute_rewards(VaderScorer().certify("", "good!"), "", "good!", **arguments)


def lay(scorer, objective, design, boundary, prompt, ids):
    """The evidence of a response, and the rewards that the design pays for its real tokens."""
    feedback = Feedback(
        scorer=scorer,
        objective=objective,
        design=design,
        tokenizer=TOKENIZER,
        segmentation=load_domain("sentiment").segmentation,
        boundary=boundary,
    )
    responses = read_responses(np.array([ids]), TOKENIZER)
    evidence = feedback.evidence([prompt], responses)[0]
    rewards = design(evidence, rng=np.random.default_rng(0))
    return evidence, responses.texts[0], responses.char_ends[0, : evidence.length], rewards[: evidence.length]


SPECS = [(name, {}) for name in RECOMPUTABLE if has_offer("vader", load_design(name).needs)] + [
    ("rlsf_mask", {"form": "neutral"})
]


@pytest.mark.parametrize("but", ["library", "documented"])
@pytest.mark.parametrize("scorer_name", ["vader", "knowledge"])
@pytest.mark.parametrize("boundary", ["closed", "open"])
@pytest.mark.parametrize(("name", "kwargs"), SPECS)
def test_rewards_are_those_of_the_designs(scorer_name, but, boundary, name, kwargs):
    if scorer_name == "knowledge":
        pytest.importorskip("networkx")
    scorer, design = load_scorer(scorer_name, but=but), load_design(name, **kwargs)
    rng = np.random.default_rng([len(name), len(boundary)])
    for kind in ("positive", "negative", "strong", "target"):
        objective = load_objective(kind, **({"target": 0.3} if kind == "target" else {}))
        for _ in range(25):
            ids = rng.integers(len(PIECES) + 1, size=SIZE)
            ids[rng.integers(SIZE + 1) :] = len(PIECES) + 1
            prompt = PROMPTS[rng.integers(len(PROMPTS))]
            evidence, response, ends, rewards = lay(scorer, objective, design, boundary, prompt, ids)
            proved = recompute_rewards(
                evidence.certificate,
                prompt,
                response,
                design=name,
                char_ends=ends,
                utility=lambda score, objective=objective: float(objective(score)),
                slope=evidence.slope,
                boundary=boundary,
                **kwargs,
            )
            np.testing.assert_allclose(
                proved, rewards, rtol=0, atol=1e-9, err_msg=f"{prompt!r} {response!r} {ends}"
            )
