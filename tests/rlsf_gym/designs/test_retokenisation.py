"""Rewards move with the bytes of a response, not with the pieces that it happens to be written in.

A response is cut at random into pieces of the bundled vocabulary, halves of characters included, and compared
with the same response in single bytes, which shares every offset of every other segmentation.
"""

import re

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsf_gym.designs import DESIGNS, load_design
from rlsf_gym.scorers import VaderScorer
from rlsf_gym.scorers.offers import has_offer
from rlsf_gym.text.tokenizer import load_tokenizer

# Drawn texts may be without white space many times in a row, which is warned of, and here is meant.
pytestmark = [
    pytest.mark.whole,
    pytest.mark.filterwarnings("ignore::rlsf_gym.feedback.boundary.BoundaryWarning"),
]

TOKENIZER = load_tokenizer("bundled")
IDS = {TOKENIZER.token_bytes(token): token for token in range(TOKENIZER.vocab_size)}
LONGEST = max(map(len, IDS))
SIZE = 128
TOLERANCE = 1e-5  # token_rewards are float32

# Every design, with arguments where they matter, and the law that it keeps:
# bytes: what was paid up to an offset depends on the bytes up to it, and on those behind it with hindsight;
# words: the same of responses in UTF-8, as words that one token completes are paid as one;
# stretch: what a token is paid depends on where it starts and ends, and not on how the rest is cut;
# mask: a token is at fault where one of its bytes is;
# even: all tokens are paid alike, and their sum is that of the bytes; token: all are paid the same amount;
# sum: only the sum is that of the bytes.
LAWS = [
    ("terminal", {}, "bytes"),
    ("potential", {}, "bytes"),
    ("mixed", {"beta": 0.6}, "bytes"),
    ("mixed", {"design": "attention"}, "bytes"),
    ("lexicon", {}, "bytes"),
    ("rule_certificate", {}, "bytes"),
    ("attention", {}, "bytes"),
    ("shapley", {"exact_units": 5, "permutations": 4}, "words"),
    ("shapley", {"by": "group", "exact_units": 5, "permutations": 4}, "words"),
    ("leave_one_out", {}, "words"),
    ("leave_one_out", {"conserving": True}, "words"),
    ("quantised_potential", {"noise": 0.0}, "stretch"),
    ("rlsf_mask", {}, "mask"),
    ("rlsf_mask", {"form": "neutral"}, "mask"),
    ("first_error", {}, "bytes"),
    ("indicator", {}, "words"),
    ("partial_credit", {}, "bytes"),
    ("unsat_core", {}, "bytes"),
    ("uniform", {}, "even"),
    ("broadcast", {}, "token"),
    ("seed_legacy", {}, "token"),
    ("gradient", {}, "sum"),
    ("shuffled", {}, "sum"),
    ("delayed", {}, "sum"),
]
BUILT_IN = tuple(DESIGNS)  # before other tests register any
WORDS = (
    *("good", "great", "GOOD", "bad", "awful", "not", "never", "very", "no", "but", "however", "a", "film"),
    *("kind", "sort", "of", "the", "bomb", "at", "least", "isn't", "BAD", "well-made", "un", ":)", "good!"),
    *("bad?!", "great!!!", "\U0001f600", "\U0001f62d", "caf\u00e9", "cafe\u0301", "\u05d8\u05d5\u05d1"),
)
SPACES = ("", " ", " ", " ", "  ", "\n", ", ")
SENTENCES = st.lists(st.tuples(st.sampled_from(SPACES), st.sampled_from(WORDS)), max_size=8).map(
    lambda pairs: "".join(map("".join, pairs))
)
ODD_TEXTS = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        # combining marks, joiners, directions, odd spaces, control characters
        st.sampled_from(
            "\u0301\u20e3\u200d\ufe0f\u200f\u202e\u2066\u00a0\u3000\u2028\x00\x07\x1f\x85\ufeff\ufffd"
        ),
        # a face, two members of a family, letters of flags, a thumb and its colour
        st.sampled_from("\U0001f600\U0001f468\U0001f469\U0001f1eb\U0001f1f7\U0001f44d\U0001f3fd"),
        st.sampled_from("\u05d8\u05d5\u05d1\u0633\u064a\u0626"),
    ),
    max_size=16,
)
TEXTS = st.one_of(SENTENCES, ODD_TEXTS, st.tuples(SENTENCES, ODD_TEXTS, SENTENCES).map("".join)).map(
    str.encode
)
BROKEN = st.one_of(
    st.binary(max_size=30), st.tuples(TEXTS, st.binary(max_size=4), TEXTS).map(b"".join), TEXTS
)
PROMPTS = st.sampled_from(["", "The film", "It was not", "I was un", "So GOOD, but", "caf"])
MARKED_PROMPTS = st.sampled_from(["Good! It was", "Bad?? Not", "So good! un", "awful!!!"])
OBJECTIVES = st.sampled_from(["positive", "negative", "strong"])


