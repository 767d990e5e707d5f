"""Commands of `python -m agents` and of the console scripts: train, study, report, show."""
