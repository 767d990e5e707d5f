"""Proves the certificates of answers to Countdown from the texts, sharing no code with the scorer.

It reads the instance's data, the prompt, the response and the certificate. `reading` follows a response
character by character from one place of its form to the next (`steps`, `infix`), each of which lists what may
come next, with the chance that a random writer then ends right. `recount` and `spread` work that chance out
anew, and so exhaust all ways on behind the character that lost an answer. A witness is evaluated for itself
(`evaluation`). Each record and each part of the payload must be what follows from these, and nothing more.

The values under a policy (`value="reference"`) rest on the policy, which a certificate does not hold: they
are refused.
"""

from rlsf_gym.domains.countdown.checker.verification import verify

__all__ = ["verify"]
