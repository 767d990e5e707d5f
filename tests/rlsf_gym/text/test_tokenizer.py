import copy
import json
import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, decoders, models, pre_tokenizers
from tokenizers import Tokenizer as Backend

import rlsf_gym.text.tokenizer as tokenizer_module
from rlsf_gym.text.byte_pair import BytePairTokenizer
from rlsf_gym.text.tokenizer import ByteTokenizer, load_tokenizer
from tests.helpers.byte_level import byte_level

ODD_TEXTS = [
    "",
    " ",
    "\n\n  \t",
    "The film was GREAT!!! I'd've loved it",
    "<|endoftext|>",
    "a<|endoftext|>b <|endoftext|>",
    "na\u00efve caf\u00e9 \u2014 \u201cquoted\u201d",
    "\U0001f600\U0001f469\u200d\U0001f469\u200d\U0001f467 \u4f60\u597d \u0e44\u0e17\u0e22",
    "e\u0301 \ufeff \u00a0x\u2028y\x00\x1b[31m",
    "1234567 3.14 don't CAN'T we'll",
    "\ufffd",
]
EACH = pytest.mark.parametrize("spec", ["bundled", "bytes"])


@pytest.fixture(scope="module")
def bundled() -> BytePairTokenizer:
    tokenizer = load_tokenizer("bundled")
    assert isinstance(tokenizer, BytePairTokenizer)
    return tokenizer


def _alphabet() -> list[str]:
    return sorted(pre_tokenizers.ByteLevel.alphabet())


def _tiny_vocabulary(*extra: str) -> dict[str, int]:
    return {token: index for index, token in enumerate([*_alphabet(), *extra])}


