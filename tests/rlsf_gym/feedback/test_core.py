"""Feedback: the evidence on a batch is what each response's own would be."""

import dataclasses

import numpy as np
import pytest

from rlsf_gym.designs import load_design
from rlsf_gym.domains import load_domain
from rlsf_gym.evidence import Evidence
from rlsf_gym.feedback.core import Feedback
from rlsf_gym.feedback.decoding import read_responses
from rlsf_gym.objectives import load_objective
from rlsf_gym.scorers import load_scorer
from rlsf_gym.text.tokenizer import load_tokenizer

TOKENIZER = load_tokenizer("bundled")


@pytest.mark.parametrize("design", ["potential", "terminal"])
def test_evidence_on_a_batch_is_sound_and_read_only(design):
    feedback = Feedback(
        scorer=load_scorer("vader"),
        objective=load_objective("strong"),
        design=load_design(design),
        tokenizer=TOKENIZER,
        segmentation=load_domain("sentiment").segmentation,
    )
    rng = np.random.default_rng(0)
    responses = read_responses(rng.integers(0, TOKENIZER.vocab_size + 1, (40, 12)), TOKENIZER)
    for one in feedback.evidence(["A good film"] * 40, responses):
        fields = {item.name: getattr(one, item.name) for item in dataclasses.fields(Evidence)}
        assert vars(one).keys() == fields.keys()  # none is left to a default
        arrays = [one.mask, one.char_spans, *([] if one.prefixes is None else [one.prefixes])]
        assert not any(array.flags.writeable for array in arrays)
        checked = Evidence(**fields)  # refuses what does not fit
        assert {name: type(value) for name, value in vars(checked).items()} == {
            name: type(value) for name, value in fields.items()
        }
