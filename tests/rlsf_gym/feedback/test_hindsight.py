"""What is answered about a whole response, by hand."""

import numpy as np
import pytest

from rlsf_gym.domains import load_domain
from rlsf_gym.feedback.hindsight import ResponseHindsight
from rlsf_gym.feedback.scoring import Scoring
from rlsf_gym.instance import Instance
from rlsf_gym.objectives import load_objective
from rlsf_gym.scorers import load_scorer
from rlsf_gym.text.segmentation import Symbols

WORDS = load_domain("sentiment").segmentation


def ask(response, char_ends, *, segmentation=WORDS, scorer=None, boundary="closed", objective="positive"):
    scoring = Scoring(scorer=scorer or load_scorer("vader"), segmentation=segmentation, boundary=boundary)
    return ResponseHindsight(
        instance=Instance("It was"),
        response=response,
        char_ends=np.array(char_ends),
        length=len(char_ends),
        attributed={},
        scoring=scoring,
        objective=load_objective(objective),
        prompt_score=0.0,
    )


def test_units_are_spans_of_prompt_and_response():
    asked = ask(" NOT good, but short!", [4, 9, 10, 14, 20, 21])
    assert asked.units().tolist() == [[7, 10], [11, 16], [17, 20], [21, 27]]
    assert asked.unit_ends().tolist() == [10, 15, 20, 26]
    assert asked.groups().tolist() == [0, 0, 1, 1]


def test_the_text_without_some_units():
    asked = ask(" NOT good!", [4, 9, 10])
    texts = asked.texts_without([[], [0], [1], [0, 1], [1, 0, 1]])
    assert texts == ["It was NOT good!", "It was IT good!", "It was NOT it", "It was", "It was"]


def test_utilities_are_the_objective_of_the_scores():
    """VADER gives "good" 1.9, squashed to 1.9 / sqrt(1.9^2 + 15)."""
    asked = ask(" good", [5], objective="negative")
    paid = asked.utilities_without([[], [0]])
    assert paid.tolist() == pytest.approx([-1.9 / np.sqrt(1.9**2 + 15), 0.0])


def test_what_symbols_are_is_up_to_the_segmentation():
    asked = ask("a)", [1, 2], segmentation=Symbols())
    assert asked.units().tolist() == [[6, 7], [7, 8]]
    assert asked.texts_without([[0], [1], [0, 1]]) == ["It was)", "It wasa", "It was"]


@pytest.mark.parametrize("answer", ["units", "unit_ends"])
def test_answers_are_worked_out_once_and_read_only(answer):
    asked = ask(" good film", [5, 10])
    first = getattr(asked, answer)()
    assert getattr(asked, answer)() is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0


def test_the_lexicon_attributes_units_where_they_close():
    """ "good" is worth 1.9 / 4 and "bad" -2.5 / 4, whatever stands before them."""
    response, ends = " not good bad", [4, 9, 13]
    closed = ask(response, ends).attributions("lexicon")
    assert closed.tolist() == pytest.approx([0, 0, 1.9 / 4 - 2.5 / 4])
    opened = ask(response, ends, boundary="open").attributions("lexicon")
    assert opened.tolist() == pytest.approx([0, 1.9 / 4, -2.5 / 4])


def test_a_scorer_without_a_lexicon_attributes_nothing_by_it(word_count):
    with pytest.raises(ValueError, match="scorer 'words' offers no attributions, asked for 'lexicon'"):
        ask(" good", [5], scorer=word_count()).attributions("lexicon")


def test_attributions_of_characters_add_up_on_their_tokens(attributing):
    asked = ask(" good", [2, 2, 5], scorer=attributing())
    asked.attributed = {"attention": np.array([1.0, 2.0, 3.0, 4.0, 5.0])}
    assert asked.attributions("attention").tolist() == [3.0, 0.0, 12.0]
