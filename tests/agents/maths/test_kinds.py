"""agents/maths/kinds.py: tokens sorted into kinds, and kinds of several batches made one."""

import numpy as np
import torch

from agents.maths.kinds import KindRewards, KindTargets, kind_totals, merge_kinds, number_kinds


def test_kinds_are_numbered_by_their_smallest_tokens():
    kind_of, smallest = number_kinds(np.array([7, 9, 7, 3, 9], dtype=np.uint64))
    assert kind_of.tolist() == [0, 1, 0, 2, 1]
    assert smallest.tolist() == [0, 1, 3]


def test_tokens_are_of_one_kind_where_they_are_in_every_batch():
    first = KindRewards(torch.tensor([0, 0, 1, 1, 1]), torch.tensor([[[1.0, 2.0]]]))
    second = KindRewards(torch.tensor([0, 1, 1, 0, 1]), torch.tensor([[[3.0, 4.0]], [[5.0, 6.0]]]))
    kind_of, rewards = merge_kinds([first, second])
    assert kind_of.tolist() == [0, 1, 2, 3, 2]  # pairs (0, 0), (0, 1), (1, 1), (1, 0), (1, 1)
    assert rewards.tolist() == [[[1.0, 1.0, 2.0, 2.0]], [[3.0, 4.0, 4.0, 3.0]], [[5.0, 6.0, 6.0, 5.0]]]
    alone = merge_kinds([first])
    assert alone is first


def test_the_order_of_batches_does_not_matter_to_the_kinds():
    torch.manual_seed(0)
    parts = [
        KindRewards(number_kinds(torch.randint(0, 3, (40,)).numpy())[0], torch.rand(1, 2, 3)) for _ in "ab"
    ]
    assert torch.equal(merge_kinds(parts).kind_of, merge_kinds(parts[::-1]).kind_of)
    twice = merge_kinds([merge_kinds(parts), parts[0]])
    assert torch.equal(twice.kind_of, merge_kinds(parts).kind_of)


def test_totals_are_sums_over_tokens():
    x = torch.tensor([[1.0, 2.0], [4.0, 8.0], [16.0, 32.0]])
    assert kind_totals(x, torch.tensor([1, 0, 1]), 3).tolist() == [[4.0, 8.0], [17.0, 34.0], [0.0, 0.0]]


def test_rows_are_taken_of_all_but_the_tokens():
    cubes = torch.arange(8.0).reshape(4, 1, 2)
    targets = KindTargets(torch.tensor([0, 1, 1]), cubes, cubes + 10.0, cubes[..., 0], (cubes, None))
    taken = targets.take(torch.tensor([2, 0]))
    assert taken.kind_of.tolist() == [0, 1, 1]
    assert taken.values.tolist() == [[[4.0, 5.0]], [[0.0, 1.0]]]
    assert taken.probabilities.tolist() == [[[14.0, 15.0]], [[10.0, 11.0]]]
    assert taken.kl_weight.tolist() == [[4.0], [0.0]]
    assert taken.ref_states[0].tolist() == [[[4.0, 5.0]], [[0.0, 1.0]]] and taken.ref_states[1] is None
    both = targets._replace(ref_states=(cubes, cubes)).take(torch.tensor([3]))
    assert both.ref_states[1].tolist() == [[[6.0, 7.0]]]
    assert targets._replace(ref_states=None).take(torch.tensor([0])).ref_states is None
