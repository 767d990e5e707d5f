"""Instances reach the scorer, the checker and the infos, in every form of the environments."""

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym import ResponseEnv, ResponseVectorEnv
from rlsf_gym.checker import CHECKERS
from rlsf_gym.instance import Instance, as_instances, copy_data
from tests.helpers.digits import Targets, make_digits, prove

ID = "rlsf_gym:rlsf_gym/Sentiment-v0"
TEXT, TOKEN = "rlsf_gym:rlsf_gym/SentimentText-v0", "rlsf_gym:rlsf_gym/SentimentToken-v0"
PARTS = {"domain": make_digits()}


def test_a_drawn_instance_is_in_the_info_and_scores_the_response():
    env = gym.make(ID, **PARTS, verify=True)
    _, opening = env.reset(seed=1)
    target = opening["instance"]["target"]
    assert opening["prompt"] == f"{target}=" and opening["prompt_id"] in range(5)
    info = env.step(list(str(target).encode()))[4]
    assert info["score"] == info["reward_digit"] == 1.0
    assert info["certificate"][0]["amount"] == 1.0


@pytest.mark.parametrize("design", ["potential", "shapley", "rule_certificate", "leave_one_out", "terminal"])
def test_designs_pay_the_digit_that_adds_up(design):
    env = gym.make(ID, **PARTS, reward_design=design, verify=True)
    env.reset(options={"instance": {"target": 5}})
    paid = env.step(list(b"3+2"))[4]["token_rewards"]
    # 3/5 and 2/5 in any order, the sign nothing; without one of the two the other's is missed.
    expected = [0, 0, 1, 0] if design == "terminal" else [0.6, 0, 0.4, 0]
    assert paid == pytest.approx(expected, abs=1e-6)


def test_a_value_of_a_prefix_is_another_function_than_the_verdict():
    env = gym.make(ID, **PARTS, scorer="verdict")
    env.reset(options={"instance": {"target": 5}})
    # 1/6 to 4/6, then 1, of which nobody knows yet that it is the end; the end says that it is right.
    ids = [*b"32", env.unwrapped.tokenizer.eos_token_id]
    assert env.step(ids)[4]["token_rewards"] == pytest.approx([1 / 2, 1 / 3, 0.0, 0.0], abs=1e-6)
    env.reset(options={"instance": {"target": 5}})
    ids = [*b"3", env.unwrapped.tokenizer.eos_token_id]
    assert env.step(ids)[4]["token_rewards"] == pytest.approx([1 / 2, -2 / 3, 0.0, 0.0], abs=1e-6)


@pytest.mark.parametrize("scorer", ["digits", "verdict"])
def test_tokens_are_paid_what_the_whole_response_is(scorer):
    single, stepwise = gym.make(ID, **PARTS, scorer=scorer), gym.make(TOKEN, **PARTS, scorer=scorer)
    eos = single.unwrapped.tokenizer.eos_token_id
    for ids in ([*b"32", eos], [*b"9999"], [eos], [*b"1+", eos]):
        single.reset(options={"instance": {"target": 5}})
        stepwise.reset(options={"instance": {"target": 5}})
        expected = single.step(ids)[4]["token_rewards"][: len(ids)]
        assert [stepwise.step(token)[1] for token in ids] == pytest.approx(expected.tolist(), abs=1e-6)


def test_vectors_give_each_its_own_instance():
    env = gym.make_vec(ID, num_envs=2, autoreset_mode="Disabled", **PARTS)
    _, infos = env.reset(options={"instances": [{"target": 3}, {"target": 9}]})
    assert infos["instance"]["target"].tolist() == [3, 9]
    assert env.step([list(b"3"), list(b"3")])[1].tolist() == pytest.approx([1.0, 1 / 3], abs=1e-6)
    _, infos = env.reset(options={"instance": {"target": 2}})
    assert infos["prompt"].tolist() == ["2=", "2="]
    _, infos = env.reset(seed=3, options={"instances": [None, {"target": 9}]})
    assert infos["prompt_id"][1] == -1 and infos["prompt_id"][0] >= 0


def test_the_text_form_takes_them_too():
    env = gym.make(TEXT, **PARTS)
    assert env.reset(options={"instance": {"target": 7}})[0] == "7="
    assert env.step("7")[1] == pytest.approx(1.0)


def test_a_split_has_its_own_instances():
    drawn = set()
    env = gym.make(ID, **PARTS, split="eval")
    for seed in range(20):
        drawn.add(env.reset(seed=seed)[1]["instance"]["target"])
    assert drawn <= {2, 4, 6, 8} and len(drawn) > 1


def test_infos_of_plain_text_hold_no_instance():
    assert "instance" not in gym.make(ID).reset(seed=0)[1]


