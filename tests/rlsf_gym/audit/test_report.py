"""Audits of whole rewards: known faults are named, sound rewards pass, environments keep their promises."""

from pathlib import Path

import pytest

from rlsf_gym.audit import Case, Severity, audit_reward
from tests.helpers.loaded import load_file

REWARDS = Path(__file__).parent / "rewards"


def load(name):
    return load_file(REWARDS / f"{name}.py")


FAULTS = load("faulty").FAULTS
SOUND = load("sound").SOUND
FIRST = ("substring",)  # for the quick tests
FURTHER = {  # of a check that another pattern here, or a test without a process, is about already
    *("verl_by_source", "verl_marks", "split_by_equals", "ranks", "cleans", "clock", "quits", "crashes"),
    *("sleeps", "sleeps_always", "tail_penalty", "one_line_tags", "echo", "pads"),
    *("lazy", "array", "remembered", "queued", "few_repeats", "near"),
}
COUNTDOWN = [
    Case(
        f"Use {', '.join(map(str, nums))} to make {target}.",
        good=(f"<think>\nI try.\n</think>\n<answer>{good}</answer>",),
        bad=(f"<think>\nI try.\n</think>\n<answer>{bad}</answer>",),
        columns={"nums": nums, "target": target},
    )
    for nums, target, good, bad in (([3, 5, 7], 22, "3*5+7", "3+5+7"), ([2, 4, 9], 17, "2*4+9", "2+4+9"))
]
CHOICES = [
    Case("Which is a prime? A) 4 B) 7 C) 9", good=("I look. Answer: B",), bad=("Answer: C",), truth="B"),
    Case("Which is even? A) 5 B) 7 C) 8", good=("I look. Answer: C",), bad=("Answer: A",), truth="C"),
]
UNIT_TESTS = [
    Case(
        "Write a function add(a, b).",
        good=("```python\ndef add(a, b):\n    return a + b\n```",),
        bad=("```python\ndef add(a, b):\n    return a - b\n```",),
        columns={"tests": ["add(1, 2) == 3", "add(-1, 1) == 0"]},
    )
]


def bad(report):
    """Returns the checks that found a warning or an error."""
    return [one.check for one in report.findings if one.severity >= Severity.WARNING]


def check_fault(name):
    check, source = FAULTS[name]
    assert source
    report = audit_reward(f"faulty:{name}", time_limit=2.0)
    assert check in bad(report), report.findings
    found = next(one for one in report.findings if one.check == check)
    assert found.title and all(one.paid for one in found.evidence)
    assert not any(one.paid.startswith("not asked") for one in found.evidence)
    assert found.evidence or check == "keywords"
    assert report.status() == (2 if any(one.severity is Severity.ERROR for one in report.findings) else 1)


@pytest.mark.parametrize("name", FIRST)
def test_a_known_fault_is_named(name):
    check_fault(name)


@pytest.mark.whole
@pytest.mark.parametrize("name", [name for name in FAULTS if name not in {*FIRST, *FURTHER}])
def test_each_known_fault_is_named(name):
    check_fault(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(FURTHER & FAULTS.keys()))
def test_further_patterns_of_a_fault_are_named(name):
    check_fault(name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "checks"),
    [("trusts_the_status", {"exits-early"}), ("runs_here", {"executes-text", "dies"})],
)
def test_faults_of_rewards_that_run_code_are_named(name, checks):
    assert set(bad(audit_reward(f"faulty:{name}", cases=UNIT_TESTS))) == checks


@pytest.mark.whole
def test_a_reward_that_is_told_nothing_apart_by_these_cases_is_no_error():
    report = audit_reward("sound:choice")
    (found,) = report.findings
    assert (found.check, found.severity, report.status()) == ("constant", Severity.WARNING, 1)
    assert found.title.endswith("give --cases if it needs responses of another kind")


@pytest.mark.whole
def test_a_batch_that_fails_is_told_by_its_failure():
    report = audit_reward("faulty:pads")
    assert "batch-composition" not in bad(report)
    found = next(one for one in report.findings if one.check == "not-a-number")
    assert found.title.startswith("for a batch of ") and found.evidence[0].paid.startswith(
        "expected a list of"
    )


