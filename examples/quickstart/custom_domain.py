"""A domain of your own: close brackets, in a language of six tokens without a space.

    python examples/quickstart/custom_domain.py    checks it, then trains on it (about a minute on two cores)

Environments take it as an argument, as in `gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", domain=BRACKETS)`.
"""

import re
from itertools import product

import numpy as np
from transformers import GPT2Config, GPT2LMHeadModel, set_seed

from agents import CausalLMPolicy, TokenPPO, TokenPPOConfig
from rlsf_gym import Domain, Instance, ResponseVectorEnv
from rlsf_gym.certificates import Certificate, CertificateError, Proof, Record
from rlsf_gym.domains import Samples
from rlsf_gym.scorers import Assessment
from rlsf_gym.testing import PieceTokenizer, check_domain
from rlsf_gym.text.segmentation import Symbols

PROMPTS = ["".join(row) for size in (1, 2, 3) for row in product("([", repeat=size)]


class Brackets:
    """The share of opened brackets that are closed, -1 after a wrong one; a stack knows which it was."""

    name, bounded, verifiable, rules = "brackets", True, True, ("bracket",)

    def assess(self, instances, responses, char_ends):
        """Returns the certificate of each response, with the values of its prefixes."""
        return list(map(self._assess_one, instances, responses, char_ends))

    def _assess_one(self, instance, response, ends):
        stack, opened, closed, values = list(instance.prompt), len(instance.prompt), 0, [0.0]
        for letter in response:
            if letter in "([":
                stack, opened = [*stack, letter], opened + 1
            elif letter in ")]":
                closed = closed + 1 if stack and stack.pop() + letter in ("()", "[]") else np.nan
            values.append(-1.0 if np.isnan(closed) else closed / opened)
        steps = enumerate(np.diff(values).tolist(), len(instance.prompt))
        spans = [(at, at + 1, step) for at, step in steps if step]
        records = [Record(at, to, "bracket", at, to, step, "added", since=to) for at, to, step in spans]
        told = Certificate("brackets", "1", True, {}, 0.0, values[-1], tuple(records), rules=self.rules)
        return Assessment(told, np.array(values)[ends])


def verify(certificate, instance, prompt, response):
    """Proves a certificate without the scorer: it strikes out pairs until none is left."""
    values, wanted, start = [], [], len(instance.data["opened"])
    for end in range(len(response) + 1):
        rest, struck, closed = re.sub(r"[^()\[\]]", "", prompt + response[:end]), 1, 0
        while struck:
            rest, struck = re.subn(r"\(\)|\[\]", "", rest)
            closed += struck
        values.append(-1.0 if re.search(r"[)\]]", rest) else closed / (closed + len(rest)))
        span, step = (start + end - 1, start + end), values[end] - values[max(end - 1, 0)]
        wanted += [(*span, "bracket", *span, step, "added", (), start + end, -1)] if step else []
    told = certificate.prompt_score, certificate.score, certificate.slope, certificate.rules
    rest = certificate.version, certificate.options, certificate.labels, certificate.payload
    if [*map(tuple, certificate.records)] != wanted or prompt != instance.data["opened"]:
        raise CertificateError(f"records must be {wanted}, behind the prompt {instance.data['opened']!r}")
    if (told, rest) != ((0.0, values[-1], 1.0, ("bracket",)), ("1", {}, {}, None)):
        raise CertificateError(f"scores must be 0 and {values[-1]}, with nothing else told")
    return Proof.of(certificate, prefix_scores=lambda ends: [values[end] for end in ends])


class Openings:
    """Prompts of one to three opening brackets, every fourth one for evaluation."""

    def __init__(self, split):
        self.numbers = [n for n in range(len(PROMPTS)) if split == "all" or (n % 4 == 3) == (split == "eval")]

    def sample(self, rng):
        """Returns a drawn instance."""
        return self.make({"opened": PROMPTS[rng.choice(self.numbers)]})

    def make(self, data):
        """Returns the instance that the data stands for."""
        number = [{"opened": prompt} for prompt in PROMPTS].index(data)  # ValueError if it stands for none
        return Instance(PROMPTS[number], number, data)


BRACKETS = Domain(
    name="brackets", scorers={"brackets": Brackets}, checkers={"brackets": verify}, instances=Openings,
    segmentation=Symbols(r"[()\[\]]"), samples=Samples((b"(", b")", b"[", b"]", b"a", b"])", b"\xc3")),
    defaults={"tokenizer": PieceTokenizer(*map(str.encode, "()[]a")), "max_new_tokens": 6},
)  # fmt: skip

if __name__ == "__main__":
    check_domain(BRACKETS)
    print("check_domain finds nothing")
    set_seed(0)
    sizes = GPT2Config(vocab_size=6, n_embd=64, n_layer=2, n_head=2, bos_token_id=5, eos_token_id=5)
    config = TokenPPOConfig(batch_size=128, learning_rate=1e-3, kl_coef=0.0, entropy_coef=0.01)
    policy, env = CausalLMPolicy(GPT2LMHeadModel(sizes)), ResponseVectorEnv(64, domain=BRACKETS)
    show = lambda metrics, *_: print(f"score {metrics['env/score']:+.2f}")  # noqa: E731
    TokenPPO(policy, env, config, callbacks=[show]).learn(6_400)
