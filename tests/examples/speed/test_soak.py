"""The soak: what it makes of a process's memory."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.whole

GROWING = "import time\nkept = []\nwhile True:\n    kept.append(bytearray(300_000))\n    time.sleep(0.01)\n"
STEADY = "import time\nkept = bytearray(50_000_000)\ntime.sleep(60)\n"
ENDING = "raise SystemExit(3)"


@pytest.fixture
def soak():
    from examples.speed import soak

    return soak


def run(soak, program, minutes):
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        try:
            return soak.watch(process, minutes, seconds_per_minute=0.5)
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_process_that_keeps_what_it_makes_grows_and_another_does_not(soak):
    assert soak.growth_of(run(soak, GROWING, 7)) > 0.1
    assert abs(soak.growth_of(run(soak, STEADY, 7))) < 0.02


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_run_that_ends_is_no_soak(soak):
    with pytest.raises(RuntimeError, match="ended with status 3 in minute"):
        run(soak, ENDING, 30)


def test_growth_begins_after_the_first_minutes(soak):
    assert soak.growth_of([1.0, 2.0, 3.0, 4.0, 5.0, 100.0, 101.0, 103.0]) == pytest.approx(0.03)


def test_memory_is_read_from_its_line(soak):
    assert soak.resident_megabytes("Name:\tx\nVmHWM:\t9 kB\nVmRSS:\t 1000 kB\n") == pytest.approx(1.024)


def test_a_process_that_is_ending_has_no_memory(soak):
    assert soak.resident_megabytes("Name:\tx\nState:\tR (running)\n") is None
