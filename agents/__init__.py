"""Learners for token-level feedback: tensors, policies, updates; they know nothing but Gymnasium.

What a name of this package needs is imported when it is asked for: settings, studies and reports of numbers
are read without the seconds that torch and transformers take.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.learners.grpo import GRPO
    from agents.learners.ppo import TokenPPO
    from agents.learners.rloo import RLOO
    from agents.learners.settings import GRPOConfig, RLOOConfig, TokenPPOConfig
    from agents.policies.lora import LoraSettings
    from agents.policies.policy import CausalLMPolicy
    from agents.rollouts.evaluation import evaluate

__version__ = "0.1.0"
"""Version of the distribution, which `pyproject.toml` has as well."""

__all__ = [
    "GRPO",
    "RLOO",
    "CausalLMPolicy",
    "GRPOConfig",
    "LoraSettings",
    "RLOOConfig",
    "TokenPPO",
    "TokenPPOConfig",
    "evaluate",
]

_HOMES = {
    "TokenPPO": "agents.learners.ppo",
    "TokenPPOConfig": "agents.learners.settings",
    "RLOO": "agents.learners.rloo",
    "RLOOConfig": "agents.learners.settings",
    "GRPO": "agents.learners.grpo",
    "GRPOConfig": "agents.learners.settings",
    "CausalLMPolicy": "agents.policies.policy",
    "LoraSettings": "agents.policies.lora",
    "evaluate": "agents.rollouts.evaluation",
}

_OF_THE_EXTRA = ("torch", "transformers", "safetensors", "tqdm", "filelock")


if not TYPE_CHECKING:  # which would take any name for one of ours

    def __getattr__(name: str) -> Any:
        """Returns a public name, imported when it is asked for."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            home = import_module(_HOMES[name])
        except ModuleNotFoundError as error:
            if error.name not in _OF_THE_EXTRA:
                raise
            raise ImportError(
                f"agents.{name} needs the package {error.name!r}, which is not installed; "
                "install it with: pip install 'rlsf-gym[agents]'"
            ) from error
        found = globals()[name] = getattr(home, name)
        return found


def __dir__() -> list[str]:
    """Returns the public names, imported or not."""
    return sorted({*globals(), *__all__})
