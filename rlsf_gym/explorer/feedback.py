"""Computes what the explorer shows of a response: the environment's rewards under several designs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any, NamedTuple, get_args

import numpy as np

from rlsf_gym.designs import DESIGNS, load_design
from rlsf_gym.domains import Domain, Example, load_domain
from rlsf_gym.envs.response import ResponseEnv
from rlsf_gym.explorer.choices import LABELS, describe_design, is_taken, show_example
from rlsf_gym.explorer.question import Question, check, check_among, read_data, write_data
from rlsf_gym.explorer.wording import one_line, plain_standing
from rlsf_gym.feedback.decoding import read_responses
from rlsf_gym.feedback.scoring import Boundary, Scoring
from rlsf_gym.instance import Instance
from rlsf_gym.objectives import OBJECTIVES, load_objective
from rlsf_gym.prompts import Prompts, load_prompts
from rlsf_gym.render import make_reading
from rlsf_gym.render.standing import make_standings, rankings_from_info
from rlsf_gym.scorers.protocol import has_verdict, needs_instance
from rlsf_gym.text.segmentation import choose_segmentation
from rlsf_gym.text.tokenizer import load_tokenizer

MAX_TOKENS = 5_120
"""Most tokens of a prompt or a response: a page with more of them is slow to draw."""
MAX_CHARACTERS = 4_000_000
"""Most characters that a design may have scored beyond the prefixes: about two seconds of VADER."""
MAX_CANDIDATES = 1 << 22
"""Most tokens that could have stood at all places of a response together: under a second of ranking."""
SEED = 0
"""Seed of the designs that draw."""
_HINTS = {"transformer": "needs a classifier: start the explorer with --scorer-model"}


class Play(NamedTuple):
    """A response that is played under one design after the other."""

    instance: Instance
    ids: tuple[int, ...]
    """Tokens of the response."""
    parts: Mapping[str, Any]
    """Arguments of the environment that the question picks."""
    env: Callable[[bool], ResponseEnv]
    """Returns the environment; told whether it is to say what other tokens would have earned."""

    @property
    def given(self) -> Any:
        """The value of the option of `reset` that sets the instance."""
        return self.instance.prompt if self.instance.data is None else self.instance.data


class Explorer:
    """Answers questions of the explorer's page with the environments of a domain.

    Args:
        scorer_kwargs: Arguments of the scorers that need some, by name.
        designs: Names of `DESIGNS` or `"module:attribute"`; all of the table by default.
        scorers: Places of scorers beside those of the domain, `"module:attribute"`; there are no others.
        objectives: Places of objectives beside those of the table.
        domain: The domain; the default one where it is None.
        env_kwargs: Further arguments of the environment; tokenizer and prompts among them.
    """

    def __init__(
        self,
        scorer_kwargs: Mapping[str, Mapping[str, Any]] | None = None,
        designs: Iterable[str] = (),
        *,
        scorers: Iterable[str] = (),
        objectives: Iterable[str] = (),
        domain: Domain | None = None,
        env_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        self.domain = load_domain() if domain is None else domain
        more = {**self.domain.defaults, **(env_kwargs or {})}
        self.designs = tuple(dict.fromkeys([*DESIGNS, *designs]))
        self._lock = threading.Lock()
        self._tokenizer = load_tokenizer(more.pop("tokenizer", "bundled"))
        self._prompts = self._load_prompts(more.pop("prompts", None), more.pop("prompts_kwargs", None) or {})
        self._objective_kwargs: dict[str, Any] = more.pop("objective_kwargs", None) or {}
        self._design_kwargs: dict[str, Any] = more.pop("reward_design_kwargs", None) or {}
        self._more = more
        self.scorers = tuple(dict.fromkeys([*self.domain.scorers, *scorers]))
        self.objectives = tuple(dict.fromkeys([*OBJECTIVES, *objectives]))
        self._tells: dict[tuple[str, ...], bool] = {}
        self._scorers: dict[str, Any] = {}
        self._refusals: dict[str, str] = {}
        self._load_scorers(scorer_kwargs or {})
        self.opening, self._examples = self._open()

    def _open(self) -> tuple[Question, list[Example]]:
        """Returns the question that the page opens with, and all examples.

        Designs that its scorer can't serve are left out, and so are examples that are none under the
        arguments of the domain, such as grids of another size.
        """
        examples, name = list(self.domain.samples.examples), self.domain.scorer
        if name not in self._scorers:
            return Question.opening(self.domain, examples), examples
        refused = self._refused(self._scorers[name])
        if self.domain.instances is not None:
            task = self._make({"scorer": self._scorers[name]}, 1, False).task
            examples = [one for one in examples if is_taken(task, one)]
        question = Question.opening(self.domain, examples)
        served = tuple(name for name in question.designs if name not in refused)
        return replace(question, designs=served), examples

    def _load_prompts(self, spec: Any, kwargs: Mapping[str, Any]) -> tuple[str, ...]:
        """Returns the prompts that the page offers, none in a domain that makes its own."""
        if self.domain.instances is not None or spec is None:
            return ()
        found = load_prompts(spec, tokenizer=self._tokenizer, split="all", domain=self.domain, **kwargs)
        return tuple(found.texts)

    def _load_scorers(self, kwargs: Mapping[str, Mapping[str, Any]]) -> None:
        for name in self.scorers:
            try:
                self._scorers[name] = self.domain.load_scorer(name, **kwargs.get(name, {}))
            except (ValueError, ImportError, OSError) as error:
                is_hinted = name in set(_HINTS) - set(kwargs)
                self._refusals[name] = _HINTS[name] if is_hinted else one_line(error)

    def options(self) -> dict[str, Any]:
        """Returns all choices of the page as plain data, with a reason for each that can't be picked.

        Choices that mean nothing in the domain are none: objectives, where every score is a verdict, and
        boundaries, where values are known after each character.
        """
        has_instances = self.domain.instances is not None
        are_verdicts = all(map(has_verdict, self._scorers.values()))
        return {
            "designs": [describe_design(name) for name in self.designs],
            "scorers": [self._offer(name) for name in self.scorers],
            "objectives": [] if are_verdicts else list(self.objectives),
            "boundaries": [] if has_instances else list(get_args(Boundary)),
            "examples": list(map(show_example, self._examples)),
            "prompts": list(self._prompts),
            "has_instances": has_instances,
            "labels": {**LABELS, **self.domain.labels},
        }

    def answer_plain(self, plain: Any) -> dict[str, Any]:
        """Returns the answer to a question in decoded JSON, one at a time: scorers keep what they have read.

        Raises:
            ValueError: If it is not a question, or can't be answered.
        """
        question = Question.from_plain(plain, self.opening)
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
        other tokens would have earned has it in `others`, None where the response is too long for that. The
        end token follows a response to an instance: what the end itself changes is paid there.

        Raises:
            ValueError: If the texts are too long or no text, something that was picked does not exist, or the
                domain has no such instance.
        """
        parts = self._load(question)
        instance = self._find_instance(question, parts)
        self._encode("prompt", instance.prompt)
        ids = self._encode("response", question.response)
        if instance.data is not None:
            ids = [*ids, self._tokenizer.eos_token_id]
        play = Play(instance, tuple(ids), parts, cache(partial(self._make, parts, max(1, len(ids)))))
        return {
            **self._read(play),
            "ids": ids,
            "designs": {name: self._play(name, question, play) for name in question.designs},
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

    def _find_instance(self, question: Question, parts: Mapping[str, Any]) -> Instance:
        """Returns what the response is about: the prompt of plain text, or an instance, given or drawn."""
        if self.domain.instances is None:
            check("instance", question.instance, not question.instance, "left out: the domain has prompts")
            return Instance(question.prompt)
        check("prompt", question.prompt, not question.prompt, "left out: it follows from the instance")
        data = read_data(question.instance) if question.instance else None
        options = None if data is None else {"instance": data}
        _, info = self._make(parts, 1, False).reset(seed=question.seed, options=options)
        return Instance(info["prompt"], info["prompt_id"], info["instance"])

    def _read(self, play: Play) -> dict[str, Any]:
        """Returns the data of the response that do not depend on the design."""
        scorer, objective = play.parts["scorer"], play.parts["objective"]
        row = np.array(play.ids or [self._tokenizer.vocab_size], np.int64)[None]  # (1, T)
        segmentation = choose_segmentation(scorer, self.domain.segmentation)
        scoring = Scoring(
            scorer=scorer,
            boundary=play.parts["boundary"],
            segmentation=segmentation,
            is_watched=not needs_instance(scorer),
        )
        scores = scoring.ask([play.instance], read_responses(row, self._tokenizer), prefixes=True)
        assert scores.prefixes is not None
        certificate, data = scores.certificates[0], play.instance.data
        prompt_utility, utility = objective([scores.prompt[0], scores.full[0]]).tolist()
        amounts = certificate.rule_amounts(
            prompt_utility=prompt_utility, utility=utility, slope=float(objective.slope(scores.full)[0])
        )
        pieces, records = [self._tokenizer.token_bytes(token) for token in play.ids], certificate.as_records()
        return {
            **make_reading(play.instance.prompt, pieces, records, segmentation, payload=certificate.payload),
            **({} if data is None else {"instance": write_data(data)}),
            **({"solved": bool(scores.full[0])} if has_verdict(scorer) else {}),
            "prompt_score": float(scores.prompt[0]),
            "score": float(scores.full[0]),
            "running": scores.prefixes[0, : len(play.ids)].tolist(),
            "prompt_utility": prompt_utility,
            "utility": utility,
            "verifiable": certificate.verifiable,
            "rules": {rule: amount for rule, amount in amounts.items() if amount},
        }

    def _play(self, name: str, question: Question, play: Play) -> dict[str, Any]:
        """Returns the rewards of the response under one design, or an error that says why there are none."""
        design, count = load_design(name), len(play.ids)
        texts = design.cost(count)
        characters = (texts - count * design.uses_prefixes) * len(play.instance.prompt + question.response)
        if characters > MAX_CHARACTERS:
            return {
                "error": f"{name} would score {texts:,} texts of this length: shorten the response to see it"
            }
        tells = self._tells_others(name, question, play.parts)
        is_short = count * self._tokenizer.vocab_size <= MAX_CANDIDATES
        try:
            env = play.env(tells and is_short)
            env.task = env.task.with_design(name, self._design_kwargs)
            env.reset(seed=SEED, options={env.task.option: play.given})
            _, reward, _, _, info = env.step(play.ids)
        except (ValueError, ImportError) as error:
            return {"error": one_line(error)}
        rankings = rankings_from_info(info, chosen=play.ids, vocab_size=self._tokenizer.vocab_size)
        others = [plain_standing(one) for one in make_standings(rankings, self._tokenizer)]
        return {
            "rewards": info["token_rewards"][:count].tolist(),
            "total": reward,
            "texts": texts,
            **({"others": others if is_short else None} if tells else {}),
        }

    def _tells_others(self, name: str, question: Question, parts: Mapping[str, Any]) -> bool:
        """Returns whether it can be told under a design what other tokens would have earned."""
        key = (name, question.scorer, question.objective, question.boundary)
        if key not in self._tells:
            try:
                self._make(parts, 1, True).task.with_design(name, self._design_kwargs)
            except (ValueError, ImportError):  # it has a reason, which is no fault
                self._tells[key] = False
            else:
                self._tells[key] = True
        return self._tells[key]

    def _make(self, parts: Mapping[str, Any], length: int, candidates: bool) -> ResponseEnv:
        """Returns an environment of responses of a length, whose design is yet to be chosen."""
        arguments: dict[str, Any] = {
            **self._more,
            **{"domain": self.domain, "tokenizer": self._tokenizer, "split": "all"},
            **{"max_prompt_tokens": MAX_TOKENS, "max_new_tokens": length, "candidates": candidates},
            **{"prompts": Prompts(("",)) if self.domain.instances is None else None},
            **{**parts, "reward_design": "terminal"},
        }
        return ResponseEnv(**arguments)

    def _offer(self, name: str) -> dict[str, Any]:
        """Returns a scorer as a choice, with the reasons why it, or a design with it, can't be picked."""
        refused = self._refused(self._scorers[name]) if name in self._scorers else {}
        return {"name": name, "reason": self._refusals.get(name), "refused": refused}

    def _refused(self, scorer: Any) -> dict[str, str]:
        """Returns the designs that a scorer can't serve, each with the reason."""
        try:
            task = self._make({"scorer": scorer}, 1, False).task
        except (ValueError, ImportError) as error:
            return dict.fromkeys(self.designs, one_line(error))
        refused: dict[str, str] = {}
        for design in self.designs:
            try:
                task.with_design(design, self._design_kwargs)
            except (ValueError, ImportError) as error:
                refused[design] = one_line(error)
        return refused

    def _encode(self, name: str, text: str) -> list[int]:
        try:
            ids = self._tokenizer.encode(text)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        if len(ids) > MAX_TOKENS:
            raise ValueError(f"{name} must have at most {MAX_TOKENS:,} tokens, got {len(ids):,}: shorten it")
        return ids
