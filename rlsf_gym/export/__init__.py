"""Exports responses with their token rewards: a folder that `datasets.load_dataset` reads, with its card."""

from rlsf_gym.export.folder import Written, write_dataset

__all__ = ["Written", "write_dataset"]
