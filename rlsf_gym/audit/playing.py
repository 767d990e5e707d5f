"""Payer of an environment: a response is an episode, and each token has a reward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import gymnasium as gym
import numpy as np

from rlsf_gym.arguments import one_line
from rlsf_gym.audit.outcome import Outcome
from rlsf_gym.audit.payers import Found, Row

__all__ = ["EnvironmentPayer"]

_EPISODES = 4
"""Episodes whose prompts are taken where the domain has no examples."""
_RESPONSES = 8
"""Responses to each of these prompts, made of the domain's sample pieces."""


class EnvironmentPayer:
    """Plays responses in an environment of this library's info contract.

    The sum of the token rewards is what a response is paid. A text is encoded with the environment's
    tokenizer, ended by the end token where that fits, and cut where the environment cuts.

    Args:
        env_id: Id of an environment whose step is a response, a text or a token.
        kwargs: Its keyword arguments.

    Raises:
        ValueError: If there is no such environment, or it has no tokenizer.
    """

    file: str | None = None

    def __init__(self, env_id: str, kwargs: Mapping[str, Any]) -> None:
        try:
            self._env: gym.Env[Any, Any] = gym.make(env_id, disable_env_checker=True, **kwargs)
        except gym.error.Error as error:
            raise ValueError(one_line(error)) from error
        bare = cast(Any, self._env.unwrapped)
        if not hasattr(bare, "tokenizer") or not hasattr(bare, "task"):
            raise ValueError(f"{env_id} must be an environment of rlsf_gym, with a tokenizer and a task")
        self._tokenizer, self._task = bare.tokenizer, bare.task
        self._size = int(self._task.max_new_tokens)

    def describe(self) -> dict[str, Any]:
        """Returns cases of the domain, the longest response, and what the design declares."""
        cases = self._cases()
        design = self._task.feedback.design
        declared = {key: bool(getattr(design, key)) for key in ("causal", "conserving", "bounded")}
        return {
            "kind": "environment", "needs": [], "cases": cases, "size": self._size,
            "design": design.name, "declared": declared,
        }  # fmt: skip

    def _cases(self) -> list[dict[str, Any]]:
        """Returns what episodes begin with, of the domain's examples, with their responses."""
        found: dict[str, dict[str, Any]] = {}
        for example in self._task.domain.samples.examples:
            key = self._task.option
            begins = example.prompt if example.instance is None else dict(example.instance)
            case = found.setdefault(
                str(begins), {"columns": {key: begins}, "responses": [], "messages": [], "truth": None}
            )
            case["responses"].append(example.response)
        cases = [case for case in found.values() if self._begin(case)]
        return cases or [self._drawn(seed) for seed in range(_EPISODES)]

    def _begin(self, case: dict[str, Any]) -> bool:
        """Writes the prompt into a case; returns whether the environment takes it."""
        try:
            _, info = self._env.reset(seed=0, options=dict(case["columns"]))
        except ValueError:  # an example of another size than this environment's
            return False
        case["prompt"] = info["prompt"]
        return True

    def _drawn(self, seed: int) -> dict[str, Any]:
        _, info = self._env.reset(seed=seed)
        key = self._task.option
        return {
            "columns": {key: info[key]}, "prompt": info["prompt"], "responses": self._draw_responses(seed),
            "messages": [], "truth": None,
        }  # fmt: skip

    def _draw_responses(self, seed: int) -> list[str]:
        """Returns responses of sample pieces, those that the tokenizer can write, from one piece to many."""
        texts = [piece.decode(errors="ignore") for piece in self._task.domain.samples.pieces]
        pieces = [text for text in texts if text and self._is_writable(text)]
        if not pieces:
            return []
        rng, most = np.random.default_rng(seed), min(self._size, _RESPONSES)
        drawn = (rng.choice(len(pieces), 1 + number % most) for number in range(_RESPONSES))
        return ["".join(pieces[number] for number in numbers) for numbers in drawn]

    def _is_writable(self, text: str) -> bool:
        try:
            self._tokenizer.encode(text)
        except ValueError:
            return False
        return True

    def pay(self, rows: Sequence[Row], chat: bool) -> Found:
        """Returns what each response was paid in an episode of its own, with the rewards of its tokens."""
        played = [self._play(row) for row in rows]
        keys = ("tokens", "token_rewards", "facts")
        return [one[0] for one in played], {
            key: [one[1][number] for one in played] for number, key in enumerate(keys)
        }

    def _play(self, row: Row) -> tuple[Outcome, tuple[list[int], list[float], dict[str, Any]]]:
        try:
            ids = self._tokenizer.encode(row["response"])[: self._size]
        except ValueError as error:  # its tokens can't write this text
            return Outcome("unwritable", told=str(error)), ([], [], {"design": ""})
        space = self._env.action_space
        if (
            not isinstance(space, gym.spaces.MultiDiscrete | gym.spaces.Discrete)
            and row["response"] not in space
        ):
            return Outcome("unwritable", told="longer than the environment's texts"), ([], [], {"design": ""})
        self._env.reset(seed=0, options=dict(row["columns"]))
        reward, info = self._step(row["response"], ids)
        length = int(info["response_length"])
        facts = {key: float(info[key]) for key in ("utility", "score", "solved") if key in info}
        rewards = np.asarray(info["token_rewards"], np.float64)[:length].tolist()
        ended = [*ids, self._tokenizer.eos_token_id][:length]
        return Outcome.of(reward), (ended, rewards, {**facts, "design": str(info["reward_design"])})

    def _step(self, response: str, ids: list[int]) -> tuple[float, dict[str, Any]]:
        """Returns the sum of the rewards and the last info of an episode with this response."""
        space = self._env.action_space
        ended = [*ids, self._tokenizer.eos_token_id][: self._size]
        if isinstance(space, gym.spaces.MultiDiscrete):
            action = np.full(self._size, self._tokenizer.vocab_size, np.int64)  # V: no token
            action[: len(ended)] = ended
            _, reward, _, _, info = self._env.step(action)
            return float(reward), info
        if not isinstance(space, gym.spaces.Discrete):
            _, reward, _, _, info = self._env.step(response)
            return float(reward), info
        total, info = 0.0, dict[str, Any]()
        for token in ended:
            _, reward, _, _, info = self._env.step(token)
            total += float(reward)
        return total, info
