"""Presets of training commands for a domain: flags, checks, environments, prompts and the page of samples.

An object of this package is what an entry point of the group `agents.presets` names; it is plain Python and
knows nothing of who trains.
"""
