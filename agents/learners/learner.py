"""The base of all learners: collecting rollouts, updating, reporting, predicting, saving, loading.

One iteration is `collect -> shape -> estimate -> loss -> step`: it collects `batch_size` episodes, shapes
their rewards, estimates advantages over tokens and runs `num_ppo_epochs` passes that minimise a loss. The
three in the middle are methods of a learner, and arguments of its constructor. A run that is saved, killed
and loaded goes on to the bit as it would have.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import torch
from torch import Tensor

from agents.config import LearnerConfig
from agents.learners.callback import Callback, CallbackFunction, ProgressBar, tell
from agents.learners.candidates import PREPARE
from agents.learners.checkpointing import load_learner, save_learner
from agents.learners.loss import Loss, LossTerm, clipped_loss
from agents.learners.metrics import iteration_metrics
from agents.learners.prepare import (
    Estimate,
    RewardTerms,
    Scales,
    Shaping,
    Steps,
    scales,
    shape_rewards,
)
from agents.learners.schedule import learning_rate, next_kl_coef
from agents.learners.start import (
    check_rounds,
    make_env,
    measure_score_scale,
    read_end_token,
    settle_models,
)
from agents.learners.update import score_batch, train
from agents.maths.tensors import Batch, Estimates, Rollout, Scored
from agents.parallel import ALONE, Processes
from agents.policies.policy import CausalLMPolicy
from agents.rollouts.collect import predict_actions
from agents.rollouts.play import play
from agents.rollouts.player import Environment, IntArray, Player, read_shapes
from agents.runs.throughput import resource_usage

ConfigT = TypeVar("ConfigT", bound=LearnerConfig)


class Learner(ABC, Generic[ConfigT]):
    """Learns from one reward per token; learners differ in `shape`, `estimate` and `loss`.

    Args:
        policy: A policy, or what `CausalLMPolicy.from_pretrained` takes; V is set to the environment's.
        env: A vector environment as `agents.rollouts.player` describes it, or an id to make one of
            `batch_size` episodes; of several processes each has its share of the episodes.
        config: Settings; None: the defaults.
        reference: The KL is measured from it; None: `policy.frozen_copy()`.
        shape: A function in place of the method.
        estimate: A function in place of the method.
        loss: A function in place of the method.
        callbacks: Called after each iteration, in order: objects like `agents.learners.callback.Callback`, or
            functions of `(metrics, timings, episodes)`; one that returns False ends learning.
        env_kwargs: For an environment that is given as an id.
        processes: The processes that learn together, each with equal arguments; by default this one alone.

    Raises:
        ValueError: If environment, settings, policy and processes do not go together, or the launcher was
            asked for something that a learner does not do.
    """

    name: ClassVar[str]
    """Identifies the learner in a checkpoint."""
    config_class: type[ConfigT]
    """The class of its settings."""

    def __init__(
        self,
        policy: CausalLMPolicy | str | Path,
        env: Environment | str,
        config: ConfigT | None = None,
        *,
        reference: CausalLMPolicy | None = None,
        shape: Shaping | None = None,
        estimate: Estimate | None = None,
        loss: Loss | None = None,
        callbacks: Sequence[Callback | CallbackFunction] = (),
        env_kwargs: Mapping[str, Any] | None = None,
        processes: Processes = ALONE,
    ) -> None:
        if isinstance(config, Mapping):
            name = self.config_class.__name__
            raise ValueError(
                f"config: expected a {name}, got a {type(config).__name__}; give {name}(**settings)"
            )
        self.config: ConfigT = self.config_class() if config is None else config
        self.processes = processes
        self.env = make_env(env, self.config, env_kwargs, self.processes)
        self.shapes = read_shapes(self.env)
        check_rounds(self.config, self.shapes, self.processes)
        self.policy = policy if isinstance(policy, CausalLMPolicy) else CausalLMPolicy.from_pretrained(policy)
        self.policy.restrict_vocabulary(self.shapes.vocab_size)
        self.reference = self.policy.frozen_copy() if reference is None else reference
        self._given = shape, estimate, loss
        self.callbacks: list[Callback | CallbackFunction] = list(callbacks)
        self.iteration = 0
        """Number of iterations the learner has done."""
        self.kl_coef = self.config.kl_coef
        """KL coefficient of the next iteration."""
        self.score_scale = 1.0
        """Scores are divided by it; measured before the first iteration if the settings say so."""
        self.step_timeout: float | None = None
        """Seconds within which the environment has to answer, as in `Player`; may be set later."""
        self.is_whole = True
        """Whether it is between two iterations: not after an update that failed half-way."""
        self.notes: dict[str, Any] = {}
        """Kept in checkpoints as it is, for the caller of `save`: anything that JSON can hold."""
        self.card: dict[str, Any] = {}
        """Further facts for the policy's model card."""
        self.last: dict[str, Any] = {}
        """KL and reward design of the last iteration, for the model card."""
        self.saved_files: dict[str, str] = {}
        """SHA-256 of the files of the latest checkpoint, by name."""
        settle_models(self.player, self.config)
        self.optimizer = torch.optim.Adam(
            self.parameter_groups(), lr=self.config.learning_rate, eps=self.config.adam_eps, fused=True
        )
        self.generator = torch.Generator().manual_seed(self.config.seed)
        """On the CPU; draws lengths, tokens and the order of minibatches."""
        self._predictor = torch.Generator().manual_seed(self.config.seed)  # predicting leaves learning alone
        self._trainable = [p for p in self.policy.backbone.parameters() if p.requires_grad]
        self.eos_token_id = read_end_token(self.player, self.config.seed)
        """Id of the environment's end token."""

    def shape(self, rollout: Rollout, terms: RewardTerms) -> Tensor:
        """Returns scores over their scale, less the KL penalty and that of a missing end, (B, T) float32."""
        return shape_rewards(rollout, terms, self.config)

    @abstractmethod
    def estimate(self, rollout: Rollout, rewards: Tensor) -> Estimates:
        """Returns the advantages of a batch, and the targets of the critic if there is one.

        Args:
            rollout: As collected.
            rewards: (B, T) float32, from `shape`, scaled where the settings say so.
        """

    def loss(self, scored: Scored, batch: Batch, denominator: float) -> LossTerm:
        """Returns the clipped surrogate less the entropy bonus, with what candidates add and statistics.

        Args:
            scored: The policy's scores of some responses, with gradient.
            batch: The same responses, prepared.
            denominator: Sums over tokens are divided by it.
        """
        return clipped_loss(scored, batch, denominator, self.config)

    def scales(self) -> Scales:
        """Returns how rewards are scaled before advantages are estimated, and advantages afterwards."""
        return scales(self.config)

    def trains_policy(self) -> bool:
        """Returns whether the next iteration trains more than the value head."""
        return True

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Returns Adam's groups of parameters: `params`, and `factor`, their share of the learning rate."""
        return [{"params": list(self.policy.parameters()), "factor": 1.0}]

    @property
    def episodes(self) -> int:
        """Episodes collected so far."""
        return self.iteration * self.config.batch_size

    @property
    def player(self) -> Player:
        """Environment, policy, reference, processes and timeout, for collecting rollouts."""
        return Player(self.env, self.policy, self.reference, self.processes, self.step_timeout)

    def prepare(self, rollout: Rollout) -> Batch:
        """Returns the batch that the next update reads of a rollout; nothing is changed."""
        shape, estimate, _ = self._given
        return PREPARE[self.config.candidates](
            rollout,
            RewardTerms(self.kl_coef, self.eos_token_id, self.score_scale),
            Steps(shape or self.shape, estimate or self.estimate, self.scales()),
            self.config,
        )

    def learn(self, total_episodes: int, *, progress_bar: bool = False) -> Self:
        """Learns until the run has collected that many episodes, those before a checkpoint included.

        The learning rate's schedule spans the whole run. A callback that returns False ends it earlier, after
        an iteration; the next call goes on from there.

        Args:
            total_episodes: >= 1, rounded up to whole iterations.
            progress_bar: Show progress on stderr or in the notebook, in the main process; needs tqdm.

        Raises:
            FloatingPointError: If a reward, loss or gradient is not finite; the message has the iteration.
            ImportError: If there is no tqdm to show a bar with.
            ValueError: If infos contradict each other, or the reference's returns, by whose deviation scores
                are to be divided, do not vary.
        """
        if total_episodes < 1:
            raise ValueError(f"total_episodes: expected a number >= 1, got {total_episodes}")
        if self.config.standardise_scores and self.iteration == 0:
            self.score_scale = measure_score_scale(self.player, self.config)
        total_iterations = math.ceil(total_episodes / self.config.batch_size)
        bars: list[ProgressBar] = []
        if progress_bar and self.processes.is_main:
            bars.append(ProgressBar(total_iterations * self.config.batch_size, done=self.episodes))
        try:
            while self.iteration < total_iterations and self._iterate(total_iterations, bars):
                pass
        except FloatingPointError as error:
            raise FloatingPointError(f"iteration {self.iteration + 1}: {error}") from error
        finally:
            for bar in bars:
                bar.close()
        return self

    def predict(self, obs: Mapping[str, Any], deterministic: bool = False) -> tuple[IntArray, None]:
        """Returns actions and None, in the manner of Stable-Baselines3.

        Args:
            obs: Dict(`prompt_ids`, `prompt_mask`), of one episode (P,) or several (B, P).
            deterministic: Take the most probable tokens instead of sampling.

        Returns:
            int64 (T,) or (B, T), V after the end of each response.
        """
        actions = predict_actions(
            self.player, obs, longest=self.config.length_range(self.shapes.response_length)[1],
            eos_token_id=self.eos_token_id, generator=None if deterministic else self._predictor,
        )  # fmt: skip
        return actions, None

    def save(self, path: str | Path) -> None:
        """Writes a checkpoint folder, atomically; of several processes the main one does.

        Raises:
            ValueError: If `path` is something other than a checkpoint, or an update failed half-way.
            OSError: If it can't be written.
        """
        if not self.is_whole:
            raise ValueError(f"update {self.iteration + 1} failed half-way: load a checkpoint")
        if self.processes.is_main:
            self.saved_files = save_learner(self, path)

    @classmethod
    def load(
        cls,
        path: str | Path,
        env: Environment | str,
        *,
        device: str | torch.device = "cpu",
        base: str | Path | None = None,
        **kwargs: Any,
    ) -> Self:
        """Returns the learner as it was saved; `learn` goes on where it stopped.

        Args:
            path: A checkpoint folder.
            env: The environment, as the constructor takes it.
            device: Where policy and reference are put.
            base: Where the base model of the policy's adapter is, when it has moved.
            **kwargs: Further arguments of the constructor: functions that it was made with have to be given
                again, processes may be more or fewer than those that saved.

        Raises:
            ValueError: If the checkpoint is missing, damaged, of another learner or architecture, or does not
                go with the environment.
        """
        return load_learner(cls, path, env, device=device, base=base, **kwargs)

    def _schedule(self, total_iterations: int) -> float:
        """Sets the learning rates and which parameters are trained; returns the policy's rate."""
        rate = learning_rate(self.config, self.iteration, total_iterations)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group.get("factor", 1.0)  # an optimiser that was put in may have none
        trains_policy = self.trains_policy()
        for parameter in self._trainable:
            parameter.requires_grad_(trains_policy)
        return rate

    def _iterate(self, total_iterations: int, bars: Sequence[Callback]) -> bool:
        """Collects, updates and reports one iteration; returns whether to go on."""
        started = time.perf_counter()
        rate = self._schedule(total_iterations)
        played = play(self.player, self.config, iteration=self.iteration, generator=self.generator)
        collected = time.perf_counter()
        self.is_whole = False
        trained = train(
            self.policy,
            self.optimizer,
            played.rollout,
            self.config,
            prepare=self.prepare,
            score=partial(score_batch, reference=self.reference),
            loss=self._given[2] or self.loss,
            generator=self.generator,
            processes=self.processes,
        )
        metrics = iteration_metrics(
            trained,
            played.episodes,
            self.iteration + 1,
            lr=rate,
            kl_coef=self.kl_coef,
            gamma=self.config.gamma,
        )
        self.kl_coef = next_kl_coef(self.config, self.kl_coef, metrics["objective/kl"])
        self.last = {"kl": metrics["objective/kl"], "reward_design": played.episodes[0].get("reward_design")}
        self.iteration += 1
        self.is_whole, done = True, time.perf_counter()
        seconds = {**played.seconds, "update": done - collected, "seconds": done - started}
        timings = seconds | resource_usage(seconds, trained.rollout.response_mask)
        ends = not tell([*self.callbacks, *bars], metrics, timings, played.episodes)
        return not self.processes.any(ends)  # all at the same iteration
