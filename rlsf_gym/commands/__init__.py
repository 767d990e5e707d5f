"""Commands of `python -m rlsf_gym` and of the console scripts: explore, view, check, audit, serve."""
