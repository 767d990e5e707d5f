"""Scores of all next tokens, against those of the texts one by one."""

import os
import pickle
from collections.abc import Iterable
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import pytest

from rlsf_gym.scorers import VaderScorer
from rlsf_gym.scorers.protocol import Candidates
from rlsf_gym.text.following import Following, read_following
from rlsf_gym.text.tokenizer import load_tokenizer
from tests.helpers.hostile_prefixes import WORDS, write_prefixes

BUNDLED = read_following(load_tokenizer("bundled"))
QUIET = ["the", "film", "was", "shown", "in", "a", "small", "town", "with", "many", "people", "and", "they"]
BOTH = tuple(map(VaderScorer, ("library", "documented")))
IDS = {text: token for token, text in reversed(list(enumerate(BUNDLED.texts)))}


def spread_all(candidates: Candidates, size: int) -> npt.NDArray[np.float64]:
    """Returns the scores of all tokens, (N, V)."""
    dense = candidates.spread()
    scores = np.repeat(dense.others[:, None], size, axis=1)
    scores[:, dense.ids] = dense.scores
    return scores


def score_all(
    scorer: VaderScorer, prompt: str, response: str, following: Following
) -> npt.NDArray[np.float64]:
    """Returns the scores of all tokens behind a response, (V,)."""
    ends = np.array([len(response)])
    return spread_all(scorer.candidates(prompt, response, ends, following), len(following.texts))[0]


def check_all(
    scorers: Iterable[VaderScorer], following: Following, prefixes: Iterable[tuple[str, str]]
) -> None:
    """Compares the scores of all tokens with those of the texts, by one scorer after the other."""
    scorers = list(scorers)
    for number, (prompt, response) in enumerate(prefixes):
        scorer = scorers[number % len(scorers)]
        found = score_all(scorer, prompt, response, following)
        expected = scorer.score([prompt + response + text for text in following.texts])
        worst = int(np.abs(found - expected).argmax())
        assert abs(found[worst] - expected[worst]) <= 1e-12, (prompt, response, following.texts[worst])


def write_runs(seed: int, count: int) -> Following:
    """Returns tokens of several words each, with white space inside and in front."""
    random = Random(seed)
    texts = [
        "".join(
            random.choice((" ", " ", "", "\n")) + random.choice(WORDS) for _ in range(random.randrange(4))
        )
        for _ in range(count)
    ]
    return Following(tuple(texts), np.zeros(count, np.bool_))


def test_every_token_of_the_vocabulary_scores_as_its_text() -> None:
    check_all(BOTH, BUNDLED, write_prefixes(0, 15))


@pytest.mark.whole
def test_every_token_scores_as_its_text_behind_hundreds_of_prefixes() -> None:
    check_all(BOTH, BUNDLED, write_prefixes(1, 500))


@pytest.mark.data
@pytest.mark.whole
@pytest.mark.skipif("RLSF_DATA" not in os.environ, reason="RLSF_DATA names no folder with gpt2-tokenizer/")
def test_every_token_of_gpt2_scores_as_its_text() -> None:
    folder = Path(os.environ["RLSF_DATA"]) / "gpt2-tokenizer"
    check_all(BOTH, read_following(load_tokenizer(folder)), write_prefixes(2, 40))


@pytest.mark.parametrize("is_last", [False, True])
@pytest.mark.parametrize("pending", [b"\xe2\x80", b"\xf0\x9f\x98", b"\xf0\x9f", b"\xc3"])
def test_tokens_may_complete_half_a_character(pending: bytes, is_last: bool) -> None:
    following = read_following(load_tokenizer("bytes"), pending, is_last=is_last)
    check_all(BOTH, following, write_prefixes(3, 60))


def test_tokens_of_other_vocabularies_score_as_their_texts() -> None:
    for name in ("bytes", "toy"):
        check_all(BOTH, read_following(load_tokenizer(name)), write_prefixes(4, 40))


def test_tokens_of_several_words_score_as_their_texts() -> None:
    for seed in range(2):
        check_all(BOTH, write_runs(seed, 200), write_prefixes(5 + seed, 60))


