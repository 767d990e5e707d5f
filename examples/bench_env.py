"""Times the environments: responses per second of one core, by design and length, and where the time goes.

    python examples/bench_env.py [--tokens 16 64 256] [--num-envs 128] [--repeats 9]

Processor time, the median of several steps. Every repetition goes through all lengths, loads, designs and
both forms of the environment in turn, so that a busy spell falls on all of them alike. A step of
the vector environment draws the next prompts as well; for the single one, an episode is a step and a reset.

Two loads: `text` are sentences as reviews have them, encoded and cut to full length; `random` are ids drawn
from the action space, which decode to words that nobody has written before.

For the shares, the scorer and `Feedback.infos` are timed inside the step; the tokenizer and the design are
called again with what the step gave them. Gymnasium is what a step takes outside `Feedback.infos`: checks,
prompts, observations and the layout of infos. The rest of `Feedback.infos` makes evidence and info dicts.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym
import numpy as np

from rlsf_gym.designs import DESIGNS
from rlsf_gym.envs.decoding import read_responses
from rlsf_gym.evidence import Evidence

SENTENCES = (
    "The plot is thin, but the acting was great and I really liked the ending.",
    "It is not a bad film, it just never finds its feet.",
    "I have seen worse, though I can't remember when.",
    "The music is lovely and the two leads are very funny together!",
    "What a waste of a good cast.",
    "Nobody should have to sit through two hours of this.",
    "A warm, clever and beautiful story about growing old.",
    "The jokes fall flat, the villain is dull, and the twist is obvious from the start.",
    "My wife loved it; I was bored after ten minutes.",
    "Well worth your time if you like slow films.",
    "The director clearly cares about these people, and so did I.",
    "There is a scene on a train in the middle of the film that I will not forget.",
    "The book was better, as usual.",
    "I don't know who this was made for.",
    "Everything about the camera work is wrong, and half of the dialogue cannot be heard.",
    "It was shot in three weeks in a small town in Ohio, and it shows.",
    "If you enjoyed the first one, you will probably enjoy this as well.",
    "The last third is a mess, but what a performance by the girl who plays his daughter!",
    "They meet in a bar, talk all night and walk home along the river.",
    "This is the WORST thing that he has ever done.",
    "I laughed, I cried, and I went to see it again on Sunday.",
    "The script has no idea where to go after the robbery.",
    "For a film of its age it looks surprisingly good.",
    "Why would anyone want to watch that?",
    "The violence is ugly and hardly ever necessary.",
    "He plays a tired detective with a secret, and she plays the wife of the man he is looking for.",
    "Not funny, not scary, not even interesting.",
    "A few of the songs are kind of nice.",
    "Give it ten minutes and you are hooked.",
    "The children in it are natural and never annoying, which is rare.",
    "I wanted to like this more than I did.",
    "It won a prize at a festival that year, and it deserved it.",
)
FORMS = ("native", "single")
LOADS = ("text", "random")
PARTS = ("tokenizer", "scorer", "design", "Gymnasium", "the rest")


class Stopwatch:
    """Adds up the processor time of all calls of a method of one object."""

    def __init__(self, owner: object, name: str) -> None:
        self.seconds = 0.0
        self._method = getattr(owner, name)
        setattr(owner, name, self._call)

    def _call(self, *arguments: Any) -> Any:
        start = time.process_time()
        result = self._method(*arguments)
        self.seconds += time.process_time() - start
        return result


@dataclass
class Bench:
    """One environment under one load, with what was measured of it."""

    tokens: int
    load: str
    design: str
    form: str
    num_envs: int
    seconds: list[float] = field(default_factory=list)
    """Of each step, divided by its responses."""
    parts: dict[str, list[float]] = field(default_factory=lambda: {part: [] for part in PARTS})
    """The parts that they fall into."""

    def __post_init__(self) -> None:
        """Makes the environment and begins its first episode."""
        name = "rlsf_gym:rlsf_gym/Sentiment-v0"
        settings = {"reward_design": self.design, "max_new_tokens": self.tokens}
        if self.form == "single":
            self.env: Any = gym.make(name, **settings)
            self.num_envs = 1
        else:
            self.env = gym.make_vec(name, num_envs=self.num_envs, **settings)
        self.task = self.env.unwrapped.task
        self.scorer = Stopwatch(self.task.feedback.scorer, "assess_batch")
        self.feedback = Stopwatch(self.task.feedback, "infos")
        _, self.info = self.env.reset(seed=0)
        self.sentences = [self.task.tokenizer.encode(" " + sentence) for sentence in SENTENCES]

    def measure(self, rng: np.random.Generator) -> None:
        """Times one step of the vector environment, or some episodes of the single one."""
        steps = 1 if self.form == "native" else max(1, 256 // self.tokens)
        total = tokenizer = design = 0.0
        self.scorer.seconds = self.feedback.seconds = 0.0
        for _ in range(steps):
            actions, prompts = self._write(rng), np.atleast_1d(self.info["prompt"]).tolist()
            total += seconds_of(lambda actions=actions: self._step(actions))
            scorer, feedback = self.scorer.seconds, self.feedback.seconds
            responses = read_responses(actions, self.task.tokenizer)
            evidence = self.task.feedback.evidence(prompts, responses)
            tokenizer += seconds_of(lambda actions=actions: read_responses(actions, self.task.tokenizer))
            design += seconds_of(lambda evidence=evidence: self._lay(evidence, rng))
            self.scorer.seconds, self.feedback.seconds = scorer, feedback
        scorer, feedback = self.scorer.seconds, self.feedback.seconds
        rest = feedback - tokenizer - scorer - design
        count = steps * self.num_envs
        self.seconds.append(total / count)
        for part, seconds in zip(PARTS, (tokenizer, scorer, design, total - feedback, rest), strict=True):
            self.parts[part].append(seconds / count)

    def forget(self) -> None:
        """Drops what was measured so far."""
        for seconds in (self.seconds, *self.parts.values()):
            seconds.clear()

    def _step(self, actions: np.ndarray) -> None:
        if self.form == "native":
            *_, self.info = self.env.step(actions)
        else:
            self.env.step(actions[0])
            _, self.info = self.env.reset()

    def _lay(self, evidence: list[Evidence], rng: np.random.Generator) -> list[np.ndarray]:
        return [self.task.feedback.design(one, rng=rng) for one in evidence]

    def _write(self, rng: np.random.Generator) -> np.ndarray:
        """Responses, int64 (B, T)."""
        if self.load == "random":
            return rng.integers(0, self.task.tokenizer.vocab_size + 1, (self.num_envs, self.tokens))
        actions = np.empty((self.num_envs, self.tokens), np.int64)
        for row in actions:
            written: list[int] = []
            while len(written) < self.tokens:
                written += self.sentences[rng.integers(len(self.sentences))]
            row[:] = written[: self.tokens]
        return actions


def seconds_of(task: Callable[[], object]) -> float:
    """Processor time of a task."""
    start = time.process_time()
    task()
    return time.process_time() - start


def print_rates(benches: Sequence[Bench]) -> None:
    """Prints responses per second, and the time of each design beside that of `terminal`."""
    rate = {
        (bench.tokens, bench.load, bench.design, bench.form): 1 / statistics.median(bench.seconds)
        for bench in benches
    }
    cells = "".join(f"{form:>10s} {'x terminal':>11s}" for form in FORMS)
    print(f"responses per second\ntokens  load    design       {cells}")
    for tokens, load, design in dict.fromkeys(key[:3] for key in rate):
        cells = ""
        for form in FORMS:
            mine, terminal = rate[tokens, load, design, form], rate.get((tokens, load, "terminal", form))
            cells += f"{mine:10.0f} " + (f"{terminal / mine:11.2f}" if terminal else " " * 11)
        print(f"{tokens:6d}  {load:7s} {design:13s}{cells}")


def print_shares(benches: Sequence[Bench], design: str) -> None:
    """Prints the microseconds per response of one design, and the parts that they fall into."""
    cells = "".join(f"{part:>11s}" for part in PARTS)
    print(f"\nshares of the time, design {design}\ntokens  load    form     microseconds{cells}")
    for bench in benches:
        if bench.design != design:
            continue
        parts = {part: statistics.median(seconds) for part, seconds in bench.parts.items()}
        cells = "".join(f"{seconds / sum(parts.values()):11.0%}" for seconds in parts.values())
        microseconds = 1e6 * statistics.median(bench.seconds)
        print(f"{bench.tokens:6d}  {bench.load:7s} {bench.form:8s} {microseconds:12.1f}{cells}")


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tokens", type=int, nargs="+", default=[16, 64, 256], help="T, one or several")
    parser.add_argument("--num-envs", type=int, default=128, help="B of the vector environment")
    parser.add_argument(
        "--designs", nargs="+", default=list(DESIGNS), choices=list(DESIGNS), metavar="DESIGN"
    )
    parser.add_argument("--loads", nargs="+", default=list(LOADS), choices=LOADS)
    parser.add_argument(
        "--shares-of", default="potential", metavar="DESIGN", help="design whose time is split up"
    )
    parser.add_argument("--repeats", type=int, default=9, help="measured steps of each environment")
    options = parser.parse_args()
    benches = [
        Bench(tokens, load, design, form, options.num_envs)
        for tokens in options.tokens
        for load in options.loads
        for design in options.designs
        for form in FORMS
    ]
    rng = np.random.default_rng(0)
    for repeat in range(options.repeats + 1):
        for bench in benches:
            bench.measure(rng)
            if repeat == 0:  # the first steps fill the caches
                bench.forget()
    print_rates(benches)
    print_shares(benches, options.shares_of)


if __name__ == "__main__":
    main()
