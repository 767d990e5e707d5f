"""A policy on disk: a model's folder or an adapter's, each with the value head; no pickles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import safetensors.torch
from torch import nn
from transformers import GenerationConfig, PreTrainedModel

from agents.policies.backbone import Backbone, load_model
from agents.policies.bundled import bundled_folder, is_bundled
from agents.policies.foreign_adapter import is_foreign_adapter, merge_foreign_adapter
from agents.policies.lora import Adapter, LoraSettings, read_source
from agents.policies.lora_files import (
    RECORD_FILE,
    StoredAdapter,
    find_base,
    forget_adapter,
    read_adapter,
    write_adapter,
)
from agents.policies.model_card import write_card
from agents.policies.model_folder import read_tensors
from agents.policies.origin import ORIGIN_FILE, Origin, read_origin
from agents.policies.vocabulary import TokenizerFiles, find_tokenizer

VALUE_HEAD_FILE = "value_head.safetensors"


class Opened(NamedTuple):
    """A model as it was read."""

    model: PreTrainedModel
    stored: StoredAdapter | None
    """The adapter to be put onto it, if any."""
    tokenizer: TokenizerFiles
    """Tokenizer files that came with it."""
    origin: Origin
    """The model that it was made from."""


def write_folder(folder: Path, backbone: Backbone, adapter: Adapter | None, value_head: nn.Module) -> None:
    """Writes a folder with the adapter, or with the whole model where the policy has no adapter.

    Raises:
        ValueError: If the adapter's base model was not read from anywhere.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if adapter is None:
        forget_adapter(folder)
        backbone.save(folder)
    else:
        write_adapter(folder, adapter)
    state = {name: tensor.contiguous() for name, tensor in value_head.state_dict().items()}
    cast(Any, safetensors.torch).save_file(state, folder / VALUE_HEAD_FILE)


def write_companions(
    folder: Path,
    tokenizer: TokenizerFiles,
    origin: Origin,
    sampling: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> None:
    """Writes tokenizer, generation settings and model card beside the weights of `write_folder`.

    Args:
        folder: Of a policy.
        tokenizer: Its files are copied.
        origin: The model that the policy was made from.
        sampling: How the policy samples, as `GenerationConfig` takes it.
        facts: Of its training, as `agents.policies.model_card.write_card` takes them.
    """
    tokenizer.save(folder)
    origin.save(folder)
    cast(Any, GenerationConfig(**sampling)).save_pretrained(folder)
    write_card(folder, origin, {**facts, "sampling": sampling}, is_adapter=(folder / RECORD_FILE).is_file())


def describe_sampling(
    backbone: Backbone, vocab_size: int, temperature: float, eos_token_id: int | None
) -> dict[str, Any]:
    """Returns the distribution that a policy samples from, as `GenerationConfig` takes it.

    Args:
        backbone: Of the policy.
        vocab_size: V; ids from there on are never sampled.
        temperature: Of the policy.
        eos_token_id: Ends a response; None: that of the model.
    """
    config = cast(Any, backbone.model.config).get_text_config()
    end: Any = config.eos_token_id if eos_token_id is None else eos_token_id
    padding: Any = cast("list[int]", end)[0] if isinstance(end, list) else end
    surplus = list(range(vocab_size, backbone.logit_count))
    return {
        "do_sample": True,
        "temperature": float(temperature),
        "top_k": 0,
        "top_p": 1.0,
        "eos_token_id": end,
        "pad_token_id": config.pad_token_id if padding is None else padding,
        "bos_token_id": config.bos_token_id,
        **({"suppress_tokens": surplus} if surplus else {}),
    }


def fill_value_head(value_head: nn.Module, folder: Path) -> None:
    """Loads the weights of a value head from a folder, if it has them.

    Raises:
        ValueError: If they are damaged, or of another width.
    """
    file = folder / VALUE_HEAD_FILE
    if not file.is_file():
        return
    stored = read_tensors(file)
    wanted = {name: tuple(tensor.shape) for name, tensor in value_head.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in stored.items()}
    if found != wanted:
        raise ValueError(
            f"value head {str(file)!r}: expected {wanted}, got {found}; "
            "restore it, or remove it to start without a critic"
        )
    value_head.load_state_dict(stored)


def open_model(
    name_or_folder: str | Path,
    model_kwargs: Mapping[str, Any],
    lora: LoraSettings | Mapping[str, Any] | None,
    base: str | Path | None = None,
) -> Opened:
    """Returns a model, and the adapter if the folder holds one; the model is its base then.

    Args:
        name_or_folder: A folder, a name on the Hugging Face hub, or that of a bundled model.
        model_kwargs: Passed on to `AutoModelForCausalLM.from_pretrained`.
        lora: Settings of a new adapter; refused where there is one already.
        base: Where the base model of the folder's adapter is now; None: where it was.

    Raises:
        ValueError: If there is no such model, or what is there does not go together.
    """
    folder = Path(name_or_folder)
    own, foreign = (folder / RECORD_FILE).is_file(), is_foreign_adapter(folder)
    if lora is not None and (own or foreign):
        raise ValueError(
            f"lora: expected None, as {str(folder)!r} holds an adapter already; leave it out, or merge that "
            "one first: CausalLMPolicy.from_pretrained(it).merge().save_pretrained(another folder)"
        )
    if own:
        stored = read_adapter(folder)
        revision = {} if stored.base_revision is None else {"revision": stored.base_revision}
        place = str(base or find_base(folder, stored))
        model = load_model(place, **{**revision, **model_kwargs})
        return Opened(model, stored, *_find_rest((str(folder), place), model))
    if foreign:
        model, place = merge_foreign_adapter(folder, model_kwargs, base=base)
        return Opened(model, None, *_find_rest((str(folder), place), model))
    if base is not None:
        raise ValueError(
            f"base: expected None, as {str(folder)!r} holds no adapter, got {str(base)!r}; leave it out"
        )
    model = load_model(name_or_folder, **model_kwargs)
    return Opened(model, None, *_find_rest((str(name_or_folder),), model))


def _find_rest(places: Sequence[str], model: PreTrainedModel) -> tuple[TokenizerFiles, Origin]:
    """Returns the files of the first place that has a tokenizer, and what the model was made of.

    Args:
        places: The folder that was asked for, and that of the base model, if it is another.
        model: As it was read.
    """
    stored = (Path(place) for place in places if (Path(place) / ORIGIN_FILE).is_file())
    folder = next(stored, Path(places[-1]))
    origin = read_origin(places[-1], bundled_folder(places[-1]) if is_bundled(places[-1]) else folder)
    found = TokenizerFiles({}, places[0])
    for place in places:
        revision = getattr(model.config, "_commit_hash", None)
        found = found or find_tokenizer(place, revision, fetch=True)
    return found, origin


def settle_tokenizer(model: PreTrainedModel, given: str | Path | TokenizerFiles | None) -> TokenizerFiles:
    """Returns the files of a model's tokenizer.

    Args:
        model: Whose folder is looked into, if it was read from one.
        given: Where to look instead.

    Raises:
        ValueError: If no tokenizer is found where `given` says.
    """
    if isinstance(given, TokenizerFiles):
        return given
    if given is None:
        return find_tokenizer(read_source(model), fetch=False)
    found = find_tokenizer(str(given), fetch=True)
    if not found:
        raise ValueError(
            f"tokenizer: expected a folder with tokenizer.json, or a name on the hub, got {str(given)!r}; "
            "give the folder that the model came in"
        )
    return found
