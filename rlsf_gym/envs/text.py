"""Environment in which one step is one whole response, as text."""

from __future__ import annotations

from typing import Unpack

from rlsf_gym.envs.forms import TextForm
from rlsf_gym.envs.response import OneStepEnv
from rlsf_gym.envs.task import TaskArguments

__all__ = ["TextEnv"]


class TextEnv(OneStepEnv[str, str]):
    """Single-step environment: a response of text to a prompt, with a symbolic reward for each token.

    ## Description
    `ResponseEnv` for agents that read and write strings: the same prompts for the same seed, the same
    feedback. The response is encoded with the environment's tokenizer, and its tokens are rewarded. An agent
    that samples tokens should use `ResponseEnv`: the ids of encoded text are not always those sampled.

    P is `max_prompt_tokens`, T is `max_new_tokens`.

    ## Action Space
    `UnicodeText`: every text without lone surrogates that is no longer than T tokens can be, the empty one
    included. Of a text of more tokens the first T are the response. Anything else raises
    `gymnasium.error.InvalidAction`. A text has no end token, so that `finish_reason` is `stop`, `length` or
    `empty`.

    ## Observation Space
    `UnicodeText`: the prompt; the observation after the step is the same prompt again.

    ## Rewards
    The sum of the token rewards, as in `ResponseEnv`.

    ## Starting State
    A prompt, drawn with the environment's generator. `reset(options={"prompt": text})` sets it, or
    `{"instance": data}` in a domain whose prompts are made from data; one of more than P tokens raises
    ValueError.

    ## Episode End
    Every step ends its episode: terminated is True, truncated is False.

    ## Arguments
    Those of `ResponseEnv`.

    ## Info
    That of `ResponseEnv`; `token_rewards`, `response_mask` and what `candidates=True` adds refer to the
    tokens of the encoded text, which always stops with its last one.

    ## Version History
    * v0: first version.
    """

    def __init__(self, *, render_mode: str | None = None, **task: Unpack[TaskArguments]) -> None:
        super().__init__(TextForm, task, render_mode)
