"""Text: tokenizers, token bytes and character offsets, segmentation, and reading of text files."""
