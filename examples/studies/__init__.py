"""Studies of this repository's own: what they ask, and the cells that they run."""
