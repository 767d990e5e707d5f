"""Environment in which one step is one token."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.error import ResetNeeded

from rlsf_gym.envs.base import TaskEnv
from rlsf_gym.envs.screen import Episode
from rlsf_gym.envs.spaces import read_token, writing_space
from rlsf_gym.envs.task import TaskArguments
from rlsf_gym.evidence import BoolArray, IntArray
from rlsf_gym.feedback.candidates import CANDIDATE_KEYS
from rlsf_gym.feedback.core import add_columns
from rlsf_gym.feedback.growing import GrowingResponse
from rlsf_gym.instance import Instance

__all__ = ["TokenEnv"]

Observation = dict[str, npt.NDArray[Any]]


class TokenEnv(TaskEnv[Observation, "int | np.integer[Any]"]):
    """Multi-step environment: one token of the response each step, with a symbolic reward for each token.

    ## Description
    `ResponseEnv` for agents that act at every token. A prompt is drawn, the agent appends one token per
    step, and the episode ends with the end token or after T tokens. Prompts, rewards and certificates are
    those that `ResponseEnv` gives to the same tokens.

    P is `max_prompt_tokens`, T is `max_new_tokens`, and V the size of the vocabulary.

    `rlsf_gym/SentimentTokenToy-v0` is this environment with a toy language of a few hundred words
    (`tokenizer="toy"`), its prompts, and `boundary="open"`: small enough for agents that begin with nothing.

    ## Action Space
    `Discrete(V)`: the id of the next token. Anything else raises `gymnasium.error.InvalidAction`.
    `info["action_mask"]` int8 (V,) and the method `action_masks()` bool (V,) are 0 on tokens without
    text, and on the end token at the first position; such a token may be chosen all the same.

    ## Observation Space
    `Dict`: the prompt, left-padded in the first P places, then the tokens written so far.

    | key | space | meaning |
    | --- | --- | --- |
    | `input_ids` | `Box(0, V - 1, (P + T,), int64)` | token ids, 0 at padding |
    | `attention_mask` | `MultiBinary(P + T)` | 1 on real tokens |

    ## Rewards
    With a causal reward design each step pays the reward of its token; with any other design, whose
    rewards are not known before the end, the last step pays all of them. Either way the rewards of an
    episode add up to `info["token_rewards"].sum()` of its last step.

    ## Starting State
    A prompt, drawn with the environment's generator. `reset(options={"prompt": text})` sets it, or
    `{"instance": data}` in a domain whose prompts are made from data; one of more than P tokens raises
    ValueError.

    ## Episode End
    terminated is True with the end token and after T tokens, as the length is part of the task; truncated is
    False. A further step raises `gymnasium.error.ResetNeeded`.

    ## Arguments
    Those of `ResponseEnv`.

    ## Info
    That of `ResponseEnv`, the part of its step in the last step only; `action_mask` in every info. With
    `candidates=True` every info but the last says what the next token would earn: `candidate_ids` int64 (K,),
    `candidate_rewards` float32 (K,) and, for all other tokens, `other_rewards` float32. K is greater where
    half a character waits, so that `SyncVectorEnv`, which `gymnasium.make_vec` makes of these environments,
    fails to stack the infos then, unless no token is half a character (`tokenizer="toy"`).

    ## Version History
    * v0: first version.
    """

    def __init__(self, *, render_mode: str | None = None, **task: Unpack[TaskArguments]) -> None:
        super().__init__(task, render_mode)
        vocab_size = self.tokenizer.vocab_size
        self._width = self.task.max_prompt_tokens + self.task.max_new_tokens
        self.observation_space = writing_space(vocab_size, self._width)  # pyright: ignore[reportAttributeAccessIssue]
        self.action_space = spaces.Discrete(vocab_size)
        self._has_text = np.array([bool(self.tokenizer.token_bytes(token)) for token in range(vocab_size)])
        self._paid = 0.0
        self._start = self.task.max_prompt_tokens  # where the prompt begins, left-padded
        self._end = self._start  # behind what is written
        self._input_ids = np.zeros(self._width, np.int64)  # (P + T,)
        self._growing: GrowingResponse | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begins an episode.

        Args:
            seed: Seeds the generator that draws prompts, and the one of the designs that draw.
            options: `{"prompt": text}` sets the prompt; in a domain with data, `{"instance": data}` does.

        Returns:
            The observation, and the info with `prompt`, `prompt_id`, `eos_token_id`, `vocabulary_sha256`,
            `action_mask` and, in a domain with data, `instance`.

        Raises:
            ValueError: If an option is unknown or does not fit, or the prompt is longer than P tokens.
        """
        instance = self._begin(seed, options)
        prompt = self.task.encode_prompt(instance.prompt)  # says so if it is too long
        self._paid = 0.0
        self._end = self.task.max_prompt_tokens
        self._start = self._end - len(prompt)
        self._input_ids = np.zeros(self._width, np.int64)
        self._input_ids[self._start : self._end] = prompt
        self._growing = self.task.feedback.follow(instance)
        self._episode = Episode(instance, np.zeros(0, np.int64), None)
        info = {**self.task.reset_info(instance), "action_mask": self._mask()}
        return self._observe(), info | self._look_ahead(instance, self._episode.ids)

    def step(self, action: int | np.integer[Any]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Appends a token to the response.

        Args:
            action: Id of the token.

        Returns:
            The observation, the reward, whether the response has ended, False, and the info.

        Raises:
            InvalidAction: If the action is not a token id of the vocabulary.
            ResetNeeded: If the episode has ended already, or not begun.
        """
        if self._episode is None or self._episode.info is not None or self._design_rng is None:
            raise ResetNeeded("the episode has ended or not begun: call reset() before step()")
        token = read_token(action, self.tokenizer.vocab_size)
        self._input_ids[self._end] = token
        self._end += 1
        ids, feedback = self._input_ids[self.task.max_prompt_tokens : self._end], self.task.feedback
        ended = token == self.tokenizer.eos_token_id or len(ids) == self.task.max_new_tokens
        info: dict[str, Any] = {}
        shown = info
        if ended:
            padded = np.full((1, self.task.max_new_tokens), self.tokenizer.vocab_size, np.int64)
            padded[0, : len(ids)] = ids
            infos, columns = feedback.batch(
                [self._episode.instance], padded, [self._design_rng], candidates=self.render_mode is not None
            )
            shown = add_columns(infos, columns)[0]
            info = {key: value for key, value in shown.items() if key not in CANDIDATE_KEYS}
            reward = float(info["token_rewards"].sum(dtype=np.float64)) - self._paid
        elif self._growing is not None:
            reward = self._growing.add(self.tokenizer.token_bytes(token))
        else:
            reward = feedback.reward_so_far(
                self._episode.instance, ids, self._design_rng, size=self.task.max_new_tokens
            )
        self._paid += reward
        self._episode = Episode(self._episode.instance, ids, shown or None)
        told = {**info, "action_mask": self._mask()}
        if feedback.candidates and not ended:
            told |= self._look_ahead(self._episode.instance, ids)
        return self._observe(), reward, ended, False, told

    def action_masks(self) -> BoolArray:
        """Returns bool (V,): True on tokens with text, and on the end token once something is written."""
        mask = self._has_text.copy()
        mask[self.tokenizer.eos_token_id] = self._end > self.task.max_prompt_tokens
        return mask

    def _look_ahead(self, instance: Instance, ids: IntArray) -> dict[str, Any]:
        """Returns what each token would earn as the next one, where that is asked for."""
        assert self._design_rng is not None
        is_last = len(ids) + 1 == self.task.max_new_tokens
        return self.task.feedback.next_candidates(instance, ids, self._design_rng, is_last=is_last)

    def _mask(self) -> npt.NDArray[np.int8]:
        return self.action_masks().astype(np.int8)

    def _observe(self) -> Observation:
        attention_mask = np.zeros(self._width, np.int8)
        attention_mask[self._start : self._end] = 1
        return {"input_ids": self._input_ids.copy(), "attention_mask": attention_mask}
