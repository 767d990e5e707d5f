"""A training run in a folder: its settings, what is written there, how it goes on after a stop."""
