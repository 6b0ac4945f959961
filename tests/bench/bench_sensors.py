#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What sensing costs and how true it is: sweeps, memory, schedule, every kind of probe."""
import bench
import sensors_accuracy
import sensors_memory
import sensors_quantile
import sensors_schedule
import sensors_sweep

# In the order of the table in README.md.
PARTS = {
    "sweep": sensors_sweep.measure,
    "memory": sensors_memory.measure,
    "schedule": sensors_schedule.measure,
    "quantile": sensors_quantile.measure,
    "accuracy": sensors_accuracy.measure,
}


def add_options(parser):
    """The command line of this bench."""
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part")
    parser.add_argument("--seconds", type=int, default=60, help="how long the schedule is watched")
    parser.add_argument("--paths", default="1,20,150", help="round trips in ms, for accuracy")


def measure(figures):
    """Each part, or as a test only the one that takes seconds."""
    for name in figures.options.only or (["sweep"] if figures.tap else PARTS):
        if not figures.tap:
            print(f"\n{name}: {PARTS[name].__doc__}")
        PARTS[name](figures)


if __name__ == "__main__":
    bench.main(__doc__, measure, add_options)
