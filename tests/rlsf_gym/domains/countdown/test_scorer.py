import copy
import pickle

import numpy as np
import pytest

from rlsf_gym.domains import load_domain
from rlsf_gym.domains.countdown import scorer as scorer_module
from rlsf_gym.domains.countdown.scorer import CountdownScorer
from rlsf_gym.instance import Instance
from rlsf_gym.text.following import read_following
from rlsf_gym.text.tokenizer import load_tokenizer
from tests.helpers.countdown import begin, draw, value

PUZZLE = Instance("5 7 11 -> 24: ", 0, {"numbers": [5, 7, 11], "target": 24})
START = len(PUZZLE.prompt)


def assess(response, instance=PUZZLE, **kwargs):
    return CountdownScorer(**kwargs).assess([instance], [response], [np.arange(len(response) + 1)])[0]


def test_a_right_answer_is_certified_by_its_steps():
    found = assess("7*5=35,35-11=24")
    certificate = found.certificate
    assert (certificate.prompt_score, certificate.score) == (pytest.approx(1 / 96), 1.0)
    # Right: 5*7 or 7*5, then 35-11: of 3 * 4 * 2 first steps 2, and of 2 * 4 second ones 1: 2/24 * 1/8.
    # Behind 7: 1/8 of 1/8; behind 7*: 1/2 of 1/8; 7*5: 1/8; then 35: 1/4; 35-: 1.
    assert [record.char_start - START for record in certificate.records] == [0, 1, 2, 7, 9]
    assert [record.char_end - START for record in certificate.records] == [1, 2, 3, 8, 10]
    assert [record.amount for record in certificate.records] == pytest.approx(
        [1 / 64 - 1 / 96, 1 / 16 - 1 / 64, 1 / 8 - 1 / 16, 1 / 4 - 1 / 8, 3 / 4]
    )
    assert {record.rule for record in certificate.records} == {"progress"}
    assert dict(certificate.payload) == {
        "status": "solved",
        "alive": 15,
        "witness": "7*5=35,35-11=24",
        "fatal": None,
        "reason": None,
        "because": None,
        "left": ["24"],
        "exhausted": 0,
    }
    assert dict(certificate.options) == {
        "form": "steps", "use": "all", "value": "random", "template": "{numbers} -> {target}: "
    }  # fmt: skip
    assert certificate.slope == 1.0 and certificate.version == "1"


def test_a_lost_answer_has_a_witness_up_to_there_and_the_reason():
    certificate = assess("7*5=34,34-11=23").certificate
    assert (certificate.score, [record.rule for record in certificate.records]) == (
        0.0, ["progress", "progress", "progress", "arithmetic"]
    )  # fmt: skip
    last = certificate.records[-1]
    assert last[:6] == (START + 4, START + 6, "arithmetic", START + 5, START + 6, pytest.approx(-1 / 8))
    assert (last.since, last.until, last.status) == (START + 6, -1, "added")
    assert dict(certificate.payload) == {
        "status": "dead",
        "alive": 5,
        "witness": "7*5=35,35-11=24",
        "fatal": [START + 4, START + 6],
        "reason": "arithmetic",
        "because": "7*5 is 35, not 34",
        "left": ["11", "35"],
        "exhausted": 0,
    }


def test_a_lost_answer_without_an_error_says_that_no_way_leads_on():
    puzzle = Instance("2 3 8 -> 30: ", 0, {"numbers": [2, 3, 8], "target": 30})
    payload = dict(assess("8+3=11,11*2=22", puzzle).certificate.payload)
    assert payload == {
        "status": "dead",
        "alive": 2,
        "witness": "8+2=10,3*10=30",
        "fatal": [15, 16],
        "reason": "target",
        "because": "after 8+3=11 no way leads from 2, 11 to 30",
        "left": ["2", "11"],
        "exhausted": 8,
    }


def test_an_unfinished_answer_loses_what_it_was_worth_at_the_end():
    certificate = assess("7*5=35,3").certificate
    last, end = certificate.records[-1], START + 8
    assert tuple(last) == (end, end, "unfinished", end, end, pytest.approx(-1 / 4), "added", (), end, -1)
    assert dict(certificate.payload) == {
        "status": "unfinished",
        "alive": 8,
        "witness": "7*5=35,35-11=24",
        "fatal": None,
        "reason": "unfinished",
        "because": "the answer ends before 24 is reached",
        "left": ["11", "35"],
        "exhausted": 0,
    }
    # The empty answer too.
    (record,) = assess("").certificate.records
    assert record[:3] == (START, START, "unfinished") and record.amount == pytest.approx(-1 / 96)


