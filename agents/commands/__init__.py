"""What `python -m agents` and the console scripts of this package run: train, study, report, show."""
