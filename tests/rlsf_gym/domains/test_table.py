"""Domains by name, and what a domain says of its environments."""

import gymnasium as gym
import pytest

import rlsf_gym
from rlsf_gym import DOMAINS, SCORERS, Domain, load_domain, register_domain
from rlsf_gym.domains import BOARDS, Board, Cell, Corpus, Example, Samples, draw_board
from rlsf_gym.text.tokenizer import ByteTokenizer
from tests.helpers.digits import make_digits


def count(texts):
    return [min(1.0, text.count("x") / 10) for text in texts]


def make_domain(letter="x", **parts):
    given = {
        "name": "letters",
        "scorers": {"count": lambda: count, "vader": SCORERS["vader"]},
        "samples": Samples((letter.encode(), b"-")),
        "segmentation": load_domain("sentiment").segmentation,
        "defaults": {"tokenizer": "bytes", "prompts": ["x", "xx"], "max_new_tokens": 3},
    }
    return Domain(**{**given, **parts})


LETTERS = make_domain()


def spell(letter="x"):
    return make_domain(letter)


def test_the_table_has_sentiment():
    assert "sentiment" in DOMAINS
    assert load_domain("sentiment").name == "sentiment"
    assert load_domain() is load_domain("rlsf_gym.domains.sentiment:DOMAIN")


def test_its_scorers_are_those_of_the_table_of_scorers():
    own = load_domain("sentiment").scorers
    assert {name: SCORERS[name] for name in own} == own


def test_a_domain_is_an_object_a_function_or_a_place(monkeypatch):
    monkeypatch.setattr("rlsf_gym.domains.DOMAINS", DOMAINS.copy())
    register_domain("letters", spell)
    assert load_domain(LETTERS) is LETTERS
    assert load_domain("letters", letter="y").samples.pieces[0] == b"y"
    assert load_domain(spell, letter="z").samples.pieces[0] == b"z"
    with pytest.raises(ValueError, match="domain 'letters' is registered already"):
        register_domain("letters", LETTERS)


@pytest.mark.parametrize(
    ("spec", "kwargs", "message"),
    [
        (
            "sentimant",
            {},
            r"unknown domain 'sentimant' \(did you mean 'sentiment'\?\): expected one of 'constraints', ",
        ),
        (
            "sentiment",
            {"form": "steps"},
            "domain_kwargs must be left out: domain 'sentiment' takes none, got form",
        ),
        (spell, {"leter": 1}, "domain_kwargs must fit domain 'spell': it takes"),
        (3, {}, "domain must be a Domain or a function that makes one, got 3"),
        (dict, {}, "domain must be a Domain or a function that makes one, got {}"),
    ],
)
def test_what_is_no_domain_is_said_in_one_line(spec, kwargs, message):
    with pytest.raises(ValueError, match=message) as caught:
        load_domain(spec, **kwargs)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"name": ""}, "name of a domain must be a text, got ''"),
        ({"scorers": {}}, "scorers of domain 'letters' must hold at least one, got none"),
        ({"samples": Samples(())}, "samples of domain 'letters' must hold at least one piece, got none"),
    ],
)
def test_a_domain_lacks_nothing(parts, message):
    with pytest.raises(ValueError, match=message):
        make_domain(**parts)


def test_a_domain_says_what_its_environments_do_where_nothing_is_given():
    env = gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", domain=LETTERS).unwrapped
    assert isinstance(env.tokenizer, ByteTokenizer)
    assert env.reset(seed=0)[1]["prompt"] in ("x", "xx")
    assert env.action_space.shape == (3,)
    env.reset(options={"prompt": "x"})
    assert env.step(list(b"xx"))[4]["score"] == pytest.approx(0.3)
    other = gym.make(
        "rlsf_gym:rlsf_gym/Sentiment-v0", domain=LETTERS, max_new_tokens=5, scorer="vader"
    ).unwrapped
    assert other.action_space.shape == (5,)
    assert other.task.feedback.scorer.name == "vader"


