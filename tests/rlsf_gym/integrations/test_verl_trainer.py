"""verl's own trainer, from what its agent loop samples to the advantages that its loss is given."""

import asyncio
import pickle
import types

import numpy as np
import pytest

from tests.helpers.byte_level import Fast, byte_level
from tests.helpers.estimators import estimators_of_the_page
from tests.helpers.sampled import ENV_ID, SAMPLED, TASK, leave_one_out, pay, to_go

pytestmark = [pytest.mark.adapters, pytest.mark.filterwarnings("ignore")]  # those of verl's own imports

KEEP_THE_TOKENS = {
    "gae",
    "reinforce_plus_plus",
    "remax",
    "optimal_token_baseline",
    "tir_optimal_token_baseline",
    "token_rloo",
}
AS_SAMPLED = range(len(SAMPLED))
HANDED_OVER = {"gae", "reinforce_plus_plus", "token_rloo"}  # with what the trainer of 0.9.1 gives them


class Queue:
    """verl's transfer queue as a dict of rows."""

    def __init__(self):
        self.rows = {}

    async def async_kv_batch_put(self, *, keys, fields, tags, partition_id):
        self.kv_batch_put(keys=keys, partition_id=partition_id, fields=fields)

    def kv_batch_put(self, *, keys, partition_id, fields):
        for at, key in enumerate(keys):
            row = {name: fields[name][at] for name in fields.keys()}  # noqa: SIM118 - no mapping
            self.rows.setdefault(key, {}).update(
                {name: getattr(one, "data", one) for name, one in row.items()}
            )

    def kv_batch_get(self, *, keys, partition_id, select_fields):
        from verl.utils.tensordict_utils import list_of_dict_to_tensordict

        names = [name for name in select_fields if name in self.rows[keys[0]]]
        return list_of_dict_to_tensordict([{name: self.rows[key][name] for name in names} for key in keys])


@pytest.fixture
def wheel(monkeypatch):
    """Returns verl's configuration, agent worker, trainer and queue, with the adapter's manager."""
    pytest.importorskip("verl", reason="needs the package verl, which is in no extra")
    pytest.importorskip(
        "transfer_queue", reason="needs the package TransferQueue, which comes with verl[vllm]"
    )
    from verl.experimental.agent_loop.agent_loop import AgentLoopMetrics, AgentLoopOutput
    from verl.experimental.agent_loop.single_turn_agent_loop import SingleTurnAgentLoop
    from verl.trainer.ppo.reward import load_reward_manager
    from verl.trainer.ppo.v1 import agent_loop_tq, get_trainer_cls, trainer_base

    from rlsf_gym.integrations.verl import TokenRewardLoop
    from tests.rlsf_gym.integrations.test_verl import compose_example

    queue = Queue()
    monkeypatch.setattr(agent_loop_tq, "tq", queue)
    monkeypatch.setattr(trainer_base, "tq", queue)
    config = compose_example()
    config.reward.reward_kwargs = {"env_id": ENV_ID, "env_kwargs": TASK}
    manager = load_reward_manager(config, Fast(byte_level(), "<|im_end|>"))
    manager.loop.close()

    async def ask(data):
        return pickle.loads(pickle.dumps(await manager.run_single(pickle.loads(pickle.dumps(data)))))

    worker_class = agent_loop_tq.AgentLoopWorkerTQ.__ray_metadata__.modified_class
    worker = worker_class.__new__(worker_class)
    worker.processor, worker.mm_processor_kwargs, worker.distillation_enabled = None, {}, False
    handle = types.SimpleNamespace(compute_score=types.SimpleNamespace(remote=ask))
    worker.reward_loop_worker_handles = [handle]

    async def run(self, sampling_params, **kwargs):
        ids = list(kwargs["sampled"])
        fields = {"prompt_ids": [1, 2], "response_ids": ids, "response_mask": [1] * len(ids)}
        return AgentLoopOutput(**fields, metrics=AgentLoopMetrics(), extra_fields={"turn_scores": []})

    monkeypatch.setattr(SingleTurnAgentLoop, "run", run)  # what samples for it needs a GPU
    loops = {"token_rewards": TokenRewardLoop, "single_turn_agent": SingleTurnAgentLoop}

    async def sample(one, session, name="token_rewards"):
        loop = loops[name].__new__(loops[name])
        output = await loop.run({}, sampled=one.ids)
        row = {"reward_model": {"ground_truth": one.prompt}, "uid": one.group, "session_id": session}
        await worker._agent_loop_postprocess(output, False, **row, global_steps=0, raw_prompt=[])

    trainer_class = get_trainer_cls(config.trainer.v1.trainer_mode)
    trainer = trainer_class.__new__(trainer_class)
    trainer.config = config
    return types.SimpleNamespace(queue=queue, sample=sample, trainer=trainer, config=config)


