"""Vector environments of whole responses, which score a batch in one call."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar, Unpack

import numpy as np
import numpy.typing as npt
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from rlsf_gym.envs.base import TaskEnv
from rlsf_gym.envs.collation import collate_infos
from rlsf_gym.envs.forms import Form, TextForm, TokenForm
from rlsf_gym.envs.options import given_instances, reset_mask
from rlsf_gym.envs.screen import Episode, check_render_mode, show
from rlsf_gym.envs.task import TaskArguments, check_count, make_task
from rlsf_gym.feedback.core import add_columns
from rlsf_gym.instance import Instance
from rlsf_gym.text.tokenizer import Tokenizer

__all__ = ["ResponseVectorEnv", "TextVectorEnv"]

Infos = dict[str, Any]
Generator = np.random.Generator
Observations = TypeVar("Observations")
Actions = TypeVar("Actions")


class _VectorEnv(VectorEnv[Observations, Actions, npt.NDArray[Any]], Generic[Observations, Actions]):
    """Base class of vector environments of whole responses, which score a batch in one call.

    Args:
        num_envs: Number of sub-environments, B.
        autoreset_mode: `AutoresetMode.SAME_STEP` or `DISABLED`, or their values.
        render_mode: None, `"ansi"` or `"rgb_array"`.
        **task: The keyword arguments that all environments share.
    """

    metadata: dict[str, Any]
    form: ClassVar[type[Form]]
    """Form of observations and actions: token ids or text."""

    def __init__(
        self,
        num_envs: int = 1,
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
        render_mode: str | None = None,
        **task: Unpack[TaskArguments],
    ) -> None:
        self.num_envs = check_count("num_envs", num_envs)
        self.autoreset_mode = _check_autoreset_mode(autoreset_mode)
        self.metadata = TaskEnv.metadata | {"autoreset_mode": self.autoreset_mode}
        self.render_mode = check_render_mode(render_mode)
        self.task = make_task(type(self).__name__, task)
        form = self.form(self.task)
        self.single_observation_space, self.single_action_space = form.observation_space, form.action_space
        self.observation_space = batch_space(form.observation_space, num_envs)
        self.action_space = batch_space(form.action_space, num_envs)
        self._form = form
        self._streams: list[_Stream | None] = [None] * num_envs
        self._instances = [Instance("")] * num_envs
        self._observations: list[Any] = [None] * num_envs
        self._ended: list[Episode] = []
        self._waiting = np.ones(num_envs, np.bool_)  # (B,) True: reset before the next step

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer: `encode(str) -> ids` and `decode(ids) -> str`."""
        return self.task.tokenizer

    @property
    def np_random(self) -> tuple[Generator, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The generators that draw the prompts, one per sub-environment."""
        return tuple(self._stream(index).prompts for index in range(self.num_envs))

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Seeds of the generators that draw the prompts, one per sub-environment."""
        return tuple(self._stream(index).seed for index in range(self.num_envs))

    def reset(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, Infos]:
        """Begins episodes.

        Args:
            seed: Sub-environment i is seeded with seed + i, or with its element of a list; None goes on.
            options: `{"prompts": [B texts]}` sets the prompts (None among them: draw one), `{"prompt": text}`
                sets one for all, `{"reset_mask": bool (B,)}` resets only those where it is True. In a domain
                with data it is `{"instances": [B dicts]}` and `{"instance": data}`.

        Returns:
            Observations of all sub-environments, and the infos of those that were reset.

        Raises:
            ValueError: If an option is unknown or malformed, or a prompt is longer than P tokens.
        """
        given = given_instances(options, self.num_envs, self.task)
        seeds = _spread_seeds(seed, self.num_envs)
        chosen = np.flatnonzero(reset_mask(options, self.num_envs)).tolist()
        for index in chosen:
            if seeds[index] is not None:
                self._streams[index] = _Stream.seeded(seeds[index])
        infos = [self._begin(index, given[index]) for index in chosen]
        return self._observe(), collate_infos(infos, chosen, self.num_envs)

    def step(
        self, actions: Actions
    ) -> tuple[Observations, npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.bool_], Infos]:
        """Ends all episodes with a response each.

        Args:
            actions: B responses, as the action space has them.

        Returns:
            Observations, rewards float64 (B,), terminations (all True), truncations (all False), and infos.

        Raises:
            InvalidAction: If one of them is not a valid action.
            ResetNeeded: If a sub-environment has not been reset since its last step.
        """
        if self._waiting.any():
            waiting = np.flatnonzero(self._waiting).tolist()
            raise ResetNeeded(
                f"each step ends its episode: call reset() for environments {waiting} before step()"
            )
        ids, instances = self._form.read_batch(actions, self.num_envs), list(self._instances)
        rngs = [self._stream(index).designs for index in range(self.num_envs)]
        infos, shared = self.task.feedback.batch(instances, ids, rngs)
        rewards = np.array([info["token_rewards"] for info in infos], np.float64).sum(axis=1)  # (B,)
        told = infos if self.render_mode is None else add_columns(infos, shared)  # nobody else needs them
        self._ended = list(map(Episode, instances, ids, told))
        self._waiting[:] = True
        everyone = list(range(self.num_envs))
        columns = collate_infos(infos, everyone, self.num_envs)
        for key, column in shared.items():
            columns |= {key: column, f"_{key}": np.ones(self.num_envs, np.bool_)}
        if self.autoreset_mode == AutoresetMode.SAME_STEP:
            columns = self._final_infos(columns)
            begun = [self._begin(index, None) for index in everyone]
            columns |= collate_infos(begun, everyone, self.num_envs)
        ones = np.ones(self.num_envs, np.bool_)
        return self._observe(), rewards, ones, ~ones, columns

    def render(self) -> tuple[Any, ...] | None:
        """Returns the rendered last episodes, coloured by reward, or the prompts before the first step."""
        if self.render_mode is None:
            return None
        begun = [Episode(instance, np.zeros(0, np.int64), None) for instance in self._instances]
        shown = self.tokenizer, self.render_mode, self.task.segmentation
        return tuple(show(episode, *shown) for episode in self._ended or begun)

    def _stream(self, index: int) -> _Stream:
        stream = self._streams[index]
        if stream is None:
            stream = self._streams[index] = _Stream.seeded(None)
        return stream

    def _begin(self, index: int, given: Instance | None) -> Infos:
        instance = self.task.begin(self._stream(index).prompts, given)
        self._observations[index] = self._form.observe(instance.prompt)
        self._instances[index] = instance
        self._waiting[index] = False
        return self.task.reset_info(instance)

    def _observe(self) -> Observations:
        never = [index for index, observation in enumerate(self._observations) if observation is None]
        if never:
            raise ResetNeeded(f"a first reset() must begin all environments, {never} were left out")
        return self._form.stack(self._observations)

    def _final_infos(self, columns: Infos) -> Infos:
        """Returns `final_info` and `final_obs` of the ended episodes, for SAME_STEP."""
        final_obs = np.full(self.num_envs, None, dtype=object)
        for index, observation in enumerate(self._observations):
            final_obs[index] = observation  # the list gets a fresh one from the next episode
        everyone = np.ones(self.num_envs, np.bool_)
        return {
            "final_obs": final_obs,
            "_final_obs": everyone,
            "final_info": columns,
            "_final_info": everyone.copy(),
        }


