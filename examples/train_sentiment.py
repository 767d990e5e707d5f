"""Trains a language model on symbolic, token-level sentiment feedback and shows what it learned.

    python examples/train_sentiment.py                         the embedded model, prompts, scorer and judge
    python examples/train_sentiment.py --reward-design terminal --seed 1 --out runs/terminal
    python examples/train_sentiment.py --resume runs/terminal  continue a run that was stopped or killed
    accelerate launch --config_file CONFIG examples/train_sentiment.py    several processes: speed/accelerate

Exit status: 0 done, 1 a failure that is explained in one line, 2 wrong arguments, 130 stopped by Ctrl-C and
143 by SIGTERM with everything saved.
"""

from __future__ import annotations

import interruption as signals

if __name__ == "__main__":
    signals.end_quietly()  # what is imported below takes seconds

import settings as flags

if __name__ == "__main__":
    flags.make_parser(__doc__ or "").parse_args()  # --help and wrong flags need not wait for it

import sys
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boards
import gymnasium
import learner_flags
import learners
import results
import resuming
import run_prompts
import samples
import torch
import transformers
from checkpoints import Checkpoints
from command_line import repeated, show_warning
from learners import Agent
from names import check_names
from own_modules import find_own_modules
from run_folder import RunFolder, versions
from task_flags import COLLECTING, default_judge, tell

from agents.parallel import Processes
from agents.rollouts.evaluation import evaluate, summarise
from agents.runs.jsonl_log import FileGoneError
from agents.runs.memory_release import MemoryRelease
from agents.runs.printable import printable

EXPLAINED = (ValueError, OSError, ImportError, FloatingPointError, gymnasium.error.Error)
TOO_LARGE = (MemoryError, OverflowError, torch.OutOfMemoryError)
"""Explained as well, but not by their messages alone."""

EVERY = 10
"""Iterations between two checkpoints."""

