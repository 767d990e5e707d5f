"""What `explore.py` serves: a text's feedback, the questions that a page may ask, the page and its server."""
