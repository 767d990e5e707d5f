"""Command-line flags: one line for each wrong argument, both spellings, values of many kinds.

`argparse` by hand, because neither `transformers.HfArgumentParser` (which imports transformers, half a second
before `--help`) nor `tyro` tells a flag that was given from its default, which `--resume` and the settings of
other learners need, or reports a wrong one in a single line. `rlsf_gym.flags` holds the same files: the two
packages share no code, and a test compares them.
"""
