"""Markdown can be read in a diff, and all that it names exists: links, paths, names, commands, flags."""

import pkgutil
import re
import tomllib
from functools import cache
from pathlib import Path

import gymnasium as gym
import pytest

import rlsf_gym  # noqa: F401  registers the ids that pages name

ROOT = Path(__file__).parents[1]
BUILT = ("_build", "reference")
MADE = (*BUILT, "results")
"""Folders in docs of pages that programs write."""
PAGES = [
    *ROOT.glob("*.md"),
    *(page for page in ROOT.glob("docs/**/*.md") if page.relative_to(ROOT / "docs").parts[0] not in MADE),
    *ROOT.glob("examples/*.md"),
]
TOP = ("agents", "rlsf_gym", "examples", "tests", "docs", "typings")
FOREIGN = (
    "make lowest",
    "accelerate launch",
    "python -m pytest",
    "python -m verl",
    "pip install",
    "torchrun",
)
"""How lines begin that are about other programs' flags."""


def long_lines(text: str) -> list[int]:
    """Returns the numbers of lines above 100 columns that could be broken: no code, no rows of tables."""
    found, code = [], False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            code = not code
        can_be_broken = not code and not line.lstrip().startswith("|") and not is_one_span(line)
        if can_be_broken and len(line) > 100:
            found.append(number)
    return found


def is_one_span(line: str) -> bool:
    """Whether a line is one code span, with at most a full stop behind it."""
    return line.startswith("`") and line.rstrip(".,:").endswith("`") and line.count("`") == 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_lines_can_be_read_in_a_diff(page):
    assert long_lines(page.read_text(encoding="utf-8")) == []


def test_long_lines_are_found():
    prose, cell = "word " * 21, "| " + "word " * 21 + "|"
    assert long_lines(f"short\n{prose}\n{cell}\n```\n{prose}\n```\n{prose}") == [2, 7]
    assert long_lines("`" + "python " * 15 + "x.py`.") == []


@pytest.mark.parametrize("package", ["rlsf_gym", "agents"])
def test_each_room_is_in_the_table_of_contents(package):
    contents = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## What is where")[1]
    of_package = contents.split(f"`{package}`", 1)[1].split("\n\n", 2)[1]
    rooms = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    named = {
        name.strip("`/") for row in of_package.splitlines()[2:] for name in row.split("|")[1].split(", ")
    }
    assert rooms <= {name.strip(" `/") for name in named}, rooms
    assert all((ROOT / package / name.strip(" `/")).exists() for name in named), named


def code(text: str) -> str:
    """Returns what a page sets as code: its fences and spans."""
    fenced = re.findall(r"^```.*?\n(.*?)^```", text, flags=re.M | re.S)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    return "\n".join([*fenced, *spans])


def dead_links(text: str, folder: Path) -> list[str]:
    """Returns the relative links that lead to no file, or to one that is there once the site is built."""
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    places = {link: (folder / link).resolve() for link in links if not re.match(r"[a-z]+:", link)}
    return [
        link
        for link, place in places.items()
        if not place.exists() or any(place.is_relative_to(ROOT / "docs" / name) for name in BUILT)
    ]


def dead_paths(text: str) -> list[str]:
    """Returns the paths in code that are none of the repository, nor the end of one."""
    own, ids = set(files()), set(gym.registry)
    rooted = re.findall(rf"(?<![\w./:-])((?:{'|'.join(TOP)})/[\w./-]*\w)", code(text))
    dead = [path for path in rooted if path not in ids and not re.search("[A-Z]{4}|[*]", path.split("/")[-1])]
    dead = [path for path in dead if not (ROOT / path).exists()]
    modules = re.findall(r"(?<![\w./-])((?:\w+/)*\w+\.(?:py|yaml))\b", code(text))
    return dead + [name for name in modules if not name.startswith("my_") and not ends_one(name, own)]


def ends_one(name: str, own: set[str]) -> bool:
    return any(("/" + path).endswith("/" + name) for path in own)


@cache
def files() -> tuple[str, ...]:
    folders = [path for path in ROOT.iterdir() if path.name in TOP]
    return tuple(
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    )


def dead_names(text: str) -> list[str]:
    """Returns the dotted names of the packages that nothing has."""
    names = set(re.findall(r"(?<![\w./:-])((?:agents|rlsf_gym)(?:\.\w+)+)(?![\w/])", code(text)))
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    return sorted(name for name in names if name not in groups and not resolves(name))


