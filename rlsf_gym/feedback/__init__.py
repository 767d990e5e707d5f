"""Feedback: token ids and prompts in, rewards and info out."""
