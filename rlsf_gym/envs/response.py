"""Environment in which one step is one whole response, as token ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt
from gymnasium.error import ResetNeeded

from rlsf_gym.envs.base import Action, Observation, TaskEnv
from rlsf_gym.envs.forms import Form, TokenForm
from rlsf_gym.envs.screen import Episode
from rlsf_gym.envs.task import TaskArguments
from rlsf_gym.evidence import IntArray

__all__ = ["OneStepEnv", "ResponseEnv"]

_NOTHING: IntArray = np.zeros(0, np.int64)


class OneStepEnv(TaskEnv[Observation, Action]):
    """Base class of environments in which one step is a whole response and ends the episode.

    Args:
        form: Form of observations and actions: token ids or text.
        task: The keyword arguments that all environments share.
        render_mode: None, `"ansi"` or `"rgb_array"`.
    """

    def __init__(self, form: type[Form], task: TaskArguments, render_mode: str | None) -> None:
        super().__init__(task, render_mode)
        self._form = form(self.task)
        self.observation_space = self._form.observation_space
        self.action_space = self._form.action_space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begins an episode.

        Args:
            seed: Seeds the generator that draws prompts, and the one of the designs that draw.
            options: `{"prompt": text}` sets the prompt; in a domain with data, `{"instance": data}` does.

        Returns:
            The observation, and the info with `prompt`, `prompt_id`, `eos_token_id`, `vocabulary_sha256` and,
            in a domain with data, `instance`.

        Raises:
            ValueError: If an option is unknown or does not fit, or the prompt is longer than P tokens.
        """
        instance = self._begin(seed, options)
        observation = self._form.observe(instance.prompt)
        self._episode = Episode(instance, _NOTHING, None)
        return observation, self.task.reset_info(instance)

    def step(self, action: Action) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Ends the episode with a response.

        Args:
            action: The response, as the action space has it.

        Returns:
            The prompt's observation again, the sum of the token rewards, True, False, and the info.

        Raises:
            InvalidAction: If it is not a valid action.
            ResetNeeded: If the episode has ended already, or not begun.
        """
        if self._episode is None or self._episode.info is not None or self._design_rng is None:
            raise ResetNeeded("each step ends its episode: call reset() before step()")
        ids, instance = self._form.read(action), self._episode.instance
        info = self.task.feedback.infos([instance], ids[None], [self._design_rng])[0]
        reward = float(info["token_rewards"].sum(dtype=np.float64))
        self._episode = Episode(instance, ids, info)
        return self._form.observe(instance.prompt), reward, True, False, info


class ResponseEnv(OneStepEnv[dict[str, npt.NDArray[Any]], npt.NDArray[np.integer[Any]] | Sequence[int]]):
    """Single-step environment: a response of token ids to a prompt, with a symbolic reward for each token.

    ## Description
    A prompt is drawn, the agent writes a response, and the symbolic tool of a domain scores prompt + response.
    The reward is what the response adds to the utility of the prompt. `info["token_rewards"]` says which token
    earned how much of it, and `info["certificate"]` why: rule by rule, for anyone to check from the text.

    P is `max_prompt_tokens`, T is `max_new_tokens`, and V the size of the vocabulary.

    ## Action Space
    `MultiDiscrete([V + 1] * T)`: T token ids, where V stands for "no token". The response ends at the first end
    token, which counts, or at the first V, which does not; whatever follows is ignored. A list of up to T ids is
    taken as well. Anything else raises `gymnasium.error.InvalidAction`.

    ## Observation Space
    `Dict`, left-padded; the observation after the step is the same prompt again.

    | key | space | meaning |
    | --- | --- | --- |
    | `prompt_ids` | `Box(0, V - 1, (P,), int64)` | token ids of the prompt, 0 at padding |
    | `prompt_mask` | `MultiBinary(P)` | 1 on real tokens |

    ## Rewards
    The sum of the token rewards, exactly: `reward == float(info["token_rewards"].sum(dtype=float64))`. With a
    conserving reward design that is `utility(prompt + response) - utility(prompt)` up to float32. Designs, with
    what each of them promises, are listed in `rlsf_gym.designs.DESIGNS`.

    ## Starting State
    A prompt, drawn with the environment's generator. `reset(options={"prompt": text})` sets it, or
    `{"instance": data}` in a domain whose prompts are made from data; one of more than P tokens raises
    ValueError. The prompts that are drawn do not depend on the reward design.

    ## Episode End
    Every step ends its episode: terminated is True, truncated is False, also where the response fills all of its
    T tokens, as the length is part of the task. A further step without a reset raises
    `gymnasium.error.ResetNeeded`.

    ## Arguments
    Domain, scorer, objective, reward design, tokenizer, prompts and judge each take a name, an object, or
    `"module:attribute"`. A domain may have other defaults.

    | argument | default | meaning |
    | --- | --- | --- |
    | `domain` | `"sentiment"` | the symbolic tool with all that is particular to it |
    | `domain_kwargs` | `None` | arguments of the domain |
    | `scorer` | the domain's first, `"vader"` | text to a score in [-1, 1]: also a function of a list of texts |
    | `scorer_kwargs` | `None` | arguments of the scorer |
    | `objective` | `"positive"` | score s to utility: `positive` s, `negative` -s, `strong` abs(s), `target` -abs(s - target) |
    | `objective_kwargs` | `None` | arguments of the objective, such as `{"target": 0.5}` |
    | `reward_design` | `"potential"` | how the utility is assigned to the tokens |
    | `reward_design_kwargs` | `None` | arguments of the reward design |
    | `tokenizer` | `"bundled"` | the vocabulary: also `"bytes"`, a folder, a `tokenizer.json`, a name on the hub |
    | `prompts` | `"bundled"` | where prompts come from: also a list of str, a file, a data set, a table; left out where a domain makes them |
    | `prompts_kwargs` | `None` | further arguments of `load_prompts` |
    | `split` | `"train"` | which part of the prompts |
    | `judge` | `None` | a held-out judge, reported as `info["judge"]`: `"bundled"`, `"order"`, a path, the folder of a sequence classifier or `"transformer:NAME"`, or an object; or a list of such, of which every further one is reported as `info["judge_NAME"]` |
    | `boundary` | `"closed"` | a unit, such as a word, counts when what follows or the end closes it; `"open"`: with each piece of it |
    | `max_prompt_tokens` | `16` | P |
    | `max_new_tokens` | `16` | T |
    | `verify` | `False` | prove every certificate, and every reward as far as text and certificate tell it; raise where one does not hold |
    | `candidates` | `False` | say what each token of the vocabulary would have earned; for a causal design that pays by steps, a scorer that has candidates, and `boundary="open"` where units close |
    | `prefix_values` | `False` | say what utility is known before each token |
    | `render_mode` | `None` | the tokens, coloured by reward: `"ansi"` for a terminal, `"rgb_array"` as an image; with candidates, the best and the worst beside each that was paid |

    ## Info
    `reset` and `step` share no key.

    | from | key | type | meaning |
    | --- | --- | --- | --- |
    | reset | `prompt` | str | the text of the prompt |
    | reset | `prompt_id` | int | its number among the prompts, -1 where it was given |
    | reset | `eos_token_id` | int | the end token |
    | reset | `instance` | dict | the data of the prompt, only in a domain that has data |
    | reset | `vocabulary_sha256` | str | which id stands for what, as `rlsf_gym.text.vocabulary` hashes it |
    | step | `token_rewards` | float32 (T,) | reward of each token, zero at padding |
    | step | `response_mask` | int8 (T,) | 1 on real tokens, the end token included |
    | step | `response_length` | int | number of real tokens |
    | step | `response_text` | str | the response, decoded |
    | step | `finish_reason` | str | `eos`, `stop` (V after some tokens), `length` (T tokens), or `empty` (V at once) |
    | step | `score` | float | score of prompt + response |
    | step | `utility` | float | the objective's value of that score |
    | step | `reward_design` | str | its name |
    | step | `reward_<rule>` | float | what each rule of the scorer adds to the utility gain, such as `reward_negation`; they add up to it; absent for a scorer without rules |
    | step | `solved` | float | 1.0 where the response is right, 0.0 where not; only of a scorer with a verdict |
    | step | `judge` | float | in [0, 1], only where a judge was asked for |
    | step | `judge_NAME` | float | the same of every further judge, such as `judge_order` of `["bundled", "order"]` |
    | step | `certificate` | list of dict | the records behind the score |
    | step | `certificate_payload` | dict | what else proves the score, plain JSON; absent for a scorer without such a thing |
    | step | `candidate_ids` | int64 (K,) | tokens that would have earned something of their own, increasing; only with `candidates=True`, as the next two |
    | step | `candidate_rewards` | float32 (T, K) | what `token_rewards[t]` would have been with token `candidate_ids[k]` at t behind the same tokens, zero at padding |
    | step | `other_rewards` | float32 (T,) | the same for every other token |
    | step | `prefix_values` | float32 (T,) | utility that is known before each token, less that of the prompt, zero at padding; only with `prefix_values=True` |

    What a token would have earned is what it earns where it ends the response, as the end token does and any
    token at T - 1, or else where the response goes on. A response that stopped (V after some tokens) would
    have stopped there with any token. K depends on the tokens at hand, so that a vector of single environments
    may fail to stack the arrays of its parts: the native vector environment doesn't; there all rows of
    `candidate_ids` are one. The bundled scorers tell it in double precision; of a scorer that tells it in single
    precision, rewards are right to 1e-6, and a token that changes the utility by less counts as one that changes
    nothing. `verify=True` proves the rewards of the tokens that were sampled, and says nothing of others. With
    `prefix_values` as its baseline a critic has less to learn: from the rewards of `terminal` it makes those of
    `potential`.

    ## Version History
    * v0: first version.
    """  # noqa: E501 - rows of a Markdown table cannot be broken

    def __init__(self, *, render_mode: str | None = None, **task: Unpack[TaskArguments]) -> None:
        super().__init__(TokenForm, task, render_mode)
