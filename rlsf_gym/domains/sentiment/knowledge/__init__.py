"""VADER with what a knowledge graph says of the words that its lexicon lacks."""
