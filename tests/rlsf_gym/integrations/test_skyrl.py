"""SkyRL: an environment of one response, and lists of token rewards in what its generator returns."""

import asyncio
import json

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.integrations.environments import EnvironmentScorer
from rlsf_gym.integrations.group_advantages import token_rloo
from tests.helpers.byte_level import byte_level
from tests.helpers.estimators import estimators_of_the_page
from tests.helpers.recorded import SKYRL, recorded
from tests.helpers.sampled import BEYOND, ENV_ID, SAMPLED, TASK, TOKENIZER, leave_one_out, pay, to_go

TEXT, IDS = "rlsf_gym:rlsf_gym/CountdownText-v0", "rlsf_gym:rlsf_gym/Countdown-v0"
BYTES = {"tokenizer": "bytes", "max_prompt_tokens": 32, "max_new_tokens": 16}
ROWS = [
    {"reward_spec": {"method": "rule", "ground_truth": {"numbers": [2, 3, 7], "target": 13}}},
    {"reward_spec": {"method": "rule", "ground_truth": {"numbers": [6, 7, 8], "target": 7}}},
]
PROMPT = [{"role": "user", "content": "2 3 7 -> 13: "}]
RIGHT = "2*3=6,6+7=13"


def make_output(ids):
    """Returns what SkyRL's generator returns: the reward at the last token."""
    return {
        "prompt_token_ids": [[1]] * len(ids),
        "response_ids": ids,
        "rewards": [[0.0] * (len(row) - 1) + [1.0] for row in ids],
        "loss_masks": [[1] * len(row) for row in ids],
        "stop_reasons": ["stop"] * len(ids),
        "is_last_step": None,
    }


def play(response):
    """Returns reward and info of the first row's episode in Gymnasium."""
    env = gym.make(TEXT, max_new_tokens=32)
    env.reset(options={"instance": ROWS[0]["reward_spec"]["ground_truth"]})
    _, reward, _, _, info = env.step(response)
    return reward, info


@pytest.fixture
def skyrl():
    with recorded(SKYRL, "rlsf_gym.integrations.skyrl") as (adapter,):
        yield adapter


@pytest.fixture(scope="module")
def scorer():
    return EnvironmentScorer(IDS, **BYTES)


def test_a_response_is_one_turn(skyrl):
    env = skyrl.ResponseTextEnv(TEXT, {"max_new_tokens": 32}, env_config={}, extras=ROWS[0])
    prompt, opening = env.init(PROMPT)
    assert prompt == PROMPT and opening["instance"] == {"numbers": [2, 3, 7], "target": 13}
    turn = env.step(RIGHT)
    reward, info = play(RIGHT)
    assert (turn["observations"], turn["reward"], turn["done"]) == ([], reward, True)
    assert turn["metadata"]["certificate"] == info["certificate"]
    assert "token_rewards" not in turn["metadata"]  # they would belong to text that was tokenised again
    assert env.get_metrics()["solved"] == 1.0 and env.get_metrics()["utility"] == info["utility"]
    env.close()


def test_ids_are_refused_where_there_is_only_text(skyrl):
    with pytest.raises(
        ValueError, match=r"env_id must be an environment whose actions are texts, got .*no token"
    ):
        skyrl.ResponseTextEnv(IDS, BYTES, extras=ROWS[0])


def test_a_row_says_what_it_is_about(skyrl):
    with pytest.raises(
        ValueError, match=r"extras must have reward_spec\['ground_truth'\], got the keys data"
    ):
        skyrl.ResponseTextEnv(TEXT, extras={"data": 1})


def test_prompts_of_plain_text(skyrl):
    env = skyrl.ResponseTextEnv(
        "rlsf_gym:rlsf_gym/SentimentText-v0", extras={"reward_spec": {"ground_truth": "The film was"}}
    )
    env.init([{"role": "user", "content": "The film was"}])
    assert env.step(" good")["reward"] == pytest.approx(0.4404, abs=1e-4)


