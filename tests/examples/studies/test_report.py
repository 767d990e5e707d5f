"""The report of a study: its files, tables with the true numbers, and the page in a browser."""

import importlib
import json
import lzma
import re
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

TESTS = Path(__file__).parents[2]
FILES = {"report.html", "tables.md", "tables.tex", "methods.md", "numbers.json"}
FIGURES = {
    "critics",
    "frontier",
    "judge_frontier",
    "learning_curves",
    "profiles",
    "proxy_judge",
    "rules",
    "speed_ups",
}
HOSTILE = "</style><script>window.owned=1</script><img src=x onerror='window.owned=1'> & <b id=owned>"
# Elements that reach over the right edge of the window, but for those in boxes that scroll.
BEYOND = """[...document.querySelectorAll('body *')].filter(e => e.getClientRects().length
  && !e.closest('.wide') && e.getBoundingClientRect().right > innerWidth + .5).length"""


@pytest.fixture(scope="module")
def parts():
    """Studies whose truth is known, the numbers' own among them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TESTS / "agents" / "reports"))
        yield {name: importlib.import_module(name) for name in ("synthetic_study", "test_numbers")}


def truth_of(parts):
    """Everything that a report can show, with the times of the numbers' study."""
    synthetic, known = parts["synthetic_study"], parts["test_numbers"]

    def truth(cell):
        if known.is_best_of(cell):
            return {"records": synthetic.attainable_records(0.0, 1.0)}
        sample = {
            "prompt": f"The film was {HOSTILE}",
            "response": " good",
            "tokens": [*b" good"],
            "token_rewards": [0.0, 0.5, -0.25, 0.0, 0.0],
            "score": 0.5,
            "judge": 0.75,
        }
        return {
            "score": synthetic.ramp(known.times(cell)),
            "explained": 0.25 if known.lam(cell) == 0.95 else 0.75,
            "rules": {"base": lambda x: x / 2000, "negation": lambda x: -0.1},
            "before": {"score": 0.0, "judge": 0.5},
            "after": {
                "score": 0.8,
                "judge": 0.75,
                "kl": 2.0,
                "perplexity": 30.0 + cell.seed,
                "self_bleu": 0.5,
            },
            "samples": [sample],
        }

    return truth


def toml_of(parts):
    return parts["test_numbers"].STUDY.replace(
        "max_new_tokens = 4", 'max_new_tokens = 4\ntokenizer = "bytes"'
    )


@pytest.fixture(scope="module")
def folder(parts, tmp_path_factory):
    """The folder of a study with its report, which nobody may change."""
    from examples.studies import report

    place = tmp_path_factory.mktemp("report") / "known"
    parts["synthetic_study"].write_study(place, toml_of(parts), truth_of(parts))
    assert report.main([str(place)]) == 0
    return place


@pytest.fixture
def browser(chromium, folder):
    """The page, fresh; in the end nothing was fetched and nothing was complained about."""
    chromium.look(1280, 900)
    chromium.open((folder / "report" / "report.html").as_uri())
    yield chromium
    assert [url for url in chromium.requests if not url.startswith(("data:", "file:", "about:"))] == []
    complaints, chromium.complaints = chromium.complaints, []
    assert complaints == []


def read(folder, name):
    return (folder / "report" / name).read_text(encoding="utf-8")


def test_it_writes_every_file(folder):
    written = {path.name for path in (folder / "report").iterdir()}
    assert written == FILES | {f"{name}.png" for name in FIGURES}


def test_the_same_cells_give_the_same_bytes(folder, parts, tmp_path):
    from examples.studies import report

    shutil.copytree(folder, tmp_path / "again", ignore=shutil.ignore_patterns("report"))
    assert report.main([str(tmp_path / "again"), "--out", str(tmp_path / "out")]) == 0
    for path in (folder / "report").iterdir():
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_packed_study_gives_the_same_numbers(folder, tmp_path):
    from agents.reports import report as general

    lines = b"".join(path.read_bytes() for path in sorted((folder / "cells").iterdir()))
    (tmp_path / "study.jsonl.xz").write_bytes(lzma.compress(lines))
    shutil.copy(folder / "study.toml", tmp_path / "study.toml")
    study, results = general.read(general.find(str(tmp_path / "study.jsonl.xz")))
    assert general.make(results, study).numbers == json.loads(read(folder, "numbers.json"))


