"""A scorer whose candidates are wrong is found."""

import numpy as np
import pytest

from rlsf_gym.domains.sentiment.vader.scorer import VaderScorer
from rlsf_gym.testing import ContractError, check_domain, check_scorer
from tests.helpers.candidates import DigitsAhead, EachText, Kinds, VerdictAhead
from tests.helpers.digits import make_digits

PAIRS = [("The film was", ""), ("It is not", " good, but bad!"), ("", "un")]


@pytest.mark.parametrize("make", [EachText, lambda scorer: Kinds(EachText(scorer))])
def test_right_candidates_of_a_scorer_of_texts_pass(make):
    check_scorer(make(VaderScorer()), pairs=PAIRS)


@pytest.mark.parametrize("scorer", [DigitsAhead, VerdictAhead])
def test_right_candidates_of_a_domain_pass(scorer):
    check_domain(make_digits(scorer), trials=2)


class Sabotaged(EachText):
    """Tells the wrong score in a case that few look at."""

    def __init__(self, case):
        super().__init__(VaderScorer())
        self._case = case

    def candidates_batch(self, prompts, responses, char_ends, following):
        found = super().candidates_batch(prompts, responses, char_ends, following)
        wrong = found.scores.copy()
        if self._case == "the last position" and following.ends.all():
            wrong[0, 0] += 1e-3
        if self._case == "half a character" and following.texts[-1]:
            wrong[0, 0] += 1e-3
        if self._case == "one of many" and not following.ends.all():
            wrong[-1, -1] += 1e-5
        if self._case == "others":
            return found._replace(others=found.others + 1e-3)
        if self._case == "a batch" and len(prompts) > 1:
            wrong[-1] += 1e-3
        return found._replace(scores=wrong)


@pytest.mark.parametrize("case", ["the last position", "half a character", "one of many", "others"])
def test_a_wrong_candidate_is_found(case):
    match = r"must give a candidate the score of the text that it makes, .*, got .* behind"
    with pytest.raises(ContractError, match=match):
        check_scorer(Sabotaged(case), pairs=PAIRS)


def test_a_batch_that_differs_is_found():
    with pytest.raises(ContractError, match="the same scores alone and in a batch, got"):
        check_scorer(Sabotaged("a batch"), pairs=PAIRS)


def test_what_is_no_candidates_is_found():
    class Nothing(EachText):
        def candidates_batch(self, *args):
            return np.zeros(3)

    with pytest.raises(ContractError, match="must return Candidates at 1 places, got array"):
        check_scorer(Nothing(VaderScorer()), pairs=PAIRS)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"scores": [[0.0]]}, "NumPy arrays, got list"),
        ({"ids": np.array([10**6])}, "ids in "),
        ({"ids": np.array([0.0])}, "ids int64"),
        ({"scores": np.zeros((1, 0))}, "scores "),
    ],
)
def test_candidates_of_another_form_are_found(change, match):
    class Misshapen(EachText):
        def candidates_batch(self, *args):
            return super().candidates_batch(*args)._replace(**change)

    with pytest.raises(ContractError, match=f"has candidates of another form: .*{match}"):
        check_scorer(Misshapen(VaderScorer()), pairs=PAIRS)


class WrongDigits(DigitsAhead):
    """Forgets that the score of a whole response is another one."""

    def value(self, instance, response, is_over):
        return super().value(instance, response, is_over) * (0.5 if is_over else 1.0)


def test_wrong_candidates_of_a_domain_are_found():
    with pytest.raises(ContractError, match="must give a candidate the score of the text that it makes"):
        check_domain(make_digits(WrongDigits), trials=2)
