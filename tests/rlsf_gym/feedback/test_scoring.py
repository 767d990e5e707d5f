"""Whatever a scorer of somebody's own returns is right in form, or refused in one line."""

import numpy as np
import pytest

from rlsf_gym import ResponseEnv, ResponseVectorEnv, TokenEnv
from rlsf_gym.certificates import Certificate
from rlsf_gym.scorers import Assessment, VaderScorer
from tests.helpers.digits import Digits, Verdict, make_digits


def respond(*responses):
    return np.array([[*text.encode(), *[256] * (4 - len(text))] for text in responses])


class Spoilt(Verdict):
    """Returns something else than assessments."""

    def __init__(self, spoil):
        self.spoil = spoil

    def assess(self, instances, responses, char_ends):
        return self.spoil(super().assess(instances, responses, char_ends))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda found: None, "must return 2 Assessments from assess"),
        (lambda found: found[1:], "must return 2 Assessments from assess"),
        (lambda found: [one.certificate for one in found], "must return 2 Assessments from assess"),
        (lambda found: [tuple(one) for one in found], "must return 2 Assessments from assess"),
        (lambda found: [one._replace(certificate=None) for one in found], "must certify with a Certificate"),
        (lambda found: [one._replace(prefix_scores=None) for one in found], r"must value \d prefixes"),
        (
            lambda found: [
                found[0]._replace(prefix_scores=found[0].prefix_scores[:-1]),
                found[1]._replace(prefix_scores=np.append(0.5, found[1].prefix_scores)),
            ],
            r"must value 3 prefixes by finite scores, got shape \(2,\)",
        ),
    ],
)
def test_what_is_no_assessment_is_refused(spoil, message):
    env = ResponseVectorEnv(2, domain=make_digits(), scorer=Spoilt(spoil))
    env.reset(seed=0)
    with pytest.raises(ValueError, match=message):
        env.step(respond("1111", "1111"))


def test_assessments_may_come_one_by_one():
    env = ResponseEnv(domain=make_digits(), scorer=Spoilt(iter))
    env.reset(options={"instance": {"target": 5}})
    assert env.step(respond("23")[0])[4]["score"] == 1.0


def test_a_scorer_cannot_change_what_its_checker_reads():
    class Easier(Digits):
        """Lowers what is asked for, then says that it was reached."""

        def assess(self, instances, responses, char_ends):
            for instance in instances:
                instance.data["target"] = 1
            return super().assess(instances, responses, char_ends)

    with pytest.raises(ValueError, match=r"its certificate of '.=0123412.' fails"):
        ResponseEnv(domain=make_digits(), scorer=Easier())


def test_scores_of_prefixes_are_not_taken_for_those_of_another_response():
    class Shifted(VaderScorer):
        """Gives its second response a score that was due to its first."""

        def prefix_scores_batch(self, prompts, responses, char_ends):
            first, second = (
                self.prefix_scores(*row) for row in zip(prompts, responses, char_ends, strict=True)
            )
            return [first[:-1], np.append(first[-1], second)]

        def prefix_scores(self, prompt, response, char_ends):
            return super().prefix_scores(prompt, response, char_ends)

    env = ResponseVectorEnv(2, scorer=Shifted(), tokenizer="bytes", prompts=["a"], boundary="open")
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"must return \[4, 4\] scores of the prefixes of each response"):
        env.step(np.array([[*text, *[256] * 12] for text in (b"bad ", b"good")]))


def test_tokens_are_not_paid_by_the_stream_of_a_scorer_of_texts():
    class Own(VaderScorer):
        """Inherits a stream of texts, and assesses by itself."""

        verifiable, rules = False, ()

        def assess(self, instances, responses, char_ends):
            told = [
                Certificate.opaque(
                    scorer="vader", model_hash="1", labels={}, prompt_score=0.0, score=0.5, length=len(text)
                )
                for text in responses
            ]
            values = [np.full(len(ends), 0.25) for ends in char_ends]
            return list(map(Assessment, told, values))

    env = TokenEnv(scorer=Own(), tokenizer="bytes", prompts=["a "], boundary="open", max_new_tokens=4)
    env.reset(seed=0)
    assert [env.step(letter)[1] for letter in b"good"] == [0.25, 0.0, 0.0, 0.25]
