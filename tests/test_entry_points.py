"""The commands that the distribution installs, and the flags that both packages read alike."""

import importlib
import inspect
import tomllib
from pathlib import Path

import pytest

from agents.__main__ import main as agents_main
from agents.flags.parser import typed as agents_typed
from rlsf_gym.__main__ import main as rlsf_gym_main

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = ("agents.__main__", "rlsf_gym.__main__")
COMMANDS = [place.replace("__main__:", "commands.") for place in PROJECT["scripts"].values()]


def find(place):
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def test_every_command_has_a_script_and_every_script_a_command():
    commands = {name: module for module in MODULES for name in importlib.import_module(module).COMMANDS}
    assert PROJECT["scripts"] == {f"rlsf-{name}": f"{module}:{name}" for name, module in commands.items()}
    for place in PROJECT["scripts"].values():
        assert not inspect.signature(find(place)).parameters


def test_presets_are_named_as_they_name_themselves():
    declared = PROJECT["entry-points"]["agents.presets"]
    presets = {name: find(place) for name, place in declared.items()}
    assert presets.pop("default") is presets["sentiment"]
    assert all(preset.name == name for name, preset in presets.items())


@pytest.mark.parametrize("name", ["flag", "key_values", "output", "parser"])
def test_flags_are_read_alike_by_both_packages(name):
    """They share no code, so that each works without the other."""
    ours, theirs = (ROOT / package / "flags" / f"{name}.py" for package in ("agents", "rlsf_gym"))
    assert ours.read_bytes() == theirs.read_bytes()


@pytest.mark.parametrize("main", [agents_main, rlsf_gym_main])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["trian"], "expected one of "),
        (["--epsodes"], "the following arguments are required: COMMAND"),
    ],
)
def test_what_is_no_command_is_one_line(main, arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and said in line


@pytest.mark.parametrize("module", [*MODULES, *COMMANDS])
def test_the_version_is_told(module, capsys):
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(module).main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"rlsf-gym {PROJECT['version']}\n")


@pytest.mark.parametrize("script", PROJECT["scripts"])
def test_help_names_the_command_as_it_was_typed(script, capsys, monkeypatch):
    module, _, name = PROJECT["scripts"][script].partition(":")
    package = module.partition(".")[0]
    for path, typed in ((f"bin/{script}", script), (f"{package}/__main__.py", f"python -m {package} {name}")):
        monkeypatch.setattr("sys.argv", [path, "--help"])
        with pytest.raises(SystemExit):
            importlib.import_module(f"{package}.commands.{name}").main(["--help"])
        assert capsys.readouterr().out.startswith(f"usage: {typed} [")


def test_another_command_is_named_as_its_user_types_commands(monkeypatch):
    for path, named in (("bin/rlsf-study", "rlsf-report"), ("agents/__main__.py", "python -m agents report")):
        monkeypatch.setattr("sys.argv", [path])
        assert agents_typed("python -m agents report") == named


def test_a_run_folder_alone_is_shown_where_to_go(tmp_path, capsys):
    with pytest.raises(SystemExit):
        agents_main([str(tmp_path)])
    assert f"(did you mean show {tmp_path}?)" in capsys.readouterr().err
