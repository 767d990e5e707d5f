"""Trains in a run folder, or resumes there, and writes the results; a failure leaves the folder whole."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium
import torch

from agents.learners.callback import MemoryRelease
from agents.learners.learner import Learner
from agents.parallel import Processes
from agents.rollouts.evaluation import evaluate, summarise
from agents.runs.jsonl_log import FileGoneError
from agents.runs.printable import printable
from agents.training import boards, build, results, resuming, samples
from agents.training import settings as flags
from agents.training.checkpoints import Checkpoints
from agents.training.interruption import Interruption
from agents.training.preset import Preset, Prompts
from agents.training.run_folder import RunFolder, versions

EVERY = 10
"""Default number of iterations between two checkpoints."""

Settings = Mapping[str, Any]


class Run(NamedTuple):
    """Training run as requested: preset, folder, settings and flags."""

    preset: Preset
    folder: RunFolder
    settings: Settings
    """All recorded settings of the run."""
    given: Settings
    """Flags that were given on the command line."""
    interruption: Interruption
    processes: Processes

    @property
    def is_resumed(self) -> bool:
        """Whether the run is resumed."""
        return "resume" in self.given

    @property
    def every(self) -> int:
        """Number of iterations between two checkpoints."""
        return self.given.get("checkpoint_every", EVERY)

    @property
    def own(self) -> dict[str, Any]:
        """Settings with this process's own device."""
        return build.settle(self.settings, self.processes)

    @property
    def total(self) -> int:
        """Number of episodes of the whole run; `--epochs` are passes over the training prompts."""
        if self.settings["epochs"] is None:
            return self.settings["episodes"]
        prompts = self.prompts
        return max(1, round(self.settings["epochs"] * (prompts.number if prompts else 0)))

    @property
    def prompts(self) -> Prompts | None:
        """Prompts of the run, None where the environment alone knows them."""
        return self.preset.prompts(self.settings)


class UsageError(Exception):
    """Flags contradict each other, or the run that is resumed."""


def say(line: str) -> None:
    """Writes one line to stderr."""
    sys.stderr.write(printable(line) + "\n")
    sys.stderr.flush()


def start(preset: Preset, given: Settings, processes: Processes) -> tuple[RunFolder, dict[str, Any]]:
    """Returns the folder and the settings of a new run.

    Raises:
        UsageError: If a flag is wrong.
        ValueError: If the folder is taken.
    """
    try:
        settings = flags.complete(preset, given)
        preset.find_modules(settings)
        preset.check_names(settings)
        build.check_policy(settings["policy"])
        build.check_device(settings["device"])
        flags.make_config(settings)
        boards.check_installed(given)
    except ValueError as error:
        raise UsageError(preset.explain(error)) from error
    folder = RunFolder(given.get("out") or Path("runs") / time.strftime("%Y%m%d-%H%M%S"))
    if processes.is_main:
        folder.check_free()
    return folder, settings


def resume(preset: Preset, given: dict[str, Any], processes: Processes) -> tuple[RunFolder, dict[str, Any]]:
    """Returns the folder and the settings of a resumed run; its boards are added to `given`.

    Raises:
        UsageError: If a flag differs from those that the run was started with.
        ValueError: If there is no such run.
    """
    folder = RunFolder(given["resume"])
    config = folder.config()
    settings = flags.read_stored(preset, config["settings"])
    try:
        check_unchanged(given, settings)
        settings = resuming.with_length(given, settings)
        given.update(boards.recall(config, given))
        boards.check_installed(given)
    except ValueError as error:
        raise UsageError(preset.explain(error)) from error
    preset.find_modules(settings)  # whoever resumes a run asks for the modules that it names
    started = config["versions"]
    now = versions(preset.packages)
    changed = [f"{name} {started.get(name)} -> {now[name]}" for name in now if now[name] != started.get(name)]
    if changed and processes.is_main:
        say("note: versions changed since the start, the last bits may differ: " + ", ".join(changed))
    return folder, folder.follow(settings)


def check_unchanged(given: Settings, settings: Settings) -> None:
    """Refuses to resume a run with a changed setting, or with one that its learner does not have."""
    differing = flags.differences(
        {key: value for key, value in given.items() if key not in resuming.LENGTH}, settings
    )
    if differing:
        raise ValueError("can't continue with other settings: " + "; ".join(differing))
    flags.check_given(given, settings["agent"])


def train(run: Run) -> int:
    """Trains or resumes a run; returns the exit status. The main process alone writes files."""
    processes, folder = run.processes, run.folder
    if processes.any(run.is_resumed and is_done(run)):
        if processes.is_main:
            sys.stdout.write(f"{folder.path} is finished already\n{results.describe(folder)}\n")
        return 0
    if run.settings["threads"]:
        torch.set_num_threads(run.settings["threads"])
    with ExitStack() as held:
        if run.is_resumed and processes.is_main:
            held.enter_context(folder.lock())
            check_prompts(run)
        prompts = run.prompts  # what is wrong with them shows before anything is written
        agent = build.make_agent(run.preset, folder, run.own, processes, base=run.given.get("base"))
        agent.step_timeout = run.given.get("step_timeout")
        if run.is_resumed:
            go_on(run, agent)
        elif processes.is_main:
            held.enter_context(folder.lock())
            folder.check_free()  # while the model was loaded another process may have been quicker
            create(run, prompts)
        if processes.is_main:
            agent.notes = resuming.identify(folder.config()["id"], run.settings)
        return work(run, agent)


