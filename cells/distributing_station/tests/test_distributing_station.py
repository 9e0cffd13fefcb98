"""The distributing station under test: its tour, its search, its scenarios, and the station on real S7."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from control import State, run
from hil import Bench, Disturbance, cell_test
from plc_sim import Scenario, Simulation, Twin
from plc_sim.scenario import Attendance

HERE = Path(__file__).parents[1]

TestDistributingStation = cell_test("cell.toml", search=settings(max_examples=40))


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
    simulation.run(600.0)
    count = twin.plant.counts()
    assert not simulation.violations and not simulation.cell.alarms
    assert simulation.cell.parts_good == count["next_station.begun"] + count["at_next.parts_on"] > 150
    assert count["magazine.collisions"] == count["cup.dropped"] == 0


def test_an_empty_magazine_suspends_the_station_until_it_is_refilled() -> None:
    refill = Disturbance(45.0, "press", "magazine.refill")
    simulation = simulated(refill, seconds=65.0)
    assert simulation.states.visits["SUSPENDED"] == simulation.states.visits["UNSUSPENDING"] == 1
    assert simulation.cell.state is State.EXECUTE
    assert simulation.cell.parts_good > 8


@pytest.mark.parametrize("step", ["FETCHING", "GRIPPING", "CARRYING", "RELEASING"])
def test_a_part_that_an_abort_came_upon_is_handed_on(step: str) -> None:
    """The vacuum holds the part, homing brings it over, production hands it on."""
    lost = Disturbance(0.05, "link_lost", "plc", 1.0, after=f"carry {step} 3")
    simulation = simulated(lost, seconds=30.0)
    count = simulation.twin.plant.counts()
    assert simulation.states.visits["ABORTED"] == 1
    assert count["cup.dropped"] == count["magazine.collisions"] == 0
    assert simulation.cell.parts_good == count["next_station.begun"] + count["at_next.parts_on"] > 4


def test_after_a_push_that_was_broken_off_the_cup_looks_for_the_part() -> None:
    """The pusher had not brought the part over: the cup finds none, and a new one is pushed out."""
    lost = Disturbance(0.05, "link_lost", "plc", 1.0, after="feed PUSHING 3")
    simulation = simulated(lost, seconds=30.0)
    assert simulation.states.visits["ABORTED"] == 1 and len(simulation.cell.alarms) == 0
    assert simulation.twin.plant.counts()["magazine.collisions"] == 0
    assert simulation.cell.parts_good > 4


def test_stop_is_a_contact_that_opens() -> None:
    simulation = simulated(Disturbance(10.0, "wire_broken", "pusher.extend", 0.1), seconds=12.0)
    plant = simulation.twin.plant
    plant.set("panel.stop", True)
    simulation.run(0.2)
    assert simulation.cell.state in (State.STOPPING, State.STOPPED)
    byte = plant.cut(simulation.twin.plc_link.plan.reads[0])[1]
    assert byte & 0b10 == 0


@pytest.mark.wire
def test_on_real_protocols(bench: Bench) -> None:
    """The same controller over S7 in real time: the first parts are handed on."""
    cell = bench.twin.controller(bench.wiring)
    run(cell, seconds=8.0)
    assert not cell.alarms and cell.parts_good >= 1
