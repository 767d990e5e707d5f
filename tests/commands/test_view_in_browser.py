"""Pages of puzzles in a real browser: from a file, with the keyboard alone, light and dark, on a phone."""

import json

import numpy as np
import pytest

from rlsf_gym import ResponseEnv
from rlsf_gym.commands.view import main
from rlsf_gym.render.samples_file import plain_token

pytestmark = pytest.mark.whole
SUDOKU = {"grid": ".134431232..1..."}
KNIGHTS = {"statements": [["is", "B", "knave"], ["same", "A", "B"]]}
ANSWERS = (
    ("sudoku", SUDOKU, "2134431232141423"),
    ("knights", KNIGHTS, "A is a knave. B is a knight."),
    ("countdown", {"numbers": [3, 7, 5], "target": 8}, "3+7=10,10+5=15"),
)


def answer(domain, instance, response):
    """Returns a line of the file, as a trainer of one's own would write it."""
    env = ResponseEnv(domain=domain, tokenizer="bytes", max_new_tokens=64, max_prompt_tokens=128)
    _, opening = env.reset(options={"instance": instance})
    action = np.full(64, 257)
    action[: len(response) + 1] = [*response.encode(), 256]
    info = env.step(action)[4]
    length = int(info["response_length"])
    return {
        "prompt": opening["prompt"],
        "instance": opening["instance"],
        "tokens": [plain_token(env.tokenizer.token_bytes(int(one))) for one in action[:length]],
        "rewards": info["token_rewards"][:length].tolist(),
        **{key: info[key] for key in ("solved", "score", "certificate", "certificate_payload")},
    }


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page of one wrong answer of each puzzle, the last with a proof that no screen holds."""
    lines = [answer(*row) for row in ANSWERS]
    proof = [f"{-number} {number + 1} 0" for number in range(1, 500)]
    lines.append({**lines[0], "certificate_payload": {**lines[0]["certificate_payload"], "proof": proof}})
    file = tmp_path_factory.mktemp("pages") / "answers.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert main([str(file)]) == 0
    return file.with_suffix(".html")


@pytest.fixture(params=[(1280, "light"), (390, "dark")], ids=["desktop", "phone"])
def browser(request, chromium, page):
    width, scheme = request.param
    chromium.look(width, 800, scheme)
    chromium.requests.clear()
    chromium.open(page.as_uri())
    yield chromium
    assert chromium.requests == [page.as_uri()]  # nothing else is fetched
    assert chromium.complaints == []


def test_nothing_is_wider_than_the_window(browser):
    browser.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")


def test_the_cell_that_lost_it_and_the_one_against_it_are_marked(browser):
    read = "[...document.querySelector('.grid').querySelectorAll('td.{}')].map(cell => cell.textContent)"
    assert browser.run(read.format("fatal")) == ["14"]  # wrote 1, right would be 4
    assert browser.run(read.format("clash")) == ["1"]
    assert browser.run("getComputedStyle(document.querySelector('td.fatal')).outlineStyle") == "solid"
    assert browser.run("document.querySelectorAll('.board td.fatal, .board td.clash').length") == 2


def test_the_keyboard_alone_reaches_tokens_proofs_and_certificates(browser):
    browser.run("document.querySelector('.token.fatal').previousElementSibling.focus()")
    press_tab(browser)
    assert browser.run("document.activeElement.classList.contains('fatal')")
    shown = browser.run("document.activeElement.querySelector('.tip').innerText.split('\\n')")
    assert shown[1:4] == [
        "no right answer begins so",
        "no solution has 1 at row 3, column 3",
        "right would have been 411423",
    ]
    assert browser.run("getComputedStyle(document.activeElement.querySelector('.tip')).display") == "block"
    browser.run("[...document.querySelectorAll('summary')].find(one => /DRUP/.test(one.textContent)).focus()")
    assert browser.run("document.activeElement.parentElement.open") is False  # a long proof is folded
    browser.press("Enter")
    browser.send("Input.dispatchKeyEvent", type="char", text="\r")
    browser.wait_for("document.activeElement.parentElement.open")
    press_tab(browser)
    lines = browser.run("document.activeElement.textContent.split('\\n')")
    assert (len(lines), lines[0], lines[-1]) == (201, "-1 2 0", "\u2026 and 299 more in the file")


def press_tab(browser):
    for kind in ("rawKeyDown", "keyUp"):
        browser.send("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)


def test_every_text_can_be_read_on_its_ground(browser):
    """Ink of soft, lost and right texts against the card that they stand on."""
    pairs = browser.run(
        "['td.fatal i', '.grid .right', 'td.gone i', '.proof', '.grid caption'].map(one => "
        "getComputedStyle(document.querySelector(one)).color.match(/\\d+/g).map(Number))"
        ".concat([getComputedStyle(document.querySelector('.row')).backgroundColor.match(/\\d+/g).map(Number)])"
    )
    from rlsf_gym.render.colours import contrast

    *inks, card = (tuple(one[:3]) for one in pairs)
    assert all(contrast(ink, card) >= 4.5 for ink in inks)


def test_a_link_leads_over_the_tokens_of_a_prompt(browser):
    """A page of 48 responses has hundreds of tokens, each of which the Tab key stops at."""
    assert browser.run("document.querySelectorAll('a.skip').length") == 3  # none behind the last of 4 prompts
    browser.run("document.querySelector('.wide').focus()")
    press_tab(browser)
    assert browser.run("document.activeElement.textContent") == "skip to prompt 2"
    assert (
        browser.run("document.activeElement.getBoundingClientRect().height") > 20
    )  # seen while it has focus
    browser.press("Enter")
    browser.send("Input.dispatchKeyEvent", type="char", text="\r")
    browser.wait_for("location.hash === '#prompt-2'")
    press_tab(browser)
    assert browser.run("document.activeElement.closest('.row').querySelector('h2').id") == "prompt-2"


def test_on_paper_nothing_is_folded_and_the_ground_is_white(browser):
    shown = "[...document.querySelectorAll('details table')].filter(one => one.checkVisibility()).length"
    assert browser.run(shown) == 0
    browser.send("Emulation.setEmulatedMedia", media="print")
    ground = "getComputedStyle(document.body).getPropertyValue('--card').trim()"
    assert browser.run(ground) == "rgb(255 255 255)"
    assert browser.run(shown) == browser.run("document.querySelectorAll('details table').length") == 4
    browser.send("Emulation.setEmulatedMedia", media="")
