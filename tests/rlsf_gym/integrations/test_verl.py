"""verl: the whole row of token-level scores, through its reward manager and its agent loop."""

import asyncio
import pickle
from pathlib import Path

import numpy as np
import pytest

from rlsf_gym.integrations.environments import EnvironmentScorer
from rlsf_gym.integrations.group_advantages import token_rloo
from rlsf_gym.text.tokenizer import ByteTokenizer
from tests.helpers.recorded import ESTIMATORS, VERL, DataProto, Tensor, recorded

EXAMPLES = Path(__file__).parents[3] / "examples" / "integrations"
ENV_ID = "rlsf_gym:rlsf_gym/Countdown-v0"
TRUTHS = [{"numbers": np.array([2, 3, 7]), "target": 13}, {"numbers": np.array([6, 7, 8]), "target": 7}]
RESPONSES = [[*b"2*3=6,6+7=13", 256], [*b"6+9="]]
SCORER = EnvironmentScorer(ENV_ID, tokenizer="bytes", max_prompt_tokens=32, max_new_tokens=16)


def make_config(**reward_kwargs):
    return {
        "reward": {
            "reward_model": {"enable": False, "enable_resource_pool": False},
            "reward_kwargs": reward_kwargs or {"env_id": ENV_ID, "env_kwargs": {"max_prompt_tokens": 32}},
        },
        "trainer": {"use_v1": True},
        "actor_rollout_ref": {
            "rollout": {"response_length": 16, "agent": {"agent_loop_config_path": "verl_agent_loop.yaml"}}
        },
    }


def make_data():
    """Returns two rows as verl hands them over: prompts padded on the left, responses on the right."""
    width = max(map(len, RESPONSES))
    padded = [row + [0] * (width - len(row)) for row in RESPONSES]
    mask = [[0, 1, 1] + [1] * len(row) + [0] * (width - len(row)) for row in RESPONSES]
    return DataProto(
        {
            "prompts": Tensor([[0, 1, 2]] * 2),
            "responses": Tensor(padded),
            "attention_mask": Tensor(mask),
        },
        {"reward_model": np.array([{"style": "rule", "ground_truth": truth} for truth in TRUTHS])},
    )


def expected():
    instances = [{**truth, "numbers": truth["numbers"].tolist()} for truth in TRUTHS]
    return SCORER.score(RESPONSES, instances=instances)


@pytest.fixture
def verl():
    names = ("rlsf_gym.integrations.verl_loop", "rlsf_gym.integrations.verl")
    with recorded(VERL, *names) as (_, adapter):
        yield adapter


def score_all(manager, data):
    return [asyncio.run(manager.run_single(data[at : at + 1])) for at in range(2)]


def test_the_manager_scores_the_sampled_ids(verl):
    manager = verl.TokenRewards(make_config(), ByteTokenizer(), None, reward_router_address=None)
    results = score_all(manager, make_data())
    truth = expected()
    assert [result["reward_score"] for result in results] == truth.rewards.tolist()
    assert [list(result["reward_score"].token_rewards) for result in results] == truth.token_rewards
    told = [result["reward_extra_info"] for result in results]
    assert [one["acc"] for one in told] == [1.0, 0.0] == [one["solved"] for one in told]
    assert set(told[0]) == set(told[1]) and all(type(value) is float for value in told[0].values())


def test_a_batch_gets_its_rows(verl):
    manager = verl.TokenRewards(make_config(), ByteTokenizer())
    data = make_data()
    scores = [result["reward_score"] for result in score_all(manager, data)]
    rows = verl.TokenRewards.assemble_rm_scores(data, scores)
    assert rows.shape == (2, 13) and rows.dtype == np.float32
    assert rows[0].tolist() == expected().token_rewards[0]
    assert rows[1].tolist() == [*expected().token_rewards[1], *[0.0] * 9]
    assert np.count_nonzero(rows[0]) > 1


def test_the_length_that_verl_tells_is_taken(verl):
    manager = verl.TokenRewards(make_config(), ByteTokenizer())
    data = make_data()
    data.non_tensor_batch["response_len"] = np.array([1, 1])
    (result, _) = score_all(manager, data)
    assert len(result["reward_score"].token_rewards) == 1


