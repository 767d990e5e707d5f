"""The score of a text that grows piece by piece is that of the text so far."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsf_gym.domains.sentiment.knowledge.scorer import KnowledgeScorer
from rlsf_gym.domains.sentiment.segmentation import EnglishWords
from rlsf_gym.domains.sentiment.vader.scorer import VaderScorer

PIECES = (
    *(" good", "good", "b", "ad", " not", " BUT", " but", "!", "??", " ", "\n", "\u3000", "no", " at least"),
    *(" kind", " of", "\U0001f600", "\u2764\u2764", "n't", "x" * 40, "A", " (", ")", " long", " film."),
)


@pytest.mark.parametrize(
    "scorer",
    [VaderScorer(), VaderScorer("documented"), KnowledgeScorer()],
    ids=["library", "documented", "graph"],
)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=14))
@settings(max_examples=60, deadline=None)
def test_a_growing_text_scores_as_the_whole(scorer, pieces):
    stream, text = scorer.open_stream("The film"), "The film"
    for piece in pieces:
        text += piece
        assert stream.extend(piece) == pytest.approx(scorer.score([text])[0], abs=1e-12)


@given(text=st.text(st.sampled_from("ab \n\u3000."), max_size=12))
def test_closed_words_end_at_the_last_white_space(text):
    spaces = [at for at, character in enumerate(text) if character.isspace()]
    assert EnglishWords().count_closed(text) == (spaces[-1] if spaces else 0)
