"""Branches of a simulation: bit for bit the same, and with nothing in common that changes."""

from __future__ import annotations

import gc
import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.project import load_project
from control.shared import Shared
from plc_sim import Disturbance, Scenario, Simulation
from plc_sim.plant import Plant
from plc_sim.scenario import Attendance
from plc_sim.twin import twin_class

ROOT = Path(__file__).parents[2]
CELLS = sorted(path.parent.name for path in ROOT.glob("cells/*/cell.toml"))
TROUBLE = (
    Disturbance(4.0, "link_lost", "plc", 1.5),
    Disturbance(12.0, "plc_stop", "", 0.5),
    Disturbance(14.0, "controller_power_loss", "", 1.0),
)
"""What lasts, is planned or has been done when a branch is made."""

FRAMES = " by frames"
LATENCY = Disturbance(9.0, "s7_latency", "plc", 8.0, 0.02)
"""With this the PLC is met by S7 frames; some are always on their way."""

every_cell = pytest.mark.parametrize("cell", CELLS)
frames_too = pytest.mark.parametrize("cell", [*CELLS, f"pick_cell{FRAMES}"])


def simulated(cell: str, seconds: float, seed: int = 7) -> Simulation:
    project = load_project(ROOT / "cells" / cell.removesuffix(FRAMES) / "cell.toml")
    trouble = (*TROUBLE, LATENCY) if cell.endswith(FRAMES) else TROUBLE
    scenario = Scenario("trouble", trouble, Attendance.RECOVERS)
    twin = twin_class(project)(None, seed=seed, scenario=scenario, project=project)
    simulation = Simulation(twin, properties=project.properties())
    simulation.run_until(seconds)
    return simulation


def state_of(simulation: Simulation) -> tuple[Any, ...]:
    """All that a run leaves behind."""
    plant = simulation.twin.plant
    return simulation.hash.hexdigest(), simulation.scans, plant.block.tobytes(), simulation.summary()


@every_cell
@given(at=st.floats(0.1, 25.0), seed=st.integers(1, 50))
@settings(max_examples=12)
def test_a_branch_goes_on_as_the_uninterrupted_run(cell: str, at: float, seed: int) -> None:
    trunk = simulated(cell, at, seed)
    branch = trunk.branch()
    kept = branch.branch()
    for simulation in (branch, trunk):
        simulation.run_until(30.0)
    whole = simulated(cell, at, seed)
    whole.run_until(30.0)
    assert state_of(branch) == state_of(trunk) == state_of(whole)
    kept.run_until(30.0)
    assert state_of(kept) == state_of(whole)


@frames_too
def test_another_future_of_a_branch_leaves_the_trunk_alone(cell: str) -> None:
    trunk, whole = simulated(cell, 20.0), simulated(cell, 40.0)
    branch = trunk.branch()
    branch.twin.disturber.add(Disturbance(21.0, "plc_stop", "", 2.0))
    branch.run_until(40.0)
    trunk.run_until(40.0)
    assert state_of(trunk)[0] == state_of(whole)[0] != state_of(branch)[0]


CONSTANT = (type, types.ModuleType, types.CodeType, str, bytes, int, float, type(None), Enum, Shared)
TABLES = ("components", "plc", "timing", "layout", "io", "row")
"""What a plant never changes once it is built."""


def objects(simulation: Simulation) -> Iterator[object]:
    """Everything that can be reached from a simulation, what never changes left aside."""
    judges = {judge for rule in simulation.properties for judge in (rule.when, rule.then)}
    seen: dict[int, object] = {}
    waiting: list[object] = [simulation]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, CONSTANT):
            continue
        seen[id(each)] = each
        yield each
        if isinstance(each, types.FunctionType):
            waiting += [] if each in judges else [cell.cell_contents for cell in each.__closure__ or ()]
        elif isinstance(each, Plant):
            waiting += [value for name, value in vars(each).items() if name not in TABLES]
        else:
            waiting += gc.get_referents(each)


def test_a_branch_goes_on_with_the_frames_that_were_on_their_way() -> None:
    cell = f"pick_cell{FRAMES}"
    for at in (1.007, 9.02, 13.5):
        trunk = simulated(cell, at)
        branch = trunk.branch()
        for simulation in (branch, trunk):
            simulation.run_until(16.0)
        assert state_of(branch) == state_of(trunk)


@frames_too
def test_nothing_that_changes_is_shared(cell: str) -> None:
    trunk = simulated(cell, 13.0)
    ours = {id(each): each for each in objects(trunk)}
    changing = [
        each
        for each in objects(trunk.branch())
        if id(each) in ours and (hasattr(each, "__dict__") or isinstance(each, list | dict | set))
    ]
    assert [each for each in changing if not isinstance(each, types.FunctionType)] == []
    assert len(ours) > 300
