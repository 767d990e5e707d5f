"""The task of a training run: what a domain says of itself, as a training command takes it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rlsf_gym.designs import DESIGNS, find_step, load_design
from rlsf_gym.domains import Domain
from rlsf_gym.flags.flag import Flag
from rlsf_gym.presets import run_prompts
from rlsf_gym.presets.names import check_names
from rlsf_gym.presets.own_modules import find_own_modules
from rlsf_gym.presets.run_instances import (
    check_flags,
    describe,
    find_tokenizer,
    flag_texts,
    hash_instances,
)
from rlsf_gym.presets.task_flags import TASK, check_task, env_kwargs, tell
from rlsf_gym.render.build import make_sample
from rlsf_gym.render.page_file import write_page
from rlsf_gym.render.samples_file import plain_token, read_samples

Settings = Mapping[str, Any]
SIZES = ("batch_size", "minibatch_size")
"""Settings that go together: one that is given leaves the other at its usual default."""
FITTING: Settings = {"reward_share": "environment", "kl_estimator": "exact", "whiten_rewards": False}
"""Settings that a learner from candidates must have: others leave it the sampled tokens' rewards."""
BUILT_IN = ("bundled", "bytes", "toy")
"""Tokenizers that come with this package: no file or module of anybody else's makes them."""


@dataclass(frozen=True)
class RunPrompts:
    """Prompts of a run: their source, hash and number."""

    source: str
    """Source of the prompts, for messages."""
    sha256: str
    """SHA-256 of all prompts, training and evaluation, in their order."""
    number: int
    """Number of training prompts; 0 of a domain that draws its instances without end."""
    notes: tuple[str, ...]
    """Notes to the user about the prompts, such as that none are held out."""


