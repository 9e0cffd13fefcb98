"""Every n-th mutant of the pick cell judged, one line of JSON each on standard output and one for people on
standard error as it comes: half of the campaign for one core.

python -m tests.hil.mutants 0 2 600
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from control.project import load_project
from hil.mutation import Mutant, Verdict, judge, mutants

CELL = Path(__file__).parents[2] / "cells" / "pick_cell" / "cell.toml"
CORRECT, ALL = "the correct controller", 2_400


def verdicts(first: int, every: int, most: int) -> Iterator[Verdict]:
    """The verdicts on the correct controller and all mutants, from `first` on, each `every`-th."""
    project = load_project(CELL)
    controller = project.controller()
    every_one = [Mutant(CORRECT, lambda: controller), *mutants(controller)]
    for mutant in islice(every_one, first, None, every):
        yield judge(mutant, project, most=ALL if mutant.name == CORRECT else most)


def row(verdict: Verdict) -> str:
    """A verdict for people: killed by, runs needed, disturbances after shrinking."""
    how = "the tour" if verdict.tour else "; ".join(verdict.disturbances) or "undisturbed"
    found = verdict.killed_by or "SURVIVES"
    return f"{verdict.mutant:<72} {found:<10} {verdict.runs:>5} runs" + f"  {how}" * bool(verdict.killed_by)


if __name__ == "__main__":
    for verdict in verdicts(*map(int, sys.argv[1:4])):
        print(json.dumps(verdict._asdict()), flush=True)
        print(row(verdict), file=sys.stderr, flush=True)
