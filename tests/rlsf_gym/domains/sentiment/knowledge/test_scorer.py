"""The knowledge-based scorer: VADER where the graph is silent, and the graph's valence where it speaks."""

import math
import pickle
import sys
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsf_gym.domains.sentiment.knowledge.file import read_knowledge
from rlsf_gym.domains.sentiment.knowledge.graph import KnowledgeGraph
from rlsf_gym.domains.sentiment.vader.rules import RULES
from rlsf_gym.scorers import KnowledgeScorer, VaderScorer, load_scorer

networkx = pytest.importorskip("networkx")

GRAPH = """
window = 3
subject = "work"

[concepts.work]

[concepts.film]
words = ["film", "movie"]
is_a = ["work"]

[concepts.pace]
words = ["pace", "pacing"]
aspect_of = ["film"]

[concepts.career]
words = ["career"]

[concepts.dialogue]
words = ["dialogue"]
aspect_of = ["film"]

[polarity.work]
riveting = 3.0
murder = 0

[polarity.film]
long = -0.5
great = 2.0

[polarity.pace]
long = -1.5
dead = -2.0

[polarity.career]
long = 1.0

[polarity.dialogue]
flat = -1.8
kind = 1.0
"""
WORDS = [
    *(
        "long",
        "LONG",
        "long,",
        "dead",
        "riveting",
        "murder",
        "great",
        "flat",
        "kind",
        "of",
        "good",
        "bad",
        "no",
    ),
    *("pace", "pacing.", "film", "movie!", "career", "dialogue", "the", "and", "not", "NEVER", "so", "very"),
    *("but", "BUT", "least", "kiss", "death", "...", "?", "😀", "😍x", "🎥", "a", "İ", "mr."),
]
texts = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)
ENV_ID = "rlsf_gym:rlsf_gym/Sentiment-v0"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("graphs") / "graph.toml"
    path.write_text(GRAPH, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def scorers(path):
    return {but: KnowledgeScorer(path, but) for but in ("library", "documented")}


@pytest.fixture(scope="module")
def scorer(scorers):
    return scorers["library"]


def squash(total):
    return total / math.sqrt(total * total + 15)


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("long pacing", -1.5),
        ("a long career", 1.0),
        ("a long movie", -0.5),
        ("a long day", 0.0),  # the subject knows no "long"
        ("a long and winding pace", -1.5),  # three words on: inside the window
        ("a long and winding old pace", 0.0),
        ("the pace is long", -1.5),
        ("a long day. The pace", 0.0),  # in another sentence
        ("pace! A long day", 0.0),
        ("career long pace", -1.5),  # equally near: the one after
        ("pace long the career", -1.5),  # the nearer
        ("great pacing", 2.0),  # inherited from film
        ("dead film", -3.3),  # silent: the lexicon
        ("long dialogue", -0.5),  # dialogue is an aspect of film
        ("career dead pace", -2.0),
        ("career career dead day", -3.3),
        ("riveting", 3.0),  # said of the subject
        ("a murder", 0.0),  # -3.7 in the lexicon
        ("a career of murder", 0.0),
        ("very long pace", -1.5 - 0.293),  # and VADER's rules on top
        ("not long pace", -1.5 * -0.74),
        ("it is a LONG pace", -1.5 - 0.733),
        ("good but long pace", 1.9 * 0.5 - 1.5 * 1.5),
        ("long pace!", -1.5 - 0.292),
        ("very murder", 0.0),  # what says nothing has nothing to boost
        ("no murder", -1.2),  # and takes nothing from a "no" before it
        ("no riveting", 3.0 * -0.74),
        ("kind dialogue", 1.0),
        ("kind of dialogue", 0.0),
    ],
)
def test_scores_worked_by_hand(scorer, text, total):
    assert scorer.score([text])[0] == pytest.approx(squash(total), abs=1e-12)


@pytest.mark.parametrize("but", ["library", "documented"])
@given(text=st.one_of(texts, st.text(max_size=30)))
@settings(max_examples=100, deadline=None)
def test_an_empty_graph_gives_vader(tmp_path_factory, but, text):
    path = tmp_path_factory.getbasetemp() / "empty.toml"
    path.touch()
    scorer, vader = KnowledgeScorer(path, but), VaderScorer(but)
    assert scorer.score([text])[0] == vader.score([text])[0]
    assert scorer.valences(text) == vader.valences(text)
    assert scorer.certify(text[:5], text[5:]).records == vader.certify(text[:5], text[5:]).records


