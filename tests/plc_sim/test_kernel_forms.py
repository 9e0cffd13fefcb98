"""Components against their closed forms: event times to the nanosecond, values to rounding."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc_sim.components.arm import RV_6S, Arm, Zone
from plc_sim.components.belt import Belt, EndStop, Feeder, PhotoEye
from plc_sim.components.component import Component
from plc_sim.components.panel import Button, Door
from plc_sim.components.pneumatic import Cylinder, Stopper
from plc_sim.kernel import host
from plc_sim.kernel.arm import ArmRow, Outcome, Refusal
from plc_sim.plant import Cause, Plant
from plc_sim.plc import Plc

MS = 1_000_000
SECOND = 1_000_000_000
HOME = (0.0, 0.0, math.pi / 2, 0.0, math.pi / 2, 0.0)


def plant_of(**components: Component) -> Plant:
    return Plant(components, Plc())


def edge(plant: Plant, name: str, within: float = 60.0) -> float:
    """Seconds from the start to the next edge of a signal."""
    plant.stop_at_edges([name])
    plant.advance(plant.now + int(within * SECOND))
    assert plant.cause & Cause.PREDICATE, name
    return seconds(plant)


def seconds(plant: Plant) -> float:
    return (plant.now - plant.timing.start) / SECOND


def until(plant: Plant, time: float) -> None:
    plant.advance(plant.timing.start + round(time * SECOND))


# ---- belt and eye ----


@given(st.floats(0.05, 2.0), st.floats(0.2, 8.0), st.floats(0.01, 1.9), st.floats(0.0, 0.05))
@settings(max_examples=40)
def test_a_part_reaches_an_eye_at_its_closed_form(v: float, a: float, at: float, delay: float) -> None:
    belt = Belt(length=2.0, speed=v, acceleration=a, parts=(0.0,))
    plant = plant_of(belt=belt, eye=PhotoEye(belt, at=at, on_delay=delay))
    plant.set("belt.run", True)
    ramp = v * v / (2.0 * a)
    crossing = math.sqrt(2.0 * at / a) if at <= ramp else v / a + (at - ramp) / v
    assert edge(plant, "eye.blocked") == pytest.approx(crossing + delay, abs=2.1e-9)


def test_a_belt_at_speed_moves_a_part_from_eye_to_eye_in_gap_over_speed() -> None:
    belt = Belt(length=2.0, speed=0.5, part_length=0.25)
    plant = plant_of(
        belt=belt,
        feeder=Feeder(belt, times=(2.0,)),
        first=PhotoEye(belt, at=0.2),
        second=PhotoEye(belt, at=1.3),
    )
    plant.set("belt.run", True)
    on = edge(plant, "first.blocked")
    assert on == pytest.approx(2.0 + 0.2 / 0.5 + 0.002, abs=1e-9)
    assert edge(plant, "first.blocked") == pytest.approx(on + 0.25 / 0.5, abs=1e-9)
    assert edge(plant, "second.blocked") == pytest.approx(on + 1.1 / 0.5, abs=1e-9)


@given(st.floats(0.05, 1.5), st.floats(0.3, 6.0), st.floats(0.05, 0.9))
@settings(max_examples=30)
def test_a_belt_ramps_up_and_down(v: float, a: float, run: float) -> None:
    plant = plant_of(belt=Belt(length=5.0, speed=v, acceleration=a))
    plant.set("belt.run", True)
    until(plant, run)
    plant.set("belt.run", False)
    reached = min(v, a * run)
    assert edge(plant, "belt.moving") == pytest.approx(run + reached / a, abs=2e-9)


def test_parts_queue_without_overlap_and_leave_together() -> None:
    belt = Belt(length=2.0, speed=0.5, acceleration=2.0, part_length=0.1, gap=0.02, parts=(1.0, 0.6, 0.3))
    plant = plant_of(belt=belt, stopper=Stopper(belt, at=1.2, dead_time=0.0), eye=PhotoEye(belt, at=1.7))
    plant.set("belt.run", True)
    until(plant, 10.0)
    assert [round(x, 9) for x in fronts(plant)] == [1.2, 1.08, 0.96]
    plant.set("stopper.retract", True)
    released = 10.0 + 0.5 * 0.3
    times = [edge(plant, "eye.blocked") for _ in range(6)][::2]
    assert times == pytest.approx(
        [released + (1.7 - front) / 0.5 + 0.002 for front in (1.2, 1.08, 0.96)], abs=2e-9
    )


def fronts(plant: Plant, name: str = "belt") -> list[float]:
    """Fronts of the parts at the belt's last event."""
    row, layout = plant.row[name], plant.layout.components[name].row
    first, size = plant.words[row + layout.PARTS], 4  # type: ignore[attr-defined]
    return [plant.reals[first + size * k] for k in range(plant.counts()[f"{name}.parts_on"])]


