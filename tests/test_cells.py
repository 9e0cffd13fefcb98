"""What holds of every shipped cell: one trace whatever is left out or added, and a README that is true."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from control import Command, State
from control.project import load_project
from plc_sim import PhotoEye, Simulation, Twin
from plc_sim.components.belt import Belt
from plc_sim.components.panel import Door
from plc_sim.disturb import LEADS
from plc_sim.scenario import Attendance, production
from plc_sim.twin import twin_class

ROOT = Path(__file__).parents[1]
CELLS = sorted(path.parent.name for path in ROOT.glob("cells/*/cell.toml"))
SECONDS = 300.0
SEED = 7

every_cell = pytest.mark.parametrize("cell", CELLS)


def simulated(
    cell: str, kind: type[Twin] | None = None, seconds: float = SECONDS, **options: Any
) -> Simulation:
    """A cell in production."""
    project = load_project(ROOT / "cells" / cell / "cell.toml")
    twin = (kind or twin_class(project))(None, seed=SEED, scenario=production, project=project)
    simulation = Simulation(twin, properties=project.properties(), **options)
    simulation.run(seconds)
    return simulation


def trace_of(simulation: Simulation) -> tuple[str, int]:
    return simulation.hash.hexdigest(), simulation.hash.entries


@every_cell
def test_one_trace_for_repeats_and_with_nothing_left_out(cell: str) -> None:
    first, second, every = simulated(cell), simulated(cell), simulated(cell, every_scan=True)
    assert trace_of(first) == trace_of(second) == trace_of(every)
    assert first.twin.plant.block.tobytes() == second.twin.plant.block.tobytes()
    assert first.hash.entries > 100 and not first.violations


@every_cell
def test_a_component_that_nobody_reads_changes_nothing(cell: str) -> None:
    usual = twin_class(load_project(ROOT / "cells" / cell / "cell.toml"))
    belt = next((part for part in usual.components.values() if isinstance(part, Belt)), None)
    unread = Door() if belt is None else PhotoEye(belt, at=0.5)
    more = type(usual.__name__, (usual,), {"aaa_unread": unread, "__module__": usual.__module__})
    assert trace_of(simulated(cell, more)) == trace_of(simulated(cell))


@every_cell
def test_one_trace_with_and_without_compilation(cell: str) -> None:
    command = [sys.executable, "-m", "cellwright", "sim", f"cells/{cell}/cell.toml", "--json"]
    command += ["--seconds", "60", "--seed", str(SEED)]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    assert json.loads(done.stdout)["trace_hash"] == simulated(cell, seconds=60.0).hash.hexdigest()


# ---- the READMEs ----


def table(cell: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading of a README, without its own heading."""
    readme = (ROOT / "cells" / cell / "README.md").read_text(encoding="utf-8")
    section = readme.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[text.strip() for text in row] for row in rows[2:]]


@every_cell
def test_the_readme_lists_the_requirements_that_are_watched(cell: str) -> None:
    rules = {
        rule.requirement: rule.text for rule in load_project(ROOT / "cells" / cell / "cell.toml").properties()
    }
    listed = dict(table(cell, "Requirements"))
    assert list(listed) == list(rules)
    for name, text in rules.items():
        assert listed[name] == text or listed[name].startswith(f"{text},")


@every_cell
def test_the_readme_lists_what_leads_back_to_idle(cell: str) -> None:
    """The search goes by the table of the code; this holds the README to it, for the states the cell has."""
    disabled = load_project(ROOT / "cells" / cell / "cell.toml").controller().disabled_states
    leads = {}
    for states, press, _ in table(cell, "What to press"):
        command = re.search(r"\b(Clear|Reset|Stop)\b", press)
        for state in re.findall(r"\b[A-Z]{4,}\b", states):
            leads[State[state]] = Command[command[0].upper()] if command else None
    expected = {
        state: command for state, command in LEADS[Attendance.RETURNS].items() if state not in disabled
    }
    assert {state: command for state, command in leads.items() if command} == expected
