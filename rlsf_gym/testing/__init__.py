"""Checks for users' own environments, designs, scorers, segmentations: they raise where a promise is broken.

They need nothing but this package, and work in any test framework or in none.
"""

from rlsf_gym.contract import ContractError, check_episode
from rlsf_gym.testing.designs import check_design
from rlsf_gym.testing.domains import check_domain
from rlsf_gym.testing.environments import check_environment
from rlsf_gym.testing.scorers import check_scorer
from rlsf_gym.testing.segmentation import check_segmentation
from rlsf_gym.testing.vocabulary import PieceTokenizer

__all__ = [
    "ContractError",
    "PieceTokenizer",
    "check_design",
    "check_domain",
    "check_environment",
    "check_episode",
    "check_scorer",
    "check_segmentation",
]
