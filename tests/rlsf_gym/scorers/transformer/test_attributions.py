"""What a classifier attributes to characters: attention and integrated gradients, on tiny random models."""

import sys
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from rlsf_gym.scorers import TransformerScorer
from rlsf_gym.scorers.transformer.attributions import TextReading, lay_on_response

pytestmark = pytest.mark.whole

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("captum")

KINDS = ["gpt2", "distilbert", "bert", "roberta"]
PAIRS = [
    ("the film", " was not good"),
    ("", "films"),
    ("a goo", "d film"),  # half a word each
    ("the film ", "\U0001f600 was caf\u00e9\u2026 \u05d8\u05d5\u05d1"),  # an emoji, accents, Hebrew
    ("the e\u0301", "clair  \u0301 was\n good"),  # combining marks, two spaces, a line break
    ("bad ", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),  # one family of five code points
]
HALVED = PAIRS[2]
METHODS = ["attention", "gradient"]
VALUES = {"LABEL_0": -1.0, "LABEL_1": 0.25, "LABEL_2": 1.0}
WIDTH = 64
HIDDEN = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
SIZES: dict[str, dict[str, Any]] = {
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": WIDTH},
    "distilbert": {
        "dim": 16,
        "n_layers": 2,
        "n_heads": 2,
        "hidden_dim": 32,
        "max_position_embeddings": WIDTH,
    },
    "bert": {**HIDDEN, "max_position_embeddings": WIDTH},
    "roberta": {**HIDDEN, "max_position_embeddings": WIDTH + 4, "pad_token_id": 3},
    "modernbert": {
        **HIDDEN,
        "max_position_embeddings": WIDTH,
        "classifier_pooling": "mean",
        "pad_token_id": 3,
    },
    "fnet": {**HIDDEN, "max_position_embeddings": WIDTH},
    "bart": {
        "d_model": 16,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 16,
        "decoder_ffn_dim": 16,
        "max_position_embeddings": WIDTH,
        "forced_eos_token_id": None,
        "num_labels": 3,  # what transformers takes a saved BART without labels to have
        "pad_token_id": 3,
    },
}
SPECIAL = ["[CLS]", "[SEP]", "[UNK]", "[PAD]"]  # the ids of beginning, end, unknown and padding


