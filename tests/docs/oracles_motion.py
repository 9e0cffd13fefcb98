"""Oracles of axes, cranes and arms: closed forms, ruckig, published poses."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import product

import ruckig

from plc_sim import (
    MAGICIAN_LITE,
    UR5E,
    Arm,
    ArmModel,
    ServoAxis,
    SpringCylinder,
    TurningCrane,
    Window,
    gantry,
)
from plc_sim.kernel import host
from plc_sim.plant import Plant
from tests.docs.oracles import SECOND, Errors, built, edge, off, trapezoid

MOVES = 200
"""Random moves held to ruckig."""


def order(plant: Plant, target: float) -> None:
    """Let the axis move to a position."""
    plant.set("axis.start", False)
    plant.set("axis.target", target)
    plant.advance(plant.now + 1)
    plant.set("axis.start", True)


def servo_axis() -> Errors:
    """Moves from rest to rest take the time that ruckig finds, at random distances and limits."""
    draw = random.Random(1)
    for _ in range(MOVES):
        d, v, a, j = (
            10.0 ** draw.uniform(low, 0.5) * k for low, k in ((-3, 1), (-1.5, 1), (-2, 4), (-2, 40))
        )
        plant = built(axis=ServoAxis(high=4.0, speed=v, acceleration=a, jerk=j))
        order(plant, d)
        begin = plant.now - plant.timing.start
        edge(plant, "axis.moving")
        wanted = ruckig.InputParameter(1)
        wanted.target_position = [d]
        wanted.max_velocity, wanted.max_acceleration, wanted.max_jerk = [v], [a], [j]
        found = ruckig.Trajectory(1)
        ruckig.Ruckig(1).calculate(wanted, found)
        yield abs(edge(plant, "axis.moving") - begin - found.duration * SECOND)


def servo_stop() -> Errors:
    """An axis that is disabled in the middle of a move comes to rest when ruckig says so."""
    draw = random.Random(2)
    for _ in range(MOVES):
        v, a, j = (10.0 ** draw.uniform(-1.0, 0.5) * k for k in (1.0, 4.0, 40.0))
        plant = built(axis=ServoAxis(high=1e6, speed=v, acceleration=a, jerk=j))
        order(plant, 1e5)
        plant.advance(plant.now + round(draw.uniform(0.0, 1.2 * (v / a + a / j)) * SECOND))
        p, speed, acceleration = motion(plant)
        begin = plant.now - plant.timing.start
        plant.set("axis.enable", False)
        wanted = ruckig.InputParameter(1)
        wanted.control_interface = ruckig.ControlInterface.Velocity
        wanted.current_position, wanted.current_velocity = [p], [speed]
        wanted.current_acceleration, wanted.target_velocity = [acceleration], [0.0]
        wanted.max_acceleration, wanted.max_jerk = [a], [j]
        found = ruckig.Trajectory(1)
        ruckig.Ruckig(1).calculate(wanted, found)
        yield abs(edge(plant, "axis.moving") - begin - found.duration * SECOND)


def motion(plant: Plant) -> tuple[float, ...]:
    """Position, speed and acceleration of the axis now."""
    return tuple(plant.analogue(f"axis.{name}") for name in ("position", "velocity", "acceleration_actual"))


def servo_windows() -> Errors:
    """A trapezoid without limit of the jerk: when the axis comes to the edges of a window."""
    for v, a, low, high in product((0.3, 1.1), (0.8, 4.0), (0.05, 0.31), (0.5, 0.93)):
        window = Window("work", low, high)
        axis = ServoAxis(high=1.0, speed=v, acceleration=a, jerk=0.0, windows=[window])
        plant = built(axis=axis)
        plant.set("axis.target", 1.0)
        plant.set("axis.start", True)
        for at in (low, high):
            yield off(plant, "axis.in_work", when(at, 1.0, v, a))


def when(at: float, d: float, v: float, a: float) -> float:
    """When an acceleration-limited move over `d` from rest to rest comes to `at`."""
    top = min(v, math.sqrt(a * d))
    ramp = top * top / (2.0 * a)
    if at <= ramp:
        return math.sqrt(2.0 * at / a)
    if at >= d - ramp:
        return trapezoid(d, v, a) - math.sqrt(2.0 * (d - at) / a)
    return top / a + (at - ramp) / top


def crane() -> Errors:
    """A crane that turns: when it comes to a stop's sensor, and when it has come to rest."""
    for speed, acceleration, at in product((0.4, 0.9), (2.0, 12.0), (1.1, 3.0)):
        lift = SpringCylinder()
        turning = TurningCrane(
            lift, stops={"here": 0.0, "there": at}, places={}, speed=speed, acceleration=acceleration
        )
        plant = built(lift=lift, crane=turning)
        plant.set("crane.clockwise", True)
        reached = speed / acceleration + (at - 0.05 - speed * speed / acceleration / 2.0) / speed
        yield off(plant, "crane.at_there", reached)
        begin = (plant.now - plant.timing.start) / SECOND
        plant.set("crane.clockwise", False)
        yield off(plant, "crane.moving", begin + speed / acceleration)


