"""agents/runs/throughput.py: rates and peaks, as the system tells them."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.runs import throughput as resources
from agents.runs.throughput import PROCESS_STATUS, peak_resident_bytes, resource_usage

MASK = torch.tensor([[True, True, False], [True, False, False]])


def test_rates_are_real_tokens_over_seconds():
    figures = resource_usage({"generate": 0.5, "seconds": 2.0}, MASK)
    assert (figures["tokens_per_second"], figures["generated_per_second"]) == (1.5, 6.0)
    assert "peak_cuda_mb" not in figures


@pytest.mark.skipif(not PROCESS_STATUS.exists(), reason="needs Linux's /proc")
def test_the_peak_keeps_what_was_given_back():
    before = peak_resident_bytes()
    block = np.ones(10**8, dtype=np.uint8)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    resident = pages * os.sysconf("SC_PAGE_SIZE")
    del block
    assert max(before, resident - 10**6) <= peak_resident_bytes() < max(before, resident) + 10**8


def test_the_line_of_the_peak(tmp_path):
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nVmPeak:\t  900 kB\nVmHWM:\t  123 kB\nVmRSS:\t  100 kB\n")
    assert peak_resident_bytes(status) == 123 * 1024
    status.write_text("Name:\tpython\n")
    assert peak_resident_bytes(status) is None


@pytest.mark.parametrize(("platform", "unit"), [("linux", 1024), ("darwin", 1)])
def test_elsewhere_getrusage_tells(tmp_path, monkeypatch, platform, unit):
    class Usage:
        RUSAGE_SELF = 0

        @staticmethod
        def getrusage(who):
            return type("Figures", (), {"ru_maxrss": 7})

    monkeypatch.setitem(sys.modules, "resource", Usage)
    monkeypatch.setattr(sys, "platform", platform)
    assert peak_resident_bytes(tmp_path / "missing") == 7 * unit


def test_where_nothing_tells_the_figure_is_left_out(monkeypatch):
    monkeypatch.setattr(resources, "peak_resident_bytes", lambda: None)
    assert "peak_memory_mb" not in resource_usage({"generate": 0.5, "seconds": 2.0}, MASK)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_device_has_a_peak_of_its_own():
    kept = torch.zeros(10**7, device="cuda")
    figures = resource_usage({"generate": 0.5, "seconds": 2.0}, MASK.to("cuda"))
    assert figures["peak_cuda_mb"] >= kept.nbytes / 1e6