def _byte_level() -> Tokenizer:
    """Returns GPT-2's kind of tokenizer: bytes, a few merges, offsets without the leading space."""
    pieces = [*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    merges = [("o", "o"), ("g", "oo"), ("goo", "d"), ("\u0120", "good"), ("f", "i"), ("fi", "l")]
    vocab = {piece: row for row, piece in enumerate([*pieces, *("".join(pair) for pair in merges)])}
    backend = Tokenizer(models.BPE(vocab, merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.post_processor = processors.ByteLevel(trim_offsets=True)
    backend.decoder = decoders.ByteLevel()
    return backend


def _word_piece() -> Tokenizer:
    """Returns BERT's kind of tokenizer: words and halves of words between [CLS] and [SEP]."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters), "film", "##s", "good", "was"]
    vocab = {piece: row for row, piece in enumerate(dict.fromkeys(pieces))}
    backend = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 0), ("[SEP]", 1)]
    )
    return backend


def _save(folder: Path, kind: str, **changes: Any) -> Path:
    backend = _byte_level() if kind == "gpt2" else _word_piece()
    specials = {"cls_token": "[CLS]", "unk_token": "[UNK]", "pad_token": "[PAD]"} if kind != "gpt2" else {}
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="[SEP]", model_max_length=WIDTH, **specials
    ).save_pretrained(folder)
    torch.manual_seed(0)
    ids = {"bos_token_id": 0, "eos_token_id": 1}
    options = {"num_labels": 2} | ids | SIZES[kind] | changes
    if options["num_labels"] == 2:
        options["id2label"] = {0: "negative", 1: "positive"}
    config = transformers.AutoConfig.for_model(kind, vocab_size=backend.get_vocab_size(), **options)
    model = transformers.AutoModelForSequenceClassification.from_config(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" not in name.lower() and ".ln_" not in name:
                parameter.normal_(0.0, 0.3 if kind == "distilbert" else 0.4)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save(tmp_path_factory.mktemp("gpt2"), "gpt2")


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save(tmp_path_factory.mktemp("bert"), "bert")


class Slow:
    """One text at a time, no padding, embeddings in place of ids, attention read by hand."""

    def __init__(self, folder: Path) -> None:
        self.model = transformers.AutoModelForSequenceClassification.from_pretrained(
            folder, attn_implementation="eager"
        ).eval()
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.is_gpt2 = self.model.config.model_type == "gpt2"

    def read(self, text: str) -> tuple[list[int], list[list[int]]]:
        """Returns ids, and the characters that each stands for."""
        encoding = self.tokenizer(text, return_offsets_mapping=True)
        characters = [list(range(*pair)) for pair in encoding["offset_mapping"]]
        if self.is_gpt2:  # no special tokens; a lone space has the empty span at its end
            offsets = encoding["offset_mapping"]
            characters = [found or [end - 1] for found, (_, end) in zip(characters, offsets, strict=True)]
        return encoding["input_ids"], characters

    def lay(self, values: list[float], characters: list[list[int]], start: int, end: int) -> np.ndarray:
        return np.array(
            [
                sum(value / len(own) for value, own in zip(values, characters, strict=True) if place in own)
                for place in range(start, end)
            ],
            np.float64,
        )

    def attention(self, prompt: str, response: str) -> np.ndarray:
        text = prompt + response
        ids, characters = self.read(text)
        with torch.no_grad():
            maps = self.model(torch.tensor([ids]), output_attentions=True).attentions[-1][0]
        row = maps.double().mean(0)[-1 if self.is_gpt2 else 0].tolist()
        raw = self.lay(row, characters, len(prompt), len(text))
        return raw / raw.sum() if raw.sum() else raw

    def score(self, embeddings: Any) -> Any:
        """Returns p(positive) - p(negative) of embeddings (K, dim): tanh of half the logits' difference."""
        negative, positive = self.model(inputs_embeds=embeddings[None]).logits[0]
        return torch.tanh((positive - negative) / 2)

    def path(self, prompt: str, response: str) -> tuple[Any, Any, list[list[int]]]:
        """Returns the embeddings of the baseline and of the text, and the characters of each token."""
        ids, characters = self.read(prompt + response)
        padding = 1 if self.is_gpt2 else 3
        swapped = [
            padding if own and own[-1] >= len(prompt) else token
            for token, own in zip(ids, characters, strict=True)
        ]
        table = self.model.get_input_embeddings().weight.detach()
        return table[swapped], table[ids], characters

    def gradient(self, prompt: str, response: str, steps: int) -> np.ndarray:
        """Returns integrated gradients by the midpoint rule."""
        start, end, characters = self.path(prompt, response)
        total = torch.zeros_like(end)
        for step in range(steps):
            here = (start + (step + 0.5) / steps * (end - start)).requires_grad_()
            total += torch.autograd.grad(self.score(here), here)[0] / steps
        values = (total * (end - start)).double().sum(1).tolist()
        return self.lay(values, characters, len(prompt), len(prompt + response))


def _attribute(scorer: TransformerScorer, prompt: str, response: str, method: str) -> np.ndarray:
    (found,) = scorer.attributions_batch([prompt], [response], method)
    assert found.dtype == np.float64
    assert found.shape == (len(response),)
    return found


@pytest.mark.parametrize(("prompt", "response"), PAIRS)
def test_attention_is_the_heads_row_of_the_last_layer(folder: Path, prompt: str, response: str) -> None:
    found = _attribute(TransformerScorer(folder), prompt, response, "attention")
    np.testing.assert_allclose(found, Slow(folder).attention(prompt, response), atol=1e-6)
    assert found.min() >= 0.0
    assert found.sum() == pytest.approx(1.0, abs=1e-12)


def test_attention_tells_tokens_apart(folder: Path) -> None:
    found = _attribute(TransformerScorer(folder), "the film", " was not good", "attention")
    assert found.max() > 2 * found[[1, 5, 9]].min()  # "was", "not", "good"


@pytest.mark.parametrize(("prompt", "response"), PAIRS)
def test_gradients_follow_the_slow_integral(folder: Path, prompt: str, response: str) -> None:
    found = _attribute(TransformerScorer(folder, gradient_steps=64), prompt, response, "gradient")
    np.testing.assert_allclose(found, Slow(folder).gradient(prompt, response, 200), atol=3e-3)
    assert np.abs(found).max() > 1e-3


@pytest.mark.parametrize("steps", [32, 128])
def test_gradients_add_up_to_the_difference_of_the_scores(folder: Path, steps: int) -> None:
    """For responses that begin with a token of their own."""
    slow = Slow(folder)
    # The head of DistilBERT has kinks (ReLU), at which the quadrature converges slowly.
    kinked = slow.model.config.model_type == "distilbert"
    tolerance = {32: 2e-2, 128: 5e-3} if kinked else {32: 2e-3, 128: 5e-6}
    pairs = [pair for pair in PAIRS if pair != HALVED]
    found = TransformerScorer(folder, gradient_steps=steps).attributions_batch(
        *zip(*pairs, strict=True), "gradient"
    )
    with torch.no_grad():
        paths = [slow.path(*pair) for pair in pairs]
        expected = [float(slow.score(end) - slow.score(start)) for start, end, _ in paths]
    np.testing.assert_allclose([row.sum() for row in found], expected, atol=tolerance[steps])
    assert max(map(abs, expected)) > 0.1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_a_batch_is_its_pairs_one_by_one(folder: Path, method: str, batch_size: int) -> None:
    scorer = TransformerScorer(folder, batch_size=batch_size)
    pairs = [*PAIRS, PAIRS[0], ("bad", ""), ("", "")]
    batch = scorer.attributions_batch(*zip(*pairs, strict=True), method)
    alone = TransformerScorer(folder, batch_size=1)
    for pair, found in zip(pairs, batch, strict=True):
        np.testing.assert_allclose(found, _attribute(alone, *pair, method), atol=1e-5)
    assert batch[0] is not batch[len(PAIRS)]
    assert scorer.attributions_batch([], [], method) == []


@pytest.mark.parametrize("cut", range(len("a good film was")))
def test_where_the_response_starts_does_not_move_what_a_character_attends(gpt2: Path, cut: int) -> None:
    scorer, text = TransformerScorer(gpt2), "a good film was"
    whole = _attribute(scorer, "", text, "attention")[cut:]
    found = _attribute(scorer, text[:cut], text[cut:], "attention")
    np.testing.assert_allclose(found, whole / whole.sum(), atol=1e-6)


def test_a_token_that_straddles_the_two_gives_the_response_its_part(gpt2: Path) -> None:
    scorer = TransformerScorer(gpt2)
    found = _attribute(scorer, "a go", "od", "gradient")
    start, end, _ = Slow(gpt2).path("a go", "od")  # a piece that straddles is replaced as a whole
    with torch.no_grad():
        difference = float(Slow(gpt2).score(end) - Slow(gpt2).score(start))
    # " good" stands for the characters of "good" (the space is trimmed off): half of them are the response's.
    assert found == pytest.approx([difference / 4] * 2, abs=1e-3)


def test_values_are_split_over_characters_by_hand() -> None:
    reading = TextReading.of_encoding(
        {
            "input_ids": [1, 2, 3, 4, 5, 6],
            "offset_mapping": [(0, 0), (0, 4), (5, 5), (5, 6), (5, 6), (0, 0)],
            "special_tokens_mask": [1, 0, 0, 0, 0, 1],
        },
        char_start=2,
        char_end=7,
    )
    # [CLS], "film", a trimmed space, an emoji of two pieces, [SEP]; a last character that no token reads
    assert reading.is_response.tolist() == [False, True, True, True, True, False]
    values = np.array([9.0, 4.0, 0.5, 0.25, 2.0, 9.0, 7.0])  # one of padding at the end
    assert lay_on_response(values, reading).tolist() == [1.0, 1.0, 0.5, 2.25, 0.0]


def test_a_token_of_no_character_at_the_start_stands_for_the_first() -> None:
    encoding = {"input_ids": [7], "offset_mapping": [(0, 0)], "special_tokens_mask": [0]}
    reading = TextReading.of_encoding(encoding, char_start=0, char_end=2)
    assert reading.char_spans.tolist() == [[0, 1]]


@pytest.mark.parametrize("method", METHODS)
def test_responses_without_a_token_have_nothing(bert: Path, method: str) -> None:
    scorer = TransformerScorer(bert)
    assert _attribute(scorer, "good film", "", method).tolist() == []
    assert _attribute(scorer, "good film", " \n ", method).tolist() == [0.0] * 3
    assert _attribute(scorer, "", " ", method).tolist() == [0.0]


@pytest.mark.parametrize("method", METHODS)
def test_what_is_cut_off_has_nothing(folder: Path, method: str) -> None:
    scorer = TransformerScorer(folder, max_length=8)
    text = "a good film was not good at all"
    found = _attribute(scorer, text[:2], text[2:], method)
    ids, characters = Slow(folder).read(text)
    kept = characters[: 8 - (not Slow(folder).is_gpt2)]  # [SEP] is put behind the cut
    assert len(ids) > 8
    last = max(place for own in kept for place in own)
    assert not found[last + 1 - 2 :].any()
    assert found[: last + 1 - 2].any()
    np.testing.assert_allclose(
        found[: last + 1 - 2],
        _attribute(TransformerScorer(folder), text[:2], text[2 : last + 1], method),
        atol=1e-5,
    )
    with pytest.raises(ValueError, match=r"at most 8 tokens for scorer .*, got \d+: pass truncate=True"):
        TransformerScorer(folder, max_length=8, truncate=False).attributions_batch([""], [text], method)


@pytest.mark.parametrize("method", METHODS)
def test_texts_that_the_prompt_fills_leave_nothing_for_the_response(bert: Path, method: str) -> None:
    scorer = TransformerScorer(bert, max_length=6)
    assert _attribute(scorer, "a good film was good", " good", method).tolist() == [0.0] * 5


@pytest.mark.parametrize("implementation", ["eager", "sdpa"])
def test_any_implementation_of_attention_gives_the_same_and_is_kept(
    folder: Path, implementation: str
) -> None:
    scorer = TransformerScorer(folder)
    expected = _attribute(scorer, *PAIRS[0], "attention")
    scorer._model.set_attn_implementation(implementation)
    texts = ["".join(pair) for pair in PAIRS]
    before = scorer.score(texts)
    np.testing.assert_allclose(_attribute(scorer, *PAIRS[0], "attention"), expected, atol=1e-6)
    assert scorer._model.config._attn_implementation == implementation
    assert scorer.score(texts).tolist() == before.tolist()


def test_a_failing_pass_leaves_the_implementation_of_attention(
    bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = TransformerScorer(bert)
    scorer._model.set_attn_implementation("sdpa")

    def fail(*args: Any, **kwargs: Any) -> None:
        assert scorer._model.config._attn_implementation == "eager"
        raise RuntimeError("out of memory")

    monkeypatch.setattr(scorer._model, "forward", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        _attribute(scorer, *PAIRS[0], "attention")
    assert scorer._model.config._attn_implementation == "sdpa"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("mode", ["no_grad", "inference_mode"])
def test_callers_without_gradients_get_the_same(folder: Path, method: str, mode: str) -> None:
    expected, scorer = _attribute(TransformerScorer(folder), *PAIRS[0], method), TransformerScorer(folder)
    with getattr(torch, mode)():
        found = _attribute(scorer, *PAIRS[0], method)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_nothing_is_left_behind(bert: Path) -> None:
    scorer = TransformerScorer(bert)
    digest, state = scorer.model_hash, torch.get_rng_state()
    for method in METHODS:
        _attribute(scorer, *PAIRS[0], method)
    assert TransformerScorer.model_hash.func(scorer) == digest
    assert torch.equal(torch.get_rng_state(), state)
    assert all(parameter.grad is None for parameter in scorer._model.parameters())
    assert not any(module._forward_hooks for module in [scorer._model.get_input_embeddings()])


@pytest.mark.parametrize(
    ("labels", "kwargs"),
    [
        (1, {}),
        (1, {"raw": True}),
        (2, {"raw": True}),
        (3, {"label_values": VALUES}),
    ],
)
def test_gradients_are_those_of_the_score_of_any_head(
    tmp_path: Path, labels: int, kwargs: dict[str, Any]
) -> None:
    scorer = TransformerScorer(_save(tmp_path, "bert", num_labels=labels), gradient_steps=64, **kwargs)
    text, padding = "the good film", scorer._tokenizer.pad_token_id
    ids = scorer._encode(text)["input_ids"]
    baseline = [ids[0], *[padding] * (len(ids) - 2), ids[-1]]
    start, end = (
        float(scorer._weights.scores(scorer._forward([{"input_ids": row}]))[0]) for row in (baseline, ids)
    )
    assert end == pytest.approx(scorer.score([text])[0])
    assert abs(end - start) > 1e-3
    assert _attribute(scorer, "", text, "gradient").sum() == pytest.approx(end - start, abs=1e-4)


def test_heads_that_pool_all_tokens_have_gradients_alone(tmp_path: Path) -> None:
    scorer = TransformerScorer(_save(tmp_path, "modernbert"))
    assert _attribute(scorer, *PAIRS[0], "gradient").any()
    with pytest.raises(ValueError, match=r"reads the first or the last .* tokens 0, 1, .* of 8: use another"):
        _attribute(scorer, *PAIRS[0], "attention")


def test_models_without_attention_have_gradients_alone(tmp_path: Path) -> None:
    scorer = TransformerScorer(_save(tmp_path, "fnet"))
    assert _attribute(scorer, *PAIRS[0], "gradient").any()
    with pytest.raises(ValueError, match="FNetForSequenceClassification does not: use another model"):
        _attribute(scorer, *PAIRS[0], "attention")


@pytest.mark.parametrize("method", METHODS)
def test_encoder_decoders_are_refused(tmp_path: Path, method: str) -> None:
    scorer = TransformerScorer(_save(tmp_path, "bart"), label_values=VALUES)
    with pytest.raises(ValueError, match=r"must be an encoder or a decoder .* type 'bart': use") as raised:
        scorer.attributions_batch(["good"], [" film"], method)
    assert "\n" not in str(raised.value)


def test_tokenizers_without_offsets_are_refused(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = TransformerScorer(bert)
    monkeypatch.setattr(type(scorer._tokenizer), "is_fast", False)
    with pytest.raises(ValueError, match=r"must have a fast tokenizer .*: save it with a tokenizer\.json"):
        scorer.attributions_batch(["good"], [" film"], "attention")


@pytest.mark.parametrize("method", METHODS)
def test_values_that_are_not_finite_raise(bert: Path, method: str) -> None:
    scorer = TransformerScorer(bert)
    with torch.no_grad():
        scorer._model.bert.encoder.layer[-1].attention.self.query.weight[0, 0] = float("nan")
    scorer._attributor.__dict__["_reads_last"] = False  # found before the damage
    with pytest.raises(ValueError, match=f"must give finite attributions, got others by '{method}'"):
        scorer.attributions_batch(["good"], [" film"], method)


def test_other_methods_and_steps_are_refused(bert: Path) -> None:
    with pytest.raises(ValueError, match="method must be one of 'attention', 'gradient', got 'lime'"):
        TransformerScorer(bert).attributions_batch(["a"], ["b"], "lime")
    with pytest.raises(ValueError, match="gradient_steps must be at least 1, got 0"):
        TransformerScorer(bert, gradient_steps=0)
    assert TransformerScorer.attribution_methods == tuple(METHODS)


def test_a_missing_captum_names_the_extra(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = TransformerScorer(bert)
    for name in [name for name in sys.modules if name.partition(".")[0] == "captum"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "captum", None)
    with pytest.raises(ImportError, match=r"need captum: pip install 'rlsf-gym\[captum\]'"):
        scorer.attributions_batch(["good"], [" film"], "gradient")
    assert _attribute(scorer, "good", " film", "attention").sum() == pytest.approx(1.0)


@pytest.mark.parametrize("design", METHODS)
def test_environments_lay_the_gain_by_attributions(bert: Path, design: str) -> None:
    scorer = TransformerScorer(bert)
    arguments: dict[str, Any] = {"scorer": scorer, "reward_design": design, "max_new_tokens": 6}
    single = gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", **arguments)
    vector = gym.make_vec("rlsf_gym:rlsf_gym/Sentiment-v0", num_envs=2, **arguments)
    tokenizer = single.unwrapped.tokenizer  # pyright: ignore[reportAttributeAccessIssue]
    prompts, texts = ["the film", "a goo"], [" was not good", "d film"]
    ids = [tokenizer.encode(text) for text in texts]
    padded = np.array([[*row, *[tokenizer.vocab_size] * (6 - len(row))] for row in ids])
    vector.reset(seed=0, options={"prompts": prompts})
    *_, infos = vector.step(padded)
    for row, (prompt, text) in enumerate(zip(prompts, texts, strict=True)):
        single.reset(seed=0, options={"prompt": prompt})
        *_, info = single.step(padded[row])
        rewards = info["token_rewards"]
        np.testing.assert_allclose(infos["final_info"]["token_rewards"][row], rewards, atol=1e-5)
        before, after = scorer.score([prompt, prompt + text])
        assert rewards.sum() == pytest.approx(after - before, abs=1e-5)
        assert rewards[: len(ids[row])].all()
