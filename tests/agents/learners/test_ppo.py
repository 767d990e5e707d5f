"""agents/learners/ppo.py: the learner as a whole, on a toy environment."""

from __future__ import annotations

import copy
import json

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode

from agents import TokenPPO, TokenPPOConfig
from agents.learners.metrics import critic_metrics
from agents.maths.tensors import Batch
from agents.policies.policy import CausalLMPolicy

V, P, T, END, WANTED = 12, 5, 6, 11, 3
QUICK = {"batch_size": 16, "minibatch_size": 8, "num_ppo_epochs": 2, "learning_rate": 1e-3}


class Record:
    """A callback that keeps what it is told."""

    def __init__(self):
        self.metrics, self.timings, self.episodes = [], [], []

    def on_iteration(self, metrics, timings, episodes):
        self.metrics.append(dict(metrics))
        self.timings.append(dict(timings))
        self.episodes.append(list(episodes))


@pytest.fixture
def make_agent(make_toy, make_policy):
    def make(*, env=None, policy=None, callbacks=(), reference=None, **settings):
        config = TokenPPOConfig(**{**QUICK, **settings})
        env = make_toy(num_envs=config.batch_size) if env is None else env
        policy = make_policy() if policy is None else policy
        return TokenPPO(policy, env, config, callbacks=callbacks, reference=reference)

    return make


def parameters(agent):
    return [p.detach().clone() for p in agent.policy.parameters()]


def assert_same(a, b):
    assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_settings_in_a_dict_are_refused_by_name(make_toy, make_policy):
    with pytest.raises(
        ValueError, match=r"^config: expected a TokenPPOConfig, got a dict; give TokenPPOConfig\("
    ):
        TokenPPO(make_policy(), make_toy(num_envs=16), QUICK)


def test_the_toy_task_is_learned_in_seconds(make_agent, make_toy, make_policy):
    record = Record()
    agent = make_agent(
        env=make_toy(num_envs=64), policy=make_policy(scale=1.0), callbacks=[record], batch_size=64,
        minibatch_size=32, num_ppo_epochs=4, learning_rate=3e-3, kl_coef=0.0,
    )  # fmt: skip
    agent.learn(64 * 15)
    scores = [row["objective/scores"] for row in record.metrics]
    assert scores[0] < 1.0
    assert np.mean(scores[-3:]) > 5.0  # of at most 6
    assert record.metrics[-1]["val/explained_variance"] > 0.0


@pytest.mark.parametrize("mode", [AutoresetMode.SAME_STEP, AutoresetMode.DISABLED])
def test_before_the_first_step_ratios_are_one_and_nothing_has_diverged(make_agent, make_toy, mode):
    record = Record()
    agent = make_agent(env=make_toy(num_envs=16, autoreset_mode=mode), callbacks=[record])
    agent.learn(16)
    first = record.metrics[0]
    assert first["policy/ratio_error"] < 1e-4
    assert first["policy/ratio"] == pytest.approx(1.0, abs=1e-4)
    assert abs(first["objective/kl"]) < 1e-4
    assert first["objective/rlhf_reward"] == pytest.approx(first["objective/scores"], abs=1e-4)
    assert first["policy/rescored"] == 0.0


def test_the_reference_stays_and_divergence_is_never_negative(make_agent):
    record = Record()
    agent = make_agent(callbacks=[record])
    before = [p.clone() for p in agent.reference.parameters()]
    agent.learn(16 * 5)
    assert_same(before, agent.reference.parameters())
    assert [row["objective/kl"] > 0.0 for row in record.metrics[1:]] == [True] * 4


def test_what_was_earned_is_explained_without_the_critics_own_values():
    mask = torch.ones(2, 2, dtype=torch.bool)
    values, rewards = torch.tensor([[2.0, 1.0], [0.0, 0.0]]), torch.tensor([[1.0, 1.0], [0.0, 2.0]])
    tokens = torch.zeros(2, 3, dtype=torch.int64)
    batch = Batch(tokens, tokens.bool(), mask, values, values, values, rewards, values, returns=values)
    found = critic_metrics(batch, gamma=1.0)
    # Targets that are its own values are explained whole. What was earned from each token on is 2, 1, 2, 2,
    # of variance 3/16; it lacks 0, 0, 2, 2, of variance 1.
    assert found["val/explained_variance"] == 1.0
    assert found["val/explained_variance_of_returns"] == pytest.approx(1 - 16 / 3)
    # Discounted away, what is left is 1, 1, 0, 2, of variance 1/2; it lacks -1, 0, 0, 2, of variance 19/16.
    assert critic_metrics(batch, gamma=0.0)["val/explained_variance_of_returns"] == pytest.approx(-1.375)