def poses() -> Errors:
    """Published poses of the UR5e (nm, of figures given to 0.1 mm) and of the Magician Lite."""
    d = math.pi / 180.0
    published = (
        (UR5E, (0, 0, 0, 0, 0, 0), (-0.8172, -0.2329, 0.0628)),
        (UR5E, (0, -90, 0, -90, 0, 0), (0.0, -0.2329, 1.0794)),
        (UR5E, (0, -90, 90, -90, -90, 0), (-0.4919, -0.1333, 0.4879)),
        (MAGICIAN_LITE, (0, 0, 0, 0, 0, 0), (0.24, 0.0, 0.145)),
    )
    for model, degrees, point in published:
        plant = built(robot=Arm(model, home=tuple(q * d for q in degrees)))
        here = host.position(plant.block, plant.number("robot"), plant.now)[1]
        yield math.dist(here[:3], point) * 1e9


def round_trip(model: ArmModel) -> Callable[[], Errors]:
    """Inverse after forward kinematics (nm of the tool centre point) at random joints."""

    def errors() -> Errors:
        draw = random.Random(3)
        plant = built(robot=Arm(model))
        number, found = plant.number("robot"), 0
        while found < 100:
            q = tuple(draw.uniform(0.45 * low, 0.45 * high) for low, high in model.limits)
            if not reachable(plant, q):
                continue
            found += 1
            pose = at(model, q)
            branch, joints = host.solve(plant.block, number, pose, q)
            assert branch >= 0
            yield math.dist(at(model, joints)[:3], pose[:3]) * 1e9

    return errors


def reachable(plant: Plant, q: tuple[float, ...]) -> bool:
    """Whether the joints lie within the limits, those of coupled links included."""
    trial = plant.snapshot()
    refused = host.start_joint_move(plant.block, plant.number("robot"), q, 1.0, plant.now)
    plant.restore(trial)
    return not refused


def at(model: ArmModel, q: tuple[float, ...]) -> tuple[float, ...]:
    """The pose of joints."""
    plant = built(robot=Arm(model, home=q))
    return host.position(plant.block, plant.number("robot"), plant.now)[1]


def straight_gantry() -> Errors:
    """A straight move of a gantry takes the time of its path."""
    for x, y, speed in product((0.1, 0.9), (0.0, 0.6), (0.2, 1.0)):
        plant = built(robot=Arm(gantry(1.0, 0.8, 0.3, speed=5.0), linear_speed=0.4, linear_acceleration=2.0))
        pose = (x, y, 0.1, 180.0, 0.0, 0.0)
        host.start_linear_move(plant.block, plant.number("robot"), pose, speed, plant.now)
        yield off(plant, "robot.moving", trapezoid(math.dist((0.0, 0.0, 0.3), pose[:3]), 0.4 * speed, 2.0))
