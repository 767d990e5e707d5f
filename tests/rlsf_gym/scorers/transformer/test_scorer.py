import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from rlsf_gym.arguments import ArgumentError
from rlsf_gym.scorers import TransformerScorer, load_scorer, prefix_scores_batch
from rlsf_gym.scorers.transformer.judge import ClassifierJudge
from rlsf_gym.testing import check_design, check_scorer

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TEXTS = [
    "a good film",
    "bad",
    "",
    "a good film",
    "the film was not bad at all and good too",
    "caf\u00e9 [SEP] bad",
]
WORDS = [
    "a",
    "good",
    "bad",
    "film",
    "the",
    "was",
    "not",
    "at",
    "all",
    "and",
    "too",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[PAD]",
]
SIZES: dict[str, dict[str, int]] = {
    "distilbert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32, "max_position_embeddings": 32},
    "bert": {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 32,
    },
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 32},
}
CLASSES = {
    "distilbert": "DistilBertForSequenceClassification",
    "bert": "BertForSequenceClassification",
    "gpt2": "GPT2ForSequenceClassification",
}


def _save_tokenizer(folder: Path, kind: str) -> None:
    backend = Tokenizer(
        models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    specials: dict[str, str] = {"eos_token": "[SEP]"}
    if kind != "gpt2":
        backend.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 12), ("[SEP]", 13)]
        )
        specials = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]"}
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="[UNK]", model_max_length=32, **specials
    ).save_pretrained(folder)


def _save_classifier(folder: Path, kind: str, **changes: Any) -> Path:
    torch.manual_seed(0)
    named = {} if "num_labels" in changes else {"id2label": {0: "NEGATIVE", 1: "POSITIVE"}}
    config = transformers.AutoConfig.for_model(
        kind, vocab_size=len(WORDS), **SIZES[kind], **(named | changes)
    )
    model = getattr(transformers, CLASSES[kind])(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.0, 0.3)
    model.save_pretrained(folder)
    _save_tokenizer(folder, kind)
    return folder


