"""Studies of strangers: nothing that they name runs, and what they say is shown as text everywhere."""

import html.parser
import importlib
import json
import lzma
import os
import random
import re
import shutil
import sys
from pathlib import Path

import pytest

from agents.runs.sealed_json import hash_of

pytestmark = pytest.mark.whole

SECTIONS = Path(__file__).parents[3] / "examples" / "studies" / "sections"
SCRIPT = "<script>window.owned=1</script><img src=x onerror=alert(1)>"
ESCAPES = "\x1b[31mred\x1b]0;title\x07\x9b2J abc\u202eevil\u2066"
TEXTS = {
    "markup": SCRIPT + "</style></title>\"'&amp;" + ESCAPES,
    "marks": r"$\alpha$ $\frac{1}{ a|b `code` **bold** ![x](http://example.org/x.png) [y](javascript:1)"
    + "\nnext "
    + r"_ % # & ~ ^ { } \input{/etc/passwd} \\[2cm]",
    "long": "x" * 10_000,
}
ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
VOID = {"meta", "link", "img", "source", "br", "hr"}


@pytest.fixture(scope="module")
def parts():
    """Studies whose truth is known, the numbers' own among them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "agents" / "reports"))
        yield {name: importlib.import_module(name) for name in ("synthetic_study", "test_numbers")}


def write_known(parts, folder, *, toml=None, text="good", tokenizer="bytes"):
    """Writes the folder of the numbers' study, with samples."""
    known, synthetic = parts["test_numbers"], parts["synthetic_study"]

    def truth(cell):
        if known.is_best_of(cell):
            return {"records": synthetic.attainable_records(0.0, 1.0)}
        rewards = [0.5, -0.25] + [0.0] * (len(text.encode()) - 2)
        sample = {"prompt": text, "response": text, "tokens": [*text.encode()], "token_rewards": rewards}
        return {
            "score": synthetic.ramp(known.times(cell)),
            "rules": {"base": lambda x: x / 2000, text: lambda x: 0.1},
            "before": {"score": 0.0, "judge": 0.5},
            "after": {"score": 0.8, "judge": 0.75},
            "samples": [{**sample, "score": 0.5, "judge": None}],
        }

    toml = toml or known.STUDY
    toml = toml.replace("max_new_tokens = 4", f"max_new_tokens = 4\ntokenizer = {json.dumps(tokenizer)}")
    synthetic.write_study(folder, toml, truth)
    return folder


def hostile_toml(known, text):
    """A study whose title, question, names, values and keys are a text."""
    said = json.dumps(text, ensure_ascii=True).replace("\\u007f", "\\u007F")
    toml = known.STUDY.replace('"Known truth"', said).replace('"Is it found?"', said)
    toml = toml.replace('name = "main"', f"name = {said}").replace('group = "designs"', f"group = {said}")
    toml = toml.replace('"potential"', said)
    quoted = json.dumps("note" + text.replace(".", "-"))
    return toml.replace("[defaults.config]", f"[defaults.config]\n{quoted} = {said}")