class Attributing(VaderScorer):
    """VADER, with attributions to characters that are made up of their code points."""

    attribution_methods = ("attention", "gradient")

    def attributions_batch(self, prompts, responses, method):
        codes = [np.array([ord(one) for one in text], np.int64).reshape(-1) % 7 for text in responses]
        if method == "gradient":
            return [(one - 3) / 100 for one in codes]
        return [one / max(one.sum(), 1) for one in codes]


VADER = VaderScorer()


class Player:
    """Plays responses in the registered environment, one for each task, and looks at what it says."""

    def __init__(self, taboo):
        self.made = {}
        self.taboo = type("Bad", (taboo,), {"words": re.compile("bad")})()  # no prompt holds the word

    def __call__(self, row, prompt, ids, objective="positive", boundary="closed"):
        """Returns the token rewards, float64 (number of ids,), and the info."""
        name, kwargs, _ = row
        key = (name, *kwargs.items(), objective, boundary)
        if key not in self.made:
            self.made[key] = self._make(name, kwargs, objective, boundary)
        env = self.made[key]
        env.reset(seed=3, options={"prompt": prompt})
        _, reward, _, _, info = env.step(ids + [TOKENIZER.vocab_size] * (SIZE - len(ids)))
        rewards = info["token_rewards"].astype(np.float64)
        assert info["response_mask"].tolist() == [1] * len(ids) + [0] * (SIZE - len(ids))
        assert np.isfinite(rewards).all()
        assert not rewards[len(ids) :].any()
        assert reward == rewards.sum()
        return rewards[: len(ids)], info

    def _make(self, name, kwargs, objective, boundary):
        scorer = self.scorer_of(name, kwargs)
        return gym.make(
            "rlsf_gym:rlsf_gym/Sentiment-v0",
            scorer=scorer,
            objective=objective,
            reward_design=name,
            reward_design_kwargs=kwargs,
            boundary=boundary,
            max_prompt_tokens=SIZE,
            max_new_tokens=SIZE,
            verify=scorer is not self.taboo,  # which proves nothing
        )

    def scorer_of(self, name, kwargs):
        """Returns a scorer that offers what the design needs."""
        needs = load_design(name, **kwargs).needs
        if has_offer(self.taboo, needs) and needs:
            return self.taboo
        return Attributing() if needs in Attributing.attribution_methods else VADER


@pytest.fixture(scope="module")
def pay(taboo):
    return Player(taboo)


def cut(data, seed):
    """Returns the ids of random pieces of the vocabulary that spell the bytes, and where each ends."""
    rng, ids, ends = np.random.default_rng(seed), [], [0]
    while ends[-1] < len(data):
        rest = data[ends[-1] : ends[-1] + LONGEST]
        size = int(rng.choice([size for size in range(1, len(rest) + 1) if rest[:size] in IDS]))
        ids.append(IDS[rest[:size]])
        ends.append(ends[-1] + size)
    return ids, ends[1:]


def singles(data):
    return [IDS[data[place : place + 1]] for place in range(len(data))]


def end(by_eos):
    return [TOKENIZER.eos_token_id] if by_eos else []


def rows_of(*laws):
    return [pytest.param(row, id=f"{row[0]}-{row[1]}") for row in LAWS if row[2] in laws]


def responses(data, **more):
    return given(
        **more,
        prompt=PROMPTS,
        data=data.filter(lambda one: 0 < len(one) < SIZE),
        seed=st.integers(0, 10**6),
        by_eos=st.booleans(),
        objective=OBJECTIVES,
    )


def test_every_design_has_a_law():
    assert {name for name, _, _ in LAWS} == set(BUILT_IN)


def test_pieces_are_any_that_the_vocabulary_has_and_none_spans_two_words():
    data = " caf\u00e9 was \U0001f600 good".encode()
    seen = [cut(data, seed)[0] for seed in range(200)]
    assert all(b"".join(map(TOKENIZER.token_bytes, ids)) == data for ids in seen)
    assert len(set(map(tuple, seen))) > 150
    assert any(IDS[b"\xc3"] in ids for ids in seen)  # half a character
    assert any(IDS[b" good"] in ids for ids in seen)
    assert all(bytes([byte]) in IDS for byte in range(256))
    assert all(len(piece.decode("utf-8", "replace").split()) <= 1 for piece in IDS)


def check_running_sums(pay, row, prompt, data, seed, by_eos, **task):
    ids, ends = cut(data, seed)
    pieces, _ = pay(row, prompt, ids + end(by_eos), **task)
    bytewise, _ = pay(row, prompt, singles(data) + end(by_eos), **task)
    places = [place - 1 for place in ends] + [len(data)] * by_eos
    np.testing.assert_allclose(pieces.cumsum(), bytewise.cumsum()[places], atol=TOLERANCE)