def test_the_end_is_progress_where_numbers_may_be_left_over():
    puzzle = Instance("5 7 11 -> 12: ", 0, {"numbers": [5, 7, 11], "target": 12})
    certificate = assess("5+7=12", puzzle, use="any").certificate
    end = START + 6
    assert certificate.score == 1.0
    assert tuple(certificate.records[-1]) == (end, end, "progress", end, end, 0.5, "added", (), end, -1)


def test_a_space_that_ends_a_number_is_part_of_it():
    puzzle = Instance("1 12 15 -> 4: ", 0, {"numbers": [1, 12, 15], "target": 4})
    first, second, *_ = assess("12 +", puzzle).certificate.records
    assert first[:5] == (14, 16, "progress", 15, 16)  # it is 12, and not 1
    first, *_ = assess("1 ", puzzle).certificate.records
    assert first[:5] == (14, 16, "progress", 15, 16)  # it is 1, and neither 12 nor 15
    assert second.char_start == 17


def test_a_puzzle_without_a_solution_is_lost_from_the_start():
    puzzle = Instance("1 1 -> 30: ", 0, {"numbers": [1, 1], "target": 30})
    for response in ("", "1+1=2"):
        found = assess(response, puzzle)
        assert found.prefix_scores.tolist() == [0.0] * (len(response) + 1)
        assert (found.certificate.records, found.certificate.score) == ((), 0.0)
        assert dict(found.certificate.payload) == {
            "status": "dead",
            "alive": 0,
            "witness": None,
            "fatal": None,
            "reason": "target",
            "because": "no way leads from 1, 1 to 30",
            "left": ["1", "1"],
            "exhausted": 4,
        }


def test_solvable_values_are_whether_a_right_answer_can_follow():
    found = assess("7*5=35,11-", value="solvable")
    assert found.prefix_scores.tolist() == [1.0] * 8 + [0.0] * 3
    (record,) = found.certificate.records
    assert (record.rule, record.amount) == ("target", -1.0)


@pytest.mark.parametrize("name", ["countdown", "bytes", "bundled"])
def test_candidates_are_worth_what_a_writer_with_fractions_says(name):
    tokenizer = load_tokenizer(name)
    rng = np.random.default_rng(0)
    instances = [
        Instance("", 0, {"numbers": numbers, "target": target})
        for numbers, target in (([1, 12, 3], 15), ([3, 3, 8, 8], 24), ([5, 7, 11], 24))
    ]
    slow = [begin(one.data["numbers"], one.data["target"]) for one in instances]
    responses = [draw(one, rng)[0] for one in slow]
    ends = [np.array([0, 2, len(text) // 2, len(text)]) for text in responses]
    scorer = CountdownScorer()
    for is_last in (False, True):
        following = read_following(tokenizer, is_last=is_last)
        found = scorer.candidates_batch(instances, responses, ends, following).spread()
        row = 0
        for start, text, places in zip(slow, responses, ends, strict=True):
            for end in places.tolist():
                scores = np.full(tokenizer.vocab_size, found.others[row])
                scores[found.ids] = found.scores[row]
                for token, more in enumerate(following.texts):
                    written = text[:end] + more
                    if following.ends[token]:
                        expected = float(end == len(text) and not more and value(start, text) == 1)
                        if more and not expected:
                            continue  # told by the verdict, below
                    else:
                        expected = 0.0 if set(written) - set("0123456789+-*/=,()") else value(start, written)
                        if " " in more:
                            continue  # spaces are tested by the scorer's own values
                    assert scores[token] == pytest.approx(float(expected), abs=1e-12), (written, token)
                row += 1


def test_candidates_of_last_tokens_are_verdicts():
    scorer, tokenizer = CountdownScorer(), load_tokenizer("countdown")
    following = read_following(tokenizer, is_last=True)
    text = "7*5=35,35-11="
    found = scorer.candidates_batch([PUZZLE], [text], [np.array([len(text)])], following).spread()
    assert [following.texts[token] for token in found.ids[found.scores[0] == 1.0]] == ["24"]
    assert set(found.scores[0].tolist()) == {0.0, 1.0} and found.others.tolist() == [0.0]


def test_the_order_of_numbers_changes_nothing():
    other = Instance("11 5 7 -> 24: ", 0, {"numbers": [11, 5, 7], "target": 24})
    scorer = CountdownScorer()
    ends = np.arange(10)
    one, two = scorer.assess([PUZZLE, other], ["7*5=35,11"] * 2, [ends, ends])
    assert one.prefix_scores.tolist() == two.prefix_scores.tolist()
    assert one.certificate == two.certificate


def test_copies_begin_without_what_is_remembered_and_say_the_same():
    scorer = CountdownScorer(use="any", value="solvable")
    ends = [np.arange(4)]
    expected = scorer.assess([PUZZLE], ["7*5"], ends)[0]
    for copied in (pickle.loads(pickle.dumps(scorer)), copy.deepcopy(scorer)):
        assert copied.assess([PUZZLE], ["7*5"], ends)[0].certificate == expected.certificate
    assert len(pickle.dumps(scorer)) < 1000


def test_states_are_forgotten_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(scorer_module, "_ROOM", 50_000)
    scorer, fresh = CountdownScorer(), load_domain("countdown").instances("all")
    rng = np.random.default_rng(0)
    for _ in range(30):
        puzzle = fresh.sample(rng)
        answer = draw(begin(puzzle.data["numbers"], puzzle.data["target"]), rng)[0]
        scorer.assess([puzzle], [answer], [np.arange(1)])
        assert scorer._tally.bytes < 500_000
    assert len(scorer._starts) < 30


def test_values_of_expressions_count_as_states_do(monkeypatch):
    monkeypatch.setattr(scorer_module, "_ROOM", 1_000_000)
    scorer = CountdownScorer(form="expression")
    rng = np.random.default_rng(0)
    source = load_domain("countdown", form="expression", numbers=4).instances("all")
    for _ in range(6):  # a puzzle of four numbers has thousands of values, and few states
        scorer.assess([source.sample(rng)], ["1"], [np.arange(1)])
    assert len(scorer._starts) <= 2


def test_answers_to_one_puzzle_are_forgotten_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(scorer_module, "_ROOM", 200_000)
    scorer = CountdownScorer()
    for number in range(2000):
        found = scorer.assess([PUZZLE], ["7*" + chr(0x4E00 + number)], [np.arange(4)])[0]
        assert found.prefix_scores[-1] == 0.0
        assert scorer._tally.bytes < 400_000


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"form": "infix"}, "form must be 'steps' or 'expression', got 'infix'"),
        ({"use": "most"}, "use must be 'all' or 'any', got 'most'"),
        ({"value": 1}, "value must be 'random' or 'solvable' or 'reference', got 1"),
    ],
)
def test_unknown_settings_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        CountdownScorer(**kwargs)


