"""The page of `rlsf-explore`: a text's feedback, the questions that may be asked of it, and its server."""