def test_an_interruption_shorter_than_its_delay_is_not_seen() -> None:
    belt = Belt(length=2.0, speed=0.5, part_length=0.1, gap=0.004, parts=(0.5, 0.396))
    plant = plant_of(
        belt=belt,
        eye=PhotoEye(belt, at=0.8, off_delay=0.0081),
        quick=PhotoEye(belt, at=0.8, off_delay=0.0079),
    )
    plant.set("belt.run", True)
    plant.stop_at_edges(["eye.blocked", "quick.blocked"])
    counts = {"eye": 0, "quick": 0}
    before = {name: False for name in counts}
    while seconds(plant) < 5.0:
        plant.advance(plant.timing.start + 5 * SECOND)
        for name in counts:
            value = plant.signal_value(f"{name}.blocked")
            counts[name] += value != before[name]
            before[name] = value
    assert counts == {"eye": 2, "quick": 4}


def test_a_late_sensor_is_late_from_its_next_edge_on() -> None:
    belt = Belt(length=2.0, speed=0.5, acceleration=1000.0, parts=(0.5, 0.2))
    plant = plant_of(belt=belt, eye=PhotoEye(belt, at=0.8))
    plant.set("belt.run", True)
    first = edge(plant, "eye.blocked")
    plant.set_parameter("eye.on_delay", 0.15)
    assert edge(plant, "eye.blocked") == pytest.approx(first + 0.1 / 0.5, abs=2e-9)
    assert edge(plant, "eye.blocked") == pytest.approx(first + 0.3 / 0.5 + 0.148, abs=2e-9)


def test_a_belt_changes_its_speed_while_it_runs() -> None:
    belt = Belt(length=4.0, speed=0.5, acceleration=1.0, parts=(0.0,))
    plant = plant_of(belt=belt, eye=PhotoEye(belt, at=2.0, on_delay=0.0))
    plant.set("belt.run", True)
    until(plant, 1.0)
    plant.set_parameter("belt.speed", 0.8)
    travelled = 0.125 + 0.25 + (0.8**2 - 0.5**2) / 2.0
    assert edge(plant, "eye.blocked") == pytest.approx(1.3 + (2.0 - travelled) / 0.8, abs=2e-9)


# ---- cylinder, door, forced signals ----


def test_a_cylinder_takes_dead_time_and_stroke() -> None:
    plant = plant_of(lift=Cylinder(dead_time=0.06, extend_time=0.4, retract_time=0.25, tolerance=0.05))
    plant.set("lift.extend", True)
    assert edge(plant, "lift.retracted") == pytest.approx(0.06 + 0.05 * 0.4, abs=1e-9)
    assert edge(plant, "lift.extended") == pytest.approx(0.06 + 0.95 * 0.4, abs=1e-9)
    until(plant, 1.0)
    plant.set("lift.extend", False)
    plant.set("lift.retract", True)
    assert edge(plant, "lift.extended") == pytest.approx(1.06 + 0.05 * 0.25, abs=1e-9)
    assert edge(plant, "lift.retracted") == pytest.approx(1.06 + 0.95 * 0.25, abs=1e-9)