def advantages(wheel, estimator, order=AS_SAMPLED):
    """Returns what the trainer writes for each response: token-level scores, advantages, returns."""
    from transfer_queue import KVBatchMeta

    for session, one in enumerate(SAMPLED):
        asyncio.run(wheel.sample(one, session))
    keys = [f"{SAMPLED[at].group}_{at}_0" for at in order]
    for key in keys:
        wheel.queue.rows[key]["values"] = wheel.queue.rows[key]["rm_scores"] * 0
    wheel.config.algorithm.adv_estimator = estimator
    wheel.trainer._compute_advantage(KVBatchMeta(keys=keys, partition_id="train", tags=[{}] * len(keys)), {})
    rows = [wheel.queue.rows[f"{one.group}_{at}_0"] for at, one in enumerate(SAMPLED)]
    return [[row[name].tolist() for row in rows] for name in ("rm_scores", "advantages", "returns")]


def test_each_token_has_its_own_reward_and_nothing_else_has_any(wheel):
    scores, _, _ = advantages(wheel, "reinforce_plus_plus")
    assert scores == [pay(one) for one in SAMPLED]
    assert sum(np.count_nonzero(row) for row in scores) > len(SAMPLED)


@pytest.mark.parametrize("order", [AS_SAMPLED, AS_SAMPLED[::-1]])
def test_returns_to_go_reach_the_loss(wheel, order):
    _, whitened, returns = advantages(wheel, "reinforce_plus_plus", order)
    expected = [to_go(pay(one)) for one in SAMPLED]
    flat = np.concatenate(expected)
    for row, white, own in zip(returns, whitened, expected, strict=True):
        np.testing.assert_allclose(row, own, atol=1e-6)
        np.testing.assert_allclose(white, (own - flat.mean()) / flat.std(ddof=1), atol=1e-3)


def test_a_critic_learns_from_each_token(wheel):
    _, whitened, returns = advantages(wheel, "gae")
    expected = [to_go(pay(one)) for one in SAMPLED]
    for row, own in zip(returns, expected, strict=True):
        np.testing.assert_allclose(row, own, atol=1e-6)
    assert len(set(whitened[5])) > 2


@pytest.mark.parametrize("order", [AS_SAMPLED, AS_SAMPLED[::-1]])
def test_groups_keep_their_tokens(wheel, order):
    _, given, returns = advantages(wheel, "token_rloo", order)
    rewards = [pay(one) for one in SAMPLED]
    for row, own in zip(returns, map(to_go, rewards), strict=True):
        np.testing.assert_allclose(row, own, atol=1e-6)
    for row, own in zip(given, leave_one_out(rewards, [one.group for one in SAMPLED]), strict=True):
        np.testing.assert_allclose(row, own, atol=1e-6)


def test_a_loop_that_would_drop_the_vector_is_refused(wheel):
    with pytest.raises(
        ValueError, match=r"responses must be sampled by TokenRewardLoop, .* agent_name out of"
    ):
        asyncio.run(wheel.sample(SAMPLED[0], 0, "single_turn_agent"))


def test_the_estimators_that_keep_the_tokens():
    """Two rows whose sums are the same wherever the rewards lie: do the advantages tell where they lay?"""
    pytest.importorskip("verl", reason="needs the package verl, which is in no extra")
    import torch
    from verl.trainer.ppo import core_algos as core

    import rlsf_gym.integrations.verl  # noqa: F401 - registers token_rloo

    mask, early = torch.ones(2, 3), torch.tensor([[1.0, 0.0, 0.0], [0.0, -0.5, 0.0]])
    late = torch.stack([early[0].flip(0), early[1].roll(1)])
    given = {
        "response_mask": mask,
        "index": np.array(["a", "a"], dtype=object),
        "values": mask * 0,
        "gamma": 1.0,
        "lam": 1.0,
        "reward_baselines": torch.zeros(2),
        "old_log_probs": mask * -1.0,
        "sum_pi_squared": mask * 0.5,
    }
    tell = set()
    for name, estimate in core.ADV_ESTIMATOR_REGISTRY.items():
        names = estimate.__code__.co_varnames[: estimate.__code__.co_argcount]
        kwargs = {key: value for key, value in given.items() if key in names or name == "token_rloo"}
        if "config" in names:
            kwargs["config"] = {} if name == "grpo_passk" else types.SimpleNamespace(gamma=1.0)
        if name == "gdpo":
            del kwargs["config"]
        first, second = (estimate(token_level_rewards=rows.clone(), **kwargs)[0] for rows in (early, late))
        if not torch.allclose(first, second):
            tell.add(name)
    assert tell == KEEP_THE_TOKENS
    kept, added = estimators_of_the_page("verl 0.9.1")
    assert (kept, added) == (HANDED_OVER, set(core.ADV_ESTIMATOR_REGISTRY) - tell)


def test_the_trainer_hands_over_what_these_estimators_take(wheel):
    kept = {}
    for name in sorted(KEEP_THE_TOKENS):
        try:
            advantages(wheel, name)
        except (AssertionError, TypeError) as error:  # a greedy response's reward, the policy's probabilities
            kept[name] = str(error)
    assert set(kept) == KEEP_THE_TOKENS - HANDED_OVER
