"""Turns the IMDB reviews into the bundled byte-level BPE and files of token ids.

    python examples/workshop/imdb_tokens.py --data PATH/TO/imdb --out .lm/imdb_tokens.npy

Writes `rlsf_gym/text/assets/tokenizer.json` (unless it is there already, see `--retrain`) and beside `--out`:
the training ids (`imdb_tokens.npy`, uint16, every review followed by the end token), the ids of a fixed
sample of test reviews (`imdb_tokens.test.npy`, same layout) and `imdb_tokens.json` with the counts that
bits per byte need.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from agents.flags.parser import Parser

VOCABULARY_SIZE = 4096
END_TOKEN = "<|endoftext|>"
END_ID = VOCABULARY_SIZE - 1
TOKENIZER_FILE = Path(__file__).parents[2] / "rlsf_gym" / "text" / "assets" / "tokenizer.json"
TOKENIZER_CONFIG = {
    "add_prefix_space": False,
    "bos_token": END_TOKEN,
    "clean_up_tokenization_spaces": False,
    "eos_token": END_TOKEN,
    "model_max_length": 256,
    "tokenizer_class": "PreTrainedTokenizerFast",
    "unk_token": END_TOKEN,
}
"""What `AutoTokenizer` reads beside `tokenizer.json`."""
TEST_SAMPLE = 2000
TEST_SEED = 0

_TAGS = re.compile(r"(?:\s*<\s*/?\s*br\s*/?\s*>\s*)+", re.IGNORECASE)


def clean_review(text: str) -> str:
    r"""Returns the review with every run of line-break tags replaced by one newline.

    >>> clean_review("Good. <br /><br />Bad.")
    'Good.\nBad.'
    """
    return _TAGS.sub("\n", text).strip()


def load_reviews(data: Path, split: str) -> tuple[list[str], NDArray[np.int64]]:
    """Returns the cleaned reviews of a split and their labels.

    Args:
        data: Folder with `train.parquet`, `test.parquet` and `unsupervised.parquet`.
        split: Name of one of them.

    Returns:
        N texts, and labels (N,) int64: 0 negative, 1 positive, -1 unknown.
    """
    import pyarrow.parquet as parquet

    file = data / f"{split}.parquet"
    if not file.is_file():
        raise ValueError(f"--data must be a folder with {split}.parquet, got {data}")
    table = parquet.read_table(file, columns=["text", "label"]).to_pydict()
    return [clean_review(text) for text in table["text"]], np.asarray(table["label"], dtype=np.int64)


def sample_test_reviews(data: Path) -> list[str]:
    """Returns the fixed sample of cleaned test reviews on which language models are compared."""
    texts, _ = load_reviews(data, "test")
    chosen = np.random.default_rng(TEST_SEED).permutation(len(texts))[:TEST_SAMPLE]
    return [texts[i] for i in sorted(chosen.tolist())]


def train_tokenizer(texts: Sequence[str]) -> Tokenizer:
    """Returns a byte-level BPE of exactly `VOCABULARY_SIZE` ids whose last one is the end token."""
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE - 1,
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    learner.train_from_iterator(_batches(texts), trainer)
    learner.decoder = decoders.ByteLevel()
    learner.post_processor = processors.ByteLevel(trim_offsets=False)
    learner.add_special_tokens([AddedToken(END_TOKEN, special=True, normalized=False)])
    if learner.get_vocab_size() != VOCABULARY_SIZE or learner.token_to_id(END_TOKEN) != END_ID:
        raise ValueError(
            f"expected {VOCABULARY_SIZE} ids ending with {END_TOKEN}, got {learner.get_vocab_size()}"
        )
    return learner


def _batches(texts: Sequence[str], size: int = 1000) -> Iterator[list[str]]:
    for start in range(0, len(texts), size):
        yield list(texts[start : start + size])


def save_tokenizer(folder: Path) -> None:
    """Writes the bundled tokenizer beside a language model, as `AutoTokenizer` reads it."""
    shutil.copyfile(TOKENIZER_FILE, folder / TOKENIZER_FILE.name)
    text = json.dumps(TOKENIZER_CONFIG, indent=2, sort_keys=True)
    (folder / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8")


def encode_documents(tokenizer: Tokenizer, texts: Sequence[str]) -> NDArray[np.uint16]:
    """Returns the ids of all texts in one row, each text followed by the end token; (N,) uint16."""
    pieces: list[NDArray[np.uint16]] = []
    for batch in _batches(texts):
        for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
            pieces.append(np.asarray([*encoding.ids, END_ID], dtype=np.uint16))
    return np.concatenate(pieces)


def count_bytes(texts: Sequence[str]) -> int:
    """Returns the number of UTF-8 bytes of the texts, end tokens not counted."""
    return sum(len(text.encode("utf-8")) for text in texts)


def main() -> None:
    """Makes the tokenizer and the files of ids."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with the parquet files of stanfordnlp/imdb"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(".lm/imdb_tokens.npy"), help="file for the training ids"
    )
    parser.add_argument("--retrain", action="store_true", help="train the BPE even if the bundled one exists")
    arguments = parser.parse_args()

    train = load_reviews(arguments.data, "train")[0] + load_reviews(arguments.data, "unsupervised")[0]
    if arguments.retrain or not TOKENIZER_FILE.is_file():
        TOKENIZER_FILE.parent.mkdir(parents=True, exist_ok=True)
        train_tokenizer(train).save(str(TOKENIZER_FILE))
    tokenizer = Tokenizer.from_file(str(TOKENIZER_FILE))
    test = sample_test_reviews(arguments.data)
    train_ids, test_ids = encode_documents(tokenizer, train), encode_documents(tokenizer, test)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    np.save(arguments.out, train_ids)
    np.save(arguments.out.with_suffix(".test.npy"), test_ids)
    counts = {
        "train_reviews": len(train),
        "train_tokens": int(train_ids.size),
        "train_bytes": count_bytes(train),
        "test_reviews": len(test),
        "test_tokens": int(test_ids.size),
        "test_bytes": count_bytes(test),
    }
    arguments.out.with_suffix(".json").write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
