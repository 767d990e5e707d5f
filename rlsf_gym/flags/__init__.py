"""Command-line flags: one line for each wrong argument, both spellings, values of many kinds.

`agents.flags` holds the same files, and says why they are written by hand: the two packages share no code,
and a test compares them.
"""
