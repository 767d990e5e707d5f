"""A page for each registered environment: spaces, arguments, info, and an example that is run."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from gymnasium import spaces

from rlsf_gym import DOMAINS, IDS, ResponseEnv, load_domain
from rlsf_gym.registry import import_attribute
from rlsf_gym.scorers.offers import list_offers
from rlsf_site import docstrings
from rlsf_site.examples import TABLE, run
from rlsf_site.markdown import code, fence, page, table

EXTRAS = {"sudoku": "constraints", "knights": "constraints", "constraints": "constraints"}
"""What `pip install 'rlsf-gym[...]'` has to bring for a domain."""
SENT_ALWAYS_OR_NEVER = ("instance", "solved", "certificate_payload")
"""Keys of info that no argument asks for: where the example lacks one, no episode of this id has it."""
SECTIONS = ("Description", "Rewards", "Starting State", "Episode End")


class Entry(NamedTuple):
    """An environment: its id, its class, and what its registration says."""

    id: str
    made_by: type
    kwargs: Mapping[str, Any]
    is_vector: bool

    @property
    def name(self) -> str:
        """The id without its namespace."""
        return self.id.partition("/")[2]


def entries() -> list[Entry]:
    """Returns the registered environments."""
    return [
        Entry(
            id,
            import_attribute("environment", how["entry_point"]),
            how["kwargs"],
            "vector_entry_point" in how,
        )
        for id, how in IDS.items()
    ]


def make(docs: Path) -> Iterator[tuple[str, str]]:
    """Yields the pages, and their list."""
    listed = entries()
    for entry in listed:
        yield f"environments/{entry.name}", make_page(entry)
    body = [
        (f"[`{entry.id}`]({entry.name}.md)", step_of(entry), f"`{entry.kwargs['domain']}`")
        for entry in listed
    ]
    yield (
        "environments/index",
        page(
            "# Environments, id by id",
            "What each id takes, sends back and pays, with an example that is run when the site is built. "
            "What holds for all of them says [Environments](../../environments.md).",
            table(("id", "one step", "domain"), body),
            "```{toctree}\n:hidden:\n\n" + "\n".join(entry.name for entry in listed) + "\n```",
        ),
    )


def make_page(entry: Entry) -> str:
    """Returns the page of an environment."""
    said = docstrings.headings(docstrings.clean(entry.made_by))
    example, printed, names = play(entry)
    env, info = names["env"], {**names["opening"], **names["info"]}
    return page(
        f"# {entry.id}",
        docstrings.summary(docstrings.clean(entry.made_by)),
        table(("what", "here"), facts(entry)),
        "## Spaces",
        table(
            ("space", "here"),
            (("observation", write_space(env.observation_space)), ("action", write_space(env.action_space))),
        ),
        "### Action",
        said["Action Space"],
        "### Observation",
        said["Observation Space"],
        "## Example",
        fence(example, "python"),
        "It prints:",
        fence(printed),
        *(part for name in SECTIONS for part in (f"## {name}", said[name])),
        "## Arguments",
        "Domain, scorer, objective, reward design, tokenizer, prompts and judge each take a name, an object, "
        'or `"module:attribute"`. Defaults are those of this id.',
        table(("argument", "default", "meaning"), argument_rows(entry)),
        *domain_arguments(entry),
        "## Scorers",
        table(("scorer", "offers to reward designs"), scorer_rows(entry)),
        "## Info",
        said["Info"] if entry.made_by is not ResponseEnv else "`reset` and `step` share no key.",
        table(("from", "key", "type", "in the example", "meaning"), info_rows(entry, info)),
    )


def write_space(space: spaces.Space[Any]) -> str:
    """Returns a space as code; one of equal parts as Python would make it.

    Example:
        >>> write_space(spaces.MultiDiscrete([5, 5, 5]))
        '`MultiDiscrete([5] * 3)`'
    """
    if isinstance(space, spaces.MultiDiscrete):
        return f"`MultiDiscrete([{space.nvec[0]}] * {space.nvec.size})`"
    return code(space)


def step_of(entry: Entry) -> str:
    """Returns what one step is, from the first sentence of the class."""
    return docstrings.summary(docstrings.clean(entry.made_by)).partition(": ")[2].partition(",")[0]


def facts(entry: Entry) -> list[tuple[str, str]]:
    """Returns what is said of an environment first."""
    name = cast(str, entry.kwargs["domain"])
    extra = EXTRAS.get(name)
    return [
        ("make it", f'`gymnasium.make("rlsf_gym:{entry.id}")`'),
        (
            "many at once",
            f'`gymnasium.make_vec("rlsf_gym:{entry.id}", num_envs=8)`, '
            + (
                "which scores a batch in one call"
                if entry.is_vector
                else "which Gymnasium makes of single ones"
            ),
        ),
        ("one step", step_of(entry)),
        ("domain", f"`{name}`: {domain_summary(name)}"),
        ("class", f"{{py:class}}`rlsf_gym.{entry.made_by.__name__}`"),
        ("install", f"`pip install 'rlsf-gym{f'[{extra}]' if extra else ''}'`"),
    ]


def domain_summary(name: str) -> str:
    """Returns what a domain is, from the docstring of its package."""
    place = cast(str, dict(DOMAINS)[name])
    return docstrings.summary(docstrings.clean(importlib.import_module(place.partition(":")[0])))


def argument_rows(entry: Entry) -> list[tuple[str, str, str]]:
    """Returns the keyword arguments with the defaults that hold under this id."""
    name = entry.kwargs["domain"]
    given = {**load_domain(name).defaults, **entry.kwargs}
    told = []
    for argument, default, meaning in docstrings.rows(
        docstrings.headings(docstrings.clean(ResponseEnv))["Arguments"]
    ):
        key = argument.strip("`")
        if key == "prompts" and load_domain(name).instances is not None:
            told.append((argument, "left out", "this domain makes its prompts"))
            continue
        if key == "scorer":
            default = code(load_domain(name).scorer)
        told.append((argument, code(given[key]) if key in given else default, meaning))
    return told


def domain_arguments(entry: Entry) -> list[str]:
    """Returns what `domain_kwargs` takes, or nothing of a domain that takes nothing."""
    name = entry.kwargs["domain"]
    maker = DOMAINS.load(name)
    if not inspect.isfunction(maker):
        return []
    meanings = docstrings.arguments(docstrings.clean(maker))
    body = [
        (f"`{key}`", code(parameter.default), meanings[key])
        for key, parameter in inspect.signature(maker).parameters.items()
    ]
    return [
        "### Arguments of the domain",
        "`domain_kwargs={...}` takes:",
        table(("argument", "default", "meaning"), body),
        docstrings.prose(docstrings.clean(maker)).partition("\n")[2],
    ]


def scorer_rows(entry: Entry) -> list[tuple[str, str]]:
    """Returns the scorers of the domain with what designs can have of them."""
    domain = load_domain(entry.kwargs["domain"])
    return [
        (
            f"`{name}`",
            ", ".join(f"`{offer}`" for offer in list_offers(name, domain.scorer_table)) or "scores alone",
        )
        for name in domain.scorers
    ]


def info_rows(entry: Entry, info: Mapping[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Returns the keys of info that this environment can send, with their values in the example."""
    told: list[tuple[str, str, str, str, str]] = []
    for source, key, kind, meaning in docstrings.rows(
        docstrings.headings(docstrings.clean(ResponseEnv))["Info"]
    ):
        name = key.strip("`")
        if name == "reward_<rule>":
            rules = [key for key in info if key.startswith("reward_") and key != "reward_design"]
            told += [
                (source, f"`{rule}`", kind, short(info[rule]), "of the utility gain, by this rule")
                for rule in rules
            ]
        elif name in info:
            told.append((source, key, kind, short(info[name]), meaning))
        elif name not in SENT_ALWAYS_OR_NEVER:
            told.append((source, key, kind, "", meaning))
    if "action_mask" in info:
        told.append(
            (
                "both",
                "`action_mask`",
                "int8 (V,)",
                short(info["action_mask"]),
                "1 on tokens that make sense next",
            )
        )
    return told