def test_each_sampled_id_gets_its_reward(skyrl, scorer):
    ids = [[*RIGHT.encode(), 256], [*b"6+9="]]
    output = make_output(ids)
    filled = skyrl.fill_token_rewards(output, ROWS, scorer)
    assert [len(rewards) for rewards in filled["rewards"]] == [13, 4]
    expected = scorer.score(ids, instances=[row["reward_spec"]["ground_truth"] for row in ROWS])
    assert filled["rewards"] == expected.token_rewards
    assert sum(reward != 0 for reward in filled["rewards"][0]) > 1
    assert {key: one for key, one in filled.items() if key != "rewards"} == {
        key: one for key, one in output.items() if key != "rewards"
    }
    assert output["rewards"][0][-1] == 1.0  # the generator's own output is left as it was


@pytest.mark.parametrize(
    ("changed", "rows", "said"),
    [
        ({"is_last_step": [True, True]}, ROWS, "set generator.step_wise_trajectories=false"),
        ({"loss_masks": [[0, 1], [1]]}, ROWS, "sampled in one piece, got loss_masks with 0 before 1: leave"),
        ({"loss_masks": [[1], [1, 0, 0, 1, 1]]}, ROWS, "got loss_masks with 0 before 1"),
        ({}, ROWS[:1], "env_extras must be one row for each of 2 responses, got 1"),
        (
            {"response_ids": [RIGHT, "6"]},
            ROWS,
            "response_ids must be the token ids that were sampled, got text",
        ),
        (
            {},
            [ROWS[0], {"reward_spec": {"ground_truth": "text"}}],
            "env_extras must all have data of instances",
        ),
    ],
)
def test_what_does_not_fit_is_refused(skyrl, scorer, changed, rows, said):
    output = {**make_output([[65], [66]]), **changed}
    with pytest.raises(ValueError, match=said):
        skyrl.fill_token_rewards(output, rows, scorer)


@pytest.mark.parametrize("mask", [[1] * 12 + [0], [0] * 13])
def test_what_skyrl_masks_behind_a_response_or_as_a_whole_is_taken(skyrl, scorer, mask):
    ids = [[*RIGHT.encode(), 256]]
    filled = skyrl.fill_token_rewards({**make_output(ids), "loss_masks": [mask]}, ROWS[:1], scorer)
    assert filled["rewards"] == skyrl.fill_token_rewards(make_output(ids), ROWS[:1], scorer)["rewards"]
    assert filled["loss_masks"] == [mask] and any(filled["rewards"][0])


def test_an_instance_may_be_the_json_of_it(skyrl, scorer):
    rows = [{"reward_spec": {"ground_truth": json.dumps(row["reward_spec"]["ground_truth"])}} for row in ROWS]
    output = make_output([[*RIGHT.encode(), 256], [*b"6+9="]])
    assert (
        skyrl.fill_token_rewards(output, rows, scorer)["rewards"]
        == skyrl.fill_token_rewards(output, ROWS, scorer)["rewards"]
    )


def test_an_empty_batch(skyrl, scorer):
    assert skyrl.fill_token_rewards(make_output([]), [], scorer)["rewards"] == []


@pytest.mark.adapters
def test_skyrl_gym_makes_the_environment():
    skyrl_gym = pytest.importorskip("skyrl_gym", reason="needs the package skyrl-gym, which is in no extra")
    from skyrl_gym.envs.base_text_env import BaseTextEnv

    from rlsf_gym.integrations.skyrl import ResponseTextEnv

    skyrl_gym.register(
        id="rlsf_countdown",
        entry_point="rlsf_gym.integrations.skyrl:ResponseTextEnv",
        kwargs={"env_id": TEXT, "env_kwargs": {"max_new_tokens": 32}},
    )
    env = skyrl_gym.make("rlsf_countdown", env_config={}, extras=ROWS[0])
    assert isinstance(env, ResponseTextEnv) and isinstance(env, BaseTextEnv)
    prompt, _ = env.init(PROMPT)
    turn = env.step(RIGHT)
    assert (prompt, turn["observations"], turn["done"]) == (PROMPT, [], True)
    assert turn["reward"] == play(RIGHT)[0] > 0
    means = ResponseTextEnv.aggregate_metrics([env.get_metrics(), {**env.get_metrics(), "solved": 0.0}])
    assert means["solved"] == 0.5


