"""SkyRL's environment around one of Gymnasium's, and token rewards for what its generator returns.

skyrl-gym 0.4.0 gives an environment the text of a response and takes one number, which SkyRL's generator puts
on the last token. `GeneratorOutput.rewards` may have a list for each response instead: `fill_token_rewards`
computes it from the ids that were sampled. `rlsf_gym.integrations.group_advantages` has an estimator for
groups that keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import gymnasium as gym

from rlsf_gym.integrations.bases import import_base
from rlsf_gym.integrations.environments import EnvironmentScorer
from rlsf_gym.integrations.reading import read_opening, read_settings

__all__ = ["ResponseTextEnv", "fill_token_rewards"]

_SKYRL_GYM: Final = "skyrl-gym==0.4.0"
_BaseTextEnv: Any = import_base("skyrl_gym.envs.base_text_env:BaseTextEnv", _SKYRL_GYM)


class ResponseTextEnv(_BaseTextEnv):
    """SkyRL environment whose only turn is one response, scored by a Gymnasium environment of text.

    The row of the data set says in `reward_spec["ground_truth"]` what the episode begins with: the data of an
    instance, or the text of the prompt. The response is tokenised again here, so that only sums come from it:
    the reward, and the floats of the info as metrics.

    Args:
        env_id: An environment whose actions are texts, such as `"rlsf_gym:rlsf_gym/CountdownText-v0"`.
        env_kwargs: Its keyword arguments. `max_new_tokens` must be at least the longest response: a longer
            one is refused, at which SkyRL stops.
        env_config: Settings that SkyRL has for the environment; none are known.
        extras: The row of the data set.

    Raises:
        ValueError: If the environment's actions are no texts, or the row has no ground truth.
    """

    def __init__(
        self,
        env_id: str,
        env_kwargs: Mapping[str, Any] | None = None,
        env_config: Any = None,
        extras: Mapping[str, Any] | None = None,
    ) -> None:
        parent: Any = super()
        parent.__init__()
        self._opening = _opening(extras or {})
        self._env: gym.Env[Any, Any] = gym.make(
            env_id, disable_env_checker=True, **read_settings(env_kwargs or {})
        )
        if not isinstance(self._env.action_space, gym.spaces.Text):
            self._env.close()
            raise ValueError(
                f"env_id must be an environment whose actions are texts, got {env_id!r}: SkyRL gives "
                "environments no token ids (fill_token_rewards takes one whose actions are ids)"
            )
        self._metrics: dict[str, float] = {}

    def init(self, prompt: list[dict[str, str]]) -> tuple[list[dict[str, str]], dict[str, Any]]:
        """Begins the episode; returns the prompt as it is, and the info of `reset`."""
        ((name, values),) = self._opening.items()
        _, info = self._env.reset(options={name.removesuffix("s"): values[0]})
        return prompt, info

    def step(self, action: str) -> dict[str, Any]:
        """Ends the episode with the text of a response.

        Returns:
            `observations` (none), `reward`, `done` and `metadata`, the info without what belongs to tokens.
        """
        _, reward, _, _, info = self._env.step(action)
        self._metrics = {name: value for name, value in info.items() if isinstance(value, float)}
        told = {name: value for name, value in info.items() if name not in ("token_rewards", "response_mask")}
        return {"observations": [], "reward": float(reward), "done": True, "metadata": told}

    def get_metrics(self) -> dict[str, float]:
        """Floats of the info: score, utility, the rules' shares, `solved`."""
        return dict(self._metrics)

    def close(self) -> None:
        """Closes the Gymnasium environment."""
        self._env.close()


def fill_token_rewards(
    output: Mapping[str, Any], env_extras: Sequence[Mapping[str, Any]], scorer: EnvironmentScorer
) -> dict[str, Any]:
    """Returns a generator's output with the reward of each token, a list beside each of `response_ids`.

    Args:
        output: A `GeneratorOutput` of B whole responses.
        env_extras: Rows of the data set, B of them, as the generator got them; each has
            `reward_spec["ground_truth"]`.
        scorer: An environment whose actions are token ids, with the policy's tokenizer.

    Raises:
        ValueError: If responses were divided into steps or turns, a row is missing, or the ids are of another
            tokenizer.
    """
    if output.get("is_last_step") is not None:
        raise ValueError(
            "output must hold whole responses, got steps: set generator.step_wise_trajectories=false"
        )
    if any(0 in mask[: _last_sampled(mask)] for mask in output.get("loss_masks") or ()):
        raise ValueError(
            "output must hold responses that were sampled in one piece, got loss_masks with 0 before 1: "
            "leave generator.chat_template unset, and play environments of one turn"
        )
    ids = output["response_ids"]
    if len(env_extras) != len(ids):
        raise ValueError(
            f"env_extras must be one row for each of {len(ids)} responses, got {len(env_extras)}"
        )
    openings = [_opening(extras) for extras in env_extras]
    names = {name for opening in openings for name in opening}
    if len(names) > 1:
        raise ValueError("env_extras must all have data of instances, or all prompts, got both")
    if not openings:
        return {**output, "rewards": []}
    (name,) = names
    scored = scorer.score(ids, named="response_ids", **{name: [opening[name][0] for opening in openings]})
    return {**output, "rewards": scored.token_rewards}


def _last_sampled(mask: Sequence[int]) -> int:
    """Returns the position of the last 1 in a loss mask; 0 where there is none, as in responses it drops."""
    return max((at for at, counts in enumerate(mask) if counts), default=0)


def _opening(extras: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what an episode begins with, as options of a vector environment."""
    spec: Any = extras.get("reward_spec") or {}
    if "ground_truth" not in spec:
        raise ValueError(f"extras must have reward_spec['ground_truth'], got the keys {', '.join(extras)}")
    return read_opening(spec["ground_truth"], "reward_spec['ground_truth']")