class ResponseVectorEnv(
    _VectorEnv[dict[str, npt.NDArray[Any]], npt.NDArray[np.integer[Any]] | Sequence[Sequence[int]]]
):
    """Vector of B `ResponseEnv`s that scores a whole batch in one call.

    Sub-environment i, seeded with seed + i, draws the same prompts and pays the same rewards as a
    `ResponseEnv` with that seed, and infos have the layout of Gymnasium's `SyncVectorEnv`. An
    action is an integer array (B, T) padded with V, or a list of B lists of up to T ids.

    With `autoreset_mode=AutoresetMode.SAME_STEP` (the default) each step returns the next prompts, and the
    episodes that ended are in `infos["final_info"]` and `infos["final_obs"]`. With `DISABLED` the episode's
    info is at the top level, and `reset()` must follow each step; `reset(options={"reset_mask": bool
    (B,)})` resets a part. `NEXT_STEP` is refused: as each step ends its episode, every second action would
    be thrown away.

    Args:
        num_envs: B.
        autoreset_mode: `AutoresetMode.SAME_STEP` or `DISABLED`, or their values `"SameStep"` and
            `"Disabled"`.
        render_mode: `"ansi"` or `"rgb_array"`: one text or image per sub-environment.
        **task: The arguments of `ResponseEnv`.
    """

    form = TokenForm


class TextVectorEnv(_VectorEnv[tuple[str, ...], Sequence[str]]):
    """Vector of B `TextEnv`s that scores a whole batch in one call.

    Observations and actions are tuples of B texts; all else is as in `ResponseVectorEnv`.

    Args:
        num_envs: B.
        autoreset_mode: `AutoresetMode.SAME_STEP` or `DISABLED`, or their values.
        render_mode: `"ansi"` or `"rgb_array"`: one text or image per sub-environment.
        **task: The arguments of `ResponseEnv`.
    """

    form = TextForm


class _Stream(NamedTuple):
    """Random generators of one sub-environment."""

    prompts: Generator
    designs: Generator
    seed: int

    @classmethod
    def seeded(cls, seed: int | None) -> _Stream:
        generator, used = seeding.np_random(seed)
        return cls(generator, generator.spawn(1)[0], used)


def _check_autoreset_mode(mode: AutoresetMode | str) -> AutoresetMode:
    try:
        checked = AutoresetMode(mode)
    except ValueError:
        checked = AutoresetMode.NEXT_STEP if mode == "NEXT_STEP" else None
    if checked in (AutoresetMode.SAME_STEP, AutoresetMode.DISABLED):
        return checked
    reason = (
        ": NEXT_STEP would throw every second action away, as each step ends its episode" if checked else ""
    )
    raise ValueError(f"autoreset_mode must be 'SameStep' or 'Disabled', got {mode!r}{reason}")


def _spread_seeds(seed: int | Sequence[int | None] | None, num_envs: int) -> list[int | None]:
    if seed is None:
        return [None] * num_envs
    if isinstance(seed, Sequence | np.ndarray):
        if len(seed) != num_envs:
            raise ValueError(
                f"seed must be an int or one for each of {num_envs} environments, got {len(seed)}"
            )
        return [None if one is None else operator.index(one) for one in seed]
    return [operator.index(seed) + index for index in range(num_envs)]
