"""What reward designs, scorers and intervals are worth, measured without training."""