Settings = Mapping[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Trains as the arguments say; returns the exit status."""
    parser = flags.make_parser(__doc__ or "")
    given = vars(parser.parse_args(argv))
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    interruption = signals.Interruption()
    try:
        processes = learners.join(given)
        if processes.is_main:
            for flag in repeated(sys.argv[1:] if argv is None else argv):
                if flag not in COLLECTING:
                    say(f"note: {flag} is given more than once: the last one counts")
        folder, settings = open_run(given, parser, processes)
        with interruption:
            status = run(folder, settings, given, interruption, processes)
        processes.close()
        return status
    except KeyboardInterrupt:
        say("stopped before there was anything to save" if "resume" not in given else "stopped")
        return interruption.status
    except Exception as error:
        if not is_explained(error):
            raise
        if given.get("traceback"):
            traceback.print_exc()
        kind = "" if isinstance(error, EXPLAINED) else f"{type(error).__name__}: "
        lines = (f"{kind}{tell(error)}", *getattr(error, "__notes__", ()))
        say("error: " + "; ".join(" ".join(line.split()) for line in lines))
        return 1


def open_run(
    given: dict[str, Any], parser: flags.Parser, processes: Processes
) -> tuple[RunFolder, dict[str, Any]]:
    """Returns the run folder and the settings, of the arguments or of the run that is continued."""
    if "resume" not in given:
        try:
            settings = flags.complete(given)
            find_own_modules(settings)
            check_names(settings)
            flags.make_config(settings)
            boards.check_installed(given)
        except ValueError as error:
            parser.error(tell(error))
        folder = RunFolder(given.get("out") or Path("runs") / time.strftime("%Y%m%d-%H%M%S"))
        if processes.is_main:
            folder.check_free()
        return folder, settings
    folder = RunFolder(given["resume"])
    config = folder.config()
    settings = flags.read_stored(config["settings"])
    try:
        check_unchanged(given, settings)
        settings = resuming.with_length(given, settings)
        given.update(boards.recall(config, given))
        boards.check_installed(given)
    except ValueError as error:
        parser.error(tell(error))
    find_own_modules(settings)  # whoever resumes a run asks for the modules that it names
    changed = [f"{name} {config['versions'].get(name)} -> {v}" for name, v in versions().items()
               if v != config["versions"].get(name)]  # fmt: skip
    if changed and processes.is_main:
        say("note: versions changed since the start, the last bits may differ: " + ", ".join(changed))
    return folder, folder.follow(settings)


def check_unchanged(given: Settings, settings: Settings) -> None:
    """Refuses to continue a run with a setting that it was not started with, or that its learner has not."""
    differing = flags.differences(
        {key: value for key, value in given.items() if key not in resuming.LENGTH}, settings
    )
    if differing:
        raise ValueError("can't continue with other settings: " + "; ".join(differing))
    learner_flags.check_given(given, settings["agent"])


def run(
    folder: RunFolder,
    settings: Settings,
    given: Settings,
    interruption: signals.Interruption,
    processes: Processes,
) -> int:
    """Trains in `folder`, or goes on there; returns the exit status. The main process alone writes."""
    if processes.any("resume" in given and is_done(folder, settings)):
        if processes.is_main:
            print(f"{folder.path} is finished already\n{results.describe(folder)}")
        return 0
    if settings["threads"]:
        torch.set_num_threads(settings["threads"])
    with ExitStack() as held:
        if "resume" in given and processes.is_main:
            held.enter_context(folder.lock())
            sources = filter(None, (settings["prompts"], settings["eval_prompts"]))
            folder.check_prompts(" and ".join(sources), run_prompts.hash_prompts(settings))
        run_prompts.read_prompts(settings, "eval")  # what is wrong with them shows before anything is written
        agent = learners.make_agent(
            folder, learners.settle(settings, processes), processes, base=given.get("base")
        )
        agent.step_timeout = given.get("step_timeout")
        if "resume" in given:
            go_on(folder, agent, settings, given)
        elif processes.is_main:
            held.enter_context(folder.lock())
            folder.check_free()  # while the model was loaded another process may have been quicker
            prompts = run_prompts.hash_prompts(settings)
            kept = {"boards": boards.chosen(given), "checkpoint_every": given.get("checkpoint_every", EVERY)}
            defaults = flags.defaults_of(settings["agent"])
            folder.create(settings, defaults=defaults, prompts=prompts, more=kept)
            for line in (*run_prompts.notes(settings), *judge_notes(settings, given)):
                say(f"note: {line}")
        if processes.is_main:
            agent.notes = resuming.identify(folder.config()["id"], settings)
        return work(agent, folder, learners.settle(settings, processes), given, interruption)


def is_done(folder: RunFolder, settings: Settings) -> bool:
    """Returns whether a run has its results, and all the episodes that are asked for."""
    if not folder.is_finished:
        return False
    done = results.episodes_of(folder)
    return resuming.check_length(folder, settings, total=total_episodes(settings), done=done) == done


def go_on(folder: RunFolder, agent: Agent, settings: Settings, given: Settings) -> None:
    """Checks what there is of a run that is continued, and records what is asked of it beyond."""
    total = total_episodes(settings)
    whole = resuming.check_length(folder, settings, total=total, done=agent.episodes)
    if not agent.processes.is_main:
        return
    folder.check_progress(agent.iteration)
    if resuming.is_lengthened(folder, settings, left=whole - agent.episodes):
        say(f"note: the run goes on to {whole} episodes; {resuming.lengthen(folder, agent, settings, whole)}")
    folder.keep({"boards": boards.chosen(given), "checkpoint_every": given.get("checkpoint_every", EVERY)})


def judge_notes(settings: Settings, given: Settings) -> list[str]:
    """Returns the line that says why no judge is asked, where none was chosen."""
    if "judge" in given or default_judge(settings) != "none":
        return []
    return [
        "no judge: the bundled ones know films and sentiment alone; --judge bundled asks one all the same"
    ]


def work(
    agent: Agent,
    folder: RunFolder,
    settings: Settings,
    given: Settings,
    interruption: signals.Interruption,
) -> int:
    """Does what is left of a run; returns the exit status."""
    checkpoints = Checkpoints(agent, folder, given.get("checkpoint_every", EVERY), interruption)
    try:
        evaluation(folder, "before", agent, settings)
        learn(agent, folder, settings, given, checkpoints, interruption)
        evaluation(folder, "after", agent, settings)
        if agent.processes.is_main:
            agent.card["held_out"] = results.held_out(folder)
        checkpoints.save()
        if agent.processes.is_main:
            for line in results.finish(folder, agent.episodes):
                say(line)
            print(results.describe(folder))
    except KeyboardInterrupt:
        if agent.processes.is_main:
            say(f"stopped; {how_to_continue(folder, checkpoints)}")
        return interruption.status
    except FileGoneError as error:
        if not agent.processes.is_main:
            raise
        raise OSError(f"{error}; {resuming.rescue(folder, agent)}") from error
    except Exception as error:
        if is_explained(error) and agent.processes.is_main:
            error.add_note(how_to_continue(folder, checkpoints))
        raise
    return 0


def is_explained(error: Exception) -> bool:
    """Returns whether one line says what went wrong; what a scorer raises has the scorer's name in a note."""
    return isinstance(error, EXPLAINED + TOO_LARGE) or hasattr(error, "__notes__")


def how_to_continue(folder: RunFolder, checkpoints: Checkpoints) -> str:
    """Returns what is saved, and what to type."""
    return (
        f"saved up to iteration {checkpoints.saved}, continue with: {resuming.how_to_continue(folder.path)}"
    )


def evaluation(folder: RunFolder, name: str, agent: Agent, settings: Settings) -> None:
    """Writes summary and samples on held-out prompts, unless they are there already.

    What the untrained policy says is what the reference says, should it be lost later on.
    """
    processes = agent.processes
    if processes.any(processes.is_main and folder.read(name) is not None):
        return
    policy = agent.reference if name == "before" and agent.iteration else agent.policy
    rows = evaluate(
        policy, learners.make_eval_env(settings, processes), episodes=settings["eval_samples"],
        reference=agent.reference, seed=settings["seed"], step_timeout=agent.step_timeout,
        response_length=flags.length_range(settings["response_length"]), processes=processes,
    )  # fmt: skip
    if processes.is_main:
        folder.write(name, {"summary": summarise(rows), "samples": samples.pick(rows)})


def learn(
    agent: Agent,
    folder: RunFolder,
    settings: Settings,
    given: Settings,
    checkpoints: Checkpoints,
    interruption: signals.Interruption,
) -> None:
    """Trains up to the wanted number of episodes, saving every few iterations and when asked to stop."""
    total = total_episodes(settings)
    logs = boards.make_logs(agent, folder, settings, given, total=total, say=say)
    agent.callbacks = [*logs, MemoryRelease(), checkpoints]
    interruption.postponed = True
    try:
        agent.learn(total)
        checkpoints.save()
    except Exception:
        checkpoints.rescue()
        raise
    finally:
        interruption.postponed = False
        boards.close_logs(logs, folder)
    if interruption.requested:  # during the last save
        raise KeyboardInterrupt


def total_episodes(settings: Settings) -> int:
    """Returns the episodes of the whole run; `--epochs` are passes over the training prompts."""
    if settings["epochs"] is None:
        return settings["episodes"]
    return max(1, round(settings["epochs"] * len(run_prompts.read_prompts(settings, "train").texts)))


def say(line: str) -> None:
    """Writes one line to stderr."""
    print(printable(line), file=sys.stderr, flush=True)


if __name__ == "__main__":
    warnings.showwarning = show_warning
    sys.exit(main())