def test_tables_hold_the_true_numbers(folder):
    """As worked out in the tests of the numbers: twice as fast, areas 0.54 and 0.67."""
    rows = rows_of(read(folder, "tables.md"))
    main = rows["**main**"]
    assert main[4] == "episodes to the goal" and main[5] == "potential : terminal"
    assert main[:4] == ["2.00× [2.00, 2.00]", "4 of 4", "0.125", "primary"]
    assert rows["lambda 1"][:4] == ["1.00× [1.00, 1.00]", "4 of 4", "1.000", "1.000"]
    assert rows["judge"][:4] == ["0.000 [0.000, 0.000]", "4 of 4", "1.000", "1.000"]
    terminal = rows["terminal"]
    assert terminal[0] == "4 of 4" and terminal[1].startswith("1,219 [") and terminal[2] == "4 of 4"
    assert terminal[3].startswith("0.540 [") and terminal[4] == "0.800 [0.800, 0.800]"
    assert terminal[5] == "0.750 [0.750, 0.750]" and terminal[6] == "2.00 [2.00, 2.00]"
    assert terminal[7] == "0.150 [0.150, 0.150]"  # (0.8 - 0) / 2 - (0.75 - 0.5)


def rows_of(markdown):
    """Returns the first row of each name, without the name."""
    found = {}
    for line in markdown.splitlines():
        if line.startswith("| "):
            name, *cells = line[2:].removesuffix(" |").split(" | ")
            found.setdefault(name, cells)
    return found


def test_every_number_of_a_table_is_among_the_numbers(folder):
    """Cell by cell: each number that is shown is one of numbers.json, rounded as shown; no curves."""
    numbers = json.loads(read(folder, "numbers.json"))
    kept = [{key: arm[key] for key in ("summary", "spread", "failures", "end")} for arm in numbers["arms"]]
    stored = list(numbers_in({**numbers, "arms": kept, "profiles": []}))
    shown = 0
    for line in read(folder, "tables.md").splitlines():
        if not line.startswith("| ") or "---" in line:
            continue
        for cell in line.strip("| ").split(" | ")[1:]:
            if not re.fullmatch(r"(?:[≥≤>] )?[−0-9.,]+×?(?: \[.*\])?", cell):
                continue
            for text in re.findall(r"−?[0-9][0-9,]*(?:\.[0-9]+)?", cell):
                digits = len(text.partition(".")[2])
                value = float(text.replace(",", "").replace("−", "-"))
                assert any(abs(value - one) <= 0.501 * 10**-digits for one in stored), (line, text)
                shown += 1
    assert shown > 100


