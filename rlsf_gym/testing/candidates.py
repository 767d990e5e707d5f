"""Holds the candidates of a scorer to the scores of the texts that they make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from rlsf_gym.feedback.candidate_checks import check_form
from rlsf_gym.instance import Instance
from rlsf_gym.scorers.protocol import Candidates, FloatArray, IntArray, find_candidates, needs_instance
from rlsf_gym.testing.promises import Promises
from rlsf_gym.testing.vocabulary import PieceTokenizer
from rlsf_gym.text.following import Following, read_following

__all__ = ["check_candidates"]

_HALF: Final = b"\xe2\x82"  # of a character that nothing completes, or a piece that begins with its rest
_CLOSE: Final = 1e-6  # scores of candidates may be float32
_PLACES: Final = 4  # in each response


def check_candidates(
    promises: Promises, pairs: Sequence[tuple[str | Instance, str]], pieces: Sequence[bytes]
) -> None:
    """Checks that candidates score what the texts do that they make, one by one, alone and in a batch.

    They are asked for at some places of each response, the first and the last among them: where the response
    goes on, where any token ends it, and where half a character waits.

    Args:
        promises: The scorer, with how close its numbers must come.
        pairs: Prompts or instances, with responses.
        pieces: Tokens of the vocabulary; one more ends a response.

    Raises:
        ContractError: If it breaks a promise.
    """
    tokenizer = PieceTokenizer(*dict.fromkeys(pieces))
    followings = [
        read_following(tokenizer),
        read_following(tokenizer, is_last=True),
        read_following(tokenizer, _HALF),
    ]
    for following in followings:
        checked = _Checked(promises, following)
        rows = [checked.make_row(*pair) for pair in pairs]
        told = [checked.ask([row]) for row in rows]
        both = checked.ask(rows)
        start = 0
        for row, scores in zip(rows, told, strict=True):
            checked.check_scores(row, scores)
            there = both[start : start + len(scores)]
            if not np.allclose(scores, there, rtol=0.0, atol=max(_CLOSE, promises.close)):
                raise promises.broken(
                    "must give candidates the same scores alone and in a batch, got "
                    f"{_furthest(scores, there)} for {row[1]!r}"
                )
            start += len(scores)


Row = tuple[Any, str, IntArray]


class _Checked:
    """A scorer under test, with what follows its responses."""

    def __init__(self, promises: Promises, following: Following) -> None:
        self._promises, self._following = promises, following
        self._scorer: Any = promises.scorer
        self._has_instances = needs_instance(promises.scorer)

    def make_row(self, prompt: str | Instance, response: str) -> Row:
        """Returns what the scorer is asked: a prompt or instance, a response, and places in it."""
        ends = np.unique(np.linspace(0, len(response), _PLACES).astype(np.int64))
        given = prompt if self._has_instances or isinstance(prompt, str) else prompt.prompt
        return given, response, ends

    def ask(self, rows: Sequence[Row]) -> FloatArray:
        """Returns the scores of all V tokens at all places of the rows, float64 (N, V)."""
        found = find_candidates(self._scorer)
        assert found is not None
        method, is_batched = found
        if is_batched:
            given, responses, ends = map(list, zip(*rows, strict=True))
            return self._spread(method(given, responses, ends, self._following), rows)
        return np.concatenate([self._spread(method(*row, self._following), [row]) for row in rows])

    def check_scores(self, row: Row, scores: FloatArray) -> None:
        """Checks the scores at the places of one response."""
        given, response, ends = row
        for end, told in zip(ends.tolist(), scores, strict=True):
            texts = [response[:end] + more for more in self._following.texts]
            expected = self._score(given, texts)
            apart = np.abs(told - expected) > max(_CLOSE, self._promises.close)
            if apart.any():
                at = int(np.argmax(apart))
                raise self._promises.broken(
                    f"must give a candidate the score of the text that it makes, {float(expected[at])}, got "
                    f"{float(told[at])} for {texts[at]!r} behind {getattr(given, 'prompt', given)!r}"
                )

    def _spread(self, found: Any, rows: Sequence[Row]) -> FloatArray:
        count = sum(len(ends) for _, _, ends in rows)
        if not isinstance(found, Candidates) or np.shape(found.others) != (count,):
            raise self._promises.broken(f"must return Candidates at {count} places, got {found!r:.80}")
        try:
            check_form(self._scorer.name, found, count, len(self._following.texts))
        except ValueError as error:
            raise self._promises.broken(f"has candidates of another form: {error}") from error
        dense = found.spread()
        scores = np.repeat(np.asarray(dense.others, np.float64)[:, None], len(self._following.texts), axis=1)
        scores[:, dense.ids] = dense.scores
        return scores

    def _score(self, given: Any, texts: Sequence[str]) -> FloatArray:
        """Returns the scores of one response after the other, as whole ones where they are over."""
        if not self._has_instances:
            return self._scorer.score([given + text for text in texts])
        ends = [np.array([len(text)]) for text in texts]
        found = self._scorer.assess([given] * len(texts), list(texts), ends)
        return np.array(
            [
                one.certificate.score if is_over else float(one.prefix_scores[0])
                for one, is_over in zip(found, self._following.ends.tolist(), strict=True)
            ]
        )


def _furthest(scores: FloatArray, others: FloatArray) -> str:
    at = int(np.abs(scores - others).argmax())
    return f"{float(scores.flat[at])} and {float(others.flat[at])}"
