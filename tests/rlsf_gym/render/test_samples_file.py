"""A JSONL file of tokens and rewards as a page: what it says is shown, none of it acts, slips have a line."""

import json
import re
from html import unescape

import pytest

from rlsf_gym.render import samples_file
from rlsf_gym.render.page_file import write_page
from rlsf_gym.render.samples_file import plain_token, read_excerpt, read_samples
from rlsf_gym.text.tokenizer import load_tokenizer

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&\x1b[31m\u202e\ud800"
LINE = {
    "prompt": "The film was",
    "tokens": [" ", "good"],
    "rewards": [0.0, 0.5],
    "score": 0.44,
    "utility": 0.44,
    "design": "potential",
    "group": "before",
    "certificate": [
        {"word": [13, 17], "trigger": [13, 17], "rule": "base", "amount": 1.9, "status": "added"},
    ],
}
STANDING = {
    "best": [[" great", 0.5], [[195], 0.25]],
    "worst": [[" bad", -1]],
    "rank": 2,
    "shared": 1,
    "of": 9,
}
FOREIGN = {"tokens": [" 4", "."], "rewards": [1, 0], "step": 7}


@pytest.fixture
def show(tmp_path):
    """Returns a function: lines, the page's title -> the page."""

    def write(*lines, title="a run", tokenizer=None):
        text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
        (tmp_path / "samples.jsonl").write_text(text)
        samples = read_samples(tmp_path / "samples.jsonl", tokenizer=tokenizer)
        write_page(tmp_path / "page.html", samples, title=title)
        return (tmp_path / "page.html").read_text(encoding="utf-8")

    return write


def test_texts_are_escaped(show):
    evidence = {**LINE["certificate"][0], "rule": EVIL, "status": EVIL, "path": [EVIL]}
    texts = {"prompt": EVIL, "tokens": [EVIL, "x"], "design": EVIL, "group": EVIL, "certificate": [evidence]}
    others = [{"best": [[EVIL, 1.0]], "worst": [[EVIL, 0.0]]}, {"best": [[EVIL, 1.0]], EVIL: EVIL}]
    page = show({**LINE, **texts, "candidates": others}, title=EVIL)
    assert page.count("best here") == 2
    assert "<script" not in page
    assert "<img" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert page.isprintable() or set(filter(lambda one: not one.isprintable(), page)) == {"\n"}


def test_a_file_of_somebody_elses(show):
    """Two keys are enough; what is unknown is not shown as a number, and other keys are passed over."""
    page = show(FOREIGN, "", FOREIGN)
    assert page.count('<article class="sample">') == 2
    assert "+1.000" in page and "mean reward" in page
    assert "score" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S)


def test_what_only_some_lines_say_is_averaged_over_those(show):
    page = show({**FOREIGN, "score": 0.25}, {**FOREIGN, "score": 0.75}, FOREIGN, {**FOREIGN, "group": "b"})
    rows = re.findall(r'<tr><th scope="row">.*?</tr>', page)
    assert "+0.500" in rows[0]  # (0.25 + 0.75) / 2
    assert "\u2013</td>" in rows[1]


@pytest.mark.parametrize(
    ("piece", "plain"), [(b" good", " good"), (b"", ""), (b"\xc3", [195]), ("\u00e9".encode(), "\u00e9")]
)
def test_tokens_are_texts_where_they_are_and_bytes_elsewhere(piece, plain):
    assert plain_token(piece) == plain


def test_a_character_of_two_tokens_stands_with_the_one_that_completes_it(show):
    page = show({"tokens": ["caf", [0xC3], [0xA9], ""], "rewards": [0, 0, 1, 0]})
    assert "\u2039c3\u203a" in page and ">\u00e9" in page and "\u220e" in page


def test_ids_are_read_with_a_tokenizer_and_are_numbers_without(show):
    ids = {"tokens": [65, 66], "rewards": [0, 1]}
    assert "[65]" in show(ids)
    page = show(ids, tokenizer=load_tokenizer("bytes"))
    assert "[65]" not in page and ">B" in page


def test_other_tokens_are_told_where_a_line_knows_them(show):
    page = show(
        {**LINE, "candidates": [None, STANDING]}, {**LINE, "candidates": [{}, {"rank": 3, "later": 1}]}
    )
    told = unescape(re.sub("<.*?>", "", page))
    assert "\nbest here \u201c great\u201d +0.500, \u201c\u2039c3\u203a\u201d +0.250\n" in told
    assert "\nworst \u201c bad\u201d \u22121.000; rank 2 of 9\n" in told
    assert page.count("best here") == 1
    assert page.count("rank 3\n") == 1


