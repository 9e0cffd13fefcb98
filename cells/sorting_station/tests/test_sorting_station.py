"""The sorting station under test: its tour, its search, its scenarios, and the station on real S7."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from control import State, run
from hil import Bench, Disturbance, cell_test
from plc_sim import Scenario, Simulation, Twin
from plc_sim.scenario import Attendance

HERE = Path(__file__).parents[1]

TestSortingStation = cell_test("cell.toml", search=settings(max_examples=40))


def simulated(*disturbances: Disturbance, seconds: float = 60.0) -> Simulation:
    """The station with a person who recovers it, every property watched."""
    scenario = Scenario("test", disturbances, Attendance.RECOVERS)
    twin = Twin.load(HERE / "cell.toml", scenario, seed=7)
    simulation = Simulation(twin, properties=twin.project.properties())
    simulation.run(seconds)
    assert not simulation.violations
    return simulation


def test_production(twin: Twin) -> None:
    simulation = Simulation(twin, properties=twin.project.properties())
    simulation.run(900.0)
    count = twin.plant.counts()
    assert not simulation.violations and not simulation.cell.alarms
    assert count["stamp.done"] >= count["first_ramp.taken"] > 10
    assert count["second_ramp.taken"] > 10 and count["belt.left"] > 10
    assert count["first_ramp.removed"] >= 6 and count["second_ramp.removed"] >= 6
    cell: Any = simulation.cell
    assert cell.parts_good > 60 and cell.unsorted == cell.untraced == 0
    assert count["cup.dropped"] == count["stack.collisions"] == count["crane.bumps"] == 0
    assert count["first_pusher.vain"] == count["second_pusher.vain"] == 0


def test_a_full_ramp_suspends_the_station_until_it_is_emptied() -> None:
    """The lamps that ask for it are broken: the station waits with the part before the full ramp."""
    twin = Twin.load(HERE / "cell.toml", Scenario("test", (), Attendance.STARTS), seed=7)
    simulation = Simulation(twin, properties=twin.project.properties())
    for lamp in ("panel.first_lamp", "panel.second_lamp"):
        twin.plant.force(lamp, False)
    simulation.run(400.0)
    count = twin.plant.counts()
    assert simulation.cell.state is State.SUSPENDED and not simulation.violations
    full = "first" if twin.plant.signal_value("first_ramp.full") else "second"
    assert count[f"{full}_ramp.parts_on"] == 6 and count["belt.parts_on"] == 1
    twin.plant.set(f"{full}_ramp.clear", True)
    simulation.run(5.0)
    assert simulation.cell.state is State.EXECUTE
    assert twin.plant.counts()[f"{full}_ramp.taken"] == 7


@pytest.mark.parametrize("step", ["TURNING", "LOWERING", "GRIPPING", "RAISING", "RELEASING"])
def test_a_part_that_an_abort_came_upon_goes_where_it_belongs(step: str) -> None:
    """The vacuum holds the part, and the crane knows whether it is to be stamped."""
    lost = Disturbance(0.05, "link_lost", "plc", 1.0, after=f"carry {step} 5")
    simulation = simulated(lost, seconds=120.0)
    count = simulation.twin.plant.counts()
    assert simulation.states.visits["ABORTED"] == 1
    assert count["cup.dropped"] == count["stack.collisions"] == 0
    assert count["first_ramp.strangers"] == count["second_ramp.strangers"] == 0
    assert simulation.cell.parts_good > 5


@pytest.mark.parametrize("step", ["ARRIVING", "TO_FIRST", "TO_SECOND", "PUSHING", "TO_END"])
def test_a_part_on_the_belt_runs_to_the_end_after_an_abort(step: str) -> None:
    lost = Disturbance(0.02, "link_lost", "plc", 1.0, after=f"sort {step} 1")
    simulation = simulated(lost, seconds=120.0)
    cell: Any = simulation.cell
    assert simulation.states.visits["ABORTED"] == 1
    assert cell.unsorted + cell.untraced == 1 and cell.parts_good > 4


def test_a_crane_beyond_the_stack_finds_it_again() -> None:
    """It turned past the stack while its sensor was dead, up to the end of its travel."""
    dead = Disturbance(0.0, "stuck", "crane.at_stack", 9.0, value=0, after="carry TURNING 3")
    simulation = simulated(dead, seconds=120.0)
    assert simulation.twin.plant.counts()["crane.bumps"] >= 1
    assert simulation.states.visits["ABORTED"] == 1
    assert simulation.cell.state is State.EXECUTE and simulation.cell.parts_good > 4


@pytest.mark.wire
def test_on_real_protocols(bench: Bench) -> None:
    """The same controller over S7 in real time: the first part is on its way."""
    cell = bench.twin.controller(bench.wiring)
    run(cell, seconds=16.0)
    assert not cell.alarms and cell.parts_good >= 1
