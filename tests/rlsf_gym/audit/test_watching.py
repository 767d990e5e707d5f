"""What is seen from inside a reward's process: executed text, swallowed exceptions."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rlsf_gym
from rlsf_gym import registry
from rlsf_gym.audit.watching import place_of, watch_exceptions
from rlsf_gym.registry import import_attribute

CAUGHT = """
def broad(text):
    try:
        return int(text)
    except Exception:
        return 0

def bare(text):
    try:
        return helper(text)
    except:
        return 0

def helper(text):
    return int(text)

def narrow(text):
    try:
        return int(text)
    except ValueError:
        return 0

def wraps(text):
    try:
        return int(text)
    except Exception as error:
        raise RuntimeError("no number") from error

def runs(text):
    try:
        exec(text)
    except Exception:
        return 0
    return 3

def loud(text):
    return helper(text)
"""


@pytest.fixture
def module(write):
    (path,) = write(CAUGHT).glob("*.py")
    sys.modules.pop(path.stem, None)
    yield importlib.import_module(path.stem)
    sys.modules.pop(path.stem)


@pytest.mark.parametrize(("name", "lines"), [("broad", [4]), ("bare", [10]), ("narrow", []), ("wraps", [])])
def test_exceptions_under_broad_handlers_are_seen(module, name, lines):
    with watch_exceptions(module.__file__) as caught:
        try:
            getattr(module, name)("x")
        except RuntimeError:
            assert name == "wraps"
        assert getattr(module, name)("3") == 3
    assert [line.rpartition(":")[2] for line in caught] == [f"{line})" for line in lines]
    assert all(line.startswith("ValueError: invalid literal") for line in caught)


@pytest.mark.parametrize("text", ["1/0", "no such syntax", "def f():\n    raise KeyError\nf()"])
def test_exceptions_of_executed_text_are_not_the_rewards_own(module, text):
    with watch_exceptions(module.__file__) as caught:
        assert module.runs(text) == 0
        assert module.runs(3.5) == 0  # TypeError of exec itself
    assert [line.partition(":")[0] for line in caught] == ["TypeError"]


def test_an_exception_is_told_with_its_last_line_in_the_file(module):
    with pytest.raises(ValueError) as error:
        module.loud("x")
    assert place_of(error.value, module.__file__).endswith("base 10: 'x' (mine.py:15)")


def test_a_folder_whose_name_begins_like_this_librarys_is_the_rewards_own(tmp_path):
    near = f"{Path(rlsf_gym.__file__).parent}_rewards{os.sep}mine.py"
    with pytest.raises(ZeroDivisionError) as error:
        exec(compile("\n1/0", near, "exec"))
    assert place_of(error.value, None) == "ZeroDivisionError: division by zero (mine.py:2)"


def test_a_reward_of_this_library_is_told_with_its_line():
    with pytest.raises(ValueError) as error:
        import_attribute("reward", "no_such_module:x")
    told = place_of(error.value, registry.__file__, most=40)
    assert re.fullmatch(r"ValueError: .{40} \(registry\.py:\d+\)", told)
    assert "registry.py" not in place_of(error.value, None)


def test_executed_text_is_told_from_parsed_text():
    """In a process of its own: an audit hook can't be taken away."""
    code = (
        "import ast; from rlsf_gym.audit.watching import Executions; seen = Executions(); told = []\n"
        "for act in (lambda: ast.literal_eval('[271828]'), lambda: ast.parse('271828+314159'),\n"
        "            lambda: eval('1+1'), lambda: eval('271828+314159'), lambda: exec('x = 271828'),\n"
        "            lambda: eval(\"len('rlsf_audit_canary')\")):\n"
        "    seen.clear(); act(); told.append(seen.seen)\n"
        "print(told)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[False, False, False, True, True, True]"
