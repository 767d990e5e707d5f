"""Reward manager and agent loop of verl that hand over every token's reward, not their sum alone.

verl 0.9.1 asks a reward manager for one number per response, and its agent loop writes it at the last token.
`TokenRewards` returns a number that carries the rewards of the tokens, and `TokenRewardLoop` writes those, so
that `token_level_scores` (B, T) has the whole row. Either alone is refused: the vector would be lost.
`examples/integrations/verl_countdown.yaml` selects both. Importing this module registers the estimator
`token_rloo`, for groups; verl does so in its trainer's process, where it looks for the reward manager.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from rlsf_gym.integrations.bases import import_base, import_present
from rlsf_gym.integrations.environments import EnvironmentScorer
from rlsf_gym.integrations.group_advantages import token_rloo
from rlsf_gym.integrations.reading import read_opening, read_settings, read_tokenizer
from rlsf_gym.integrations.verl_loop import VERL, TokenRewardLoop, TokenRewardOutput, TokenScore, check_loop
from rlsf_gym.registry import import_attribute

__all__ = ["TokenRewardLoop", "TokenRewardOutput", "TokenRewards", "TokenScore"]

_Manager: Any = import_base("verl.experimental.reward_loop.reward_manager.base:RewardManagerBase", VERL)
_register: Any = import_present("verl.trainer.ppo.core_algos:register_adv_est")
if _register is not None:
    _register("token_rloo")(token_rloo)


class TokenRewards(_Manager):
    """Reward manager that scores the sampled ids of a response in an environment.

    `reward.reward_kwargs` of verl's configuration has `env_id` and `env_kwargs`, or `scorer`, the
    `"module:attribute"` of an `EnvironmentScorer`. The tokenizer is verl's and the longest response the
    rollout's, unless `env_kwargs` say otherwise. Column `reward_model` of the data set has as `ground_truth`
    the data of the episode's instance, or the text of its prompt.

    Args:
        config: Configuration of verl's trainer.
        tokenizer: Tokenizer of the policy.
        compute_score: Not used, nor is what verl says of a reward model.

    Raises:
        ValueError: If the configuration would drop the vector, or names no environment.
    """

    def __init__(self, config: Any, tokenizer: Any, compute_score: Any = None, **_: Any) -> None:
        parent: Any = super()
        parent.__init__(config, tokenizer, compute_score)
        _check_carried(config)
        named: dict[str, Any] = read_settings(config["reward"].get("reward_kwargs") or {})
        if ("env_id" in named) == ("scorer" in named):
            raise ValueError(f"reward.reward_kwargs must have env_id or scorer, got {named!r:.80}")
        if "scorer" in named:
            self._scorer: Any = import_attribute("scorer", named["scorer"])
            return
        kwargs: dict[str, Any] = dict(named.get("env_kwargs", {}))
        kwargs.setdefault("max_new_tokens", config["actor_rollout_ref"]["rollout"]["response_length"])
        if "tokenizer" not in kwargs:
            kwargs["tokenizer"] = read_tokenizer(tokenizer)
        self._scorer = EnvironmentScorer(named["env_id"], **kwargs)

    async def run_single(self, data: Any) -> dict[str, Any]:
        """Returns the reward of one response.

        Args:
            data: A `DataProto` of one response; of several sequences of one trajectory the last counts.

        Returns:
            `reward_score`, a `TokenScore`, and `reward_extra_info`, the floats of the environment's info.

        Raises:
            ValueError: If another agent loop sampled it, which would keep only the sum.
        """
        last = data[-1:][0]
        check_loop(last.non_tensor_batch.get("tool_extra_fields"))
        prompt_length = last.batch["prompts"].shape[-1]
        length = last.non_tensor_batch.get("response_len")
        if length is None:
            length = last.batch["attention_mask"][prompt_length:].sum()
        ids = last.batch["responses"][: operator.index(length)].tolist()
        opening = read_opening(last.non_tensor_batch["reward_model"]["ground_truth"], "ground_truth")
        scored = self._scorer.score([ids], named="responses", **opening)
        told = {name: float(values[0]) for name, values in scored.floats().items()}
        told |= {"acc": told["solved"]} if "solved" in told else {}  # what verl's validation looks for
        score = TokenScore(scored.rewards[0], scored.token_rewards[0])
        return {"reward_score": score, "reward_extra_info": told}

    @classmethod
    def assemble_rm_scores(cls, data: Any, scores: Sequence[TokenScore]) -> Any:
        """Returns the token-level scores of a batch that was sampled before, a float32 tensor (B, T).

        Args:
            data: The batch, a `DataProto`; `responses` (B, T) is padded on the right.
            scores: The `reward_score` of each response.
        """
        rows = data.batch["responses"].new_zeros(data.batch["responses"].shape).float()
        for row, score in zip(rows, scores, strict=True):
            row[: len(score.token_rewards)] = row.new_tensor(score.token_rewards)
        return rows


def _check_carried(config: Any) -> None:
    """Raises ValueError where verl would flatten the vector to one number at the last token."""
    if config["reward"]["reward_model"]["enable"]:
        raise ValueError("reward.reward_model.enable must be false, got true: verl asks only the model then")
    if not config["trainer"].get("use_v1", True):
        raise ValueError("trainer.use_v1 must be true, got false: the older trainer keeps only the sum")
    if config["actor_rollout_ref"]["rollout"]["agent"].get("agent_loop_config_path") is None:
        raise ValueError(
            "actor_rollout_ref.rollout.agent.agent_loop_config_path must be a file with TokenRewardLoop "
            "(examples/integrations/verl_agent_loop.yaml), got null: verl's own keeps only the sum"
        )
