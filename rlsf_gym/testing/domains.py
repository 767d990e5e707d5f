"""Holds a domain to all that it offers: instances, scorers, units, certificates, designs, environments."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import gymnasium as gym
import numpy as np
from gymnasium.utils.env_checker import check_env

from rlsf_gym.arguments import describe_mismatch
from rlsf_gym.contract import ContractError
from rlsf_gym.designs import DESIGNS
from rlsf_gym.domains import Domain, load_domain
from rlsf_gym.envs import ResponseEnv, ResponseVectorEnv, TextEnv, TextVectorEnv, TokenEnv
from rlsf_gym.instance import Instance, copy_data
from rlsf_gym.scorers import Scorer
from rlsf_gym.scorers.offers import has_offer
from rlsf_gym.scorers.protocol import find_candidates, has_verdict
from rlsf_gym.testing.cases import draw_prompt
from rlsf_gym.testing.designs import check_design
from rlsf_gym.testing.environments import check_environment
from rlsf_gym.testing.scorers import check_scorer
from rlsf_gym.testing.segmentation import check_segmentation

__all__ = ["check_domain"]

_DRAWN: Final = 24  # instances and responses that are looked at
_LONGEST: Final = 6  # pieces of a drawn response
_CLOSE: Final = 1e-5
_ROOM: Final = 256  # bytes of a prompt where its tokenizer does not spell any text


def check_domain(
    domain: Any,
    *,
    kwargs: Mapping[str, Any] | None = None,
    scorers: Sequence[str] | None = None,
    trials: int = 40,
    seed: int = 0,
) -> None:
    """Checks that a domain keeps every promise of what it offers.

    Instances are the same for the same seed, plain JSON, made again from their data, and apart by split. Each
    scorer is held to its protocol (`check_scorer`), its certificates are proved and forged ones refused. The
    segmentation keeps its laws (`check_segmentation`). Every reward design that a scorer can serve keeps what
    it declares (`check_design`). Environments of all forms pass Gymnasium's checker, keep the info contract
    (`check_environment`), pay alike alone and in a vector, and pay what a proof allows (`verify=True`). Where
    the scorer has candidates, they are part of all this.

    Args:
        domain: Anything that `load_domain` takes.
        kwargs: Arguments of the domain.
        scorers: Names of scorers of the domain; by default all of them that can be made without arguments.
        trials: Number of responses on which each design is checked.
        seed: Seed of all that is drawn.

    Raises:
        ContractError: If it breaks a promise: the message names the promise, with what shows it.
        ValueError: If there is no such domain, or a part of it does not fit.
    """
    checked = load_domain(domain, **dict(kwargs or {}))
    rng = np.random.default_rng(seed)
    if checked.instances is not None:
        _check_instances(checked, seed)
    rows = _draw_rows(checked, rng)
    pairs = [(instance.prompt, response) for instance, response in rows]
    check_segmentation(checked.segmentation, pairs=[*checked.samples.pairs, *pairs], seed=seed)
    for name in _names(checked) if scorers is None else scorers:
        scorer = checked.load_scorer(name)
        own: list[tuple[str | Instance, str]] = [] if checked.instances else [*checked.samples.pairs]
        check_scorer(scorer, pairs=[*own, *rows], domain=checked)
        for design in DESIGNS:
            if has_offer(scorer, DESIGNS[design].needs):
                check_design(design, scorer=scorer, domain=checked, trials=trials, seed=seed)
        _check_environments(checked, scorer, seed)


def _names(domain: Domain) -> list[str]:
    """Returns the scorers that are made without arguments."""
    parts = {name: domain.scorer_table.load(name) for name in domain.scorers}
    return [name for name, part in parts.items() if not callable(part) or not describe_mismatch(part, {})]


def _draw_rows(domain: Domain, rng: np.random.Generator) -> list[tuple[Instance, str]]:
    """Returns instances with responses made of the domain's pieces, the empty one first."""
    pieces, rows = domain.samples.pieces, list[tuple[Instance, str]]()
    for number in range(_DRAWN):
        drawn = draw_prompt(rng, domain)
        count = int(rng.integers(1, _LONGEST + 1)) if number else 0
        chosen: list[int] = rng.integers(len(pieces), size=count).tolist()
        instance = Instance(drawn) if isinstance(drawn, str) else drawn
        rows.append((instance, b"".join(pieces[index] for index in chosen).decode("utf-8", "replace")))
    return rows


def _check_instances(domain: Domain, seed: int) -> None:
    assert domain.instances is not None
    drawn = {split: _draw(domain, split, seed) for split in ("train", "eval", "all")}
    for split, found in drawn.items():
        if found != _draw(domain, split, seed):
            raise _broken(domain, f"must draw the same instances for the same seed in split {split!r}")
        for instance in found:
            _check_instance(domain, split, instance)
        _check_refusals(domain, split, found[0])
    both = {repr(one.data) for one in drawn["train"]} & {repr(one.data) for one in drawn["eval"]}
    if both:
        raise _broken(domain, f"must keep instances of 'train' out of 'eval', got {min(both)} in both")


def _draw(domain: Domain, split: str, seed: int) -> list[Instance]:
    assert domain.instances is not None
    source, rng = domain.instances(split), np.random.default_rng(seed)
    return [source.sample(rng) for _ in range(_DRAWN)]