def create(run: Run, prompts: Prompts | None) -> None:
    """Writes the record of a new run, and prints notes about its settings."""
    kept = {"preset": run.preset.name, "boards": boards.chosen(run.given), "checkpoint_every": run.every}
    if prompts is not None:
        kept = {"prompts_sha256": prompts.sha256, **kept}
    defaults = flags.defaults_of(run.preset, run.settings["agent"])
    run.folder.create(run.settings, defaults=defaults, packages=run.preset.packages, more=kept)
    for line in (*(prompts.notes if prompts else ()), *run.preset.notes(run.settings, run.given)):
        say(f"note: {line}")


def check_prompts(run: Run) -> None:
    """Checks that the prompts are those that the run was started with."""
    prompts = run.prompts
    if prompts is not None:
        run.folder.check_prompts(prompts.source, prompts.sha256)


def is_done(run: Run) -> bool:
    """Returns whether a run has its results, and all requested episodes."""
    if not run.folder.is_finished:
        return False
    done = results.episodes_of(run.folder)
    return resuming.check_length(run.folder, run.settings, total=run.total, done=done) == done


def go_on(run: Run, agent: Learner[Any]) -> None:
    """Checks the files of a resumed run, and records its new length."""
    folder, settings = run.folder, run.settings
    whole = resuming.check_length(folder, settings, total=run.total, done=agent.episodes)
    if not agent.processes.is_main:
        return
    folder.check_progress(agent.iteration)
    if resuming.is_lengthened(folder, settings, left=whole - agent.episodes):
        say(f"note: the run goes on to {whole} episodes; {resuming.lengthen(folder, agent, settings, whole)}")
    folder.keep({"boards": boards.chosen(run.given), "checkpoint_every": run.every})


def work(run: Run, agent: Learner[Any]) -> int:
    """Runs the remaining steps of a run (evaluations, training, results); returns the exit status."""
    folder, is_main = run.folder, agent.processes.is_main
    checkpoints = Checkpoints(agent, folder, run.every, run.interruption)
    try:
        evaluation(run, "before", agent)
        learn(run, agent, checkpoints)
        evaluation(run, "after", agent)
        if is_main:
            agent.card |= results.card_facts(folder, run.preset, run.settings)
        checkpoints.save()
        if is_main:
            for line in results.finish(folder, run.preset, agent.episodes):
                say(line)
            sys.stdout.write(results.describe(folder) + "\n")
    except KeyboardInterrupt:
        if is_main:
            say(f"stopped; {how_to_continue(folder, checkpoints)}")
        return run.interruption.status
    except FileGoneError as error:
        if not is_main:
            raise
        raise OSError(f"{error}; {resuming.rescue(folder, agent)}") from error
    except Exception as error:
        if is_explained(error) and is_main:
            error.add_note(how_to_continue(folder, checkpoints))
        raise
    return 0


EXPLAINED = (ValueError, OSError, ImportError, FloatingPointError, gymnasium.error.Error)
TOO_LARGE = (MemoryError, OverflowError, torch.OutOfMemoryError)
"""Errors of memory and size, explained by more than their messages."""


def is_explained(error: Exception) -> bool:
    """Returns whether an error is explained in one line; a scorer's error has the scorer's name in a note."""
    return isinstance(error, EXPLAINED + TOO_LARGE) or hasattr(error, "__notes__")


def explain(preset: Preset, error: Exception) -> str:
    """Returns the explanation of an error, in one line."""
    kind = "" if isinstance(error, EXPLAINED) else f"{type(error).__name__}: "
    lines = (f"{kind}{preset.explain(error)}", *getattr(error, "__notes__", ()))
    return "error: " + "; ".join(" ".join(line.split()) for line in lines)


def how_to_continue(folder: RunFolder, checkpoints: Checkpoints) -> str:
    """Returns text that says what is saved, with the command that resumes the run."""
    return (
        f"saved up to iteration {checkpoints.saved}, continue with: {resuming.how_to_continue(folder.path)}"
    )


def evaluation(run: Run, name: str, agent: Learner[Any]) -> None:
    """Evaluates on held-out prompts and writes summary and samples, unless they exist already.

    The reference can stand in for the untrained policy if its evaluation is lost later on.
    """
    processes, folder, settings = agent.processes, run.folder, run.own
    if processes.any(processes.is_main and folder.read(name) is not None):
        return
    policy = agent.reference if name == "before" and agent.iteration else agent.policy
    rows = evaluate(
        policy,
        build.make_eval_env(run.preset, settings, processes),
        episodes=settings["eval_samples"],
        reference=agent.reference,
        seed=settings["seed"],
        step_timeout=agent.step_timeout,
        response_length=flags.length_range(settings["response_length"]),
        processes=processes,
        ranked=samples.COUNT,
    )
    if processes.is_main:
        summary = summarise(rows)
        measured = {"responses": len(rows), "prompts": samples.count_prompts(rows)}
        folder.write(name, {"summary": summary, "samples": samples.pick(rows), "measured": measured})
        if summary.get("solved") is not None:
            say(f"{name} training: {summary['solved']:.1%} of {len(rows)} held-out responses are solved")


def learn(run: Run, agent: Learner[Any], checkpoints: Checkpoints) -> None:
    """Trains up to the requested number of episodes, with checkpoints on schedule and on a stop request."""
    total = run.total
    logs = boards.make_logs(agent, run.folder, run.own, run.given, total=total, say=say)
    agent.callbacks = [*logs, MemoryRelease(), checkpoints]
    run.interruption.postponed = True
    try:
        agent.learn(total)
        checkpoints.save()
    except Exception:
        checkpoints.rescue()
        raise
    finally:
        run.interruption.postponed = False
        boards.close_logs(logs, run.folder)
    if run.interruption.requested:  # during the last save
        raise KeyboardInterrupt
