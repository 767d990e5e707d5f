"""The explorer in domains of instances: puzzles given, typed or drawn, and what is proved of an answer."""

import json

import pytest

from rlsf_gym import ResponseEnv
from rlsf_gym.domains import DOMAINS, load_domain
from rlsf_gym.explorer.feedback import Explorer
from rlsf_gym.explorer.question import Question
from rlsf_gym.render.verdict import find_values
from tests.helpers.digits import make_digits
from tests.helpers.sums import EXAMPLES, SUMS, make_sums

END = 256  # the end token of bytes


@pytest.fixture(scope="module")
def explorer():
    return Explorer(domain=SUMS)


def ask(explorer, response="4361", target=9, **question):
    plain = {"instance": json.dumps({"target": target}), "response": response, "designs": []}
    return explorer.answer_plain({**plain, **question})


@pytest.mark.parametrize("design", ["terminal", "potential", "uniform", "shuffled", "leave_one_out"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.name)
def test_the_answer_is_the_environments_info(explorer, design, example):
    """The end token follows the answer, as a policy ends it."""
    action = [*example.response.encode(), END]
    env = ResponseEnv(domain=SUMS, reward_design=design, max_new_tokens=len(action))
    env.reset(seed=0, options={"instance": example.instance})
    _, reward, _, _, info = env.step(action)
    answer = ask(explorer, example.response, **example.instance, designs=[design])
    told = answer["designs"][design]
    assert answer["ids"] == action
    assert told["rewards"] == info["token_rewards"].tolist()
    assert (told["total"], answer["score"]) == (reward, info["score"])
    assert json.loads(answer["instance"]) == example.instance
    assert [record["word"] for record in answer["records"]] == [one["word"] for one in info["certificate"]]


def test_a_lost_answer_by_hand(explorer):
    """4 and 3 leave 2 of 9; 6 is too much, whatever follows."""
    answer = ask(explorer, "4361")
    assert answer["solved"] is False
    assert answer["prompt_score"] == 0.5**9
    assert answer["running"] == [0.5**5, 0.5**2, 0, 0, 0]
    assert [token["mark"] for token in answer["tokens"]] == ["core", "core", "fatal", "", ""]
    assert [token["completion"] for token in answer["tokens"]] == ["311", "11", None, None, None]
    assert answer["verdict"] == {
        "status": "dead",
        "reason": "target",
        "because": "4+3+6 is 13, more than 9",
        "fatal": [4, 5],
        "lost": "6",
        "core": [[2, 3], [3, 4], [4, 5]],
        "kept": "43",
        "rest": "11",
    }
    assert answer["rules"] == {"progress": 0.5**2 - 0.5**9, "target": -(0.5**2)}


def test_a_right_and_an_unfinished_answer_by_hand(explorer):
    right, unfinished = ask(explorer, "45"), ask(explorer, "2", 3, designs=["potential"])
    assert (right["solved"], right["verdict"]["status"], right["verdict"]["because"]) == (True, "solved", "")
    assert [token["completion"] for token in right["tokens"]] == ["5", "", ""]
    assert [token["mark"] for token in right["tokens"]] == ["", "", ""]
    assert (unfinished["solved"], unfinished["verdict"]["status"]) == (False, "unfinished")
    assert [token["mark"] for token in unfinished["tokens"]] == ["", "end"]
    assert (unfinished["verdict"]["kept"], unfinished["verdict"]["rest"]) == ("2", "1")
    # What the end changes is paid at the end: 1/8 before the answer, 1/2 behind "2", nothing in the end.
    assert unfinished["designs"]["potential"]["rewards"] == [0.375, -0.5]


def test_a_seed_draws_what_the_environment_draws(explorer):
    for seed in range(5):
        info = ResponseEnv(domain=SUMS, split="all").reset(seed=seed)[1]
        answer = ask(explorer, "", instance="", seed=seed)
        assert json.loads(answer["instance"]) == info["instance"]
        assert answer["prompt"][0]["text"] == info["prompt"]


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"instance": "{"}, "instance must be an object in JSON, got '{': Expecting property name"),
        ({"instance": "[" * 9_999}, "instance must be an object in JSON: it is nested too deeply"),
        ({"instance": "[1]"}, "instance must be an object in JSON, got [1]"),
        ({"instance": '{"target": 1' + "0" * 5_000 + "}"}, "instance must be an object in JSON, got "),
        ({"instance": '{"target": NaN}'}, "must be what JSON can write"),
        ({"instance": '{"target": 10}'}, "target must be from 1 to 9, got {'target': 10}"),
        ({"instance": '{"target": 1, "_x": 1}'}, "keys must not begin with '_'"),
        ({"instance": {"target": 1}}, "instance must be a string, got {'target': 1}"),
        ({"seed": -1}, "seed must be a whole number from 0 to 4294967295, got -1"),
        ({"seed": 1.5}, "seed must be a whole number from 0"),
        ({"seed": None}, "seed must be a whole number from 0"),
        ({"seed": True}, "seed must be a whole number from 0"),
        ({"prompt": "9="}, "prompt must be left out: it follows from the instance, got '9='"),
        ({"scorer": "vader"}, "scorer must be one of sums, got 'vader'"),
        ({"response": "\ud800"}, "response: text must not hold lone surrogates"),
        ({"response": "1" * 5_121}, "response must have at most 5,120 tokens, got 5,121: shorten it"),
    ],
)
def test_what_is_typed_wrong_is_said_in_one_line(explorer, question, message):
    with pytest.raises(ValueError) as caught:
        ask(explorer, **question)
    assert message in str(caught.value)
    assert len(" ".join(str(caught.value).split())) < 400


