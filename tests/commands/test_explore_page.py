"""The explorer's page in a real browser: what it shows, how it looks, and that texts stay texts."""

import json
import math
import re
import shutil

import pytest

from tests.helpers.explorer import serve_page, visit

CHROMIUM = shutil.which("chromium")

pytestmark = [pytest.mark.whole, pytest.mark.skipif(CHROMIUM is None, reason="needs the program chromium")]

PROMPT, RESPONSE = "The film was", " not very good, but I LOVED the ending!"
HOSTILE = (
    "</script><script>window.owned = 1</script><img src=x onerror='window.owned = 1'> "
    "<b id=owned>\u202egood\u202c</b> \x00\x1b[31m\u2028{{data}} ${1} &lt;i&gt; javascript:owned=1"
)
# Every text that can be seen, with its ink and the colours behind it, the nearest first.
INKS = """all('body *').flatMap(element => {
  const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  if (!own || !element.getClientRects().length || element.closest('option, script, noscript')) return [];
  const style = getComputedStyle(element), grounds = [];
  for (let at = element; at; at = at.parentElement) grounds.push(getComputedStyle(at).backgroundColor);
  return [[element.textContent, element instanceof SVGElement ? style.fill : style.color, grounds]];
})"""
# What reaches over the right edge of the window.
BEYOND = """all('main *, #detail *').filter(element => element.getClientRects().length
  && !element.closest('svg, select') && element.getBoundingClientRect().right > innerWidth + .5).length"""
SHARES = "all('.token').map(token => Number(token.style.getPropertyValue('--share')))"
SLOW_FIRST = """(() => {
  const real = window.fetch;
  let first = true;
  window.fetch = async (url, how) => {
    const late = first;
    first = false;
    if (late) await new Promise(wake => setTimeout(wake, 400));
    return real(url, how);
  };
  const look = () => { window.shown = (window.shown || '') + at('stave').textContent };
  new MutationObserver(look).observe(at('stave'), { childList: true });
})()"""


@pytest.fixture(scope="module")
def explorer():
    from rlsf_gym.explorer.feedback import Explorer

    return Explorer()


@pytest.fixture(scope="module")
def server(explorer):
    from rlsf_gym.explorer.question import Question

    with serve_page(explorer, Question(PROMPT, RESPONSE, designs=("potential", "terminal"))) as running:
        yield running


@pytest.fixture
def browser(chromium, server):
    """The page, fresh; in the end nothing was fetched elsewhere and nothing was complained about."""
    with visit(chromium, server) as complaints:
        yield chromium
    assert complaints == []


def texts(browser, selector):
    return browser.run(f"all({json.dumps(selector)}).map(e => e.textContent)")


def tokens(browser, design):
    return "".join(texts(browser, f'.row[data-design="{design}"] .token'))


def rows(browser):
    return browser.run("all('#rows .row').map(row => row.dataset.design)")


def toggle(browser, design):
    browser.run(f"document.querySelector('#designs input[value={design}]').click()")


def pick(browser, field, value):
    """Picks as a person does."""
    browser.run(f"at('{field}').value = '{value}'; at('{field}').dispatchEvent(new Event('change'))")


def point(browser, design, place):
    """Points at a token and waits for what is told of it."""
    browser.hover(f'.row[data-design="{design}"] .token', place)
    browser.wait_for("!at('detail').hidden")


def write(browser, text, shown):
    browser.write("#response", text)
    browser.wait_for(f"at('stave').textContent.includes({json.dumps(shown)})")


def test_it_shows_the_answer_at_once(browser):
    assert rows(browser) == ["terminal", "potential"]
    assert tokens(browser, "potential") == RESPONSE
    assert browser.run("at('prompt-text').textContent") == PROMPT
    assert browser.run("at('response').value") == RESPONSE
    assert all("total = gain" in head for head in texts(browser, "#rows .total"))
    assert [url for url in browser.requests if "feedback" in url] == []


def test_typing_changes_the_tokens(browser):
    write(browser, " a truly awful mess", "awful")
    assert tokens(browser, "potential") == tokens(browser, "terminal") == " a truly awful mess"
    (total,) = {text.partition(" ")[0] for text in texts(browser, "#rows .total b")}
    assert total.startswith("\u2212")
    browser.write("#response", "\x01" * 5121)
    browser.wait_for("!at('problem').hidden")
    assert "at most 5,120 tokens, got 5,121" in browser.run("at('problem').textContent")
    write(browser, "", "empty")
    assert browser.run("at('problem').hidden")
    # The browser itself notes a status of 400.
    browser.complaints = [text for text in browser.complaints if "400" not in text]


def test_switching_a_design_adds_and_takes_away_a_row(browser):
    toggle(browser, "broadcast")
    browser.wait_for("all('#rows .row').length === 3")
    assert rows(browser) == ["terminal", "potential", "broadcast"]
    head = texts(browser, '.row[data-design="broadcast"] .head')[0]
    assert "\u2260 gain" in head
    assert "\u2717 not causal" in head
    assert "\u2717 not conserving" in head
    assert "\u2713 bounded" in head
    toggle(browser, "potential")
    assert rows(browser) == ["terminal", "broadcast"]