class Page(html.parser.HTMLParser):
    """What a browser makes of a page: its elements, what they can start, and all of its text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.attributes, self.texts = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module", params=sorted(TEXTS))
def hostile(request, parts, tmp_path_factory):
    """The kind of text, and the folder of a study that says it everywhere, with its report."""
    from examples.studies import report

    text = TEXTS[request.param]
    folder = tmp_path_factory.mktemp("hostile") / "study"
    known = parts["test_numbers"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known, "design", lambda cell: "terminal" if "terminal" in str(cell.settings) else "")
        write_known(parts, folder, toml=hostile_toml(known, text), text=text)
    assert report.main([str(folder)]) == 0
    return request.param, folder


def read(folder, name):
    return (folder / "report" / name).read_text(encoding="utf-8")


def test_a_page_holds_no_element_that_a_file_has_written(hostile):
    kind, folder = hostile
    page = Page(read(folder, "report.html"))
    assert page.open == [] and not {"script", "iframe", "object", "a[href^=http]"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    sources = [value for name, value in page.attributes if name in ("src", "srcset", "href")]
    assert all(value.startswith(("data:", "#")) for value in sources)
    if kind == "markup":
        assert any(SCRIPT in text for text in page.texts)


def test_no_character_acts_in_any_file(hostile):
    _, folder = hostile
    for name in ("report.html", "tables.md", "tables.tex", "methods.md", "numbers.json"):
        assert not ACTING.search(read(folder, name)), name


def test_tables_keep_their_columns_and_their_lines(hostile):
    _, folder = hostile
    widths = []
    for block in re.split(r"\n\n", read(folder, "tables.md")):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        counts = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
        widths += counts
        assert len(counts) <= 1, rows[:2]
    assert len(widths) > 4


def test_markdown_has_no_live_marks_of_a_file(hostile):
    kind, folder = hostile
    for name in ("tables.md", "methods.md"):
        outside = "".join(re.split(r"(?<!\\)`", read(folder, name))[::2])  # not in code
        assert not re.search(r"(?<!\\)<[A-Za-z/!?]", outside), name
        assert not re.search(r"(?<!\\)\$", outside), name
        assert not re.search(r"(?<!\\)\]\(|(?<!\\)!\[", outside), name
    if kind == "marks":
        assert r"a\|b \`code\` \*\*bold\*\*" in read(folder, "tables.md")


def test_latex_has_no_command_of_a_file(hostile):
    kind, folder = hostile
    text = read(folder, "tables.tex")
    body = re.sub(r"\\label\{.*?\}", "", text)
    assert not re.search(r"(?<!\\)[%_#~]", body) and r"\input" not in body
    plain = re.sub(r"\\[\\{}]", "", body)
    assert plain.count("{") == plain.count("}")
    if kind == "marks":
        assert r"\textbackslash{}input\{/etc/passwd\}" in text


def test_what_is_long_is_cut_and_says_so(hostile):
    kind, folder = hostile
    if kind == "long":
        assert f"{'x' * 279}… (10,000 characters)" in read(folder, "tables.md")
        assert "x" * 20_001 not in read(folder, "report.html")


def test_numbers_hold_what_was_said_to_the_character(hostile):
    kind, folder = hostile
    numbers = json.loads(read(folder, "numbers.json"))
    assert numbers["title"] == TEXTS[kind]


def test_figures_are_named_by_the_report_and_not_by_a_file(hostile):
    _, folder = hostile
    names = {path.stem for path in (folder / "report").glob("*.png")}
    assert names <= {
        *("critics", "frontier", "judge_frontier", "learning_curves", "profiles", "proxy_judge", "rules"),
        "speed_ups",
    }
    assert "learning_curves" in names


def test_no_text_of_a_figure_is_a_formula():
    from matplotlib.text import Text

    from agents.reports.look import Look, Picture, dress, make_panels

    drawn = []

    def draw(look):
        figure, (panel,) = make_panels(look, 1)
        dress(panel, look, title=r"$\alpha$", x=r"$\undefined$", y="a$b$c")
        panel.plot([0, 1], [0, 1], label="$$")
        panel.set_xticks([0, 1], ["$0$", r"$\frac{$"])
        panel.legend()
        drawn.append(figure)
        return figure

    assert Picture("one", "", draw).png(Look()).startswith(b"\x89PNG")
    texts = [text for text in drawn[0].findobj(Text) if "$" in text.get_text()]
    assert len(texts) >= 6 and not any(text.get_parse_math() for text in texts)


@pytest.fixture
def undrawn(monkeypatch):
    """Figures take time, and these tests look at none."""
    from agents.reports.look import Picture

    monkeypatch.setattr(Picture, "png", lambda self, look: b"\x89PNG" + bytes(12) + b"\0\0\1\0" * 2)


STRANGER = """
open({ran!r}, "w").close()
def tokenizer():
    open({called!r}, "w").close()
    return "bytes"
