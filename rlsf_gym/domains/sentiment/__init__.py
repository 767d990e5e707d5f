"""Sentiment of English text: VADER, a knowledge graph on top of it, their checker, a judge."""
