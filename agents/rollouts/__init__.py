"""Rollouts: episodes of a policy in vector environments, and its evaluation."""