class Tokenizer:
    vocab_size, eos_token_id = 256, 0
    def encode(self, text): return [*text.encode()]
    def decode(self, ids): return bytes(ids).decode()
    def token_bytes(self, token_id): return bytes((token_id,))
"""


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """A module of a stranger's on the path, and the file that is there once it was imported."""
    ran = tmp_path / "ran"
    source = STRANGER.format(ran=str(ran), called=str(tmp_path / "called"))
    (tmp_path / "stranger_of_report.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield ran
    sys.modules.pop("stranger_of_report", None)


def test_nothing_that_a_study_names_is_imported(parts, tmp_path, stranger, undrawn):
    from examples.studies import report

    folder = write_known(parts, tmp_path / "study", tokenizer="stranger_of_report:tokenizer")
    text = (folder / "study.toml").read_text()
    name = "stranger_of_report:tokenizer"
    for key, value in (
        ("agent", name),
        ("policy", name),
        ("env", "stranger_of_report:Env-v0"),
        ("run2", name),
    ):
        text = text.replace("[defaults]\n", f"[defaults]\n{key} = {json.dumps(value)}\n", 1)
    (folder / "study.toml").write_text(text.replace('agent = "ppo"\n', ""))
    assert report.main([str(folder)]) == 0
    assert not stranger.exists()
    page = read(folder, "report.html")
    assert "its tokenizer is not one of this package, so its tokens are not shown (--tokenizer)" in page


def test_a_packed_study_is_read_without_importing_what_it_names(parts, tmp_path, stranger, undrawn):
    from examples.studies import report

    folder = write_known(parts, tmp_path / "study", tokenizer="stranger_of_report:tokenizer")
    lines = b"".join(path.read_bytes() for path in sorted((folder / "cells").iterdir()))
    (tmp_path / "packed.jsonl.xz").write_bytes(lzma.compress(lines))
    shutil.copy(folder / "study.toml", tmp_path / "packed.toml")
    assert report.main([str(tmp_path / "packed.jsonl.xz"), "--out", str(tmp_path / "out")]) == 0
    assert not stranger.exists()


def test_a_path_in_the_settings_is_not_opened(parts, tmp_path, undrawn):
    from examples.studies import report

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # to open it would wait for ever
    assert report.main([str(write_known(parts, tmp_path / "study", tokenizer=str(pipe)))]) == 0


def test_a_tokenizer_that_the_reader_names_is_loaded(parts, tmp_path, stranger, undrawn):
    from examples.studies import report

    name = "stranger_of_report:Tokenizer"
    folder = write_known(parts, tmp_path / "study", tokenizer=name)
    assert report.main([str(folder), "--tokenizer", name]) == 0
    assert stranger.exists()
    assert 'class="plus s10" title="0.500">g</span>' in read(folder, "report.html")


def test_tokens_that_the_tokenizer_does_not_know_are_named(parts, tmp_path, capsys, undrawn):
    from examples.studies import report

    folder = write_known(parts, tmp_path / "study", tokenizer="toy", text="\u00ff\u00ff")
    assert report.main([str(folder)]) in (0, 1)
    said = capsys.readouterr().err
    assert not said or re.fullmatch(
        r"error: samples of .*: tokens: expected ids from 0 to \d+, .* got \d+\n", said
    )


@pytest.mark.parametrize(
    "name", ["../../elsewhere", "/tmp/elsewhere", "a/b", "..", "con", "a\x00b", "x" * 300]
)
def test_the_name_of_a_study_leads_nowhere(parts, tmp_path, monkeypatch, capsys, name):
    """The report of a packed study goes to a folder of that name."""
    from examples.studies import report

    folder = write_known(parts, tmp_path / "study")
    lines = [
        json.loads(line)
        for path in sorted((folder / "cells").iterdir())
        for line in path.read_bytes().splitlines()
    ]
    for line in lines:
        if line["record"] == "cell":
            line["study"] = name
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "packed.jsonl.xz").write_bytes(lzma.compress(text.encode()))
    shutil.copy(folder / "study.toml", tmp_path / "packed.toml")
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    before = set(tmp_path.rglob("*"))
    assert report.main([str(tmp_path / "packed.jsonl.xz")]) == 1
    assert re.search(r"error: .*packed\.jsonl\.xz: .*study: expected a file's name", capsys.readouterr().err)
    assert set(tmp_path.rglob("*")) == before


