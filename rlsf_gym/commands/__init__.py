"""What `python -m rlsf_gym` and the console scripts of this package run: explore, view, check."""