def test_metrics_are_those_of_the_glossary(make_agent):
    record = Record()
    make_agent(callbacks=[record]).learn(32)
    expected = {
        "iteration", "episodes", "lr", "kl_coef",
        "objective/scores", "objective/score_median", "objective/score_min", "objective/score_max",
        "objective/rlhf_reward", "objective/kl", "objective/entropy", "objective/length",
        "policy/approxkl", "policy/clipfrac", "policy/ratio", "policy/ratio_error", "policy/rescored",
        "policy/ratio_mean", "policy/ratio_spread",
        "policy/grad_norm", "policy/steps", "loss/policy", "loss/value", "val/explained_variance",
        "val/explained_variance_of_returns", "env/score",
        *(f"{key}_q{q}" for key in ("objective/kl", "val/explained_variance") for q in (1, 2, 3, 4)),
    }  # fmt: skip
    assert set(record.metrics[0]) == expected
    assert all(type(value) is float for value in record.metrics[0].values())
    assert [row["iteration"] for row in record.metrics] == [1.0, 2.0]
    assert [row["episodes"] for row in record.metrics] == [16.0, 32.0]
    assert record.metrics[0]["policy/steps"] == 4.0
    phases = {"generate", "score_env", "score_reference", "update"}
    rates = {"tokens_per_second", "generated_per_second"}
    assert set(record.timings[0]) == phases | rates | {"seconds", "peak_memory_mb"}
    assert sum(record.timings[0][phase] for phase in phases) <= record.timings[0]["seconds"]
    tokens = 16 * record.metrics[0]["objective/length"]
    assert record.timings[0]["tokens_per_second"] == pytest.approx(tokens / record.timings[0]["seconds"])
    scores = [info["score"] for info in record.episodes[0]]
    assert record.metrics[0]["env/score"] == pytest.approx(np.mean(scores))
    rewards = [info["reward"] for info in record.episodes[0]]
    assert record.metrics[0]["objective/scores"] == pytest.approx(np.mean(rewards), abs=1e-6)
    assert record.metrics[0]["objective/score_max"] == pytest.approx(max(rewards), abs=1e-6)


def test_prompts_are_a_function_of_the_counters(make_agent, make_toy):
    env, again = make_toy(num_envs=16), make_toy(num_envs=16)
    make_agent(env=env).learn(48)
    make_agent(env=again, learning_rate=1e-5).learn(48)
    assert env.seeds == again.seeds
    assert len(set(env.seeds[1:])) == 3
    other = make_toy(num_envs=16)
    make_agent(env=other, seed=1).learn(48)
    assert not set(other.seeds) & set(env.seeds)


def test_a_batch_may_take_several_rounds(make_agent, make_toy):
    record, env = Record(), make_toy(num_envs=4)
    make_agent(env=env, callbacks=[record]).learn(16)
    assert len(record.episodes[0]) == 16
    assert len(set(env.seeds[1:])) == 4


