"""The validation table: every component held to a closed form or an exact result, with the largest error
found.

Grids are fixed and draws are those of the plant, so that the table is the same wherever it is made. Errors of
event times are given in whole ns, rounded up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from plc_sim import (
    Arm,
    Batch,
    Belt,
    Buffer,
    Button,
    Chute,
    Component,
    Cylinder,
    Door,
    Feeder,
    Hand,
    Infeed,
    Inspection,
    Lamp,
    Magazine,
    Pallet,
    PalletExchanger,
    PhotoEye,
    PickPoint,
    Plc,
    Pose,
    Slot,
    SpringCylinder,
    Station,
    Switch,
    SwivelArm,
    VacuumGripper,
    interval,
)
from plc_sim.components.arm import RV_6S
from plc_sim.components.place import ORIGIN
from plc_sim.kernel import host
from plc_sim.kernel.vacuum_row import AMBIENT, CATALOGUE
from plc_sim.plant import Plant

SECOND = 1_000_000_000

Errors = Iterator[float]


def built(*, seed: int = 1, **components: Component) -> Plant:
    """A plant without a controller."""
    return Plant(components, Plc(), seed=seed)


def edge(plant: Plant, name: str) -> int:
    """When a signal next changes, in ns from the start."""
    before = plant.signal_value(name)
    plant.stop_at_edges([name])
    limit = plant.now + 1000 * SECOND
    while plant.signal_value(name) is before and plant.now < limit:
        plant.advance(limit)
    return plant.now - plant.timing.start


def off(plant: Plant, name: str, expected: float) -> float:
    """How far (ns) the next edge of a signal is from its closed form (s)."""
    return abs(edge(plant, name) - expected * SECOND)


def run(plant: Plant, seconds: float) -> dict[str, int]:
    """What is counted after a time from the start."""
    plant.advance(plant.timing.start + round(seconds * SECOND))
    return plant.counts()


def crossing(at: float, speed: float, acceleration: float) -> float:
    """When a part that starts with its belt has come so far."""
    ramp = speed * speed / (2.0 * acceleration)
    return math.sqrt(2.0 * at / acceleration) if at <= ramp else speed / acceleration + (at - ramp) / speed


SPEEDS, RAMPS, PLACES = (0.1, 0.5, 1.3), (0.5, 2.0, 7.0), (0.03, 0.4, 1.7)


def belt() -> Errors:
    """Ramp, then constant speed: when a part's front comes to a mark."""
    for speed, acceleration, at in product(SPEEDS, RAMPS, PLACES):
        moving = Belt(length=2.0, speed=speed, acceleration=acceleration, parts=(0.0,))
        plant = built(belt=moving, eye=PhotoEye(moving, at=at, on_delay=0.0, off_delay=0.0))
        plant.set("belt.run", True)
        yield off(plant, "eye.blocked", crossing(at, speed, acceleration))


def seen_by(make: Callable[[Belt, float, float], Component], signal: str) -> Callable[[], Errors]:
    """When a sensor over a belt follows a part's front, and its rear."""

    def errors() -> Errors:
        for speed, at, delay in product(SPEEDS, PLACES, (0.0, 0.002, 0.05)):
            moving = Belt(length=2.0, speed=speed, acceleration=1.0, part_length=0.1, parts=(0.0,))
            plant = built(belt=moving, sensor=make(moving, at, delay))
            plant.set("belt.run", True)
            for front in (at, at + 0.1):
                yield off(plant, f"sensor.{signal}", crossing(front, speed, 1.0) + delay)

    return errors


def feeder() -> Errors:
    """Parts come in a fixed time, one after the other."""
    for period, first in product((0.7, 1.9), (0.1, 1.0)):
        moving = Belt(length=5.0, speed=2.0, acceleration=1e6, part_length=0.05)
        eye = PhotoEye(moving, at=0.5, on_delay=0.0, off_delay=0.0)
        plant = built(belt=moving, feeder=Feeder(moving, period=period, first=first), eye=eye)
        plant.set("belt.run", True)
        plant.advance(plant.now + 10_000)
        for number in range(4):
            yield off(plant, "eye.blocked", first + number * period + 0.25)
            edge(plant, "eye.blocked")


