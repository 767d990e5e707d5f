"""A cell of the study `negation`: what a design teaches GPT-2 to say right after a negator.

VADER turns the valence of a word within three words behind a negator round, so that a good word costs there
and a bad one pays. A design that pays in hindsight may credit the good word for itself all the same.

Measured is the next-token distribution behind a negator: the mass of tokens that are a word of VADER's
lexicon by themselves (a leading space, then the word), by the sign of their valence. Words of several tokens
are not seen, and a token that goes on (" good" in " goodness") counts as the word.

The negator stands in the opening, or, where settings have `openings`, is said by the policy: it learns behind
those, and is asked how likely " not" is there, and what it says behind that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from agents.policies.policy import CausalLMPolicy
from agents.studies.settings import merge
from agents.studies.training import make_agent
from rlsf_gym.domains.sentiment.vader.words import load_lexicon
from rlsf_gym.tokenizer import Tokenizer, load_tokenizer

NEGATOR = " not"
OPENINGS = (
    "The film was not",
    "The movie is not",
    "The acting was not",
    "The plot is never",
    "The story was not very",
    "It was not",
    "It is never",
    "This film isn't",
    "The script wasn't",
    "The ending was not so",
    "I was not",
    "He was never",
    "She is not a",
    "They were not",
    "The music was not",
    "The direction is not",
    "The cast was never",
    "The jokes are not",
    "The effects were not",
    "The whole thing was not",
)

Record = dict[str, Any]
Settings = Mapping[str, Any]


def train_and_probe(settings: Settings, seed: int) -> Iterator[Record]:
    """Yields what the policy says behind negators, before and after it has learned under a design.

    Args:
        settings: Those of `agents.studies.training.train`; `openings`, texts that it learns behind.
        seed: As there.

    Raises:
        FloatingPointError: If a reward, loss or gradient was not finite.
    """
    own: Sequence[str] | None = settings.get("openings")
    if own is not None:
        settings = merge(settings, {"env_kwargs": {"prompts": own}})
    agent = make_agent(settings, seed)
    tokenizer = load_tokenizer(settings["env_kwargs"].get("tokenizer", "bundled"))
    signs = valence_signs(tokenizer, agent.policy.vocab_size)

    def told(when: str) -> Record:
        record = {"record": "negation", "when": when}
        if own is None:
            return {**record, **probe(agent.policy, tokenizer, signs)}
        negated = [opening + NEGATOR for opening in own]
        said = probe_negator(agent.policy, tokenizer, own)
        return {**record, **probe(agent.policy, tokenizer, signs, negated), "negator": said}

    yield told("before")
    agent.learn(int(settings["episodes"]))
    yield told("after")


def valence_signs(tokenizer: Tokenizer, vocab_size: int) -> torch.Tensor:
    """Returns the sign of the valence of each token that is a word of the lexicon, else 0: float32 (V,)."""
    lexicon, _ = load_lexicon()
    signs = torch.zeros(vocab_size)
    for token in range(vocab_size):
        text = tokenizer.decode([token])
        if text.startswith(" "):
            valence = lexicon.get(text[1:].lower(), 0.0)
            signs[token] = float((valence > 0) - (valence < 0))
    return signs


@torch.no_grad()
def probe(
    policy: CausalLMPolicy, tokenizer: Tokenizer, signs: torch.Tensor, openings: Sequence[str] = OPENINGS
) -> Record:
    """Returns the mean mass of positive and of negative words behind the openings, and the positive share.

    Args:
        policy: What is asked.
        tokenizer: That of the environment.
        signs: From `valence_signs`.
        openings: Each ends in a negator, or in one and a word that lets it through.
    """
    positive, negative, shares = 0.0, 0.0, 0.0
    for opening in openings:
        chances = next_token(policy, tokenizer, opening)
        good, bad = float(chances[signs > 0].sum()), float(chances[signs < 0].sum())
        positive, negative = positive + good, negative + bad
        shares += good / (good + bad)
    count = len(openings)
    return {
        "positive": positive / count,
        "negative": negative / count,
        "positive_share": shares / count,
        "openings": count,
    }


@torch.no_grad()
def probe_negator(policy: CausalLMPolicy, tokenizer: Tokenizer, openings: Sequence[str]) -> float:
    """Returns the mean probability of " not" as the next token behind the openings."""
    (negator,) = tokenizer.encode(NEGATOR)
    chances = [float(next_token(policy, tokenizer, opening)[negator]) for opening in openings]
    return sum(chances) / len(chances)


def next_token(policy: CausalLMPolicy, tokenizer: Tokenizer, text: str) -> torch.Tensor:
    """Returns the distribution behind a text, (V,) float32 on the CPU."""
    tokens = torch.tensor([tokenizer.encode(text)], device=policy.device)
    logits = policy.backbone.model(input_ids=tokens).logits[0, -1, : policy.vocab_size]
    return (logits.float() / policy.temperature).softmax(-1).cpu()
