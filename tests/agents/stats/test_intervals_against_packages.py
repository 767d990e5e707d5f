"""The measures against the packages that their papers' authors and users compute them with.

A virtual environment of its own gets rliable (Agarwal et al. 2021) and NLTK: neither is needed elsewhere, and
rliable's dependencies would hold back those of this project.
"""

import json
import subprocess
import sys
import venv

import numpy as np
import pytest

from agents.stats import aggregates
from agents.stats.diversity import self_bleu

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PACKAGES = (
    "rliable==1.2.0",
    "pandas<3",
    "nltk>=3.9",
)  # arch, which rliable needs, does not import with pandas 3
RESAMPLES = 20_000
THRESHOLDS = [-1.5, -0.5, 0.0, 0.25, 0.5, 1.0, 2.0]

RLIABLE = """
import json, sys
import numpy as np
from rliable import library, metrics

given = json.load(sys.stdin)
x, y = (np.array(given[arm]).T for arm in ("treatment", "control"))  # (runs, tasks)
np.random.seed(0)

def interval(scores, statistic):
    points, ends = library.get_interval_estimates({"it": scores}, statistic, reps=given["resamples"])
    return [float(points["it"][0]), *map(float, ends["it"][:, 0])]

share, ends = library.create_performance_profile(
    {"it": x}, np.array(given["thresholds"]), reps=given["resamples"]
)
json.dump(
    {
        "interquartile_mean": interval(x, lambda runs: np.array([metrics.aggregate_iqm(runs)])),
        "probability": interval(
            [x, y], lambda first, second: np.array([metrics.probability_of_improvement(first, second)])
        ),
        "profile": [share["it"].tolist(), *ends["it"].tolist()],
    },
    sys.stdout,
)
"""

NLTK = """
import json, sys
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

responses = json.load(sys.stdin)
smoothing = SmoothingFunction().method1
scores = [
    sentence_bleu(responses[:i] + responses[i + 1 :], row, smoothing_function=smoothing)
    for i, row in enumerate(responses)
]
json.dump(sum(scores) / len(scores), sys.stdout)
"""


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """Returns a function that runs a script beside the packages, with data as JSON on either side."""
    folder = tmp_path_factory.mktemp("packages")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    probe = [*pip, "download", "--retries=1", "--timeout=20", "--no-deps", "--dest", str(folder), PACKAGES[0]]
    found = subprocess.run(probe, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        pytest.skip(f"pip gets no {PACKAGES[0]} here: {(found.stderr.strip().splitlines() or ['?'])[-1]}")
    subprocess.run([*pip, "install", "--quiet", *PACKAGES], check=True, capture_output=True)

    def run(script, data):
        done = subprocess.run(
            [str(python), "-c", script], input=json.dumps(data), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def arms():
    """Returns three tasks of eight runs under treatment and six under control, with ties."""
    rng = np.random.default_rng(11)
    treatment = np.round(rng.normal([[0.0], [0.5], [2.0]], [[1.0], [0.3], [2.0]], (3, 8)), 1)
    control = np.round(rng.normal([[-0.5], [0.4], [1.5]], [[1.0], [0.5], [2.0]], (3, 6)), 1)
    assert np.isin(treatment, control).any()
    return treatment.tolist(), control.tolist()


@pytest.fixture(scope="module")
def theirs(ask, arms):
    treatment, control = arms
    data = {"treatment": treatment, "control": control, "resamples": RESAMPLES, "thresholds": THRESHOLDS}
    return ask(RLIABLE, data)


def assert_agree(ours, value, low, high, *, step=0.0):
    """Point values to rounding; ends to what two sets of resamples differ by.

    The 2.5% quantile of R normal draws has the standard error 2.67 sigma / sqrt(R), sigma being the width
    over 3.92: 0.5% of the width here, 0.7% between two sets. 3% is four of them. Where the statistic comes in
    steps, an end may lie a step further.
    """
    assert ours[0] == pytest.approx(value, abs=1e-12)
    tolerance = 0.03 * (high - low) + step + 1e-12
    assert ours[1] == pytest.approx(low, abs=tolerance)
    assert ours[2] == pytest.approx(high, abs=tolerance)


def test_interquartile_mean_is_that_of_rliable(theirs, arms):
    ours = aggregates.interquartile_mean_interval(arms[0], resamples=RESAMPLES, method="percentile")
    assert_agree(ours, *theirs["interquartile_mean"])


def test_probability_of_improvement_is_that_of_rliable(theirs, arms):
    ours = aggregates.probability_of_improvement(*arms, resamples=RESAMPLES, method="percentile")
    assert_agree(ours, *theirs["probability"])


def test_performance_profile_is_that_of_rliable(theirs, arms):
    ours = aggregates.performance_profile(arms[0], THRESHOLDS, resamples=RESAMPLES)
    columns = zip(*(row.tolist() for row in ours[1:]), *theirs["profile"], strict=True)
    for share, low, high, *expected in columns:
        assert_agree((share, low, high), *expected, step=1 / 24)  # one of 24 runs


def test_self_bleu_is_that_of_nltk(ask):
    """Of responses of four or more tokens: shorter ones are where we depart from it."""
    rng = np.random.default_rng(5)
    responses = [rng.integers(0, 9, rng.integers(4, 14)).tolist() for _ in range(40)]
    assert self_bleu(responses) == pytest.approx(ask(NLTK, responses), abs=1e-12)