@pytest.mark.parametrize("but", ["library", "documented"])
@given(text=texts, data=st.data())
@settings(max_examples=150, deadline=None)
def test_prefix_scores_are_the_scores_of_the_prefixes(scorers, but, text, data):
    scorer = scorers[but]
    cut = data.draw(st.integers(0, len(text)))
    prompt, response = text[:cut], text[cut:]
    ends = np.array(sorted(data.draw(st.lists(st.integers(0, len(response)), max_size=30))), np.int64)
    expected = scorer.score([prompt + response[:end] for end in ends])
    np.testing.assert_allclose(scorer.prefix_scores(prompt, response, ends), expected, rtol=0, atol=1e-12)


def test_prefix_scores_at_every_character_of_a_text_with_everything(scorer):
    text = (
        "A LONG murder, long pace; riveting. no dead PACING but long career 😀x not kind of dialogue!? film"
    )
    ends = np.arange(len(text) + 1)
    expected = scorer.score([text[:end] for end in ends])
    np.testing.assert_allclose(scorer.prefix_scores("", text, ends), expected, rtol=0, atol=1e-12)


@given(steps=st.lists(st.one_of(st.sampled_from(WORDS), st.none()), max_size=30))
@settings(max_examples=150, deadline=None)
def test_pushing_and_popping_leave_what_reading_anew_gives(scorer, steps):
    stream, tokens = scorer._open(), []
    for step in steps:
        if step is not None:
            tokens.append(step)
            stream.push(scorer._vocabulary[step])
        elif tokens:
            assert stream.pop() is scorer._vocabulary[tokens.pop()]
        fresh = scorer._read(" ".join(tokens))
        assert (stream.valences, stream.scaled, stream.but) == (fresh.valences, fresh.scaled, fresh.but)


def test_records_name_the_path_that_justifies_the_amount(scorer):
    certificate = scorer.certify("very long ", "pacing, riveting murder: great dialogue")
    certificate.check("very long ", "pacing, riveting murder: great dialogue")
    known = [record for record in certificate.as_records() if record["rule"] == "knowledge"]
    assert [tuple(record.values()) for record in known if record["status"] == "added"] == [
        ([5, 9], "knowledge", [10, 16], -1.5, "added", 16, ["long", "pace"]),
        ([18, 26], "knowledge", [10, 16], 3.0, "added", 26, ["riveting", "pace", "film", "work"]),
        ([27, 33], "knowledge", [41, 49], 0.0, "added", 49, ["murder", "dialogue", "film", "work"]),
        ([35, 40], "knowledge", [41, 49], 2.0, "added", 49, ["great", "dialogue", "film"]),
    ]
    assert all("path" not in record for record in certificate.as_records() if record["rule"] != "knowledge")
    assert certificate.options["graph"] == scorer.graph.file.name
    assert certificate.options["graph_sha256"] == scorer.graph.file.sha256


def test_a_word_that_meets_its_aspect_late_is_withdrawn_and_added(scorer):
    records = scorer.certify("dead", " pace").records
    assert [(record.rule, record.amount, record.status) for record in records] == [
        ("base", -3.3, "withdrawn"),
        ("knowledge", -2.0, "added"),
    ]


@given(text=texts, data=st.data())
@settings(max_examples=60, deadline=None)
def test_amounts_by_rule_add_up_and_have_a_key_for_each_rule(scorer, text, data):
    cut = data.draw(st.integers(0, len(text)))
    certificate = scorer.certify(text[:cut], text[cut:])
    assert certificate.score == scorer.score([text])[0]
    amounts = certificate.rule_amounts(
        prompt_utility=certificate.prompt_score, utility=certificate.score, slope=1.0
    )
    assert tuple(amounts) == (*RULES, "knowledge")
    assert sum(amounts.values()) == pytest.approx(certificate.score - certificate.prompt_score, abs=1e-9)


def test_the_graph_is_one_of_networkx(scorer):
    graph = scorer.graph.graph
    assert isinstance(graph, networkx.DiGraph)
    assert dict(graph.edges) == {
        ("film", "work"): {"kind": "is_a"},
        ("pace", "film"): {"kind": "aspect_of"},
        ("dialogue", "film"): {"kind": "aspect_of"},
    }
    assert graph.nodes["pace"]["words"] == ("pace", "pacing")
    assert graph.nodes["career"]["polarity"] == {"long": 1.0}


