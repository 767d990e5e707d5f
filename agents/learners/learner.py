"""What all learners share: they play, update, report, predict, save and load alike.

One iteration plays `batch_size` episodes, takes the price of divergence off each token's reward, has the
learner estimate advantages over tokens and runs `num_ppo_epochs` passes of clipped updates. A run that is
saved, killed and loaded goes on to the bit as it would have.
"""

from __future__ import annotations

import math
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import torch
from torch import Tensor

from agents.config import LearnerConfig
from agents.learners.callback import Callback, CallbackFunction, tell
from agents.learners.checkpoint_checks import check_learner, check_vocabulary
from agents.learners.learner_record import check_options, read_learner_record
from agents.learners.metrics import environment_metrics, learner_metrics
from agents.learners.prediction import predict_actions
from agents.learners.schedule import learning_rate, next_kl_coef
from agents.learners.score_scale import measure_score_scale
from agents.learners.update import train
from agents.maths.tensors import Estimates, Rollout
from agents.parallel import ALONE, Processes
from agents.policies.model_card import describe_training
from agents.policies.pair import describe_pair, pair_parts, read_pair, reference_files
from agents.policies.policy import CausalLMPolicy
from agents.policies.tokenizer_match import check_tokenizers
from agents.rollouts.collect import Environment, IntArray, read_shapes
from agents.rollouts.env_answers import read_eos_token_id, split_infos
from agents.rollouts.play import check_rounds, environment_seed, make_env, play
from agents.runs import checkpoint
from agents.runs.launcher import check_launcher
from agents.runs.optimizer_state import read_state, set_generator, write_state
from agents.runs.progress_bar import ProgressBar
from agents.runs.throughput import resource_figures
from agents.runs.versions import read_versions

GENERATOR = "generator"
ConfigT = TypeVar("ConfigT", bound=LearnerConfig)


