"""The format of a graph: what is read, and what each mistake is answered with."""

import os

import pytest

from rlsf_gym.domains.sentiment.knowledge.file import BUNDLED, read_knowledge

GOOD = """
window = 3
subject = "work"

[concepts.work]

[concepts.pace]
words = ["pace", "well-paced"]
aspect_of = ["work"]

[polarity.pace]
slow = -1
long = -1.5
"""


def write(folder, text):
    path = folder / "graph.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_what_the_file_says(tmp_path):
    file = read_knowledge(write(tmp_path, GOOD))
    assert (file.window, file.subject, list(file.concepts)) == (3, "work", ["work", "pace"])
    pace = file.concepts["pace"]
    assert (pace.words, pace.is_a, pace.aspect_of) == (("pace", "well-paced"), (), ("work",))
    assert pace.polarity == {"slow": -1.0, "long": -1.5}
    assert len(file.sha256) == 64


def test_everything_has_a_default(tmp_path):
    file = read_knowledge(write(tmp_path, ""))
    assert (file.window, file.subject, dict(file.concepts)) == (4, None, {})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("window = 3", "window = 0", "window must be a whole number of words from 1 to 20, but is 0"),
        ("window = 3", "window = true", "window must be a whole number of words from 1 to 20, but is True"),
        ("window = 3", "windw = 3", "windw is no key of the format: write one of window, subject, "),
        (
            'subject = "work"',
            'subject = "play"',
            r"subject must name a concept, but 'play' is none: add \[concepts.play\]",
        ),
        ('["work"]', '["play"]', "concepts.pace.aspect_of must name a concept, but 'play' is none"),
        ("[polarity.pace]", "[polarity.space]", "polarity.space must name a concept, but 'space' is none"),
        (
            'aspect_of = ["work"]',
            "isa = []",
            "concepts.pace.isa is no key of the format: write one of words, is_a,",
        ),
        ('aspect_of = ["work"]', 'is_a = "work"', r"concepts.pace.is_a must be a list of strings, .*'work'"),
        (
            'aspect_of = ["work"]',
            'aspect_of = ["work"]\nis_a = ["work"]',
            "concepts.pace must name each concept once in is_a and aspect_of together",
        ),
        (
            "[concepts.work]",
            "[concepts]\nwork = 1",
            r"concepts.work must be a table, written \[concepts.work\], ",
        ),
        (
            "[concepts.work]",
            '[concepts.work]\nwords = ["pace"]',
            "concepts.pace.words must leave out 'pace', which names 'work' already",
        ),
        ('"pace"', '"Pace"', "concepts.pace.words must be one word in lower case .* but is 'Pace'"),
        ('"pace"', '"the pace"', "concepts.pace.words must be one word in lower case .* but is 'the pace'"),
        ("long", '"long!"', "polarity.pace.long! must be one word in lower case .* but is 'long!'"),
        ("-1.5", "-4.5", r"polarity.pace.long must be a number from -4 to 4, but is -4\.5"),
        ("-1.5", "nan", "polarity.pace.long must be a number from -4 to 4, but is nan"),
        ("-1.5", "true", "polarity.pace.long must be a number from -4 to 4, but is True"),
        ("-1.5", '"bad"', "polarity.pace.long must be a number from -4 to 4, but is 'bad'"),
        ("long", "very", "polarity.pace.very belongs to VADER's rules, .* take the entry out"),
        ("long", "not", "polarity.pace.not belongs to VADER's rules"),
        ("long", "but", "polarity.pace.but belongs to VADER's rules"),
        ("long = -1.5", "long", "must be TOML in UTF-8, but is not: .*line 13"),
        ("long", "slow", "must be TOML in UTF-8, but is not: .*line 13"),
    ],
)
def test_mistakes_are_named_in_one_line(tmp_path, old, new, message):
    assert GOOD.count(old) >= 1
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ValueError, match=message) as caught:
        read_knowledge(path)
    assert repr(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there():
    with pytest.raises(
        ValueError, match=r"^graph must be one of film or the path of a TOML file, got 'film.tml'$"
    ):
        read_knowledge("film.tml")


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "graph.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="must be TOML in UTF-8, but is not"):
        read_knowledge(str(path))


def test_lists_without_an_end_are_refused_in_one_line(tmp_path):
    with pytest.raises(ValueError, match="must be TOML in UTF-8, but is not: maximum recursion"):
        read_knowledge(write(tmp_path, "window = " + "[" * 100_000))


def test_keys_without_an_end_are_refused_before_they_fill_the_memory(tmp_path):
    with pytest.raises(ValueError, match="a line must have at most 1000 dots, but has more"):
        read_knowledge(write(tmp_path, ".".join("a" * 200_000) + " = 1"))


@pytest.mark.skipif(not os.path.exists("/proc/kmsg"), reason="needs a file that waits")
def test_a_file_that_waits_is_not_waited_for(tmp_path):
    (tmp_path / "link.toml").symlink_to("/proc/kmsg")
    with pytest.raises(ValueError, match=r"graph '.*link\.toml'"):
        read_knowledge(str(tmp_path / "link.toml"))


def test_a_file_that_the_checker_would_not_read_is_refused(tmp_path):
    path = write(tmp_path, "#" * (4 * 1024 * 1024 + 1))
    with pytest.raises(ValueError, match="must have at most 4,194,304 bytes, but has more"):
        read_knowledge(path)


@pytest.mark.parametrize("name", sorted(BUNDLED))
def test_bundled_graphs_are_right_and_all_of_a_piece(name):
    file = read_knowledge(name)
    assert 40 <= len(file.concepts) <= 80
    assert sum(len(concept.polarity) for concept in file.concepts.values()) >= 500
    parents = {parent for concept in file.concepts.values() for parent in (*concept.is_a, *concept.aspect_of)}
    for key, concept in file.concepts.items():
        assert concept.words or key in parents or key == file.subject, f"no text can lead to {key}"
        assert concept.polarity or concept.is_a or concept.aspect_of, f"nothing can be said of {key}"