def test_of_equally_near_concepts_the_first_in_the_file_counts(tmp_path):
    path = tmp_path / "diamond.toml"
    path.write_text("""
[concepts.a]
words = ["a"]
aspect_of = ["b"]
is_a = ["c", "d"]
[concepts.b]
[concepts.c]
is_a = ["e"]
[concepts.d]
[concepts.e]
[polarity.b]
x = 1
[polarity.d]
x = 2
z = 5e-1
[polarity.e]
y = 3
z = 1
""")
    graph = KnowledgeGraph(read_knowledge(str(path)))
    assert graph.said_of("a", "x") == (2.0, ("x", "a", "d"))  # is_a before aspect_of
    assert graph.said_of("a", "y") == (3.0, ("y", "a", "c", "e"))
    assert graph.said_of("a", "z") == (0.5, ("z", "a", "d"))  # the nearer one
    assert graph.said_of("b", "y") is None


@pytest.mark.parametrize(
    ("parents", "way"),
    [("b a", "a -> b -> a"), ("b b", "b -> b"), ("b c a", "a -> b -> c -> a")],
)
def test_a_circle_is_refused(tmp_path, parents, way):
    path = tmp_path / "circle.toml"
    edges = zip("abc", parents.split(), strict=False)
    path.write_text("".join(f"[concepts.{child}]\nis_a = ['{parent}']\n" for child, parent in edges))
    message = rf"concepts.{way[0]}.is_a must not lead back to '{way[0]}': take an edge out of {way}$"
    with pytest.raises(ValueError, match=message):
        KnowledgeScorer(path)


def test_without_networkx_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(
        ImportError, match=r"^KnowledgeScorer needs networkx: pip install 'rlsf-gym\[knowledge\]'$"
    ):
        KnowledgeScorer()


def test_a_scorer_by_name_survives_pickling(path):
    scorer = load_scorer("knowledge", graph=path, but="documented")
    copy = pickle.loads(pickle.dumps(scorer))
    assert (copy.name, copy.bounded, copy.verifiable, copy.but) == ("knowledge", True, True, "documented")
    assert copy.score(["a long murder of pace"])[0] == scorer.score(["a long murder of pace"])[0]
    assert repr(copy) == f"KnowledgeScorer(graph={str(path)!r}, but='documented')"
    with pytest.raises(ValueError, match="but must be one of library, documented, but is 'nltk'"):
        KnowledgeScorer(path, "nltk")


@pytest.mark.parametrize(
    ("text", "sign", "vader"),
    [
        ("a riveting murder mystery", 1, -1),
        ("the special effects", 0, 1),
        ("the plot is full of holes", -1, 0),
        ("a long career", 1, 0),
        ("the pacing is long", -1, 0),
        ("wooden acting", -1, 0),
        ("scary villain", 1, -1),
        ("a war film", 0, -1),
    ],
)
def test_the_bundled_graph_knows_films(text, sign, vader):
    assert np.sign(KnowledgeScorer().score([text])[0]) == sign
    assert np.sign(VaderScorer().score([text])[0]) == vader


def test_gymnasiums_checker_passes_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make(ENV_ID, scorer="knowledge", verify=True).unwrapped)


def test_the_environment_pays_by_knowledge_under_one_more_key(path):
    env = gym.make(ENV_ID, scorer="knowledge", scorer_kwargs={"graph": str(path)}, verify=True)
    tokenizer = env.unwrapped.tokenizer
    keys = []
    for text, amount in ((" long pacing", -1.5), (" table", 0.0)):
        env.reset(seed=0, options={"prompt": "It is a"})
        ids = tokenizer.encode(text)
        _, reward, _, _, info = env.step([*ids, tokenizer.eos_token_id])
        assert info["reward_knowledge"] == pytest.approx(squash(amount), abs=1e-9)
        assert reward == pytest.approx(sum(info[key] for key in info if key in RULE_KEYS), abs=1e-5)
        keys.append({key for key in info if key.startswith("reward_")})
    assert keys == [RULE_KEYS | {"reward_design"}] * 2


RULE_KEYS = {f"reward_{rule}" for rule in (*RULES, "knowledge")}


def test_single_and_vector_environments_agree():
    vector = gym.make_vec(ENV_ID, num_envs=3, scorer="knowledge", verify=True)
    vector.reset(seed=5)
    actions = vector.action_space.sample()
    _, rewards, *_, infos = vector.step(actions)
    for index in range(3):
        single = gym.make(ENV_ID, scorer="knowledge")
        single.reset(seed=5 + index)
        _, reward, *_, info = single.step(actions[index])
        assert reward == rewards[index]
        assert info["reward_knowledge"] == infos["final_info"]["reward_knowledge"][index]
