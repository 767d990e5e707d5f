"""A page for each reward design: what it says and declares, who serves it, and an example that is run."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from rlsf_gym import DESIGNS, DOMAINS, Design, load_domain
from rlsf_gym.designs import every_prefix, one_text
from rlsf_gym.scorers.offers import has_offer
from rlsf_site import docstrings
from rlsf_site.examples import TABLE, show
from rlsf_site.markdown import code, page, table

COSTS: dict[Any, str] = {one_text: "1: the whole response", every_prefix: "T: every prefix"}
"""Texts that are scored for a response of T tokens, where one of these says it."""
LENGTH = 16
"""Tokens of a response that other costs are told for."""
LEGEND = (
    "In it, $x$ is the prompt, $y$ the response of $T'$ tokens, $s$ the score and $u$ the "
    "[utility](../../glossary.md#utility) of a text, and $\\Phi(s_t)$ the utility that is known after "
    "token $t$."
)
IDS = {"sentiment": "Sentiment", "countdown": "Countdown", "knights": "KnightsAndKnaves"}
"""Domains that examples are taken from, in the order in which they are tried."""


def make(docs: Path) -> Iterator[tuple[str, str]]:
    """Yields the pages, and their list."""
    told = (docs / "designs.md").read_text(encoding="utf-8")
    for name in DESIGNS:
        yield f"designs/{name}", make_page(name, told)
    body = [(f"[`{name}`]({name}.md)", in_short(told, name)) for name in DESIGNS]
    yield (
        "designs/index",
        page(
            "# Reward designs, one by one",
            "What each design pays, declares and takes, with an example that is run when the site is built. "
            "Which one to take says [Reward designs](../../designs.md).",
            table(("design", "what it pays"), body),
            "```{toctree}\n:hidden:\n\n" + "\n".join(DESIGNS) + "\n```",
        ),
    )


def make_page(name: str, told: str) -> str:
    """Returns the page of a design.

    Args:
        name: Its name in the table.
        told: The text of docs/designs.md.
    """
    design: Design = DESIGNS[name]
    formula, picture, rest = split_section(section(told, name))
    return page(
        f"# {name}",
        f"A [reward design](../../designs.md#{name}) that pays {in_short(told, name)}.",
        formula,
        LEGEND,
        f"![What {name} pays the tokens of a response, each in the colour of its reward]"
        f"(../../designs/{picture})",
        rest,
        "What was measured: [without training](../../designs_measured.md), [by training](../../results.md).",
        "## What it declares",
        table(("property", "here", "meaning"), declared(design)),
        "## Scorers that serve it",
        table(("domain", "scorers"), servers(design)),
        "## Arguments",
        argument_table(design),
        "## Example",
        example(design),
        "## In the code",
        docstrings.prose(docstrings.clean(function_of(design))),
    )


def in_short(told: str, name: str) -> str:
    """Returns what the short table of docs/designs.md says that a design pays.

    Raises:
        ValueError: If it has no row.
    """
    row = re.search(rf"^\| \[`{name}`\]\(#{name}\)[^|]*\| ([^|]+) \|$", told, flags=re.M)
    if row is None:
        raise ValueError(
            f"the short table of docs/designs.md must have a row of its own for {name!r}: add it"
        )
    return row[1]


def section(told: str, name: str) -> str:
    """Returns what docs/designs.md says of a design.

    Raises:
        ValueError: If it says nothing.
    """
    found = re.search(rf"^### {name}\n(.*?)(?=^##)", told, flags=re.M | re.S)
    if found is None:
        raise ValueError(f"docs/designs.md must have a section '### {name}': add it")
    return found[1].strip()


def split_section(told: str) -> tuple[str, str, str]:
    """Returns the formula, the file of the picture, and what follows, of the section of a design.

    Raises:
        ValueError: If it has no picture.
    """
    found = re.search(r"!\[\w+\]\(designs/(\w+\.png)\)", told)
    if found is None:
        raise ValueError(f"a picture designs/NAME.png was expected in {told!r:.80}")
    formula, rest = (
        re.sub(r"\]\(#(\w+)\)", r"](\1.md)", re.sub(r"\]\((?!https?:|#)", "](../../", part.strip()))
        for part in (told[: found.start()], told[found.end() :])
    )
    return formula, found[1], rest


def function_of(design: Design) -> Any:
    """Returns the function of a design that has the docstring, without arguments that are bound."""
    function = design.function
    while isinstance(function, partial):
        function = function.func
    return function


def declared(design: Design) -> list[tuple[str, str, str]]:
    """Returns what a design declares of itself, and what that means."""
    yes = {True: "yes", False: "no"}
    cost = COSTS.get(design.cost, f"{design.cost(LENGTH):,}, for {LENGTH} tokens")
    rests = design.rests_on or "text and certificate"
    need = f"`{design.needs}`" if design.needs else "a score"
    return [
        ("causal", yes[design.causal], "a token's reward does not change when later tokens do"),
        ("conserving", yes[design.conserving], "the rewards add up to u(xy) - u(x)"),
        ("bounded", yes[design.bounded], "no reward is beyond 2"),
        ("texts scored", cost, "at most, for a response of T tokens"),
        ("uses prefixes", yes[design.uses_prefixes], "the value of every prefix has to be known"),
        ("needs", need, "what a scorer has to offer; one without it is refused"),
        ("rests on", rests, "of text and certificate alone a checker works the rewards out again"),
        ("draws", yes[design.draws], "rewards depend on a generator of the environment"),
    ]


def servers(design: Design) -> list[tuple[str, str]]:
    """Returns the domains with the scorers that serve a design."""
    told: list[tuple[str, str]] = []
    for name in DOMAINS:
        domain = load_domain(name)
        serving = [
            f"`{scorer}`" for scorer in domain.scorers if has_offer(scorer, design.needs, domain.scorer_table)
        ]
        told.append((f"`{name}`", ", ".join(serving) or "none"))
    return told


def argument_table(design: Design) -> str:
    """Returns the arguments that `reward_design_kwargs` takes."""
    parts = [function_of(design), *([design.variant] if design.variant else [])]
    parameters = inspect.signature(parts[-1]).parameters
    meanings = {
        key: told for part in parts for key, told in docstrings.arguments(docstrings.clean(part)).items()
    }
    body = [
        (f"`{key}`", code(parameter.default), meanings[key])
        for key, parameter in parameters.items()
        if key not in ("evidence", "step", "rng") and parameter.kind is not parameter.VAR_KEYWORD
    ]
    if not body:
        return "It takes none."
    return "`reward_design_kwargs={...}` takes:\n\n" + table(("argument", "default", "meaning"), body)


def example(design: Design) -> str:
    """Returns what a design pays on an example of the first domain whose own scorer serves it."""
    for name, begins in IDS.items():
        domain = load_domain(name)
        if has_offer(domain.scorer, design.needs, domain.scorer_table):
            return show(write_example(design, begins, domain.samples.examples[0]))
    return (
        f"None here: no scorer that works without a model offers `{design.needs}`. The picture above is of a "
        "small classifier."
    )


def write_example(design: Design, begins: str, sample: Any) -> str:
    """Returns a program that prints what a design pays the tokens of a sample."""
    option = {"prompt": sample.prompt} if sample.instance is None else {"instance": dict(sample.instance)}
    return (
        "import gymnasium as gym\n\n"
        f'env = gym.make("rlsf_gym:rlsf_gym/{begins}-v0", reward_design="{design.name}")\n'
        "tokenizer = env.unwrapped.tokenizer\n"
        f"observation, info = env.reset(seed=0, options={option!r})\n"
        f"ids = [*tokenizer.encode({sample.response!r}), tokenizer.eos_token_id]\n"
        "observation, reward, terminated, truncated, info = env.step(ids)\n\n"
        'print(f"reward {reward:.4f}")\n' + TABLE
    )
