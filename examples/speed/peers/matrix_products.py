"""How fast float32 matrix products go, of the shapes that an update has: forward and both of backward."""

from __future__ import annotations

import torch

from examples.speed.peers.channel import Channel, read_arguments
from examples.speed.peers.work import Work

REPEATS = 3


def shapes_of(work: Work) -> list[tuple[int, int, int]]:
    """Returns (rows, inner, columns) of the products of one layer and of the head, for one minibatch.

    Rows are tokens as they are read, padding of the prompts included.
    """
    tokens = work.minibatch * (work.longest_prompt + work.response_length)
    wide = work.width
    layer = [
        (tokens, wide, 3 * wide),
        (tokens, wide, wide),
        (tokens, wide, 4 * wide),
        (tokens, 4 * wide, wide),
    ]
    head = (work.minibatch * work.response_length, wide, work.vocab)
    forward = layer * work.layers + [head]
    inputs = [(rows, columns, inner) for rows, inner, columns in forward]
    weights = [(inner, rows, columns) for rows, inner, columns in forward]
    return forward + inputs + weights


def main() -> None:
    """Serves measurements."""
    channel = Channel()
    work, _ = read_arguments()
    shapes = shapes_of(work)
    made = {(m, k, n): (torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)) for m, k, n in shapes}
    operations = REPEATS * sum(2 * m * k * n for m, k, n in shapes)

    def iterate() -> dict[str, int]:
        for shape in shapes * REPEATS:
            left, right, product = made[shape]
            torch.mm(left, right, out=product)
        return {"operations": operations}

    channel.serve(iterate)


if __name__ == "__main__":
    main()
