"""Both packages rank a token alike among all that could have stood in its place."""

import numpy as np

from agents.rollouts.standings import rank_tokens
from rlsf_gym import ResponseEnv
from rlsf_gym.render.standing import rankings_from_info


def test_both_packages_rank_tokens_alike():
    env = ResponseEnv(boundary="open", candidates=True)
    vocab_size = env.tokenizer.vocab_size
    rng = np.random.default_rng(0)
    for seed in range(20):
        env.reset(seed=seed)
        words = env.tokenizer.encode(" not a good film, but I LOVED")
        ids = rng.permutation([*words, *rng.integers(0, vocab_size - 1, 4)])[:16]
        _, _, _, _, info = env.step(ids.tolist())
        tokens = ids[: info["response_length"]].tolist()
        theirs = rankings_from_info(info, chosen=tokens, vocab_size=vocab_size)
        ours = [
            {**one, "best": [list(pair) for pair in one["best"]], "worst": [list(one["worst"][0])]}
            for one in theirs
        ]
        assert rank_tokens(info, tokens, vocab_size) == ours
        assert {one["of"] for one in ours} == {4096}