def test_other_tokens_may_be_ids(show):
    line = {"tokens": [65], "rewards": [0], "candidates": [{"best": [[66, 1.0]]}]}
    assert "\u201c[66]\u201d" in show(line)
    assert "\u201cB\u201d" in show(line, tokenizer=load_tokenizer("bytes"))
    with pytest.raises(ValueError, match=r"line 1: tokens: expected ids below 257, got 257"):
        show({**line, "candidates": [{"best": [[257, 1.0]]}]}, tokenizer=load_tokenizer("bytes"))


WRONG = {
    "prompt": (3, None, []),
    "tokens": (None, "ab", [1.5, 2], [-1, 2], [True, 1], [1], [[256], 1], [[[1]], 1], [None, 1]),
    "rewards": (None, [0.0], ["x", 0.0], [None, 0.0], {"a": 1}, [True, 0]),
    "score": ("x", None, True),
    "utility": ("x", [1]),
    "design": (None, 1),
    "group": (1,),
    "solved": (None, "x", True, 0.5, 2),
    "certificate_payload": (None, [], "x", 3),
    "certificate": (
        *(None, "x", ["x"], [{}]),
        *([{**LINE["certificate"][0], "word": word}] for word in ([1], [1, "x"], [-1, 2], None)),
        [{**LINE["certificate"][0], "amount": "x"}],
        [{**LINE["certificate"][0], "rule": 3}],
    ),
    "candidates": (
        *(None, "ab", [STANDING], [STANDING, "x"], [STANDING, []], {"a": 1}),
        *([None, {key: one}] for key in ("best", "worst") for one in (None, ["a"], [["a"]], [["a", "b"]])),
        *([None, {"best": [[token, 1.0]]}] for token in (None, -1, [256], 1.5)),
        *([None, {key: one}] for key in ("rank", "shared", "of") for one in (None, 0, -1, 1.5, "1", True)),
        [None, {"rank": 10, "of": 9}],
    ),
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in WRONG for value in WRONG[key]])
def test_a_wrong_line_is_told_by_its_number(show, tmp_path, key, value):
    with pytest.raises(ValueError, match=r"samples\.jsonl, line 3: ") as caught:
        show(LINE, "", {**LINE, key: value})
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    "line",
    [
        *("null", "3", "[]", "{}", "{", "ff", "[" * 100_000, '{"rewards": [1]}', '{"tokens": ["a"]}'),
        *('{"tokens": [], "rewards": NaN}', '{"tokens": ["a"], "rewards": [1e999]}'),
    ],
)
def test_what_is_no_line(show, line):
    with pytest.raises(ValueError, match=r"samples\.jsonl, line 1: ") as caught:
        show(line)
    assert len(str(caught.value)) < 1_000


def test_an_id_beyond_the_tokenizer(show):
    with pytest.raises(ValueError, match=r"line 1: tokens: expected ids below 257, got 257"):
        show({"tokens": [257], "rewards": [0]}, tokenizer=load_tokenizer("bytes"))


def test_files_that_hold_nothing(tmp_path):
    (tmp_path / "empty.jsonl").write_text("\n\n")
    with pytest.raises(ValueError, match=r"empty\.jsonl: expected a JSON object in each line, got none"):
        read_samples(tmp_path / "empty.jsonl")
    for path, found in ((tmp_path / "none.jsonl", "none"), (tmp_path, "a folder")):
        with pytest.raises(
            ValueError, match=f"expected a file with a JSON object in each line, found {found}"
        ):
            read_samples(path)


@pytest.mark.parametrize("key", ["rewards", "score", "utility", "solved", "certificate", "candidates"])
def test_whole_numbers_that_no_float_holds(show, key):
    huge = 10**400
    record = {**LINE["certificate"][0], "amount": huge}
    value = {"rewards": [0, huge], "certificate": [record], "candidates": [None, {"best": [["x", huge]]}]}
    with pytest.raises(ValueError, match=f"line 1: {key}: expected "):
        show({**LINE, key: value.get(key, huge)})


def test_rewards_that_add_up_to_no_number(show):
    with pytest.raises(ValueError, match="line 1: rewards: expected a finite running total, got an infinite"):
        show({**LINE, "rewards": [1.7e308, 1.7e308]})
    mean = show({**LINE, "score": 1.7e308}, {**LINE, "score": 1.7e308})
    assert "+1.70e+308</td>" in mean  # though their sum is no number


