"""Short scripts to copy: learners and parts of one's own on the environments, each by itself."""