def test_links_are_not_followed_when_a_report_is_written(parts, tmp_path, capsys, undrawn):
    from examples.studies import report

    folder = write_known(parts, tmp_path / "study")
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (folder / "report").mkdir()
    for name in ("report.html", "numbers.json", "frontier.png"):
        (folder / "report" / name).symlink_to(precious)
    assert report.main([str(folder)]) == 0
    assert precious.read_text() == "mine"
    assert not (folder / "report" / "report.html").is_symlink()
    shutil.rmtree(folder / "report")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "report").symlink_to(elsewhere)
    assert report.main([str(folder)]) == 1
    assert "expected a folder, got a link" in capsys.readouterr().err
    assert list(elsewhere.iterdir()) == []


WRONG = (None, "text", -1, 1e300, 10**30, True, [], {}, [1, [2]], {"a": {}}, "\x1b[31m", 0, 0.5)


def places_of(value, path=()):
    """Yields the path of every value in plain data."""
    yield path
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, entry in entries:
        yield from places_of(entry, (*path, key))


def put(data, path, value):
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = value


def damaged(lines, generator):
    """Returns the lines with one value of another type, its settings hashed anew, or without one."""
    lines = json.loads(json.dumps(lines))
    place = generator.choice([path for path in places_of(lines) if len(path) > 1])
    if generator.random() < 0.2 and isinstance(place[-1], str):
        data = lines
        for key in place[:-1]:
            data = data[key]
        del data[place[-1]]
    else:
        put(lines, place, generator.choice(WRONG))
    for line in lines:
        if isinstance(line.get("settings"), dict) and isinstance(line.get("id"), str):
            told = hash_of(line["settings"]) if "settings_sha256" in line else None
            if told and place[1] == "settings":
                line["id"] = line["id"].replace(str(line["settings_sha256"])[:8], told[:8])
                line["settings_sha256"] = told
    return lines, place


@pytest.fixture(scope="module")
def sound(parts, tmp_path_factory):
    """The lines of sound studies, by name, with their files."""
    folder = write_known(parts, tmp_path_factory.mktemp("sound") / "known")
    lines = [
        json.loads(line)
        for path in sorted((folder / "cells").iterdir())
        for line in path.read_bytes().splitlines()
    ]
    found = {"known": (lines, (folder / "study.toml").read_text())}
    results = Path(__file__).parents[3] / "docs" / "results"
    for name in ("tier0", "gradients", "negation"):
        packed = lzma.decompress((results / f"{name}.jsonl.xz").read_bytes())
        found[name] = (
            [json.loads(line) for line in packed.splitlines()],
            (results / f"{name}.toml").read_text(),
        )
    return found


DAMAGES = 6
"""Of each study: as many as take no time."""


@pytest.mark.parametrize("name", ["known", "tier0", "gradients", "negation"])
def test_a_value_of_another_type_ends_in_one_line_or_in_a_report(sound, tmp_path, name):
    from agents.reports import load_additions
    from agents.reports import report as general

    added = load_additions(str(SECTIONS))
    lines, toml = sound[name]
    generator = random.Random(7)
    (tmp_path / "packed.toml").write_text(toml)
    for _ in range(DAMAGES):
        wrong, place = damaged(lines, generator)
        text = "".join(json.dumps(line) + "\n" for line in wrong)
        (tmp_path / "packed.jsonl.xz").write_bytes(lzma.compress(text.encode(), preset=0))
        try:
            study, results = general.read(tmp_path / "packed.jsonl.xz", added.shapes)
            general.tables_markdown(general.make(results, study, added))
        except ValueError as error:
            assert "\n" not in str(error), (place, error)
        except Exception as error:
            raise AssertionError((place, wrong[place[0]])) from error
