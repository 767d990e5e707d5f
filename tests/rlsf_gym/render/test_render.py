import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsf_gym import ResponseEnv, ResponseVectorEnv
from rlsf_gym.render import (
    Choice,
    Sample,
    Standing,
    TokenView,
    ansi,
    html_page,
    make_reading,
    make_sample,
    picture,
    sample_from_info,
)
from rlsf_gym.render.standing import EVEN
from rlsf_gym.render.visible import show_controls
from rlsf_gym.text.segmentation import Symbols
from rlsf_gym.text.tokenizer import ByteTokenizer
from tests.helpers.digits import make_digits
from tests.helpers.sums import SUMS

# "It is" + " not good": a word of the prompt counts from 0, the response begins at 5.
CERTIFICATE = [
    {"word": [10, 14], "rule": "base", "trigger": [10, 14], "amount": 1.9, "status": "added"},
    {"word": [10, 14], "rule": "negation", "trigger": [6, 9], "amount": -3.306, "status": "added"},
    {"word": [0, 2], "rule": "base", "trigger": [0, 2], "amount": 0.5, "status": "withdrawn"},
]
VOID = {"meta", "path"}


def _sample(group: str = "", prompt: str = "It is", **changes: object) -> Sample:
    fields = {"score": -0.34, "utility": -0.34, "design": "potential", "certificate": CERTIFICATE} | changes
    return make_sample(prompt, [b" not", b" go", b"od", b""], [0.0, 0.25, 0.0, -0.59], group=group, **fields)  # type: ignore[arg-type]


