"""Learners for token-level feedback: tensors, policies, updates; they know nothing but Gymnasium.

What a name of this package needs is imported when it is asked for: settings, studies and reports of numbers
are read without the seconds that torch and transformers take.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from agents.evaluate import evaluate  # at once: its module has the same name, and would take its place

if TYPE_CHECKING:
    from agents.group_config import GRPOConfig, RLOOConfig
    from agents.grpo import GRPO
    from agents.lora import LoraSettings
    from agents.policy import CausalLMPolicy
    from agents.ppo import TokenPPO
    from agents.ppo_config import TokenPPOConfig
    from agents.rloo import RLOO

__all__ = [
    "TokenPPO",
    "TokenPPOConfig",
    "RLOO",
    "RLOOConfig",
    "GRPO",
    "GRPOConfig",
    "CausalLMPolicy",
    "LoraSettings",
    "evaluate",
]

_HOMES = {
    "TokenPPO": "agents.ppo",
    "TokenPPOConfig": "agents.ppo_config",
    "RLOO": "agents.rloo",
    "RLOOConfig": "agents.group_config",
    "GRPO": "agents.grpo",
    "GRPOConfig": "agents.group_config",
    "CausalLMPolicy": "agents.policy",
    "LoraSettings": "agents.lora",
}


def __getattr__(name: str) -> Any:
    """Returns a public class, imported when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    """Returns what there is to ask for, imported or not."""
    return sorted({*globals(), *__all__})
