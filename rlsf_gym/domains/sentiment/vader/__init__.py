"""VADER as a stream: the rules of the lexicon, word by word, with certificates."""