def short(value: Any) -> str:
    """Returns a value of info as code, cut where it is long."""
    text = " ".join(repr(value.tolist() if hasattr(value, "tolist") else value).split())
    ticks = "``" if "`" in text else "`"
    return f"{ticks}{text if len(text) <= 60 else text[:57] + '...'}{ticks}"


def play(entry: Entry) -> tuple[str, str, dict[str, Any]]:
    """Returns an example of an environment, what it prints, and the names that it leaves."""
    example, names = write_example(entry), dict[str, Any]()
    return example, run(example, names), names


def write_example(entry: Entry) -> str:
    """Returns a program that plays one episode of an environment."""
    option, response = sample(entry)
    begin = (
        "import gymnasium as gym\n\n"
        f'env = gym.make("rlsf_gym:{entry.id}")\n'
        "tokenizer = env.unwrapped.tokenizer\n"
        f"observation, opening = env.reset({option})\n"
        'print("prompt:", repr(opening["prompt"]))\n\n'
        f"response = {response!r}\n"
    )
    return begin + STEPS[entry.made_by.__name__] + TELL + TABLE


STEPS = {
    "ResponseEnv": "ids = [*tokenizer.encode(response), tokenizer.eos_token_id]\n"
    "ids = ids[: env.action_space.nvec.size]\n"
    "observation, reward, terminated, truncated, info = env.step(ids)\n",
    "TextEnv": "observation, reward, terminated, truncated, info = env.step(response)\n"
    "ids = tokenizer.encode(response)\n",
    "TokenEnv": "ids = [*tokenizer.encode(response), tokenizer.eos_token_id]\n"
    "for token in ids:\n"
    "    observation, reward, terminated, truncated, info = env.step(token)\n"
    "    if terminated:\n"
    "        break\n",
}
TELL = """print(f"{info['finish_reason']}, score {info['score']:.4f}, utility {info['utility']:.4f}")

"""


def sample(entry: Entry) -> tuple[str, str]:
    """Returns the arguments of `reset` and a response that show something, from the domain's own examples."""
    if entry.kwargs.get("prompts") == "toy":
        return "seed=0", " not really good and never boring!"
    examples = load_domain(entry.kwargs["domain"]).samples.examples
    if not examples:  # a formula of one's own; by default a graph that is to be coloured
        return "seed=0", "gbgrbrrbgg"
    first = examples[0]
    option = {"prompt": first.prompt} if first.instance is None else {"instance": dict(first.instance)}
    return f"options={option!r}", first.response
