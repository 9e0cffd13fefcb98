"""Six-axis arms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from control.errors import UnknownName, nearest
from plc_sim.components.component import (
    Component,
    Metre,
    MetrePerSecond,
    MetrePerSecond2,
    Radian,
    RadianPerSecond,
    RadianPerSecond2,
    Share,
    Signal,
    actuator,
    sensor,
)
from plc_sim.components.site import Site
from plc_sim.kernel.arm import ArmRow, CrossingRow, ZoneRow
from plc_sim.kernel.geometry import GeometryRow, Structure
from plc_sim.kernel.layout import Rows
from plc_sim.kernel.profile import ProfileRow
from plc_sim.kernel.rotation import Joints
from plc_sim.kernel.straight import LineRow

CROSSINGS = 16
"""Room for crossings of one zone on one path."""


@dataclass(frozen=True)
class ArmModel:
    """An arm by its structure: geometry in m, joint limits, speeds and accelerations in rad (m where a joint
    slides) and s; what the numbers stand for is said by its `Structure`'s kinematics.
    """

    name: str
    a: tuple[float, float, float]
    d1: float
    d4: float
    d6: float
    limits: tuple[tuple[float, float], ...]
    speed: tuple[float, ...]
    acceleration: tuple[float, ...]
    offset: tuple[float, ...] = (0.0, -math.pi / 2, -math.pi / 2, 0.0, 0.0, math.pi)
    d5: float = 0.0
    structure: Structure = Structure.SPHERICAL_WRIST
    home: Joints = (0.0, 0.0, math.pi / 2, 0.0, math.pi / 2, 0.0)
    coupled: tuple[float, float] = (0.0, 0.0)


def _radians(*degrees: float) -> tuple[float, ...]:
    return tuple(math.radians(angle) for angle in degrees)


def _limits(*degrees: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    return tuple((math.radians(low), math.radians(high)) for low, high in degrees)


FULL_SPEED_AFTER = 0.2
"""Assumption: joints reach full speed within 0.2 s; no manufacturer states it for these arms."""

RV_6SL_SPEEDS = _radians(250, 267, 267, 352, 450, 660)

RV_6S = ArmModel(
    name="RV-6S",
    a=(0.085, 0.28, 0.1),
    d1=0.35,
    d4=0.315,
    d6=0.085,
    limits=_limits((-170, 170), (-92, 135), (-107, 166), (-160, 160), (-120, 120), (-360, 360)),
    speed=RV_6SL_SPEEDS,
    acceleration=tuple(speed / FULL_SPEED_AFTER for speed in RV_6SL_SPEEDS),
)
"""Mitsubishi RV-6S: dimensions and limits as used in one real cell. Assumptions: joint speeds are the
RV-6SL's, since its own are not published; accelerations by FULL_SPEED_AFTER.
"""


UPRIGHT = (0.0,) * 6

UR5E = ArmModel(
    name="UR5e",
    structure=Structure.PARALLEL_AXES,
    a=(0.0, 0.425, 0.3922),
    d1=0.1625,
    d4=0.1333,
    d5=0.0997,
    d6=0.0996,
    offset=UPRIGHT,
    limits=((-2 * math.pi, 2 * math.pi),) * 6,
    speed=(math.pi,) * 6,
    acceleration=(math.pi / FULL_SPEED_AFTER,) * 6,
    home=_radians(0, -90, 90, -90, -90, 0),
)
"""Universal Robots UR5e: Denavit-Hartenberg parameters, limits and 180 degrees/s as published. Assumption:
accelerations by FULL_SPEED_AFTER.
"""

MAGICIAN_LITE = ArmModel(
    name="Magician Lite",
    structure=Structure.PALLETISING,
    a=(0.09, 0.15, 0.0),
    d1=-0.005,
    d4=0.15,
    d6=0.0,
    offset=UPRIGHT,
    limits=(*_limits((-135, 135), (-8.1, 80), (-6.8, 85), (-145, 145)), (0.0, 0.0), (0.0, 0.0)),
    speed=_radians(300, 300, 300, 300, 1, 1),
    acceleration=_radians(1500, 1500, 1500, 1500, 1, 1),
    coupled=(math.radians(20), math.radians(145)),
    home=_radians(0, 0, 0, 0, 0, 0),
)
"""Dobot Magician Lite: links of 150 mm on parallelograms, limits and 300 degrees/s of its vendor's source;
with all joints 0 the tool is at (240, 0, 145) mm. Assumption: accelerations by FULL_SPEED_AFTER.
"""


def gantry(
    x: Metre,
    y: Metre,
    z: Metre,
    *,
    speed: MetrePerSecond = 0.5,
    acceleration: MetrePerSecond2 = 2.0,
    turn_speed: RadianPerSecond = math.pi,
) -> ArmModel:
    """A gantry with travels from 0 to x, y and z; its tool turns about the vertical by up to 180 degrees."""
    return ArmModel(
        name="gantry",
        structure=Structure.CARTESIAN,
        a=(0.0, 0.0, 0.0),
        d1=0.0,
        d4=0.0,
        d6=0.0,
        offset=UPRIGHT,
        limits=((0.0, x), (0.0, y), (0.0, z), (-math.pi, math.pi), (0.0, 0.0), (0.0, 0.0)),
        speed=(speed, speed, speed, turn_speed, 1.0, 1.0),
        acceleration=(acceleration,) * 3 + (turn_speed / FULL_SPEED_AFTER, 1.0, 1.0),
        home=(0.0, 0.0, z, 0.0, 0.0, 0.0),
    )


class Zone(NamedTuple):
    """An interval of one joint (1 to 6), `low` to `high` in rad, shown by the signal `in_<name>`."""

    name: str
    joint: int
    low: Radian
    high: Radian


class Arm(Component):
    """An arm: six axes, or a gantry or palletising arm, by its model.

    Model: every move follows one path coordinate under a trapezoidal profile: proportional joints paced by
    the slowest, or a straight line of the tool centre point with joints by closed-form inverse kinematics; a
    duration is d/v + v/a, or 2 sqrt(d/a) for short moves. A stop brakes along the path. Source: geometry and
    limits by `model`. `home` are the joints at the start in rad (sliding ones in m; default: the model's),
    `tool_length` is from the flange to the tool centre point along the flange's z.
    """

    row = ArmRow
    stop_input = actuator("low: brakes along the path and starts no move", initial=True)
    moving = sensor("in motion")

    def __init__(
        self,
        model: ArmModel = RV_6S,
        *,
        home: Joints | None = None,
        tool_length: Metre = 0.0,
        zones: Sequence[Zone] = (),
        linear_speed: MetrePerSecond = 1.0,
        linear_acceleration: MetrePerSecond2 = 5.0,
        turn_speed: RadianPerSecond = math.pi,
        turn_acceleration: RadianPerSecond2 = 5.0 * math.pi,
        override: Share = 1.0,
    ) -> None:
        self.model, self.tool_length, self.zones = model, tool_length, tuple(zones)
        self.home = model.home if home is None else tuple(home)
        self.linear_speed, self.linear_acceleration = linear_speed, linear_acceleration
        self.turn_speed, self.turn_acceleration, self.override = turn_speed, turn_acceleration, override

    def zone(self, name: str) -> Signal:
        """The signal of a zone: its joint is inside, ends included."""
        known = [zone.name for zone in self.zones]
        if name not in known:
            raise UnknownName(f"{self.name} has no zone {name!r}; {nearest(name, known)}")
        return sensor(f"joint in zone {name}").of(self, f"in_{name}")

    def signals(self) -> Iterator[Signal]:
        yield from super().signals()
        yield from (self.zone(zone.name) for zone in self.zones)

    def initially(self, site: Site, signal: Signal) -> bool:
        inside = {f"in_{z.name}": z.low <= self.home[z.joint - 1] <= z.high for z in self.zones}
        return inside.get(signal.name, signal.initial)

    def check(self, site: Site) -> None:
        if len(self.home) != 6 or not all(math.isfinite(q) for q in self.home):
            site.refuse(self, "home", "six finite angles in rad", self.home)
        for number, (q, (low, high)) in enumerate(zip(self.home, self.model.limits, strict=True), 1):
            if not low <= q <= high:
                site.refuse(self, "home", f"joint {number} within {low:.4f} to {high:.4f} rad", q)
        if not 0.0 < self.override <= 1.0:
            site.refuse(self, "override", "a share above 0 and up to 1", self.override)
        for zone in self.zones:
            if zone.joint not in range(1, 7):
                site.refuse(self, f"zone {zone.name}", "a joint of 1 to 6", zone.joint)
            if not (math.isfinite(zone.low) and math.isfinite(zone.high) and zone.low < zone.high):
                site.refuse(self, f"zone {zone.name}", "finite low < high in rad", (zone.low, zone.high))
        if len({zone.name for zone in self.zones}) != len(self.zones):
            site.refuse(self, "zones", "different names", [zone.name for zone in self.zones])

    def fields(self, site: Site) -> dict[str, Any]:
        zones = [
            {
                "JOINT": z.joint - 1,
                "LOW": float(z.low),
                "HIGH": float(z.high),
                "INSIDE": f"{self.name}.in_{z.name}",
            }
            for z in self.zones
        ]
        crossings = CROSSINGS * max(len(zones), 1)
        return {
            "GEOMETRY": Rows(GeometryRow, [self._geometry()], self.name),
            "PROFILE": Rows(ProfileRow, [{}], self.name),
            "LINE": Rows(LineRow, [{}], self.name),
            "ZONES": Rows(ZoneRow, zones, self.name),
            "ZONE_COUNT": len(zones),
            "CROSSINGS": Rows(CrossingRow, [{}] * crossings, self.name),
            "CAPACITY": crossings,
            "SPEED": self.model.speed,
            "ACCELERATION": self.model.acceleration,
            "OVERRIDE": float(self.override),
            "START": self.home,
        }

    def _geometry(self) -> dict[str, Any]:
        m = self.model
        return {
            "STRUCTURE": int(m.structure),
            "A1": m.a[0],
            "A2": m.a[1],
            "A3": m.a[2],
            "D1": m.d1,
            "D4": m.d4,
            "D5": m.d5,
            "D6": m.d6 + self.tool_length,
            "COUPLED_LOW": m.coupled[0],
            "COUPLED_HIGH": m.coupled[1],
            "OFFSET": m.offset,
            "LOW": tuple(low for low, _ in m.limits),
            "HIGH": tuple(high for _, high in m.limits),
        }
