# SPDX-License-Identifier: MIT
"""How far a quantile of the histogram is from that of the sorted samples: see quantile.c."""
import json
import subprocess

from harness import build_path

BAR_PERCENT = 1.6


def measure(figures):
    """quantiles of the histogram against an exact sort: 12 distributions of 10^6 samples"""
    done = subprocess.run([build_path("tests", "bench", "quantile")], capture_output=True,
                          text=True, timeout=120, check=True)
    errors = json.loads(done.stdout)
    merged = errors.pop("merged")
    worst = max(errors, key=errors.get)
    figures.figure(f"error of a quantile, worst of {len(errors)} shapes ({worst})",
                   errors[worst] * 100, "%", BAR_PERCENT, digits=2)
    figures.figure("merged from 24 slots: shapes that differ", 0 if merged else 1, "", 0, digits=0)
