"""One script per learner: it does an iteration whenever the benchmark writes a line to it."""
