"""Files of a training run: checkpoints, logs, plots and reports, and how a run is resumed from them."""
