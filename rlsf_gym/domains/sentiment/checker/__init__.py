"""Proves the certificate of a score by VADER's rules from the texts, sharing no code with the scorer.

It reads texts, records, the library's lexicon and constants, and, for the knowledge-based scorer, the file of
the graph, which has to be the one that the certificate names, to the byte. It imports neither the scorer nor
the certificate. For each word, `rules` lists what they entitle it to claim, in the library's order: which
rule, which words trigger it, and the valence that it leaves. `stream` has the words of the text arrive one by
one and keeps which claims change the valence, and since when and until when they do; `settled` reads most
responses in one go, and remembers what the rules claim (`memory`). Each claim must be the next record, with
that word, trigger, amount and lifetime. A record that is no such claim is refused, and so is a claim that no
record makes. Files that have a twin in `vader` are named like it.
"""

from rlsf_gym.domains.sentiment.checker.verification import verify

__all__ = ["verify"]
