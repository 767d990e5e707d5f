"""Statistics of runs: intervals, aggregates, contrasts, curves, diversity."""