class Outline(HTMLParser):
    """Collects tags and attributes, and fails where the tags are not balanced."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_sample_by_hand() -> None:
    sample = _sample()
    assert [token.text for token in sample.tokens] == [" not", " go", "od", "\u220e"]
    assert [token.total for token in sample.tokens] == pytest.approx([0.0, 0.25, 0.25, -0.34])
    assert sample.total == pytest.approx(-0.34)
    assert [len(token.records) for token in sample.tokens] == [0, 2, 2, 2]
    assert [token.evidence for token in sample.tokens] == pytest.approx([0.0, -1.406, -1.406, 0.0])
    negation = sample.records[1]
    assert (negation.word, negation.rule, negation.trigger) == ("good", "negation", "not")


def test_the_token_that_closes_a_word_shows_its_records() -> None:
    certificate = [{"word": [0, 3], "rule": "base", "trigger": [0, 3], "amount": 1.0, "status": "kept"}]
    sample = make_sample("bad", [b" film", b" it"], [0.5, 0.0], score=0, utility=0, certificate=certificate)
    assert [len(token.records) for token in sample.tokens] == [1, 0]


def test_only_what_holds_in_the_whole_text_is_evidence() -> None:
    statuses = ("kept", "added", "withdrawn", "passing")
    certificate = [
        {"word": [0, 3], "rule": "base", "trigger": [0, 3], "amount": 10.0**power, "status": status}
        for power, status in enumerate(statuses)
    ]
    sample = make_sample("", [b"bad"], [0.5], score=0, utility=0, certificate=certificate)
    assert sample.tokens[0].evidence == 11.0
    assert [record.status for record in sample.tokens[0].records] == ["kept", "added", "withdrawn"]


def test_what_held_at_some_words_only_is_not_shown() -> None:
    passing = CERTIFICATE[0] | {"amount": 9.0, "status": "passing", "since": 14, "until": 20}
    assert _sample(certificate=[passing, *CERTIFICATE]) == _sample()


def test_half_characters_show_their_bytes() -> None:
    sample = make_sample("", [b"\xe2\x98", b"\x83", b"\xff", b""], [0, 0, 0, 0], score=0, utility=0)
    assert [token.text for token in sample.tokens] == ["\u2039e2 98\u203a", "\u2603", "\ufffd", "\u220e"]


def test_a_classifiers_record_stands_on_no_word() -> None:
    record = {
        "word": [0, 7],
        "rule": "base",
        "trigger": [0, 7],
        "amount": 1.0,
        "status": "added",
        "labels": {},
    }
    sample = make_sample("bad", [b" set"], [0.5], score=0, utility=0, certificate=[record])
    assert sample.tokens[0].evidence == 0.0
    assert len(sample.tokens[0].records) == 1


def test_from_the_info_of_a_step() -> None:
    info = {
        "response_length": 3,
        "token_rewards": np.array([0.5, 0.0, -0.25, 0.0], dtype=np.float32),
        "score": 0.25,
        "utility": 0.5,
        "reward_design": "uniform",
        "certificate": [],
    }
    ids = np.array([104, 105, 256, 257])
    sample = sample_from_info(info, prompt="Oh, ", ids=ids, tokenizer=ByteTokenizer(), group="after")
    assert [(token.text, token.reward) for token in sample.tokens] == [
        ("h", 0.5),
        ("i", 0.0),
        ("\u220e", -0.25),
    ]
    assert (sample.score, sample.utility, sample.design, sample.group) == (0.25, 0.5, "uniform", "after")


def test_rewards_and_tokens_must_be_equally_many() -> None:
    with pytest.raises(ValueError, match="must be one for each of 2 tokens, got 1"):
        make_sample("a", [b"b", b"c"], [1.0], score=0, utility=0)
    with pytest.raises(ValueError, match="standings must be one for each of 2 tokens, or none, got 1"):
        make_sample("a", [b"b", b"c"], [1.0, 0.0], standings=[None])


def test_ansi_without_colours_by_hand() -> None:
    assert ansi(_sample("after"), colours=False).split("\n") == [
        "after",
        "It is not go(+0.25)od\u220e(-0.59)",
        "score -0.340 | utility -0.340 | reward -0.340 | potential",
        "  good: base +1.900",
        "  good: negation -3.306 by 'not'",
        "  It: base +0.500, withdrawn",
    ]


def test_ansi_colours_gains_blue_and_losses_orange() -> None:
    text = ansi(_sample())
    assert "\x1b[48;2;213;94;0;38;2;255;255;255m\u220e\x1b[0m" in text
    assert re.search(r"\x1b\[48;2;0;\d+;\d+;38;2;255;255;255m go\x1b\[0m", text)
    full = ansi(_sample(), scale=0.25)
    assert "\x1b[48;2;0;114;178;38;2;255;255;255m go" in full


@given(prompt=st.text(), pieces=st.lists(st.binary(max_size=6)), group=st.text(), word=st.text(min_size=1))
def test_nothing_in_a_text_acts_on_the_terminal(
    prompt: str, pieces: list[bytes], group: str, word: str
) -> None:
    record = {"word": [0, len(prompt)], "rule": word, "trigger": [0, 0], "amount": 1.0, "status": word}
    sample = make_sample(
        prompt,
        pieces,
        [0.5] * len(pieces),
        score=0,
        utility=0,
        certificate=[record],
        group=group,
        design=word,
        standings=[Standing((Choice(word, 0.5),), (Choice(prompt, -0.5),))] * len(pieces),
    )
    ours = re.compile(r"\x1b\[(0|2|48;2;\d+;\d+;\d+;38;2;255;255;255)m")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", ours.sub("", ansi(sample)))


def test_the_page_is_self_contained_and_well_formed() -> None:
    page = html_page([_sample("before"), _sample("after")], title="Two")
    outline = Outline(page)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(outline.tags)
    names = {name for name, _ in outline.attributes}
    assert not {"src", "href", "style"} & names
    assert not [name for name in names if name.startswith("on")]
    assert "http:" not in page
    assert "https:" not in page
    assert "@import" not in page
    assert "url(" not in page
    style = re.search("<style>(.*)</style>", page, re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page


@given(
    text=st.text(alphabet=st.sampled_from("<>&\"'/abc \x1b\n\u202e"), min_size=1),
    piece=st.text(alphabet="<>&\"'/script =on", min_size=1),
)
def test_every_text_is_escaped(text: str, piece: str) -> None:
    plain = Outline(html_page([_sample()], title="x")).tags
    certificate = [record | {"rule": text, "status": text} for record in CERTIFICATE]
    sample = make_sample(
        "It is" + text,
        [piece.encode(), b" go", b"od", b""],
        [0.0, 0.25, 0.0, -0.59],
        score=0,
        utility=0,
        design=text,
        group=text,
        certificate=certificate,
    )
    page = html_page([sample], title=text)
    outline = Outline(page)
    assert set(outline.tags) <= {*plain, "b"}
    assert show_controls(text) in unescape(outline.text)
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_the_page_shares_one_scale_and_says_so() -> None:
    page = html_page(
        [_sample("a"), make_sample("x", [b"y"], [1.18], score=0, utility=0, group="b")], title="t"
    )
    assert 'aria-label="Legend"' in page
    assert '<span class="number loss">\u22121.18</span>' in page
    assert '<span class="number gain">+1.18</span>' in page
    assert '<span class="token plus s10" data-reward="+1.18"' in page
    assert '<span class="token minus s5" data-reward="\u22120.59"' in page  # 0.59 / 1.18 = 5 / 10
    assert (
        '<span class="token plus s3 against" data-reward="+0.25"' in page
    )  # 0.25 / 1.18 = 2.1 / 10, rounded up


def test_tokens_tell_reward_total_and_evidence() -> None:
    text = Outline(html_page([_sample()], title="t")).text
    assert "\u201c\u220e\u201d reward \u22120.590, running total \u22120.340" in text
    assert "good: negation \u22123.306 by \u201cnot\u201d, added" in text
    assert "good: base +1.900, added" in text


def test_samples_of_one_prompt_stand_side_by_side() -> None:
    samples = [_sample("before"), _sample("before", prompt="You"), _sample("after"), _sample("before")]
    page = html_page(samples, title="t")
    rows = page.split('<section class="row">')[1:]
    assert [row.count("<article") for row in rows] == [2, 1, 1]
    assert '<th scope="row">before</th><td class="number">3</td>' in page


def test_an_empty_page_and_a_response_without_tokens() -> None:
    Outline(html_page([], title="nothing"))
    empty = make_sample("a", [], [], score=0, utility=0)
    Outline(html_page([empty], title="nothing"))
    assert empty.total == 0.0
    assert ansi(empty, colours=False) == "a\nscore +0.000 | utility +0.000 | reward +0.000"


WELL = Standing(
    (Choice(" very", 0.5), Choice("<b>", 0.25)), (Choice(" bad", -0.75),), rank=214, shared=12, of=4096
)
EVERYONE = Standing((Choice("a", 0.0),), (Choice("a", 0.0),), rank=1, shared=9, of=9)


def test_the_page_tells_what_other_tokens_would_have_earned() -> None:
    page = html_page([_sample(standings=[WELL, None, EVERYONE, Standing(rank=2)])], title="t")
    tips = [tip.partition("</span></span><")[0] for tip in page.split('role="tooltip">')[1:]]
    tips = [unescape(re.sub("<.*?>", "", tip)).split("\n") for tip in tips]
    assert tips[0] == [
        "\u201c not\u201d reward 0.000, running total 0.000",
        "best here \u201c very\u201d +0.500, \u201c<b>\u201d +0.250",
        "worst \u201c bad\u201d \u22120.750; rank 214 of 4,096, shared by 12",
    ]
    assert tips[1][1] == "good: base +1.900, added"
    assert tips[2][1:3] == [EVEN, "good: base +1.900, added"]
    assert tips[3][1] == "rank 2"
    assert "to see why, and what other tokens would have earned in its place.</p>" in page


def test_a_page_without_other_tokens_does_not_speak_of_them() -> None:
    page = html_page([_sample()], title="t")
    assert "to see why.</p>" in page
    assert "rank" not in page and "best here" not in page


def test_the_terminal_tells_it_of_tokens_that_were_paid() -> None:
    plain, told = (ansi(_sample(standings=given), colours=False) for given in ((), [WELL] * 4))
    assert told.removeprefix(plain).split("\n") == [
        "",
        "  ' go' +0.25; best here ' very' +0.50, worst ' bad' -0.75; rank 214 of 4,096, shared by 12",
        "  '\u220e' -0.59; best here ' very' +0.50, worst ' bad' -0.75; rank 214 of 4,096, shared by 12",
    ]


def test_an_image_tells_it_of_tokens_that_were_paid() -> None:
    pytest.importorskip("PIL")
    assert (picture(_sample(standings=[WELL] * 4)) != picture(_sample())).any()
    assert (picture(_sample(standings=[WELL, None, WELL, None])) == picture(_sample())).all()


def test_an_info_with_candidates() -> None:
    info = {
        "response_length": 2,
        "token_rewards": np.array([0.5, 0.0, 0.0], np.float32),
        "score": 0.5,
        "utility": 0.5,
        "reward_design": "potential",
        "certificate": [],
        "candidate_ids": np.array([104]),
        "candidate_rewards": np.array([[0.5], [-0.25], [0.0]], np.float32),
        "other_rewards": np.array([0.25, 0.0, 0.0], np.float32),
    }
    sample = sample_from_info(info, prompt="Oh, ", ids=np.array([104, 105, 257]), tokenizer=ByteTokenizer())
    first, second = (token.standing for token in sample.tokens)
    assert first == Standing(
        (Choice("h", 0.5), Choice("\u2400", 0.25), Choice("\u2401", 0.25)),
        (Choice("\u2400", 0.25),),
        1,
        1,
        257,
    )
    assert second is not None
    assert (second.worst, second.place) == ((Choice("h", -0.25),), "rank 1 of 257, shared by 256")


def test_rewards_that_are_not_finite_raise() -> None:
    sample = Sample("a", (TokenView("b", float("nan"), 0.0),), 0.0, 0.0)
    with pytest.raises(ValueError, match="must have finite rewards"):
        html_page([sample], title="t")


def test_records_stand_at_the_units_of_a_domain():
    records = [
        {"word": [at, at + 1], "trigger": [at, at + 1], "rule": "digit", "amount": 0.5, "status": "added"}
        for at in (2, 3, 4)
    ]

    def tell(**parts):
        sample = make_sample("3=", [b"1", b"2", b"+", b"3"], [0.0] * 4, certificate=records, **parts)
        return [[record.word for record in token.records] for token in sample.tokens]

    assert tell() == [["1", "2", "+"]] * 4  # one run of characters
    assert tell(segmentation=Symbols()) == [["1"], ["2"], ["+"], []]
    assert tell(segmentation=Symbols("[0-9]")) == [["1"], ["2"], ["2", "+"], []]  # "+" is no unit
    reading = make_reading("3=", [b"1", b"2", b"+", b"3"], records, Symbols())
    assert [token["records"] for token in reading["tokens"]] == [[0], [1], [2], []]


def test_environments_show_records_at_the_units_of_their_domain(monkeypatch):
    seen = []
    monkeypatch.setattr("rlsf_gym.envs.screen.ansi", lambda sample: seen.append(sample) or "")
    env = ResponseEnv(domain=make_digits(), render_mode="ansi")
    many = ResponseVectorEnv(1, domain=make_digits(), render_mode="ansi")
    action = np.array([*b"23", 256, 256])
    for one, ids in ((env, action), (many, action[None])):
        one.reset(options={"instance": {"target": 5}})
        one.step(ids)
        one.render()
    told = [[[record.word for record in token.records] for token in sample.tokens] for sample in seen]
    assert told == [[["2"], ["3"], ["3"]]] * 2  # the end closes the last unit


def answer(response, target=9, **changes):
    """Returns the sample of an answer to a puzzle, which the end token ends, and its info."""
    env = ResponseEnv(domain=SUMS, max_new_tokens=8, **changes)
    env.reset(options={"instance": {"target": target}})
    ids = [*response.encode(), 256]
    info = env.step(ids)[4]
    return sample_from_info(info, prompt=f"{target}=", ids=ids, tokenizer=env.tokenizer), info


def test_a_verdict_is_told_token_by_token() -> None:
    sample, _ = answer("4361")
    assert sample.facts == {"solved": 0.0, "reward": pytest.approx(-(0.5**9))}
    assert [token.value for token in sample.tokens] == [0.5**5, 0.5**2, 0, 0, 0]
    assert [token.mark for token in sample.tokens] == ["core", "core", "fatal", "", ""]
    assert [token.completion for token in sample.tokens] == ["311", "11", None, None, None]
    assert [[record.word for record in token.records] for token in sample.tokens] == [
        ["4"],
        ["3"],
        ["6"],
        [],
        [],
    ]
    assert {token.evidence for token in sample.tokens} == {0.0}
    assert sample.prompt_value == 0.5**9
    ended, _ = answer("2", 3)
    assert [[record.rule for record in token.records] for token in ended.tokens] == [
        ["progress"],
        ["unfinished"],
    ]


def test_what_info_says_of_right_and_wrong_stands_before_the_payload() -> None:
    _, info = answer("45")
    ids, told = [*b"45", 256], {"prompt": "9=", "tokenizer": ByteTokenizer()}
    without = {key: value for key, value in info.items() if key not in ("certificate_payload", "solved")}
    assert sample_from_info(without, ids=ids, **told).solved is None
    bare = sample_from_info({**without, "solved": 1.0}, ids=ids, **told)
    assert (bare.solved, bare.verdict, bare.tokens[0].value) == (1.0, None, None)
    assert bare.facts == {"solved": 1.0, "reward": pytest.approx(1 - 0.5**9)}
    other = sample_from_info({**without, "solved": 1.0, "utility": -1.0}, ids=ids, **told)
    assert list(other.facts) == ["solved", "utility", "reward"]


def test_the_terminal_tells_the_verdict() -> None:
    assert ansi(answer("4361")[0], colours=False).split("\n") == [
        "9=4(+0.03)3(+0.22)\u27176(-0.25)1\u220e",
        "not solved | reward -0.002 | potential",
        "  lost at \u201c6\u201d (target): 4+3+6 is 13, more than 9",
        "  right would have been 4311",
        "  value 0.002; after '4' 0.031, '3' 0.25, '6' 0",
        *("  4: progress +0.029", "  3: progress +0.219", "  6: target -0.250"),
    ]
    lines = ansi(answer("45")[0], colours=False).split("\n")
    assert lines[1:3] == ["solved | reward +0.998 | potential", "  value 0.002; after '4' 0.031, '5' 1"]
    assert "  unfinished: the answer ends before 3 is reached" in ansi(answer("2", 3)[0], colours=False)


def test_an_image_frames_the_token_that_lost_it() -> None:
    pytest.importorskip("PIL")
    lost, _ = answer("4361", reward_design="terminal")
    bare = replace(lost, tokens=tuple(replace(token, mark="") for token in lost.tokens))
    changed = np.argwhere((picture(lost) != picture(bare)).any(axis=-1))
    assert 0 < len(changed) < 250  # the frame of one character
    assert (picture(lost) != picture(replace(lost, verdict=None))).any()


def test_the_page_tells_the_verdict() -> None:
    samples = [answer("4361")[0], replace(answer("45")[0], group="after"), replace(answer("2")[0], group="b")]
    page = html_page(samples, title="t")
    outline = Outline(page)
    assert '<b class="loss">\u2717 not solved</b>' in page
    assert '<b class="gain">\u2713 solved</b>' in page
    assert (
        '<p class="proof"><b class="loss">lost at \u201c6\u201d (target):</b> 4+3+6 is 13, more than 9</p>'
        in page
    )
    assert 'right would have been <span class="witness">43<b>11</b></span>' in page
    assert 'right would be <span class="witness">2<b>1111111</b></span>' in page
    kinds = re.findall(r'<span class="token ?([^"]*)"', page)
    assert [kind.split()[-1] if kind else "" for kind in kinds[:5]] == [
        "core",
        "core",
        "fatal",
        "gone",
        "gone",
    ]
    assert kinds[-1].endswith(" end")
    assert '<rect class="lost" x="2" y="0" width="3" height="1"/>' in page
    assert 'aria-label="value, from 0.002 to 0"' in page
    assert '<td class="number">0.0%</td>' in page and '<td class="number">100.0%</td>' in page
    assert "speaks for" not in outline.text and "that lost the answer" in outline.text
    assert "lost the answer" not in html_page([_sample()], title="t")


def test_one_line_is_drawn_where_values_and_rewards_run_alike() -> None:
    for design, lines in (("potential", ["value"]), ("terminal", ["value", "running total"])):
        page = html_page([answer("4361", reward_design=design)[0]], title="t")
        assert re.findall(r'<div class="course"><span>([a-z ]+)</span>', page) == lines
    assert '<div class="course"><span>running total</span>' in html_page([_sample()], title="t")


def test_the_tip_of_a_token_says_whether_it_is_alive() -> None:
    tips = [
        tip.partition("</span></span>")[0]
        for tip in html_page([answer("4361")[0], answer("2", 3)[0], answer("3", 3)[0]], title="t").split(
            '"tooltip">'
        )[1:]
    ]
    told = [unescape(re.sub("<.*?>", "", tip)).split("\n") for tip in tips]
    assert told[0] == [
        "\u201c4\u201d reward +0.029, running total +0.029, value 0.031",
        "still possible: goes on with 311",
        "shares the blame: 4+3+6 is 13, more than 9",
        "4: progress +0.029, added",
    ]
    assert told[2][1:] == [
        "no right answer begins so",
        "4+3+6 is 13, more than 9",
        "right would have been 11",
        "6: target \u22120.250, added",
    ]
    assert told[3][1:] == ["no right answer begins so"]
    assert told[6][1:3] == ["still possible: goes on with 1", "the answer ends before 3 is reached"]
    assert told[7][1] == "a right answer as it stands"


@given(text=st.text(alphabet=st.sampled_from("<>&\"'/abc \x1b\n\u202e"), min_size=1))
def test_nothing_of_a_payload_acts(text: str) -> None:
    payload = {
        "status": "dead",
        "alive": 1,
        "witness": "4" + text,
        "fatal": [2, 4],
        "reason": text,
        "because": text,
    }
    pieces, records = [b"4", text.encode(), b""], [{**CERTIFICATE[0], "word": [2, 3], "trigger": [2, 3]}]
    sample = make_sample("9=", pieces, [0.0, 0.5, 0.0], score=0.0, certificate=records, payload=payload)
    page = html_page([sample], title="t")
    assert set(Outline(page).tags) <= {*Outline(html_page([answer("4361")[0]], title="t")).tags}
    shown = page + ansi(sample, colours=False)
    assert "\x1b" not in shown and "\u202e" not in shown