@pytest.mark.parametrize(
    ("prefix", "token"),
    [
        ("It was lov", "e"),
        ("It was lov", "es"),
        ("It is good", "!"),
        ("It is good", "ness"),
        ("It is GREAT", " film"),
        ("GREAT", " film"),
        ("GREAT SO GOOD", " film"),
        ("GREAT SO GOOD", "ness"),
        ("It has no", " good"),
        ("It is kind", " of"),
        ("It is the", " best"),
        ("a good film", " but"),
        ("a good film, but not a good one and", " good"),
        ("good and bad", "!"),
        ("good! bad", "ly"),
        (":", ")"),
        ("ok (", "like"),
        ("Never so", " great"),
        ("lol, but kind town", " worth"),
    ],
)
def test_one_token_scores_as_its_text(prefix: str, token: str) -> None:
    for scorer in BOTH:
        found = score_all(scorer, prefix, "", BUNDLED)
        assert found[IDS[token]] == pytest.approx(scorer.score([prefix + token])[0], abs=1e-6)


def test_rows_are_those_of_the_responses_one_behind_the_other() -> None:
    scorer = VaderScorer()
    prompts, responses = ["A good", "It was", "No", ""], [" film but wonder", " bad?! or GREAT", "", "lov"]
    ends = [np.array([0, 5, 9, 16, 16]), np.array([2, 15]), np.array([0]), np.zeros(0, np.int64)]
    together = scorer.candidates_batch(prompts, responses, ends, BUNDLED)
    found = spread_all(together, 4096)
    cut = [
        prompt + response[:end]
        for prompt, response, mine in zip(prompts, responses, ends, strict=True)
        for end in mine.tolist()
    ]
    assert found.shape == (8, 4096)
    for row, text in enumerate(cut):
        np.testing.assert_allclose(found[row], score_all(scorer, text, "", BUNDLED), rtol=0, atol=1e-7)


def test_tokens_outside_the_ids_begin_a_word_that_says_nothing() -> None:
    candidates = VaderScorer().candidates("A good film", "", np.array([0]), BUNDLED)
    left = set(range(4096)) - set(candidates.ids.tolist())
    assert (np.diff(candidates.ids) > 0).all()
    assert IDS[" film"] in left
    assert IDS[" the"] in left
    for text in (" good", " but", "ness", "!", " I", ""):
        assert IDS[text] not in left
    assert all(BUNDLED.texts[token][0].isspace() for token in left)


def test_kinds_are_few() -> None:
    candidates = VaderScorer().candidates("A good film", "", np.array([0]), BUNDLED)
    assert candidates.kinds is not None
    assert candidates.scores.shape[1] < len(candidates.ids) / 4
    assert candidates.scores.dtype == np.float64


def test_a_scorer_can_be_pickled_after_it_was_asked() -> None:
    scorer = VaderScorer("documented")
    found = score_all(scorer, "A good film", "", BUNDLED)
    again = pickle.loads(pickle.dumps(scorer))
    np.testing.assert_array_equal(score_all(again, "A good film", "", BUNDLED), found)


def test_offsets_are_checked() -> None:
    with pytest.raises(ValueError, match="must lie in"):
        VaderScorer().candidates("A", " good", np.array([9]), BUNDLED)


def test_no_place_has_no_rows() -> None:
    candidates = VaderScorer().candidates("A", " good", np.zeros(0, np.int64), BUNDLED)
    assert candidates.spread().scores.shape == (0, len(candidates.ids))
    assert candidates.others.shape == (0,)


def test_a_long_word_goes_on() -> None:
    following = Following(("!", "n't", "GOOD", "good", " good", "..."), np.zeros(6, np.bool_))
    for start in ("(" * 90, "a" * 90, "A" * 90, "(" * 90 + "GOO", "good" + "." * 90):
        check_all(BOTH, following, [(start, ""), ("GREAT ", start), ("not ", start)])


@pytest.mark.whole
def test_every_place_of_a_response_is_one_of_its_own() -> None:
    random = Random(9)
    prefixes = iter(write_prefixes(7, 48))
    for number in range(8):
        prompts, responses = map(list, zip(*(next(prefixes) for _ in range(6)), strict=True))
        for at, response in enumerate(responses):
            more = [*random.sample(QUIET, 4), random.choice(WORDS), *random.sample(QUIET, 4)]
            responses[at] = " ".join([response, *more])
        ends = [np.sort(np.array([random.randrange(len(one) + 1) for _ in range(12)])) for one in responses]
        scorer = BOTH[number % 2]
        found = spread_all(scorer.candidates_batch(prompts, responses, ends, BUNDLED), 4096)
        texts = [
            prompt + response[:end]
            for prompt, response, mine in zip(prompts, responses, ends, strict=True)
            for end in mine.tolist()
        ]
        for row in random.sample(range(len(texts)), 10):
            expected = scorer.score([texts[row] + text for text in BUNDLED.texts])
            np.testing.assert_allclose(found[row], expected, rtol=0, atol=1e-6, err_msg=texts[row])
