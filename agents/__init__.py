"""Learners for token-level feedback: tensors, policies, updates; they know nothing but Gymnasium."""

from agents.evaluate import evaluate
from agents.lora import LoraSettings
from agents.policy import CausalLMPolicy
from agents.ppo import TokenPPO
from agents.ppo_config import TokenPPOConfig

__all__ = ["TokenPPO", "TokenPPOConfig", "CausalLMPolicy", "LoraSettings", "evaluate"]