@dataclass(frozen=True, kw_only=True)
class TaskPreset:
    """A task that a training command can take.

    Args:
        name: Name of the preset, recorded with each run.
        env_id: Id of the environment; the module that registers it stands in front.
        scorers: Scorers of the domain, which need no model.
        judge: Returns the judge of settings that name none: a name, or "none".
        no_judge: Note to the user where no judge is used because none was named.
        packages: Distributions that the domain's numbers depend on.
        defaults: Defaults of flags, by key, in the place of the usual ones.
        with_candidates: Defaults of flags, the learner's too, of runs that are told every next token's
            reward: all whose scorer and reward design know it at once; none: they are told on demand alone.
        domain: The domain, where it makes its prompts; None in one of plain text.
        remake: From arguments of that domain to the preset that it has with them.
    """

    name: str
    env_id: str
    scorers: tuple[str, ...]
    judge: Callable[[Settings], str]
    no_judge: str
    packages: tuple[str, ...] = ()
    defaults: Settings = field(default_factory=dict[str, Any])
    with_candidates: Settings = field(default_factory=dict[str, Any])
    domain: Domain | None = None
    remake: Callable[..., TaskPreset] | None = None

    @property
    def flags(self) -> Sequence[Flag]:
        """The settings of the task."""
        texts = {} if self.domain is None else flag_texts(self.domain)
        return [
            replace(
                flag, default=self.defaults.get(flag.key, flag.default), help=texts.get(flag.key, flag.help)
            )
            for flag in TASK
        ]

    def complete(self, settings: Settings, given: Settings) -> dict[str, Any]:
        """Returns the settings with the judge that goes with them, and told of candidates where they can be.

        What the domain's arguments make another default of, such as the length of a response, becomes that.

        Raises:
            ValueError: If some do not go together; the message names the flags.
        """
        check_task(settings, self.scorers)
        kwargs = {**self.defaults.get("domain_kwargs", {}), **settings["domain_kwargs"]}
        settings = {**settings, "domain_kwargs": kwargs}
        made = self._made(settings)
        if made is not self:
            own = {key: value for key, value in made.defaults.items() if key not in given}
            return replace(made, remake=None).complete({**settings, **own}, given)
        if self.domain is not None:
            check_flags(self.name, settings)
            if "tokenizer" not in given:
                own = settings["policy"] == self.defaults.get("policy")
                settings = {**settings, "tokenizer": find_tokenizer(self.domain, settings["policy"], own=own)}
        judge = {} if "judge" in given else {"judge": self.judge(settings)}
        return {**settings, **judge, **self._told(settings, given)}

    def _told(self, settings: Settings, given: Settings) -> dict[str, Any]:
        """Returns what `with_candidates` makes of the settings that were not given."""
        asked: dict[str, Any] = given.get("env_kwargs", {})
        can_tell = settings["scorer"] in self.scorers and _pays_as_written(settings["reward_design"])
        is_open = "boundary" not in self.with_candidates or given.get("boundary", "open") == "open"
        fits = all(given.get(key, value) == value for key, value in FITTING.items())
        is_wanted = settings.get("candidates", "off") != "off" and asked.get("candidates", True) is True
        if not (self.with_candidates and can_tell and is_open and is_wanted and fits):
            return {}
        kept = set(given).union(
            SIZES if set(SIZES) & set(given) else (), ["episodes"] if settings["epochs"] else ()
        )
        free = {key: value for key, value in self.with_candidates.items() if key in settings.keys() - kept}
        return {**free, "env_kwargs": {**asked, "candidates": True}}

    def _made(self, settings: Settings) -> TaskPreset:
        """Returns the preset that the domain has with its arguments."""
        kwargs = settings["domain_kwargs"]
        return self.remake(**kwargs) if kwargs and self.remake is not None else self

    def find_modules(self, settings: Settings) -> None:
        """Lets `module:attribute` name a module in the working folder."""
        find_own_modules(settings)

    def check_names(self, settings: Settings) -> None:
        """Refuses names that no table and no module has.

        Raises:
            ValueError: If there is an unknown one; the message begins with the flag.
        """
        check_names(settings, None if self.domain is None else self.domain.scorer_table)

    def env(self, settings: Settings, part: str) -> tuple[str, dict[str, Any]]:
        """Returns id and keyword arguments of the environment of a part, "train" or "eval"."""
        if self.domain is not None:
            values = {"prefix_values": True} if part == "eval" else {}  # samples show them
            return self.env_id, {**values, **env_kwargs(settings), "split": part}
        source, split = run_prompts.place(settings, part)
        prompts = {"prompts": source, "prompts_kwargs": run_prompts.source_kwargs(settings, source)}
        return self.env_id, {**env_kwargs(settings), **prompts, "split": split}

    def prompts(self, settings: Settings) -> RunPrompts:
        """Returns the prompts of a run.

        Raises:
            ValueError: If they can't be read.
        """
        made = self._made(settings)
        if made.domain is not None and made.domain.instances is not None:
            check_flags(self.name, settings)
            known = hash_instances(self.name, settings["domain_kwargs"], made.domain.instances)
            return RunPrompts(describe(self.name, settings["domain_kwargs"]), known, 0, ())
        source = " and ".join(filter(None, (settings["prompts"], settings["eval_prompts"])))
        number = len(run_prompts.read_prompts(settings, "train").texts)
        notes = tuple(run_prompts.notes(settings))
        return RunPrompts(source, run_prompts.hash_prompts(settings), number, notes)

    def tokenizer(self, settings: Settings) -> str:
        """Returns the name of the environment's tokenizer."""
        return env_kwargs(settings)["tokenizer"]

    def notes(self, settings: Settings, given: Settings) -> Sequence[str]:
        """Returns why no judge is asked, where none was chosen, and that candidates are learned from."""
        is_unasked = "judge" not in given and self.judge(settings) == "none"
        lines = [self.no_judge] if self.no_judge and is_unasked else []
        told = self._made(settings)._told(settings, given)
        if not told:
            return lines
        chosen = " ".join(f"--{key.replace('_', '-')} {told[key]}" for key in told if key != "env_kwargs")
        return [
            *lines,
            f"learns from the reward of every next token, by default with {chosen}; --candidates off: from "
            "the sampled token's alone, with the usual settings",
        ]

    def explain(self, error: BaseException) -> str:
        """Returns the message of an error, with flags in the place of the environment's arguments."""
        return tell(error)

    def token_texts(self, tokenizer: str, ids: Sequence[int]) -> list[Any]:
        """Returns the text of each token, or its bytes where they are no whole characters.

        Raises:
            ValueError: If an id is not one of the tokenizer's.
        """
        loaded = run_prompts.read_tokenizer(tokenizer)
        if max(ids, default=0) >= loaded.vocab_size:
            raise ValueError(f"expected tokens below {loaded.vocab_size}, got {max(ids)}")
        return [plain_token(loaded.token_bytes(token)) for token in ids]

    def show_tokens(
        self, tokenizer: Any, ids: Sequence[int], *, allowed: Collection[str]
    ) -> list[str] | None:
        """Returns the text of each token as a page shows it, None where the tokenizer may not be loaded.

        Args:
            tokenizer: As settings name it, perhaps a stranger's; None: the bundled one.
            ids: Of tokens.
            allowed: Tokenizers that may be loaded beside `BUILT_IN`.

        Raises:
            ValueError: If the tokenizer does not know an id.
        """
        name = tokenizer or BUILT_IN[0]
        if name not in BUILT_IN and name not in allowed:
            return None
        known = run_prompts.read_tokenizer(name)
        unknown = [token for token in ids if not 0 <= token < known.vocab_size]
        if unknown:
            raise ValueError(
                f"tokens: expected ids from 0 to {known.vocab_size - 1}, those of the tokenizer that the "
                f"settings name, got {unknown[0]}"
            )
        pieces = [known.token_bytes(token) for token in ids]
        return [token.text for token in make_sample("", pieces, [0.0] * len(ids)).tokens]

    def write_page(self, samples: Path, page: Path, *, title: str) -> bool:
        """Writes the page of coloured tokens; returns True.

        Raises:
            ValueError: If a line can't be shown.
        """
        write_page(page, read_samples(samples), title=title)
        return True


def _pays_as_written(name: str) -> bool:
    """Returns whether a design of the table pays tokens as they are written: then any next one's is known."""
    if name not in DESIGNS:
        return False
    design = load_design(name)
    return design.uses_prefixes and find_step(design) is not None
