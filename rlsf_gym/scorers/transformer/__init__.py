"""A fine-tuned classifier of transformers as a scorer, with attention and attributions."""

from rlsf_gym.scorers.transformer.scorer import TransformerScorer

__all__ = ["TransformerScorer"]
