"""Text: tokenizers, bytes and characters of tokens, files of texts."""
