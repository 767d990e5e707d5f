"""KL as a term of the loss, where most GRPO code has it, in place of the penalty inside the reward.

    python examples/quickstart/kl_in_loss.py            (about a minute on two cores)

A learner takes its loss as an argument: a function of the policy's scores of some responses, their rows of
the batch, and the constant that sums over tokens are divided by. Terms add up, and each names what it logs.
A loss without a clip, over sequences, or from a teacher is handed in alike; so are, as `shape=` and
`estimate=`, the functions that make rewards and advantages.
"""

import argparse

from agents import GRPO, GRPOConfig
from agents.learners.loss import LossTerm, add_terms, clipped_loss
from agents.maths.losses import kl_k3, masked_sum

BETA = 0.04  # weight of the KL, in the place of kl_coef
CONFIG = GRPOConfig(kl_coef=0.0, batch_size=64, minibatch_size=32, group_size=8)


def kl_term(scored, batch, denominator, beta=BETA):
    """Returns beta * KL(policy, reference), by its k3 estimate, with the KL alone to be logged."""
    mask = batch.response_mask
    kl = masked_sum(kl_k3(scored.logprobs, batch.ref_logprobs, mask), mask, denominator)
    return LossTerm(beta * kl, {"loss/kl": kl.detach()})


def loss(scored, batch, denominator):
    """Returns GRPO's loss as Shao et al. (2024, arXiv 2402.03300) have it: clipped surrogate plus KL."""
    surrogate = clipped_loss(scored, batch, denominator, CONFIG)
    return add_terms(surrogate, kl_term(scored, batch, denominator))


def report(metrics, timings, episodes):
    """Prints a line after each iteration."""
    print(
        f"{metrics['episodes']:6.0f} episodes  reward {metrics['objective/scores']:+.3f}  "
        f"KL {metrics['objective/kl']:.3f} nats  loss/kl {metrics['loss/kl']:.4f}",
        flush=True,
    )


def main(episodes=1_280):
    """Trains the bundled model on the bundled prompts."""
    env = "rlsf_gym:rlsf_gym/Sentiment-v0"
    GRPO("bundled", env, CONFIG, loss=loss, env_kwargs={"max_new_tokens": 16}, callbacks=[report]).learn(
        episodes
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--episodes", type=int, default=1_280)
    main(**vars(parser.parse_args()))
