"""Domains: one folder for each symbolic tool, with all that is particular to it."""
