"""Files, boards and the progress line: what is written, and what is left after a crash."""

import io
import json
import subprocess
import sys
import threading
import time

import pytest

from agents.runs.logs import JsonlLog, ProgressLog, TensorBoardLog, WandbLog, read_jsonl


def metrics(iteration, **more):
    return {
        "iteration": iteration,
        "episodes": 8 * iteration,
        "objective/scores": 0.1,
        "objective/kl": 0.2,
        **more,
    }


EPISODE = {
    "token_rewards": [0.25, 0.5, 0.0],
    "response_mask": [1, 1, 0],
    "score": 0.75,
    "prompt": "the film",
    "response_text": " was fun",
}


def write(folder, first, last, **kwargs):
    log = JsonlLog(folder, **kwargs)
    for i in range(first, last + 1):
        log.on_iteration(metrics(i, value=i / 3), {"seconds": 1.5}, [])
    log.close()


class TestJsonl:
    def test_one_sorted_line_per_iteration_and_no_times(self, tmp_path):
        write(tmp_path, 1, 1)
        assert (tmp_path / "metrics.jsonl").read_text() == (
            '{"episodes": 8, "iteration": 1, "objective/kl": 0.2, "objective/scores": 0.1, '
            '"value": 0.3333333333333333}\n'
        )
        assert (tmp_path / "timings.jsonl").read_text() == '{"episodes": 8, "iteration": 1, "seconds": 1.5}\n'

    def test_lines_are_on_disk_before_close(self, tmp_path):
        log = JsonlLog(tmp_path)
        log.on_iteration(metrics(1), {}, [])
        assert [row["iteration"] for row in read_jsonl(tmp_path / "metrics.jsonl")] == [1]
        log.close()

    def test_continuing_gives_the_bytes_of_an_undisturbed_run(self, tmp_path):
        write(tmp_path / "whole", 1, 5)
        write(tmp_path / "cut", 1, 4)
        write(tmp_path / "cut", 3, 5, iterations=2)
        for name in ("metrics.jsonl", "timings.jsonl"):
            assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()

    def test_a_torn_last_line_is_forgotten(self, tmp_path):
        write(tmp_path, 1, 2)
        with (tmp_path / "metrics.jsonl").open("a") as file:
            file.write('{"episodes": 24, "iter')
        assert len(read_jsonl(tmp_path / "metrics.jsonl")) == 2
        write(tmp_path, 3, 3, iterations=2)
        assert [row["iteration"] for row in read_jsonl(tmp_path / "metrics.jsonl")] == [1, 2, 3]

    def test_starting_afresh_empties_old_files(self, tmp_path):
        write(tmp_path, 1, 3)
        write(tmp_path, 1, 1)
        assert len(read_jsonl(tmp_path / "metrics.jsonl")) == 1

    def test_a_number_that_is_not_finite_becomes_null(self, tmp_path):
        log = JsonlLog(tmp_path)
        log.on_iteration(metrics(1, value=float("nan")), {"rate": float("inf")}, [])
        log.close()
        assert json.loads((tmp_path / "metrics.jsonl").read_text())["value"] is None

    def test_too_few_lines_for_the_checkpoint(self, tmp_path):
        write(tmp_path, 1, 2)
        with pytest.raises(ValueError, match=r"metrics\.jsonl holds 2 of the 5 iterations"):
            JsonlLog(tmp_path, iterations=5)


class Terminal(io.StringIO):
    def isatty(self):
        return True