def test_a_scorer_that_was_made_is_found_by_its_place(verl):
    manager = verl.TokenRewards(make_config(scorer=f"{__name__}:SCORER"), object())
    assert score_all(manager, make_data())[0]["reward_score"] == expected().rewards[0]


def test_the_manager_without_the_loop_is_refused(verl):
    manager = verl.TokenRewards(make_config(), ByteTokenizer())
    data = make_data()
    data.non_tensor_batch["tool_extra_fields"] = np.array([{"turn_scores": []}] * 2, dtype=object)
    with pytest.raises(
        ValueError, match=r"responses must be sampled by TokenRewardLoop, got those of another"
    ):
        score_all(manager, data)
    output = asyncio.run(verl.TokenRewardLoop().run({}, sampled=RESPONSES[0]))
    data.non_tensor_batch["tool_extra_fields"] = np.array([output.extra_fields] * 2, dtype=object)
    assert score_all(manager, data)[0]["reward_score"] == expected().rewards[0]


def test_importing_the_manager_registers_the_estimator_of_groups(verl):
    assert ESTIMATORS["token_rloo"] is token_rloo


def test_an_empty_response(verl):
    manager = verl.TokenRewards(make_config(), ByteTokenizer())
    data = make_data()
    data.non_tensor_batch["response_len"] = np.array([0, 0])
    (score, _) = (result["reward_score"] for result in score_all(manager, data))
    assert (score, score.token_rewards) == (0.0, ())


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("reward.reward_model.enable", True, "reward.reward_model.enable must be false, got true"),
        (
            "trainer.use_v1",
            False,
            "trainer.use_v1 must be true, got false: the older trainer keeps only the sum",
        ),
        (
            "actor_rollout_ref.rollout.agent.agent_loop_config_path",
            None,
            r"agent_loop_config_path must be a file with TokenRewardLoop .*got null",
        ),
        ("reward.reward_kwargs", None, r"reward.reward_kwargs must have env_id or scorer, got {}"),
        ("reward.reward_kwargs", {"env_id": ENV_ID, "scorer": "a:b"}, "must have env_id or scorer"),
    ],
)
def test_a_configuration_that_would_drop_the_vector_is_refused(verl, path, value, said):
    config = make_config()
    *inner, last = path.split(".")
    place = config
    for key in inner:
        place = place[key]
    place[last] = value
    with pytest.raises(ValueError, match=said):
        verl.TokenRewards(config, ByteTokenizer())


def test_text_as_ground_truth_is_a_prompt(verl):
    kwargs = {"env_id": "rlsf_gym:rlsf_gym/Sentiment-v0", "env_kwargs": {"tokenizer": "bytes"}}
    manager = verl.TokenRewards(make_config(**kwargs), object())
    data = make_data()
    data.batch["responses"] = Tensor([[*b" good", *[0] * 8]] * 2)
    data.batch["attention_mask"] = Tensor([[0, 1, 1] + [1] * 5 + [0] * 8] * 2)
    data.non_tensor_batch["reward_model"] = np.array([{"ground_truth": "The film was"}] * 2)
    assert score_all(manager, data)[0]["reward_score"] == pytest.approx(0.4404, abs=1e-4)


def compose_example():
    """Returns the configuration that verl makes of the example."""
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(EXAMPLES), version_base=None):
        return compose("verl_countdown")


@pytest.fixture(scope="module")
def wheel():
    """Returns the configuration of verl's trainer."""
    pytest.importorskip("verl", reason="needs the package verl, which is in no extra")
    return compose_example()


def real_data():
    """Returns `make_data` as a DataProto of tensors."""
    import torch
    from verl import DataProto as Real

    data = make_data()
    tensors = {key: torch.from_numpy(np.asarray(array)) for key, array in data.batch.items()}
    return Real.from_dict(tensors=tensors, non_tensors=data.non_tensor_batch)


