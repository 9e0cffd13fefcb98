"""Parts that are odd, stamped, pushed, on a ramp: none is lost and none is made."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.errors import ConfigurationError
from plc_sim import (
    Belt,
    Fault,
    Feeder,
    Plc,
    Pusher,
    Ramp,
    Scenario,
    Simulation,
    Slot,
    SpringCylinder,
    Stamp,
    Twin,
)
from plc_sim.kernel.part import operations_of
from plc_sim.kernel.slot import SlotRow
from plc_sim.plant import Plant
from plc_sim.scenario import from_data
from tests.plc_sim.pick import CELL

SECOND = 1_000_000_000


def until(plant: Plant, time: float) -> None:
    plant.advance(plant.timing.start + round(time * SECOND))


def fed(*faults: Fault, **options: Any) -> dict[str, int]:
    belt = Belt(length=3.0, speed=1.0, acceleration=5.0)
    plant = Plant({"belt": belt, "feeder": Feeder(belt, period=1.0, **options)}, Plc(), faults=faults)
    plant.set("belt.run", True)
    until(plant, 20.5)
    return plant.counts()


def test_parts_that_do_not_come_come_in_twos_or_fall_off() -> None:
    usual = fed()
    assert (usual["feeder.fed"], usual["feeder.absent"], usual["belt.lost"]) == (20, 0, 0)
    missing = fed(Fault("set", "feeder.missing", 1.0, delay=4.5, duration=3.0))
    assert (missing["feeder.fed"], missing["feeder.absent"]) == (17, 3)
    double = fed(Fault("set", "feeder.double", 1.0, delay=4.5, duration=3.0))
    assert double["feeder.fed"] == 23
    lost = fed(Fault("set", "belt.lose", 1, delay=4.5), Fault("set", "belt.lose", 1, delay=9.5))
    assert lost["belt.lost"] == 2
    assert lost["feeder.fed"] == lost["belt.lost"] + lost["belt.left"] + lost["belt.parts_on"]


def test_draws_of_odd_parts_leave_all_others_as_they_are() -> None:
    """Good and bad parts come in the same order, whatever share of them lies askew."""
    assert fed(good=0.5) == fed(Fault("set", "feeder.skewed", 0.7, duration=100.0), good=0.5)


def test_a_hand_gets_no_hold_of_a_skewed_part() -> None:
    skewed = Fault("set", "feeder.skewed", 1.0, duration=1e3)
    twin = Twin.load(CELL, Scenario("skewed", faults=(skewed,)))
    simulation = Simulation(twin, properties=twin.project.properties())
    simulation.run(60.0)
    counts = twin.plant.counts()
    assert counts["hand.holds"] == 0 and counts["pallet.parts_on"] == 0 and counts["feeder.fed"] > 0
    assert twin.disturber.happened["late"] == 1
    assert not simulation.violations


def test_a_file_may_name_faults_of_the_kernel() -> None:
    table = {"kind": "bounce", "target": "stop_eye.blocked", "value": 0.004, "when": "stop_eye.blocked"}
    scenario = from_data({"name": "bouncing", "faults": [table]}, "here.toml")
    assert scenario.faults == (Fault("bounce", "stop_eye.blocked", 0.004, when="stop_eye.blocked"),)
    for wrong, said in (
        ({"kind": "bounces", "target": "a"}, "here.toml: faults.0: fault: no kind 'bounces'"),
        ({"kind": "stuck", "target": "a", "value": 2}, "faults.0: fault stuck of a: value: wanted 0 or 1"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            from_data({"name": "wrong", "faults": [wrong]}, "here.toml")


def test_a_stamped_part_says_so() -> None:
    slot, press = Slot(sort=0), SpringCylinder()
    plant = Plant({"slot": slot, "press": press, "stamp": Stamp(press, slot, operation=3)}, Plc())
    for time in (3.0, 6.0):
        plant.set("press.extend", True)
        until(plant, time - 1.0)
        plant.set("press.extend", False)
        until(plant, time)
    assert operations_of(plant.words[plant.row["slot"] + SlotRow.PART]) == 1 << 3
    assert plant.counts()["stamp.done"] == 1


@given(st.lists(st.floats(0.05, 1.5), min_size=1, max_size=10), st.integers(1, 5))
@settings(max_examples=40)
def test_a_pusher_loses_no_part_and_makes_none(gaps: list[float], capacity: int) -> None:
    belt, cylinder = Belt(length=3.0, speed=0.8), SpringCylinder(extend_time=0.1, retract_time=0.1)
    ramp = Ramp(capacity=capacity, length=0.6)
    parts = {
        "belt": belt,
        "feeder": Feeder(belt, mean=0.5),
        "cylinder": cylinder,
        "ramp": ramp,
        "pusher": Pusher(cylinder, belt, at=1.5, outlet=ramp),
    }
    plant = Plant(parts, Plc())
    plant.set("belt.run", True)
    time = 2.0
    for number, gap in enumerate(gaps):
        time += gap
        until(plant, time)
        plant.set("cylinder.extend", number % 2 == 0)
        plant.set("ramp.clear", number % 3 == 0)
        counts = plant.counts()
        in_ramp = counts["ramp.parts_on"] + counts["ramp.removed"]
        assert counts["feeder.fed"] == counts["belt.parts_on"] + counts["belt.left"] + in_ramp
        assert counts["pusher.pushed"] == counts["ramp.taken"] == in_ramp
        assert counts["ramp.parts_on"] <= capacity


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tilt": 10.0}, r"^ramp\.tilt: wanted more than 14\.0, got 10\.0"),
        ({"tilt": math.nan}, r"^ramp\.tilt: wanted a number of 0 to 90"),
        ({"capacity": 6}, r"^ramp\.capacity: wanted at most 5 parts on its length, got 6"),
        ({"sorts": [99]}, r"^ramp\.sorts: wanted sorts of 0 to 62"),
    ],
)
def test_a_ramp_that_cannot_be_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Plant({"ramp": Ramp(**options)}, Plc())


def test_a_part_that_slides_on_after_the_others_were_taken_out_comes_to_the_foot() -> None:
    """It lies where the first one lay, when it would have come there without them."""
    belt, cylinder = (
        Belt(length=3.0, parts=(1.5, 1.2, 0.9)),
        SpringCylinder(extend_time=0.1, retract_time=0.1),
    )
    ramp = Ramp(capacity=4, length=2.0, tilt=20.0, friction=0.3)
    pusher = Pusher(cylinder, belt, at=1.5, outlet=ramp, reach=0.1)
    plant = Plant({"belt": belt, "cylinder": cylinder, "ramp": ramp, "pusher": pusher}, Plc())
    plant.set("cylinder.extend", True)
    until(plant, 5.0)
    plant.set("cylinder.extend", False)
    plant.set("belt.run", True)
    until(plant, 5.6)
    plant.set("belt.run", False)
    until(plant, 7.0)
    plant.set("cylinder.extend", True)
    plant.stop_at_edges(["ramp.mouth"])
    plant.advance(plant.timing.start + 8 * SECOND)
    entered = plant.now
    plant.stop_at_edges([])
    until(plant, 7.5)
    plant.set("ramp.clear", True)
    until(plant, 30.0)
    assert plant.counts()["ramp.parts_on"] == 1 and plant.counts()["ramp.removed"] == 1
    arrival = plant.words[plant.words[plant.field("ramp.arrivals")[1]]]
    assert arrival - entered == pytest.approx(math.sqrt(2.0 * 2.0 / ramp.slope()) * SECOND, abs=3)
