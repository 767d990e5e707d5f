"""Computes what the explorer shows of a response: the environment's rewards under several designs."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, get_args

import numpy as np

from rlsf_gym import (
    DESIGNS,
    OBJECTIVES,
    SCORERS,
    Objective,
    SentimentEnv,
    load_design,
    load_objective,
    load_prompts,
    load_scorer,
    load_tokenizer,
)
from rlsf_gym.domains import load_domain
from rlsf_gym.explorer.question import Question, check_among
from rlsf_gym.feedback.decoding import read_responses
from rlsf_gym.feedback.scoring import Boundary, Scoring
from rlsf_gym.presets.task_flags import tell
from rlsf_gym.prompts import Prompts
from rlsf_gym.render import Standing, make_reading
from rlsf_gym.render.standing import EVEN, make_standings, rankings_from_info
from rlsf_gym.text.segmentation import choose_segmentation

MAX_TOKENS = 5_120
"""Most tokens of a prompt or a response: a page with more of them is slow to draw."""
MAX_CHARACTERS = 4_000_000
"""Most characters that a design may have scored beyond the prefixes: about two seconds of VADER."""
MAX_CANDIDATES = 1 << 22
"""Most tokens that could have stood at all places of a response together: under a second of ranking."""
SEED = 0
"""Seed of the designs that draw."""
_HINTS = {"transformer": "needs a classifier: start the explorer with --scorer-model"}


class Explorer:
    """Answers questions of the explorer's page with the environments.

    Args:
        scorer_kwargs: Arguments of the scorers that need some, by name.
        designs: Names of `DESIGNS` or `"module:attribute"`; all of the table by default.
        scorers: Places of scorers beside those of the table, `"module:attribute"`; a page asks for no others.
        objectives: Places of objectives beside those of the table.
        env_kwargs: Further arguments of the environment; tokenizer and prompts among them.
    """

    def __init__(
        self,
        scorer_kwargs: Mapping[str, Mapping[str, Any]] | None = None,
        designs: Iterable[str] = (),
        *,
        scorers: Iterable[str] = (),
        objectives: Iterable[str] = (),
        env_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        more = dict(env_kwargs or {})
        self.designs = tuple(dict.fromkeys([*DESIGNS, *designs]))
        self._lock = threading.Lock()
        self._tokenizer = load_tokenizer(more.pop("tokenizer", "bundled"))
        kwargs: dict[str, Any] = more.pop("prompts_kwargs", None) or {}
        self._prompts = load_prompts(
            more.pop("prompts", "bundled"), tokenizer=self._tokenizer, split="all",
            **kwargs,
        )  # fmt: skip
        self._objective_kwargs: dict[str, Any] = more.pop("objective_kwargs", None) or {}
        self._more = more
        self.scorers = tuple(dict.fromkeys([*SCORERS, *scorers]))
        self.objectives = tuple(dict.fromkeys([*OBJECTIVES, *objectives]))
        self._tells: dict[tuple[str, ...], bool] = {}
        self._scorers: dict[str, Any] = {}
        self._refusals: dict[str, str] = {}
        given = scorer_kwargs or {}
        for name in self.scorers:
            try:
                self._scorers[name] = load_scorer(name, **given.get(name, {}))
            except (ValueError, ImportError, OSError) as error:
                self._refusals[name] = _HINTS[name] if name in set(_HINTS) - set(given) else one_line(error)

    def options(self) -> dict[str, Any]:
        """Returns all choices of the page as plain data, with a reason for each that can't be picked."""
        return {
            "designs": [self._describe(name) for name in self.designs],
            "scorers": [self._offer(name) for name in self.scorers],
            "objectives": list(self.objectives),
            "boundaries": list(get_args(Boundary)),
            "examples": [example._asdict() for example in load_domain().samples.examples],
            "prompts": list(self._prompts.texts),
        }

    def answer_plain(self, plain: Any) -> dict[str, Any]:
        """Returns the answer to a question in decoded JSON, one at a time: scorers keep what they have read.

        Raises:
            ValueError: If it is not a question, or can't be answered.
        """
        question = Question.from_plain(plain)
        with self._lock:
            return self.answer(question)

    def widened(self, question: Question) -> Question:
        """Returns the question for all designs that its scorer can serve, and those it asks for."""
        refused: dict[str, str] = {}
        if question.scorer in self._scorers:
            refused = self._offer(question.scorer)["refused"]
        served = (name for name in self.designs if name not in refused)
        return replace(question, designs=(*question.designs, *served))

    def answer(self, question: Question) -> dict[str, Any]:
        """Returns tokens, records, running score, and the rewards under each design, as plain data.

        A design that can't serve the question has an `error` in place of its rewards. One that can tell what
        other tokens would have earned has it in `others`, None where the response is too long for that.

        Raises:
            ValueError: If the texts are too long or no text, or something that was picked does not exist.
        """
        parts = self._load(question)
        self._encode("prompt", question.prompt)
        ids = self._encode("response", question.response)
        return {
            **self._read(question, ids, **parts),
            "ids": ids,
            "designs": {name: self._play(name, question, ids, parts) for name in question.designs},
        }

    def _load(self, question: Question) -> dict[str, Any]:
        """Returns the arguments of the environment that the question picks."""
        for name in question.designs:
            check_among("designs", name, self.designs)
        check_among("scorer", question.scorer, self.scorers)
        check_among("objective", question.objective, self.objectives)
        check_among("boundary", question.boundary, get_args(Boundary))
        if question.scorer in self._refusals:
            raise ValueError(f"scorer {question.scorer}: {self._refusals[question.scorer]}")
        kwargs = {"target": question.target} if question.objective == "target" else self._objective_kwargs
        return {
            "scorer": self._scorers[question.scorer],
            "objective": load_objective(question.objective, **kwargs),
            "boundary": question.boundary,
        }

    def _read(
        self, question: Question, ids: Sequence[int], *, scorer: Any, objective: Objective, boundary: Boundary
    ) -> dict[str, Any]:
        """Returns the data of the response that do not depend on the design."""
        row = np.array(ids or [self._tokenizer.vocab_size], np.int64)[None]  # (1, T)
        segmentation = choose_segmentation(scorer, load_domain().segmentation)
        scores = Scoring(scorer=scorer, boundary=boundary, segmentation=segmentation).ask(
            [question.prompt], read_responses(row, self._tokenizer), prefixes=True
        )
        assert scores.prefixes is not None
        certificate = scores.certificates[0]
        prompt_utility, utility = objective([scores.prompt[0], scores.full[0]]).tolist()
        amounts = certificate.rule_amounts(
            prompt_utility=prompt_utility, utility=utility, slope=float(objective.slope(scores.full)[0])
        )
        pieces = [self._tokenizer.token_bytes(token) for token in ids]
        return {
            **make_reading(question.prompt, pieces, certificate.as_records(), segmentation),
            "prompt_score": float(scores.prompt[0]),
            "score": float(scores.full[0]),
            "running": scores.prefixes[0, : len(ids)].tolist(),
            "prompt_utility": prompt_utility,
            "utility": utility,
            "verifiable": certificate.verifiable,
            "rules": {rule: amount for rule, amount in amounts.items() if amount},
        }

    def _play(
        self, name: str, question: Question, ids: Sequence[int], parts: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Returns the rewards of the response under one design, or an error that says why there are none."""
        design = load_design(name)
        texts = design.cost(len(ids))
        characters = (texts - len(ids) * design.uses_prefixes) * len(question.prompt + question.response)
        if characters > MAX_CHARACTERS:
            return {
                "error": f"{name} would score {texts:,} texts of this length: shorten the response to see it"
            }
        tells = self._tells_others(name, question, parts)
        is_short = len(ids) * self._tokenizer.vocab_size <= MAX_CANDIDATES
        more = {"candidates": True} if tells and is_short else {}
        try:
            env = self._make(name, question.prompt, max(1, len(ids)), **parts, **more)
            env.reset(seed=SEED, options={"prompt": question.prompt})
            _, reward, _, _, info = env.step(list(ids))
        except (ValueError, ImportError) as error:
            return {"error": one_line(error)}
        rankings = rankings_from_info(info, chosen=ids, vocab_size=self._tokenizer.vocab_size)
        others = [plain_standing(one) for one in make_standings(rankings, self._tokenizer)]
        return {
            "rewards": info["token_rewards"][: len(ids)].tolist(),
            "total": reward,
            "texts": texts,
            **({"others": others if is_short else None} if tells else {}),
        }

    def _tells_others(self, name: str, question: Question, parts: Mapping[str, Any]) -> bool:
        """Returns whether it can be told under a design what other tokens would have earned."""
        key = (name, question.scorer, question.objective, question.boundary)
        if key not in self._tells:
            try:
                self._make(name, "", 1, **parts, candidates=True)
            except (ValueError, ImportError):  # it has a reason, which is no fault
                self._tells[key] = False
            else:
                self._tells[key] = True
        return self._tells[key]

    def _make(self, design: str, prompt: str, length: int, **kwargs: Any) -> SentimentEnv:
        return SentimentEnv(
            reward_design=design,
            tokenizer=self._tokenizer,
            prompts=Prompts((prompt,)),
            max_prompt_tokens=MAX_TOKENS,
            max_new_tokens=length,
            **{**self._more, **kwargs},
        )

    def _describe(self, name: str) -> dict[str, Any]:
        design = load_design(name)
        return {
            "name": name,
            "summary": summary(design.function),
            "causal": design.causal,
            "conserving": design.conserving,
            "bounded": design.bounded,
        }

    def _offer(self, name: str) -> dict[str, Any]:
        """Returns a scorer as a choice, with the reasons why it, or a design with it, can't be picked."""
        refused: dict[str, str] = {}
        for design in self.designs if name in self._scorers else ():
            try:
                self._make(design, "", 1, scorer=self._scorers[name])
            except (ValueError, ImportError) as error:
                refused[design] = one_line(error)
        return {"name": name, "reason": self._refusals.get(name), "refused": refused}

    def _encode(self, name: str, text: str) -> list[int]:
        try:
            ids = self._tokenizer.encode(text)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        if len(ids) > MAX_TOKENS:
            raise ValueError(f"{name} must have at most {MAX_TOKENS:,} tokens, got {len(ids):,}: shorten it")
        return ids


def plain_standing(standing: Standing) -> dict[str, Any]:
    """Returns a token's standing as plain data: best and worst with their rewards, the rank in words.

    >>> plain_standing(Standing((("a", 0.5),), (("b", -1.0),), rank=2, of=9))
    {'best': [['a', 0.5]], 'worst': [['b', -1.0]], 'place': 'rank 2 of 9'}
    """
    if standing.is_even:
        return {"best": [], "worst": [], "place": EVEN}
    return {
        "best": [list(one) for one in standing.best],
        "worst": [list(one) for one in standing.worst],
        "place": standing.place,
    }


def summary(function: Any) -> str:
    """Returns what a function returns, by the first line of its docstring.

    >>> summary(partial(summary))
    'what a function returns, by the first line of its docstring'
    """
    while isinstance(function, partial):
        function = function.func
    first = (inspect.getdoc(function) or "").partition("\n")[0]
    return first.removeprefix("Returns ").rstrip(".")


def one_line(error: BaseException) -> str:
    """Returns an error's message in one line, with flags in the place of the environment's arguments."""
    return " ".join(tell(error).split()) or type(error).__name__