@pytest.mark.parametrize("retract_too", [False, True])
def test_a_cylinder_with_both_coils_or_none_stays_where_it_is(retract_too: bool) -> None:
    plant = plant_of(lift=Cylinder(dead_time=0.1, extend_time=1.0))
    plant.set("lift.extend", True)
    until(plant, 0.6)
    plant.set("lift.retract", retract_too)
    plant.set("lift.extend", retract_too)
    until(plant, 5.0)
    assert not plant.signal_value("lift.retracted") and not plant.signal_value("lift.extended")
    plant.set("lift.retract", False)
    plant.set("lift.extend", True)
    assert edge(plant, "lift.extended") == pytest.approx(5.1 + 0.98 - 0.6, abs=2e-9)


def test_a_stopper_blocks_from_half_its_stroke_on() -> None:
    belt = Belt(length=2.0, speed=0.5, acceleration=1000.0, parts=(0.1,))
    stopper = Stopper(belt, at=0.5, dead_time=0.0, extend_time=1.0, starts_extended=False)
    plant = plant_of(belt=belt, stopper=stopper, eye=PhotoEye(belt, at=0.6, on_delay=0.0))
    plant.set("belt.run", True)
    until(plant, 0.2)
    plant.set("stopper.extend", True)
    until(plant, 10.0)
    assert round(fronts(plant)[0], 9) == 0.5
    late = plant_of(
        belt=(belt := Belt(length=2.0, speed=0.5, acceleration=1000.0, parts=(0.1,))),
        stopper=Stopper(belt, at=0.5, dead_time=0.0, extend_time=1.0, starts_extended=False),
    )
    late.set("belt.run", True)
    until(late, 0.4)
    late.set("stopper.extend", True)
    until(late, 10.0)
    assert late.counts()["belt.left"] == 1


def test_a_doors_second_channel_follows_within_its_discrepancy() -> None:
    plant = plant_of(door=Door(discrepancy=0.05))
    delays = []
    for number in range(20):
        until(plant, 1.0 + number)
        plant.set("door.open", number % 2 == 0)
        assert plant.signal_value("door.channel_1") == (number % 2 == 1) or edge(plant, "door.channel_1")
        delays.append(edge(plant, "door.channel_2") - 1.0 - number)
    assert all(0.0 <= delay < 0.05 for delay in delays) and len(set(delays)) == 20


def test_a_forced_signal_shows_what_it_is_forced_to_until_it_is_freed() -> None:
    plant = plant_of(button=Button(), lift=Cylinder(dead_time=0.0, extend_time=0.1))
    plant.force("lift.retracted", True)
    plant.set("lift.extend", True)
    until(plant, 1.0)
    assert plant.signal_value("lift.retracted") and plant.signal_value("lift.extended")
    plant.force("lift.retracted", None)
    assert not plant.signal_value("lift.retracted")


# ---- arm ----


def arm_plant(**options: Any) -> tuple[Plant, int]:
    plant = plant_of(robot=Arm(**options))
    return plant, plant.number("robot")


def trapezoid(d: float, v: float, a: float) -> float:
    return d / v + v / a if d >= v * v / a else 2.0 * math.sqrt(d / a)


def joints(plant: Plant, arm: int) -> tuple[float, ...]:
    return host.position(plant.block, arm, plant.now)[0]


targets = st.tuples(*(st.floats(low * 0.9, high * 0.9) for low, high in RV_6S.limits))


@given(targets, st.floats(0.05, 1.0))
@settings(max_examples=40)
def test_a_joint_move_takes_the_time_of_its_slowest_axis(target: tuple[float, ...], speed: float) -> None:
    plant, arm = arm_plant()
    assert host.start_joint_move(plant.block, arm, target, speed, plant.now) == Refusal.NONE
    distances = [abs(b - a) for a, b in zip(HOME, target, strict=True)]
    longest = max(
        trapezoid(d, v * speed, a) for d, v, a in zip(distances, RV_6S.speed, RV_6S.acceleration, strict=True)
    )
    assert edge(plant, "robot.moving") == pytest.approx(longest, abs=3e-9)
    assert joints(plant, arm) == pytest.approx(target)


