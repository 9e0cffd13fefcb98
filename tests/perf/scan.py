"""How late the scans of a controller are over real protocols, beside a bare loop of absolute sleeps.

The twin is served by another process. Loop and controller take turns, so that both see the same machine.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from control.clock import WallClock
from control.project import load_project
from control.run import run
from control.scan import ns
from control.statistics import ScanTimes
from control.wiring import Wiring
from tests.background import background
from tests.perf.table import Row, compared
from tests.perf.twin import CELL


class Kept(NamedTuple):
    """How one run kept time: p99 of the lateness in us, and instants missed."""

    late: float
    overruns: int


def bare(period: int, seconds: float) -> Kept:
    """A loop that does nothing but sleep to the next instant of the grid."""
    clock, times = WallClock(), ScanTimes(period)
    now = clock.start(period)
    end = now + ns(seconds)
    while now < end:
        times.add(now, clock.now(), clock.now())
        now = clock.wait(0, 0)
    return Kept(1e6 * times.lateness.percentile(0.99), clock.overruns)


def controller(links: Path, seconds: float) -> Kept:
    """The pick cell on what is served."""
    cell = load_project(CELL).controller()(Wiring.load(CELL, links=links))
    times = run(cell, seconds)
    return Kept(1e6 * times.lateness.percentile(0.99), times.overruns)


def turns(seconds: float, repeats: int) -> list[tuple[Kept, Kept]]:
    """Loop and controller in turn."""
    with tempfile.TemporaryDirectory() as folder:
        serve = [sys.executable, "-m", "cellwright", "serve", str(CELL)]
        with background(serve, Path(folder), lambda heard: "connect with" in heard):
            links, period = Path(folder) / "serve.toml", ns(load_project(CELL).controller().period)
            return [(bare(period, seconds), controller(links, seconds)) for _ in range(repeats)]


def measure(seconds: float = 10.0, repeats: int = 5) -> list[Row]:
    """The rows of the scan at 10 ms."""
    kept = turns(seconds, repeats)
    loop, cell = (statistics.median(pair[which].late for pair in kept) for which in (0, 1))
    missed, overruns = (sum(pair[which].overruns for pair in kept) for which in (0, 1))
    return [
        compared("scan at 10 ms, lateness p99, over S7 and serial", cell, "us", loop, "<= 1.2"),
        Row("scan at 10 ms, overruns beside the bare loop's", overruns, "", missed, target="no more"),
    ]