def resolves(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def dead_commands(text: str) -> list[str]:
    """Returns the targets of make, scripts and modules to run in code that do not exist."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    targets = re.findall(r"(?:^|[ ;])make ([a-z][a-z-]*)", code(text), flags=re.M)
    dead = [f"make {target}" for target in targets if not re.search(rf"^{target}:", makefile, flags=re.M)]
    named = re.findall(r"(?<![\w./'-])(rlsf-[a-z]+)", code(text))
    dead += [name for name in named if name not in scripts and name != "rlsf-gym"]
    for package, command in re.findall(r"python -m (agents|rlsf_gym)(?: ([\w./]+))?", code(text)):
        if command and f"rlsf-{command}" not in scripts:
            dead.append(f"python -m {package} {command}")
    return dead


@cache
def sources() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8")
        for top in ("agents", "rlsf_gym", "examples")
        for path in (ROOT / top).rglob("*.py")
    )


def dead_flags(text: str) -> list[str]:
    """Returns flags of which no script has the name, as a flag or as the setting that it is made of."""
    ours = "\n".join(line for line in code(text).splitlines() if not line.startswith(FOREIGN))
    flags = sorted(set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", ours)))
    words = set(re.findall(r"[\w-]+", sources()))
    return [f"--{flag}" for flag in flags if not {f"--{flag}", flag.replace("-", "_")} & words]


TOLD = [page for page in PAGES if page.name != "CHANGELOG.md"]  # which tells of what was, too


@pytest.mark.parametrize("page", TOLD, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    found = {
        "links": dead_links(text, page.parent),
        "paths": dead_paths(text),
        "names": dead_names(text),
        "commands": dead_commands(text),
        "flags": dead_flags(text),
    }
    assert not any(found.values()), found


@pytest.mark.parametrize("page", TOLD, ids=lambda page: str(page.relative_to(ROOT)))
def test_code_stands_in_fences(page):
    """Code that is only indented is taken for prose where lines are wrapped."""
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    assert [line for line in prose.splitlines() if line.startswith("    ")] == []


WRITTEN = [*ROOT.glob("docs/results/*.md")]
"""Pages that programs write."""


@pytest.mark.parametrize("page", [*PAGES, *WRITTEN], ids=lambda page: str(page.relative_to(ROOT)))
def test_each_column_of_a_table_has_a_name(page):
    """Those who hear a table know a cell by its column."""
    assert nameless_columns(page.read_text(encoding="utf-8")) == []


def nameless_columns(text: str) -> list[str]:
    """Returns the heads of tables that have an empty cell."""
    heads = re.findall(r"^(\|.*\|)\n\|[ :|-]+\|$", text, flags=re.M)
    return [head for head in heads if not all(cell.strip() for cell in head.strip("|").split("|"))]


@pytest.mark.parametrize("page", TOLD, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_to_a_page_is_not_named_like_its_file(page):
    """On the site a page has a title, and its file is unknown to readers."""
    assert re.findall(r"\[[\w/]*[a-z]\.md\]\([^)]*\)", page.read_text(encoding="utf-8")) == []


def test_columns_without_a_name_are_found():
    assert nameless_columns("| a | |\n| --- | --: |\n| 1 | |\n\n| b |\n| --- |\n") == ["| a | |"]


def test_dead_ends_are_found():
    assert dead_links("[a](docs/nothing.md#x) [b](README.md) [c](https://a.b/c)", ROOT) == ["docs/nothing.md"]
    assert dead_links("[a](reference/api/index.md) [b](install.md)", ROOT / "docs") == [
        "reference/api/index.md"
    ]
    paths = "`examples/gone.py` `agents/runs` `docs/results/NAME` `gone.py` `ppo.py` `my_own.py` gone_too.py"
    assert dead_paths(paths) == ["examples/gone.py", "examples/gone.py", "gone.py"]
    names = "`agents.TokenPPO.load` `rlsf_gym.nothing` `agents.runs.gone` `agents.presets`"
    assert dead_names(names) == ["agents.runs.gone", "rlsf_gym.nothing"]
    commands = (
        "```bash\nmake test\nmake tests\nrlsf-trian\npython -m agents runs/NAME\npython -m agents show\n```"
    )
    assert dead_commands(commands) == ["make tests", "rlsf-trian", "python -m agents runs/NAME"]
    assert dead_flags("`--lora-rank 8 --lora-ranks 8`") == ["--lora-ranks"]