def test_equal_seeds_give_equal_runs_and_others_do_not(make_agent):
    records = [Record() for _ in range(3)]
    agents = [make_agent(callbacks=[r], seed=s) for r, s in zip(records, (0, 0, 1), strict=True)]
    for agent in agents:
        agent.learn(48)
    assert json.dumps(records[0].metrics) == json.dumps(records[1].metrics)
    assert_same(parameters(agents[0]), parameters(agents[1]))
    assert json.dumps(records[0].metrics) != json.dumps(records[2].metrics)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"kl_controller": "adaptive", "critic_warmup_iterations": 1, "response_length": (2, 5)},
        {"critic_warmup_iterations": 1, "critic_learning_rate": 1e-2},
    ],
)
def test_a_resumed_run_goes_on_to_the_bit(make_agent, make_toy, tmp_path, settings):
    whole = Record()
    uninterrupted = make_agent(callbacks=[whole], **settings).learn(16 * 5)
    first, second = Record(), Record()
    agent = make_agent(callbacks=[first], **settings)

    class Stop:
        def on_iteration(self, metrics, timings, episodes):
            if metrics["iteration"] == 2.0:
                agent.save(tmp_path / "checkpoint")
                raise KeyboardInterrupt

    agent.callbacks.append(Stop())
    with pytest.raises(KeyboardInterrupt):
        agent.learn(16 * 5)
    resumed = TokenPPO.load(tmp_path / "checkpoint", make_toy(num_envs=16), callbacks=[second])
    assert (resumed.iteration, resumed.episodes, resumed.config) == (2, 32, agent.config)
    resumed.learn(16 * 5)
    assert json.dumps(first.metrics + second.metrics) == json.dumps(whole.metrics)
    assert_same(parameters(uninterrupted), parameters(resumed))
    assert_same(uninterrupted.reference.parameters(), resumed.reference.parameters())


def test_learning_on_from_a_finished_run_does_nothing_more(make_agent):
    agent = make_agent().learn(32)
    before = parameters(agent)
    assert_same(before, parameters(agent.learn(20)))
    assert agent.iteration == 2


def test_episodes_are_rounded_up_to_iterations(make_agent):
    assert make_agent().learn(17).episodes == 32
    with pytest.raises(ValueError, match="total_episodes: expected a number >= 1, got 0"):
        make_agent().learn(0)


def test_a_second_checkpoint_links_the_reference(make_agent, tmp_path):
    agent, path = make_agent().learn(16), tmp_path / "checkpoint"
    agent.save(path)
    inode = (path / "reference" / "model.safetensors").stat().st_ino
    policy_inode = (path / "policy" / "model.safetensors").stat().st_ino
    agent.learn(32).save(path)
    assert (path / "reference" / "model.safetensors").stat().st_ino == inode
    assert (path / "policy" / "model.safetensors").stat().st_ino != policy_inode


def test_a_checkpoint_for_another_vocabulary_is_refused(make_agent, make_toy, tmp_path):
    make_agent().save(tmp_path / "checkpoint")
    env = make_toy(num_envs=16)
    env.single_action_space = gym.spaces.MultiDiscrete([8] * T)
    with pytest.raises(ValueError, match="env: expected V = 12, that of the checkpoint, got 7"):
        TokenPPO.load(tmp_path / "checkpoint", env)


def test_a_checkpoint_from_before_learners_had_names_is_refused(make_agent, make_toy, tmp_path):
    path = tmp_path / "checkpoint"
    make_agent(lr_schedule="constant").learn(16).save(path)
    whole = json.loads((path / "learner.json").read_text())
    for name in ("learner", "score_scale"):
        del whole["record"][name]
    (path / "learner.json").write_text(json.dumps({**whole, "format": 1}))
    with pytest.raises(ValueError, match="expected format 2, got 1; read it with the version that wrote it"):
        TokenPPO.load(path, make_toy(num_envs=16))


def test_critic_warm_up_leaves_the_policy_alone(make_agent):
    agent = make_agent(critic_warmup_iterations=2)
    trunk = [p.clone() for p in agent.policy.backbone.parameters()]
    agent.learn(16 * 2)
    assert_same(trunk, agent.policy.backbone.parameters())
    assert agent.policy.value_head.weight.abs().sum() > 0
    agent.learn(16 * 3)
    assert any(not torch.equal(a, b) for a, b in zip(trunk, agent.policy.backbone.parameters(), strict=True))


def test_the_value_head_may_have_a_rate_of_its_own(make_agent):
    """Adam's first step is the rate in each parameter, whatever its gradient; both rates fall together."""
    rates = {"learning_rate": 1e-3, "critic_learning_rate": 1e-2, "lr_schedule": "linear", "adam_eps": 1e-12}
    agent = make_agent(minibatch_size=16, num_ppo_epochs=1, max_grad_norm=1e9, **rates)
    head, trunk = agent.policy.value_head, agent.policy.backbone.model.transformer.ln_f.bias
    before = trunk.detach().clone()
    agent.learn(16)
    torch.testing.assert_close(head.weight.abs(), torch.full_like(head.weight, 1e-2), atol=0, rtol=1e-3)
    moved = (trunk - before).abs()
    torch.testing.assert_close(moved, torch.full_like(moved, 1e-3), atol=1e-7, rtol=1e-2)
    agent.learn(32)  # the second of two iterations has half of each rate
    assert [group["lr"] for group in agent.optimizer.param_groups] == [5e-4, pytest.approx(5e-3)]


