"""Learners: PPO, RLOO and GRPO over tokens."""
