"""Trains for a while as `train_sentiment` does and says whether the process's memory stays flat.

    python examples/speed/soak.py                                      30 minutes of the embedded default
    python examples/speed/soak.py --minutes 60 -- --agent grpo         what follows -- goes to train_sentiment

The resident memory is read once a second, and for each minute the median is printed. Growth is that of the
last minute beside the one that follows the first five; exit status 1 where it is 2% or more. The run is
stopped by SIGTERM, which it answers with a checkpoint and status 143. Linux only: memory is read from /proc.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

from agents.flags.parser import Parser

SETTLING_MINUTES = 5
LARGEST_GROWTH = 0.02
ENDLESS = "1000000000"
"""Episodes: more than anybody waits for."""
STOPPED = 143
TRAIN = Path(__file__).resolve().parents[1] / "train_sentiment.py"


def resident_megabytes(status: str) -> float | None:
    """Returns the resident memory in /proc/PID/status, in MB of 1e6 bytes; None of an ending process."""
    line = next((line for line in status.splitlines() if line.startswith("VmRSS:")), None)
    return None if line is None else int(line.split()[1]) * 1024 / 1e6


def watch(process: subprocess.Popen[bytes], minutes: int, seconds_per_minute: float = 60.0) -> list[float]:
    """Returns the median memory of each minute, in MB.

    Raises:
        RuntimeError: If the process ended before.
    """
    status, medians = Path(f"/proc/{process.pid}/status"), []
    for minute in range(1, minutes + 1):
        readings: list[float] = []
        until = time.monotonic() + seconds_per_minute
        while time.monotonic() < until:
            if process.poll() is not None:
                raise RuntimeError(f"the run ended with status {process.returncode} in minute {minute}")
            reading = resident_megabytes(status.read_text())
            if reading is not None:  # else the next poll says how it ended
                readings.append(reading)
            time.sleep(seconds_per_minute / 60.0)
        medians.append(statistics.median(readings))
        print(f"minute {minute:3d}   {medians[-1]:7.1f} MB", flush=True)
    return medians


def growth_of(medians: list[float]) -> float:
    """Returns by how much of itself the memory grew after it had settled."""
    settled = medians[SETTLING_MINUTES]
    return medians[-1] / settled - 1.0


def main() -> int:
    """Runs the soak; returns the exit status."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=30, help=f"more than {SETTLING_MINUTES}")
    parser.add_argument("--out", type=Path, default=Path("runs/soak"), help="the run's folder")
    parser.add_argument("flags", nargs="*", metavar="-- FLAG", help="of train_sentiment")
    options = parser.parse_args()
    if options.minutes <= SETTLING_MINUTES:
        parser.error(f"--minutes: expected more than {SETTLING_MINUTES}, got {options.minutes}")
    command = [sys.executable, str(TRAIN), "--out", str(options.out), "--episodes", ENDLESS, *options.flags]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            medians = watch(process, options.minutes)
        except RuntimeError as error:
            print(f"soak: {error}", file=sys.stderr)
            return 1
        finally:
            process.send_signal(signal.SIGTERM)
        status = process.wait()
    growth = growth_of(medians)
    print(f"growth after minute {SETTLING_MINUTES + 1}: {growth:+.2%}; the run ended with status {status}")
    return 0 if growth < LARGEST_GROWTH and status == STOPPED else 1


if __name__ == "__main__":
    sys.exit(main())
