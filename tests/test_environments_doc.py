"""docs/environments.md: its example prints what it shows, and its tables have every argument and key."""

import re
from pathlib import Path

import gymnasium as gym

import rlsf_gym
from rlsf_gym.envs.response import ResponseEnv
from rlsf_gym.envs.task import TaskArguments

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "environments.md").read_text(encoding="utf-8")


def rows_of(text, head):
    """Returns the cells of the rows of a table, by its head."""
    table = text.partition(head)[2].partition("\n\n")[0]
    return [
        [cell.strip() for cell in line.strip().split(" | ")]
        for line in table.splitlines()
        if line.lstrip().startswith("| ") and "---" not in line
    ]


def names_in(cells):
    return {name for cell in cells for name in re.findall(r"`([\w<>]+)`", cell)}


def test_the_example_prints_what_the_page_shows(capsys):
    block, printed = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL).groups()
    exec(block, {})
    said = capsys.readouterr().out
    shown, records = printed.split("certificate        ")
    assert said.startswith(shown)
    told = re.findall(r"\{[^}]*\}", records)
    assert len(told) == 2 and all(record in said for record in told)


def test_the_table_of_arguments_has_each():
    listed = names_in(row[0] for row in rows_of(PAGE, "| keyword | default | what |"))
    assert listed == set(TaskArguments.__annotations__) | {"render_mode"}


def test_the_table_of_info_has_each_key():
    listed = names_in(row[1] for row in rows_of(PAGE, "| from | key | type | meaning |"))
    told = names_in(row[1] for row in rows_of(ResponseEnv.__doc__, "| from | key | type | meaning |"))
    assert told and listed == told | {"action_mask"}


def test_the_table_of_ids_has_each():
    table = "\n".join(cell for row in rows_of(PAGE, "| id | one step is |") for cell in row[:2])
    families = [
        name.removeprefix("rlsf_gym/").removesuffix("-v0") for name in re.findall(r"`([\w/]+-v0)`", table)
    ]
    beside = [family + form for family in families[4:] for form in ("Text", "Token")]
    registered = {name for name in gym.registry if name.startswith("rlsf_gym/")}
    assert {f"rlsf_gym/{name}-v0" for name in (*families, *beside)} == registered, rlsf_gym.__name__