def test_a_rate_of_the_value_head_equal_to_that_of_the_policy_changes_nothing(make_agent):
    plain, same = make_agent().learn(48), make_agent(critic_learning_rate=1e-3).learn(48)
    assert_same(parameters(plain), parameters(same))
    other = make_agent(critic_learning_rate=1e-2).learn(48)
    assert not torch.equal(other.policy.value_head.weight, plain.policy.value_head.weight)


def test_a_user_can_freeze_part_of_the_model(make_agent, make_policy):
    policy = make_policy()
    embeddings = policy.backbone.model.transformer.wpe.weight.requires_grad_(False)
    before = embeddings.clone()
    make_agent(policy=policy, critic_warmup_iterations=1).learn(32)
    assert torch.equal(embeddings, before)
    assert not embeddings.requires_grad


def test_stale_logprobs_are_computed_again(make_agent, monkeypatch):
    """A generation that reports other log-probs than scoring, as reduced precision would."""
    record, agent = Record(), make_agent()
    honest = agent.policy.generate

    def generate(*args, **kwargs):
        made = honest(*args, **kwargs)
        return made._replace(logprobs=(made.logprobs - 0.01) * made.response_mask)

    monkeypatch.setattr(agent.policy, "generate", generate)
    agent.callbacks.append(record)
    agent.learn(16)
    assert record.metrics[0]["policy/rescored"] == 1.0
    assert record.metrics[0]["policy/ratio_error"] < 1e-4


def test_the_response_length_bounds_responses(make_agent, make_toy):
    record = Record()
    env = make_toy(num_envs=16)
    make_agent(env=env, callbacks=[record], response_length=(1, 3)).learn(64)
    lengths = {int((info["response_mask"]).sum()) for infos in record.episodes for info in infos}
    assert lengths == {1, 2, 3}
    with pytest.raises(ValueError, match=r"response_length: expected at most the environment's T = 6, got 7"):
        make_agent(response_length=7)


def test_the_adaptive_price_moves(make_agent):
    record = Record()
    make_agent(callbacks=[record], kl_controller="adaptive", kl_horizon=100).learn(32)
    # far below the target of 6 nats the error is cut off at -0.2: 0.03 * (1 - 0.2 * 16 / 100)
    assert record.metrics[1]["kl_coef"] == pytest.approx(0.03 * (1 - 0.2 * 0.16))


def test_the_missing_end_can_be_charged(make_agent):
    free, charged = Record(), Record()
    make_agent(callbacks=[free], response_length=1).learn(16)
    make_agent(callbacks=[charged], response_length=1, missing_eos_penalty=2.0).learn(16)
    a, b = free.metrics[0], charged.metrics[0]
    assert a["objective/scores"] == b["objective/scores"]
    ends = sum(info["reward"] == 0.25 for info in charged.episodes[0])
    assert a["objective/rlhf_reward"] - b["objective/rlhf_reward"] == pytest.approx(
        2.0 * (16 - ends) / 16, abs=1e-5
    )


def test_an_update_ends_when_it_has_moved_too_far(make_agent):
    record = Record()
    make_agent(callbacks=[record], max_approxkl=1e-9, num_ppo_epochs=5).learn(16)
    assert record.metrics[0]["policy/steps"] < 10


def test_predict_is_in_the_manner_of_sb3(make_agent, make_toy):
    agent = make_agent()
    obs, _ = make_toy(num_envs=3).reset(seed=0)
    actions, state = agent.predict(obs, deterministic=True)
    assert state is None
    assert actions.dtype == np.int64
    assert agent.env.single_action_space.contains(actions[0])
    assert actions.shape == (3, T)
    single, _ = agent.predict({key: value[1] for key, value in obs.items()}, deterministic=True)
    assert single.tolist() == actions[1].tolist()
    sampled = {tuple(agent.predict(obs)[0][0]) for _ in range(5)}
    assert len(sampled) > 1