@pytest.fixture(scope="module", params=["distilbert", "bert", "gpt2"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save_classifier(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save_classifier(tmp_path_factory.mktemp("labelled"), "bert")


def _slow_logits(folder: Path, text: str) -> Any:
    """Returns the logits of one text, alone in its batch and without padding."""
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(text, split_special_tokens=True)["input_ids"] or [WORDS.index("[SEP]")]
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].double()


def _files(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_scores_are_differences_of_probabilities(folder: Path) -> None:
    scorer = TransformerScorer(folder, batch_size=2)
    probabilities = [torch.softmax(_slow_logits(folder, text), 0) for text in TEXTS]
    expected = [float(negative_positive[1] - negative_positive[0]) for negative_positive in probabilities]
    scores = scorer.score(TEXTS)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    assert len({round(score, 4) for score in scores}) == 5  # equal texts, and only they, score alike
    assert scorer.bounded
    assert not scorer.verifiable


def test_raw_scores_are_differences_of_logits(folder: Path) -> None:
    scorer = TransformerScorer(folder, raw=True)
    expected = [float(logits[1] - logits[0]) for logits in (_slow_logits(folder, text) for text in TEXTS)]
    np.testing.assert_allclose(scorer.score(TEXTS), expected, atol=1e-5)
    assert not scorer.bounded


def test_all_forms_agree(folder: Path) -> None:
    scorer = TransformerScorer(folder, batch_size=3)
    prompts, responses = ["the film", "a", ""], [" was not bad", "", " good"]
    ends = [np.array([0, 0, 4, 8, 12]), np.array([], dtype=np.int64), np.array([0, 5])]
    batch = prefix_scores_batch(scorer, prompts, responses, ends)
    assert [len(scores) for scores in batch] == [5, 0, 2]
    for prompt, response, char_ends, found in zip(prompts, responses, ends, batch, strict=True):
        np.testing.assert_allclose(scorer.prefix_scores(prompt, response, char_ends), found, atol=1e-5)
        alone = [scorer.score([prompt + response[:end]])[0] for end in char_ends]
        np.testing.assert_allclose(alone, found, atol=1e-5)
    assert prefix_scores_batch(scorer, [], [], []) == []
    assert scorer.score([]).shape == (0,)


def test_equal_texts_go_through_the_model_once(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = TransformerScorer(bert, batch_size=8)
    sizes: list[int] = []
    forward = scorer._forward

    def count(rows: list[Any]) -> Any:
        sizes.append(len(rows))
        return forward(rows)

    monkeypatch.setattr(scorer, "_forward", count)
    scorer.prefix_scores_batch(
        ["a", "a"], [" good film", " good film"], [np.array([0, 5, 10]), np.array([0, 5])]
    )
    assert sizes == [3]


def test_the_models_files_and_the_global_generator_stay_as_they_are(folder: Path) -> None:
    before, state = _files(folder), torch.get_rng_state()
    TransformerScorer(folder).certify("a", " film")
    assert _files(folder) == before
    assert torch.equal(torch.get_rng_state(), state)


def test_certificates_name_probabilities_and_the_model(bert: Path) -> None:
    scorer = TransformerScorer(bert)
    certificate = scorer.certify("the film", " was bad")
    prompt_score, score = scorer.score(["the film", "the film was bad"])
    assert not certificate.verifiable
    assert (certificate.prompt_score, certificate.score) == pytest.approx((prompt_score, score), abs=1e-5)
    assert certificate.labels["POSITIVE"] - certificate.labels["NEGATIVE"] == pytest.approx(score, abs=1e-5)
    assert certificate.version == scorer.model_hash == TransformerScorer(bert).model_hash
    (record,) = certificate.as_records()
    assert record["word"] == [0, 16]
    assert json.dumps(record)


def test_certificates_of_a_batch_are_those_of_its_pairs_after_one_pass(
    bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = TransformerScorer(bert)
    prompts, responses = ["the film", "a"], [" was bad", " good film"]
    single = [scorer.certify(*pair) for pair in zip(prompts, responses, strict=True)]
    passes: list[int] = []
    forward = scorer._forward
    monkeypatch.setattr(scorer, "_forward", lambda ids: passes.append(len(ids)) or forward(ids))
    batch = scorer.certify_batch(prompts, responses)
    assert passes == [4]
    for one, other in zip(single, batch, strict=True):
        assert (other.prompt_score, other.score) == pytest.approx((one.prompt_score, one.score), abs=1e-5)
        assert dict(other.labels) == pytest.approx(dict(one.labels), abs=1e-5)


def test_another_models_hash_differs(bert: Path, tmp_path: Path) -> None:
    other = _save_classifier(tmp_path, "bert", num_labels=1)
    assert TransformerScorer(other).model_hash != TransformerScorer(bert).model_hash


def test_one_logit_is_a_sigmoid(tmp_path: Path) -> None:
    folder = _save_classifier(tmp_path, "distilbert", num_labels=1)
    logit = float(_slow_logits(folder, "a good film")[0])
    assert TransformerScorer(folder).score(["a good film"])[0] == pytest.approx(np.tanh(logit / 2), abs=1e-6)
    assert TransformerScorer(folder, raw=True).score(["a good film"])[0] == pytest.approx(logit, abs=1e-5)


def test_many_labels_need_values(tmp_path: Path) -> None:
    folder = _save_classifier(tmp_path, "distilbert", id2label={0: "low", 1: "mid", 2: "high"}, num_labels=3)
    with pytest.raises(ValueError, match="classifier of 3 labels: 'low', 'mid', 'high'"):
        TransformerScorer(folder)
    scorer = load_scorer("transformer", model=str(folder), label_values={"low": -1, "mid": 0.5, "high": 1})
    low, middle, high = torch.softmax(_slow_logits(folder, "bad"), 0).tolist()
    assert scorer.score(["bad"])[0] == pytest.approx(high + 0.5 * middle - low, abs=1e-6)


def test_labels_that_nobody_named_are_refused(tmp_path: Path) -> None:
    folder = _save_classifier(tmp_path, "distilbert", num_labels=2)
    with pytest.raises(ValueError, match="must say which of 'LABEL_0', 'LABEL_1' is the positive one"):
        TransformerScorer(folder)
    by_name = TransformerScorer(folder, positive_label="LABEL_0").score(["bad"])
    by_value = TransformerScorer(folder, label_values={"LABEL_0": 1, "LABEL_1": -1}).score(["bad"])
    first, second = torch.softmax(_slow_logits(folder, "bad"), 0).tolist()
    assert by_name[0] == by_value[0] == pytest.approx(first - second, abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_labels": 1, "problem_type": "regression"}, "got a regression head of 1: .* raw=True"),
        ({"num_labels": 2, "problem_type": "multi_label_classification"}, "got a multi_label_classification"),
    ],
)
def test_heads_that_choose_no_label_are_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    folder = _save_classifier(tmp_path, "distilbert", **changes)
    with pytest.raises(ValueError, match=message):
        TransformerScorer(folder)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_end_of_a_long_text_is_what_is_ignored(bert: Path, tmp_path: Path, side: str) -> None:
    folder = shutil.copytree(bert, tmp_path / "copy")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.truncation_side = tokenizer.padding_side = side
    tokenizer.save_pretrained(folder)
    scorer = TransformerScorer(folder, max_length=5)
    np.testing.assert_array_equal(scorer.score(["bad film was not good"]), scorer.score(["bad film was"]))


def test_long_texts_are_cut_or_refused(folder: Path) -> None:
    long = "good " * 100
    assert TransformerScorer(folder).score([long]) == pytest.approx(
        TransformerScorer(folder).score([long + "bad"])
    )
    with pytest.raises(ValueError, match=r"at most 5 tokens for scorer .*, got [68]: pass truncate=True"):
        TransformerScorer(folder, truncate=False, max_length=5).score(["a good film " * 2])


def test_logits_that_are_not_finite_raise(tmp_path: Path) -> None:
    folder = _save_classifier(tmp_path, "bert")
    scorer = TransformerScorer(folder)
    with torch.no_grad():
        scorer._model.classifier.bias[0] = float("nan")
    with pytest.raises(ValueError, match=r"must give finite logits, got \[nan, .*\] for 'bad'"):
        scorer.score(["bad"])


def test_a_missing_folder_raises(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be an existing folder or a name on the hub"):
        TransformerScorer(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"must hold config\.json"):
        TransformerScorer(tmp_path)


def test_pickled_weights_are_refused(bert: Path, tmp_path: Path) -> None:
    shutil.copytree(bert, tmp_path / "pickled")
    (tmp_path / "pickled" / "model.safetensors").rename(tmp_path / "pickled" / "pytorch_model.bin")
    with pytest.raises(
        ValueError, match=r"only pickled weights \(pytorch_model\.bin\), which are not loaded"
    ):
        TransformerScorer(tmp_path / "pickled")
    (tmp_path / "pickled" / "pytorch_model.bin").unlink()
    with pytest.raises(ValueError, match="has no weights: save it with safetensors"):
        TransformerScorer(tmp_path / "pickled")


def test_a_model_without_a_classifier_is_refused(tmp_path: Path) -> None:
    config = transformers.AutoConfig.for_model("gpt2", vocab_size=len(WORDS), **SIZES["gpt2"])
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path)
    _save_tokenizer(tmp_path, "gpt2")
    with pytest.raises(ValueError, match=r"trained sequence classifier, .* has no weights for score\.weight"):
        TransformerScorer(tmp_path)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"positive_label": "GOOD"}, "positive_label must be one of 'NEGATIVE', 'POSITIVE', got 'GOOD'"),
        ({"label_values": {"POSITIVE": 0}}, "label_values must have the labels 'NEGATIVE', 'POSITIVE'"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"max_length": 33}, "max_length must be at most 32, the model's positions, got 33"),
    ],
)
def test_wrong_arguments_raise_in_one_line(bert: Path, kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        TransformerScorer(bert, **kwargs)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"needs {package}: pip install 'rlsf-gym\[hf\]'"):
        TransformerScorer("some/model")


