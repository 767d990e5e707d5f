"""Scores of reward designs: metrics by hand on tiny examples, and the run that writes its files."""

import json
import math

import numpy as np
import pytest

pytestmark = pytest.mark.whole

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("matplotlib")

TREES = (
    "(4 (3 (2 a) (3 good)) (2 film))",
    "(1 (1 (2 not) (3 good)) (2 .))",
    "(3 (2 it) (3 (2 never) (1 (0 awful) (2 here))))",
    "(2 (2 no) (4 great))",
)


@pytest.fixture(scope="module")
def trees():
    from examples.measurements.treebank import read_tree

    return [read_tree(line) for line in TREES]


# Plausibility


def test_nodes_of_a_tree(trees):
    assert trees[0].words == ["a", "good", "film"]
    assert trees[0].nodes == [(0, 1, 2), (1, 2, 3), (0, 2, 3), (2, 3, 2), (0, 3, 4)]


def test_kinds_of_phrases(trees):
    from examples.measurements import plausibility

    words = plausibility.choose_phrases(trees, plausibility.is_word)
    assert words.labels.tolist() == [2, 3, 2, 2, 3, 2, 2, 2, 0, 2, 2, 4]
    phrases = plausibility.choose_phrases(trees, plausibility.is_phrase)
    assert phrases.groups.tolist() == [0, 0, 1, 1, 2, 2, 2, 3]
    assert phrases.starts.tolist() == [0, 0, 0, 0, 2, 1, 0, 0]
    assert phrases.ends.tolist() == [2, 3, 2, 3, 4, 4, 4, 2]
    # "not good", "never awful here" and "no great"; what readers found neutral as a whole has no sign.
    negated = plausibility.choose_phrases(trees, plausibility.is_negated)
    assert negated.labels.tolist() == [1, 3, 2]
    assert plausibility.choose_phrases(trees, plausibility.is_judged_negated).labels.tolist() == [1, 3]


def test_a_negation_before_a_part_of_a_phrase_does_not_count():
    from examples.measurements import plausibility
    from examples.measurements.treebank import read_tree

    tree = read_tree("(1 (2 (2 not) (2 exactly)) (3 good))")
    assert not any(plausibility.is_negated(tree, number) for number in range(len(tree.nodes)))


def test_credit_of_phrases_is_the_sum_of_their_words(trees):
    from examples.measurements import plausibility

    credit = [np.array([1.0, 2.0, 4.0]), np.array([0.1, 0.2, -0.3]), np.zeros(4), np.array([-1.0, 0.5])]
    phrases = plausibility.choose_phrases(trees, plausibility.is_phrase)
    assert plausibility.sum_credit(credit, phrases).tolist() == [3, 7, 0.3, 0, 0, 0, 0, -0.5]


def test_plausibility_by_hand(trees):
    from examples.measurements import plausibility
    from rlsf_gym.designs import DESIGNS

    designs = {name: DESIGNS[name] for name in ("potential", "seed_legacy")}
    found = plausibility.measure(trees, designs, resamples=10)
    assert found.counts == {
        "sentences": 4,
        "words": 12,
        "phrases": 8,
        "negated phrases": 3,
        "negated phrases with a sign": 2,
    }
    # VADER makes "not good" negative and "never awful" positive, and the seed's formula pays above 0 always.
    assert found.measures["potential"]["negation_right"] == (1.0, 1.0, 1.0)
    assert found.measures["seed_legacy"]["negation_right"].value == 0.5
    # h(s) = s / sqrt(s^2 + 15): "good" h(1.9) = 0.44, after "not" h(-1.41) = -0.34; "awful" after "never"
    # h(1.48) = 0.36; "no" h(-1.2) = -0.30 until "great" makes it a negation, h(-2.29) + 0.30 = -0.21.
    word = found.measures["potential"]["word_correlation"]
    assert word.low <= word.value <= word.high
    labels = np.array([2, 3, 2, 2, 3, 2, 2, 2, 0, 2, 2, 4])
    order = np.array([0, 2, 0, 0, -3, 0, 0, 0, 1, 0, -2, -1])
    assert word.value == pytest.approx(pearson_of_ranks(order, labels), abs=1e-12)


def pearson_of_ranks(first, second):
    """Spearman's correlation from ranks that are counted one by one."""
    ranks = [[sum(x < y for x in row) + sum(x == y for x in row) / 2 for y in row] for row in (first, second)]
    return np.corrcoef(ranks)[0, 1]


# Faithfulness


class Without:
    """Evidence of a response of additive words, some of which may be absent."""

    def __init__(self, *values):
        self.values, self.gain, self.utility = np.array(values), sum(values), sum(values)
        self.hindsight = self

    def utilities_without(self, absences):
        return np.array([self.utility - self.values[list(words)].sum() for words in absences])


