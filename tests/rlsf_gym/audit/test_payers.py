"""How rewards are called: what TRL and verl would pass, and what comes back."""

import asyncio
import itertools

import numpy as np
import pytest

from rlsf_gym.audit.payers import TrlPayer, VerlPayer
from rlsf_gym.audit.signatures import find_signature

ROWS = [
    {"prompt": "1 + 1?", "messages": [], "response": "2", "truth": "2", "columns": {"level": 1, "answer": 2}},
    {"prompt": "1 + 2?", "messages": [], "response": "4", "truth": "3", "columns": {"level": 2, "answer": 3}},
]


def called(row_count=2, chat=False, rows=ROWS):
    """Returns what a TRL reward that takes everything is given."""
    seen = {}

    def reward(completions, **kwargs):
        seen.update(kwargs, completions=completions)
        return [0.0] * len(completions)

    TrlPayer(find_signature(reward, {}), None).pay(rows[:row_count], chat)
    return seen


def test_columns_are_lists_and_the_truth_has_all_its_names():
    seen = called()
    assert seen["completions"] == ["2", "4"] and seen["prompts"] == ["1 + 1?", "1 + 2?"]
    assert seen["level"] == [1, 2] and seen["answer"] == [2, 3]  # a column of its own goes first
    assert seen["solution"] == seen["ground_truth"] == ["2", "3"]
    assert seen["completion_ids"] == [[50], [52]] and seen["trainer_state"].global_step == 0
    assert seen["log_metric"]("a", 1.0) is seen["log_extra"]("a", [1.0]) is None


def test_chats_are_messages():
    seen = called(1, chat=True)
    assert seen["completions"] == [[{"role": "assistant", "content": "2"}]]
    assert seen["prompts"] == [[{"role": "user", "content": "1 + 1?"}]]
    own = [{"role": "system", "content": "Add."}, {"role": "user", "content": "1 + 1?"}]
    assert called(1, rows=[{**ROWS[0], "messages": own}])["prompts"] == [own]


@pytest.mark.parametrize(
    ("returned", "kinds"),
    [
        ([1.0, None], ["number", "none"]),
        ([1.0], ["count", "count"]),
        (1.0, ["other", "other"]),
        ("ab", ["other", "other"]),
        ({"a": 1.0, "b": 2.0}, ["other", "other"]),
        ((0.5, "x"), ["number", "other"]),
        ((one for one in (0.5, 1.0)), ["number", "number"]),  # TRL makes a list of whatever it can
        (map(float, "12"), ["number", "number"]),
        (itertools.repeat(1.0), ["count", "count"]),  # without an end
        (np.array([0.5, 1.0]), ["number", "number"]),
        (np.array([[0.5], [1.0]]), ["other", "other"]),  # a column, which TRL's row of rewards refuses
        (np.array(0.5), ["other", "other"]),
    ],
)
def test_a_batch_is_a_list_of_as_many(returned, kinds):
    payer = TrlPayer(find_signature(lambda completions: returned, {}), None)
    assert [one.kind for one in payer.pay(ROWS, False)[0]] == kinds


@pytest.mark.parametrize(
    ("returned", "kind"),
    [(1, "number"), ({"score": 0.5, "acc": True}, "number"), ({"acc": 1.0}, "other"), (None, "none")],
)
def test_verl_is_paid_by_number_or_score(returned, kind):
    seen = []

    def compute_score(data_source, solution_str, ground_truth, extra_info=None):
        seen.append((data_source, solution_str, ground_truth, extra_info))
        return returned

    outcomes, _ = VerlPayer(find_signature(compute_score, {}), None).pay(ROWS, False)
    assert [one.kind for one in outcomes] == [kind, kind]
    assert seen == [
        ("audit", text, truth, {"index": 0, "split": "train"}) for text, truth in (("2", "2"), ("4", "3"))
    ]


def test_what_is_returned_in_place_of_a_list_is_told_without_an_address():
    payer = TrlPayer(find_signature(lambda completions: object(), {}), None)
    assert payer.pay(ROWS, False)[0][0].told == "expected a list of 2, got an object"


def test_arguments_that_are_changed_are_named():
    def lowers(completions, level, **kwargs):
        completions[0] = completions[0].lower() + " "
        return [0.0, 0.0]

    def marks(solution_str, ground_truth, extra_info, **kwargs):
        extra_info["seen"] = True
        return 0.0

    def encodes(completions, **kwargs):
        completions[0] = np.array([1, 2])
        return [0.0, 0.0]

    assert TrlPayer(find_signature(encodes, {}), None).pay(ROWS, False)[1] == {"changed": ["completions"]}
    assert TrlPayer(find_signature(lowers, {}), None).pay(ROWS, False)[1] == {"changed": ["completions"]}
    assert VerlPayer(find_signature(marks, {}), None).pay(ROWS, False)[1] == {"changed": ["extra_info"]}
    assert TrlPayer(find_signature(lambda completions: [0.0, 0.0], {}), None).pay(ROWS, False)[1] == {
        "changed": []
    }


def test_asynchronous_rewards_share_one_loop():
    """A lock belongs to the loop in which somebody waited for it first."""
    lock = asyncio.Lock()

    async def reward(completions, **kwargs):
        async def one(text):
            async with lock:
                await asyncio.sleep(0)
                return float(text)

        return await asyncio.gather(*map(one, completions))

    payer = TrlPayer(find_signature(reward, {}), None)
    for _ in range(2):
        assert [one.value for one in payer.pay(ROWS, False)[0]] == [2.0, 4.0]
