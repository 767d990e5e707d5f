"""Measures the deciles of the rewards that an untrained policy earns: bins for `quantised_potential`.

    python examples/measurements/reward_deciles.py

Of the absolute rewards of `potential` that are not zero, on responses of the bundled language model.
"""

import gymnasium as gym
import numpy as np

from agents import CausalLMPolicy
from agents.flags.parser import Parser
from agents.rollouts.evaluation import evaluate


def main():
    """Prints the nine deciles."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--episodes", type=int, default=5120, help="responses to sample")
    parser.add_argument("--seed", type=int, default=0, help="of prompts and samples")
    args = parser.parse_args()
    env = gym.make_vec("rlsf_gym:rlsf_gym/Sentiment-v0", num_envs=128, reward_design="potential")
    policy = CausalLMPolicy.from_pretrained("bundled")
    rows = evaluate(policy, env, episodes=args.episodes, reference=policy, seed=args.seed)
    rewards = np.abs(np.concatenate([row["info"]["token_rewards"] for row in rows]))
    paid = rewards[rewards > 0]
    print(f"deciles of {len(paid)} rewards: {np.quantile(paid, np.arange(1, 10) / 10).round(3).tolist()}")


if __name__ == "__main__":
    main()
