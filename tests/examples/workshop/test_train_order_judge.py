"""workshop/train_order_judge.py and compare_judges.py: what is learned of made-up texts, how it compares."""

import numpy as np
import pytest

pytestmark = pytest.mark.whole

pytest.importorskip("sklearn")
pytest.importorskip("torch")
parquet = pytest.importorskip("pyarrow.parquet")

NOUNS = ("plot", "cast", "music", "pace", "ending", "script", "camera", "dialogue", "light", "sound")


def review(label, number):
    """A review of some eighty words that says one of two words again and again."""
    word = ("dull", "fine")[label]
    return " ".join(f"The {NOUNS[(number + n) % 10]} number {number} was {word} ." for n in range(14))


def write_reviews(path, numbers, label=None):
    import pyarrow

    rows = [(review(one, number), one if label is None else label) for number in numbers for one in (0, 1)]
    texts, labels = zip(*rows, strict=True)
    parquet.write_table(pyarrow.table({"text": texts, "label": labels}), path)


def write_bank(folder):
    """Phrases of two words whose label is in their order alone."""
    folder.mkdir()
    lines = [
        f"(2 ({label} (2 {words[0]}) (2 {words[1]})) (2 {noun}{number}))"
        for number in range(40)
        for noun in NOUNS[:2]
        for label, words in ((4, ("never", f"dull{number}")), (0, (f"dull{number}", "never")))
    ]
    for name in ("train.txt", "dev.txt"):
        (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_a_judge_learns_its_reviews_and_the_order_of_phrases(tmp_path, monkeypatch, capsys):
    from examples.workshop import train_order_judge
    from rlsf_gym.domains.sentiment.order_judge import OrderJudge

    write_reviews(tmp_path / "train.parquet", range(40))
    write_reviews(tmp_path / "unsupervised.parquet", range(40, 60), label=-1)
    bank = write_bank(tmp_path / "sst")
    monkeypatch.setattr(
        "sys.argv",
        [
            *("train_order_judge.py", "--data", str(tmp_path), "--sst", str(bank), "--out", str(tmp_path)),
            *("--steps", "60", "--words", "200"),
        ],
    )
    monkeypatch.setattr(train_order_judge, "TOKENS_A_STEP", 1024)
    train_order_judge.main()
    assert '"temperature"' in capsys.readouterr().out
    judge = OrderJudge.load(tmp_path / "judge-order.npz")
    bad, good = judge.predict([review(0, 70), review(1, 70)])
    assert bad < 0.5 < good
    worse, better = judge.log_odds(["dull3 never", "never dull3"])
    assert worse < better


def test_credits_are_the_weights_of_words_and_of_pairs_over_commas():
    import zlib

    from examples.workshop.train_order_judge import _credit
    from rlsf_gym.domains.sentiment.judge import BUCKETS, Judge

    weights = np.zeros(BUCKETS, np.float32)
    for feature, weight in ((b"good", 1.0), (b"film", 2.0), (b"good film", 4.0), (b"film !", 8.0)):
        weights[zlib.crc32(feature) % BUCKETS] = weight
    found = _credit(["good", ",", "film", "!"], Judge(weights))
    assert found.tolist() == [[1.0, 0.0], [0.0, 0.0], [2.0, 4.0], [0.0, 8.0]]


def test_phrases_are_sentences_and_negated_ones_without_neutral_ones(tmp_path):
    from examples.workshop.compare_judges import read_bank

    tree = "(3 (2 It) (3 (2 is) (3 (2 n't) (1 (1 a) (1 bad)))))"
    (tmp_path / "dev.txt").write_text(tree + "\n(2 (1 No) (2 fun))\n", encoding="utf-8")
    sentences, negated = read_bank(tmp_path / "dev.txt")
    assert (sentences[0], sentences[1].tolist()) == (["It isn't a bad"], [1])
    # "is n't a bad" and the sentence hold three words or more and a negator; "n't a bad" does, too.
    assert dict(zip(negated[0], negated[1].tolist(), strict=True)) == {
        "n't a bad": 1,
        "isn't a bad": 1,
        "It isn't a bad": 1,
    }


def test_shuffling_keeps_the_words():
    from examples.workshop.compare_judges import shuffle_words

    shuffled = shuffle_words(["one two three, four five six"], np.random.default_rng(0))[0].split(" ")
    assert sorted(shuffled) == sorted(["one", "two", "three", ",", "four", "five", "six"])
    assert shuffled != ["one", "two", "three", ",", "four", "five", "six"]


def test_the_card_keeps_the_part_that_the_other_script_writes(tmp_path):
    from examples.workshop.train_judge import CARD_PART, write_card

    figures = {"whole": {"accuracy": 0.9, "brier": 0.1}, "pieces": {"accuracy": 0.6, "brier": 0.2}}
    figures |= {"reviews": 4, "tests": 8, "temperature": 1.0, "bias": 0.0}
    file = tmp_path / "JUDGE.md"
    write_card({"bundled": figures}, file)
    assert CARD_PART not in file.read_text(encoding="utf-8")
    file.write_text(f"old\n\n{CARD_PART}\nkept\n", encoding="utf-8")
    write_card({"bundled": figures}, file)
    text = file.read_text(encoding="utf-8")
    assert "old" not in text and "| bundled | 4 reviews | 0.900 |" in text
    assert text.endswith(f"\n{CARD_PART}\nkept\n")
