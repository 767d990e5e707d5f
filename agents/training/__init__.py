"""Training runs in folders: settings, files, results, and how a run is resumed."""