def _check_instance(domain: Domain, split: str, instance: Any) -> None:
    assert domain.instances is not None
    prompt: Any = getattr(instance, "prompt", None)
    if not isinstance(instance, Instance) or not isinstance(prompt, str) or instance.number < 0:
        raise _broken(domain, f"must draw an Instance with a prompt and a number from 0, got {instance!r}")
    try:
        data = copy_data(instance.data)
    except ValueError as error:
        raise _broken(domain, f"must draw instances of plain data: {error}") from error
    again = domain.instances(split).make(data)
    if again.prompt != instance.prompt or again.data != instance.data:
        raise _broken(domain, f"must make an instance again from its data, got {again!r} from {instance!r}")


def _check_refusals(domain: Domain, split: str, instance: Instance) -> None:
    """Checks that data which stands for no instance is refused by ValueError, as `reset` promises."""
    assert domain.instances is not None
    refusal = "has instances whose make must raise ValueError for data that stand for none, such as"
    for data in ({}, {**copy_data(instance.data), "?": 0}):
        try:
            made = domain.instances(split).make(data)
        except ValueError:
            continue
        except Exception as error:
            raise _broken(domain, f"{refusal} {data}, got {error!r}") from error
        raise _broken(domain, f"{refusal} {data}, got {made!r}")


def _check_environments(domain: Domain, scorer: Scorer, seed: int) -> None:
    given: dict[str, Any] = {"domain": domain, "scorer": scorer, "verify": scorer.verifiable}
    texts: dict[str, Any] = given
    if not _spells(given):
        texts = {**given, "tokenizer": "bytes", "max_prompt_tokens": _ROOM}
    ahead = _ask_ahead(given)
    for form, arguments in (
        *((ResponseEnv, given), (TextEnv, texts), (TokenEnv, given)),
        *((form, {**given, **ahead}) for form in (ResponseEnv, TokenEnv) if ahead),
    ):
        env: gym.Env[Any, Any] = form(**arguments)
        env.spec = gym.spec("rlsf_gym/Sentiment-v0")  # so that the checker knows whether it draws
        check_env(env, skip_render_check=True)
        check_environment(env, episodes=6, seed=seed)
    for single, many, arguments in (
        (ResponseEnv, ResponseVectorEnv, {**given, **ahead}),
        (TextEnv, TextVectorEnv, texts),
    ):
        check_environment(many(2, **arguments), episodes=6, seed=seed)
        _check_vector(domain, single(**arguments), many(2, **arguments), seed)
    _check_rules(domain, scorer, ResponseEnv(**given), seed)


def _ask_ahead(given: dict[str, Any]) -> dict[str, Any]:
    """Returns the arguments by which environments tell what other tokens would earn, if they can."""
    if find_candidates(given["scorer"]) is None:
        return {}
    asked: dict[str, Any] = {"candidates": True, "prefix_values": True}
    try:
        ResponseEnv(**given, **asked)
    except ValueError:
        return {**asked, "boundary": "open"}
    return asked


def _spells(given: dict[str, Any]) -> bool:
    """Returns whether the domain's tokenizer spells any text; otherwise texts are checked as bytes."""
    try:
        ResponseEnv(**given).tokenizer.encode("\u00e9 1?")
    except ValueError:
        return False
    return True


def _check_vector(domain: Domain, single: Any, many: Any, seed: int) -> None:
    """Checks that a vector pays what single environments with its seeds pay."""
    many.reset(seed=seed)
    many.action_space.seed(seed)
    actions = many.action_space.sample()
    _, rewards, *_ = many.step(actions)
    for index, action in enumerate(gym.vector.utils.iterate(many.action_space, actions)):
        single.reset(seed=seed + index)
        reward = single.step(action)[1]
        if abs(reward - float(rewards[index])) > _CLOSE:
            raise _broken(
                domain, f"must pay alike alone and in a vector, got {reward} and {float(rewards[index])}"
            )


def _check_rules(domain: Domain, scorer: Scorer, env: ResponseEnv, seed: int) -> None:
    """Checks that what rules earned adds up to the gain where a token is paid, and that verdicts are told."""
    env.action_space.seed(seed)
    rules = getattr(scorer, "rules", ())
    for number in range(_DRAWN):
        env.reset(seed=seed + number)
        info = env.step(env.action_space.sample())[4]
        told = {key for key in info if key.startswith("reward_")} - {"reward_design"}
        if told != {f"reward_{rule}" for rule in rules}:
            raise _broken(domain, f"must report the rules {rules} of {scorer.name!r}, got {sorted(told)}")
        told_solved = info.get("solved")
        if told_solved != (info["score"] if has_verdict(scorer) else None):
            raise _broken(domain, f"must report whether it is solved by its score, got {told_solved}")
        total, paid = math.fsum(info[key] for key in told), float(info["token_rewards"].sum(dtype=np.float64))
        if rules and info["response_length"] and abs(total - paid) > _CLOSE:
            raise _broken(domain, f"must report rules that add up to the reward {paid}, got {total}")


def _broken(domain: Domain, promise: str) -> ContractError:
    return ContractError(f"domain {domain.name!r} {promise}")
