"""Agent loop of verl that writes the reward of each token where verl's own writes their sum.

The reward arrives as one number, a `TokenScore`, which carries the vector. A mark among a response's extra
fields says which loop sampled it, so that the reward manager can refuse the responses of any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rlsf_gym.integrations.bases import import_base

__all__ = ["VERL", "TokenRewardLoop", "TokenRewardOutput", "TokenScore", "check_loop"]

VERL: Final = "verl==0.9.1"
"""Release that this package was tested with, as pip takes it."""

_Output: Any = import_base("verl.experimental.agent_loop.agent_loop:AgentLoopOutput", VERL)
_Loop: Any = import_base("verl.experimental.agent_loop.single_turn_agent_loop:SingleTurnAgentLoop", VERL)
_CARRIED: Final = "token_rewards_carried"


class TokenScore(float):
    """Reward of a response, a float, with the rewards of its tokens."""

    token_rewards: tuple[float, ...]
    """Reward of each token of the response."""

    def __new__(cls, total: float, token_rewards: Sequence[float]) -> TokenScore:
        """Makes the number."""
        score = super().__new__(cls, total)
        score.token_rewards = tuple(token_rewards)
        return score

    def __reduce__(self) -> tuple[Any, ...]:
        return TokenScore, (float(self), self.token_rewards)


class TokenRewardOutput(_Output):
    """Output of an agent loop whose `rm_scores` are the rewards of the tokens."""

    def as_dict(self) -> dict[str, Any]:
        """Returns the fields as tensors, `rm_scores` float32 (T,) among them.

        Raises:
            ValueError: If the score is not that of `TokenRewards`, or of another response.
        """
        parent: Any = super()
        score: Any = self.reward_score
        if score is None:
            return parent.as_dict()
        if not isinstance(score, TokenScore):
            raise ValueError(f"reward_score must be that of TokenRewards, the reward manager, got {score!r}")
        if len(score.token_rewards) != len(self.response_ids):
            found = f"{len(score.token_rewards)} for {len(self.response_ids)} ids"
            raise ValueError(f"reward_score must have one reward for each of response_ids, got {found}")
        fields = self.model_copy(update={"reward_score": None}).as_dict()
        fields["rm_scores"] = fields["response_mask"].float().new_tensor(score.token_rewards)
        return fields


class TokenRewardLoop(_Loop):
    """Agent loop of single turns, as `SingleTurnAgentLoop`, that writes the reward of each token."""

    async def run(self, sampling_params: dict[str, Any], **kwargs: Any) -> TokenRewardOutput:
        """Samples a response."""
        parent: Any = super()
        output = await parent.run(sampling_params, **kwargs)
        fields = {name: getattr(output, name) for name in output.model_fields_set}
        return TokenRewardOutput(**{**fields, "extra_fields": {**output.extra_fields, _CARRIED: True}})


def check_loop(extra_fields: Any) -> None:
    """Checks that `TokenRewardLoop` sampled a response.

    Args:
        extra_fields: What its agent loop said of it, or None where verl does not tell.

    Raises:
        ValueError: If another loop sampled it, which would keep only the sum.
    """
    if extra_fields is not None and not extra_fields.get(_CARRIED):
        raise ValueError(
            "responses must be sampled by TokenRewardLoop, got those of another agent loop: set "
            "actor_rollout_ref.rollout.agent.default_agent_loop, and leave agent_name out of the data set"
        )