@pytest.mark.parametrize("raw", [False, True])
def test_it_keeps_what_scorers_promise(folder: Path, raw: bool) -> None:
    scorer = TransformerScorer(folder, raw=raw)
    check_scorer(scorer)
    check_design("potential", scorer=scorer, trials=9)


@pytest.mark.parametrize("write", [str, "transformer:{}".format])
def test_a_classifier_can_be_the_judge(bert: Path, write: Any) -> None:
    env = gym.make(
        "rlsf_gym:rlsf_gym/Sentiment-v0", judge=write(bert), tokenizer="bytes", max_prompt_tokens=16
    )
    env.reset(options={"prompt": "the film"})
    *_, info = env.step(list(b" was bad"))
    negative, positive = torch.softmax(_slow_logits(bert, "the film was bad"), 0).tolist()
    assert info["judge"] == pytest.approx(positive, abs=1e-6)
    assert info["judge"] != pytest.approx(negative, abs=1e-3)


def test_a_judge_of_three_labels_is_told_as_a_judge(tmp_path: Path) -> None:
    folder = _save_classifier(tmp_path, "bert", id2label=dict(enumerate(("bad", "so-so", "good"))))
    with pytest.raises(
        ArgumentError, match=r"judge must be a classifier of two labels .* a ClassifierJudge"
    ) as found:
        gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", judge=str(folder))
    assert found.value.told("--{}".format).startswith("--judge must be a classifier of two labels")
    values = {"bad": -1.0, "so-so": 0.0, "good": 1.0}
    env = gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", judge=ClassifierJudge(folder, label_values=values))
    env.reset(seed=0)
    assert 0.0 <= env.step([5])[4]["judge"] <= 1.0


def test_a_judge_of_raw_scores_is_refused(bert: Path) -> None:
    with pytest.raises(ValueError, match="raw must be False for a judge"):
        ClassifierJudge(bert, raw=True)


def test_a_classifier_as_judge_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"needs torch: pip install 'rlsf-gym\[hf\]'"):
        gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", judge="transformer:some/model")


def test_environments_refuse_its_candidates_with_their_price(bert: Path) -> None:
    match = r"'transformer' has none: it would have to score 4,096 texts for each token.*: use scorer='vader'"
    with pytest.raises(ValueError, match=match):
        gym.make(
            "rlsf_gym:rlsf_gym/Sentiment-v0",
            scorer="transformer",
            scorer_kwargs={"model": str(bert)},
            boundary="open",
            candidates=True,
        )
