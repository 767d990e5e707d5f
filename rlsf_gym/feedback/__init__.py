"""Feedback: computes rewards and info of responses from their token ids and prompts."""
