"""Diversity of a corpus of responses (distinct-n, repetition, self-BLEU), and its perplexity.

Responses are lists of token ids; no text is read. `self_bleu` follows Zhu et al. 2018 (Texygen,
arXiv:1802.01886): BLEU (Papineni et al. 2002) of each response against all others. Three departures:

1. n-grams are of token ids, not of words.
2. An order for which a response is too short is left out of its geometric mean, the rest weighing alike, so
   that a copy of another response scores 1 however short it is.
3. The sample is drawn with a seed, not taken from the front.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from agents.stats.checks import as_rows

TokenIds = Sequence[int]
Gram = tuple[int, ...]
NO_MATCH = 0.1
"""Count in place of zero matches (Chen and Cherry 2014, smoothing 1, with the constant of NLTK)."""


def distinct_ngrams(responses: Sequence[TokenIds], n: int) -> float:
    """Returns unique n-grams over all n-grams of a corpus of responses (distinct-n); 0 without n-grams.

    The value falls as the corpus grows, so compare it between corpora of one size only.

    Args:
        responses: Token ids of each response.
        n: Length of the n-grams, at least 1.

    Example:
        >>> distinct_ngrams([[5, 6, 5], [5, 6]], 1)
        0.4
        >>> distinct_ngrams([[5, 6, 5], [5, 6]], 2)
        0.6666666666666666
    """
    grams = [gram for response in responses for gram in _ngrams(response, n)]
    return len(set(grams)) / len(grams) if grams else 0.0


def repetition(responses: Sequence[TokenIds], n: int = 2) -> float:
    """Returns the share of n-grams that occurred earlier in the same response; 0 where there is no n-gram.

    Bigrams are the default because responses are short: longer n-grams hardly ever occur twice in 16 tokens.

    Args:
        responses: Token ids of each response.
        n: Length of the n-grams, at least 1.

    Example:
        >>> repetition([[1, 2, 1, 2, 1], [1, 2, 3]])  # 2 of 4 bigrams, then 0 of 2
        0.3333333333333333
    """
    repeated = total = 0
    for response in responses:
        grams = list(_ngrams(response, n))
        total += len(grams)
        repeated += len(grams) - len(set(grams))
    return repeated / total if total else 0.0


def perplexity(nll_sums: npt.ArrayLike, token_counts: npt.ArrayLike) -> float:
    """Returns exp(negative log-likelihood per token), every token of every response counting once.

    Args:
        nll_sums: Negative log-likelihood of each response in nats, summed over its tokens, shape (B,).
        token_counts: Tokens of each response, shape (B,).

    Example:
        >>> round(perplexity([np.log(8.0), 3 * np.log(8.0)], [1, 3]), 6)
        8.0
    """
    tokens = float(as_rows("token_counts", token_counts).sum())
    if tokens <= 0:
        raise ValueError("token_counts must hold at least one token, got none; every response is empty")
    return float(np.exp(as_rows("nll_sums", nll_sums).sum() / tokens))


def self_bleu(
    responses: Sequence[TokenIds], *, order: int = 4, sample: int | None = None, seed: int = 0
) -> float:
    """Returns the mean over responses of BLEU against all others: 1 where all are alike, 0 where none are.

        BLEU(h) = min(1, exp(1 - r / c)) * (p_1 * ... * p_N)^(1 / N)

    where c is the length of response h, r the length of the other response that is nearest to c (the shorter
    of two), N = min(order, c), and p_n the share of h's n-grams that occur in another response, each n-gram
    counting no more often than the one other response that has most of it. Where no n-gram is found, 0.1
    counts as found; where not even a token is found, BLEU is 0. An empty response scores 1 if another is
    empty, else 0.

    The value grows with the number of responses, so compare it between corpora of one size: `sample`
    draws one.

    Args:
        responses: Token ids of each response, at least two.
        order: Longest n-gram that counts, at least 1.
        sample: Number of responses drawn without replacement, of which each is compared with the others
            that were drawn; None for all, and all where there are no more.
        seed: Seed of the generator that draws them.

    Raises:
        ValueError: If `order` is below 1, or there are fewer than two responses or `sample` asks for fewer.

    Example:
        >>> self_bleu([[1, 2, 3], [1, 2, 3]])
        1.0
        >>> self_bleu([[1, 2], [1, 3]], order=1)
        0.5
    """
    if order < 1:
        raise ValueError(f"order must be at least 1, got {order}; 4 is common")
    if len(responses) < 2 or (sample is not None and sample < 2):
        raise ValueError(
            f"self_bleu compares two or more responses, got {len(responses)} and sample {sample}"
        )
    drawn = responses
    if sample is not None and sample < len(responses):
        chosen = np.random.default_rng(seed).choice(len(responses), sample, replace=False)
        drawn = [responses[int(i)] for i in chosen]
    # By order, then by response.
    counts = [[Counter(_ngrams(row, n)) for row in drawn] for n in range(1, order + 1)]
    ceilings = [_most_elsewhere(rows) for rows in counts]
    lengths = Counter(len(row) for row in drawn)
    scores = [
        _bleu([rows[i] for rows in counts], ceilings, i) * _brevity_penalty(len(row), lengths)
        for i, row in enumerate(drawn)
    ]
    return math.fsum(scores) / len(scores)


def _bleu(grams: Sequence[Counter[Gram]], ceilings: Sequence[dict[Gram, list[int]]], i: int) -> float:
    """Returns the geometric mean of response i's precisions, one per order that it is long enough for."""
    logs: list[float] = []
    for own, ceiling in zip(grams, ceilings, strict=True):
        if not own:
            break
        found = 0
        for gram, count in own.items():
            most, owner, second = ceiling[gram]
            found += min(count, second if owner == i else most)
        if not logs and found == 0:
            return 0.0
        logs.append(math.log((found or NO_MATCH) / own.total()))
    return math.exp(sum(logs) / len(logs)) if logs else 1.0


def _most_elsewhere(counts: Sequence[Counter[Gram]]) -> dict[Gram, list[int]]:
    """Returns per n-gram its highest count in a response, which one, and the highest count in any other."""
    found: dict[Gram, list[int]] = {}
    for i, row in enumerate(counts):
        for gram, count in row.items():
            best = found.setdefault(gram, [0, -1, 0])
            if count > best[0]:
                best[:] = [count, i, best[0]]
            else:
                best[2] = max(best[2], count)
    return found


def _brevity_penalty(length: int, lengths: Counter[int]) -> float:
    """Returns min(1, exp(1 - r / c)) for a response of c tokens that is itself one of `lengths`."""
    others = [other for other, count in lengths.items() if count > (other == length)]
    nearest = min(others, key=lambda other: (abs(other - length), other))
    if nearest <= length:
        return 1.0
    return math.exp(1.0 - nearest / length) if length else 0.0


def _ngrams(response: TokenIds, n: int) -> Iterator[Gram]:
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}; 1 counts tokens, 2 counts pairs")
    return (tuple(response[i : i + n]) for i in range(len(response) - n + 1))
