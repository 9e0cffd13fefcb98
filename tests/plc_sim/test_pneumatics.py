"""Cylinders, vacuum, magazine and swivel arm against their closed forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.errors import ConfigurationError
from plc_sim import (
    Chute,
    Component,
    Cylinder,
    Magazine,
    Plc,
    Slot,
    SpringCylinder,
    Station,
    SwivelArm,
    VacuumGripper,
)
from plc_sim.components.place import ORIGIN
from plc_sim.kernel.cylinder_row import piston_position
from plc_sim.kernel.decay import approached, crossing, fall
from plc_sim.kernel.header import NEVER, Header
from plc_sim.kernel.vacuum_row import AMBIENT, CATALOGUE, pressure_at
from plc_sim.plant import Cause, Plant

SECOND = 1_000_000_000
EXACT = 2.1e-9
"""How near an event must be to its closed form, in s."""


def plant_of(**components: Component) -> Plant:
    return Plant(components, Plc())


def seconds(plant: Plant) -> float:
    return (plant.now - plant.timing.start) / SECOND


def edge(plant: Plant, name: str, within: float = 60.0) -> float:
    """Seconds from the start to the next edge of a signal."""
    plant.stop_at_edges([name])
    plant.advance(plant.now + int(within * SECOND))
    assert plant.cause & Cause.PREDICATE, name
    return seconds(plant)


def until(plant: Plant, time: float) -> None:
    plant.advance(plant.timing.start + round(time * SECOND))


def position(plant: Plant, name: str = "cylinder") -> float:
    return piston_position(plant.words, plant.reals, plant.row[name], plant.now)


# ---- cylinders ----

times = st.floats(0.05, 1.0)


@given(times, times, st.floats(0.0, 0.3), st.floats(0.001, 0.4), st.floats(0.1, 1.0), st.floats(0.0, 0.4))
@settings(max_examples=60)
def test_a_cushioned_stroke_ends_at_its_closed_form(
    out: float, back: float, dead: float, cushion: float, slow: float, tolerance: float
) -> None:
    cylinder = Cylinder(
        dead_time=dead,
        extend_time=out,
        retract_time=back,
        cushion=cushion,
        cushion_speed=slow,
        tolerance=tolerance,
    )
    plant = plant_of(cylinder=cylinder)
    plant.set("cylinder.extend", True)
    whole = 1.0 - cushion + cushion / slow
    fast = 1.0 - max(cushion, tolerance)
    reached = fast + max(cushion - tolerance, 0.0) / slow
    assert edge(plant, "cylinder.extended") == pytest.approx(dead + out * reached, abs=EXACT)
    until(plant, dead + out * whole + 1e-6)
    assert position(plant) == 1.0
    assert plant.counts()["cylinder.strokes"] == 1
    begun = seconds(plant)
    plant.set("cylinder.extend", False)
    plant.set("cylinder.retract", True)
    expected = begun + dead + back * reached
    assert edge(plant, "cylinder.retracted") == pytest.approx(expected, abs=EXACT)


@given(st.floats(0.05, 0.5), st.floats(0.05, 0.5))
@settings(max_examples=20)
def test_a_spring_returns_the_piston_without_its_coil(out: float, back: float) -> None:
    plant = plant_of(
        cylinder=SpringCylinder(dead_time=0.02, extend_time=out, retract_time=back, tolerance=0.0)
    )
    plant.set("cylinder.extend", True)
    assert edge(plant, "cylinder.extended") == pytest.approx(0.02 + out, abs=EXACT)
    plant.reals[Header.AIR] = 0.0
    plant.set("cylinder.extend", False)
    expected = 0.02 + out + 0.02 + back
    assert edge(plant, "cylinder.retracted") == pytest.approx(expected, abs=2 * EXACT)


@given(st.floats(0.05, 0.95), st.floats(0.1, 3.0))
@settings(max_examples=30)
def test_a_jammed_piston_stands_still_and_then_goes_on(at: float, pause: float) -> None:
    plant = plant_of(cylinder=Cylinder(dead_time=0.1, extend_time=1.0, tolerance=0.0))
    plant.set("cylinder.extend", True)
    until(plant, 0.1 + at)
    plant.set_parameter("cylinder.jammed", 1)
    until(plant, 0.1 + at + pause)
    assert position(plant) == pytest.approx(at, abs=1e-8)
    plant.set_parameter("cylinder.jammed", 0)
    assert edge(plant, "cylinder.extended") == pytest.approx(1.1 + pause, abs=2 * EXACT)


@given(st.floats(0.1, 0.9))
@settings(max_examples=20)
def test_a_stroke_ends_at_its_reach_and_goes_on_when_that_is_free(reach: float) -> None:
    plant = plant_of(cylinder=Cylinder(dead_time=0.0, extend_time=1.0, tolerance=0.0))
    plant.set_parameter("cylinder.reach", reach)
    plant.set("cylinder.extend", True)
    until(plant, 5.0)
    assert position(plant) == reach
    assert plant.counts()["cylinder.strokes"] == 0
    plant.set_parameter("cylinder.reach", 1.0)
    assert edge(plant, "cylinder.extended") == pytest.approx(6.0 - reach, abs=EXACT)


@given(st.floats(0.0, 0.05), st.integers(1, 6))
@settings(max_examples=20)
def test_each_stroke_makes_the_next_one_longer(wear: float, strokes: int) -> None:
    plant = plant_of(
        cylinder=Cylinder(dead_time=0.0, extend_time=0.5, retract_time=0.5, wear=wear, tolerance=0.0)
    )
    expected = 0.0
    for number in range(strokes):
        plant.set("cylinder.extend", number % 2 == 0)
        plant.set("cylinder.retract", number % 2 == 1)
        expected += 0.5 * (1.0 + wear * number)
        end = "cylinder.retracted" if number % 2 else "cylinder.extended"
        assert edge(plant, end) == pytest.approx(expected, abs=strokes * EXACT)
        plant.advance(plant.now + 1)
        expected += 1e-9


def test_a_live_stroke_time_holds_for_the_running_stroke() -> None:
    plant = plant_of(cylinder=Cylinder(dead_time=0.0, extend_time=1.0, tolerance=0.0))
    plant.set("cylinder.extend", True)
    until(plant, 0.5)
    plant.set_parameter("cylinder.extend_time", 4.0)
    assert edge(plant, "cylinder.extended") == pytest.approx(2.5, abs=EXACT)


def test_low_air_slows_and_no_air_stops() -> None:
    plant = plant_of(cylinder=Cylinder(dead_time=0.0, extend_time=1.0, tolerance=0.0))
    plant.reals[Header.AIR] = 0.5
    plant.set("cylinder.extend", True)
    assert edge(plant, "cylinder.extended") == pytest.approx(2.0, abs=EXACT)


def test_lives_are_drawn_from_their_weibull_distribution() -> None:
    shape, scale = 2.0, 1000.0
    lives = np.array(
        [
            (
                plant := Plant({"cylinder": Cylinder(life_shape=shape, life_scale=scale)}, Plc(), seed=seed)
            ).words[plant.field("cylinder.life")[1]]
            for seed in range(1, 401)
        ]
    )
    mean = scale * math.gamma(1.0 + 1.0 / shape)
    spread = scale * math.sqrt(math.gamma(1.0 + 2.0 / shape) - math.gamma(1.0 + 1.0 / shape) ** 2)
    assert abs(lives.mean() - mean) < 2.576 * spread / 20.0
    assert abs(lives.std() - spread) < 0.15 * spread


def test_at_the_end_of_its_life_a_cylinder_jams_for_good() -> None:
    plant = plant_of(cylinder=Cylinder(dead_time=0.0, extend_time=0.1, retract_time=0.1, life_scale=3.0))
    life = plant.words[plant.field("cylinder.life")[1]]
    for number in range(2 * life + 4):
        plant.set("cylinder.extend", number % 2 == 0)
        plant.set("cylinder.retract", number % 2 == 1)
        plant.advance(plant.now + SECOND)
    assert plant.counts()["cylinder.strokes"] == life
    assert position(plant) == float(life % 2)


# ---- vacuum ----


@given(st.floats(0.0, 60.0))
def test_the_exponential_is_right_to_the_last_bits(x: float) -> None:
    assert fall(x) == pytest.approx(math.exp(-x), rel=4e-16)


@given(st.floats(0.0, 100.0), st.floats(0.0, 100.0), st.floats(0.0, 100.0), st.integers(1, 10 * SECOND))
def test_a_crossing_is_where_the_value_is_the_level(
    start: float, target: float, level: float, constant: int
) -> None:
    at = crossing(start, target, 7, constant, level)
    ahead = level != target != start and (level > target) == (start > target)
    passed = ahead and abs(level - target) >= abs(start - target)
    assert (at < NEVER) == ahead
    assert (at == 7) >= passed
    if ahead and not passed and abs(level - target) > 1e-6:
        slope = abs(start - target) / constant
        assert approached(start, target, 7, constant, at) == pytest.approx(level, abs=slope + 1e-9)


def grip(places: bool = True, **options: Any) -> Plant:
    """A cup on a swivel arm between two slots, with a part in the first."""
    first, second = Slot(sort=0), Slot()
    arm = SwivelArm(first=first, second=second, dead_time=0.0, extend_time=1.0, retract_time=1.0)
    cup = VacuumGripper(arm, **options)
    return plant_of(first=first, second=second, arm=arm, cup=cup)


def time_to(level: float, start: float, target: float, constant: float) -> float:
    return constant * math.log((start - target) / (level - target))


@given(st.floats(1e-6, 1e-3), st.floats(1e-5, 1e-3), st.floats(5.0, 30.0), st.floats(35.0, 60.0))
@settings(max_examples=40)
def test_the_switch_goes_on_and_off_at_its_closed_forms(
    volume: float, flow: float, floor: float, on: float
) -> None:
    plant = grip(volume=volume, flow=flow, floor=floor, on=on, off=70.0, vent_time=0.1)
    plant.set("cup.suck", True)
    constant = CATALOGUE * volume / flow
    reached = time_to(on, AMBIENT, floor, constant)
    assert edge(plant, "cup.vacuum", 1e5) == pytest.approx(reached, abs=EXACT + 1e-9 * reached)
    assert plant.signal_value("cup.holding")
    assert not plant.signal_value("first.occupied")
    begun = seconds(plant)
    plant.set("cup.suck", False)
    plant.set("cup.blow", True)
    vented = time_to(70.0, on, AMBIENT, 0.1)
    assert edge(plant, "cup.vacuum") == pytest.approx(begun + vented, abs=EXACT)
    assert plant.signal_value("first.occupied")


def test_the_catalogue_figure_of_an_evacuation() -> None:
    plant = grip(volume=564e-6, flow=6.95 / 3600, floor=1e-9, on=40.0, off=70.0)
    plant.set("cup.suck", True)
    assert edge(plant, "cup.vacuum") == pytest.approx(0.353, abs=0.0005)


def test_a_part_goes_from_place_to_place_and_falls_between_them() -> None:
    plant = grip(keep_time=0.2)
    plant.set("cup.suck", True)
    edge(plant, "cup.vacuum")
    plant.set("arm.extend", True)
    edge(plant, "arm.extended")
    assert plant.counts()["cup.holds"] == 1
    plant.set("cup.suck", False)
    edge(plant, "cup.vacuum")
    assert plant.signal_value("second.occupied")
    plant.set("cup.suck", True)
    edge(plant, "cup.vacuum")
    plant.set("arm.extend", False)
    plant.set("arm.retract", True)
    plant.advance(plant.now + SECOND // 2)
    plant.set("cup.suck", False)
    edge(plant, "cup.vacuum")
    assert plant.counts()["cup.dropped"] == 1
    assert not plant.signal_value("first.occupied") and not plant.signal_value("second.occupied")


@pytest.mark.parametrize(("name", "value"), [("cup.leak", 0.9), ("cup.drop", 1)])
def test_a_leak_or_a_lost_grip_lets_the_part_fall(name: str, value: float) -> None:
    plant = grip()
    plant.set("cup.suck", True)
    edge(plant, "cup.vacuum")
    plant.set("arm.extend", True)
    plant.advance(plant.now + SECOND // 2)
    plant.set_parameter(name, value)
    plant.advance(plant.now + SECOND // 4)
    assert plant.counts()["cup.dropped"] == 1
    assert not plant.signal_value("cup.holding")


def test_without_a_part_there_is_no_vacuum_until_one_comes_to_the_cup() -> None:
    first, second = Slot(), Slot()
    arm = SwivelArm(first=first, second=second)
    source = Station(time=5.0, destination=first)
    plant = plant_of(first=first, second=second, arm=arm, cup=VacuumGripper(arm), source=source)
    plant.set("cup.suck", True)
    constant = CATALOGUE * 2e-5 / 2e-4
    open_pressure = 92.0 + (AMBIENT - 92.0) * math.exp(-5.0 / constant)
    assert edge(plant, "cup.vacuum") == pytest.approx(
        5.0 + time_to(50.0, open_pressure, 25.0, constant), abs=EXACT
    )
    assert pressure_at(plant.words, plant.reals, plant.row["cup"], plant.now) == pytest.approx(50.0)


# ---- magazine ----


def stack(**options: Any) -> dict[str, Component]:
    outlet = Slot()
    pusher = Cylinder(dead_time=0.0, extend_time=0.2, retract_time=0.2)
    magazine = Magazine(pusher, outlet, **options)
    return {"pusher": pusher, "outlet": outlet, "magazine": magazine}


def stroke(plant: Plant) -> None:
    """Out and back."""
    for out in (True, False):
        plant.set("pusher.extend", out)
        plant.set("pusher.retract", not out)
        plant.advance(plant.now + SECOND)


@given(st.integers(0, 8), st.integers(1, 12), st.booleans())
@settings(max_examples=25)
def test_each_stroke_pushes_one_part_out_until_the_magazine_is_empty(
    parts: int, strokes: int, taken: bool
) -> None:
    made = stack(parts=parts)
    outlet = made["outlet"]
    assert isinstance(outlet, Slot)
    if taken:
        made["taker"] = Station(time=0.1, source=outlet, destination=(chute := Chute(pose=ORIGIN)))
        made["chute"] = chute
    plant = plant_of(**made)
    for _ in range(strokes):
        stroke(plant)
    counts = plant.counts()
    pushed = min(parts, strokes if taken else 1)
    assert counts["magazine.pushed"] == pushed
    assert counts["magazine.parts_on"] == parts - pushed
    assert counts["magazine.collisions"] == (
        0 if taken else max(min(strokes, strokes if parts > 1 else 1) - 1, 0)
    )
    assert plant.signal_value("magazine.empty") == (parts == pushed)
    if taken:
        assert counts["chute.rejected"] == pushed


def test_a_magazine_is_refilled_and_its_sorts_come_in_their_shares() -> None:
    made = stack(capacity=500, shares=(0.2, 0.5, 0.3), good=0.9)
    outlet = made["outlet"]
    assert isinstance(outlet, Slot)
    plant = plant_of(**made)
    sorts = []
    for _ in range(500):
        stroke(plant)
        part = plant.words[plant.field("outlet.part")[1]]
        sorts.append(part >> 1 & 0xFF)
        plant.words[plant.field("outlet.part")[1]] = 0
    for sort, share in enumerate((0.2, 0.5, 0.3)):
        assert abs(sorts.count(sort) / 500 - share) < 2.576 * math.sqrt(share * (1 - share) / 500)
    stroke(plant)
    assert plant.signal_value("magazine.empty")
    plant.set("magazine.refill", True)
    assert plant.counts()["magazine.parts_on"] == 0
    plant.advance(plant.now + 1)
    assert plant.counts()["magazine.parts_on"] == 500


REFUSED: list[tuple[Any, str]] = [
    (lambda: {"c": Cylinder(cushion=0.5)}, "c.cushion: wanted at most 0.4"),
    (lambda: {"c": Cylinder(cushion_speed=0.0)}, "c.cushion_speed: wanted more than 0"),
    (lambda: {"c": Cylinder(wear=-0.1)}, "c.wear: wanted at least 0"),
    (lambda: {"c": Cylinder(life_scale=math.nan)}, "c.life_scale: wanted a finite number, at least 0"),
    (lambda: {"c": Cylinder(life_shape=0.0)}, "c.life_shape: wanted a finite number, at least 0.001"),
    (lambda: {**stack(parts=9)}, "magazine.parts: wanted 0 to 8 parts, got 9"),
    (lambda: {**stack(shares=(0.5, 0.4))}, "magazine.shares: wanted 1 to 63 shares that add up to 1"),
]


@pytest.mark.parametrize(("made", "said"), REFUSED)
def test_what_cannot_be_is_refused_by_name(made: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Plant(made(), Plc())


def test_a_gripper_whose_levels_cross_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cup.on: wanted floor < on < off < open in kPa"):
        grip(on=70.0)
