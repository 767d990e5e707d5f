"""Tensors in, tensors out: returns, losses, statistics over real tokens."""