def test_arguments_of_a_domain_are_refused_where_they_do_not_fit():
    with pytest.raises(
        TypeError, match=r"domain 'letters' with these defaults got an unexpected .* 'boundry'"
    ):
        gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", domain=make_domain(defaults={"boundry": "open"}))
    with pytest.raises(ValueError, match=r"prompts must be given: domain 'letters' has none of its own"):
        gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", domain=make_domain(defaults={}))
    with pytest.raises(
        ValueError, match=r"verify=True needs a scorer .* and 'count' has none: use scorer='vader' or"
    ):
        gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", domain=LETTERS, verify=True)


def test_messages_name_the_scorers_of_the_domain():
    alone = make_domain(scorers={"count": lambda: count})
    with pytest.raises(
        ValueError, match=r"needs a scorer that offers 'rules', and 'count' does not: use .*"
    ) as told:
        gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", domain=alone, reward_design="rule_certificate")
    assert "vader" not in str(told.value)
    with pytest.raises(ValueError, match=r"use scorer='vader'$"):
        gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", domain=LETTERS, reward_design="rule_certificate")


def test_columns_and_mark_up_of_long_texts_are_the_domains():
    table = {"story": ["<p>one two three four five"], "other": ["a"]}
    corpus = Corpus("stories", ("story",), lambda text: text.removeprefix("<p>"))
    domain = make_domain(corpus=corpus)
    kwargs = {"column": "story", "min_chars": 3, "max_tokens": 5}
    with pytest.warns(
        UserWarning, match="column 'story' are taken for stories and cut to their first 2 to 5"
    ):
        env = gym.make(
            "rlsf_gym:rlsf_gym/Sentiment-v0", domain=domain, prompts=table, prompts_kwargs=kwargs, split="all"
        )
    assert "one two three".startswith(env.reset(seed=0)[1]["prompt"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((field, 5) for field in ("scorers", "checkers", "defaults", "design_kwargs", "training", "labels")),
        ("instances", 5),
        ("judge", 5),
        ("corpus", 5),
        ("samples", ((b"1",),)),
        ("samples", Samples(("1", "2"))),
    ],
)
def test_a_field_of_another_kind_is_refused(field, value):
    with pytest.raises(ValueError, match=f"{field} of domain 'digits' must be "):
        make_digits(**{field: value})


@pytest.mark.parametrize("key", ["domain", "domain_kwargs"])
def test_a_domain_has_no_other_domain_as_default(key):
    with pytest.raises(ValueError, match=f"defaults of domain 'digits' must leave '{key}' out"):
        make_digits(defaults={key: None})


def test_examples_are_of_instances_where_the_domain_has_some():
    given, bare = Example("three", "", "12", {"target": 3}), Example("three", "3=", "12")
    pieces = (b"1",)
    assert make_digits(samples=Samples(pieces, examples=(given,))).samples.examples == (given,)
    assert make_domain(samples=Samples(pieces, examples=(bare,))).samples.examples == (bare,)
    with pytest.raises(ValueError, match=r"of domain 'digits' must each hold the data of an instance$"):
        make_digits(samples=Samples(pieces, examples=(given, bare)))
    with pytest.raises(ValueError, match=r"of domain 'letters' must each hold a prompt, and no instance$"):
        make_domain(samples=Samples(pieces, examples=(given,)))


def test_a_board_of_ones_own_is_drawn_by_the_key_of_its_instances(monkeypatch):
    monkeypatch.setattr("rlsf_gym.domains.BOARDS", BOARDS.copy())
    board = Board(((Cell("A"),),), "")
    rlsf_gym.domains.BOARDS.register("opened", lambda data, *_: board if data["opened"] == "(" else None)
    assert draw_board({"opened": "("}, 0, ")", {}) is board
    assert draw_board({"opened": "["}, 0, ")", {}) is None
    assert draw_board({"other": "("}, 0, ")", {}) is None


def test_every_board_of_the_table_is_there_and_draws_none_of_what_is_not_its_own():
    assert set(BOARDS) == {"grid", "statements"}
    for key in BOARDS:
        assert BOARDS.load(key)({key: None}, 0, "", {}) is None
