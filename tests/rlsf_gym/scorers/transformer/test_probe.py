"""Architectures that count positions, padding and segments in their own ways, on tiny random models."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from rlsf_gym.scorers import TransformerScorer

pytestmark = pytest.mark.whole

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
DECODER = SMALL | {"num_key_value_heads": 2, "max_position_embeddings": 34}
XLNET = {"d_model": 16, "n_layer": 1, "n_head": 2, "d_inner": 32}
BART = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 16,
    "decoder_ffn_dim": 16,
    "num_labels": 2,
}
DEBERTA = {"max_position_embeddings": 34, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]}

# Architecture, what its configuration says, and how many tokens fit: by hand from the tables it builds.
# RoBERTa's first position is its padding index 1 plus 1; OPT and BART add two rows to what they declare;
# Longformer's window and BigBird's blocks do not count; None where nothing ends.
LIMITS: list[tuple[str, dict[str, Any], int | None]] = [
    ("Bert", SMALL | {"max_position_embeddings": 34}, 34),
    ("Roberta", SMALL | {"max_position_embeddings": 34}, 32),
    ("XLMRoberta", SMALL | {"max_position_embeddings": 34}, 32),
    ("Camembert", SMALL | {"max_position_embeddings": 34}, 32),
    ("Data2VecText", SMALL | {"max_position_embeddings": 34}, 32),
    ("MPNet", SMALL | {"max_position_embeddings": 34}, 32),
    ("Longformer", SMALL | {"max_position_embeddings": 34, "attention_window": 8}, 32),
    ("Electra", SMALL | {"embedding_size": 16, "max_position_embeddings": 34}, 34),
    ("Deberta", SMALL | DEBERTA | {"position_biased_input": True}, 34),
    ("DebertaV2", SMALL | DEBERTA | {"position_biased_input": False}, 34),
    ("GPT2", {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 34}, 34),
    ("OPT", {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "ffn_dim": 16,
             "word_embed_proj_dim": 16, "max_position_embeddings": 34}, 34),
    ("Bart", BART | {"max_position_embeddings": 34}, 34),
    ("Llama", DECODER, 34),
    ("XLNet", XLNET, None),
    ("Bloom", {"hidden_size": 16, "n_layer": 1, "n_head": 2}, None),
    ("T5", {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2, "num_labels": 2,
            "decoder_start_token_id": 1}, None),
]  # fmt: skip
TEXTS = ["good", "a rather longer text than x", "bad film", "", "x" * 30, "the film was good but long"]


def _save_tokenizer(folder: Path, kind: str, specials: dict[str, str] | None = None) -> int:
    """Writes a byte-level tokenizer that says no longest length, and returns its number of tokens."""
    vocab = {token: row for row, token in enumerate((*SPECIALS, *pre_tokenizers.ByteLevel.alphabet()))}
    backend = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if kind == "XLNet":  # the token that is read comes last, in a segment of its own
        ends = {"single": "$A </s>:0 <s>:2", "special_tokens": [("</s>", 2), ("<s>", 0)]}
        backend.post_processor = processors.TemplateProcessing(**ends)
    elif kind not in ("GPT2", "Llama", "OPT", "Bloom"):
        backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    backend.add_special_tokens(list(SPECIALS))
    inputs = ["input_ids", "token_type_ids", "attention_mask"] if kind == "XLNet" else ["input_ids"]
    names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, model_input_names=inputs, **(names if specials is None else specials)
    ).save_pretrained(folder)
    return len(vocab)


def _save(folder: Path, kind: str, dtype: Any = None, **options: Any) -> Path:
    size = _save_tokenizer(folder, kind, options.pop("specials", None))
    torch.manual_seed(0)
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    config = getattr(transformers, f"{kind}Config")(**({"vocab_size": size} | ids | options))
    config.id2label = {0: "negative", 1: "positive"}
    model = getattr(transformers, f"{kind}ForSequenceClassification")(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" not in name.lower():
                parameter.normal_(0.0, 0.3)
    (model if dtype is None else model.to(dtype)).save_pretrained(folder)
    return folder


def _alone(folder: Path, text: str) -> float:
    """Returns p(positive) - p(negative) as the library has it, one text without padding, in float32."""
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32
    ).eval()
    encoding = transformers.AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")
    with torch.no_grad():
        negative, positive = torch.softmax(model(**encoding).logits[0], 0)
    return float(positive - negative)


@pytest.mark.parametrize(("kind", "options", "longest"), LIMITS, ids=[row[0] for row in LIMITS])
def test_long_texts_are_cut_to_the_positions_that_there_are(
    tmp_path: Path, kind: str, options: dict[str, Any], longest: int | None
) -> None:
    scorer = TransformerScorer(_save(tmp_path, kind, **options))
    assert scorer.max_length == (10**9 if longest is None else longest)
    assert np.isfinite(scorer.score(["word " * 60])).all()
    if longest is not None:
        with pytest.raises(ValueError, match=r"at most .* tokens"):
            TransformerScorer(tmp_path, truncate=False).score(["word " * 60])


@pytest.mark.parametrize(("kind", "options"), [row[:2] for row in LIMITS], ids=[row[0] for row in LIMITS])
def test_a_score_does_not_change_with_the_batch(tmp_path: Path, kind: str, options: dict[str, Any]) -> None:
    folder = _save(tmp_path, kind, **options)
    scorer = TransformerScorer(folder)
    alone = [float(scorer.score([text])[0]) for text in TEXTS]
    np.testing.assert_allclose(scorer.score(TEXTS), alone, rtol=0, atol=1e-5)
    texts = [text for text in TEXTS if text]
    expected = [_alone(folder, text) for text in texts]
    np.testing.assert_allclose(scorer.score(texts), expected, rtol=0, atol=1e-5)
    assert np.ptp(alone) > 1e-3


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_weights_in_half_precision_are_read_in_single(tmp_path: Path, dtype: str) -> None:
    sizes = {"dim": 64, "n_layers": 4, "n_heads": 4, "hidden_dim": 128, "max_position_embeddings": 64}
    folder = _save(tmp_path, "DistilBert", getattr(torch, dtype), **sizes)
    scorer = TransformerScorer(folder)
    assert {value.dtype for value in scorer._model.state_dict().values()} == {torch.float32}
    alone = [float(scorer.score([text])[0]) for text in TEXTS]
    np.testing.assert_allclose(scorer.score(TEXTS), alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("padding_side", ["left", "right"])
def test_a_decoder_without_a_padding_token_is_padded_with_its_end(tmp_path: Path, padding_side: str) -> None:
    specials = {"eos_token": "</s>", "unk_token": "<unk>", "padding_side": padding_side}
    sizes = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 64, "pad_token_id": None}
    scorer = TransformerScorer(_save(tmp_path, "GPT2", specials=specials, **sizes))
    alone = [float(scorer.score([text])[0]) for text in TEXTS]
    np.testing.assert_allclose(scorer.score(TEXTS), alone, rtol=0, atol=1e-5)


def test_models_that_mind_padding_get_none(tmp_path: Path) -> None:
    scorer = TransformerScorer(_save(tmp_path, "XLNet", **XLNET), batch_size=2)
    sizes: list[list[int]] = []
    forward = scorer._forward
    scorer._forward = lambda rows: (  # type: ignore[method-assign]
        sizes.append([len(row["input_ids"]) for row in rows]) or forward(rows)
    )
    scorer.score(["bad", "good", "fine", "film", "too long"])
    assert sizes == [[5], [6, 6], [6], [10]]


def test_a_padding_token_without_an_embedding_is_refused(tmp_path: Path) -> None:
    folder = _save(tmp_path, "Bert", **SMALL, max_position_embeddings=34, vocab_size=200)
    with pytest.raises(
        ValueError, match=r"has 200 and its tokenizer the id 2\d\d: .*resize_token_embeddings"
    ):
        TransformerScorer(folder)


@pytest.mark.parametrize("damage", [b"", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n"])
def test_damaged_weights_are_refused_in_one_line(tmp_path: Path, damage: bytes) -> None:
    folder = _save(tmp_path, "Bert", **SMALL, max_position_embeddings=34)
    (folder / "model.safetensors").write_bytes(damage)
    with pytest.raises(ValueError, match="must be a sequence classifier with safetensors") as raised:
        TransformerScorer(folder)
    assert "\n" not in str(raised.value)