def exponential_feeder() -> Errors:
    """Exponential intervals have their mean."""
    moving = Belt(length=0.5, speed=100.0, acceleration=1e6, part_length=0.01, gap=0.0)
    batch = Batch({"belt": moving, "feeder": Feeder(moving, mean=2.0)}, seeds=range(1, 41))
    for plant in batch.plants:
        plant.set("belt.run", True)
    batch.advance(400.0)
    counts = batch.counts()
    mean, half = interval(counts["feeder.fed"] + counts["feeder.waiting"])
    yield abs(mean - 200.0) / half


def stopped(make: Callable[..., Component]) -> Callable[[], Errors]:
    """Where parts rest against a stop: a queue of three (nm)."""

    def errors() -> Errors:
        for at, gap in product((0.9, 1.4), (0.0, 0.03)):
            moving = Belt(length=2.0, part_length=0.1, gap=gap, parts=(0.6, 0.4, 0.1))
            plant = built(belt=moving, stop=make(moving, at=at))
            plant.set("belt.run", True)
            run(plant, 20.0)
            parts = plant.words[plant.field("belt.parts")[1]]
            for number in range(3):
                yield abs(plant.reals[parts + 4 * number] - (at - number * (0.1 + gap))) * 1e9

    return errors


def stroke(make: Callable[..., Component]) -> Callable[[], Errors]:
    """Dead time, stroke and cushion, out and back."""

    def errors() -> Errors:
        for time, cushion, slow, dead in product((0.2, 0.83), (0.0, 0.15), (0.3, 1.0), (0.0, 0.06)):
            options = {"extend_time": time, "retract_time": 1.7 * time, "dead_time": dead, "tolerance": 0.01}
            plant = built(drive=make(cushion=cushion, cushion_speed=slow, **options))
            share = 1.0 - max(cushion, 0.01) + max(cushion - 0.01, 0.0) / slow
            plant.set("drive.extend", True)
            yield off(plant, "drive.extended", dead + time * share)
            run(plant, 5.0)
            plant.set("drive.extend", False)
            if make is not SpringCylinder:
                plant.set("drive.retract", True)
            yield off(plant, "drive.retracted", 5.0 + dead + 1.7 * time * share)

    return errors


def swivel() -> Errors:
    """As a cylinder, and the part goes from place to place."""
    for time in (0.4, 1.1):
        first, second = Slot(sort=0), Slot()
        arm = SwivelArm(first=first, second=second, extend_time=time, dead_time=0.0, tolerance=0.0)
        plant = built(first=first, second=second, arm=arm, cup=VacuumGripper(arm))
        plant.set("cup.suck", True)
        run(plant, 2.0)
        plant.set("arm.extend", True)
        yield off(plant, "arm.extended", 2.0 + time)
        plant.set("cup.suck", False)
        plant.set("cup.blow", True)
        yield off(
            plant,
            "second.occupied",
            2.0 + time + 0.02 * math.log((AMBIENT - p_held(time)) / (AMBIENT - 60.0)),
        )


def p_held(time: float) -> float:
    """Pressure (kPa) in a cup that has sucked for 2 s and `time` on a part."""
    return 25.0 + (AMBIENT - 25.0) * math.exp(-(2.0 + time) / (CATALOGUE * 2e-5 / 2e-4))


def vacuum() -> Errors:
    """First order down to the switch, and back up."""
    for volume, flow, on in product((1e-5, 5.64e-4), (1e-4, 1.93e-3), (40.0, 55.0)):
        first, second = Slot(sort=0), Slot()
        arm = SwivelArm(first=first, second=second)
        cup = VacuumGripper(arm, volume=volume, flow=flow, on=on, off=70.0, vent_time=0.05)
        plant = built(first=first, second=second, arm=arm, cup=cup)
        plant.set("cup.suck", True)
        reached = CATALOGUE * volume / flow * math.log((AMBIENT - 25.0) / (on - 25.0))
        yield off(plant, "cup.vacuum", reached)
        start = plant.now - plant.timing.start
        plant.set("cup.suck", False)
        plant.set("cup.blow", True)
        yield off(plant, "cup.vacuum", start / SECOND + 0.05 * math.log((AMBIENT - on) / (AMBIENT - 70.0)))


