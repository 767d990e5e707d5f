"""The n-gram that teaches the bundled model, against counting by hand without the occurrence in question."""

from collections import Counter

import numpy as np
import pytest
import torch

pytestmark = pytest.mark.whole

SIZE = 4096


@pytest.fixture(scope="module")
def modules():
    from examples.workshop import ngram_teacher, pretrain

    return ngram_teacher, pretrain


@pytest.fixture(scope="module")
def ids():
    return np.random.default_rng(0).integers(0, 6, 400).astype(np.uint16)


def count_without(ids, position, highest):
    """Returns for each order above 2 the n-grams counted as Kneser and Ney do, one occurrence left out."""
    windows = [
        tuple(ids[end - highest + 1 : end + 1]) for end in range(highest - 1, len(ids)) if end != position
    ]
    counts = {highest: Counter(windows)}
    for order in range(highest - 1, 2, -1):
        counts[order] = Counter(gram[1:] for gram in counts[order + 1])
    return counts


@pytest.mark.parametrize("highest", [3, 5])
def test_an_occurrence_does_not_tell_of_itself(modules, ids, highest):
    teacher = modules[0].NgramTeacher(ids, highest)
    orders = dict(enumerate(modules[0].count_orders(ids, highest), start=1))
    positions = np.arange(highest, len(ids))
    found = teacher.targets(positions)
    assert found.shape == (len(positions), SIZE)
    torch.testing.assert_close(found.sum(1), torch.ones(len(positions)))
    unigram = orders[1].refine(np.arange(SIZE), np.full(SIZE, 1 / SIZE))
    for position, row in zip(positions.tolist(), found.double().numpy(), strict=True):
        before = ids[:position].tolist()
        expected = orders[2].refine((before[-1] << 12) + np.arange(SIZE), unigram)
        counts = count_without(ids.tolist(), position, highest)
        for order in range(3, highest + 1):
            followers = {
                gram[-1]: n for gram, n in counts[order].items() if gram[:-1] == tuple(before[1 - order :])
            }
            total, discount = sum(followers.values()), orders[order].discount
            if total:
                expected = expected * discount * len(followers) / total
                for follower, count in followers.items():
                    expected[follower] += max(count - discount, 0) / total
        np.testing.assert_allclose(row, expected, atol=1e-6)


def test_the_gradient_leads_to_the_mixture_and_the_value_is_that_of_the_ids(modules):
    torch.manual_seed(0)
    hidden = torch.randn(7, 5, requires_grad=True)
    embedding = torch.randn(11, 5, requires_grad=True)
    targets, taught = torch.randint(11, (7,)), torch.rand(7, 11).softmax(1)
    log_p = (hidden @ embedding.T).log_softmax(1)
    hard = torch.nn.functional.one_hot(targets, 11).float()
    loss = -((0.7 * hard + 0.3 * taught) * log_p).sum(1).mean()
    expected = torch.autograd.grad(loss, [hidden, embedding])
    value = modules[1].TiedHead.apply(hidden, embedding, targets, taught, 0.3)
    torch.testing.assert_close(value, -(hard * log_p).sum(1).mean())
    for found, wanted in zip(torch.autograd.grad(value, [hidden, embedding]), expected, strict=True):
        torch.testing.assert_close(found, wanted)