@pytest.mark.slow
def test_a_slow_reward_is_told_and_asked_about_less(write):
    write(
        "import time\n"
        "def mine(completions, answer, **kwargs):\n"
        "    time.sleep(0.11 * len(completions))\n"
        "    return [float(text.endswith(f'#### {truth}')) for text, truth in zip(completions, answer)]\n"
    )
    told = []
    report = audit_reward("mine:mine", tell=told.append)
    assert told == ["note: a response takes 0.11 s, and about 700 are asked about: expect 2 minutes"]
    assert report.calls < 900


def check_sound(reward, **kwargs):
    report = audit_reward(reward, **kwargs)
    assert bad(report) == [], report.findings
    assert report.status() == 0
    return report


def test_evidence_can_be_paid_again():
    """Prompt, response and truth of a finding are all that it takes."""
    module = load("faulty")
    for name in ("substring", "first_digit"):
        for found in audit_reward(f"faulty:{name}").findings:
            for one in found.evidence:
                columns = {"answer": [one.truth], "ground_truth": [one.truth]}
                (paid,) = getattr(module, name)(prompts=[one.prompt], completions=[one.response], **columns)
                assert f"{paid:.4g}" == one.paid, (name, found)


def test_a_sound_reward_passes():
    report = check_sound("sound:last_boxed")
    assert report.forms == ("\\boxed{}", "<think> and \\boxed{}")[::-1]
    assert (report.signature, report.chat, report.own_cases) == ("trl", False, False)
    assert report.undecided == [] and report.findings == []


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(FURTHER & set(SOUND)))
def test_further_sound_rewards_pass(name):
    check_sound(f"sound:{name}")


@pytest.mark.whole
@pytest.mark.parametrize("name", [name for name in SOUND if name not in {"last_boxed", *FURTHER}])
def test_each_sound_reward_passes(name):
    report = check_sound(f"sound:{name}")
    assert report.chat is (name == "tagged_value")
    assert report.signature == ("verl" if name.startswith("verl") else "trl")


@pytest.mark.whole
@pytest.mark.parametrize(
    ("reward", "kwargs"),
    [
        ("sound:countdown", {"cases": COUNTDOWN}),
        ("sound:unit_tests", {"cases": UNIT_TESTS}),
        ("sound:choice", {"cases": CHOICES}),
        ("sound:Verifier", {"kwargs": {"right": 0.5}}),
        ("rlsf_gym.domains.sentiment.vader.scorer:VaderScorer", {}),
    ],
)
def test_sound_rewards_with_cases_or_arguments_pass(reward, kwargs):
    check_sound(reward, **kwargs)


@pytest.mark.whole
@pytest.mark.parametrize(
    "name", ["Countdown", "CountdownToken", "SudokuText", "KnightsAndKnaves", "Sentiment"]
)
def test_environments_keep_their_promises(name):
    report = check_sound(f"rlsf_gym:rlsf_gym/{name}-v0", signature="environment")
    passed = {one.check for one in report.passed}
    assert {"causal", "conserving", "bounded", "not-repeatable", "other-process"} <= passed
    assert report.designs == ()


PUZZLES = [({"numbers": [2, 3, 7], "target": 13}, "2*3=6,6+7=13"), ({"numbers": [6, 7, 8], "target": 7}, "7")]
"""Instances, each with the answer that its user thinks right; the second one uses one number of three."""


@pytest.mark.whole
@pytest.mark.parametrize(
    ("puzzles", "found"),
    [
        (PUZZLES[:1], {}),
        (PUZZLES, {"ignores-answer": Severity.WARNING}),
        (PUZZLES[1:], {"ignores-answer": Severity.ERROR}),
    ],
)
def test_good_responses_that_an_environment_does_not_solve_are_told(puzzles, found):
    """The word of the user counts, not the verdict that is audited."""
    cases = [Case("?", good=(right,), bad=("1",), columns={"instance": data}) for data, right in puzzles]
    report = audit_reward("rlsf_gym:rlsf_gym/Countdown-v0", signature="environment", cases=cases)
    told = {one.check: one.severity for one in report.findings if one.check == "ignores-answer"}
    assert told == found


