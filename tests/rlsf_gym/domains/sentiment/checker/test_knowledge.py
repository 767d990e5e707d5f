"""The checker reads the graph itself, and refuses what the graph and the text do not prove."""

import dataclasses
import hashlib
import os
import shutil

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rlsf_gym.certificates import CertificateError, Record
from rlsf_gym.scorers import KnowledgeScorer, VaderScorer

pytest.importorskip("networkx")

GRAPH = """
window = 2
subject = "work"

[concepts.work]

[concepts.film]
words = ["film"]
is_a = ["work"]

[concepts.pace]
words = ["pace", "rhythm"]
aspect_of = ["film"]
is_a = ["craft"]

[concepts.craft]
words = ["craft"]
is_a = ["work"]

[concepts.career]
words = ["career"]

[polarity.work]
gripping = 2.6
murder = 0
good = 1.2

[polarity.film]
long = -0.5
thin = -1.0

[polarity.craft]
thin = -1.4

[polarity.pace]
long = -1.5

[polarity.career]
long = 1.0
"""
WORDS = [
    *(
        "long",
        "LONG",
        "gripping",
        "murder",
        "thin",
        "good",
        "good,",
        "bad",
        "not",
        "very",
        "no",
        "kind",
        "of",
    ),
    *("pace", "rhythm.", "pace!", "film", "career", "craft", "the", "but", "...", "😀", "İ", "mr.", "(film)"),
]
texts = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
TEXT = "a long pace, gripping but thin rhythm of murder"


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    path = tmp_path_factory.mktemp("graphs") / "graph.toml"
    path.write_text(GRAPH, encoding="utf-8")
    return KnowledgeScorer(path)


def refuse(certificate, text, match="."):
    with pytest.raises(CertificateError, match=match) as caught:
        certificate.check("", text)
    assert "\n" not in str(caught.value)


def changed(certificate, k, **changes):
    records = list(certificate.records)
    records[k] = records[k]._replace(**changes)
    return dataclasses.replace(certificate, records=tuple(records))


def dropped(certificate, k):
    records = certificate.records
    return dataclasses.replace(certificate, records=(*records[:k], *records[k + 1 :]))


@given(text=texts, data=st.data())
@settings(max_examples=200, deadline=None)
def test_certificates_of_the_scorer_hold(scorer, text, data):
    cut = data.draw(st.integers(0, len(text)))
    scorer.certify(text[:cut], text[cut:]).check(text[:cut], text[cut:])


@pytest.mark.parametrize(
    "text",
    [
        "A riveting murder mystery with wooden acting and the worst special effects, but the pace is brisk!",
        "The jokes fall flat. Too long by an hour, though NEVER dull; a stellar cast is wasted on them.",
        "a long career 😀 long film?? kind of scary villain... e.g. the dead dialogue isn't so flat",
    ],
)
def test_certificates_of_the_bundled_graph_hold(text):
    scorer = KnowledgeScorer(but="documented")
    for cut in range(0, len(text), 7):
        certificate = scorer.certify(text[:cut], text[cut:])
        certificate.check(text[:cut], text[cut:])
    assert sum(record.rule == "knowledge" for record in certificate.records) >= 3


def known(data, certificate):
    places = [k for k, record in enumerate(certificate.records) if record.rule == "knowledge"]
    assume(places)
    return data.draw(st.sampled_from(places))


MUTATIONS = {
    "amount": lambda record: {"amount": record.amount + 0.01},
    "sign": lambda record: {"amount": 1.0 - record.amount},
    "no path": lambda record: {"path": ()},
    "shorter path": lambda record: {"path": record.path[:-1]},
    "longer path": lambda record: {"path": (*record.path, "work")},
    "other path": lambda record: {"path": (record.path[0], "nowhere")},
    "other term": lambda record: {"path": ("word", *record.path[1:])},
    "rule": lambda record: {"rule": "base"},
    "rule and path": lambda record: {"rule": "base", "path": ()},
    "trigger start": lambda record: {"trigger_start": record.trigger_start - 1},
    "trigger end": lambda record: {"trigger_end": record.trigger_end + 1},
    "status": lambda record: {"status": "kept"},
}


