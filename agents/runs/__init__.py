"""Runs: what training leaves in a folder, and how a folder is taken up again."""
