"""Trunks: hidden states of token sequences, packed or in rows."""
