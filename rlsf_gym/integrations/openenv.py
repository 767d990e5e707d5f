"""OpenEnv server of any environment whose step is one response, as text or as token ids.

Each client's session has an environment of its own. What Gymnasium's info holds (token rewards, mask,
certificate) arrives as plain data in the observation's `metadata`. The environment encodes a text, and the
token rewards belong to those tokens; whoever samples ids serves the id without `Text` and sends the ids.
"""

from __future__ import annotations

import functools
from typing import Any, cast

import gymnasium as gym

from rlsf_gym.integrations.bases import import_base, import_package
from rlsf_gym.integrations.openenv_disconnects import EndOnDisconnect
from rlsf_gym.integrations.openenv_messages import OPENENV, IdsAction, PromptObservation, TextAction
from rlsf_gym.integrations.reading import to_plain

__all__ = ["SessionEnvironment", "make_app"]

_Environment: Any = import_base("openenv.core.env_server.interfaces:Environment", OPENENV)


class SessionEnvironment(_Environment):
    """OpenEnv environment of one session, around a Gymnasium environment whose step is one response.

    Args:
        env_id: Id of the environment; its info has the `prompt`.
        **kwargs: Its keyword arguments.

    Raises:
        ValueError: If its actions are neither texts nor responses of token ids.
    """

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, env_id: str, **kwargs: Any) -> None:
        parent: Any = super()
        parent.__init__()
        self._env: gym.Env[Any, Any] = gym.make(env_id, disable_env_checker=True, **kwargs)
        self._env_id, self._prompt, self._steps, self._episode = env_id, "", 0, cast(str | None, None)
        space = self._env.action_space
        if not isinstance(space, gym.spaces.Text | gym.spaces.MultiDiscrete):
            self._env.close()
            found = f"{env_id!r} with actions {type(space).__name__}"
            raise ValueError(f"env_id must be an environment whose step is one response, got {found}")
        self.action_cls = TextAction if isinstance(space, gym.spaces.Text) else IdsAction

    def reset(self, seed: int | None = None, episode_id: str | None = None, **options: Any) -> Any:
        """Begins an episode.

        Args:
            seed: Seeds the environment; by default its sequence of prompts goes on.
            episode_id: What the client calls the episode; comes back in the state.
            **options: Of the environment's `reset`: `prompt` or `instance`.

        Raises:
            ValueError: If the name is no text, or an option is unknown or malformed.
        """
        if not isinstance(cast(Any, episode_id), str | None):  # OpenEnv looks later
            raise ValueError(f"episode_id must be text, got {episode_id!r:.80}")
        _, info = self._env.reset(seed=seed, options=options or None)
        self._episode, self._steps, self._prompt = episode_id, 0, str(info["prompt"])
        return PromptObservation(prompt=self._prompt, metadata=to_plain(info, "info"))

    def step(
        self, action: Any, timeout_s: float | None = None, request_id: str | None = None, **opening: Any
    ) -> Any:
        """Ends the episode with a response.

        Args:
            action: A `TextAction` or an `IdsAction`, as the environment has it.
            timeout_s: Ignored, as a scorer can't be stopped halfway.
            request_id: Ignored.
            **opening: `seed`, `prompt` or `instance` of an episode to begin first, for OpenEnv's HTTP route
                `/step`, which has no session.

        Raises:
            InvalidAction: If it is not a valid action.
            ResetNeeded: If no episode has begun.
        """
        if opening:
            self.reset(**opening)
        given = action.text if isinstance(action, TextAction) else action.ids
        _, reward, terminated, truncated, info = self._env.step(given)
        self._steps += 1
        ended = {
            "done": bool(terminated or truncated),
            "reward": float(reward),
            "metadata": to_plain(info, "info"),
        }
        return PromptObservation(prompt=self._prompt, **ended)

    @property
    def state(self) -> Any:
        """Id of the episode and number of its steps."""
        types = import_package("openenv.core.env_server.types", "state", OPENENV)
        return types.State(episode_id=self._episode, step_count=self._steps)

    def get_metadata(self) -> Any:
        """Name and description, as the route `/metadata` tells them."""
        types = import_package("openenv.core.env_server.types", "get_metadata", OPENENV)
        return types.EnvironmentMetadata(name=self._env_id, description="one response an episode")

    def close(self) -> None:
        """Closes the Gymnasium environment."""
        self._env.close()


def make_app(env_id: str, *, max_sessions: int = 64, **kwargs: Any) -> Any:
    """Returns the FastAPI application that serves an environment.

    Args:
        env_id: Id of an environment whose step is one response, as text or as token ids.
        max_sessions: Number of clients at once; further ones are refused with OpenEnv's CAPACITY_REACHED.
        **kwargs: Keyword arguments of the environment.

    Raises:
        ImportError: If OpenEnv is not installed.
        ValueError: If the environment can't be made, or its actions are of another kind.
    """
    server = import_package("openenv.core.env_server.http_server", "make_app", OPENENV)
    json_response = import_package("starlette.responses", "make_app", OPENENV).JSONResponse
    factory = functools.partial(SessionEnvironment, env_id, **kwargs)
    (first := factory()).close()  # wrong arguments are reported before anything is served
    app = server.create_app(
        factory,
        first.action_cls,
        PromptObservation,
        env_name=env_id.rpartition("/")[2],
        max_concurrent_envs=max_sessions,
    )

    app.add_middleware(EndOnDisconnect)

    def refuse(_: Any, error: Exception) -> Any:
        return json_response({"detail": str(error)}, 422)

    for kind in (gym.error.Error, ValueError):
        app.add_exception_handler(kind, refuse)
    return app
