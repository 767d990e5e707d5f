"""What each token of the vocabulary would have earned, held to the designs themselves by brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsf_gym.designs import DESIGNS, Stepwise, find_step, load_design
from rlsf_gym.designs.design import Design
from rlsf_gym.domains import load_domain
from rlsf_gym.domains.sentiment.samples import SAMPLES
from rlsf_gym.domains.sentiment.vader.scorer import VaderScorer
from rlsf_gym.feedback import candidates
from rlsf_gym.feedback.core import Feedback
from rlsf_gym.instance import Instance
from rlsf_gym.objectives import load_objective
from rlsf_gym.scorers.offers import has_offer
from rlsf_gym.testing.vocabulary import PieceTokenizer
from tests.helpers.candidates import DigitsAhead, EachText, Kinds, VerdictAhead
from tests.helpers.digits import make_digits

HALVES = (b"\xe2", b"\x82", b"\xac", b"\xc3\xa9", b"good\xc3", b"\xf0\x9f\x98", b"\x8a")
WORDS = PieceTokenizer(*SAMPLES.pieces, *HALVES)
DIGITS = load_domain(make_digits())  # with its checker
NUMBERS = PieceTokenizer(*DIGITS.samples.pieces, *HALVES)
SIZE = 4
CLOSE = 1e-6
SERVED = [name for name in DESIGNS if find_step(DESIGNS[name])]
KINDS = {
    "texts": lambda: EachText(VaderScorer()),
    "kinds": lambda: Kinds(EachText(VaderScorer())),
    "digits": DigitsAhead,
    "verdict": VerdictAhead,
}


def make(kind, design="potential", *, objective="positive", candidates=True, **kwargs):
    is_text = kind in ("texts", "kinds")
    return Feedback(
        scorer=KINDS[kind](),
        objective=load_objective(objective),
        design=load_design(design) if isinstance(design, str) else design,
        tokenizer=WORDS if is_text else NUMBERS,
        segmentation=load_domain().segmentation if is_text else DIGITS.segmentation,
        boundary="open" if is_text else "closed",
        candidates=candidates,
        **kwargs,
    )


def openings(kind, count):
    if kind in ("texts", "kinds"):
        return [Instance(SAMPLES.prompts[number % len(SAMPLES.prompts)]) for number in range(count)]
    targets = [number % 9 + 1 for number in range(count)]
    return [Instance(f"{target}=", data={"target": target}) for target in targets]


def generators(count):
    return [np.random.default_rng(number) for number in range(count)]


def replace_token(row, length, at, token, feedback, rng):
    """The response with another token at a position, after which it goes on wherever it may."""
    none, eos = feedback.tokenizer.vocab_size, feedback.tokenizer.eos_token_id
    changed = np.full(SIZE, none)
    changed[:at] = row[:at]
    changed[at] = token
    stopped = at == length - 1 and length < SIZE and row[at] != eos
    if token != eos and not stopped:
        changed[at + 1 :] = rng.integers(none, size=SIZE - at - 1)
    return changed


def entry(info, at, token):
    """What the infos say that a token would have earned."""
    here = np.flatnonzero(info["candidate_ids"] == token)
    return info["candidate_rewards"][at, here[0]] if len(here) else info["other_rewards"][at]


def check(feedback, plain, instances, actions):
    """Compares every entry with what the design pays the response with that token in it."""
    vocab_size = feedback.tokenizer.vocab_size
    rng = np.random.default_rng(0)
    infos = feedback.infos(instances, actions, generators(len(actions)))
    for number, info in enumerate(infos):
        length = info["response_length"]
        assert info["candidate_rewards"].dtype == info["other_rewards"].dtype == np.float32
        assert not info["candidate_rewards"][length:].any() and not info["other_rewards"][length:].any()
        for at in range(length):
            rows = [
                replace_token(actions[number], length, at, token, feedback, rng)
                for token in range(vocab_size)
            ]
            rngs = [np.random.default_rng(number) for _ in rows]
            paid = plain.infos([instances[number]] * vocab_size, np.array(rows), rngs)
            expected = [one["token_rewards"][at] for one in paid]
            told = [entry(info, at, token) for token in range(vocab_size)]
            assert told == pytest.approx(expected, abs=CLOSE), (number, at)
            sampled = entry(info, at, actions[number, at])
            assert sampled == pytest.approx(info["token_rewards"][at], abs=CLOSE)


@pytest.mark.parametrize(
    ("kind", "design"),
    [(kind, name) for kind in KINDS for name in SERVED if has_offer(KINDS[kind](), DESIGNS[name].needs)],
)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_each_token_would_earn_what_the_design_pays_it(kind, design, data):
    """Whatever it is: the end token, half a character, the last token of a response that stops."""
    objective = data.draw(st.sampled_from(["positive", "negative", "strong", "target"]))
    feedback, plain = (
        make(kind, design, objective=objective, candidates=is_asked) for is_asked in (True, False)
    )
    rows = st.lists(st.integers(0, feedback.tokenizer.vocab_size), min_size=SIZE, max_size=SIZE)
    actions = np.array(data.draw(st.lists(rows, min_size=1, max_size=3)))
    check(feedback, plain, openings(kind, len(actions)), actions)


@pytest.mark.parametrize("kind", KINDS)
def test_half_characters_wait_for_the_rest(kind):
    feedback = make(kind)
    half, rest, last = (feedback.tokenizer.pieces.index(piece) for piece in HALVES[:3])
    end, none = feedback.tokenizer.eos_token_id, feedback.tokenizer.vocab_size
    actions = np.array([
        [half, rest, last, 0], [half, rest, rest, half], [half, end, none, none], [half, none, none, none],
        [end, none, none, none], [none] * 4, [0, half, 1, end],
    ])  # fmt: skip
    check(feedback, make(kind, candidates=False), openings(kind, len(actions)), actions)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("actions", [[[0, 1, 2, 3]], [[0, 0, 0, 0], [1, 2, 1, 2]]])
def test_infos_are_the_same_with_and_without(kind, actions):
    found = make(kind).infos(openings(kind, len(actions)), np.array(actions), generators(2)[: len(actions)])
    plain = make(kind, candidates=False).infos(
        openings(kind, len(actions)), np.array(actions), generators(2)[: len(actions)]
    )
    for one, other in zip(found, plain, strict=True):
        assert set(one) - set(other) == {"candidate_ids", "candidate_rewards", "other_rewards"}
        for key, value in other.items():
            assert np.array_equal(one[key], value), key


def test_responses_of_one_token_end_with_any():
    """A verdict of the whole response, worked out by hand: 2 is asked for, and written by the third token."""
    feedback = make("verdict")
    two = Instance("2=", data={"target": 2})
    for design in ("potential", "terminal", "first_error"):
        info = feedback.with_design(DESIGNS[design]).infos([two], np.array([[1]]), generators(1))[0]
        expected = [-1 / 3, -1 / 3, 2 / 3, -1 / 3, -1 / 3]  # from 1 of 3, as is known at the prompt
        assert [entry(info, 0, token) for token in range(5)] == pytest.approx(expected)
        assert entry(info, 0, NUMBERS.eos_token_id) == pytest.approx(-1 / 3)


def test_responses_without_a_token_have_ids_and_no_rewards():
    feedback = make("texts")
    none = feedback.tokenizer.vocab_size
    info = feedback.infos(openings("texts", 1), np.full((1, SIZE), none), generators(1))[0]
    begun = feedback.infos(openings("texts", 1), np.array([[0, none, none, none]]), generators(1))[0]
    assert not info["candidate_rewards"].any() and not info["other_rewards"].any()
    assert feedback.tokenizer.eos_token_id in info["candidate_ids"]
    assert len(info["candidate_ids"]) > 1 and begun["candidate_rewards"].any()


def test_the_scorer_is_asked_once_for_all_positions_before_which_nothing_waits():
    """And once for the last ones, with which the response is over."""
    feedback = make("texts")
    whole = [number for number, piece in enumerate(WORDS.pieces) if piece.isascii() and piece]
    actions = np.random.default_rng(0).choice(whole, size=(5, SIZE))
    feedback.infos(openings("texts", 5), actions, generators(5))
    assert feedback.scorer.asked == [5, 5]


def test_few_texts_behind_half_characters_are_kept(monkeypatch):
    monkeypatch.setattr(candidates, "_KEPT_TEXTS", 8 * NUMBERS.vocab_size)
    feedback = make("digits")
    followings = feedback._candidates._followings
    kept, often = (feedback._candidates._following((pending, False)) for pending in (b"", b"\xe2"))
    for byte in range(0xC2, 0xD2):
        first = feedback._candidates._following((bytes([byte]), True))
        assert feedback._candidates._following((bytes([byte]), True)) is first
        assert feedback._candidates._following((b"\xe2", False)) is often  # it is asked for again and again
    assert len(followings) == 9
    assert feedback._candidates._following((b"", False)) is kept
    assert first.texts[: len(DIGITS.samples.pieces)] == tuple(
        "\ufffd" + piece.decode() for piece in DIGITS.samples.pieces
    )


def test_values_of_prefixes_are_what_stands_before_each_token():
    """Worked out by hand: digits that add up to s of a target t are worth s / t."""
    feedback = make("digits", "terminal", candidates=False, prefix_values=True)
    one, two, none = 1, 2, feedback.tokenizer.vocab_size
    actions = np.array([[one, two, one, one], [two, one, none, none], [none] * 4])
    instances = [Instance("4=", data={"target": 4})] * 3
    infos = feedback.infos(instances, actions, generators(3))
    assert [info["prefix_values"].tolist() for info in infos] == [
        [0.0, 0.25, 0.75, 1.0], [0.0, 0.5, 0.0, 0.0], [0.0] * 4,
    ]  # fmt: skip
    assert infos[0]["prefix_values"].dtype == np.float32
    assert [info["token_rewards"].tolist() for info in infos][:2] == [[0, 0, 0, -1], [0, 0.75, 0, 0]]


@pytest.mark.parametrize("boundary", ["open", "closed"])
@pytest.mark.parametrize("name", ["terminal", "uniform", "potential", "shapley"])
def test_values_of_prefixes_are_the_sums_that_potential_has_paid(boundary, name):
    rng = np.random.default_rng(3)
    actions = rng.integers(WORDS.vocab_size + 1, size=(20, SIZE))
    tasks = [
        Feedback(
            scorer=VaderScorer(),
            objective=load_objective("negative"),
            design=load_design(design),
            tokenizer=WORDS,
            segmentation=load_domain().segmentation,
            boundary=boundary,
            prefix_values=prefix_values,
        )
        for design, prefix_values in ((name, True), ("potential", False))
    ]
    told, paid = (task.infos(openings("texts", 20), actions, generators(20)) for task in tasks)
    for one, other in zip(told, paid, strict=True):
        length = other["response_length"]
        sums = np.concatenate([np.zeros(1), other["token_rewards"].cumsum()])[:SIZE]
        sums[length:] = 0.0
        assert one["prefix_values"] == pytest.approx(sums, abs=CLOSE)


def refuse(match, kind="texts", design="potential", **kwargs):
    with pytest.raises(ValueError, match=match) as caught:
        make(kind, design, **kwargs)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_served_is_refused_with_the_reason():
    refuse(
        "candidates=True needs a causal reward design, and 'uniform' pays a token by what follows it: use "
        "reward_design='potential' or candidates=False",
        design="uniform",
    )
    refuse("by the utilities before and after it alone, .* and 'lexicon' is not: use", design="lexicon")
    plain = Design("plain", lambda evidence, *, rng: np.zeros(evidence.mask.shape), causal=True)
    refuse("stated as rlsf_gym.designs.Stepwise, and 'plain' is not: use", design=plain)


def serve(scorer, *, boundary="open", **kwargs):
    return Feedback(
        scorer=scorer,
        objective=load_objective("positive"),
        design=DESIGNS["potential"],
        tokenizer=WORDS,
        segmentation=load_domain().segmentation,
        boundary=boundary,
        candidates=True,
        **kwargs,
    )


def test_scorers_and_boundaries_that_cannot_serve_are_refused():
    class Silent(VaderScorer):
        def score(self, texts):
            return super().score(texts) / 2

    size = WORDS.vocab_size
    with pytest.raises(ValueError, match=rf"'vader' has none: it would have to score {size} texts for each"):
        serve(Silent())
    with pytest.raises(ValueError, match="boundary='open', got 'closed', under which a token is paid for"):
        serve(EachText(VaderScorer()), boundary="closed")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one._replace(ids=one.ids[::-1]), r"ids int64 \(K,\) that increase"),
        (lambda one: one._replace(ids=one.ids.astype(np.int32)), r"ids int64 \(K,\) that increase"),
        (lambda one: one._replace(ids=one.ids + 1000), r"ids in \[0, "),
        (lambda one: one._replace(scores=one.scores[1:]), "got shapes"),
        (lambda one: one._replace(others=one.others[1:]), "got shapes"),
        (lambda one: one._replace(kinds=one.ids * 0 - 1), r"kinds \(\d+,\) in \[0, "),
        (lambda one: one._replace(scores=one.scores + 3.0), r"scores must be in \[-1, 1\]"),
        (lambda one: one._replace(others=one.others * np.nan), "must return .* finite scores"),
        (lambda one: tuple(one), "got tuple"),
    ],
)
def test_candidates_of_another_form_are_refused(change, message):
    class Broken(EachText):
        def candidates_batch(self, *args):
            return change(super().candidates_batch(*args))

    feedback = serve(Broken(VaderScorer()))
    with pytest.raises(ValueError, match=message):
        feedback.infos([Instance("The film was")], np.array([[0, 1, 2, 3]]), generators(1))


def test_a_step_that_pays_no_number_is_refused():
    zeros = Design("zeros", Stepwise(lambda step: np.zeros(step.is_last.shape)), causal=True)
    assert (
        not make("texts", zeros)
        .infos(openings("texts", 1), np.array([[0, 1, 2, 3]]), generators(1))[0]["candidate_rewards"]
        .any()
    )

    def odd(step):
        return np.where(step.after == step.before, 0.0, np.where(np.ndim(step.prompt) < 2, np.nan, 0.0))

    feedback = make("texts", Design("odd", Stepwise(odd), causal=True, uses_prefixes=True))
    with pytest.raises(ValueError, match="must pay finite rewards, odd pays a candidate nan"):
        feedback.infos(openings("texts", 1), np.array([[0, 1, 2, 3]]), generators(1))


def test_another_design_serves_candidates_or_is_refused():
    feedback = make("texts")
    other = feedback.with_design(DESIGNS["terminal"])
    info = other.infos(openings("texts", 1), np.array([[0, 1, 2, 3]]), generators(1))[0]
    assert info["candidate_rewards"][3].any()
    ended = np.flatnonzero(info["candidate_ids"] != WORDS.eos_token_id)
    assert not info["candidate_rewards"][:3, ended].any()
    with pytest.raises(ValueError, match="needs a causal reward design, and 'uniform'"):
        feedback.with_design(DESIGNS["uniform"])
