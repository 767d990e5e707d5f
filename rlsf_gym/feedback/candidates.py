"""Rewards that each token of the vocabulary would have earned, at each position of responses.

The scorer says what each token would make of the score, the objective what that is worth, and the design,
stated by what one token is paid, what it would have earned. All of it is worked out for kinds of tokens that
score alike, at many positions at once, and spread over the tokens at the end.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from rlsf_gym.designs import Step, Transition
from rlsf_gym.evidence import BoolArray, FloatArray, IntArray
from rlsf_gym.feedback.candidate_checks import check_form
from rlsf_gym.feedback.candidate_columns import Columns, Part, Rewards, lay_out
from rlsf_gym.feedback.decoding import Pieces, Responses, find_pending
from rlsf_gym.feedback.scoring import Scoring
from rlsf_gym.instance import Instance, copy_data
from rlsf_gym.objectives import Objective
from rlsf_gym.scorers.protocol import Candidates, Exceptions, find_candidates, needs_instance
from rlsf_gym.text.following import Following, read_following
from rlsf_gym.text.tokenizer import Tokenizer

__all__ = ["CANDIDATE_KEYS", "CandidateRewards", "Known"]

Scored = FloatArray | Rewards
Key = tuple[bytes, bool]

CANDIDATE_KEYS = ("candidate_ids", "candidate_rewards", "other_rewards")
"""Keys of an info that say what every token would have earned."""
_CELLS = 2**17  # of scores that are turned into rewards at once: a megabyte
_ROUNDING = 1e-12  # of utilities near 1; a design may pay more for any change than for none
_SINGLE_ROUNDING = 1e-6  # the same where scores are not in double precision
_KEPT_TEXTS = 2**19  # behind half characters; a scorer keeps tables for them, too


class Known(NamedTuple):
    """What the rewards of B responses of T positions rest on beside the tokens."""

    prompt: FloatArray
    """Utility of each prompt, float64 (B, T)."""
    before: FloatArray | None
    """Utility that is known before each token, float64 (B, T); None where the design reads none."""
    drawn: FloatArray | None
    """A number drawn for each position, float64 (B, T); None where the design draws none."""
    alive: BoolArray | None = None
    """Whether a right answer is possible before each token, bool (B, T); None without a verdict."""

    def at(self, places: Any) -> Known:
        """Returns what is known at some places, by their index into each array."""
        return Known(
            self.prompt[places],
            None if self.before is None else self.before[places],
            None if self.drawn is None else self.drawn[places],
            None if self.alive is None else self.alive[places],
        )

    def values(self, mask: BoolArray) -> Rewards:
        """Returns the gain in utility that is known before each token, float32 (B, T), 0 off the mask."""
        assert self.before is not None
        return np.where(mask, self.before - self.prompt, 0.0).astype(np.float32)


@dataclass(eq=False, kw_only=True)
class CandidateRewards:
    """Works out what each token of the vocabulary would have earned."""

    scoring: Scoring
    objective: Objective
    step: Step
    tokenizer: Tokenizer
    pieces: Pieces
    _followings: dict[Key, Following] = field(default_factory=dict[Key, Following], init=False, repr=False)

    def draw(self, rngs: Sequence[np.random.Generator], size: int) -> FloatArray | None:
        """Returns the numbers that the design is about to draw, float64 (B, T), None if it draws none.

        Args:
            rngs: B generators, whose state is left unchanged.
            size: T.
        """
        return self.step.draw(copy.deepcopy(list(rngs)), size) if self.step.draws else None

    def of_responses(
        self, instances: Sequence[Instance], actions: IntArray, responses: Responses, known: Known
    ) -> Columns:
        """Returns `candidate_ids`, `candidate_rewards` and `other_rewards` of each position.

        They are int64 (B, K), read-only, whose rows are one and the same; float32 (B, T, K), which lies in
        memory token by token; and float32 (B, T).

        Args:
            instances: B instances.
            actions: int64 (B, T), the ids of the tokens.
            responses: The responses that they spell.
            known: What else the rewards rest on.

        Raises:
            ValueError: If the scorer or the design returns what it must not.
        """
        size = responses.mask.shape
        places = responses.mask.copy()
        places[0, 0] |= not places.any()  # so that it is known which tokens have rewards of their own
        starts = np.zeros(size, np.int64)
        starts[:, 1:] = responses.char_ends[:, :-1]
        parts: list[Part] = []
        for key, chosen in self._group(actions, responses, places):
            rows = chosen // size[1]
            used = np.flatnonzero(np.bincount(rows, minlength=size[0])).tolist()
            borders = np.flatnonzero(np.diff(rows)) + 1  # where those of the next response begin
            ends = np.split(starts.reshape(-1)[chosen], borders)
            asked = [instances[row] for row in used], [responses.texts[row] for row in used], ends
            parts += self._pay(chosen, key, asked, known.at(np.unravel_index(chosen, size)))
        return lay_out(parts, responses.mask, self.tokenizer.vocab_size)

    def of_next(
        self, instance: Instance, written: Sequence[int], is_last: bool, known: Known
    ) -> dict[str, Any]:
        """Returns `candidate_ids` int64 (K,), `candidate_rewards` float32 (K,), `other_rewards` float32.

        Args:
            instance: The instance.
            written: The ids of the response so far, without an end.
            is_last: Whether the next token ends the response, whichever it is.
            known: What the reward of the next token rests on, in arrays of one element.

        Raises:
            ValueError: If the scorer or the design returns what it must not.
        """
        text, pending = self.pieces.read(written)
        asked = [instance], [text], [np.array([len(text)])]
        parts = self._pay(np.zeros(1, np.int64), (pending, is_last), asked, known)
        columns = lay_out(parts, np.ones((1, 1), np.bool_), self.tokenizer.vocab_size)
        return {
            "candidate_ids": columns["candidate_ids"][0].copy(),
            "candidate_rewards": columns["candidate_rewards"][0, 0].copy(),
            "other_rewards": columns["other_rewards"][0, 0],
        }

    def _group(
        self, actions: IntArray, responses: Responses, places: BoolArray
    ) -> list[tuple[Key, IntArray]]:
        """Returns the flat positions of each kind: by bytes that wait, and by whether any token is the last.

        It is at position T - 1, and where a response stopped without an end token.
        """
        is_last = np.zeros(places.shape, np.bool_)
        is_last[:, -1] = True
        stopped = np.array([reason == "stop" for reason in responses.finish_reasons])
        is_last[stopped, responses.lengths[stopped] - 1] = True
        keys: dict[bytes, list[int]] = find_pending(actions, responses, self.pieces)
        waits = np.zeros(places.shape, np.bool_)
        for chosen in keys.values():
            waits.reshape(-1)[chosen] = True
        groups: list[tuple[Key, IntArray]] = []
        for last in (False, True):
            here = places & (is_last == last)
            groups.append(((b"", last), np.flatnonzero(here & ~waits)))
            for pending, chosen in keys.items():
                some = np.array(chosen)
                groups.append(((pending, last), some[here.reshape(-1)[some]]))
        return [(key, chosen) for key, chosen in groups if len(chosen)]

    def _following(self, key: Key) -> Following:
        """Returns the texts that tokens add, one object for equal ones as long as it is kept.

        Of those behind half a character, which are too many, those are kept that are asked for again.
        """
        found = self._followings.pop(key, None)
        if found is None:
            behind = [one for one in self._followings if one[0]]
            if key[0] and behind and (len(behind) + 1) * self.tokenizer.vocab_size > _KEPT_TEXTS:
                del self._followings[behind[0]]
            pending, is_last = key
            found = read_following(self.tokenizer, pending, is_last=is_last)
        self._followings[key] = found
        return found

    def _pay(
        self,
        places: IntArray,
        key: Key,
        asked: tuple[list[Instance], list[str], list[IntArray]],
        known: Known,
    ) -> list[Part]:
        """Returns the rewards at N places, in as many parts as the scorer has to be asked for them."""
        following = self._following(key)
        parts: list[Part] = []
        start = 0
        for found in self._ask(*asked, following):
            count = len(found.others)
            here = slice(start, start + count)
            parts.append(self._pay_part(places[here], found, following, known.at(here)))
            start += count
        return parts

    def _ask(
        self, instances: list[Instance], texts: list[str], ends: list[IntArray], following: Following
    ) -> list[Candidates]:
        """Returns the scores of candidates at all ends, of one or more responses each."""
        scorer: Any = self.scoring.scorer
        ask, is_batched = find_candidates(scorer) or (scorer.candidates, False)
        given: list[Any] = [one.prompt for one in instances]
        if needs_instance(scorer):
            given = [one if one.data is None else one._replace(data=copy_data(one.data)) for one in instances]
        if is_batched:
            found = [ask(given, texts, ends, following)]
            counts = [sum(map(len, ends))]
        else:
            found = [ask(*row, following) for row in zip(given, texts, ends, strict=True)]
            counts = list(map(len, ends))
        for one, count in zip(found, counts, strict=True):
            check_form(scorer.name, one, count, len(following.texts))
        return found

    def _pay_part(self, places: IntArray, found: Candidates, following: Following, known: Known) -> Part:
        """Returns the rewards of candidates at N places."""
        kinds = np.arange(len(found.ids)) if found.kinds is None else found.kinds  # (K,)
        is_over = bool(following.ends.all())
        ends = np.zeros(0, np.int64) if is_over else np.flatnonzero(following.ends)
        count = found.scores.shape[1]
        rest = found.exceptions
        # Scores (1 + E, N) of others and of end tokens, of a precision with those of which some are.
        apart: npt.NDArray[Any] = np.empty((1 + len(ends), len(places)), found.scores.dtype)
        apart[0] = found.others
        for row, token in enumerate(ends.tolist(), start=1):
            at = int(np.searchsorted(found.ids, token))
            own = at < len(found.ids) and found.ids[at] == token
            apart[row] = found.scores[:, kinds[at]] if own else found.others
            if own and rest is not None:
                mine = rest.columns == at
                apart[row, rest.rows[mine]] = rest.scores[mine]
                rest = Exceptions(rest.rows[~mine], rest.columns[~mine], rest.scores[~mine])
        rewards = np.empty((count + 1 + len(ends), len(places)), np.float32)
        self._fill(rewards[:count], found.scores.T, is_over, known)
        self._fill(rewards[count : count + 1], apart[:1], is_over, known)
        self._fill(rewards[count + 1 :], apart[1:], True, known)
        if rest is not None:
            rest = rest._replace(scores=self._rewards(rest.scores, is_over, known.at(rest.rows)))
        return Part(places, found.ids, kinds, ends, rewards, rest)

    def _fill(self, rewards: Rewards, scores: Scored, is_last: bool, known: Known) -> None:
        """Writes what scores of (C, N) earn, some rows after the other, as fit into a processor's cache."""
        count = max(1, _CELLS // max(1, scores.shape[1]))
        for start in range(0, len(scores), count):
            rows = slice(start, start + count)
            rewards[rows] = self._rewards(scores[rows], is_last, known)

    def _rewards(self, scores: Scored, is_last: bool, known: Known) -> Rewards:
        """Returns what scores earn, of the shape of the scores."""
        checked = self.scoring.in_range(scores, scores.shape, lambda: ["a candidate"] * scores.size)
        utilities = self.objective(checked)
        if known.before is not None:  # what changes nothing may be told to change the last digit
            rounding = _ROUNDING if scores.dtype == np.float64 else _SINGLE_ROUNDING
            rounding = rounding * np.maximum(np.abs(known.before), 1.0)
            np.copyto(utilities, known.before, where=np.abs(utilities - known.before) <= rounding)

        def look() -> tuple[FloatArray, FloatArray]:
            if known.before is None:
                raise ValueError(
                    "utilities of prefixes were not computed: declare uses_prefixes=True in the Design that "
                    "reads them"
                )
            return known.before, utilities

        ends = np.array(is_last)
        around = Transition(
            prompt=known.prompt, known=look, ending=lambda: (ends, utilities), drawn=known.drawn
        )
        if known.alive is not None:
            around.alive = lambda: (cast(BoolArray, known.alive), checked > 0.0)
        rewards = self.step.pays(around, scores.shape).astype(np.float32)
        if not np.isfinite(rewards).all():
            raise ValueError(
                f"reward design must pay finite rewards, {self.step.name} pays a candidate "
                f"{rewards[~np.isfinite(rewards)][0]}"
            )
        return rewards