def magazine() -> Errors:
    """One part per stroke."""
    outlet, out = Slot(), Slot()
    pusher = Cylinder(dead_time=0.0, extend_time=0.1, retract_time=0.1)
    plant = built(
        outlet=outlet,
        out=out,
        pusher=pusher,
        magazine=Magazine(pusher, outlet, capacity=9),
        taker=Station(time=0.01, source=outlet),
    )
    for number in range(1, 12):
        for extend in (True, False):
            plant.set("pusher.extend", extend)
            plant.set("pusher.retract", not extend)
            plant.advance(plant.now + SECOND)
        yield abs(plant.counts()["taker.done"] - min(number, 9))


def trapezoid(d: float, v: float, a: float) -> float:
    """Time of an acceleration-limited move from rest to rest."""
    return d / v + v / a if d >= v * v / a else 2.0 * math.sqrt(d / a)


def arm() -> Errors:
    """A synchronised move takes the time of its slowest axis."""
    home = (0.0, 0.0, math.pi / 2, 0.0, math.pi / 2, 0.0)
    for share, speed in product((-0.7, 0.01, 0.3, 0.8), (0.05, 0.4, 1.0)):
        plant = built(robot=Arm())
        target = tuple(high * share for _, high in RV_6S.limits)
        distances = [abs(b - a) for a, b in zip(home, target, strict=True)]
        if host.start_joint_move(plant.block, plant.number("robot"), target, speed, plant.now) == 0:
            moves = zip(distances, RV_6S.speed, RV_6S.acceleration, strict=True)
            yield off(plant, "robot.moving", max(trapezoid(d, v * speed, a) for d, v, a in moves))


def kinematics() -> Errors:
    """Inverse after forward kinematics (nm of the tool centre point)."""
    plant = built(robot=Arm(tool_length=0.1))
    number = plant.number("robot")
    for x, y, z in product((0.25, 0.45), (-0.3, 0.2), (0.1, 0.5)):
        branch, q = host.solve(plant.block, number, Pose(x, y, z), (0.0,) * 6)
        if branch >= 0:
            plant = built(robot=Arm(tool_length=0.1, home=q))
            here = host.position(plant.block, number, plant.now)[1]
            yield math.dist(here[:3], (x, y, z)) * 1e9


def hand() -> Errors:
    """The fingers follow after their times."""
    for close, back in product((0.0, 0.15), (0.1, 0.3)):
        robot, chute = Arm(), Chute(pose=Pose(0.3, -0.2, 0.2))
        grip = Hand(robot, places=[chute], close_time=close, open_time=back)
        plant = built(robot=robot, chute=chute, hand=grip)
        plant.set("hand.close", True)
        yield off(plant, "hand.closed", close)
        run(plant, 1.0)
        plant.set("hand.close", False)
        yield off(plant, "hand.closed", 1.0 + back)


def exchanger() -> Errors:
    """An exchange takes its time, of RUN being high."""
    for time, pause in product((3.0, 8.0), (0.0, 1.5)):
        pallet = Pallet(rows=1, columns=1, pitch=0.1, pose=ORIGIN)
        plant = built(pallet=pallet, exchanger=PalletExchanger(pallet, time=time))
        plant.set("exchanger.run", True)
        run(plant, 1.0)
        plant.set("exchanger.run", False)
        run(plant, 1.0 + pause)
        plant.set("exchanger.run", True)
        yield off(plant, "exchanger.in_place", time + pause)


def inspection() -> Errors:
    """The result comes after its time."""
    for time in (0.0, 0.3, 2.0):
        slot = Slot(sort=0)
        plant = built(slot=slot, camera=Inspection(slot, time=time))
        plant.set("camera.start", True)
        yield off(plant, "camera.ready", time)


