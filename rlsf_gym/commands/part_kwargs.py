"""The flag `--kwargs` of commands that are given a part by name: the part's arguments."""

from __future__ import annotations

from rlsf_gym.flags.key_values import Collect, key_value
from rlsf_gym.flags.parser import Parser


def add_kwargs(parser: Parser) -> None:
    """Adds `--kwargs KEY=VALUE ...`, a dict in the parsed arguments."""
    parser.add_argument(
        "--kwargs",
        type=key_value,
        action=Collect,
        nargs="+",
        metavar="KEY=VALUE",
        default={},
        help="its arguments",
    )
