"""What the checker remembers is what the rules claim, and is no door for forgeries."""

import dataclasses

import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from rlsf_gym.certificates import CertificateError
from rlsf_gym.domains.sentiment.checker import memory
from rlsf_gym.domains.sentiment.checker.memory import SILENT, hear, read_word, recall_outcome
from rlsf_gym.domains.sentiment.checker.rules import LOOKS_BEHIND
from rlsf_gym.domains.sentiment.vader.scorer import VaderScorer

MEMORIES = (memory._read_word, memory.recall_outcome)


def test_words_that_no_rule_names_are_silent():
    assert [read_word(run).voice for run in ("film", "Film,", "CAFÉ", "12")] == [SILENT] * 4
    assert [read_word(run).voice for run in ("good", "GOOD!", "Very", "of", "shouldn't", "Xn't")] == [
        *("good", "GOOD", "Very", "of", "shouldn't", "n't"),
    ]
    lexicon = SentimentIntensityAnalyzer().lexicon
    assert SILENT not in lexicon and "n't" not in lexicon and all(lexicon.values())


def test_all_words_that_look_behind_are_heard():
    assert all(read_word(word).voice == word for word in LOOKS_BEHIND)


def test_outcomes_are_what_the_rules_claim():
    # The lexicon has 1.9 for "good"; VADER's "very" adds 0.293, "not" multiplies by -0.74.
    assert recall_outcome(("good",), 0, False).value == 1.9
    assert recall_outcome((SILENT, "very", "good"), 2, False).value == pytest.approx(2.193)
    assert hear((SILENT, "not", "very", "good"), 3, 4, False).value == pytest.approx(2.193 * -0.74)
    assert hear((SILENT, "GOOD"), 1, 2, True).value == pytest.approx(1.9 + 0.733)
    assert hear((SILENT, "GOOD"), 1, 2, False).value == 1.9
    assert hear(("bad", "ass"), 0, 1, False).value == -2.5
    changes = hear((SILENT, "not", "very", "good"), 3, 4, False).changes
    assert [change[:3] for change in changes] == [("base", 0, 0), ("booster", -1, -1), ("negation", -2, -2)]


def test_memories_are_bounded_and_hold_plain_values_alone():
    for remembered in MEMORIES:
        assert remembered.cache_info().maxsize == 16_384
    long = "good" * 100
    before = MEMORIES[0].cache_info().currsize
    assert read_word(long).voice == SILENT
    assert MEMORIES[0].cache_info().currsize == before
    assert len(read_word("x" * 400 + "n't").voice) == 3
    outcome = recall_outcome(("very", "good"), 1, False)
    assert hash(outcome) and {type(one) for change in outcome.changes for one in change} == {str, int, float}


@pytest.mark.parametrize("is_warm", [False, True])
@pytest.mark.parametrize("forge", ["amount", "word", "trigger", "rule", "missing", "score"])
def test_forgeries_are_refused_with_a_warm_memory_as_with_a_cold_one(forge, is_warm):
    prompt, response = "The film was", " not very good, and I hated it."
    true = VaderScorer().certify(prompt, response)
    for remembered in MEMORIES:
        remembered.cache_clear()
    if is_warm:
        true.check(prompt, response)
        true.check(prompt, response)
    booster = true.records[1]
    assert booster.rule == "booster"
    forged = {
        "amount": booster._replace(amount=booster.amount + 1e-6),
        "word": booster._replace(char_start=booster.char_start + 1),
        "trigger": booster._replace(trigger_start=booster.trigger_start - 4),
        "rule": booster._replace(rule="dampener"),
    }
    if forge in forged:
        bad = dataclasses.replace(true, records=(true.records[0], forged[forge], *true.records[2:]))
    elif forge == "missing":
        bad = dataclasses.replace(true, records=true.records[:-1])
    else:
        bad = dataclasses.replace(true, score=true.score + 1e-6)
    for _ in range(2):  # what was refused is refused again
        with pytest.raises(CertificateError):
            bad.check(prompt, response)
    true.check(prompt, response)
    with pytest.raises(CertificateError):  # true of another text
        true.check(prompt, response.replace("very", "so"))
