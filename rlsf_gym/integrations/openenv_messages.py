"""Actions and observations of OpenEnv, for environments whose step is one response."""

from __future__ import annotations

from typing import Any, ClassVar, Final, cast

from gymnasium.error import InvalidAction

from rlsf_gym.integrations.bases import import_base

__all__ = ["OPENENV", "IdsAction", "PromptObservation", "TextAction"]

OPENENV: Final = "openenv==0.10.0"
"""Release that this package was tested with, as pip takes it."""

_Action: Any = import_base("openenv.core.env_server.types:Action", OPENENV)
_Observation: Any = import_base("openenv.core.env_server.types:Observation", OPENENV)


class _OneLineAction(_Action):
    """Action whose errors are one line: of pydantic's own, OpenEnv's client shows only "Invalid message"."""

    form: ClassVar[str]
    """The action as JSON, for messages."""

    @classmethod
    def model_validate(cls, obj: Any, **kwargs: Any) -> Any:
        """Returns the action that plain data stands for.

        Raises:
            InvalidAction: If it stands for none.
        """
        parent: Any = super()
        try:
            return parent.model_validate(obj, **{"strict": True, **kwargs})
        except ValueError as error:
            first = cast(Any, error).errors()[0]
            place = ".".join(map(str, first["loc"])) or "action"
            raise InvalidAction(
                f"action must be {cls.form}, got {obj!r:.80} ({place}: {first['msg']})"
            ) from error


class TextAction(_OneLineAction):
    """Response to the prompt, as text."""

    form: ClassVar[str] = '{"text": "the response"}'
    text: str
    """The whole response."""


class IdsAction(_OneLineAction):
    """Response to the prompt, as the token ids that were sampled."""

    form: ClassVar[str] = '{"ids": [the sampled token ids]}'
    ids: list[int]
    """Up to T ids of the environment's tokenizer, the end token included where it was sampled."""


class PromptObservation(_Observation):
    """Prompt of the episode; `metadata` holds the info of `reset` or of `step`."""

    prompt: str
    """Text that the response continues."""