def door() -> Errors:
    """The second channel follows evenly spread over the discrepancy."""
    plant, delays = built(door=Door(discrepancy=0.05)), []
    for number in range(400):
        plant.advance(plant.now + SECOND)
        begin = plant.now
        plant.set("door.open", number % 2 == 0)
        edge(plant, "door.channel_2")
        delays.append((plant.now - begin) / SECOND)
    yield abs(sum(delays) / 400 - 0.025) / (2.576 * 0.05 / math.sqrt(12 * 400))


def line(buffers: int, exact: float) -> Callable[[], Errors]:
    """Throughput of two exponential stations."""

    def errors() -> Errors:
        between = Buffer(capacity=buffers)
        parts = {
            "first": Station(time=1.0, destination=between, exponential=True),
            "between": between,
            "second": Station(time=1.0, source=between, exponential=True),
        }
        batch = Batch(parts, seeds=range(1, 41))
        batch.advance(100.0)
        before = batch.counts()["second.done"]
        batch.advance(1000.0)
        mean, half = interval((batch.counts()["second.done"] - before) / 1000.0)
        yield abs(mean - exact) / half

    return errors


def fixed_station() -> Errors:
    """Fixed work times: when the nth part is handed on."""
    for time in (0.37, 2.0):
        plant = built(station=Station(time=time))
        for number in range(1, 6):
            yield off(plant, "station.parity", number * time)


def slots() -> Errors:
    """Parts are where they were put: through two slots by a station."""
    first, second = Slot(sort=0), Slot()
    plant = built(first=first, second=second, mover=Station(time=0.5, source=first, destination=second))
    yield off(plant, "second.occupied", 0.5)


def infeed() -> Errors:
    """Parts handed on = parts on the belt + parts that left."""
    for time, speed in product((0.2, 1.0), (0.2, 1.0)):
        moving = Belt(length=2.0, speed=speed)
        mouth = Infeed(moving)
        plant = built(belt=moving, mouth=mouth, source=Station(time=time, destination=mouth))
        plant.set("belt.run", True)
        counts = run(plant, 60.0)
        yield abs(counts["source.done"] - counts["belt.parts_on"] - counts["belt.left"])


def handled() -> Errors:
    """A part taken from the belt lies on the pallet, then in the chute: none is lost."""
    pick, place = Pose(0.4, 0.0, 0.2), Pose(0.3, 0.2, 0.2)
    robot, moving = Arm(), Belt(length=1.0, parts=(0.9,))
    point, pallet = PickPoint(moving, at=0.9, pose=pick), Pallet(rows=1, columns=1, pitch=0.1, pose=place)
    chute = Chute(pose=Pose(0.3, -0.2, 0.2))
    plant = built(belt=moving, robot=robot, point=point, pallet=pallet, chute=chute,
                  hand=Hand(robot, places=[point, pallet, chute]))  # fmt: skip
    number = plant.number("robot")
    for pose, close in ((pick, True), (place, False)):
        _, q = host.solve(plant.block, number, pose, robot.home)
        host.start_joint_move(plant.block, number, q, 1.0, plant.now)
        plant.advance(plant.now + 5 * SECOND)
        plant.set("hand.close", close)
        plant.advance(plant.now + SECOND)
        counts = plant.counts()
        yield abs(1 - counts["belt.parts_on"] - counts["hand.holds"] - counts["pallet.parts_on"])


def driven() -> Errors:
    """A signal that is driven from outside is seen at once."""
    plant = built(button=Button(), switch=Switch(), lamp=Lamp())
    for name, value in product(("button.pressed", "switch.on", "lamp.lit"), (True, False)):
        plant.set(name, value)
        yield float(plant.signal_value(name) is not value)


def eye(moving: Belt, at: float, delay: float) -> Component:
    return PhotoEye(moving, at=at, on_delay=delay, off_delay=delay)


def proximity(sensor: Any) -> Callable[[Belt, float, float], Component]:
    return lambda moving, at, delay: sensor(moving, at=at, sorts=[0], on_delay=delay, off_delay=delay)