@pytest.mark.parametrize("boundary", ["closed", "open"])
@pytest.mark.parametrize("row", rows_of("bytes"))
@settings(max_examples=60, deadline=None)
@responses(BROKEN)
def test_what_was_paid_up_to_an_offset_is_the_bytes_business(
    pay, row, boundary, prompt, data, seed, by_eos, objective
):
    check_running_sums(pay, row, prompt, data, seed, by_eos, objective=objective, boundary=boundary)


@pytest.mark.parametrize("row", rows_of("words"))
@settings(max_examples=60, deadline=None)
@responses(TEXTS)
def test_what_was_paid_for_words_is_the_bytes_business(pay, row, prompt, data, seed, by_eos, objective):
    check_running_sums(pay, row, prompt, data, seed, by_eos, objective=objective)


@pytest.mark.parametrize("boundary", ["closed", "open"])
@pytest.mark.parametrize("row", rows_of("stretch"))
@settings(max_examples=60, deadline=None)
@responses(BROKEN, kept=st.integers(0, SIZE))
def test_a_stretch_is_paid_alike_however_the_rest_is_cut(
    pay, row, boundary, prompt, data, seed, by_eos, objective, kept
):
    ids, ends = cut(data, seed)
    kept %= len(ids)
    before = singles(data[: ends[kept] - len(TOKENIZER.token_bytes(ids[kept]))])
    pieces, _ = pay(row, prompt, ids + end(by_eos), objective, boundary)
    others, _ = pay(row, prompt, before + ids[kept:] + end(by_eos), objective, boundary)
    np.testing.assert_allclose(pieces[kept:], others[len(before) :], atol=TOLERANCE)


@pytest.mark.parametrize("row", rows_of("mask"))
@settings(max_examples=100, deadline=None)
@responses(BROKEN)
def test_a_token_is_at_fault_where_one_of_its_bytes_is(pay, row, prompt, data, seed, by_eos, objective):
    """But for the last token, which has the verdict."""
    ids, ends = cut(data, seed)
    pieces, _ = pay(row, prompt, ids + end(by_eos), objective)
    bytewise, _ = pay(row, prompt, singles(data) + end(by_eos), objective)
    assert pieces[-1] == bytewise[-1]
    starts = [0, *ends[:-1]]
    text_tokens = len(ids) - (not by_eos)
    expected = [
        bytewise[start:stop].min() for start, stop in list(zip(starts, ends, strict=True))[:text_tokens]
    ]
    assert pieces[:text_tokens].tolist() == expected


@pytest.mark.parametrize("row", rows_of("mask"))
@settings(max_examples=60, deadline=None)
@given(prompt=PROMPTS, text=SENTENCES.map(lambda text: text + " end"), objective=OBJECTIVES)
def test_a_word_is_at_fault_as_a_whole(pay, row, prompt, text, objective):
    rewards, _ = pay(row, prompt, singles(text.encode()), objective)
    for word in re.finditer(r"\S+", text.removesuffix(" end")):
        completed = [len(text[: place + 1].encode()) - 1 for place in range(*word.span())]
        assert len(set(rewards[completed].tolist())) == 1


@pytest.mark.parametrize("row", rows_of("even", "token"))
@settings(max_examples=40, deadline=None)
@responses(BROKEN)
def test_every_token_is_paid_alike_in_whatever_pieces(pay, row, prompt, data, seed, by_eos, objective):
    pieces, _ = pay(row, prompt, cut(data, seed)[0] + end(by_eos), objective)
    bytewise, _ = pay(row, prompt, singles(data) + end(by_eos), objective)
    factor = len(bytewise) / len(pieces) if row[2] == "even" else 1.0
    np.testing.assert_allclose(pieces, [bytewise[0] * factor] * len(pieces), atol=TOLERANCE)
    assert len(set(pieces.tolist())) == len(set(bytewise.tolist())) == 1


@pytest.mark.parametrize("row", rows_of("bytes", "words", "stretch", "mask", "even", "token", "sum"))
@settings(max_examples=60, deadline=None)
@given(
    prompt=PROMPTS | MARKED_PROMPTS | ODD_TEXTS, data=BROKEN, seed=st.integers(0, 10**6), by_eos=st.booleans()
)
def test_any_bytes_in_any_pieces_are_paid_finite_rewards_that_conserve(pay, row, prompt, data, seed, by_eos):
    """`Player` looks at what all rewards must be; `verify` lets the checker prove each certificate."""
    data, text = data[: SIZE - 1], data[: SIZE - 1].decode("utf-8", "replace")
    written = [cut(data, seed)[0], singles(data)]
    if text.encode() == data:
        written.append(TOKENIZER.encode(text))
    for ids in written:
        rewards, info = pay(row, prompt, ids + end(by_eos))
        assert info["response_text"] == text
        if load_design(row[0], **row[1]).conserving:
            gain = info["utility"] - pay.scorer_of(*row[:2]).score([prompt])[0]
            assert rewards.sum() == pytest.approx(gain, abs=TOLERANCE)
