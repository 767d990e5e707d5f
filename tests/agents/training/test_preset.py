"""Presets: found where a distribution declares them, refused in one line where none is meant."""

import sys

import pytest

from agents.training.any_env import AnyEnv
from agents.training.preset import find_preset, preset_names
from agents.training.settings import make_parser

MODULE = "class Chess:\n    name = 'chess'\n\nPRESET = Chess()\n"


@pytest.fixture
def declare(tmp_path, monkeypatch):
    """Returns a function that installs a distribution with rows of the group `agents.presets`."""

    def install(name, *rows):
        folder = tmp_path / name
        folder.mkdir()
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[agents.presets]\n" + "".join(f"{row}\n" for row in rows))
        (folder / f"{name}_presets.py").write_text(MODULE)
        monkeypatch.setattr(sys, "path", [str(folder), *sys.path])

    monkeypatch.setattr(sys, "path", [path for path in sys.path if "site-packages" not in path])
    return install


def test_a_preset_is_found_by_name_and_as_the_default(declare):
    declare("games", "chess = games_presets:PRESET", "default = games_presets:PRESET")
    assert find_preset("chess").name == "chess"
    assert find_preset().name == "chess"


def test_the_help_lists_what_is_installed(declare):
    declare(
        "games", "go = games_presets:PRESET", "chess = games_presets:PRESET", "default = games_presets:PRESET"
    )
    assert preset_names() == ["chess", "go"]
    told = " ".join(make_parser(AnyEnv(), "").format_help().split())
    assert "--preset NAME task that is trained on: chess, go (default: env)" in told


def test_without_any_there_is_no_default(declare):
    assert preset_names() == []
    assert find_preset() is None
    with pytest.raises(ValueError, match=r"--preset: expected a preset that is installed, got 'chess'$"):
        find_preset("chess")


def test_a_slip_is_told(declare):
    declare("games", "chess = games_presets:PRESET")
    with pytest.raises(ValueError, match="--preset: expected one of chess, got 'ches'; did you mean chess"):
        find_preset("ches")


def test_two_of_a_name_are_told_and_the_same_twice_is_one(declare):
    declare("games", "chess = games_presets:PRESET")
    declare("twin", "chess = games_presets:PRESET")
    assert find_preset("chess").name == "chess"
    declare("rival", "chess = rival_presets:PRESET")
    with pytest.raises(ValueError, match=r"--preset chess: expected one of this name, got .* and "):
        find_preset("chess")


@pytest.mark.parametrize("value", ["no_such_module:PRESET", "games_presets:NOTHING"])
def test_what_can_not_be_imported_is_one_line(declare, value):
    declare("games", f"chess = {value}")
    with pytest.raises(ValueError, match=f"--preset chess: expected {value} to be importable, got ") as told:
        find_preset("chess")
    assert "\n" not in str(told.value)