class Learner(ABC, Generic[ConfigT]):
    """Learns from one reward per token; what sets a learner apart is how it estimates advantages.

    Args:
        policy: A policy, or what `CausalLMPolicy.from_pretrained` takes; V is set to the environment's.
        env: A vector environment as `agents.rollouts.collect` describes it, or an id to make one of
            `batch_size` episodes; of several processes each has its share of the episodes.
        config: Settings; None: the defaults.
        reference: What divergence is measured from; None: a frozen copy of the policy, or, of one with an
            adapter, its base model, whose weights it shares.
        callbacks: Told of each iteration, in order: objects as `agents.learners.callback.Callback` describes
            them, or functions of `(metrics, timings, episodes)`; one that returns False ends learning. May be
            set later.
        env_kwargs: For an environment that is given as an id.
        processes: Who learns together, each with equal arguments; by default this process alone.

    Raises:
        ValueError: The environment, the settings, the policy or the processes do not go together, or a
            launcher was asked for what a learner does not do, as `agents.runs.launcher` says.
    """

    name: ClassVar[str]
    """Says in a checkpoint whose it is."""
    config_class: type[ConfigT]
    """Of its settings."""

    def __init__(
        self,
        policy: CausalLMPolicy | str | Path,
        env: Environment | str,
        config: ConfigT | None = None,
        *,
        reference: CausalLMPolicy | None = None,
        callbacks: Sequence[Callback | CallbackFunction] = (),
        env_kwargs: Mapping[str, Any] | None = None,
        processes: Processes = ALONE,
    ) -> None:
        self.config: ConfigT = self.config_class() if config is None else config
        self.processes = processes
        self.env = make_env(env, self.config, env_kwargs, self.processes)
        self.shapes = read_shapes(self.env)
        check_rounds(self.config, self.shapes, self.processes)
        self._length_range = self.config.length_range(self.shapes.response_length)
        self.policy = policy if isinstance(policy, CausalLMPolicy) else CausalLMPolicy.from_pretrained(policy)
        self.policy.restrict_vocabulary(self.shapes.vocab_size)
        self.reference = self.policy.frozen_copy() if reference is None else reference
        check_launcher(os.environ, self.policy.device.type)
        for module in (self.policy, self.reference):
            self.processes.copy_from_main(module)
        self.reference.restrict_vocabulary(self.shapes.vocab_size)
        self.policy.check_trainable()
        for module in (self.policy, self.reference):
            module.check_lengths(self.shapes.prompt_length, self._length_range[1])
        self.reference.requires_grad_(False)
        self.callbacks: list[Callback | CallbackFunction] = list(callbacks)
        self.iteration = 0
        """Iterations done."""
        self.kl_coef = self.config.kl_coef
        """Price of a nat in the next iteration."""
        self.score_scale = 1.0
        """What scores are divided by; measured before the first iteration where the settings say so."""
        self.step_timeout: float | None = None
        """As `agents.rollouts.collect.collect` takes it; may be set later."""
        self.is_whole = True
        """Whether it stands between two iterations: not after an update that failed half-way."""
        self.notes: dict[str, Any] = {}
        """Kept in checkpoints as it is, for whoever saves them: anything that JSON can hold."""
        self.card: dict[str, Any] = {}
        """Further facts for the policy's model card, as `policies.model_card.write_card` takes them."""
        self._figures: dict[str, Any] = {}  # of the last iteration, for the same
        self._trainable = [p for p in self.policy.backbone.parameters() if p.requires_grad]
        self._optimizer = torch.optim.Adam(
            self.policy.parameters(), lr=self.config.learning_rate, eps=self.config.adam_eps, fused=True
        )
        self._generator = torch.Generator().manual_seed(self.config.seed)
        self._predictor = torch.Generator().manual_seed(self.config.seed)  # predicting leaves learning alone
        self._saved_files: dict[str, str] = {}
        _, opening = self.env.reset(seed=environment_seed(self.config.seed, 0, 0))
        openings = split_infos(opening, self.shapes.episodes)
        self._eos_token_id = read_eos_token_id(openings)
        check_tokenizers(
            {"policy": self.policy.tokenizer, "reference": self.reference.tokenizer},
            openings,
            self.shapes.vocab_size,
            warn=True,
        )

    @abstractmethod
    def estimate(self, rollout: Rollout, rewards: Tensor) -> Estimates:
        """Returns the advantages of a batch, and the targets of the critic if there is one.

        Args:
            rollout: What was played.
            rewards: (B, T) float32, scores less the price of divergence.
        """

    @property
    def episodes(self) -> int:
        """Episodes played so far."""
        return self.iteration * self.config.batch_size

    def learn(self, total_episodes: int, *, progress_bar: bool = False) -> Self:
        """Learns until the run has played that many episodes, those before a checkpoint included.

        The learning rate's schedule spans the whole run. A callback that returns False ends it earlier, after
        an iteration; the next call goes on from there.

        Args:
            total_episodes: >= 1, rounded up to whole iterations.
            progress_bar: Show how far it is, on stderr or in the notebook, in the main process; needs tqdm.

        Raises:
            FloatingPointError: A reward, loss or gradient is not finite; the message has the iteration.
            ImportError: There is no tqdm to show a bar with.
            ValueError: Scores are to be standardised, but the reference's returns do not vary; or the infos
                contradict each other, as `agents.rollouts.episode_rewards` says.
        """
        if total_episodes < 1:
            raise ValueError(f"total_episodes: expected a number >= 1, got {total_episodes}")
        if self.config.standardise_scores and self.iteration == 0:
            self.score_scale = measure_score_scale(
                self.env, self.reference, self.config, self.step_timeout, self.processes
            )
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
            self.policy,
            obs,
            self.shapes,
            longest=self._length_range[1],
            eos_token_id=self._eos_token_id,
            generator=self._predictor,
            deterministic=deterministic,
        )
        return actions, None

    def save(self, path: str | Path) -> None:
        """Writes a checkpoint folder, atomically: the whole new one, or the earlier one stays.

        Of several processes the main one writes; the others have nothing to do.

        Raises:
            ValueError: `path` is something other than a checkpoint, or an update failed half-way.
            OSError: It can't be written.
        """
        if not self.is_whole:
            raise ValueError(f"update {self.iteration + 1} failed half-way: load a checkpoint")
        if not self.processes.is_main:
            return
        self._saved_files = checkpoint.save(
            path,
            parts=pair_parts(self.policy, self.reference, self._facts(), self._eos_token_id),
            tensors={
                GENERATOR: self._generator.get_state(),
                **read_state(self._optimizer, self.policy.named_parameters()),
            },
            record={
                "learner": self.name,
                "config": self.config.to_record(),
                "options": describe_pair(self.policy, self.reference),
                "vocab_size": self.shapes.vocab_size,
                "iteration": self.iteration,
                "kl_coef": self.kl_coef,
                "score_scale": self.score_scale,
                "notes": self.notes,
                "versions": read_versions(),
            },
            unchanged=reference_files(self._saved_files),
        )

    @classmethod
    def load(
        cls,
        path: str | Path,
        env: Environment | str,
        *,
        callbacks: Sequence[Callback | CallbackFunction] = (),
        env_kwargs: Mapping[str, Any] | None = None,
        device: str | torch.device = "cpu",
        processes: Processes = ALONE,
        base: str | Path | None = None,
    ) -> Self:
        """Returns the learner as it was saved; `learn` goes on where it stopped.

        Args:
            path: As given to `save`.
            env: As in the constructor.
            callbacks: As in the constructor.
            env_kwargs: As in the constructor.
            device: Where policy and reference are put.
            processes: As in the constructor; they may be more or fewer than those that saved.
            base: Where the base model of the policy's adapter is, when it has moved.

        Raises:
            ValueError: The checkpoint is missing, damaged, of another learner or architecture, or does not go
                with the environment.
        """
        found = checkpoint.load(path)
        check_learner(path, found.record, cls.name)
        check_options(path, found.record)
        record = read_learner_record(path, found.record)
        config = cls.config_class.from_record(record.config)
        policy, reference = read_pair(found, device, base=base)
        agent = cls(
            policy,
            env,
            config,
            reference=reference,
            callbacks=callbacks,
            env_kwargs=env_kwargs,
            processes=processes,
        )
        check_vocabulary(found.record, agent.shapes)
        agent.iteration, agent.notes = record.iteration, record.notes
        agent.kl_coef, agent.score_scale = record.kl_coef, record.score_scale
        tensors = dict(found.tensors)
        set_generator(agent._generator, tensors.pop(GENERATOR, None))
        write_state(agent._optimizer, agent.policy.named_parameters(), tensors)
        agent._saved_files = found.files
        return agent

    def _facts(self) -> dict[str, Any]:
        """Returns what the policy's model card says of its training."""
        settings = self.config.to_record()
        known = describe_training(self.name, self.env, settings, episodes=self.episodes, **self._figures)
        return {**known, **self.card}

    def _schedule(self, total_iterations: int) -> float:
        """Sets the learning rate, and whether more than the critic learns; returns the rate."""
        rate = learning_rate(self.config, self.iteration, total_iterations)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        critic = self.config.critic
        warming = critic is not None and self.iteration < critic.warmup_iterations
        for parameter in self._trainable:
            parameter.requires_grad_(not warming)
        return rate

    def _iterate(self, total_iterations: int, bars: Sequence[Callback]) -> bool:
        """Plays, updates and reports one iteration; returns whether to go on."""
        started = time.perf_counter()
        rate = self._schedule(total_iterations)
        played = play(
            self.env,
            self.policy,
            self.reference,
            self.config,
            iteration=self.iteration,
            generator=self._generator,
            step_timeout=self.step_timeout,
            processes=self.processes,
        )
        collected = time.perf_counter()
        self.is_whole = False
        trained = train(
            self.policy,
            self._optimizer,
            played.rollout,
            self.config,
            estimate=self.estimate,
            kl_coef=self.kl_coef,
            score_scale=self.score_scale,
            eos_token_id=self._eos_token_id,
            generator=self._generator,
            processes=self.processes,
        )
        metrics: dict[str, float] = {
            "iteration": float(self.iteration + 1),
            "episodes": float(self.episodes + self.config.batch_size),
            "lr": rate,
            "kl_coef": self.kl_coef,
            **learner_metrics(trained),
            **environment_metrics(played.episodes),
        }
        self.kl_coef = next_kl_coef(self.config, self.kl_coef, metrics["objective/kl"])
        self._figures = {
            "kl": metrics["objective/kl"], "reward_design": played.episodes[0].get("reward_design"),
        }  # fmt: skip
        self.iteration += 1
        self.is_whole = True
        done = time.perf_counter()
        seconds = {**played.seconds, "update": done - collected, "seconds": done - started}
        timings = seconds | resource_figures(seconds, trained.rollout.response_mask)
        goes_on = tell([*self.callbacks, *bars], metrics, timings, played.episodes)
        return not self.processes.any(not goes_on)  # all at the same iteration
