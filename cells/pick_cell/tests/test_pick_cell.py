"""The pick cell under test: its tour, its search, its scenarios, and the cell on real protocols."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from control import State, run
from hil import Bench, cell_test
from plc_sim import Simulation, Twin
from plc_sim.commands import scenario_of

HERE = Path(__file__).parents[1]

TestPickCell = cell_test("cell.toml", search=settings(max_examples=60))


def in_scenario(name: str, seconds: float) -> Simulation:
    """A scenario of this folder, with every property watched."""
    twin = Twin.load(HERE / "cell.toml", scenario_of(str(HERE / "scenarios" / f"{name}.toml")), seed=7)
    simulation = Simulation(twin, properties=twin.project.properties())
    simulation.run(seconds)
    assert not simulation.violations
    return simulation


def test_guard_opened() -> None:
    simulation = in_scenario("guard_opened", 120.0)
    assert simulation.states.visits["ABORTED"] == 1
    assert simulation.cell.state is State.EXECUTE and simulation.cell.parts_good > 10


def test_starved() -> None:
    simulation = in_scenario("starved", 60.0)
    assert simulation.states.visits["SUSPENDED"] == simulation.states.visits["UNSUSPENDING"] == 1
    assert simulation.cell.state is State.EXECUTE and not simulation.cell.alarms


def test_power_failure() -> None:
    simulation = in_scenario("power_failure", 120.0)
    count = simulation.twin.plant.counts()
    assert simulation.states.visits["STARTING"] == 2
    assert simulation.cell.parts_good == count["pallet.parts_on"] + count["exchanger.shipped"]


def test_production(twin: Twin) -> None:
    simulation = Simulation(twin, properties=twin.project.properties())
    simulation.run(600.0)
    count = twin.plant.counts()
    assert not simulation.violations and not simulation.cell.alarms
    assert simulation.cell.parts_good == count["pallet.parts_on"] + count["exchanger.shipped"] > 80
    assert simulation.cell.parts_rejected == count["belt.left"] > 5


@pytest.mark.wire
def test_on_real_protocols(bench: Bench) -> None:
    """The same controller over S7 and a serial line, in real time: the first part is packed."""
    cell = bench.twin.controller(bench.wiring)
    run(cell, seconds=15.0)
    assert not cell.alarms and cell.parts_good >= 1
    assert bench.twin.plant.counts()["pallet.parts_on"] == cell.parts_good