@given(targets, st.floats(0.0, 1.0))
@settings(max_examples=40)
def test_a_joint_moves_along_a_straight_line_within_all_limits(
    target: tuple[float, ...], share: float
) -> None:
    plant, arm = arm_plant()
    host.start_joint_move(plant.block, arm, target, 1.0, plant.now)
    end = plant.words[plant.words[plant.row["robot"] + ArmRow.PROFILE] + 1]
    plant.advance(plant.now + int((end - plant.now) * share))
    here, dt = joints(plant, arm), 100_000
    there = host.position(plant.block, arm, plant.now + dt)[0]
    paths = [(q - a) / (b - a) for a, q, b in zip(HOME, here, target, strict=True) if abs(b - a) > 1e-6]
    assert paths == pytest.approx([paths[0]] * len(paths), abs=1e-9) if paths else True
    for before, after, limit in zip(here, there, RV_6S.speed, strict=True):
        assert abs(after - before) <= limit * dt * 1e-9 * (1 + 1e-9)


def test_the_override_changes_a_running_move_without_a_jump() -> None:
    plant, arm = arm_plant()
    host.start_joint_move(plant.block, arm, (2.0, *HOME[1:]), 1.0, plant.now)
    v, a = RV_6S.speed[0], RV_6S.acceleration[0]
    until(plant, 0.3)
    before = joints(plant, arm)[0]
    host.set_override(plant.block, arm, 0.5, plant.now)
    assert joints(plant, arm)[0] == pytest.approx(before, abs=1e-12)
    slowing = 0.5 * v / a
    distance = 2.0 - before - (v * v - 0.25 * v * v) / (2 * a) - 0.25 * v * v / (2 * a)
    assert edge(plant, "robot.moving") == pytest.approx(
        0.3 + slowing + distance / (0.5 * v) + 0.5 * v / a, abs=3e-9
    )


def test_a_stopped_arm_brakes_along_its_path() -> None:
    plant, arm = arm_plant()
    target = (2.0, 0.5, 1.2, 0.3, 0.4, -1.0)
    host.start_joint_move(plant.block, arm, target, 1.0, plant.now)
    until(plant, 0.4)
    speed, here = RV_6S.speed[0], joints(plant, arm)
    plant.set("robot.stop_input", False)
    rest = edge(plant, "robot.moving")
    assert rest == pytest.approx(0.4 + speed / RV_6S.acceleration[0], abs=3e-9)
    end = joints(plant, arm)
    assert end[0] == pytest.approx(here[0] + speed**2 / (2 * RV_6S.acceleration[0]), abs=1e-9)
    shares = [(q - a) / (b - a) for a, q, b in zip(HOME, end, target, strict=True)]
    assert shares == pytest.approx([shares[0]] * 6, abs=1e-12)
    assert plant.words[plant.row["robot"] + ArmRow.OUTCOME] == Outcome.STOPPED
    assert host.start_joint_move(plant.block, arm, HOME, 1.0, plant.now) == Refusal.STOP_INPUT
    plant.set("robot.stop_input", True)
    assert host.start_joint_move(plant.block, arm, HOME, 1.0, plant.now) == Refusal.NONE


def test_moves_that_cannot_be_are_refused() -> None:
    plant, arm = arm_plant()
    assert host.start_joint_move(plant.block, arm, (3.0, *HOME[1:]), 1.0, plant.now) == Refusal.JOINT_LIMIT
    assert host.start_joint_move(plant.block, arm, HOME, 0.0, plant.now) == Refusal.ARGUMENT
    assert (
        host.start_linear_move(plant.block, arm, (2.0, 0.0, 0.3, 180.0, 0.0, 0.0), 1.0, plant.now)
        == Refusal.PATH
    )
    assert host.start_joint_move(plant.block, arm, (1.0, *HOME[1:]), 1.0, plant.now) == Refusal.NONE
    assert host.start_joint_move(plant.block, arm, HOME, 1.0, plant.now) == Refusal.MOVING