@pytest.mark.parametrize("sign", [1, -1])
def test_erasure_by_hand(sign):
    from examples.measurements import faithfulness

    evidence = Without(*(sign * np.array([0.0, 0.5, -0.2, 0.1, 0.0])))
    paid = faithfulness.WordCredit(evidence, {})
    # 1, 5, 10, 20 and 50% of five words are 1, 1, 1, 1 and 3 words: 0.5 alone, then 0.5, 0.1 and a tie, which
    # the given order breaks. The gain is 0.4.
    found = faithfulness.erase(paid, evidence.values, np.array([4, 2, 0, 1, 3]))
    np.testing.assert_allclose(found.comprehensiveness, [0.5, 0.5, 0.5, 0.5, 0.6], atol=1e-12)
    np.testing.assert_allclose(found.sufficiency, [-0.1, -0.1, -0.1, -0.1, -0.2], atol=1e-12)
    worst = faithfulness.erase(paid, -evidence.values, np.array([4, 2, 0, 1, 3]))
    np.testing.assert_allclose(worst.comprehensiveness, [-0.2, -0.2, -0.2, -0.2, -0.2], atol=1e-12)


def test_faithfulness_of_a_response():
    from examples.measurements import faithfulness
    from rlsf_gym.designs import DESIGNS

    designs = {name: DESIGNS[name] for name in ("potential", "terminal")}
    responses = [("The film was", " good for me and you"), ("The film was", " on"), ("The film was", " ")]
    found = faithfulness.measure(responses, designs, resamples=5)
    assert found.counts == {"responses": 2, "responses with a gain": 1, "words": 5}
    whole = 1.9 / math.sqrt(1.9**2 + 15)
    # "good" is all that there is: without it nothing is left, with it alone nothing is lost.
    assert found.measures["potential"]["comprehensiveness"].value == pytest.approx(whole, abs=1e-12)
    assert found.curves["potential"]["sufficiency"] == pytest.approx([0.0] * 5, abs=1e-12)
    assert found.curves["terminal"]["comprehensiveness"][0] == pytest.approx(0.0, abs=1e-12)


def test_words_of_a_response_are_its_tokens():
    from examples.quickstart.word_credit import WordPayer
    from rlsf_gym.designs import DESIGNS

    payer = WordPayer({"potential": DESIGNS["potential"]})
    paid = payer.pay("The film was un", "happy, not  good ")
    assert paid.evidence.length == len(paid.evidence.hindsight.units()) == 3
    assert paid.credit["potential"][0] < 0 and paid.credit["potential"][2] < 0
    assert paid.credit["potential"].sum() == pytest.approx(paid.evidence.gain, abs=1e-11)
    with pytest.raises(ValueError, match="response must have a word, got ' '"):
        payer.pay("The film was", " ")


# The word game


def test_what_theory_says_is_checked():
    from examples.measurements import game_credit
    from rlsf_gym.designs import DESIGNS, Design
    from rlsf_gym.word_game import WordGame

    def late(evidence, *, rng):
        return DESIGNS["uniform"](evidence, rng=rng)

    # `late` claims what only potentials have.
    designs = {name: DESIGNS[name] for name in ("terminal", "potential", "seed_legacy")}
    designs["late"] = Design("late", late, causal=True, conserving=True)
    game = WordGame(choices=(("not", "but", "good", "awful", "plot"),) * 3)
    credit = game_credit.measure(designs, draws=2, game=game)
    assert all(len(values) == 3 for values in credit.cosine.values())
    assert credit.noise[game_credit.REFERENCE].tolist() == [1.0, 1.0, 1.0]
    holds = {claim.text: claim.holds for claim in game_credit.check(credit, designs)}
    assert [text for text, held in holds.items() if not held] == [
        "late: cosine 1 at lambda 1 under any critic",
        "late: the same as terminal with the exact critic at every lambda",
    ]
    assert len(holds) == 8


# The run


def test_the_quick_run_writes_its_files(tmp_path, capsys):
    from examples.measurements import score_designs
    from rlsf_gym.designs import DESIGNS

    sst = tmp_path / "trees.txt"
    sst.write_text("\n".join(TREES * 10) + "\n", encoding="utf-8")
    assert score_designs.main(["--quick", "--sst", str(sst), "--out", str(tmp_path / "out")]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"scores.json", "credit.png", "plausibility.png", "faithfulness.png"}
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())
    measured = set(scores["designs"]) | set(scores["not_served"])
    assert measured == {*DESIGNS, "rule_certificate_on_words"}
    assert set(scores["not_served"]) == {
        *("attention", "gradient", "first_error", "indicator", "partial_credit", "unsat_core"),
    }
    assert scores["counts"]["negated phrases with a sign"] == 20
    for design in scores["designs"].values():
        assert all(milliseconds > 0 for milliseconds in design["milliseconds"].values())
        assert len(design["game"]) == 9
    table = capsys.readouterr().out.splitlines()
    assert any(line.startswith("holds: potential: cosine 1 at lambda 1") for line in table)
    assert "not served: reward design 'attention' needs a scorer" in "\n".join(table)


def test_without_a_treebank_or_with_a_missing_one(monkeypatch, capsys):
    from examples.measurements import score_designs

    monkeypatch.setattr(score_designs, "split_designs", lambda scorer: pytest.fail("measures nothing"))
    monkeypatch.setattr(score_designs, "measure", lambda size, sst: sst.read_text())
    assert score_designs.main(["--sst", "nowhere.txt"]) == 1
    assert capsys.readouterr().err.startswith("error: ")
