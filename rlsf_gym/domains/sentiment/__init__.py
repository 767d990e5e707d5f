"""Sentiment of English text: VADER, a knowledge graph on top of it, their checker, judges."""

from rlsf_gym.domains.domain import Corpus, Domain
from rlsf_gym.domains.sentiment.order_judge import read_judge
from rlsf_gym.domains.sentiment.reviews import COLUMNS, clean
from rlsf_gym.domains.sentiment.samples import SAMPLES
from rlsf_gym.domains.sentiment.segmentation import EnglishWords
from rlsf_gym.domains.sentiment.training import TRAINING

__all__ = ["DOMAIN"]

_DECILES = (0.159, 0.232, 0.292, 0.34, 0.382, 0.44, 0.477, 0.542, 0.612)
"""Deciles of the absolute non-zero rewards of `potential`, under VADER, of 5,120 responses of the bundled
language model before any training (examples/measurements/reward_deciles.py)."""

DOMAIN = Domain(
    name="sentiment",
    scorers={
        "vader": "rlsf_gym.domains.sentiment.vader.scorer:VaderScorer",
        "knowledge": "rlsf_gym.domains.sentiment.knowledge.scorer:KnowledgeScorer",
        "transformer": "rlsf_gym.scorers.transformer.scorer:TransformerScorer",
    },
    samples=SAMPLES,
    segmentation=EnglishWords(),
    judge=read_judge,
    corpus=Corpus("reviews", COLUMNS, clean),
    defaults={"tokenizer": "bundled", "prompts": "bundled"},
    training=TRAINING,
    design_kwargs={"quantised_potential": {"edges": _DECILES}},
    labels={"unit": "word", "amount": "valence", "judge": "P(positive)"},
)
"""Domain `sentiment`: scorers, segmentation, judge, prompts and samples."""
