"""The explorer of puzzles on the command line and in a real browser: drawn, typed, lost, and why."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.test_explore_page import BEYOND, CHROMIUM, INKS, contrast
from tests.helpers.explorer import serve_page, visit
from tests.helpers.sums import SUMS

ROOT = Path(__file__).parents[2]
DOMAIN = ("--domain", "tests.helpers.sums:SUMS")
needs_browser = [pytest.mark.whole, pytest.mark.skipif(CHROMIUM is None, reason="needs the program chromium")]


@pytest.fixture
def call(run_main, tmp_path, monkeypatch):
    """Returns a function: arguments -> (status, stdout, lines of stderr), in an empty folder."""
    from rlsf_gym.commands import explore

    monkeypatch.chdir(tmp_path)
    return lambda *arguments: run_main(explore.main, *arguments)


def data_in(path):
    return json.loads(re.search(r'id="data">(.*?)</script>', path.read_text(encoding="utf-8"))[1])


@pytest.mark.parametrize(
    ("arguments", "target", "response"),
    [
        ([], 9, "4361"),
        (["--response", "45"], 9, "45"),
        (["--instance", '{"target": 3}', "--response", "21"], 3, "21"),
        (["--instance", '{"target": 3}'], 3, ""),
        (["--seed", "7"], 9, ""),
    ],
)
def test_the_file_holds_the_puzzle_that_is_asked_for(call, tmp_path, arguments, target, response):
    """Seed 7 draws 9."""
    assert call(*DOMAIN, *arguments, "--out", "page.html") == (0, "wrote page.html\n", [])
    held = data_in(tmp_path / "page.html")
    assert json.loads(held["answer"]["instance"]) == {"target": target}
    assert held["question"]["response"] == response
    assert held["question"]["boundary"] == "open"
    assert len(held["answer"]["designs"]) > 5
    assert all("error" not in told for told in held["answer"]["designs"].values())


@pytest.mark.parametrize(
    ("status", "arguments", "message"),
    [
        (1, ["--domain", "sentimant"], "unknown domain 'sentimant' (did you mean 'sentiment'?)"),
        (1, ["--domain", "nowhere:X"], "nowhere"),
        (
            1,
            [*DOMAIN, "--domain-kwargs", "size=4"],
            "--domain-kwargs must be left out: domain 'tests.helpers.sums:SUMS' takes none",
        ),
        (
            2,
            [*DOMAIN, "--prompt", "9="],
            "--prompt: domain 'sums' makes its prompts: give --seed, --instance",
        ),
        (2, [*DOMAIN, "--prompts", "x.txt"], "--prompts: domain 'sums' makes its prompts"),
        (2, [*DOMAIN, "--seed", "-1"], "argument --seed: expected a whole number from 0"),
        (2, [*DOMAIN, "--label-values", "a=1"], "--label-values is for a neural scorer"),
        (2, ["--seed", "1"], "--seed: domain 'sentiment' has prompts of plain text: give --prompt"),
        (2, ["--instance", "{}"], "--instance: domain 'sentiment' has prompts of plain text"),
        (1, [*DOMAIN, "--instance", "{"], "instance must be an object in JSON, got '{'"),
        (1, [*DOMAIN, "--instance", '{"target": 0}'], "target must be from 1 to 9, got {'target': 0}"),
        (1, [*DOMAIN, "--scorer", "vader"], "scorer must be one of sums, got 'vader'"),
    ],
)
def test_wrong_arguments_are_said_in_one_line(call, tmp_path, status, arguments, message):
    found, output, errors = call(*arguments, "--out", "x.html")
    assert (found, output, len(errors)) == (status, "", 1), errors
    assert errors[0].startswith("error: ")
    assert message in errors[0]
    assert list(tmp_path.iterdir()) == []


def test_a_domain_of_the_working_folder(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from tests.helpers.sums import make_sums\ndef make():\n    return make_sums()\n"
    )
    command = [sys.executable, "-m", "rlsf_gym", "explore", "--domain", "mine:make", "--out", "x.html"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)}
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert data_in(tmp_path / "x.html")["answer"]["solved"] is False


def test_a_missing_extra_is_told_in_one_line(call, tmp_path, monkeypatch):
    from tests.helpers import sums

    def assess(*_):
        raise ImportError("sums needs\n  abacus: pip install abacus")

    monkeypatch.setattr(sums.Sums, "assess", assess)
    found, output, errors = call(*DOMAIN, "--out", "x.html")
    assert (found, output, errors) == (1, "", ["error: sums needs abacus: pip install abacus"])
    assert list(tmp_path.iterdir()) == []


# In a browser


@pytest.fixture(scope="module")
def explorer():
    from rlsf_gym.explorer.feedback import Explorer

    return Explorer(domain=SUMS)


@pytest.fixture(scope="module")
def server(explorer):
    with serve_page(explorer, explorer.opening) as running:
        yield running


@pytest.fixture
def browser(chromium, server):
    """The page, fresh; in the end nothing was fetched elsewhere and nothing was complained about."""
    with visit(chromium, server) as complaints:
        yield chromium
    assert [text for text in complaints if "400" not in text] == []  # the browser notes refused questions


def texts(browser, selector):
    return browser.run(f"all({json.dumps(selector)}).map(e => e.textContent)")


def shown(browser):
    """The visible text of the page."""
    return browser.run("document.body.innerText")


def see(test):
    for mark in needs_browser:
        test = mark(test)
    return test


@see
def test_it_shows_where_the_answer_was_lost_and_why(browser):
    assert texts(browser, "#stave .fatal") == ["6"]
    assert texts(browser, "#stave .core") == ["4", "3"]
    assert texts(browser, "#stave .gone") == ["1", "\u220e"]
    assert texts(browser, '.row[data-design="potential"] .fatal') == ["6"]
    assert texts(browser, "#verdict .line") == [
        "lost at \u201c6\u201d (target): 4+3+6 is 13, more than 9",
        "right would have been 4311",
    ]
    assert texts(browser, "#figures dd") == ["\u2717 not solved", "0.002", "\u22120.002"]
    assert browser.run("answer.tokens.length") == 5
    assert texts(browser, "#stave text") == ["1", "0", "0.031", "0.25", "0"]
    edges = browser.run("all('#stave .token').map(token => token.offsetLeft)")
    for kind, place in (("alive", 0), ("lost", 2)):
        assert browser.run(f"all('#stave rect.{kind}').map(shape => shape.x.baseVal.value)") == [edges[place]]


@see
def test_nothing_of_another_domain_is_named(browser):
    assert browser.run(
        "['prompt', 'scorer', 'objective', 'boundary'].every(name => at(name + '-field').hidden)"
    )
    assert not re.search(r"sentiment|film|vader|word|speaks for|Objective", shown(browser), re.IGNORECASE)
    assert "PUZZLE" in shown(browser).upper()


@see
def test_pointing_at_a_token_tells_whether_it_is_alive(browser):
    told = []
    for place in (1, 2, 3):
        browser.hover("#stave .token", place)
        browser.wait_for(f"showing?.dataset.place === '{place}'")
        told.append(texts(browser, "#detail .alive"))
    assert told == [
        ["still possible: goes on with 11", "shares the blame"],
        ["no right answer begins so", "4+3+6 is 13, more than 9"],
        ["no right answer begins so"],
    ]
    assert "value 0 \u2192 0" in texts(browser, "#detail .facts")[0]


@see
def test_typing_an_answer_and_another_puzzle(browser):
    browser.write("#response", "45")
    browser.wait_for("answer.solved")
    assert texts(browser, "#figures dd")[0] == "\u2713 solved"
    assert texts(browser, "#verdict .line") == []
    assert texts(browser, "#stave .fatal, #stave .gone") == []
    browser.write("#response", "4")
    browser.wait_for("answer.verdict.status === 'unfinished'")
    assert texts(browser, "#figures dd")[0] == "\u2026 unfinished"
    assert texts(browser, "#verdict .line") == [
        "unfinished: the answer ends before 9 is reached",
        "right would be 411111",
    ]
    browser.write("#instance", '{"target": 4}')
    browser.wait_for("answer.solved")
    assert browser.run("at('prompt-text').textContent") == "4="


@see
def test_a_puzzle_is_drawn_by_its_seed(browser, explorer):
    browser.run("at('draw').click()")
    browser.wait_for("at('instance').value !== ''")
    drawn = json.loads(explorer.answer_plain({"instance": "", "seed": 1, "designs": []})["instance"])
    assert json.loads(browser.run("at('instance').value")) == drawn
    assert browser.run("[at('seed').value, at('response').value]") == ["1", ""]
    browser.run("at('seed').value = ''; at('draw').click()")
    browser.wait_for("at('seed').value === '1' && at('instance').value !== ''")
    browser.run("at('seed').value = '-3'; at('seed').dispatchEvent(new Event('change'))")
    browser.wait_for("!at('problem').hidden")
    assert "seed must be a whole number from 0" in browser.run("at('problem').textContent")


@see
def test_data_that_are_typed_wrong_are_said_in_one_line(browser):
    for typed, told in (
        ('{"target": <b>}', "instance must be an object in JSON"),
        ('{"target": 0}', "target must be from 1 to 9"),
        ("  ", "Type the data of the puzzle, or draw it by its seed."),
    ):
        browser.write("#instance", typed)
        browser.wait_for(f"at('problem').textContent.includes({json.dumps(told)})")
    assert browser.run("all('#problem b').length") == 0


@see
def test_rewards_that_are_all_small_are_written_out(browser):
    """Of 9, one digit that is too much costs 0.5**9, and a wrong one no more."""
    browser.write("#response", "x")
    browser.wait_for("answer.verdict.reason === 'syntax'")
    lost = "all('.row[data-design=potential] .token').map(token => token.dataset.reward)"
    assert browser.run(lost) == ["\u22120.002", None]
    assert texts(browser, "#legend .number") == ["\u22120.002", "\u22120.001", "0", "+0.001", "+0.002"]
    browser.run("answer.designs.potential.rewards = [-3.64e-7, 0]; answer.designs.terminal.rewards = [0, 0]")
    browser.run("answer.designs.first_error.rewards = [0, 0]; render()")
    assert browser.run(lost) == ["\u22123.6e\u22127", None]
    assert texts(browser, "#legend .number")[-1] == "+3.6e\u22127"


@see
def test_an_example_brings_its_puzzle(browser):
    browser.run("at('example').value = 'e3'; at('example').dispatchEvent(new Event('change'))")
    browser.wait_for("answer.verdict.reason === 'syntax'")
    assert browser.run("[at('instance').value, at('response').value]") == ['{"target": 3}', "1x2"]
    assert texts(browser, "#verdict .line")[0] == "lost at \u201cx\u201d (syntax): expected a digit, got 'x'"


@see
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_that_is_written_can_be_read(browser, scheme):
    browser.look(1280, 900, scheme)
    browser.hover("#stave .token", 2)
    browser.wait_for("!at('detail').hidden")
    found = browser.run(INKS)
    assert len(found) > 60
    poor = {text: ratio for text, ink, grounds in found if (ratio := contrast(ink, grounds)) < 4.5}
    assert poor == {}


@see
def test_a_phone_needs_no_sideways_scrolling(browser):
    browser.look(390, 844)
    browser.write("#response", "1" * 40)
    browser.wait_for("answer.tokens.length === 41")
    browser.hover("#stave .token", 2)
    assert browser.run("[document.documentElement.scrollWidth, innerWidth]") == [390, 390]
    assert browser.run(BEYOND) == 0
