"""The examples of a user's own parts run as scripts, and their parts are usable by name."""

import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.audit import Severity, audit_reward
from rlsf_gym.evidence import Evidence
from rlsf_gym.testing import check_domain, check_environment

ENV_ID = "rlsf_gym:rlsf_gym/Sentiment-v0"
ROOM = Path(__file__).parents[3] / "examples" / "quickstart"
WORD_LIST = "examples.quickstart.custom_scorer:WordList"
INSTALMENTS = "examples.quickstart.custom_design:INSTALMENTS"
SCRIPTS = ("custom_scorer", "custom_design")


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_script_runs_as_its_docstring_says(name):
    path = ROOM / f"{name}.py"
    source = path.read_text(encoding="utf-8")
    assert f"python examples/quickstart/{name}.py" in source
    assert source.count("\n") < 60
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "finds nothing" in done.stdout


def test_the_scorer_pays_what_its_words_are_worth():
    """ "slow" is -1, "but funny" makes it 1: scores -1/2 and 1/2."""
    env = gym.make(ENV_ID, scorer=WORD_LIST, reward_design="terminal")
    env.reset(options={"prompt": "The film was"})
    encode = env.unwrapped.tokenizer.encode
    assert env.step(encode(" slow"))[1] == -0.5
    env.reset(options={"prompt": "The film was"})
    assert env.step(encode(" slow, but funny"))[1] == 0.5
    check_environment(env, episodes=5)


def test_the_design_pays_every_few_tokens_and_at_the_end():
    from examples.quickstart.custom_design import instalments

    prefixes = np.array([0.25, 0.5, 0.0, 0.75, 1.0, 1.0])
    evidence = Evidence(
        prompt_score=0.0,
        prompt_utility=0.125,
        score=1.0,
        utility=1.0,
        mask=np.arange(6) < 5,
        char_spans=np.zeros((6, 2), np.int64),
        prefixes=prefixes,
    )
    rng = np.random.default_rng(0)
    assert instalments(evidence, rng=rng, every=2).tolist() == [0.0, 0.375, 0.0, 0.25, 0.25, 0.0]
    assert instalments(evidence, rng=rng).tolist() == [0.0, 0.0, 0.0, 0.625, 0.25, 0.0]
    env = gym.make(ENV_ID, reward_design=INSTALMENTS, reward_design_kwargs={"every": 3})
    check_environment(env, episodes=5)


@pytest.mark.whole
def test_a_policy_is_trained_on_both(tiny_policy, tmp_path):
    from examples import train_sentiment

    arguments = (
        *("--policy", tiny_policy, "--tokenizer", "bytes", "--judge", "none", "--threads", 1),
        *("--episodes", 8, "--batch-size", 8, "--minibatch-size", 4, "--response-length", 4),
        *("--eval-samples", 4, "--max-prompt-tokens", 64, "--out", tmp_path / "run"),
        *("--scorer", WORD_LIST, "--reward-design", INSTALMENTS),
    )
    assert train_sentiment.main([str(argument) for argument in arguments]) == 0
    assert (tmp_path / "run" / "summary.json").is_file()


def test_the_domain_keeps_every_promise_under_every_design():
    from examples.quickstart.custom_domain import BRACKETS

    source = (ROOM / "custom_domain.py").read_text(encoding="utf-8")
    assert "python examples/quickstart/custom_domain.py" in source
    assert source.count("\n") < 100
    check_domain(BRACKETS, trials=10)


@pytest.mark.parametrize("design", ["potential", "rule_certificate", "shapley"])
def test_the_bracket_that_closes_a_pair_is_paid_in_a_text_without_spaces(design):
    from examples.quickstart.custom_domain import BRACKETS

    env = gym.make(ENV_ID, domain=BRACKETS, reward_design=design, verify=True)
    env.reset(options={"instance": {"opened": "("}})
    info = env.step(env.unwrapped.tokenizer.encode("a)a"))[4]
    assert info["token_rewards"][:3].tolist() == [0.0, 1.0, 0.0]
    assert info["reward_bracket"] == info["score"] == 1.0
    env.reset(options={"instance": {"opened": "(["}})
    paid = env.step(env.unwrapped.tokenizer.encode("a]a)"))[4]["token_rewards"]
    # Without the first bracket the second would be wrong: v is 0, 1/2 and -1 for none and for one of the two,
    # and 1 for both. In hindsight the first deserves (1/2 + 2) / 2, the second (-1 + 1/2) / 2.
    expected = [0.0, 1.25, 0.0, -0.25] if design == "shapley" else [0.0, 0.5, 0.0, 0.5]
    assert paid[:4] == pytest.approx(expected, abs=1e-6)


def test_a_policy_learns_to_close_brackets():
    transformers = pytest.importorskip("transformers")
    from agents import CausalLMPolicy, TokenPPO, TokenPPOConfig
    from examples.quickstart.custom_domain import BRACKETS
    from rlsf_gym import ResponseVectorEnv

    transformers.set_seed(0)
    sizes = {"vocab_size": 6, "n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": 32}
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes, bos_token_id=5, eos_token_id=5))
    scores = []
    with pytest.warns(UserWarning, match="found no tokenizer beside the model"):
        agent = TokenPPO(
            CausalLMPolicy(model),
            ResponseVectorEnv(64, domain=BRACKETS),
            TokenPPOConfig(batch_size=128, learning_rate=3e-3, kl_coef=0.0, lr_schedule="constant"),
            callbacks=[lambda metrics, *_: scores.append(metrics["env/score"])],
        )
    agent.learn(2_560)
    assert scores[0] < -0.2 and max(scores[-3:]) > 0.6


@pytest.mark.whole
def test_the_domain_is_audited_with_responses_of_its_own_pieces():
    """It has no examples, and no bundled text can be written in its symbols."""
    kwargs = {"domain": "examples.quickstart.custom_domain:BRACKETS"}
    report = audit_reward(ENV_ID, signature="environment", kwargs=kwargs)
    assert [one for one in report.findings if one.severity >= Severity.WARNING] == []
    assert {"causal", "conserving", "bounded"} <= {one.check for one in report.passed}