def test_all_designs_share_one_scale(browser, explorer):
    from rlsf_gym.explorer.question import Question

    designs = ("potential", "terminal", "seed_legacy")
    told = explorer.answer(Question(PROMPT, RESPONSE, designs=designs))["designs"].values()
    greatest = max(abs(reward) for row in told for reward in row["rewards"])
    assert max(browser.run(SHARES)) == 1
    toggle(browser, "seed_legacy")
    browser.wait_for("all('#rows .row').length === 3")
    assert browser.run(SHARES).count(1) == sum(
        abs(reward) == greatest for row in told for reward in row["rewards"]
    )
    assert texts(browser, "#legend .number")[-1] == f"+{greatest:.2f}"
    assert texts(browser, "#legend .number")[0] == f"\u2212{greatest:.2f}"


def test_pointing_at_a_token_shows_why(browser):
    point(browser, "potential", 4)  # " but" closes "good,"
    detail = browser.run("at('detail').innerText")
    assert "\u201c but\u201d" in detail
    assert re.search(r"negation\s+\u22123.816\s+not\s+added", detail)
    assert re.search(r"potential\s+\u22120.\d{4}", detail)
    row = '.row[data-design="potential"]'
    assert texts(browser, f"{row} .is-trigger") == ["not", "very", "but"]
    assert texts(browser, f"{row} .is-word") == ["good", "L", "OV", "ED"]
    browser.press("Escape")
    assert browser.run("at('detail').hidden")
    assert texts(browser, ".is-word, .is-trigger, .same, .here") == ["word", "trigger"]  # the legend's


OTHERS = {
    "best": [["\u241b<b>", 0.61], [" great" * 9, 0.25]],
    "worst": [[" awful", -0.58]],
    "place": "rank 214 of 4,096, shared by 12",
}


def test_pointing_at_a_token_shows_what_others_would_have_earned(browser):
    point(browser, "potential", 2)
    assert texts(browser, "#detail .others") == []
    told = [OTHERS] * 4 + [{"best": [], "worst": [], "place": "any token would have earned the same"}]
    browser.run(f"answer.designs.potential.others = {json.dumps(told)}")
    browser.hover('.row[data-design="potential"] .token', 3)
    browser.wait_for("!!document.querySelector('#detail .others')")
    lines = browser.run("document.querySelector('#detail .others').innerText").split("\n")
    great = f"{' great' * 4}\u2026"
    assert lines == [
        f"best here \u201c\u241b<b>\u201d +0.610, \u201c{great}\u201d +0.250",
        "worst \u201c awful\u201d \u22120.580; rank 214 of 4,096, shared by 12",
    ]
    browser.hover('.row[data-design="potential"] .token', 4)
    browser.wait_for("document.querySelector('#detail .others').textContent.startsWith('any token')")
    assert texts(browser, "#detail .others") == ["any token would have earned the same"]
    assert len(texts(browser, "#detail table")) == 2
    browser.press("Escape")
    point(browser, "terminal", 3)
    assert texts(browser, "#detail .others") == []


def test_a_response_that_is_too_long_for_other_tokens_says_so(browser):
    assert not any("other tokens" in text for text in texts(browser, ".summary"))
    browser.run("answer.designs.potential.others = null; render()")
    told = [text for text in texts(browser, ".summary") if "other tokens" in text]
    assert len(told) == 1
    assert told[0].endswith("; what other tokens would have earned is told of shorter responses")


def test_the_keyboard_reaches_every_token(browser):
    browser.run("document.querySelector('.row[data-design=terminal] .token').focus()")
    for key, shown in (("ArrowRight", " very"), ("End", "!"), ("ArrowDown", "!"), ("Home", " not")):
        browser.press(key)
        assert browser.run("document.activeElement.textContent") == shown
        assert browser.run("at('detail').firstChild.textContent") == f"\u201c{shown}\u201d"
    assert browser.run("document.activeElement.closest('.row').dataset.design") == "potential"
    assert browser.run("document.activeElement.getAttribute('aria-describedby')") == "detail"
    stops = "all('[role=listbox]').map(box => box.querySelectorAll('[tabindex=\"0\"]').length)"
    assert browser.run(stops) == [1, 1, 1]


def test_the_running_score_stands_under_its_tokens(browser):
    rights = browser.run("all('#stave .token').map(token => token.offsetLeft + token.offsetWidth)")
    path = browser.run("document.querySelector('#stave .course').getAttribute('d')")
    assert [float(number) for number in re.findall(r"H([\d.]+)", path)] == rights
    labels = texts(browser, "#stave text")
    assert labels[:3] == ["+1", "0", "\u22121"]
    assert labels[-1] == f"+{float(texts(browser, '#figures .big')[0]):.2f}"
    told = browser.run("document.querySelector('#stave svg').getAttribute('aria-label')")
    assert told.startswith("running score: 0.00 for the prompt, +0.")


