"""Holds an environment to the info contract, over whole episodes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final, NamedTuple, cast

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import concatenate, create_empty_array

from rlsf_gym.contract import ContractError, EpisodeWatch, Freshness
from rlsf_gym.episodes import info_rows

__all__ = ["check_environment"]

_TOLERANCE: Final = 1e-5  # what neural scorers promise of equal texts
_EARLY: Final = 0.3  # share of the actions that are made to end a response: random ones hardly ever do

Info = Mapping[str, Any]


class _Episode(NamedTuple):
    """The infos that an episode began and ended with."""

    opening: Info
    ending: Info


def check_environment(
    env: gym.Env[Any, Any] | VectorEnv[Any, Any, Any],
    *,
    episodes: int = 20,
    seed: int = 0,
    max_steps: int = 10_000,
) -> None:
    """Checks that an environment keeps the info contract, and gives the same episodes for the same seed.

    It plays sampled actions, twice from the same seed; a part of them end the response early. Gymnasium's own
    `check_env` sees to spaces, observations and rendering.

    Args:
        env: An environment whose steps are responses or tokens, or a vector environment of such.
        episodes: Number of episodes, at least.
        seed: Seed of the environment and of the actions.
        max_steps: Steps without the end of an episode after which the check gives up.

    Raises:
        ContractError: If it breaks a promise: the message says which one.
        TypeError: If `env` is no environment.
    """
    if isinstance(env, VectorEnv):
        first, second = (_VectorPlay(env, seed, max_steps).play(episodes) for _ in range(2))
    elif isinstance(env, gym.Env):  # pyright: ignore[reportUnnecessaryIsInstance]
        first, second = (_play(env, episodes, seed, max_steps) for _ in range(2))
    else:
        raise TypeError(
            f"env must be a gymnasium.Env or a gymnasium.vector.VectorEnv, got {type(env).__name__}"
        )
    for number, (one, other) in enumerate(zip(first, second, strict=False)):
        _compare(one.opening, other.opening, f"info of reset {number}")
        _compare(one.ending, other.ending, f"info of the end of episode {number}")


def _play(env: gym.Env[Any, Any], episodes: int, seed: int, max_steps: int) -> list[_Episode]:
    watch, actor = EpisodeWatch.of(env.action_space), _Actor(env.action_space, seed)
    played: list[_Episode] = []
    for number in range(episodes):
        _, opening = env.reset(seed=None if number else seed)
        watch.begin(opening)
        info, ended, steps = cast(Info, opening), False, 0
        while not ended:
            _check_steps(steps, max_steps)
            action = actor.act(opening, info)
            _, reward, terminated, truncated, info = env.step(action)
            watch.step(reward, terminated, truncated, info, action=action)
            ended, steps = terminated or truncated, steps + 1
        played.append(_Episode(opening, info))
    return played


class _VectorPlay:
    """Plays a vector environment, and watches each sub-environment as if it stood alone."""

    def __init__(self, env: VectorEnv[Any, Any, Any], seed: int, max_steps: int) -> None:
        self._env, self._max_steps = env, max_steps
        self._mode = env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP)
        self._space: spaces.Space[Any] = cast(Any, env).single_action_space  # partly typed
        self._actor, self._fresh = _Actor(self._space, seed), Freshness()
        self._watches = [EpisodeWatch.of(self._space) for _ in range(env.num_envs)]
        self._openings: list[Info] = [{}] * env.num_envs
        self._latest: list[Info] = [{}] * env.num_envs
        self._done = np.zeros(env.num_envs, np.bool_)  # (B,)
        self._played: list[_Episode] = []
        _, infos = env.reset(seed=seed)
        self._begin(range(env.num_envs), infos)

    def play(self, episodes: int) -> list[_Episode]:
        """Returns at least so many episodes."""
        steps = 0
        while len(self._played) < episodes:
            steps = 0 if self._done.any() else steps + 1
            _check_steps(steps, self._max_steps)
            self._step()
        return self._played

    def _step(self) -> None:
        count = self._env.num_envs
        actions = [self._actor.act(*row) for row in zip(self._openings, self._latest, strict=True)]
        batch = concatenate(self._space, actions, create_empty_array(self._space, n=count))
        _, rewards, terminations, truncations, infos = self._env.step(batch)
        resetting = self._done if self._mode == AutoresetMode.NEXT_STEP else np.zeros(count, np.bool_)
        same_step = self._mode == AutoresetMode.SAME_STEP
        self._done = np.logical_or(terminations, truncations) & ~resetting
        rows = info_rows(_without_final(infos), count)
        finals = info_rows(infos.get("final_info", {}), count)
        for index in np.flatnonzero(~resetting).tolist():
            info = finals[index] if same_step and self._done[index] else rows[index]
            flags = bool(terminations[index]), bool(truncations[index])
            self._watches[index].step(float(rewards[index]), *flags, info, action=actions[index])
            self._latest[index] = info
            if self._done[index]:
                self._played.append(_Episode(self._openings[index], info))
        self._begin_next(infos, resetting)

    def _begin_next(self, infos: Info, resetting: npt.NDArray[np.bool_]) -> None:
        """Takes the openings that a step gave, or resets what has ended where nobody else does."""
        if self._mode == AutoresetMode.DISABLED and self._done.any():
            self._fresh.check(infos, "infos")
            _, infos = self._env.reset(options={"reset_mask": self._done.copy()})
        begun = resetting if self._mode == AutoresetMode.NEXT_STEP else self._done
        self._begin(np.flatnonzero(begun).tolist(), infos)

    def _begin(self, indices: Sequence[int], infos: Info) -> None:
        self._fresh.check(infos, "infos")
        rows = info_rows(_without_final(infos), self._env.num_envs)
        for index in indices:
            self._watches[index].begin(rows[index])
            self._openings[index] = self._latest[index] = rows[index]


class _Actor:
    """Samples actions; the first response is empty, and some more end early."""

    def __init__(self, space: spaces.Space[Any], seed: int) -> None:
        self._space = cast(Any, space)  # partly typed
        self._kind, self._rng, self._acted = type(space), np.random.default_rng(seed), False
        space.seed(seed)

    def act(self, opening: Info, info: Info) -> Any:
        """Returns an action, given the infos of the reset and of the step before."""
        first, self._acted = not self._acted, True
        early = first or self._rng.random() < _EARLY
        if issubclass(self._kind, spaces.Discrete):
            mask, eos = info["action_mask"], opening["eos_token_id"]
            return np.int64(eos) if early and mask[eos] else self._space.sample(mask)
        action = self._space.sample()
        if not early or not len(action):
            return action
        position = 0 if first else int(self._rng.integers(len(action)))
        if issubclass(self._kind, spaces.MultiDiscrete):
            action[position] = self._space.nvec[0] - 1 if first else opening["eos_token_id"]
        return action[:position] if isinstance(action, str) else action


def _without_final(infos: Info) -> Info:
    dropped = ("final_info", "_final_info", "final_obs", "_final_obs")
    return {key: value for key, value in infos.items() if key not in dropped}


def _check_steps(steps: int, max_steps: int) -> None:
    if steps >= max_steps:
        raise ContractError(f"an episode must end: none did within max_steps={max_steps} steps")


def _compare(one: Info, other: Info, place: str) -> None:
    """Raises ContractError where two infos of the same seed differ, numbers by more than 1e-5."""
    nothing = (f"{place}, which has another length", None)
    for (at, value), (other_at, twin) in zip_longest(
        _leaves(one, place), _leaves(other, place), fillvalue=nothing
    ):
        if at != other_at or not _are_equal(value, twin):
            raise ContractError(
                f"the same seed and actions must give the same infos, got {value!r:.80} and {twin!r:.80} "
                f"as {at}"
            )


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Yields what is in nested dicts and lists, with where it is."""
    if isinstance(value, Mapping):
        for key, part in cast(Info, value).items():
            yield from _leaves(part, f"{place}: {key}")
    elif isinstance(value, list | tuple):
        for part in cast(Sequence[Any], value):
            yield from _leaves(part, place)
    else:
        yield place, value


def _are_equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        array, twin = cast(npt.NDArray[Any], one), cast(npt.NDArray[Any], other)
        alike = array.dtype == twin.dtype and array.shape == twin.shape
        return alike and np.allclose(array, twin, rtol=0, atol=_TOLERANCE)
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=0, abs_tol=_TOLERANCE)
    return one == other
