"""The held-out judge that reads word order."""

from __future__ import annotations

import math
import subprocess
import sys
import time
import zlib
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsf_gym.domains.sentiment.judge import Judge
from rlsf_gym.domains.sentiment.order_judge import (
    BUCKETS,
    HEADS,
    REACH,
    WIDTH,
    WINDOW,
    OrderJudge,
    list_shapes,
    read_judge,
    split_words,
)

ORDER = OrderJudge.load()
WORDS = ["good", "bad", "not"]


def zeros(**others):
    """Weights of a judge of three words that are zero but for those that are given."""
    return {name: np.zeros(shape, np.float32) for name, shape in list_shapes(len(WORDS)).items()} | others


def test_words_are_lower_cased_and_marks_are_words():
    assert split_words("It ISN'T -- good, bad; right?!") == [
        "it",
        "isn't",
        "good",
        ",",
        "bad",
        ";",
        "right",
        "?",
        "!",
    ]


def test_words_outside_the_vocabulary_share_buckets():
    rows = OrderJudge(WORDS, zeros()).encode("not unheard")
    assert rows.tolist() == [1 + BUCKETS + 2, 1 + zlib.crc32(b"unheard") % BUCKETS]


def test_without_layers_it_is_the_mean_and_the_maximum_of_normalised_rows():
    # The rows of "start", "good" and "bad" alternate +a and -a in the way of x = (1, -1, 1, -1, ...): their
    # normalised first entries are 1, 1 and -1, up to 1e-5. Mean 1/3, maximum 1.
    signs = np.tile([1.0, -1.0], WIDTH // 2)
    embedding = np.zeros((1 + BUCKETS + 3, WIDTH), np.float32)
    embedding[0], embedding[1 + BUCKETS], embedding[2 + BUCKETS] = signs, 3 * signs, -2 * signs
    head = np.zeros(2 * WIDTH, np.float32)
    head[0], head[WIDTH] = 3.0, 0.5
    judge = OrderJudge(WORDS, zeros(embedding=embedding, head=head), temperature=2.0, bias=0.25)
    log_odds = 3.0 / 3 + 0.5
    assert judge.log_odds(["good bad"]).tolist() == pytest.approx([log_odds], abs=1e-4)
    expected = 1 / (1 + math.exp(-(log_odds / 2 + 0.25)))
    assert judge.predict(["good bad"]).tolist() == pytest.approx([expected], abs=1e-4)


def test_it_is_the_transformer_that_torch_makes_of_its_weights():
    """An independent form: torch's own attention, layer norm and softmax, in double precision."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    weights = {name: torch.from_numpy(array).double() for name, array in ORDER.weights.items()}
    rows = torch.from_numpy(np.concatenate([[0], ORDER.encode("A film that is not bad, nor dull!")]))
    stream = weights["embedding"][rows]
    at = torch.arange(len(rows))
    apart = (at[None] - at[:, None]).clamp(-REACH, REACH) + REACH
    for layer in range(2):
        own = {name[:-2]: array for name, array in weights.items() if name.endswith(f"_{layer}")}
        mixed = functional.linear(
            functional.layer_norm(stream, (WIDTH,)),
            own["queries_keys_values"].T,
            own["queries_keys_values_bias"],
        )
        q, k, v = (part.view(len(rows), HEADS, -1).transpose(0, 1)[None] for part in mixed.chunk(3, dim=1))
        heads = functional.scaled_dot_product_attention(q, k, v, attn_mask=own["distances"][:, apart][None])
        gathered = heads[0].transpose(0, 1).reshape(len(rows), WIDTH)
        stream = stream + functional.linear(gathered, own["attended"].T, own["attended_bias"])
        inner = functional.linear(
            functional.layer_norm(stream, (WIDTH,)), own["inner"].T, own["inner_bias"]
        ).relu()
        stream = stream + functional.linear(inner, own["outer"].T, own["outer_bias"])
    last = functional.layer_norm(stream, (WIDTH,))
    expected = torch.cat([last.mean(0), last.amax(0)]) @ weights["head"]
    assert ORDER.log_odds(["A film that is not bad, nor dull!"])[0] == pytest.approx(
        float(expected), abs=1e-4
    )


def test_probabilities_of_the_bundled_judge():
    texts = [
        "A wonderful film, I loved every minute of it.",
        "A terrible film, the worst I have ever seen.",
        "The film was",
        "",
    ]
    assert ORDER.predict(texts).tolist() == pytest.approx([0.934595, 0.047874, 0.529244, 0.469199], abs=1e-4)


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ("Not good, boring.", "Good, not boring."),
        ("not a funny film", "a funny film"),
        ("It doesn't work.", "It works."),
    ],
)
def test_it_reads_the_order_of_words(worse, better):
    low, high = ORDER.predict([worse, better])
    assert low + 0.1 < high


def test_the_same_words_in_another_order_differ_and_the_linear_judges_see_little_of_it():
    one, other = "Not good, boring.", "Good, not boring."
    assert sorted(split_words(one)) == sorted(split_words(other))
    assert abs(np.subtract(*ORDER.predict([one, other]))) > abs(
        np.subtract(*Judge.load().predict([one, other]))
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=5), st.text(max_size=300))
def test_a_text_has_one_probability_in_any_batch(others, text):
    alone = ORDER.predict([text])
    assert 0.0 <= alone[0] <= 1.0
    assert ORDER.predict([*others, text])[-1] == alone[0]
    assert ORDER.predict([text, *others])[0] == alone[0]


def test_a_long_text_is_the_mean_of_its_windows_by_words():
    # 97 words in windows of 49 and 48.
    words = [f"{word}" for word in ("good", "dull", "film", "not") * 24] + ["fine"]
    assert len(words) == 97 and WINDOW == 64
    first, second = ORDER.log_odds([" ".join(words[:49]), " ".join(words[49:])])
    assert ORDER.log_odds([" ".join(words)])[0] == pytest.approx((49 * first + 48 * second) / 97, abs=1e-9)


def test_no_text_and_no_word_have_a_probability():
    assert ORDER.predict([]).shape == (0,) and ORDER.predict([]).dtype == np.float64
    empty = ORDER.predict(["", " -- "])
    assert empty[0] == empty[1] and 0.35 < empty[0] < 0.65


def test_one_string_is_refused():
    with pytest.raises(ValueError, match="got one string; put it into a list"):
        ORDER.predict("good")


def test_256_texts_are_read_in_batches():
    texts = [" ".join(f"word{n % 7}" for n in range(20 + number % 51)) for number in range(256)]
    ORDER.predict(texts[:2])
    start = time.process_time()
    ORDER.predict(texts)
    assert time.process_time() - start < 5.0  # of all threads; a text at a time, or a quadratic step: more


def test_it_is_read_without_torch_and_is_the_same_in_another_process():
    code = (
        "import sys; from rlsf_gym.judges import load_judge; "
        "told = load_judge('order').predict(['A film that is not bad.']); "
        "print(repr(told[0].item()), 'torch' in sys.modules)"
    )
    root = Path(__file__).parents[4]
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert result.stdout.split() == [repr(ORDER.predict(["A film that is not bad."])[0].item()), "False"]


def test_an_environment_reports_it_and_refuses_it_as_a_scorer():
    env = gym.make("rlsf_gym:rlsf_gym/SentimentText-v0", judge=["bundled", "order"])
    env.reset(seed=0, options={"prompt": "The film was"})
    *_, info = env.step(" never dull.")
    assert info["judge_order"] == ORDER.predict(["The film was never dull."])[0]
    assert info["judge"] == Judge.load().predict(["The film was never dull."])[0]
    with pytest.raises(ValueError, match="the judge is reported, never trained against"):
        gym.make("rlsf_gym:rlsf_gym/SentimentText-v0", scorer=ORDER)


def test_a_saved_judge_loads_the_same_by_its_path(tmp_path):
    file = tmp_path / "mine.npz"
    OrderJudge(ORDER.words, ORDER.weights, 0.7, -0.1).save(file)
    again = read_judge(str(file))
    assert isinstance(again, OrderJudge) and (again.temperature, again.bias) == (0.7, -0.1)
    assert list(again.words) == list(ORDER.words)
    assert all(np.array_equal(again.weights[name], array) for name, array in ORDER.weights.items())
    assert isinstance(read_judge("bundled-b"), Judge)


def save_with(file, **others):
    """Writes a file of a judge of three words, with some arrays others than they must be."""
    arrays = {**zeros(), "words": np.frombuffer(b"good\nbad\nnot", np.uint8), "temperature": 1.0, "bias": 0.0}
    np.savez(file, **{name: array for name, array in {**arrays, **others}.items() if array is not None})


@pytest.mark.parametrize(
    ("others", "message"),
    [
        (
            {"head": None},
            "must be an .npz of the words, weights, temperature and bias of an order judge: .*head",
        ),
        ({"head": np.zeros(3)}, r"head must be floating point of shape \(128,\), got float64 \(3,\)"),
        ({"head": np.zeros(128, np.int8)}, r"head must be floating point of shape \(128,\), got int8"),
        ({"attended_1": np.full((64, 64), np.nan)}, "attended_1 must be finite"),
        ({"embedding": np.zeros((9, 64))}, r"embedding must be floating point of shape \(516, 64\), got"),
        ({"words": np.zeros(3)}, r"words in .* must be bytes of text, got float64 \(3,\)"),
        ({"words": np.frombuffer(b"good\n\xff\nnot", np.uint8)}, "words in .* must be UTF-8"),
        ({"words": np.frombuffer(b"good\nbad\nbad", np.uint8)}, "words must be distinct"),
        ({"words": np.array([{}], dtype=object)}, "allow_pickle=False"),
        ({"temperature": 0.0}, "temperature must be a finite number above 0, got 0.0"),
        ({"temperature": np.ones(2)}, r"temperature in .* must be one floating-point number"),
        ({"bias": np.inf}, "bias must be finite, got inf"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, others, message):
    file = tmp_path / "judge.npz"
    save_with(file, **others)
    with pytest.raises(ValueError, match=message) as caught:
        OrderJudge.load(file)
    assert "\n" not in str(caught.value)


def test_a_damaged_or_missing_file_is_refused(tmp_path):
    file = tmp_path / "judge.npz"
    save_with(file)
    assert OrderJudge.load(file).predict(["good"]).tolist() == [0.5]
    file.write_bytes(file.read_bytes()[:-40])
    for path in (file, tmp_path / "none.npz"):
        with pytest.raises(ValueError, match=r"judge file .* must be an \.npz of the words"):
            OrderJudge.load(path)
    with pytest.raises(ValueError, match="got '"):
        read_judge(str(tmp_path / "none.npz"))