@pytest.mark.adapters
def test_skyrls_trainer_takes_the_lists(scorer):
    pytest.importorskip("skyrl", reason="needs the package skyrl, which is in no extra")
    from skyrl.train.dataset import preprocess as skyrl
    from skyrl.train.generators.base import GeneratorOutput

    from rlsf_gym.integrations.skyrl import fill_token_rewards

    ids = [[*RIGHT.encode(), 256], [*b"6+9="]]
    filled = fill_token_rewards(make_output(ids), ROWS, scorer)
    assert set(filled) <= set(GeneratorOutput.__annotations__)
    names = ("prompt_token_ids", "response_ids", "rewards", "loss_masks")
    _, _, response_mask, rewards, *_ = skyrl.convert_prompts_responses_to_batch_tensors(
        0, *(filled[name] for name in names)
    )
    for row, mask, earned in zip(rewards, response_mask, filled["rewards"], strict=True):
        assert row[mask.bool()].tolist() == earned
        assert not row[~mask.bool()].any()


@pytest.fixture
def algorithms():
    """Returns SkyRL's estimators, `token_rloo` registered among them."""
    pytest.importorskip("skyrl", reason="needs the package skyrl, which is in no extra")
    from skyrl.backends.skyrl_train.utils import ppo_utils as algorithms

    registry = algorithms.AdvantageEstimatorRegistry
    algorithms.repopulate_all_registries()
    if "token_rloo" not in registry.list_available():
        registry.register("token_rloo", token_rloo)
    return algorithms


def train(algorithms, estimator, sampled):
    """Returns advantages and returns as SkyRL's trainer makes them of `fill_token_rewards`, row by row."""
    from skyrl.train.dataset.preprocess import convert_prompts_responses_to_batch_tensors
    from skyrl.train.utils.trainer_utils import validate_generator_output

    from rlsf_gym.integrations.skyrl import fill_token_rewards

    rows = [{"reward_spec": {"ground_truth": one.prompt}} for one in sampled]
    output = {**make_output([one.ids for one in sampled]), "rollout_logprobs": None, "trajectory_ids": None}
    output["prompt_token_ids"] = [[7] * (1 + at % 3) for at in range(len(sampled))]  # padded to one length
    with pytest.warns(UserWarning, match="got 1000"):
        filled = fill_token_rewards(output, rows, EnvironmentScorer(ENV_ID, tokenizer=TOKENIZER, **TASK))
    validate_generator_output(len(sampled), filled)
    assert filled["rewards"] == [pay(one) for one in sampled]
    names = ("prompt_token_ids", "response_ids", "rewards", "loss_masks")
    _, _, mask, rewards, *_ = convert_prompts_responses_to_batch_tensors(0, *(filled[name] for name in names))
    tensors = algorithms.compute_advantages_and_returns(
        token_level_rewards=rewards,
        response_mask=mask,
        index=[one.group for one in sampled],
        adv_estimator=estimator,
        config=None,
        values=rewards * 0,
    )
    for tensor in tensors:
        assert not tensor[~mask.bool()].any() or estimator in ("gae", "reinforce++")  # masked in the loss
    return [[row[real.bool()].tolist() for row, real in zip(one, mask, strict=True)] for one in tensors]


@pytest.mark.adapters
@pytest.mark.parametrize("sampled", [SAMPLED, SAMPLED[::-1]])
@pytest.mark.parametrize("estimator", ["gae", "reinforce++", "token_rloo"])
def test_each_token_keeps_its_reward_in_skyrls_advantages(algorithms, estimator, sampled):
    advantages, returns = train(algorithms, estimator, sampled)
    rewards = [pay(one) for one in sampled]
    for row, own in zip(returns, map(to_go, rewards), strict=True):
        np.testing.assert_allclose(row, own, atol=1e-6)
    expected = leave_one_out(rewards, [one.group for one in sampled])
    if estimator != "token_rloo":
        flat = np.concatenate([to_go(row) for row in rewards])
        expected = [(np.array(to_go(row)) - flat.mean()) / flat.std() for row in rewards]
    for row, own in zip(advantages, expected, strict=True):
        np.testing.assert_allclose(row, own, atol=2e-2 if estimator != "token_rloo" else 1e-6)


