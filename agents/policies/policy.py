"""A causal language model with a value head: it generates responses and scores them, from one distribution.

The distribution of the next token is softmax(logits[:V] / temperature), in `generate` as in `score`: no
top-k, no top-p, no ban of the end token, no dropout, surplus logits cut off alike. So log-probs from
generation are those of scoring, up to rounding.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from agents.maths.tensors import Scored
from agents.policies.backbone import Backbone
from agents.policies.decoding import Generation, check_prompts, sample_responses
from agents.policies.head import Head
from agents.policies.lora import Adapter, LoraSettings, read_source
from agents.policies.origin import Origin
from agents.policies.policy_files import (
    describe_sampling,
    fill_value_head,
    open_model,
    settle_tokenizer,
    write_companions,
    write_folder,
)
from agents.policies.sampling import draw_uniforms
from agents.policies.scoring import KindsAsked, score_responses
from agents.policies.trunks.trunk import Outputs
from agents.policies.vocabulary import TokenizerFiles


class CausalLMPolicy(nn.Module):
    """Any Hugging Face causal language model as a policy with a critic.

    Args:
        model: The language model, for instance a `GPT2LMHeadModel`; put into float32 and evaluation mode, in
            place.
        vocab_size: V, the number of ids that may be sampled; the model may have more logits, never fewer.
            None: all of them.
        temperature: Logits are divided by it, in sampling as in scoring; > 0.
        lora: Settings of an adapter (or a dict of them), to train it and the value head alone; None: none.
        dtype: "float32", or "bfloat16" for the matrix products of the trunk; with an adapter the frozen
            matrices are stored in it too.
        gradient_checkpointing: Compute the layers again in the backward pass, to save memory.
        tokenizer: Folder or hub name of the tokenizer that the model was trained with; None: the model's own
            folder, if it was read from one.

    Raises:
        ValueError: If the model has fewer than V logits, is not a plain decoder with whole weights, or a
            setting is out of range.
        ImportError: If `lora` is given and peft is not installed.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        *,
        vocab_size: int | None = None,
        temperature: float = 1.0,
        lora: LoraSettings | Mapping[str, Any] | None = None,
        dtype: str = "float32",
        gradient_checkpointing: bool = False,
        tokenizer: str | Path | TokenizerFiles | None = None,
    ) -> None:
        super().__init__()
        if not temperature > 0.0:
            raise ValueError(f"temperature: expected a number > 0, got {temperature}")
        self.backbone = Backbone(model, dtype=dtype, recompute=gradient_checkpointing)
        self.adapter = None if lora is None else Adapter(model, LoraSettings.read(lora))
        """The adapter that is trained in place of the model's weights, if any."""
        if self.adapter is not None and dtype == "bfloat16":
            self.adapter.store_frozen_weights(torch.bfloat16)
        self.tokenizer = settle_tokenizer(model, tokenizer)
        """The files of the model's tokenizer: compared with the environment's, saved beside the weights."""
        self.origin = Origin(read_source(model))
        """The model that it was made from, for its model card."""
        self.gradient_checkpointing = gradient_checkpointing
        self.temperature = temperature
        self._vocab_size = self.backbone.logit_count
        if vocab_size is not None:
            self.restrict_vocabulary(vocab_size)
        self.value_head = nn.Linear(self.backbone.hidden_size, 1, device=self.backbone.device)
        nn.init.zeros_(self.value_head.weight)
        nn.init.zeros_(self.value_head.bias)

    @classmethod
    def from_pretrained(
        cls,
        name_or_folder: str | Path,
        *,
        vocab_size: int | None = None,
        temperature: float = 1.0,
        model_kwargs: dict[str, Any] | None = None,
        lora: LoraSettings | Mapping[str, Any] | None = None,
        dtype: str = "float32",
        gradient_checkpointing: bool = False,
        base: str | Path | None = None,
        tokenizer: str | Path | None = None,
    ) -> Self:
        """Returns a policy read from safetensors; value head and adapter as well where the folder has them.

        Args:
            name_or_folder: A folder, a name on the Hugging Face hub, or that of a bundled model.
            vocab_size: V; None: all logits of the model.
            temperature: Logits are divided by it; > 0.
            model_kwargs: Passed on to `AutoModelForCausalLM.from_pretrained`.
            lora: Settings of an adapter; None where the folder holds one.
            dtype: "float32" or "bfloat16", for the matrix products of the trunk.
            gradient_checkpointing: Compute the layers again in the backward pass, to save memory.
            base: Where the base model of the folder's adapter is, when it has moved.
            tokenizer: A folder or a hub name; None: the folder, or that of the adapter's base model.

        An adapter that `save_pretrained` wrote is trained on. One that peft wrote, from supervised
        fine-tuning for instance, is added to the weights of its base: policy and reference start from it.

        Raises:
            ValueError: If there is no such model, it has no safetensors, its weights do not fit its
                configuration, or an adapter's base model has moved or changed.
        """
        model, stored, found, origin = open_model(name_or_folder, model_kwargs or {}, lora, base)
        policy = cls(
            model,
            vocab_size=vocab_size,
            temperature=temperature,
            lora=lora if stored is None else stored.settings,
            dtype=dtype,
            gradient_checkpointing=gradient_checkpointing,
            tokenizer=found if tokenizer is None else tokenizer,
        )
        policy.origin = origin
        if stored is not None and policy.adapter is not None:
            stored.fill(policy.adapter)
        fill_value_head(policy.value_head, Path(name_or_folder))
        return policy

    def save_pretrained(
        self, folder: str | Path, *, facts: Mapping[str, Any] | None = None, eos_token_id: int | None = None
    ) -> None:
        """Writes a Hugging Face folder, of the adapter if there is one, that also holds the value head.

        With it go the files of the model's tokenizer, `generation_config.json` with the distribution that the
        policy samples from, and a model card, `README.md`. A card that somebody else wrote or edited stays.

        Args:
            folder: Made if need be.
            facts: Of the policy's training, as `agents.policies.model_card.write_card` takes them.
            eos_token_id: Ends a response; None: that of the model.

        Raises:
            ValueError: If the adapter's base was not read from a file, or a whole model is in the way.
        """
        write_folder(Path(folder), self.backbone, self.adapter, self.value_head)
        sampling = describe_sampling(self.backbone, self._vocab_size, self.temperature, eos_token_id)
        write_companions(Path(folder), self.tokenizer, self.origin, sampling, facts or {})

    @property
    def vocab_size(self) -> int:
        """V, the number of ids that may be sampled; V itself is the no-token index."""
        return self._vocab_size

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return self.backbone.device

    @property
    def head(self) -> Head:
        """From the backbone's outputs to distributions over V tokens."""
        return Head(self.backbone, self._vocab_size, self.temperature)

    def options(self) -> dict[str, Any]:
        """Returns those arguments of the constructor that `save_pretrained` does not write."""
        return {
            "temperature": self.temperature,
            "dtype": self.backbone.dtype,
            "gradient_checkpointing": self.gradient_checkpointing,
        }

    def frozen_copy(self) -> Self:
        """Returns the reference: a frozen copy, or, of a policy with an adapter, its base model itself."""
        memo = {} if self.adapter is None else self.adapter.sharing_memo()
        reference = copy.deepcopy(self, memo).requires_grad_(False)
        reference.adapter = None
        return reference

    def merge(self) -> Self:
        """Adds the adapter to the weights and returns this policy; a learner can't go on training it."""
        if self.adapter is not None:
            self.adapter.merge()
            self.adapter = None
        return self

    def restrict_vocabulary(self, vocab_size: int) -> None:
        """Sets V; logits of ids V and above are cut off from now on.

        Raises:
            ValueError: If the model has fewer than V logits.
        """
        logit_count = self.backbone.logit_count
        if not 0 < vocab_size <= logit_count:
            raise ValueError(
                f"vocab_size: expected a model with at least V = {vocab_size} logits, got {logit_count}; "
                "take a model that covers the environment's tokenizer, or the model's own tokenizer "
                "(tokenizer= of the environment, --tokenizer, or beside --env --env-kwargs tokenizer=...)"
            )
        self._vocab_size = vocab_size

    def train(self, mode: bool = True) -> Self:
        """Stays in evaluation mode: with dropout the ratios of an update would not start at 1."""
        del mode
        return super().train(False)

    @torch.no_grad()
    def generate(
        self,
        prompt_ids: Tensor,
        prompt_mask: Tensor,
        *,
        lengths: Tensor,
        eos_token_id: int | None,
        generator: torch.Generator | None,
        deterministic: bool = False,
        keep_states: bool = False,
    ) -> Generation:
        """Returns one response per prompt, sampled from the softmax of the V logits over the temperature.

        Takes B * max(lengths) numbers from the generator, whenever responses end.

        Args:
            prompt_ids: (B, P) int64, left-padded.
            prompt_mask: (B, P) bool, True on real tokens, at least one per row.
            lengths: (B,) int64 >= 1, the largest length of each response; T is the largest of them.
            eos_token_id: Ends a response, and is part of it; None: only the length ends it.
            generator: On the CPU; unused when deterministic.
            deterministic: Take the most probable token instead of sampling.
            keep_states: Return `states`.

        Raises:
            ValueError: If a prompt has no token, or the model's table of positions ends before a response
                does.
        """
        check_prompts(prompt_mask)
        width = int(lengths.max())
        self.backbone.limit.check_texts(prompt_mask, appended=width - 1)
        uniforms = None if deterministic else draw_uniforms(len(prompt_ids), width, generator).to(self.device)
        return sample_responses(
            self.head,
            self.value_head,
            prompt_ids.to(self.device),
            prompt_mask.to(self.device).bool(),
            lengths=lengths.to(self.device),
            eos_token_id=eos_token_id,
            uniforms=uniforms,
            keep_states=keep_states,
        )

    def score(
        self,
        tokens: Tensor,
        attention_mask: Tensor,
        response_length: int,
        *,
        with_entropy: bool = False,
        against: tuple[CausalLMPolicy, Outputs] | None = None,
        asked: KindsAsked | None = None,
        keep_states: bool = False,
    ) -> Scored:
        """Returns log-probs and values of given responses, with gradient where it is enabled.

        Padding costs nothing in the head: only real response tokens reach it.

        Args:
            tokens: (B, P + T) int64, left-padded prompts, then responses; any valid id where the mask is
                False.
            attention_mask: (B, P + T) bool.
            response_length: T, the number of columns of the response.
            with_entropy: Return the entropy, with gradient.
            against: A policy, and its backbone's outputs at the N real response tokens, row by row; return
                the exact KL(that policy, this policy) at each token. Only where gradients are off.
            asked: Return the probabilities of these kinds of tokens, and the exact KL(this policy, their
                reference) at each token, with gradient where it is enabled.
            keep_states: Return the backbone's outputs before each token. Only where gradients are off.

        Raises:
            ValueError: If the model's table of positions ends before a text does.
        """
        tokens, attention_mask = tokens.to(self.device), attention_mask.to(self.device).bool()
        self.backbone.limit.check_texts(attention_mask, appended=-1)  # the last token is only scored
        return score_responses(
            self.head,
            self.value_head,
            tokens,
            attention_mask,
            response_length,
            with_entropy=with_entropy,
            against=None if against is None else (against[0].head, against[1]),
            asked=asked,
            keep_states=keep_states,
        )