def test_predicting_leaves_learning_alone(make_agent, make_toy):
    records = [Record(), Record()]
    agents = [make_agent(callbacks=[record]) for record in records]
    agents[0].predict(make_toy(num_envs=3).reset(seed=0)[0])
    for agent in agents:
        agent.learn(32)
    assert records[0].metrics == records[1].metrics


def test_global_generators_are_left_alone(make_agent):
    agent = make_agent()
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    agent.learn(16)
    assert torch.equal(before, torch.get_rng_state())
    assert np.array_equal(numpy_before, np.random.get_state()[1])


def test_a_loss_that_is_not_a_number_stops_before_the_step(make_agent):
    agent = make_agent()
    with torch.no_grad():
        agent.policy.value_head.bias.fill_(float("nan"))
    before = [p.clone() for p in agent.policy.backbone.parameters()]
    with pytest.raises(
        FloatingPointError,
        match="iteration 1: loss is not finite, no step was taken: loss/policy nan, loss/value nan",
    ):
        agent.learn(16)
    assert_same(before, agent.policy.backbone.parameters())


def test_a_learner_that_failed_half_way_is_not_saved(make_agent, tmp_path):
    agent = make_agent()
    agent.learn(16)
    agent.policy.value_head.bias.register_hook(lambda gradient: gradient * float("nan"))
    with pytest.raises(FloatingPointError, match="iteration 2: norm of the gradients"):
        agent.learn(32)
    assert not agent.is_whole
    with pytest.raises(ValueError, match="update 2 failed half-way: load a checkpoint"):
        agent.save(tmp_path / "checkpoint")
    assert not (tmp_path / "checkpoint").exists()


def test_an_environment_that_fails_costs_nothing(make_agent, monkeypatch):
    agent, undisturbed = make_agent(), make_agent()
    agent.learn(16)
    step = agent.env.step

    def fail(actions):
        raise KeyError("gone")

    monkeypatch.setattr(agent.env, "step", fail)
    with pytest.raises(KeyError, match="gone"):
        agent.learn(32)
    assert agent.is_whole
    assert agent.iteration == 1
    monkeypatch.setattr(agent.env, "step", step)
    agent.learn(32)
    undisturbed.learn(32)
    assert_same(undisturbed.policy.parameters(), agent.policy.parameters())


def test_environments_can_be_made_from_an_id(make_toy, make_policy):
    gym.register("Toy-v0", vector_entry_point=make_toy)
    try:
        agent = TokenPPO(
            make_policy(), "Toy-v0", TokenPPOConfig(**QUICK), env_kwargs={"autoreset_mode": "Disabled"}
        )
        assert agent.env.num_envs == 16
        agent.learn(16)
    finally:
        del gym.registry["Toy-v0"]
    with pytest.raises(ValueError, match=r"env_kwargs: expected none .*, got \['a'\]"):
        TokenPPO(make_policy(), make_toy(), env_kwargs={"a": 1})


def test_what_does_not_go_together_is_refused(make_agent, make_toy, make_policy):
    with pytest.raises(
        ValueError, match=r"batch_size: expected a multiple of the environment's num_envs = 5, got 16"
    ):
        make_agent(env=make_toy(num_envs=5))
    with pytest.raises(ValueError, match=r"at least V = 12 logits, got 10"):
        make_agent(policy=make_policy(vocab_size=10))


def test_a_policy_may_be_given_as_a_folder(make_policy, make_toy, tmp_path):
    make_policy(model_vocab=V + 4).save_pretrained(tmp_path)
    agent = TokenPPO(tmp_path, make_toy(num_envs=16), TokenPPOConfig(**QUICK))
    assert isinstance(agent.policy, CausalLMPolicy)
    assert agent.policy.vocab_size == V


def test_a_given_reference_is_used(make_agent, make_policy):
    record, reference = Record(), make_policy(seed=1)
    make_agent(callbacks=[record], reference=copy.deepcopy(reference)).learn(16)
    assert record.metrics[0]["objective/kl"] > 0.1
