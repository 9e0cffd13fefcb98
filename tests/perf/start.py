"""What starting costs: a fresh interpreter imports `control` and a shipped cell's controller."""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import NamedTuple

from tests.perf.table import Row, compared
from tests.perf.twin import CELL

TIMED = """
import sys, time
began, used = time.perf_counter(), time.process_time()
{what}
print(time.perf_counter() - began, time.process_time() - used, len({{"numba", "numpy"}} & sys.modules.keys()))
"""

CODE = "sys.path.insert(0, {folder!r}); import control, pick_cell.cell"
PROJECT = "from control.project import load_project; load_project({cell!r}).controller()"


class Started(NamedTuple):
    """Time and CPU time in s, and how many of numba and numpy were loaded."""

    seconds: float
    used: float
    heavy: int


def start(what: str) -> Started:
    """One fresh interpreter."""
    line = [sys.executable, "-c", TIMED.format(what=what)]
    seconds, used, heavy = subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()
    return Started(float(seconds), float(used), int(heavy))


def median(what: str, repeats: int) -> Started:
    """The median time of several starts."""
    started = [start(what) for _ in range(repeats)]
    seconds, used = (statistics.median(each[which] for each in started) for which in (0, 1))
    return Started(seconds, used, max(each.heavy for each in started))


def measure(repeats: int = 5) -> list[Row]:
    """The rows of the import."""
    code = median(CODE.format(folder=str(CELL.parents[1])), repeats)
    project = median(PROJECT.format(cell=str(CELL)), repeats)
    return [
        Row("import control and a shipped cell.py", code.seconds, "s", target="<= 0.25"),
        Row("import, its CPU time", code.used, "s"),
        Row("import, numba and numpy among what it loads", float(code.heavy), "", target="0"),
        compared("import by cell.toml, parameters checked", project.seconds, "s", code.seconds),
    ]
