"""Seconds and memory of environments, scorers and learners, and of other libraries' learners."""