@pytest.mark.adapters
@pytest.mark.parametrize("estimator", ["grpo", "rloo", "maxrl"])
def test_the_estimators_that_add_a_row_up(algorithms, estimator):
    advantages, _ = train(algorithms, estimator, SAMPLED)
    assert all(len(set(row)) == 1 for row in advantages)


@pytest.mark.adapters
def test_the_estimators_are_those_of_the_page(algorithms):
    kept, added = estimators_of_the_page("skyrl 0.4.0")
    assert (kept, added) == ({"gae", "reinforce++", "token_rloo"}, {"grpo", "rloo", "maxrl"})
    assert set(algorithms.AdvantageEstimatorRegistry.list_available()) == kept | added


class Engine:
    """An engine that serves no model: it samples what it was told for each trajectory."""

    def __init__(self, responses):
        self.responses = {f"{at}_0": list(ids) for at, ids in enumerate(responses)}

    async def generate(self, engine_input, model=None):
        ids = self.responses[engine_input["session_ids"][0]]
        return {"responses": [TOKENIZER.decode(ids)], "response_ids": [ids], "stop_reasons": ["stop"]}

    async def finish_session(self, session_id):
        pass


@pytest.mark.adapters
@pytest.mark.parametrize("phase", ["train", "eval"])
def test_skyrls_generator_of_the_page_keeps_what_was_sampled(phase):
    pytest.importorskip("skyrl", reason="needs the package skyrl, which is in no extra")
    import skyrl_gym
    from skyrl.train.config import GeneratorConfig, SkyRLGymConfig
    from skyrl.train.generators.base import BatchMetadata, TrajectoryID
    from skyrl.train.generators.skyrl_gym_generator import SkyRLGymGenerator
    from transformers import PreTrainedTokenizerFast

    from rlsf_gym.integrations.skyrl import fill_token_rewards

    scorer = EnvironmentScorer(ENV_ID, tokenizer=TOKENIZER, **TASK)

    class TokenRewardGenerator(SkyRLGymGenerator):
        async def generate(self, input_batch, disable_tqdm=False):
            output = await super().generate(input_batch, disable_tqdm)
            if input_batch["batch_metadata"].training_phase == "eval":
                return output
            return fill_token_rewards(output, input_batch["env_extras"], scorer)

    if "rlsf_sentiment" not in skyrl_gym.envs.registration.registry:
        skyrl_gym.register(
            id="rlsf_sentiment",
            entry_point="rlsf_gym.integrations.skyrl:ResponseTextEnv",
            kwargs={"env_id": "rlsf_gym:rlsf_gym/SentimentText-v0"},
        )
    template = "{% for one in messages %}{{ one['content'] }}{{ eos_token }}{% endfor %}"
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=byte_level(), eos_token="<|im_end|>", chat_template=template
    )
    sampled = [one for one in SAMPLED if BEYOND not in one.ids]
    generator = TokenRewardGenerator(
        GeneratorConfig(max_input_length=64), SkyRLGymConfig(), Engine(one.ids for one in sampled), tokenizer
    )
    batch = {
        "prompts": [[{"role": "user", "content": one.prompt}] for one in sampled],
        "env_classes": ["rlsf_sentiment"] * len(sampled),
        "env_extras": [{"reward_spec": {"ground_truth": one.prompt}} for one in sampled],
        "trajectory_ids": [TrajectoryID(str(at), 0) for at in range(len(sampled))],
        "batch_metadata": BatchMetadata(global_step=0, training_phase=phase),
    }
    output = asyncio.run(generator.generate(batch, disable_tqdm=True))
    assert output["response_ids"] == [one.ids for one in sampled]
    if phase == "train":
        assert output["rewards"] == [pay(one) for one in sampled]
    else:  # the sum at the last token, where SkyRL's pass@n looks
        assert [row[-1] for row in output["rewards"]] == [sum(row) for row in output["rewards"]]