@pytest.mark.whole
def test_a_good_response_that_is_paid_like_a_wrong_one_is_told_beside_one_that_is_paid():
    good = ("2*3=6,6+7=13", "2 * 3 = 6")
    cases = [Case("?", good=good, bad=("1",), columns={"instance": PUZZLES[0][0]})]
    report = audit_reward("rlsf_gym:rlsf_gym/Countdown-v0", signature="environment", cases=cases)
    (found,) = (one for one in report.findings if one.check == "ignores-answer")
    assert (found.severity, found.count) == (Severity.WARNING, "1 of 2 responses")
    assert found.title == "some of your good responses are paid no more than wrong ones"
    assert found.evidence[0].response == "2 * 3 = 6"


@pytest.mark.whole
@pytest.mark.parametrize(
    ("design", "checks"),
    [
        ("uniform", {"causal"}),
        ("broadcast", {"causal", "conserving"}),
        ("seed_legacy", {"causal", "conserving", "grows-with-length"}),
    ],
)
def test_designs_without_a_property_are_seen_to_lack_it(design, checks):
    kwargs = {"reward_design": design}
    report = audit_reward("rlsf_gym:rlsf_gym/Sentiment-v0", signature="environment", kwargs=kwargs)
    assert checks <= set(bad(report)), report.findings


@pytest.mark.whole
def test_a_design_of_ones_own_is_held_to_what_it_declares(write):
    write(
        "import numpy as np\n"
        "from rlsf_gym.designs import Design\n"
        "def first(evidence, *, rng):\n"
        "    paid = np.zeros(len(evidence.mask))\n"
        "    paid[:1] = evidence.utility - evidence.prompt_utility\n"
        "    return paid\n"
        "FIRST = Design('first', first, causal=True, conserving=True, bounded=True)\n"
    )
    kwargs = {"reward_design": "mine:FIRST"}
    report = audit_reward("rlsf_gym:rlsf_gym/Sentiment-v0", signature="environment", kwargs=kwargs)
    (found,) = (one for one in report.findings if one.severity is Severity.ERROR)
    assert (found.check, found.title) == ("causal", "`first` pays a token otherwise when later ones change")


@pytest.mark.whole
def test_columns_that_lack_are_told():
    with pytest.raises(ValueError) as error:
        audit_reward("sound:countdown")
    assert "needs the column 'nums', which the bundled cases lack: give --cases" in str(error.value)
    with pytest.raises(ValueError) as error:
        audit_reward("sound:after_marker", cases=[Case("2 + 2?", good=("#### 4",), bad=("#### 5",))])
    assert "needs the column 'answer', which your cases lack: give --cases FILE.jsonl with a key " in str(
        error.value
    )


@pytest.mark.whole
def test_good_responses_that_are_not_paid_are_an_error():
    cases = [Case("2 + 2?", good=("It is four.",), bad=("It is five.",), truth="4")]
    report = audit_reward("faulty:tanh_of_length", cases=cases)
    found = {one.check: one for one in report.findings}
    assert found["ignores-answer"].severity is Severity.ERROR
    assert found["ignores-answer"].evidence[0].response == "It is four."


@pytest.mark.whole
def test_a_form_is_read_from_the_users_own_answers(write):
    write(
        "def mine(completions, answer, **kwargs):\n"
        "    return [float(text.split('~~')[-1] == truth) for text, truth in zip(completions, answer)]\n"
    )
    cases = [
        Case("2 + 2?", good=("I add.~~4",), truth="4"),
        Case("The capital of France?", good=("~~Paris",), truth="Paris"),
    ]
    report = audit_reward("mine:mine", cases=cases)
    assert report.forms[0] == "your good answer"
    assert "refuses-equivalent" in bad(report) and "answer-mentioned" not in bad(report)