@pytest.mark.parametrize("name", sorted(MUTATIONS))
@given(text=texts, data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_changed_record_is_refused(scorer, name, text, data):
    certificate = scorer.certify("", text)
    k = known(data, certificate)
    try:
        forged = changed(certificate, k, **MUTATIONS[name](certificate.records[k]))
    except ValueError:
        assume(False)  # no span begins before the text
    refuse(forged, text)


@given(text=texts, data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_missing_record_is_refused_where_it_said_nothing_too(scorer, text, data):
    certificate = scorer.certify("", text)
    refuse(dropped(certificate, known(data, certificate)), text)


def test_the_nearest_aspect_and_the_nearest_concept_have_to_be_used(scorer):
    text = "film long pace"
    certificate = scorer.certify("", text)
    early, record = certificate.records
    assert (early.path, early.amount, early.trigger_start) == (("long", "film"), -0.5, 0)
    assert (early.status, early.since, early.until) == ("passing", 9, 14)
    assert (record.path, record.amount, record.trigger_start) == (("long", "pace"), -1.5, 10)
    assert (record.status, record.since, record.until) == ("added", 14, -1)
    farther = {"amount": -0.5, "path": ("long", "pace", "film")}
    refuse(
        changed(certificate, 1, **farther), text, match="^record 1 .*path long > pace > film, does not hold"
    )
    other = {"amount": -0.5, "path": ("long", "film"), "trigger_start": 0, "trigger_end": 4}
    refuse(
        changed(certificate, 1, **other), text, match="proves knowledge at 5:9, trigger 10:14, .*long > pace$"
    )
    refuse(changed(certificate, 1, since=9), text, match="^record 1 .* must be added since 14, but is")
    thin = scorer.certify("", "thin pace")  # craft and film are equally near: is_a comes first
    assert thin.records[0].path == ("thin", "pace", "craft")
    refuse(changed(thin, 0, amount=-1.0, path=("thin", "pace", "film")), "thin pace")


def test_an_aspect_beyond_the_window_or_the_sentence_is_refused(scorer):
    for text in ("long and winding pace", "long. The pace"):
        certificate = scorer.certify("", text)
        assert certificate.records == ()
        at = text.index("pace")
        record = Record(0, 4, "knowledge", at, at + 4, -1.5, "added", ("long", "pace"))
        score = KnowledgeScorer(scorer.graph.file.name).score(["long pace"])[0]
        refuse(
            dataclasses.replace(certificate, records=(record,), score=score),
            text,
            match="follows from nothing",
        )


def test_messages_name_the_record_and_what_the_text_proves(scorer):
    text = "a long pace"
    refuse(
        changed(scorer.certify("", text), 0, amount=1.5),
        text,
        match=(
            r"^record 0 \(knowledge at 2:6\), trigger 7:11, amount 1.5, path long > pace, does not hold: "
            r"the text proves knowledge at 2:6, trigger 7:11, amount -1.5, path long > pace$"
        ),
    )


def test_a_certificate_says_which_graph_it_was_made_with(scorer, tmp_path):
    certificate = scorer.certify("", TEXT)
    certificate.check("", TEXT)
    options = dict(certificate.options)
    copy = tmp_path / "copy.toml"
    shutil.copy(options["graph"], copy)
    moved = dataclasses.replace(certificate, options=options | {"graph": str(copy)})
    moved.check("", TEXT)
    copy.write_text(GRAPH.replace("-1.4", "-1.5"))
    refuse(
        moved,
        TEXT,
        match=r"options\['graph_sha256'\] must be that of the graph .* is not the one that was scored",
    )
    copy.unlink()
    refuse(
        moved,
        TEXT,
        match=r"options\['graph'\] must be a graph file that is there, but is '.*copy.toml': No such",
    )
    for key in ("graph", "graph_sha256"):
        rest = {name: value for name, value in options.items() if name != key}
        refuse(
            dataclasses.replace(certificate, options=rest),
            TEXT,
            match="options must hold 'graph' and 'graph_sha256'",
        )


def test_a_file_that_is_no_graph_is_refused(scorer, tmp_path):
    from hashlib import sha256

    for text in ("not toml", "concepts = 3", "[concepts]\na = 1"):
        path = tmp_path / "broken.toml"
        path.write_text(text)
        options = {"but": "library", "graph": str(path), "graph_sha256": sha256(text.encode()).hexdigest()}
        forged = dataclasses.replace(scorer.certify("", TEXT), options=options)
        refuse(forged, TEXT, match="must hold concepts and their polarity")


def test_one_scorer_cannot_pass_for_the_other(scorer):
    known, plain = scorer.certify("", TEXT), VaderScorer().certify("", TEXT)
    refuse(dataclasses.replace(known, scorer="vader"), TEXT)
    refuse(dataclasses.replace(plain, scorer="knowledge", options=known.options, rules=known.rules), TEXT)
    with pytest.raises(ValueError, match=r"rule must be one of base, .*, punctuation, but is 'knowledge'"):
        dataclasses.replace(known, rules=plain.rules)


def naming(certificate, name, digest=None):
    options = dict(certificate.options) | {"graph": str(name)}
    return dataclasses.replace(certificate, options=options | ({"graph_sha256": digest} if digest else {}))


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/stdin", "/proc/self/mem", "/proc/kmsg"])
def test_a_device_is_not_read(scorer, name):
    if not os.path.exists(name):
        pytest.skip(f"no {name} here")
    refuse(
        naming(scorer.certify("", TEXT), name),
        TEXT,
        match=r"options\['graph'\] must be a graph file|graph_sha",
    )


def test_only_a_regular_file_of_this_machine_is_read(scorer, tmp_path):
    pipe, large, folder = tmp_path / "pipe", tmp_path / "large.toml", tmp_path / "folder"
    os.mkfifo(pipe)
    with open(large, "wb") as file:
        file.truncate(10**12)  # takes no room on the disk
    folder.mkdir()
    link = tmp_path / "link.toml"
    link.symlink_to(pipe)
    certificate = scorer.certify("", TEXT)
    for name, reason in (
        (pipe, "not a regular file"),
        (link, "not a regular file"),
        (folder, "not a regular file"),
        (large, "larger than"),
        ("//server/share/graph.toml", "the path of another machine"),
        ("\\\\server\\share\\graph.toml", "the path of another machine"),
        ("http://localhost:1/graph.toml", "No such file"),
        ("a\0b", "null"),
        ("x" * 5000, "too long"),
        ("", "not a regular file"),
    ):
        refuse(naming(certificate, name), TEXT, match=r"options\['graph'\] must be a graph file.*" + reason)


def test_a_refusal_says_nothing_of_what_is_in_the_file(scorer, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("password = 1234")
    found = hashlib.sha256(secret.read_bytes()).hexdigest()
    with pytest.raises(CertificateError) as refused:
        naming(scorer.certify("", TEXT), secret).check("", TEXT)
    assert found not in str(refused.value)
    assert "1234" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "window = 1000000000",
        "window = true",
        'window = "4"',
        'subject = "nothing"',
        "subject = 5",
        '[concepts.a]\nis_a = ["b"]',
        "[concepts.a]\nis_a = 5",
        "[concepts.a]\n[polarity.a]\nlong = [1]",
        "[concepts.a]\n[polarity.a]\nlong = nan",
        "[concepts.a]\n[polarity.a]\nlong = 1e300",
        "[concepts.a]\n[polarity.a]\nlong = true",
        "[concepts.a]\nwords = [5]",
        "a = " + "[" * 3000,
        ".".join("a" * 200_000) + " = 1",
    ],
)
def test_a_graph_that_the_rules_would_stumble_over_is_refused(scorer, tmp_path, text):
    path = tmp_path / "graph.toml"
    path.write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    refuse(
        naming(scorer.certify("", TEXT), path, digest), TEXT, match=r"must hold concepts and their polarity"
    )