def test_a_domain_of_texts_takes_no_instance():
    with pytest.raises(ValueError, match=r"^instance must be left out: the domain has prompts, got '\{\}'$"):
        Explorer().answer(Question(instance="{}"))


def test_only_what_means_something_is_offered(explorer):
    options = explorer.options()
    assert (options["objectives"], options["boundaries"], options["prompts"]) == ([], [], [])
    assert [scorer["name"] for scorer in options["scorers"]] == ["sums"]
    assert (options["labels"]["unit"], options["labels"]["instance"]) == ("digit", "puzzle")
    assert [json.loads(one["instance"]) for one in options["examples"]] == [one.instance for one in EXAMPLES]
    assert "vader" not in json.dumps(options)
    assert set(options["scorers"][0]["refused"]) >= {"attention", "gradient", "lexicon"}
    assert "potential" not in options["scorers"][0]["refused"]


def test_a_domain_whose_scores_are_no_verdicts_has_objectives():
    explorer = Explorer(domain=make_digits())
    options = explorer.options()
    assert "negative" in options["objectives"]
    assert (options["boundaries"], options["examples"]) == ([], [])
    assert options["labels"] == {"unit": "unit", "amount": "amount", "instance": "instance"}
    question = explorer.opening
    assert (question.prompt, question.response, question.instance, question.seed) == ("", "", "", 0)
    answer = explorer.answer(question)
    assert "verdict" not in answer and "solved" not in answer
    assert "mark" not in answer["tokens"][0]


def test_a_page_opens_with_the_first_example(explorer):
    assert (explorer.opening.response, explorer.opening.instance) == ("4361", '{"target": 9}')
    assert explorer.opening.boundary == "open"  # the domain's own
    first = load_domain().samples.examples[0]
    assert Question.opening(load_domain(), [first]) == Question(first.prompt, first.response)


def test_examples_that_are_none_under_the_domains_arguments_are_left_out():
    examples = (EXAMPLES[0]._replace(instance={"target": 10}), EXAMPLES[1])
    explorer = Explorer(domain=make_sums(samples=SUMS.samples._replace(examples=examples)))
    assert [one["name"] for one in explorer.options()["examples"]] == ["Right"]
    assert explorer.opening.response == "45"
    none = Explorer(domain=make_sums(samples=SUMS.samples._replace(examples=examples[:1])))
    assert (none.opening.instance, none.opening.response) == ("", "")
    assert none.answer(none.opening)["verdict"]["status"] == "unfinished"


def test_a_page_opens_with_designs_that_its_scorer_can_serve(explorer):
    """One that needs cores is not among them: the scorer offers none."""
    assert explorer.opening.designs == ("terminal", "potential", "first_error")
    assert Question.opening(SUMS, ()).designs == ("terminal", "potential", "first_error", "unsat_core")
    assert "offers 'core'" in explorer.options()["scorers"][0]["refused"]["unsat_core"]


@pytest.mark.parametrize("name", [name for name in DOMAINS if name != "sentiment"])
def test_every_example_of_every_domain_is_answered(name):
    """Each is solved, or says why it is not, with the token that lost it."""
    try:
        explorer = Explorer(domain=load_domain(name))
    except ImportError as error:
        pytest.skip(str(error))
    examples = load_domain(name).samples.examples
    assert [one["name"] for one in explorer.options()["examples"]] == [one.name for one in examples]
    for one in examples:
        question = {"instance": json.dumps(one.instance), "response": one.response, "designs": ["potential"]}
        answer = explorer.answer_plain(question)
        assert "error" not in answer["designs"]["potential"]
        verdict, marks = answer["verdict"], [token["mark"] for token in answer["tokens"]]
        assert answer["solved"] == (verdict["status"] == "solved") == (verdict["because"] == "")
        assert marks.count("fatal") == (verdict["status"] == "dead")
        assert marks.count("end") == (verdict["status"] == "unfinished")
        values = find_values(
            [{**record, "status": "added"} for record in answer["records"]],
            [token["parts"][-1]["end"] for token in answer["tokens"]],
            answer["score"],
        )
        assert values == pytest.approx(answer["running"], abs=1e-12)


def test_nothing_of_a_payload_acts_on_the_page(monkeypatch):
    told = {"because": "\u202eup", "reason": "\x1b[31m", "witness": "4\u2028", "fatal": None}
    from tests.helpers import sums

    real = sums.tell
    monkeypatch.setattr(sums, "tell", lambda *given: {**real(*given), **told})
    verdict = ask(Explorer(domain=SUMS), "4")["verdict"]
    assert verdict["because"] == "\u2039U+202E\u203aup"
    assert verdict["reason"] == "\u241b[31m"
    assert verdict["rest"] == "\u2039U+2028\u203a"