def test_an_instance_is_handed_out_as_a_copy():
    env = gym.make(ID, **PARTS)
    _, opening = env.reset(options={"instance": {"target": 5}})
    opening["instance"]["target"] = 1
    assert env.step(list(b"5"))[1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (gym.make, {"prompt": "5="}, "options must be among 'instance', got 'prompt'"),
        (gym.make, {"instance": "5="}, r"options\['instance'\] must be a dict, got '5='"),
        (
            gym.make,
            {"instance": {"target": 50}},
            r"^options\['instance'\] must be data of an instance of domain 'digits': "
            "target must be from 1 to 9, got {'target': 50}$",
        ),
        (gym.make, {"instance": {"target": {1}}}, "data of an instance must be what JSON can write"),
        (
            gym.make_vec,
            {"prompts": ["5="]},
            "must be among 'instance', 'instances', 'reset_mask', got 'prompts'",
        ),
        (
            gym.make_vec,
            {"instance": [{"target": 5}]},
            "must be one for all environments, got a list: give it as 'instances'",
        ),
        (gym.make_vec, {"instances": []}, r"options\['instances'\] must be a list of 1 dicts, got \[\]"),
    ],
)
def test_options_that_do_not_fit_are_refused(make, options, message):
    with pytest.raises(ValueError, match=message):
        make(ID, **PARTS).reset(options=options)


def test_plain_text_takes_no_instance():
    with pytest.raises(ValueError, match="options must be among 'prompt', got 'instance'"):
        gym.make(ID).reset(options={"instance": {"target": 5}})
    with pytest.raises(
        ValueError, match="prompts must be left out: domain 'digits' makes its prompts, say which"
    ):
        gym.make(ID, **PARTS, prompts=["5="])


def test_a_checker_is_given_the_instance(monkeypatch):
    seen = []

    def spy(certificate, instance, prompt, response):
        seen.append(instance)
        return prove(certificate, instance, prompt, response)

    env = gym.make(ID, **PARTS, verify=True)
    monkeypatch.setitem(CHECKERS, "digits", spy)
    env.reset(options={"instance": {"target": 5}})
    env.step(list(b"5"))
    assert {instance.data["target"] for instance in seen} == {5}


def test_data_of_instances_is_plain():
    assert as_instances(["a", Instance("b", 1, {"x": 1})]) == [Instance("a"), Instance("b", 1, {"x": 1})]
    data = {"numbers": [1, 2], "deep": {"a": None}}
    copy = copy_data(data)
    copy["numbers"].append(3)
    assert data == {"numbers": [1, 2], "deep": {"a": None}}
    for wrong in ({"x": (1, 2)}, {1: 2}, {"x": np.float32(1)}, {"x": float("nan")}, [1]):
        with pytest.raises(ValueError, match="data of an instance must"):
            copy_data(wrong)


class Source(Targets):
    """Makes and draws something of one's own."""

    def __init__(self, made):
        self.made = made

    def sample(self, rng):
        return self.made

    def make(self, data):
        return self.made


@pytest.mark.parametrize("made", [None, {"target": 3}, ("3=", 0, {"target": 3}), Instance("3=", 0)])
def test_a_source_of_something_else_is_refused(made):
    with pytest.raises(ValueError, match=r"(sample of instances|data of an instance) must"):
        ResponseEnv(domain=make_digits(instances=lambda split: Source(made)))
    task = ResponseEnv(domain=make_digits()).task
    task.instances = Source(made)
    with pytest.raises(ValueError, match=r"(make of instances|data of an instance) must"):
        task.make_instance({"target": 3}, "instance")


@pytest.mark.parametrize("source", [object(), Targets])
def test_what_is_no_source_is_refused(source):
    with pytest.raises(ValueError, match="instances of domain 'digits' must return an object with the"):
        ResponseEnv(domain=make_digits(instances=lambda split: source))


@pytest.mark.parametrize("split", ["test", None, 5])
def test_a_domain_is_asked_for_known_splits_alone(split):
    with pytest.raises(ValueError, match="split must be one of train, eval, all, got"):
        ResponseEnv(domain=make_digits(), split=split)


@pytest.mark.parametrize("rows", [5, None, "ab", {"target": 3}])
def test_instances_of_a_vector_are_a_list(rows):
    with pytest.raises(ValueError, match=r"options\['instances'\] must be a list of 2 dicts, got"):
        ResponseVectorEnv(2, domain=make_digits()).reset(options={"instances": rows})


@pytest.mark.parametrize("options", [5, [], "instance"])
def test_options_are_a_dict(options):
    for env in (ResponseEnv(domain=make_digits()), ResponseVectorEnv(2, domain=make_digits())):
        with pytest.raises(ValueError, match="options must be a dict or None, got"):
            env.reset(options=options)


@pytest.mark.parametrize("key", ["domain", "scorer", "objective", "reward_design", "prompts"])
@pytest.mark.parametrize("value", [5, [("a", 1)], {1: 2}])
def test_arguments_of_arguments_are_dicts(key, value):
    with pytest.raises(ValueError, match=f"{key}_kwargs must be a dict of arguments by name, got"):
        ResponseEnv(**{f"{key}_kwargs": value})
