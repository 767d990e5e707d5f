"""Learners for token-level feedback: tensors, policies, updates; they know nothing but Gymnasium."""

from agents.evaluate import evaluate
from agents.grpo import GRPO, GRPOConfig
from agents.policy import CausalLMPolicy
from agents.ppo import TokenPPO
from agents.ppo_config import TokenPPOConfig
from agents.rloo import RLOO, RLOOConfig

__all__ = [
    "TokenPPO",
    "TokenPPOConfig",
    "RLOO",
    "RLOOConfig",
    "GRPO",
    "GRPOConfig",
    "CausalLMPolicy",
    "evaluate",
]
