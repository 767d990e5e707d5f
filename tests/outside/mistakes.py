"""What a user's script may get wrong: pyright and mypy report each of these mistakes, and nothing else.

A comment that silences nothing is an error of both, so that a mistake which is no longer found is found here.
Nothing of this is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_type

import agents
import rlsf_gym.scorers
from agents import GRPO, CausalLMPolicy, RLOOConfig, TokenPPO, TokenPPOConfig
from rlsf_gym import Design, Instance, ResponseEnv, ResponseVectorEnv, Scorer, load_judge, load_scorer
from rlsf_gym.audit import audit_reward
from rlsf_gym.export import write_dataset
from rlsf_gym.integrations.environments import EnvironmentScorer
from rlsf_gym.integrations.tinker import to_datum
from rlsf_gym.scorers import VaderScorer
from rlsf_gym.wrappers import ScaleTokenRewards


class Unfinished:
    """A scorer without certificates."""

    name, bounded, verifiable = "unfinished", True, False


def silent(metrics: Mapping[str, float]) -> None:
    """A callback of one argument, where three are given."""


env = ResponseEnv(max_new_token=8)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
env = ResponseEnv(boundary="shut")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
env = ResponseEnv(verify="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
env.tokenizer.encode(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
str(env.tokeniser)  # type: ignore[attr-defined]  # pyright: ignore
vector = ResponseVectorEnv("8")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
vector.step("one text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
load_judge("bundled").score(["text"])  # type: ignore[attr-defined]  # pyright: ignore
ScaleTokenRewards(env, "2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
VaderScorer(but="dokumented")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
VaderScorer().score(["one text"]).mode()  # type: ignore[attr-defined]  # pyright: ignore
scorer: Scorer = Unfinished()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
load_scorer("vader").scores(["text"])  # type: ignore[attr-defined]  # pyright: ignore
Design("half", function=0.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Design("half", lambda evidence, rng: evidence, causual=True)  # type: ignore[call-arg]  # pyright: ignore
Instance(["a prompt"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
EnvironmentScorer(5, tokenizer="bytes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
to_datum({}, [0.0], prompt_ids=[1])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
write_dataset("rollouts.jsonl", None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
audit_reward("a:b", fail_on="error")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
audit_reward("a:b").status("error")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
rlsf_gym.load_desing("potential")  # type: ignore[attr-defined]  # pyright: ignore
str(agents.TokenPP0)  # type: ignore[attr-defined]  # pyright: ignore
str(rlsf_gym.scorers.VadderScorer)  # type: ignore[attr-defined]  # pyright: ignore
str(agents.evaluated)  # type: ignore[attr-defined]  # pyright: ignore
TokenPPOConfig(learning_rates=1e-4)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
TokenPPOConfig(seed="0")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
TokenPPOConfig().seed = 1  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
policy = CausalLMPolicy.from_pretrained(None)  # type: ignore[arg-type]  # pyright: ignore
agent = GRPO(policy, vector, RLOOConfig())  # type: ignore[arg-type]  # pyright: ignore
ppo = TokenPPO(policy, vector, callbacks=[silent])  # type: ignore[list-item]  # pyright: ignore
ppo.learn("4096")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
assert_type(ppo.config, RLOOConfig)  # type: ignore[assert-type]  # pyright: ignore