def numbers_in(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from numbers_in(one)
    elif isinstance(value, int | float):
        yield value


def test_latex_has_the_same_cells_and_balanced_environments(folder):
    text, markdown = read(folder, "tables.tex"), read(folder, "tables.md")
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == markdown.count("\n| ---")
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == text.count(r"\begin{tabular}")
    assert r"2.00$\times$ [2.00, 2.00]" in text and r"terminal $\lambda$=1" in text
    assert not re.search(r"(?<!\\)[%_#]", re.sub(r"\\label\{.*?\}", "", text))
    for block in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", text, re.S):
        rows = [row for row in block[1].splitlines() if row.endswith(r"\\")]
        assert {len(re.split(r"(?<!\\)&", row)) for row in rows} == {len(block[0])}


def test_methods_name_settings_seeds_versions_and_commit(folder):
    text = read(folder, "methods.md")
    for part in (
        "seeds 0 to 3",
        "`config.batch_size` = 100",
        "`episodes` = 2100",
        "`env_kwargs.reward_design`: potential, terminal",
        "75% of the way",
        "KL at most 4.00 nats",
        "torch 2.13.0",
        "commit `0123456789abcdef0123456789abcdef01234567`",
        "Holm 1979",
        "Nothing was tuned",
    ):
        assert part in text, part


def test_files_hold_no_date_and_no_path(folder):
    for path in (folder / "report").iterdir():
        data = path.read_bytes()
        assert str(folder).encode() not in data
        assert b"Software" not in data and b"tEXt" not in data, path.name
    assert not re.search(r"20[2-9]\d-\d\d-\d\d", read(folder, "methods.md") + read(folder, "numbers.json"))


def test_a_half_finished_study_says_so_at_the_top(parts, tmp_path, monkeypatch):
    from agents.reports import look as report_look
    from agents.reports import report as general
    from examples.studies import report

    known = parts["test_numbers"]
    parts["synthetic_study"].write_study(
        tmp_path / "half",
        toml_of(parts),
        truth_of(parts),
        leave_out=lambda cell: known.lam(cell) == 1.0 or cell.seed > 1,
    )
    monkeypatch.setattr(general, "LOOKS", report_look.LOOKS)
    assert report.main([str(tmp_path / "half")]) == 0
    page = read(tmp_path / "half", "report.html")
    assert "This study is not finished: 5 of 17 cells are over." in page
    assert "Not yet run: lambda 1." in page and "With some of their seeds: main; judge." in page
    assert page.index("not finished") < page.index("<main>")
    assert "2 paired seeds, p = 0.500" in page
    assert "No run yet: potential λ=1, terminal λ=1." in page


def test_a_study_without_cells_has_a_report(parts, tmp_path):
    from examples.studies import report

    parts["synthetic_study"].write_study(
        tmp_path / "none", toml_of(parts), truth_of(parts), leave_out=lambda cell: True
    )
    assert report.main([str(tmp_path / "none")]) == 0
    page = read(tmp_path / "none", "report.html")
    assert "0 of 17 cells" in page and "is not yet run" in page


def test_other_kinds_of_records_get_a_section_of_their_own(folder):
    from agents.reports.section import Section
    from agents.reports.sections import other_sections
    from agents.reports.tables import Table
    from agents.studies.files import read_results
    from agents.studies.read import read_study

    def section(results, study):
        count = sum(len(result.records("attainable")) for result in results)
        return Section("Attainable", tables=[Table("n", "How many", ("what", "n"), (("cells", str(count)),))])

    results, study = read_results(folder), read_study(folder / "study.toml")
    found = other_sections(results, study, {"attainable": section, "elsewhere": section})
    assert [(one.title, one.tables[0].rows) for one in found] == [("Attainable", (("cells", "1"),))]
    assert other_sections(results, study, {"elsewhere": section}) == []


GAME = '[defaults]\nrun = "elsewhere:measure"\n[[cells]]\ngroup = "game"\nseeds = 2\n'
SECTION = """
from agents.reports import Additions, Section
from agents.studies.records import NUMBER, Shape

def game(results, study):
    return Section("Exact", "<p>The game.</p>", numbers={"cosine": 0.5})

ADDITIONS = Additions(shapes={"game": Shape({"cosine": NUMBER})}, sections={"game": game})
"""


def write_game(parts, folder, cosine=lambda cell: 0.5):
    done = {"record": "end", "status": "done", "reason": None}
    parts["synthetic_study"].write_study(
        folder,
        GAME,
        lambda cell: {
            "records": [
                {
                    "record": "game",
                    "cosine": cosine(cell),
                    "note": "no number of anything, and a text that tells no sort of record apart",
                },
                done,
            ]
        },
    )


def test_a_study_of_other_records_alone_has_a_report(parts, tmp_path):
    from examples.studies import report

    write_game(parts, tmp_path / "game")
    (tmp_path / "own_sections.py").write_text(SECTION)
    assert report.main([str(tmp_path / "game"), "--sections", str(tmp_path / "own_sections.py")]) == 0
    page, numbers = (read(tmp_path / "game", name) for name in ("report.html", "numbers.json"))
    assert "The game." in page and 'id="learning"' not in page
    assert json.loads(numbers)["sections"] == {"Exact": {"cosine": 0.5}}


def test_records_that_no_section_is_for_are_shown_as_they_are(parts, tmp_path):
    from examples.studies import report

    write_game(parts, tmp_path / "game", cosine=lambda cell: 0.25 + cell.seed / 2)
    assert report.main([str(tmp_path / "game")]) == 0
    page, tables = (read(tmp_path / "game", name) for name in ("report.html", "tables.md"))
    assert "game, 2 in all (no numbers: note)" in page
    assert rows_of(tables)["game"] == ["all runs", "cosine", "2", "0.500 [0.250, 0.750]"]


def test_a_field_of_another_type_than_a_section_relies_on_is_refused(parts, tmp_path, capsys):
    from examples.studies import report

    write_game(parts, tmp_path / "game", cosine=lambda cell: "none")
    (tmp_path / "own_sections.py").write_text(SECTION)
    assert report.main([str(tmp_path / "game"), "--sections", str(tmp_path / "own_sections.py")]) == 1
    assert "game: cosine: expected a finite number, got 'none'" in capsys.readouterr().err


def test_wrong_input_ends_with_one_line(tmp_path, capsys):
    from examples.studies import report

    assert report.main([str(tmp_path / "nothing")]) == 1
    assert capsys.readouterr().err.startswith(
        "error: expected the folder, file or name of a study, found none of"
    )
    with pytest.raises(ValueError, match="expected 2 cells"):
        from agents.reports.tables import Table

        Table("t", "", ("a", "b"), (("one",),))


def test_the_page_shows_its_figures_in_every_look(browser, folder):
    pngs = {}
    for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")):
        browser.look(width, 900, scheme)
        browser.open((folder / "report" / "report.html").as_uri())
        browser.run("Promise.all([...document.images].map(image => image.decode()))")
        assert browser.run("[...document.images].every(image => image.complete && image.naturalWidth > 300)")
        assert browser.run("document.images.length") == len(FIGURES)
        pngs[width, scheme] = browser.run("[...document.images].map(image => image.currentSrc)")
        assert browser.run(BEYOND) == 0
        assert browser.run("document.documentElement.scrollWidth") == width
        ground = browser.run("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(246, 245, 242)" if scheme == "light" else "rgb(19, 20, 23)")
    assert len({png for looks in pngs.values() for png in looks}) == 4 * len(FIGURES)


def test_the_page_tells_the_answer_and_leads_to_all_sections(browser):
    assert browser.run("document.querySelector('.answer').textContent").startswith(
        "potential reaches the goal with 2.00 times fewer episodes than terminal [2.00, 2.00] (4 paired "
        "seeds, p = 0.125)."
    )
    assert browser.run("document.querySelectorAll('[role=status]').length") == 0  # it is finished
    links = "[...document.querySelectorAll('nav a')]"
    assert browser.run(f"{links}.every(a => document.querySelector(a.getAttribute('href')))")
    assert browser.run(f"{links}.length") == browser.run("document.querySelectorAll('main > section').length")


def test_texts_of_cells_stay_texts(browser):
    assert browser.run("window.owned === undefined && document.getElementById('owned') === null")
    assert browser.run("document.querySelectorAll('script').length") == 0
    assert HOSTILE.split("&")[0] in browser.run("document.querySelector('.prompt h4').textContent")
    tokens = browser.run(
        "[...document.querySelector('.response .text').children].map(e => [e.textContent, e.className])"
    )
    assert tokens == [[" ", ""], ["g", "plus s10"], ["o", "minus s5"], ["o", ""], ["d", ""]]
