"""Card of a dataset: its head is read by the hub's library, and texts of the file do not act in it."""

import json
from collections import Counter

import pytest

from rlsf_gym.export import Written, write_dataset
from rlsf_gym.export.card import write_card
from rlsf_gym.export.columns import find_columns

HOSTILE = '---\n"<img src=x>| [a](b) \u202e\ud800 `c` # d: *e*'


def card_of(tmp_path, title="Mine", **parts):
    names = {"environment": Counter(), "design": Counter(), "group": Counter()} | parts.pop("names", {})
    written = Written(rows=3, tokens=1234, columns=find_columns(["reward_base"]), names=names, **parts)
    write_card(tmp_path / "README.md", written, title=title)
    return (tmp_path / "README.md").read_text(encoding="utf-8")


@pytest.mark.whole
def test_the_hub_reads_the_head_and_writes_it_again(tmp_path):
    hub = pytest.importorskip("huggingface_hub")
    datasets = pytest.importorskip("datasets")
    yaml = pytest.importorskip("yaml")
    card_of(tmp_path, title=HOSTILE)
    card = hub.DatasetCard.load(tmp_path / "README.md")
    assert card.data.pretty_name == HOSTILE.replace("\ud800", "\ufffd")
    assert (card.data.task_categories, card.data.size_categories) == (["text-generation"], ["n<1K"])
    assert hub.DatasetCardData(**yaml.safe_load(card.data.to_yaml())).to_dict() == card.data.to_dict()
    features = datasets.Features._from_yaml_list(card.data.dataset_info["features"])
    assert [*features] == [column.name for column in find_columns(["reward_base"])]
    assert features["token_rewards"] == datasets.List(datasets.Value("float64"))
    assert card.data.configs == [
        {"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*.jsonl"}]}
    ]


def test_it_tells_what_there_is_and_what_was_left_out(tmp_path):
    text = card_of(
        tmp_path,
        names={"design": Counter({"potential": 2}), "environment": Counter({"a/B-v0": 3})},
        omitted=Counter({"mood": 2}),
    )
    for line in (
        "3 responses of 1,234 tokens, each of which has its reward:",
        "| `reward_base` | float64 | what the rule of a scorer has of the utility gain |",
        "Values of `design`: potential (2), none in 1.",
        "Values of `environment`: a/B-v0 (3).",
        "Left out, as no column is for it: mood (2).",
    ):
        assert line in text.splitlines(), line
    assert "Values of `group`" not in text
    assert "license" not in text.split("---")[1]  # none is invented


def test_of_many_names_some_are_told(tmp_path):
    names = Counter({f"name{number:02}": 30 - number for number in range(25)})
    text = card_of(tmp_path, names={"design": names})
    assert "name19 (11), 5 more." in text and "name20" not in text


def test_hostile_names_stay_where_they_are(tmp_path):
    text = card_of(
        tmp_path, title=HOSTILE, names={"group": Counter({HOSTILE: 1})}, omitted=Counter({HOSTILE: 1})
    )
    body = text.split("---\n", 2)[2]
    assert body.count("<img") == body.count("\\<img") == 3  # Markdown shows what has a backslash before it
    assert "\u202e" not in body and "[a](b)" not in body
    assert "\n---\n" not in body


@pytest.mark.parametrize(
    ("rows", "size"),
    [
        (999, "n<1K"),
        (1000, "1K<n<10K"),
        (99_999, "10K<n<100K"),
        (5_000_000, "1M<n<10M"),
        (10_000_000, "10M<n<100M"),
        (999_999_999, "100M<n<1B"),
        (10**9, "1B<n<10B"),
    ],
)
def test_the_hub_is_told_the_size(tmp_path, rows, size):
    write_card(tmp_path / "README.md", Written(rows=rows), title="x")
    assert f"size_categories:\n- {size}\n" in (tmp_path / "README.md").read_text()


def test_the_title_is_the_name_of_the_file_where_none_is_given(tmp_path):
    (tmp_path / "mine.jsonl").write_text(json.dumps({"tokens": ["a"], "rewards": [1]}))
    write_dataset(tmp_path / "mine.jsonl", tmp_path / "one")
    write_dataset(tmp_path / "mine.jsonl", tmp_path / "other", title="Better")
    assert 'pretty_name: "mine.jsonl"' in (tmp_path / "one" / "README.md").read_text()
    assert 'pretty_name: "Better"' in (tmp_path / "other" / "README.md").read_text()
