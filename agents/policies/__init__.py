"""Policies: causal language models that generate, score and are saved."""