def test_environments_are_told_apart(show):
    """Their scores are of different things: no mean is of both, and equal prompts stand in two rows."""
    a, b = ({**FOREIGN, "prompt": "p", "environment": f"x/{name}-v0"} for name in "AB")
    page = show({**a, "score": 0.25}, {**b, "score": 0.75}, a)
    rows = re.findall(r'<tr><th scope="row">(.*?)</tr>', page)
    assert [re.sub("<.*?>", " ", row).split()[:4] for row in rows] == [
        ["all", "x/A-v0", "2", "+0.250"],
        ["all", "x/B-v0", "1", "+0.750"],
    ]
    assert "<small>prompt 2, x/B-v0</small>p</h2>" in page
    one = show(a, {**a, "environment": 3}, {**FOREIGN, "prompt": "p"})
    assert '<th scope="col">environment</th>' in one  # of the last two nobody knows it
    assert "x/A-v0" not in show(a, a)


def write_lines(path, counts):
    lines = ({"tokens": ["a"] * count, "rewards": [0] * count} for count in counts)
    path.write_text("".join(json.dumps(line) + "\n\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("counts", "most", "kept"),
    [
        ([1] * 5, None, 5),
        ([1] * 5, 3, 3),
        ([1] * 1001, None, 1000),
        ([50, 1], None, 1),
        ([51, 1], None, 1),  # at least one
        ([49, 2, 1], None, 1),  # the second has no room, and none behind it is taken
        ([40, 40], 2, 2),
    ],
)
def test_an_excerpt_is_the_first_and_knows_how_many_there_are(tmp_path, monkeypatch, counts, most, kept):
    monkeypatch.setattr(samples_file, "MOST_TOKENS", 50 if max(counts) > 1 else 250_000)
    excerpt = read_excerpt(write_lines(tmp_path / "a.jsonl", counts), most=most)
    assert [len(sample.tokens) for sample in excerpt.samples] == counts[:kept]
    assert excerpt.total == len(counts)


def test_lines_behind_an_excerpt_are_counted_and_not_looked_at(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", [1])
    path.write_text(path.read_text() + "no JSON\n")
    assert read_excerpt(path, most=1).total == 2
    with pytest.raises(ValueError, match="line 3: "):
        read_samples(path)


@pytest.mark.parametrize("span", [[0, 10**9], [10**9, 10**9 + 1], [5, 2]])
def test_spans_outside_of_the_text(show, span):
    evidence = {**LINE["certificate"][0], "word": span, "trigger": span}
    assert "The film was" in show({**LINE, "certificate": [evidence]})


PAYLOAD = {"status": "dead", "alive": 1, "witness": " nice", "fatal": [13, 17], "because": "no way on <b>"}


def test_a_verdict_is_shown_where_a_line_proves_one(show):
    page = show({**LINE, "certificate_payload": PAYLOAD, "solved": 0})
    told = unescape(re.sub("<.*?>", "", page))
    assert "lost at \u201cgood\u201d: no way on <b>" in told
    assert '<span class="token plus s10 fatal"' in page
    assert "\u2717 not solved" in told


def test_certificates_are_of_characters_and_ids_without_tokenizer_have_none(tmp_path, show):
    """Spans that are laid over "[103][111]" would mark whatever token happens to stand there."""
    line = {**LINE, "tokens": [*b" good"], "rewards": [0, 0, 0, 0.5, 0], "certificate_payload": PAYLOAD}
    page = show(line)
    assert "lost at" not in page and "right would have been" not in page and "certificate<" not in page
    assert "\u2717 not solved" in page  # which no span is needed for
    assert read_excerpt(tmp_path / "samples.jsonl").unplaced == 1
    assert "lost at" in show(line, tokenizer=load_tokenizer("bytes"))
    assert read_excerpt(tmp_path / "samples.jsonl", tokenizer=load_tokenizer("bytes")).unplaced == 0
    show({**FOREIGN, "tokens": [65, 66]})
    assert read_excerpt(tmp_path / "samples.jsonl").unplaced == 0


@pytest.mark.parametrize("payload", [{}, {"status": "dead"}, {"model": [1, -2]}, {**PAYLOAD, "alive": "x"}])
def test_a_payload_of_another_kind_is_passed_over(show, payload):
    assert show({**LINE, "certificate_payload": payload}) == show(LINE)


def test_whether_it_was_solved_needs_no_proof(show):
    page = show({**LINE, "solved": 1}, {**LINE, "solved": 0.0}, {**FOREIGN, "solved": 0})
    assert page.count("\u2713 solved") == 1 and page.count("\u2717 not solved") == 2
    assert '<td class="number">50.0%</td>' in page  # of the two in the group "before"
    assert "value" not in re.sub("<style>.*?</style>", "", page, flags=re.DOTALL)