class TestProgress:
    def test_one_line_per_tenth_away_from_a_terminal(self):
        stream = io.StringIO()
        log = ProgressLog(stream, total=8 * 40)
        for i in range(1, 41):
            log.on_iteration(metrics(i), {}, [])
        log.close()
        lines = stream.getvalue().splitlines()
        assert len(lines) == 10
        assert lines[-1].startswith("100% [####################] 320/320 episodes  reward +0.100  KL 0.20  ")

    def test_the_share_solved_is_shown_where_it_is_known(self):
        stream = io.StringIO()
        ProgressLog(stream, total=8).on_iteration(metrics(1, **{"env/solved": 0.125}), {}, [])
        assert "reward +0.100  solved 12.5%  KL 0.20  " in stream.getvalue()

    def test_a_terminal_sees_one_line_that_is_overwritten(self):
        stream = Terminal()
        log = ProgressLog(stream, total=16)
        log.on_iteration(metrics(1), {}, [])
        log.on_iteration(metrics(2), {}, [])
        log.close()
        assert stream.getvalue().count("\r") == 2
        assert stream.getvalue().count("\n") == 1

    def test_continuing_starts_where_it_stopped(self):
        stream = io.StringIO()
        log = ProgressLog(stream, total=80, done=40)
        log.on_iteration(metrics(6), {}, [])
        assert stream.getvalue().startswith(" 60%")


@pytest.mark.filterwarnings("default")
def test_tensorboard_curves(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    log = TensorBoardLog(tmp_path)
    log.on_iteration(metrics(1), {"generate": 0.5}, [])
    log.on_iteration(metrics(2), {"generate": 0.5}, [])
    log.close()
    events = accumulator.EventAccumulator(str(tmp_path))
    events.Reload()
    assert [(e.step, round(e.value, 6)) for e in events.Scalars("objective/kl")] == [(8, 0.2), (16, 0.2)]
    assert "time/generate" in events.Tags()["scalars"]


def test_missing_extras_are_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ImportError, match=r"pip install 'rlsf-gym\[tensorboard\]'"):
        TensorBoardLog(tmp_path)
    with pytest.raises(ImportError, match=r"pip install 'rlsf-gym\[wandb\]'"):
        WandbLog("project", folder=tmp_path, report=io.StringIO())


HANG = """
import atexit, sys, time, types
from agents.runs.logs import WandbLog

class Run:
    def log(self, payload, step):
        pass
    def finish(self):
        time.sleep(600)

def wait_again():
    time.sleep(600)

def teardown():
    atexit.unregister(wait_again)
    wait_again()

def init(**_):
    atexit.register(wait_again)
    return Run()

sys.modules["wandb"] = types.SimpleNamespace(init=init, teardown=teardown)
log = WandbLog("project", folder=sys.argv[1], report=sys.stderr, finish_timeout=0.2)
log.on_iteration({"iteration": 1}, {}, [])
log.close()
print("saved")
"""


class FakeRun:
    def __init__(self):
        self.logged, self.finished, self.broken = [], False, False

    def log(self, payload, step):
        if self.broken:
            raise ConnectionError("no route")
        self.logged.append((step, payload))

    def finish(self):
        self.finished = True


class FakeWandb:
    def __init__(self):
        self.run, self.torn_down = FakeRun(), False

    def teardown(self):
        self.torn_down = True

    def init(self, **kwargs):
        self.init_kwargs = kwargs
        return self.run

    def Histogram(self, values):  # noqa: N802
        return ("histogram", list(values))

    class Table:
        def __init__(self, columns):
            self.columns, self.rows = columns, []

        def add_data(self, *row):
            self.rows.append(row)


@pytest.fixture
def wandb(monkeypatch):
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    return fake