def test_only_the_last_answer_counts(browser):
    """The first answer is still on its way when the text changes again."""
    browser.run(SLOW_FIRST)
    browser.write("#response", " first")
    browser.wait_for("busy")
    write(browser, " second", "second")
    assert "first" not in browser.run("window.shown")
    assert tokens(browser, "potential") == " second"


def test_examples_and_objectives(browser):
    pick(browser, "example", "e1")
    browser.wait_for("at('stave').textContent.includes('fun')")
    assert browser.run("at('prompt-text').textContent") == "I watched this one Sunday"
    assert browser.run("at('target-field').hidden")
    pick(browser, "objective", "target")
    browser.wait_for("answer.prompt_utility === -0.5")
    assert not browser.run("at('target-field').hidden")
    assert "--scorer-model" in browser.run("at('scorer-reasons').textContent")


def test_a_design_that_the_scorer_cant_serve_is_disabled_with_the_reason(browser):
    browser.run("options.scorers[0].refused.potential = 'needs a crystal ball'; fillDesigns(); render()")
    assert browser.run("document.querySelector('#designs input[value=potential]').disabled")
    assert "potential: needs a crystal ball" in texts(browser, "#design-reasons li")
    assert rows(browser) == ["terminal"]


def test_hostile_texts_are_shown_and_do_nothing(browser):
    browser.write("#prompt", HOSTILE)
    write(browser, HOSTILE, "window.owned")
    assert browser.run("window.owned") is None
    assert (
        browser.run("document.querySelectorAll('main img, main script, main b[id], main i[id]').length") == 0
    )
    shown = tokens(browser, "potential")
    for text in (
        "</script>",
        "onerror='window.owned",
        "\u2039U+202E\u203a",
        "\u241b[31m",
        "{{data}}",
        "${1}",
        "&lt;i&gt;",
    ):
        assert text in re.sub("\u2039[0-9a-f]{2}\u203a", "", shown)
    assert not set(shown) & set("\u202e\x00\x1b\u2028")


def test_five_thousand_letters_without_a_space(browser):
    browser.look(390, 844)
    browser.write("#response", "x<" * 2500)
    browser.wait_for("document.querySelectorAll('#stave .token').length === 5000")
    assert tokens(browser, "terminal") == "x<" * 2500
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")


def test_a_phone_needs_no_sideways_scrolling(browser):
    browser.look(390, 844)
    browser.run("all('#designs input:not(:checked):not(:disabled)').forEach(box => box.click())")
    browser.wait_for("all('#rows .row').length >= 6")
    point(browser, "potential", 4)
    assert browser.run("[document.documentElement.scrollWidth, innerWidth]") == [390, 390]
    assert browser.run(BEYOND) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_that_is_written_can_be_read(browser, scheme):
    browser.look(1280, 900, scheme)
    toggle(browser, "seed_legacy")
    browser.wait_for("all('#rows .row').length === 3")
    point(browser, "potential", 4)
    found = browser.run(INKS)
    assert len(found) > 80
    poor = {text: ratio for text, ink, grounds in found if (ratio := contrast(ink, grounds)) < 4.5}
    assert poor == {}
    page = composite(browser.run("[getComputedStyle(document.body).backgroundColor]"))
    assert (sum(page) > 600) == (scheme == "light")


def contrast(ink, grounds):
    """WCAG's ratio of an ink to the colours behind it."""
    ground = composite(grounds)
    high, low = sorted((luminance(composite([ink, f"rgb{ground}"])), luminance(ground)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def composite(colours):
    """Lays colours over each other, the first one on top."""
    below = (255.0, 255.0, 255.0)
    for colour in reversed(colours):
        red, green, blue, *opacity = map(float, re.findall(r"[\d.]+", colour))
        share = opacity[0] if opacity else 1.0
        below = tuple(
            share * top + (1 - share) * under for top, under in zip((red, green, blue), below, strict=True)
        )
    return below


def luminance(colour):
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else math.pow((part + 0.055) / 1.055, 2.4) for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_file_works_without_a_server(browser, explorer, tmp_path):
    from rlsf_gym.commands import explore
    from rlsf_gym.explorer.question import Question

    path = tmp_path / "page.html"
    question = Question(HOSTILE, RESPONSE, designs=("potential",))
    path.write_text(explore.snapshot(explorer, question), encoding="utf-8")
    browser.open(path.as_uri())
    browser.run("window.all = selector => [...document.querySelectorAll(selector)]")
    assert rows(browser) == ["potential"]
    toggle(browser, "uniform")
    assert sorted(rows(browser)) == ["potential", "uniform"]
    assert tokens(browser, "uniform") == RESPONSE
    point(browser, "uniform", 2)
    assert browser.run("document.querySelector('#detail h4').textContent") == "\u201c good\u201d"
    assert browser.run("at('response').disabled && at('scorer').disabled")
    assert browser.run("at('note').textContent").endswith("texts can't. To type, run rlsf-explore.")
    assert browser.run("window.owned") is None
