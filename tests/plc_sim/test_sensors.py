"""Sensors that tell parts by their sort, and the sources that mix them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.errors import ConfigurationError
from plc_sim import (
    Belt,
    CapacitiveSensor,
    ColourSensor,
    Component,
    Feeder,
    InductiveSensor,
    PhotoEye,
    Plc,
    Slot,
    Station,
)
from plc_sim.plant import Cause, Plant

SECOND = 1_000_000_000


def plant_of(seed: int = 1, **components: Component) -> Plant:
    return Plant(components, Plc(), seed=seed)


def edge(plant: Plant, name: str) -> float:
    """Seconds from the start to the next edge of a signal."""
    plant.stop_at_edges([name])
    plant.advance(plant.now + 60 * SECOND)
    assert plant.cause & Cause.PREDICATE, name
    return (plant.now - plant.timing.start) / SECOND


@given(st.floats(0.05, 1.5), st.floats(0.01, 1.8), st.floats(0.0, 0.05), st.floats(0.0, 0.05))
@settings(max_examples=30)
def test_a_part_is_sensed_over_its_length_at_its_closed_form(
    speed: float, at: float, on: float, off: float
) -> None:
    belt = Belt(length=2.5, speed=speed, acceleration=1e6, part_length=0.1, parts=(0.0,))
    sensor = InductiveSensor(belt, at=at, sorts=[0], on_delay=on, off_delay=off)
    plant = plant_of(belt=belt, sensor=sensor)
    plant.set("belt.run", True)
    ramp = speed / 1e6 / 2
    assert edge(plant, "sensor.detects") == pytest.approx(at / speed + ramp + on, abs=2.1e-9)
    assert edge(plant, "sensor.detects") == pytest.approx((at + 0.1) / speed + ramp + off, abs=2.1e-9)


@given(st.integers(1, 1000))
@settings(max_examples=20)
def test_each_sensor_sees_its_sorts_and_no_others(seed: int) -> None:
    belt = Belt(length=1.0, part_length=0.05)
    plant = plant_of(
        seed,
        belt=belt,
        feeder=Feeder(belt, period=2.0, first=0.5, shares=(0.4, 0.3, 0.3)),
        eye=PhotoEye(belt, at=0.5, on_delay=0.001, off_delay=0.001),
        any=CapacitiveSensor(belt, at=0.5),
        metal=InductiveSensor(belt, at=0.5, sorts=[1]),
        bright=ColourSensor(belt, at=0.5, sorts=[0, 1]),
    )
    plant.set("belt.run", True)
    for _ in range(12):
        edge(plant, "eye.blocked")
        plant.advance(plant.now + SECOND // 50)
        sort = plant.words[plant.words[plant.field("belt.parts")[1]] + 3] >> 1 & 0xFF
        seen = [plant.signal_value(f"{name}.detects") for name in ("any", "metal", "bright")]
        assert seen == [True, sort == 1, sort in (0, 1)]
        edge(plant, "eye.blocked")
        plant.advance(plant.now + SECOND // 50)
        assert not any(plant.signal_value(f"{name}.detects") for name in ("any", "metal", "bright"))


def test_a_sensor_at_a_slot_sees_what_lies_there_from_the_start_and_what_comes() -> None:
    slot, empty = Slot(sort=2), Slot()
    plant = plant_of(
        slot=slot,
        empty=empty,
        metal=InductiveSensor(slot, sorts=[2], on_delay=0.01),
        other=InductiveSensor(slot, sorts=[1]),
        mover=Station(time=1.0, source=slot, destination=empty),
        there=CapacitiveSensor(empty, on_delay=0.02),
    )
    # The station takes the part at once, before the sensor's delay is over.
    assert edge(plant, "there.detects") == pytest.approx(1.02, abs=2e-9)
    assert not plant.signal_value("metal.detects") and not plant.signal_value("other.detects")
    still = plant_of(slot=slot, metal=InductiveSensor(slot, sorts=[2], on_delay=0.01))
    assert edge(still, "metal.detects") == pytest.approx(0.01, abs=2e-9)


def test_the_sorts_of_a_feeder_come_in_their_shares() -> None:
    belt = Belt(length=0.5, part_length=0.02, gap=0.0, speed=5.0, acceleration=1e6)
    metal, eye = InductiveSensor(belt, at=0.3, sorts=[1]), PhotoEye(belt, at=0.3, on_delay=0.0, off_delay=0.0)
    plant = plant_of(belt=belt, feeder=Feeder(belt, period=1.0, shares=(0.7, 0.3)), metal=metal, eye=eye)
    plant.set("belt.run", True)
    seen = 0
    for _ in range(500):
        edge(plant, "eye.blocked")
        plant.advance(plant.now + 2_000_000)
        seen += plant.signal_value("metal.detects")
        edge(plant, "eye.blocked")
    assert abs(seen / 500 - 0.3) < 2.576 * math.sqrt(0.3 * 0.7 / 500)


def test_sorts_that_cannot_be_are_refused_by_name() -> None:
    belt = Belt(length=1.0)
    for sorts in ([], [63], [-1]):
        with pytest.raises(ConfigurationError, match=r"^metal\.sorts: wanted sorts of 0 to 62, got"):
            plant_of(belt=belt, metal=InductiveSensor(belt, at=0.5, sorts=sorts))
    with pytest.raises(ConfigurationError, match=r"^metal\.at: wanted a position on belt"):
        plant_of(belt=belt, metal=InductiveSensor(belt, at=1.5, sorts=[1]))
