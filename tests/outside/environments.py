"""A user's script that names what `rlsf_gym` offers, and the type that a type checker sees of each.

`.ci/release.py` checks it against the installed wheel, strictly, with pyright and mypy, and runs it without
torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_type

import gymnasium as gym
import numpy as np
import numpy.typing as npt

import rlsf_gym
from rlsf_gym import (
    Design,
    Domain,
    Evidence,
    Instance,
    ResponseEnv,
    ResponseVectorEnv,
    Scorer,
    TextEnv,
    TokenEnv,
    Tokenizer,
    load_design,
    load_domain,
    load_judge,
    load_objective,
    load_scorer,
    load_tokenizer,
    register_design,
    register_scorer,
    reward_func,
)
from rlsf_gym.certificates import Certificate, Proof, Record
from rlsf_gym.checker import recompute_rewards, verify
from rlsf_gym.designs import Transition, every_prefix, stepwise
from rlsf_gym.render import Sample, html_page, sample_from_info
from rlsf_gym.scorers import VaderScorer
from rlsf_gym.testing import check_design, check_environment, check_scorer
from rlsf_gym.wrappers import (
    CheckTokenRewards,
    ClipTokenRewards,
    ScaleTokenRewards,
    SwapDesign,
    TextAction,
    VectorScaleTokenRewards,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PROMPT, RESPONSE = "The film was", " not very good, but I loved the ending!"


class WordList:
    """A scorer of one's own: what each word is worth."""

    name = "word list"
    bounded = True
    verifiable = False

    def score(self, texts: Sequence[str]) -> Floats:
        """Returns scores, (N,)."""
        sums = np.array([text.count("good") - text.count("bad") for text in texts], np.float64)
        scores: Floats = sums / (1 + np.abs(sums))
        return scores

    def prefix_scores(self, prompt: str, response: str, char_ends: Ints) -> Floats:
        """Returns the scores after some characters, (K,)."""
        return self.score([prompt + response[:end] for end in char_ends.tolist()])

    def certify(self, prompt: str, response: str) -> Certificate:
        """Returns a certificate that proves nothing."""
        before, after = self.score([prompt, prompt + response]).tolist()
        return Certificate.opaque(
            scorer=self.name,
            model_hash="1",
            labels={},
            prompt_score=before,
            score=after,
            length=len(prompt + response),
        )


def last_token(evidence: Evidence, *, rng: np.random.Generator, share: float = 1.0) -> Floats:
    """A design of one's own: a share of the gain, on the last token, (T,)."""
    del rng
    rewards = np.zeros(evidence.mask.shape)
    if evidence.length:
        rewards[evidence.length - 1] = share * (evidence.utility - evidence.prompt_utility)
    return rewards


@stepwise(draws=False)
def rise(transition: Transition) -> Floats:
    """A design that is stated by what one token is paid."""
    return transition.after - transition.before


