"""Compares what environments say of 2,000 responses with what was recorded, to the bit.

    python tests/golden/infos.py             exit status 0 where all is equal; else the kinds that differ
    python tests/golden/infos.py --record    writes tests/golden/infos.json anew

Each scorer with rules, boundary, "but" rule and reward design has one digest: of rewards, masks, lengths,
scores, utilities, the shares of the rules that are not zero, and certificates. It is a script and no test,
as the last bits of sums may differ between processors: record on the machine that compares.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from rlsf_gym.designs import DESIGNS
from rlsf_gym.scorers.offers import has_offer

RECORDED = Path(__file__).with_suffix(".json")
ENV_ID = "rlsf_gym:rlsf_gym/Sentiment-v0"
RESPONSES, AT_ONCE = 2_000, 250
FEW = 50
"""Responses under a design that scores a text for each choice of words."""
ARRAYS = ("token_rewards", "response_mask", "response_length", "score", "utility")
PIECES = (
    *(" good", " bad", " not", " very", " but", " the", " film", " was", " terrible", " wonderful", " never"),
    *(
        " really",
        " least",
        " no",
        " kind",
        " of",
        ",",
        ".",
        "!",
        "?",
        "!!!",
        " :)",
        " LOVED",
        " HATE",
        " awful",
    ),
    *(
        " great",
        " the bomb",
        " isn't",
        " without",
        " doubt",
        " hardly",
        " smart",
        " though",
        " however",
        "\n",
    ),
)
"""What most responses are put together from; every fourth is random tokens."""


def main() -> int:
    """Compares or records; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--record", action="store_true", help="write the digests of today")
    digests = dict(digest_all())
    if parser.parse_args().record:
        RECORDED.write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")
        return 0
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    differing = sorted(name for name in recorded | digests if recorded.get(name) != digests.get(name))
    sys.stdout.write("".join(f"differs: {name}\n" for name in differing))
    sys.stdout.write(f"{len(recorded) - len(differing)} of {len(recorded)} are equal to the bit\n")
    return int(bool(differing))


def digest_all() -> Iterator[tuple[str, str]]:
    """Yields the digest of each combination, by name."""
    designs = sorted(name for name, design in DESIGNS.items() if _is_served(design))
    for scorer, but, boundary, design in itertools.product(
        ("vader", "knowledge"), ("library", "documented"), ("closed", "open"), designs
    ):
        kwargs = {"scorer": scorer, "scorer_kwargs": {"but": but}, "boundary": boundary}
        yield "/".join((scorer, but, boundary, design)), digest(reward_design=design, **kwargs)


def digest(**kwargs: Any) -> str:
    """Returns the SHA-256 of the infos of one environment."""
    few = kwargs["reward_design"] == "shapley"
    count, rounds = (FEW, 1) if few else (AT_ONCE, RESPONSES // AT_ONCE)
    env = gym.make_vec(ENV_ID, num_envs=count, **kwargs)
    rng = np.random.default_rng(7)
    env.reset(seed=3)
    sha = hashlib.sha256()
    for _ in range(rounds):
        _, rewards, _, _, infos = env.step(draw_actions(env, rng))
        sha.update(np.asarray(rewards, np.float64).tobytes())
        for part in parts_of(infos["final_info"]):
            sha.update(part)
    return sha.hexdigest()


def draw_actions(env: Any, rng: np.random.Generator) -> Any:
    """Returns int64 (B, T): responses of many lengths, the same for the same generator."""
    shape, nothing = env.action_space.shape, int(env.single_action_space.nvec[0]) - 1
    rows = np.full(shape, nothing, np.int64)
    for number, row in enumerate(rows):
        if number % 4 == 3:
            ids = rng.integers(0, nothing, shape[1]).tolist()
        else:
            pieces = rng.integers(0, len(PIECES), shape[1])
            ids = env.unwrapped.tokenizer.encode("".join(PIECES[piece] for piece in pieces))
        ids = ids[: shape[1] if rng.random() < 0.7 else int(rng.integers(1, shape[1]))]
        row[: len(ids)] = ids
    return rows


def parts_of(infos: Mapping[str, Any]) -> Iterator[bytes]:
    """Yields what is compared of a batch of infos."""
    for key in ARRAYS:
        yield np.ascontiguousarray(infos[key]).tobytes()
    for key in sorted(infos):
        if key.startswith("reward_") and key != "reward_design" and np.any(infos[key]):
            yield key.encode() + np.asarray(infos[key], np.float64).tobytes()
    for records in infos["certificate"]:
        yield json.dumps(records).encode()


def _is_served(design: Any) -> bool:
    """Returns whether scorers with rules can serve a design."""
    return has_offer("vader", design.needs)


if __name__ == "__main__":
    raise SystemExit(main())
