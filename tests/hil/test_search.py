"""The search: what its operator does, where it puts disturbances, what its properties see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from control import Property, State
from control.project import load_project
from hil.rig import Example, Rig, beside
from hil.search import alone, every_moment, moments
from hil.strategies import AT_ONCE, SOON, singles
from plc_sim.disturb import targets
from plc_sim.scenario import KINDS, Disturbance

CELL = Path(__file__).parents[2] / "cells" / "pick_cell" / "cell.toml"


@pytest.fixture(scope="module")
def rig() -> Rig:
    return Rig(load_project(CELL))


def watching(*properties: Property) -> Rig:
    return Rig(load_project(CELL), properties)


def test_the_operator_starts_the_cell_though_nothing_has_happened_yet(rig: Rig) -> None:
    simulation = rig.run(Example(1))
    assert simulation.states.visits["EXECUTE"] and simulation.cell.parts_good > 3


@pytest.mark.parametrize("kind", ["controller_power_loss", "cell_power_loss"])
def test_the_operator_starts_the_cell_again_after_power_is_back(rig: Rig, kind: str) -> None:
    loss = Disturbance(0.5, kind, duration=2.0, after="feed CARRYING 1")
    simulation = rig.run(Example(1, (loss,)))
    assert simulation.states.visits["EXECUTE"] == 2 and not simulation.violations


def test_an_example_lasts_until_its_last_moment_has_come(rig: Rig) -> None:
    late = Disturbance(0.0, "press", "panel.hold", after="pallet_exchange RUNNING 1")
    simulation = rig.run(Example(1, (late,)))
    assert [what for _, what in simulation.twin.disturber.done if what is late]


def zone(cell: Any, plant: Any) -> bool:
    return plant.robot.in_pick_zone and cell.state is State.EXECUTE


def outside(cell: Any, plant: Any) -> bool:
    return False


def entered(*disturbances: Disturbance) -> tuple[list[int], bool]:
    """When the robot is first seen in the zone in production, and what the PLC is shown of it then."""
    simulation = watching(Property("X", "the robot stays out", zone, outside)).simulate(
        Example(1, disturbances)
    )
    simulation.run(30.0, until_violation=True)
    return [violation.time for violation in simulation.violations], simulation.twin.plant.signal_value(
        "robot.in_pick_zone"
    )


def test_a_property_sees_the_plant_and_not_what_a_faulty_sensor_shows() -> None:
    def stuck(value: float) -> Disturbance:
        return Disturbance(0.0, "stuck", "robot.in_pick_zone", 100.0, value, after="state EXECUTE 1")

    truth, shown = entered()
    assert truth and shown
    assert entered(stuck(0.0)) == (truth, False)
    assert entered(stuck(1.0)) == ([], True)


def lost(cell: Any, plant: Any) -> bool:
    return not cell.status.good and cell.state is State.STOPPED


def known(cell: Any, plant: Any) -> bool:
    return plant.door.channel_1 is None


def test_nothing_is_judged_before_a_controller_s_first_scan() -> None:
    rig = watching(Property("X", "a controller that has begun knows its plant", lost, known))
    loss = Disturbance(0.05, "cell_power_loss", duration=3.0, after="state IDLE 1")
    assert not rig.run(Example(1, (loss,))).violations


def test_any_first_part_of_the_disturbances_alone_is_spread(rig: Rig) -> None:
    twin, process = rig.twin(Example(1)), moments(rig, 1, 1)
    every = list(singles(twin, process))
    assert len(set(every)) == len(every)
    pairs = {(kind, target) for kind in KINDS for target in targets(twin, kind)}
    first = [disturbance for (disturbance,) in every[:100]]
    assert {(one.kind, one.target) for one in first} == pairs
    assert {one.after for one in first} == set(process)


def test_the_moments_are_those_of_the_process(rig: Rig) -> None:
    names = every_moment(rig)
    for moment in ("home HOMING 1", "pick GRIPPING 3", "feed RELEASING 1", "pallet_exchange RUNNING 1"):
        assert moment in names
    assert f"state {State.ABORTED.name} 1" in names and len(set(names)) >= len(names) - 17


def test_a_user_s_own_disturbance_is_done_at_every_moment() -> None:
    own = Disturbance(0.3, "late", "inspection.time", 9.0, 3.3)
    rig = Rig(load_project(CELL), disturbances=[own])
    found = [e for e in alone(rig) if e.disturbances[0].value == 3.3]
    assert len(found) == len(moments(rig, 1, 1))
    assert not rig.run(found[0]).violations


def test_a_file_is_found_beside_the_caller_or_above() -> None:
    assert beside("cell.toml", CELL.parent / "tests") == CELL
    assert beside(CELL, Path("nowhere")) == CELL
    assert beside("no such file", CELL.parent) == Path("no such file")


@pytest.mark.parametrize("seed", range(1, 13))
def test_the_tour_passes_every_state_whatever_ends_by_itself(rig: Rig, seed: int) -> None:
    """A suspension asked for may end before anybody looks, since a part is there."""
    example = Example(seed, tour=True)
    simulation = rig.simulate(example)
    assert rig.play(simulation, example) == "" and not simulation.violations
    assert set(simulation.states.visits) == {state.name for state in State}


def test_a_robot_that_is_turned_down_is_slow_and_then_itself_again(rig: Rig) -> None:
    slow = Disturbance(0.0, "robot_slow", "robot", 1.0, 0.02, after="pick APPROACHING 1")
    times = []
    for given in ((), (slow,)):
        simulation = rig.simulate(Example(1, given))
        simulation.run(30.0)
        assert not simulation.cell.alarms and simulation.cell.parts_good > 2
        times.append(simulation.twin.endpoints["robot"].log[3][0])  # type: ignore[attr-defined]
    assert times[1] - times[0] > 0.8e9


def test_silence_begins_before_anybody_has_heard_of_the_moment(rig: Rig) -> None:
    every = [disturbance for (disturbance,) in singles(rig.twin(Example(1)), moments(rig, 1, 1))]
    assert {one.kind for one in every if one.at == 0.0} == AT_ONCE
    assert {one.at for one in every} == {0.0, SOON}
