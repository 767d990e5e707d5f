"""Explorer of `rlsf-explore`: feedback on a text, the page that shows it, and its server."""
