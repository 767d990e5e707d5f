"""The border between the two packages, and the names that scripts outside rely on."""

import json
import subprocess
import sys
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

DESIGNS = (
    *("terminal", "uniform", "potential", "broadcast", "seed_legacy", "shuffled", "mixed", "attention"),
    *(
        "quantised_potential",
        "rule_certificate",
        "shapley",
        "leave_one_out",
        "gradient",
        "lexicon",
        "rlsf_mask",
        "delayed",
    ),
)
ENV_ID = "rlsf_gym:rlsf_gym/Sentiment-v0"
RULES = (
    "base",
    "booster",
    "dampener",
    "capitals",
    "negation",
    "no",
    "least",
    "idiom",
    "but",
    "punctuation",
)
STEP_KEYS = {
    "token_rewards",
    "response_mask",
    "response_length",
    "response_text",
    "finish_reason",
    "score",
    "utility",
    "reward_design",
    "certificate",
    *(f"reward_{rule}" for rule in RULES),
}
RESET_KEYS = {"prompt", "prompt_id", "eos_token_id", "vocabulary_sha256"}


def modules_after(statement):
    """Returns the top-level modules that a fresh interpreter has loaded after a statement."""
    report = "import sys, json; print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
    script = f"{statement}\n{report}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_environments_load_neither_agents_nor_torch():
    script = f"""
import gymnasium
env = gymnasium.make({ENV_ID!r})
env.reset(seed=0)
env.step(env.action_space.sample())
"""
    assert not modules_after(script) & {"agents", "torch", "transformers", "datasets", "pyarrow"}


def test_domains_are_loaded_when_they_are_asked_for():
    assert not modules_after("import rlsf_gym") & {"vaderSentiment", "networkx"}
    script = "import sys, rlsf_gym; assert 'rlsf_gym.domains.sentiment' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_agents_do_not_load_environments():
    assert not modules_after("import agents") & {"rlsf_gym", "vaderSentiment"}


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("rlsf_gym", ["register_scorer", "register_design", "register_objective"]),
        ("rlsf_gym.scorers", ["VaderScorer", "TransformerScorer", "Scorer"]),
        ("rlsf_gym.designs", ["DESIGNS"]),
        ("agents", ["TokenPPO", "TokenPPOConfig", "CausalLMPolicy", "evaluate"]),
        ("agents", ["RLOO", "RLOOConfig", "GRPO", "GRPOConfig"]),
    ],
)
def test_public_names(module, names):
    imported = __import__(module, fromlist=names)
    assert [name for name in names if not hasattr(imported, name)] == []


@pytest.mark.parametrize(
    "design", ["terminal", "uniform", "potential", "broadcast", "seed_legacy", "shuffled"]
)
def test_checker_passes_without_a_warning(design):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gym.make(ENV_ID, reward_design=design)
        check_env(env.unwrapped)


@pytest.mark.parametrize("mode", [AutoresetMode.SAME_STEP, AutoresetMode.DISABLED])
def test_vector_environments_are_made_and_stepped_without_a_warning(mode):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gym.make_vec(ENV_ID, num_envs=3, autoreset_mode=mode)
        env.reset(seed=1)
        for _ in range(3):
            *_, infos = env.step(env.action_space.sample())
            assert set(infos.get("final_info", infos)) >= STEP_KEYS
            if mode == AutoresetMode.DISABLED:
                env.reset()


def test_info_holds_exactly_the_documented_keys():
    env = gym.make(ENV_ID)
    _, opening = env.reset(seed=3)
    _, reward, terminated, truncated, info = env.step(env.action_space.sample())
    assert set(opening) == RESET_KEYS
    assert set(info) == STEP_KEYS
    assert (terminated, truncated) == (True, False)
    assert type(reward) is float
    assert reward == float(info["token_rewards"].sum(dtype=np.float64))
    assert sum(info[f"reward_{rule}"] for rule in RULES) == pytest.approx(reward, abs=1e-5)


def test_single_and_vector_environments_agree():
    vector = gym.make_vec(ENV_ID, num_envs=4, reward_design="shuffled", judge="bundled")
    _, openings = vector.reset(seed=11)
    actions = vector.action_space.sample()
    _, rewards, *_, infos = vector.step(actions)
    ended = infos["final_info"]
    for index in range(4):
        single = gym.make(ENV_ID, reward_design="shuffled", judge="bundled")
        _, opening = single.reset(seed=11 + index)
        _, reward, *_, info = single.step(actions[index])
        assert opening["prompt"] == openings["prompt"][index]
        assert reward == rewards[index]
        for key, value in info.items():
            np.testing.assert_array_equal(
                np.asarray(value, dtype=object), np.asarray(ended[key][index], dtype=object)
            )