@pytest.mark.adapters
@pytest.mark.filterwarnings("ignore")  # those of verl's own imports
def test_the_example_selects_the_manager_and_the_loop(wheel):
    from hydra.utils import get_class
    from omegaconf import OmegaConf
    from verl.trainer.ppo.reward import load_reward_manager, resolve_reward_manager_cls

    from rlsf_gym.integrations import verl as adapter

    assert resolve_reward_manager_cls(wheel) is adapter.TokenRewards
    manager = load_reward_manager(wheel, ByteTokenizer())
    manager.loop.close()
    assert isinstance(manager, adapter.TokenRewards)
    agent = wheel.actor_rollout_ref.rollout.agent
    (loop,) = OmegaConf.load(EXAMPLES.parents[1] / agent.agent_loop_config_path)
    assert loop.name == agent.default_agent_loop and get_class(loop["_target_"]) is adapter.TokenRewardLoop
    assert (wheel.trainer.use_v1, wheel.reward.reward_model.enable) == (True, False)


@pytest.mark.adapters
@pytest.mark.filterwarnings("ignore")  # those of verl's own imports
def test_verls_reward_loop_gets_the_whole_row(wheel):
    import torch
    from verl.experimental.reward_loop.reward_loop import RewardLoopWorker
    from verl.trainer.ppo.core_algos import get_adv_estimator_fn
    from verl.trainer.ppo.reward import load_reward_manager

    worker = RewardLoopWorker.__new__(RewardLoopWorker)  # its own way to a tokenizer needs a model's folder
    worker.config, worker.reward_manager = wheel, load_reward_manager(wheel, ByteTokenizer())
    data = real_data()
    results = asyncio.run(worker.compute_score_batch(data))
    worker.reward_manager.loop.close()
    scores = [result["reward_score"] for result in results]
    assert scores == expected().rewards.tolist()
    rows = type(worker.reward_manager).assemble_rm_scores(data, scores)
    assert rows.dtype == torch.float32 and rows.shape == data.batch["responses"].shape
    assert rows[0].tolist() == expected().token_rewards[0]
    assert rows[1, :4].tolist() == expected().token_rewards[1] and not rows[1, 4:].any()

    mask = data.batch["attention_mask"][:, 3:].float()
    estimate = get_adv_estimator_fn(wheel.algorithm.adv_estimator)
    advantages, returns = estimate(token_level_rewards=rows, response_mask=mask, config=wheel.algorithm)
    to_go = [sum(expected().token_rewards[0][at:]) for at in range(13)]
    np.testing.assert_allclose(returns[0].numpy(), to_go, rtol=1e-5, atol=1e-6)
    assert len(set(advantages[0].tolist())) > 2


@pytest.mark.adapters
@pytest.mark.filterwarnings("ignore")  # those of verl's own imports
def test_verls_agent_loop_hands_the_vector_on(wheel, monkeypatch):
    import torch
    from verl.experimental.agent_loop.agent_loop import AgentLoopMetrics, AgentLoopOutput
    from verl.experimental.agent_loop.single_turn_agent_loop import SingleTurnAgentLoop

    from rlsf_gym.integrations import verl as adapter

    async def run(self, sampling_params, **kwargs):
        ids = RESPONSES[0]
        return AgentLoopOutput(
            prompt_ids=[1, 2],
            response_ids=ids,
            response_mask=[1] * len(ids),
            metrics=AgentLoopMetrics(),
            extra_fields={"turn_scores": []},
        )

    monkeypatch.setattr(SingleTurnAgentLoop, "run", run)
    loop = adapter.TokenRewardLoop.__new__(adapter.TokenRewardLoop)  # what samples for it needs a GPU
    output = asyncio.run(loop.run({}))
    plain = asyncio.run(run(None, {}))
    assert isinstance(output, AgentLoopOutput) and output.model_fields_set == plain.model_fields_set
    score = adapter.TokenScore(expected().rewards[0], expected().token_rewards[0])
    output.reward_score = plain.reward_score = pickle.loads(pickle.dumps(score))  # as Ray hands it over
    fields, flat = output.as_dict(), plain.as_dict()
    assert fields["rm_scores"].dtype == torch.float32
    assert fields["rm_scores"].tolist() == expected().token_rewards[0]
    assert flat["rm_scores"].tolist() == [*[0.0] * 12, pytest.approx(expected().rewards[0])]
    assert set(fields) == set(flat)