class TestWandb:
    def test_payload(self, wandb, tmp_path):
        log = WandbLog("project", folder=tmp_path, report=io.StringIO(), config={"seed": 1})
        other = {**EPISODE, "token_rewards": [-0.25, 0.0, 0.0]}
        log.on_iteration(metrics(1), {"generate": 0.5}, [EPISODE, other, other])
        log.close()
        step, payload = wandb.run.logged[0]
        assert step == 1
        assert wandb.init_kwargs["config"] == {"seed": 1}
        assert payload["reward/mean"] == pytest.approx(0.25 / 3)
        assert (payload["reward/median"], payload["reward/min"], payload["reward/max"]) == (
            -0.25,
            -0.25,
            0.75,
        )
        assert payload["reward/histogram"] == ("histogram", [0.75, -0.25, -0.25])
        assert payload["samples"].rows[0] == ("the film", " was fun", 0.75, "0.25 0.5")
        assert payload["time/generate"] == 0.5
        assert wandb.run.finished

    def test_a_failure_is_reported_once_and_training_goes_on(self, wandb, tmp_path):
        report = io.StringIO()
        log = WandbLog("project", folder=tmp_path, report=report)
        log.on_iteration(metrics(1), {}, [EPISODE])
        wandb.run.broken = True
        log.on_iteration(metrics(2), {}, [EPISODE])
        log.on_iteration(metrics(3), {}, [EPISODE])
        log.close()
        assert report.getvalue() == (
            "W&B stopped: ConnectionError: no route. The board has nothing after iteration 1; training goes "
            "on; metrics.jsonl is complete, and what W&B did not upload is in "
            f"{tmp_path / 'wandb'}, for `wandb sync`\n"
        )
        assert not wandb.run.finished

    def test_a_finish_that_raises(self, wandb, tmp_path, monkeypatch):
        report = io.StringIO()
        log = WandbLog("project", folder=tmp_path, report=report, finish_timeout=5.0)
        assert wandb.init_kwargs["settings"] == {"finish_timeout": 5.0, "finish_timeout_raises": True}
        log.on_iteration(metrics(1), {}, [EPISODE])

        def finish():
            raise BrokenPipeError("the service\nis gone")

        monkeypatch.setattr(wandb.run, "finish", finish)
        log.close()
        log.close()
        assert report.getvalue().startswith(
            "W&B stopped: BrokenPipeError: the service is gone. The board has perhaps not all up to it"
        )
        assert report.getvalue().count("\n") == 1
        assert not wandb.torn_down

    def test_a_finish_that_hangs_is_left_behind(self, wandb, tmp_path, monkeypatch):
        report, release = io.StringIO(), threading.Event()
        log = WandbLog("project", folder=tmp_path, report=report, finish_timeout=0.2)
        log.on_iteration(metrics(1), {}, [EPISODE])
        monkeypatch.setattr(wandb.run, "finish", release.wait)
        started = time.monotonic()
        log.close()
        assert 0.3 <= time.monotonic() - started < 60.0
        assert report.getvalue() == (
            "W&B stopped: TimeoutError: it did not finish within 0.3 s. The board has perhaps not all up to "
            "iteration 1; metrics.jsonl is complete, and what W&B did not upload is in "
            f"{tmp_path / 'wandb'}, for `wandb sync`\n"
        )
        assert wandb.torn_down  # by a call that may hang as well: when the process ends there is none
        release.set()

    def test_a_process_ends_although_a_finish_hangs(self, tmp_path):
        command = [sys.executable, "-c", HANG, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stdout) == (0, "saved\n"), done.stderr
        assert done.stderr.startswith("W&B stopped: TimeoutError: it did not finish within 0.3 s. ")
        assert len(done.stderr.splitlines()) == 1

    @pytest.mark.parametrize("seconds", [0.0, -1.0, float("inf"), float("nan")])
    def test_the_limit_is_checked(self, wandb, tmp_path, seconds):
        with pytest.raises(ValueError, match="finish_timeout: expected a number of seconds > 0, got"):
            WandbLog("project", folder=tmp_path, report=io.StringIO(), finish_timeout=seconds)

    def test_a_board_that_does_not_start(self, wandb, tmp_path, monkeypatch):
        def init(**kwargs):
            raise RuntimeError("no API key")

        monkeypatch.setattr(wandb, "init", init)
        with pytest.raises(ConnectionError, match="W&B could not start: no API key; mode 'offline' needs no"):
            WandbLog("project", folder=tmp_path, report=io.StringIO())

    def test_tables_come_every_few_iterations(self, wandb, tmp_path):
        log = WandbLog("project", folder=tmp_path, report=io.StringIO(), every=2)
        for i in (1, 2, 3):
            log.on_iteration(metrics(i), {}, [EPISODE])
        assert ["samples" in payload for _, payload in wandb.run.logged] == [True, False, True]