def _tiny_backend(*extra: str) -> Backend:
    backend = Backend(models.BPE(vocab=_tiny_vocabulary(*extra), merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    return backend


def _write_gpt2_folder(folder: Path, merges: list[str], *extra: str) -> Path:
    (folder / "vocab.json").write_text(json.dumps(_tiny_vocabulary(*extra)), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    return folder


def test_sizes_and_ends_of_the_built_in_ones(bundled: BytePairTokenizer) -> None:
    assert (bundled.vocab_size, bundled.eos_token_id) == (4096, 4095)
    assert (ByteTokenizer().vocab_size, ByteTokenizer().eos_token_id) == (257, 256)
    assert bundled.token_bytes(4095) == b""
    assert ByteTokenizer().token_bytes(256) == b""


@EACH
@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_texts_survive_a_round_trip(spec: str, text: str) -> None:
    tokenizer = load_tokenizer(spec)
    ids = tokenizer.encode(text)
    assert tokenizer.eos_token_id not in ids
    assert all(0 <= token_id < tokenizer.vocab_size for token_id in ids)
    assert b"".join(tokenizer.token_bytes(token_id) for token_id in ids) == text.encode()
    assert tokenizer.decode(ids) == text


@EACH
@settings(max_examples=100, deadline=None)
@given(text=st.text())
def test_every_text_survives_a_round_trip(spec: str, bundled: BytePairTokenizer, text: str) -> None:
    tokenizer = bundled if spec == "bundled" else ByteTokenizer()
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_half_a_character_decodes_to_the_replacement_character() -> None:
    tokenizer = ByteTokenizer()
    assert tokenizer.encode("\u00e9") == [0xC3, 0xA9]
    assert tokenizer.decode([0xC3]) == "\ufffd"
    assert tokenizer.decode([0xC3, 0xA9, 256, 33]) == "\u00e9!"


def test_the_end_token_in_a_text_is_thirteen_characters(bundled: BytePairTokenizer) -> None:
    ids = bundled.encode("<|endoftext|>")
    assert len(ids) > 1
    assert b"".join(map(bundled.token_bytes, ids)) == b"<|endoftext|>"


@EACH
@pytest.mark.parametrize("token_id", [-1, 100_000])
def test_ids_outside_the_vocabulary_raise(spec: str, token_id: int) -> None:
    with pytest.raises(ValueError, match=rf"token_id must lie in 0\.\.\d+, got {token_id}"):
        load_tokenizer(spec).token_bytes(token_id)


@EACH
def test_a_lone_surrogate_raises(spec: str) -> None:
    with pytest.raises(ValueError, match="lone surrogates, got '\\\\ud800' at character 2"):
        load_tokenizer(spec).encode("ab\ud800")


def test_copies_keep_special_tokens_plain(bundled: BytePairTokenizer) -> None:
    text = "x <|endoftext|> y"
    for twin in (pickle.loads(pickle.dumps(bundled)), copy.deepcopy(bundled), copy.copy(bundled)):
        assert twin.encode(text) == bundled.encode(text)
        assert (twin.vocab_size, twin.eos_token_id) == (4096, 4095)


def test_the_callers_backend_is_not_changed() -> None:
    backend = _tiny_backend("<|endoftext|>")
    before = backend.to_str()
    BytePairTokenizer(backend)
    assert backend.to_str() == before


def test_no_space_is_put_before_the_text() -> None:
    tokenizer = BytePairTokenizer(_tiny_backend("</s>"))
    assert tokenizer.decode(tokenizer.encode("word")) == "word"
    assert tokenizer.eos_token_id == 256


def test_added_tokens_count_and_special_ones_stand_for_no_text() -> None:
    backend = _tiny_backend("</s>")
    backend.add_tokens(["plain"])
    backend.add_special_tokens(["<image>"])
    tokenizer = BytePairTokenizer(backend, eos_token="</s>")
    assert tokenizer.vocab_size == 259
    assert tokenizer.token_bytes(257) == b"plain"
    assert tokenizer.token_bytes(258) == b""
    assert tokenizer.encode("plain") == [257]
    assert 258 not in tokenizer.encode("<image>")


def test_a_sentencepiece_tokenizer_is_refused() -> None:
    backend = Backend(models.BPE(vocab={"\u2581a": 0, "</s>": 1}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    with pytest.raises(ValueError, match="must be byte-level BPE, got a BPE model without a ByteLevel"):
        BytePairTokenizer(backend)


def test_word_affixes_are_refused() -> None:
    backend = Backend(models.BPE(vocab=_tiny_vocabulary("</s>"), merges=[], end_of_word_suffix="</w>"))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel()
    with pytest.raises(ValueError, match="with word affixes"):
        BytePairTokenizer(backend)


def test_a_token_that_is_no_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="its token 257 is '\u4f60'"):
        BytePairTokenizer(_tiny_backend("</s>", "\u4f60"))


def test_missing_bytes_are_refused() -> None:
    backend = Backend(models.BPE(vocab={"a": 0, "</s>": 1}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel()
    with pytest.raises(ValueError, match="each byte that text needs, 212 of 213 are missing, such as 0x09"):
        BytePairTokenizer(backend)


def test_an_end_token_that_is_not_there_raises() -> None:
    with pytest.raises(ValueError, match="eos_token must be in the tokenizer's vocabulary of 256 tokens"):
        BytePairTokenizer(_tiny_backend())
    with pytest.raises(ValueError, match="looked for <stop>"):
        BytePairTokenizer(_tiny_backend("</s>"), eos_token="<stop>")


def test_a_gpt2_folder(tmp_path: Path) -> None:
    extra = ("\u0120a", "bc", "<|endoftext|>")
    tokenizer = load_tokenizer(str(_write_gpt2_folder(tmp_path, ["\u0120 a", "b c"], *extra)))
    assert tokenizer.encode("bc a") == [257, 256]
    assert tokenizer.token_bytes(256) == b" a"
    assert tokenizer.eos_token_id == 258
    assert 258 not in tokenizer.encode("<|endoftext|>")
    assert tokenizer.decode([258]) == ""


def test_a_folders_config_names_the_end_token(tmp_path: Path) -> None:
    _write_gpt2_folder(tmp_path, ["a b"], "</s>", "<stop>", "<pad>", "ab")
    config = {
        "eos_token": {"content": "<stop>", "lstrip": False},
        "pad_token": "<pad>",
        "model_max_length": 9,
    }
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    tokenizer = load_tokenizer(str(tmp_path))
    assert tokenizer.eos_token_id == 257
    assert tokenizer.token_bytes(258) == b""
    assert load_tokenizer(str(tmp_path), eos_token="</s>").eos_token_id == 256


def test_a_tokenizer_file_and_its_folder(tmp_path: Path, bundled: BytePairTokenizer) -> None:
    backend = _tiny_backend("<|endoftext|>")
    backend.decoder = decoders.ByteLevel()
    backend.save(str(tmp_path / "tokenizer.json"))
    for spec in (tmp_path, tmp_path / "tokenizer.json"):
        tokenizer = load_tokenizer(str(spec))
        assert (tokenizer.vocab_size, tokenizer.eos_token_id) == (257, 256)


def test_objects_and_module_attributes(bundled: BytePairTokenizer) -> None:
    assert load_tokenizer(bundled) is bundled
    assert isinstance(load_tokenizer("rlsf_gym.text.tokenizer:ByteTokenizer"), ByteTokenizer)
    with pytest.raises(ValueError, match="object lacks vocab_size, eos_token_id"):
        load_tokenizer(object())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "must hold tokenizer.json, or vocab.json and merges.txt"),
        ({"tokenizer.json": "{"}, "must be a tokenizer.json of the tokenizers library"),
        ({"vocab.json": "[]", "merges.txt": ""}, "must hold GPT-2's vocab.json and merges.txt"),
        ({"tokenizer_config.json": "{"}, "tokenizer file must be JSON"),
    ],
)
def test_broken_folders_raise_in_one_line(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as raised:
        load_tokenizer(str(tmp_path))
    assert "\n" not in str(raised.value)


def test_a_path_that_is_not_there_raises() -> None:
    with pytest.raises(ValueError, match="there is no such path"):
        load_tokenizer("./nowhere/tokenizer.json")


def test_a_hub_name_that_cannot_be_reached_raises_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route to the hub\nsecond line")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(ValueError, match=r"'some/model': OSError: no route to the hub$"):
        load_tokenizer("some/model")


@pytest.mark.data
def test_gpt2_agrees_with_transformers() -> None:
    if "RLSF_DATA" not in os.environ:
        pytest.skip("RLSF_DATA is not set")
    transformers = pytest.importorskip("transformers")
    folder = Path(os.environ["RLSF_DATA"]) / "gpt2-tokenizer"
    theirs = transformers.GPT2Tokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    ours = load_tokenizer(str(folder))
    assert (ours.vocab_size, ours.eos_token_id) == (50257, 50256)
    for text in ODD_TEXTS:
        assert ours.decode(ours.encode(text)) == text
        # transformers turns the end token's text into the end token.
        if "<|endoftext|>" not in text:
            assert ours.encode(text) == theirs.encode(text)


def test_a_tokenizer_gets_a_name_of_its_own(monkeypatch):
    monkeypatch.setattr(tokenizer_module, "TOKENIZERS", tokenizer_module.TOKENIZERS.copy())
    tokenizer_module.register_tokenizer("mine", ByteTokenizer)
    tokenizer_module.register_tokenizer("made", lambda: ByteTokenizer())
    tokenizer_module.register_tokenizer("object", ByteTokenizer())
    tokenizer_module.register_tokenizer("place", "rlsf_gym.text.tokenizer:ByteTokenizer")
    for name in ("mine", "made", "object", "place"):
        assert load_tokenizer(name).encode("no") == [110, 111]
    with pytest.raises(ValueError, match="tokenizer 'mine' is registered already"):
        tokenizer_module.register_tokenizer("mine", ByteTokenizer())


NEVER = {0xC0, 0xC1, *range(0xF5, 0x100)}  # bytes that no UTF-8 text has


def _without(*bytes_left_out: int, more: tuple[str, ...] = ()) -> Backend:
    """Returns a tokenizer whose tokens are the bytes but for some, and an end token."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable} | {
        byte: chr(0x100 + n) for n, byte in enumerate(others)
    }
    kept = [letters[byte] for byte in range(256) if byte not in bytes_left_out]
    vocabulary = {token: number for number, token in enumerate(["</s>", *kept, *more])}
    backend = Backend(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return backend


def test_bytes_that_no_text_has_may_be_missing() -> None:
    tokenizer = BytePairTokenizer(_without(*NEVER))
    assert tokenizer.vocab_size == 1 + 243
    for text in (*ODD_TEXTS, "\x80\u07ff\u0800\uffff\U00010000\U0010ffff", "\x0b\x7f"):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_a_control_character_without_a_token_is_refused_in_a_text_and_not_lost() -> None:
    for tokenizer in (
        BytePairTokenizer(_without(*NEVER, 0x0B)),
        pickle.loads(pickle.dumps(BytePairTokenizer(_without(*NEVER, 0x0B)))),
    ):
        assert tokenizer.decode(tokenizer.encode("one\ttwo\r\n")) == "one\ttwo\r\n"
        with pytest.raises(ValueError, match=r"text must not hold '\\x0b', .* at character 3: leave it out"):
            tokenizer.encode("one\x0btwo")


@pytest.mark.parametrize("byte", [0x09, 0x0A, 0x0D, 0x20, 0x41, 0x80, 0xBF, 0xC2, 0xF4])
def test_a_byte_that_text_needs_may_not_be_missing(byte: int) -> None:
    with pytest.raises(ValueError, match=f"1 of 213 are missing, such as 0x{byte:02X}: use a full one"):
        BytePairTokenizer(_without(byte))


def test_ids_that_no_token_has_stand_for_no_text() -> None:
    vocabulary = _tiny_vocabulary() | {"</s>": 300}
    backend = Backend(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer = BytePairTokenizer(backend)
    assert (tokenizer.vocab_size, tokenizer.eos_token_id) == (301, 300)
    assert tokenizer.token_bytes(280) == b""
    assert tokenizer.decode([*tokenizer.encode("a"), 280, *tokenizer.encode("b")]) == "ab"


@pytest.mark.parametrize(
    ("more", "message"),
    [({"ab": 5}, "got 257 ids up to 256: mend"), ({"ab": 2**31}, "got 258 ids up to 2147483648: mend")],
)
def test_ids_that_cannot_be_told_apart_or_tabulated_raise(more: dict[str, int], message: str) -> None:
    backend = Backend(models.BPE(vocab=_tiny_vocabulary("</s>") | more, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel()
    with pytest.raises(ValueError, match=message):
        BytePairTokenizer(backend)


def test_a_merge_that_is_there_twice_changes_nothing() -> None:
    vocabulary = _tiny_vocabulary("ab", "</s>")
    backend = Backend(models.BPE(vocab=vocabulary, merges=[("a", "b"), ("a", "b")]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel()
    assert BytePairTokenizer(backend).encode("abab") == [256, 256]


def test_an_end_token_that_merges_make_of_text_is_refused() -> None:
    merges = [("<", "/"), ("</", "s"), ("</s", ">")]
    backend = Backend(models.BPE(vocab=_tiny_vocabulary("</", "</s", "</s>"), merges=merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(use_regex=False)
    with pytest.raises(
        ValueError, match="must not make a special token of plain text, its merges make '</s>'"
    ):
        BytePairTokenizer(backend)


def test_added_tokens_leave_the_space_beside_them() -> None:
    backend = _tiny_backend("</s>")
    backend.add_tokens([AddedToken("plain", lstrip=True, rstrip=True)])
    tokenizer = BytePairTokenizer(backend)
    assert tokenizer.decode(tokenizer.encode("a  plain  b")) == "a  plain  b"


def test_saved_truncation_and_padding_are_ignored() -> None:
    backend = _tiny_backend("</s>")
    backend.enable_truncation(3)
    backend.enable_padding(length=8)
    assert BytePairTokenizer(backend).decode(BytePairTokenizer(backend).encode("abcdef")) == "abcdef"


@pytest.mark.parametrize("kind", ["unigram", "wordpiece", "wordlevel"])
def test_other_models_before_byte_level_are_refused(kind: str) -> None:
    vocabulary = _tiny_vocabulary("</s>", "[UNK]")
    made = {
        "unigram": models.Unigram([(token, 0.0) for token in vocabulary]),
        "wordpiece": models.WordPiece(vocabulary, continuing_subword_prefix=""),
        "wordlevel": models.WordLevel(vocabulary, unk_token="[UNK]"),
    }
    backend = Backend(made[kind])
    backend.pre_tokenizer = pre_tokenizers.ByteLevel()
    with pytest.raises(
        ValueError, match=r"must be byte-level BPE, got a \w+ model with a ByteLevel pre-tokenizer"
    ):
        BytePairTokenizer(backend)


def test_a_refusal_names_the_pre_tokenizers() -> None:
    backend = Backend(models.BPE(vocab={"\u2581a": 0, "</s>": 1}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(), pre_tokenizers.Digits()])
    with pytest.raises(ValueError, match=r"without a ByteLevel pre-tokenizer \(Metaspace, Digits\): use"):
        BytePairTokenizer(backend)


def test_the_end_token_of_a_backend_is_chosen() -> None:
    assert load_tokenizer(_tiny_backend("</s>", "<stop>"), eos_token="<stop>").eos_token_id == 257


@pytest.mark.parametrize(
    "spec", ["bundled", "bytes", "toy", "rlsf_gym.text.tokenizer:ByteTokenizer", ByteTokenizer()]
)
def test_an_end_token_that_would_be_ignored_raises(spec: object) -> None:
    with pytest.raises(
        ValueError, match=r"eos_token must be None for \w+, which .*, got '</s>': leave it out"
    ):
        load_tokenizer(spec, eos_token="</s>")  # type: ignore[arg-type]


def test_path_objects_pipes_and_devices(tmp_path: Path) -> None:
    _write_gpt2_folder(tmp_path, ["a b"], "ab", "</s>")
    assert load_tokenizer(tmp_path).eos_token_id == 257
    os.mkfifo(tmp_path / "pipe")
    for spec in (str(tmp_path / "pipe"), tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(ValueError, match=r"got '.*': a pipe, socket or device is there"):
            load_tokenizer(spec)
    for spec in (Path("bundled"), "./bundled", "~/t", "t.json"):
        with pytest.raises(ValueError, match="there is no such path"):
            load_tokenizer(spec)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"tokenizer_config.json": "[]"}, "must hold a JSON object: .* holds list"),
        ({"special_tokens_map.json": "[" * 100_000}, "must be JSON: .*: maximum recursion depth"),
        ({"tokenizer.json": "{}"}, "must be a tokenizer.json of the tokenizers library"),
        ({"tokenizer.json": "null"}, "must be a tokenizer.json of the tokenizers library"),
        ({"vocab.json": '{"a": -1}', "merges.txt": ""}, "must hold GPT-2's vocab.json and merges.txt"),
    ],
)
def test_damaged_folders_raise_in_one_line(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as raised:
        load_tokenizer(tmp_path)
    assert "\n" not in str(raised.value)


NO_IDS = "must give added tokens whole numbers as ids"
NO_ENTRIES = "must have added_tokens_decoder map ids to objects with content"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("added_tokens.json", {"<a>": "258", "<b>": 259}, NO_IDS),
        ("added_tokens.json", {"<a>": None}, NO_IDS),
        ("added_tokens.json", {"<a>": True}, NO_IDS),
        ("tokenizer_config.json", {"added_tokens_decoder": [None]}, NO_ENTRIES),
        ("tokenizer_config.json", {"added_tokens_decoder": "x" * 100_000}, NO_ENTRIES),
        ("tokenizer_config.json", {"added_tokens_decoder": {"258": [{}]}}, NO_ENTRIES),
        ("tokenizer_config.json", {"added_tokens_decoder": {"258": {}}}, NO_ENTRIES),
        ("tokenizer_config.json", {"added_tokens_decoder": {"x": {"content": "<a>"}}}, NO_ENTRIES),
        ("tokenizer_config.json", {"eos_token": "\x1b[31m\n"}, r"looked for '\\x1b\[31m\\n': pass"),
    ],
)
def test_added_tokens_of_other_types_raise_in_one_line(
    tmp_path: Path, name: str, content: dict[str, object], message: str
) -> None:
    _write_gpt2_folder(tmp_path, ["a b"], "ab", "</s>")
    (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=message) as raised:
        load_tokenizer(tmp_path)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 1000


def test_what_the_library_says_of_a_file_is_printable(tmp_path: Path) -> None:
    _write_gpt2_folder(tmp_path, ["a b"], "ab", "</s>")
    (tmp_path / "merges.txt").write_text("\ufeff#version: 0.2\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"must hold GPT-2's .*\\ufeff#version") as raised:
        load_tokenizer(tmp_path)
    assert str(raised.value).isprintable()


def test_tokens_beside_gpt2s_files_are_added(tmp_path: Path) -> None:
    _write_gpt2_folder(tmp_path, ["a b"], "</s>", "ab")
    (tmp_path / "added_tokens.json").write_text('{"<tool>": 259, "<pad>": 258}', encoding="utf-8")
    entries = {"259": {"content": "<tool>", "special": False}, "260": {"content": "<x>", "special": True}}
    config = {"added_tokens_decoder": entries, "additional_special_tokens": ["<pad>"], "eos_token": None}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    tokenizer = load_tokenizer(tmp_path)
    assert tokenizer.vocab_size == 261
    assert [tokenizer.token_bytes(token) for token in (258, 259, 260)] == [b"", b"<tool>", b""]
    assert 259 in tokenizer.encode("a<tool>")
    assert tokenizer.decode(tokenizer.encode("a<pad><x>")) == "a<pad><x>"
    (tmp_path / "added_tokens.json").write_text('{"<pad>": 400}', encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"gives '<tool>' the id 259 for 258: save it with a tokenizer\.json"
    ):
        load_tokenizer(tmp_path)


def test_an_error_without_a_message_raises_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(ValueError, match=r"'some/model': RuntimeError: $"):
        load_tokenizer("some/model")


def test_one_of_transformers_is_read_as_its_folder_is(tmp_path: Path) -> None:
    """With added tokens: special ones stand for no text, tags of reasoning for theirs."""
    transformers = pytest.importorskip("transformers")
    backend = byte_level()
    backend.add_tokens([AddedToken("<think>", special=False, normalized=False)])
    wrapped = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="<|im_end|>", pad_token="<|pad|>"
    )
    wrapped.save_pretrained(tmp_path)
    taken, folder = load_tokenizer(wrapped), load_tokenizer(tmp_path)
    assert taken.eos_token_id == folder.eos_token_id == wrapped.eos_token_id
    pieces = [taken.token_bytes(token) for token in range(taken.vocab_size)]
    assert pieces == [folder.token_bytes(token) for token in range(folder.vocab_size)]
    assert pieces[wrapped.convert_tokens_to_ids("<think>")] == b"<think>"
    assert pieces[wrapped.pad_token_id] == pieces[wrapped.eos_token_id] == b""
