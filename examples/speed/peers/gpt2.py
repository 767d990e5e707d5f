"""The model of the work, and a tokenizer for learners that begin with text.

Runs inside a peer's environment: any transformers from 4.45 on will do.
"""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from examples.speed.peers.work import Work

BANNED = -1e4
"""Added to the logits of the end and the padding token, in sampling and scoring alike: their probability is
exactly 0.
"""


def make_config(work: Work, **settings: Any) -> GPT2Config:
    """Returns the architecture, without dropout."""
    return GPT2Config(
        n_layer=work.layers,
        n_embd=work.width,
        n_head=work.heads,
        vocab_size=work.vocab,
        n_positions=max(64, work.longest_prompt + work.response_length),
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=work.end,
        eos_token_id=work.end,
        pad_token_id=work.padding,
        **settings,
    )


def make_model(work: Work) -> GPT2LMHeadModel:
    """Returns a model of random weights whose head bans two tokens by a bias that is not trained."""
    torch.manual_seed(0)
    model = GPT2LMHeadModel(make_config(work))
    bias = torch.zeros(work.vocab)
    bias[[work.end, work.padding]] = BANNED
    model.lm_head.bias = torch.nn.Parameter(bias, requires_grad=False)
    return model


def make_tokenizer(work: Work) -> PreTrainedTokenizerFast:
    """Returns a tokenizer whose words are numbers, so that "5 17" is [5, 17]."""
    words = {str(token): token for token in range(work.vocab)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token=str(work.padding)))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=str(work.end),
        pad_token=str(work.padding),
        padding_side="left",
    )
