"""How the bundled model, tokenizer and judges were made."""