def test_infix_answers_are_certified_alike():
    puzzle = Instance("5 7 11 -> 42: ", 0, {"numbers": [5, 7, 11], "target": 42})
    scorer = CountdownScorer(form="expression", value="solvable")
    ends = np.arange(1)
    right, lost, wrong, short = (
        dict(scorer.assess([puzzle], [text], [ends])[0].certificate.payload)
        for text in ("7*(11-5)", " 5 + 7 *1", "(11-5)*7 + 7", "7*(11")
    )
    assert (right["status"], right["witness"], right["left"]) == ("solved", "7*(11-5)", [])
    assert lost == {
        "status": "dead",
        "alive": 1,
        "witness": " 7*(11-5)",
        "fatal": [15, 16],
        "reason": "target",
        "because": "after 5 no way leads from 7, 11 to 42",
        "left": ["7", "11"],
        # Four operators; then 7 or 11, four operators and the other number; or "(" with one of the two, four
        # operators, the other and ")", or ")" behind the first: 2 * 4 + 2 * (4 + 4).
        "exhausted": 4 * 24,
    }
    assert (wrong["reason"], wrong["because"]) == ("number", "+ needs a number, and none is left")
    assert (short["status"], short["witness"], short["left"]) == ("unfinished", "7*(11-5)", ["5"])


def test_an_answer_that_has_used_all_numbers_says_so():
    puzzle = Instance("2 3 -> 5: ", 0, {"numbers": [2, 3], "target": 5})
    payload = assess("2*3", puzzle, form="expression").certificate.payload
    assert payload["because"] == "after 2* no way leads from 3 to 5"
    puzzle = Instance("2 3 4 -> 5: ", 0, {"numbers": [2, 3, 4], "target": 5})
    assert assess("3+4-2", puzzle, form="expression").certificate.score == 1.0
    puzzle = Instance("2 4 12 -> 5: ", 0, {"numbers": [2, 4, 12], "target": 5})
    # 2+12/4 is right, and 2+1 of 12 alone; 4+2/12 is not, nor is 12/4+2 without its end.
    payload = assess("12/4+2", puzzle, form="expression").certificate.payload
    assert payload["status"] == "solved"
