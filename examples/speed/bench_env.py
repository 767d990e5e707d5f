"""Times the environments: responses per second of one core, by design and length, and where the time goes.

    python examples/speed/bench_env.py [--tokens 16 64 256] [--num-envs 128] [--repeats 9]

Processor time, the median of many steps. Every repetition visits all lengths, loads, designs and forms of the
environment in turn, so that a busy spell falls on all of them alike; the first step of a visit, which finds
the processor's caches full of other environments, is not counted. A step of the vector environment draws the
next prompts as well; for the single one, it stands for a step and a reset.

Two loads: `text` are sentences as reviews have them, encoded and cut to full length; `random` are ids drawn
from the action space, which decode to words that nobody has written before.

The shares are taken in visits of their own. The scorer and `Feedback.infos` are timed inside the step; the
tokenizer and the design are called again with what the step gave them. Gymnasium is what a step takes outside
`Feedback.infos`: checks, prompts, observations and the layout of infos. The rest of `Feedback.infos` makes
evidence and info dicts.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym
import numpy as np

from agents.flags.parser import Parser
from rlsf_gym.designs import DESIGNS, Design
from rlsf_gym.feedback.decoding import read_responses
from rlsf_gym.scorers.offers import has_offer

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
CHEAP = [
    name for name, design in DESIGNS.items() if design.cost(16) <= 16 and has_offer("vader", design.needs)
]
"""The designs that VADER serves and that score no more texts than there are tokens."""
PARTS = ("tokenizer", "scorer", "design", "Gymnasium", "the rest")


@dataclass
class Bench:
    """One environment under one load, with the times of its steps."""

    tokens: int
    load: str
    design: str | Design
    form: str
    num_envs: int
    seconds: list[float] = field(default_factory=list)
    """Of each step, divided by its responses."""

    def __post_init__(self) -> None:
        """Makes the environment and begins its first episode."""
        name = "rlsf_gym:rlsf_gym/Sentiment-v0"
        settings: dict[str, Any] = {"reward_design": self.design, "max_new_tokens": self.tokens}
        if self.form == "single":
            self.env: Any = gym.make(name, **settings)
            self.num_envs = 1
        else:
            self.env = gym.make_vec(name, num_envs=self.num_envs, **settings)
        self.task = self.env.unwrapped.task
        _, self.info = self.env.reset(seed=0)
        self.sentences = [self.task.tokenizer.encode(" " + sentence) for sentence in SENTENCES]

    @property
    def median(self) -> float:
        """Seconds per response."""
        return statistics.median(self.seconds)

    def visit(self, rng: np.random.Generator) -> None:
        """Takes some steps in a row and times all but the first."""
        steps = 4 if self.form == "native" else 40
        batches = [self.write(rng) for _ in range(steps + 1)]
        spans = [seconds_of(lambda actions=actions: self.step(actions)) for actions in batches]
        self.seconds += [span / self.num_envs for span in spans[1:]]

    def step(self, actions: np.ndarray) -> None:
        """Ends all episodes and begins the next ones."""
        if self.form == "native":
            *_, self.info = self.env.step(actions)
        else:
            self.env.step(actions[0])
            _, self.info = self.env.reset()

    def write(self, rng: np.random.Generator) -> np.ndarray:
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


class Stopwatch:
    """Keeps the processor time that the last call of a method of one object took."""

    def __init__(self, owner: object, name: str) -> None:
        self.seconds = 0.0
        self._method = getattr(owner, name)
        setattr(owner, name, self._call)

    def _call(self, *arguments: Any) -> Any:
        start = time.process_time()
        result = self._method(*arguments)
        self.seconds = time.process_time() - start
        return result


@dataclass
class SharesBench(Bench):
    """One environment under one load, with the times of the parts of its steps."""

    parts: dict[str, list[float]] = field(default_factory=lambda: {part: [] for part in PARTS})

    def visit(self, rng: np.random.Generator) -> None:
        """Takes some steps in a row and splits the time of all but the first."""
        feedback = self.task.feedback
        if not self.parts["scorer"]:
            self.scorer, self.infos = Stopwatch(feedback.scorer, "assess_batch"), Stopwatch(feedback, "infos")
        for number in range(5):
            actions, prompts = self.write(rng), np.atleast_1d(self.info["prompt"]).tolist()
            total = seconds_of(lambda actions=actions: self.step(actions))
            scorer, infos = self.scorer.seconds, self.infos.seconds
            tokenizer = seconds_of(lambda actions=actions: read_responses(actions, self.task.tokenizer))
            evidence = feedback.evidence(prompts, read_responses(actions, self.task.tokenizer))
            design = seconds_of(lambda evidence=evidence: [feedback.design(one, rng=rng) for one in evidence])
            spans = (tokenizer, scorer, design, total - infos, infos - tokenizer - scorer - design)
            for part, span in zip(PARTS, spans, strict=True):
                self.parts[part] += [span / self.num_envs] if number else []


def seconds_of(task: Callable[[], object]) -> float:
    """Processor time of a task."""
    start = time.process_time()
    task()
    return time.process_time() - start


def print_rates(benches: Sequence[Bench]) -> None:
    """Prints responses per second, and the time of each design beside that of `terminal`."""
    rate = {(bench.tokens, bench.load, bench.design, bench.form): 1 / bench.median for bench in benches}
    cells = "".join(f"{form:>10s} {'x terminal':>11s}" for form in FORMS)
    print(f"responses per second\ntokens  load    design       {cells}")
    for tokens, load, design in dict.fromkeys(key[:3] for key in rate):
        cells = ""
        for form in FORMS:
            mine, terminal = rate[tokens, load, design, form], rate.get((tokens, load, "terminal", form))
            cells += f"{mine:10.0f} " + (f"{terminal / mine:11.2f}" if terminal else " " * 11)
        print(f"{tokens:6d}  {load:7s} {design:13s}{cells}")


def print_shares(benches: Sequence[SharesBench]) -> None:
    """Prints the microseconds per response, and the parts that they fall into."""
    cells = "".join(f"{part:>11s}" for part in PARTS)
    print(f"\nshares of the time, design {benches[0].design}\ntokens  load    form     microseconds{cells}")
    for bench in benches:
        medians = [statistics.median(seconds) for seconds in bench.parts.values()]
        cells = "".join(f"{median / sum(medians):11.0%}" for median in medians)
        print(f"{bench.tokens:6d}  {bench.load:7s} {bench.form:8s} {1e6 * sum(medians):12.1f}{cells}")


def main() -> None:
    """Runs the benchmark."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, nargs="+", default=[16, 64, 256], help="T, one or several")
    parser.add_argument("--num-envs", type=int, default=128, help="B of the vector environment")
    parser.add_argument(
        "--designs", nargs="+", default=CHEAP, choices=list(DESIGNS), metavar="DESIGN", help="designs to time"
    )
    parser.add_argument("--loads", nargs="+", default=list(LOADS), choices=LOADS)
    parser.add_argument(
        "--shares-of", default="potential", metavar="DESIGN", help="design whose time is split up"
    )
    parser.add_argument("--repeats", type=int, default=9, help="visits to each environment")
    options = parser.parse_args()
    cells = [(tokens, load, form) for tokens in options.tokens for load in options.loads for form in FORMS]
    benches = [
        Bench(tokens, load, design, form, options.num_envs)
        for tokens, load, form in cells
        for design in options.designs
    ]
    shares = [
        SharesBench(tokens, load, options.shares_of, form, options.num_envs) for tokens, load, form in cells
    ]
    gc.freeze()  # no collection goes through what all the environments hold
    rng = np.random.default_rng(0)
    for _ in range(options.repeats):
        for bench in (*benches, *shares):
            bench.visit(rng)
    print_rates(benches)
    print_shares(shares)


if __name__ == "__main__":
    main()
