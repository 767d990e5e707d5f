"""Scorers that say what each next token would make of the score, by scoring the text with each of them."""

import numpy as np

from rlsf_gym.scorers.protocol import Candidates, Exceptions
from tests.helpers.digits import Digits, Verdict, add_up, worth


class Around:
    """Another scorer of texts, as it is."""

    def __init__(self, scorer):
        self._scorer = scorer

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._scorer, name)

    def score(self, texts):
        return self._scorer.score(texts)

    def prefix_scores(self, *args):
        return self._scorer.prefix_scores(*args)

    def certify(self, *args):
        return self._scorer.certify(*args)


class EachText(Around):
    """Another scorer of texts, with candidates: those that score as most tokens do have no own score."""

    def __init__(self, scorer):
        super().__init__(scorer)
        self.asked = []  # numbers of responses in each call

    def candidates_batch(self, prompts, responses, char_ends, following):
        self.asked.append(len(prompts))
        rows = zip(prompts, responses, char_ends, strict=True)
        starts = [prompt + text[:end] for prompt, text, ends in rows for end in ends]
        texts = [start + more for start in starts for more in following.texts]
        return keep_uncommon(self.score(texts).reshape(len(starts), len(following.texts)))


class DigitsAhead(Digits):
    """Digits with candidates, one response at a time; where the response ends, its score counts."""

    def candidates(self, instance, response, char_ends, following):
        scores = [
            [
                self.value(instance, response[:end] + more, is_over)
                for more, is_over in zip(following.texts, following.ends.tolist(), strict=True)
            ]
            for end in char_ends
        ]
        return keep_uncommon(np.array(scores))

    def value(self, instance, response, is_over):
        return worth(instance.data["target"], response)


class VerdictAhead(DigitsAhead, Verdict):
    """Whole responses are worth 1 or 0, and the values of prefixes say only what is known so far."""

    def value(self, instance, response, is_over):
        if is_over:
            return float(add_up(response) == instance.data["target"])
        return self.values(instance, response, [len(response)])[0]


def keep_uncommon(scores):
    """Candidates of dense scores (N, V), without the tokens that score as the first one does everywhere."""
    ids = np.flatnonzero((scores != scores[:, :1]).any(axis=0))
    return Candidates(ids, scores[:, ids], scores[:, 0])


class Kinds(Around):
    """Another scorer with candidates, which tells them by kinds of tokens, and with exceptions to these."""

    def candidates_batch(self, *args):
        found = self._scorer.candidates_batch(*args)
        kinds = np.arange(len(found.ids)) % 3  # three columns, of which the tokens of a kind have the first's
        columns = np.asfortranarray(found.scores[:, :3])
        told = columns[:, kinds]
        rows, positions = np.nonzero(told != found.scores)
        exceptions = Exceptions(rows, positions, found.scores[rows, positions])
        return Candidates(found.ids, columns, found.others, kinds, exceptions)
