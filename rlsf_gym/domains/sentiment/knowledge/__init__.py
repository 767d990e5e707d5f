"""VADER with valences of a knowledge graph, for words whose meaning depends on the domain."""
