"""What a page is told of a response: parts that records cut, and the records of each token."""

import json

from hypothesis import given
from hypothesis import strategies as st

from rlsf_gym.render import make_reading
from rlsf_gym.scorers import VaderScorer

# "It is" + " not good!": "not" is at 6 to 9, "good" at 10 to 14.
CERTIFICATE = [
    {"word": [10, 14], "rule": "base", "trigger": [10, 14], "amount": 1.9, "status": "added"},
    {"word": [10, 14], "rule": "negation", "trigger": [6, 9], "amount": -3.3, "status": "added"},
    {
        "word": [3, 5],
        "rule": "base",
        "trigger": [3, 5],
        "amount": 0.5,
        "status": "withdrawn",
        "path": ["is", "be"],
    },
]


def _texts(parts):
    return [part["text"] for part in parts]


def test_by_hand():
    reading = make_reading("It is", [b" not", b" go", b"od", b"!", b""], CERTIFICATE)
    assert reading["prompt"] == [{"start": 0, "end": 3, "text": "It "}, {"start": 3, "end": 5, "text": "is"}]
    assert [_texts(token["parts"]) for token in reading["tokens"]] == [
        [" ", "not"],
        [" ", "go"],
        ["od"],
        ["!"],
        ["\u220e"],
    ]
    # " not" closes "is" (record 2) and triggers record 1; "!" and the end belong to or close the run "good!".
    assert [token["records"] for token in reading["tokens"]] == [[1, 2], [0, 1], [0, 1], [0, 1], [0, 1]]
    assert reading["records"][1] == {
        "word": [10, 14],
        "trigger": [6, 9],
        "word_text": "good",
        "trigger_text": "not",
        "rule": "negation",
        "amount": -3.3,
        "status": "added",
    }
    assert reading["records"][2]["path"] == ["is", "be"]


def test_half_characters_show_their_bytes():
    reading = make_reading("", ["\u2603".encode()[:2], "\u2603".encode()[2:]], [])
    assert [_texts(token["parts"]) for token in reading["tokens"]] == [["\u2039e2 98\u203a"], ["\u2603"]]
    assert reading["tokens"][0]["parts"][0]["start"] == reading["tokens"][0]["parts"][0]["end"] == 0


def test_nothing():
    assert make_reading("", [], []) == {"prompt": [], "tokens": [], "records": []}


@given(
    prompt=st.lists(st.sampled_from(["good ", "not ", "It's", " BAD", "\u202e"]), max_size=3).map("".join),
    words=st.lists(
        st.sampled_from([" good", " not", " but", "!", " \U0001f600", "  GREAT,", "\t<b>"]), max_size=8
    ),
    cut=st.integers(1, 5),
)
def test_parts_spell_the_text_and_records_start_and_end_at_their_borders(prompt, words, cut):
    response = "".join(words)
    bytes_ = response.encode()
    pieces = [bytes_[at : at + cut] for at in range(0, len(bytes_), cut)]
    records = VaderScorer().certify(prompt, response).as_records()
    reading = make_reading(prompt, pieces, records)
    parts = [*reading["prompt"], *(part for token in reading["tokens"] for part in token["parts"])]
    spans = [(part["start"], part["end"]) for part in parts if part["start"] < part["end"]]
    assert [start for start, _ in spans[1:]] == [end for _, end in spans[:-1]]
    assert not spans or (spans[0][0], spans[-1][1]) == (0, len(prompt + response))
    borders = {offset for span in spans for offset in span}
    for number, record in enumerate(records):
        for start, end in (record["word"], record["trigger"]):
            assert {start, end} <= borders
            for token in reading["tokens"]:
                touches = any(part["start"] < end and part["end"] > start for part in token["parts"])
                assert number in token["records"] or not touches
    json.dumps(reading)