def test_zones_are_entered_and_left_at_their_closed_form() -> None:
    plant, arm = arm_plant(zones=[Zone("pick", 1, 0.5, 0.9), Zone("home", 1, -0.1, 0.1)])
    assert plant.signal_value("robot.in_home") and not plant.signal_value("robot.in_pick")
    host.start_joint_move(plant.block, arm, (1.5, *HOME[1:]), 1.0, plant.now)
    v, a = RV_6S.speed[0], RV_6S.acceleration[0]
    plant.stop_at_edges(["robot.in_home", "robot.in_pick"])
    times = []
    while not plant.cause & Cause.UNTIL:
        plant.advance(plant.timing.start + 5 * SECOND)
        times.append(seconds(plant))
    ramp = v * v / (2 * a)
    at = [0.1, 0.5, 0.9]
    wanted = [math.sqrt(2 * q / a) if q < ramp else v / a + (q - ramp) / v for q in at]
    assert times[:-1] == pytest.approx(wanted, abs=2e-9)


def test_a_straight_move_is_straight_and_takes_its_closed_form() -> None:
    plant, arm = arm_plant(linear_speed=0.2, linear_acceleration=1.0)
    start = host.position(plant.block, arm, plant.now)[1]
    goal = (start[0] - 0.05, start[1] + 0.2, start[2] - 0.1, *start[3:])
    assert host.start_linear_move(plant.block, arm, goal, 1.0, plant.now) == Refusal.NONE
    length = math.dist(start[:3], goal[:3])
    for share in (0.2, 0.5, 0.8):
        until(plant, share)
        here = host.position(plant.block, arm, plant.now)[1]
        along = math.dist(start[:3], here[:3])
        assert along + math.dist(here[:3], goal[:3]) == pytest.approx(length, abs=1e-12)
        assert [
            math.cos(math.radians(b - a)) for a, b in zip(start[3:], here[3:], strict=True)
        ] == pytest.approx([1.0] * 3)
    assert edge(plant, "robot.moving") == pytest.approx(trapezoid(length, 0.2, 1.0), abs=3e-9)
    assert host.position(plant.block, arm, plant.now)[1][:3] == pytest.approx(goal[:3], abs=1e-12)


def test_a_straight_move_finds_zones_where_the_joint_passes_their_ends() -> None:
    plant, arm = arm_plant(zones=[Zone("left", 1, 0.2, 3.0)], linear_speed=0.2)
    start = host.position(plant.block, arm, plant.now)[1]
    goal = (start[0], start[1] + 0.2, *start[2:])
    host.start_linear_move(plant.block, arm, goal, 1.0, plant.now)
    edge(plant, "robot.in_left")
    assert joints(plant, arm)[0] == pytest.approx(0.2, abs=1e-9)


def test_a_version_stops_the_run_at_start_and_end() -> None:
    plant, arm = arm_plant()
    plant.stop_at_versions(["robot"])
    host.start_joint_move(plant.block, arm, (0.5, *HOME[1:]), 1.0, plant.now)
    versions = []
    for _ in range(2):
        plant.advance(plant.timing.start + 5 * SECOND)
        assert plant.cause & Cause.DEVICE
        versions.append((plant.now - plant.timing.start, plant.counts()["robot.version"]))
    v, a = RV_6S.speed[0], RV_6S.acceleration[0]
    assert versions == [(0, 1), (round(trapezoid(0.5, v, a) * SECOND), 2)]


def test_a_belt_rests_a_part_at_its_end_stop() -> None:
    belt = Belt(length=1.0, speed=0.5, parts=(0.2,))
    plant = plant_of(belt=belt, end=EndStop(belt, at=0.9))
    plant.set("belt.run", True)
    until(plant, 10.0)
    assert fronts(plant) == [0.9]