def use_scorers() -> Certificate:
    """Scores, certificates, checkers."""
    scorer = VaderScorer(but="library")
    assert_type(scorer, VaderScorer)
    assert_type(scorer.score([PROMPT]), Floats)
    certificate = scorer.certify(PROMPT, RESPONSE)
    assert_type(certificate, Certificate)
    assert_type(certificate.records, tuple[Record, ...])
    assert_type(certificate.records[0].amount, float)
    assert_type(certificate.check(PROMPT, RESPONSE), None)
    assert_type(verify(certificate, PROMPT, RESPONSE), Proof)
    ends = [len(RESPONSE) // 2, len(RESPONSE)]
    paid = recompute_rewards(
        certificate, PROMPT, RESPONSE, design="terminal", char_ends=ends, utility=lambda score: score
    )
    assert_type(paid, list[float])
    any_of_them: Scorer = scorer
    any_of_them = WordList()
    assert_type(load_scorer("vader").name, str)
    register_scorer("words", WordList)
    check_scorer(any_of_them)
    return certificate


def use_designs() -> Design:
    """The table of designs, and one's own."""
    assert_type(load_design("potential").causal, bool)
    design = Design("last token", last_token, conserving=True, causal=True, bounded=True)
    assert_type(design.bind({"share": 0.5}), Design)
    register_design("rise", Design("rise", rise, causal=True, cost=every_prefix, uses_prefixes=True))
    check_design(design, trials=5)
    assert_type(load_objective("target", target=0.5).name, str)
    assert_type(load_domain("countdown"), Domain)
    return design


def use_environments(design: Design) -> Sample:
    """Environments made of their classes, which checkers know, and by id, whose types are Gymnasium's."""
    env = ResponseEnv(reward_design=design, max_new_tokens=16, boundary="open")
    assert_type(env.tokenizer, Tokenizer)
    assert_type(env.tokenizer.encode(RESPONSE), list[int])
    told = env.reset(seed=0, options={"prompt": PROMPT})[1]
    assert_type(told, dict[str, Any])
    ids = env.tokenizer.encode(RESPONSE)[:16]
    _, reward, terminated, truncated, info = env.step(ids)
    assert_type((reward, terminated, truncated), tuple[float, bool, bool])
    assert_type(info, dict[str, Any])
    assert_type(env.action_space.contains(0), bool)
    by_id: gym.Env[Any, Any] = gym.make("rlsf_gym:rlsf_gym/SentimentText-v0")
    check_environment(by_id, episodes=2)
    vector = ResponseVectorEnv(2)
    seen, _ = vector.reset(seed=0)
    assert_type(seen, dict[str, npt.NDArray[Any]])
    _, rewards, ended, _, _ = vector.step([ids, ids[:4]])
    assert_type((rewards, ended), tuple[Floats, npt.NDArray[np.bool_]])
    words = TextEnv(max_new_tokens=8)
    observation, _ = words.reset(seed=0)
    assert_type(observation, str)
    assert_type(words.step(RESPONSE)[1], float)
    letters = TokenEnv(tokenizer="toy", prompts="toy", boundary="open", max_prompt_tokens=3)
    letters.reset(seed=0)
    assert_type(letters.step(letters.tokenizer.encode(" good")[0])[4], dict[str, Any])
    assert_type(letters.action_masks(), npt.NDArray[np.bool_])
    return sample_from_info(info, prompt=PROMPT, ids=ids, tokenizer=env.tokenizer)


def use_wrappers() -> None:
    """Wrappers of single and of vector environments."""
    env = CheckTokenRewards(ClipTokenRewards(ScaleTokenRewards(ResponseEnv(), 2.0), -1.0, 1.0))
    env.reset(seed=0)
    assert_type(SwapDesign(ResponseEnv(), "terminal").unwrapped.spec is None, bool)
    spelled = TextAction(ResponseEnv())
    spelled.reset(seed=0)
    assert_type(spelled.step(RESPONSE)[4], dict[str, Any])
    vector = VectorScaleTokenRewards(ResponseVectorEnv(2), 0.5)
    vector.reset(seed=0)
    assert_type(vector.num_envs, int)


def use_other_parts() -> None:
    """Tokenizers, instances, reward functions of other trainers."""
    assert_type(load_judge("bundled").predict([RESPONSE]), Floats)
    tokenizer = load_tokenizer("bytes")
    assert_type(tokenizer.vocab_size, int)
    assert_type(tokenizer.decode([104, 105]), str)
    assert_type(Instance("2 3 = 5", 0, {"target": 5}).data, Mapping[str, Any] | None)
    reward = reward_func("rlsf_gym:rlsf_gym/Sentiment-v0", tokenizer="bytes", max_prompt_tokens=32)
    paid = reward(prompts=[PROMPT], completion_ids=[list(RESPONSE[:8].encode())])
    assert_type(paid, list[float | None])
    assert_type(rlsf_gym.__version__, str)


if __name__ == "__main__":
    use_scorers()
    sample = use_environments(use_designs())
    assert_type(html_page([sample], title="one"), str)
    use_wrappers()
    use_other_parts()
