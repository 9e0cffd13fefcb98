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
from plc_sim.kernel.kinematics import GeometryRow, Joints
from plc_sim.kernel.layout import Rows
from plc_sim.kernel.line import LineRow
from plc_sim.kernel.profile import ProfileRow

CROSSINGS = 16
"""Room for crossings of one zone on one path."""


@dataclass(frozen=True)
class ArmModel:
    """An arm with a spherical wrist: geometry in m, joint limits, speeds and accelerations in rad, s."""

    name: str
    a: tuple[float, float, float]
    d1: float
    d4: float
    d6: float
    limits: tuple[tuple[float, float], ...]
    speed: tuple[float, ...]
    acceleration: tuple[float, ...]
    offset: tuple[float, ...] = (0.0, -math.pi / 2, -math.pi / 2, 0.0, 0.0, math.pi)


def _radians(*degrees: float) -> tuple[float, ...]:
    return tuple(math.radians(angle) for angle in degrees)


FULL_SPEED_AFTER = 0.2
"""Assumption: joints reach full speed within 0.2 s; no manufacturer states it for these arms."""

RV_6SL_SPEEDS = _radians(250, 267, 267, 352, 450, 660)

RV_6S = ArmModel(
    name="RV-6S",
    a=(0.085, 0.28, 0.1),
    d1=0.35,
    d4=0.315,
    d6=0.085,
    limits=tuple(
        (math.radians(low), math.radians(high))
        for low, high in ((-170, 170), (-92, 135), (-107, 166), (-160, 160), (-120, 120), (-360, 360))
    ),
    speed=RV_6SL_SPEEDS,
    acceleration=tuple(speed / FULL_SPEED_AFTER for speed in RV_6SL_SPEEDS),
)
"""Mitsubishi RV-6S: dimensions and limits as used in one real cell. Assumptions: joint speeds are the
RV-6SL's, since its own are not published; accelerations by FULL_SPEED_AFTER.
"""


class Zone(NamedTuple):
    """An interval of one joint (1 to 6), `low` to `high` in rad, shown by the signal `in_<name>`."""

    name: str
    joint: int
    low: Radian
    high: Radian


class Arm(Component):
    """A six-axis arm.

    Model: every move follows one path coordinate under a trapezoidal profile: proportional joints paced by
    the slowest, or a straight line of the tool centre point with joints by closed-form inverse kinematics; a
    duration is d/v + v/a, or 2 sqrt(d/a) for short moves. A stop brakes along the path. Source: geometry and
    limits by `model`. `home` are the joints at the start in rad, `tool_length` is from the flange to the tool
    centre point along the flange's z.
    """

    row = ArmRow
    stop_input = actuator("low: brakes along the path and starts no move", initial=True)
    moving = sensor("in motion")

    def __init__(
        self,
        model: ArmModel = RV_6S,
        *,
        home: Joints = (0.0, 0.0, math.pi / 2, 0.0, math.pi / 2, 0.0),
        tool_length: Metre = 0.0,
        zones: Sequence[Zone] = (),
        linear_speed: MetrePerSecond = 1.0,
        linear_acceleration: MetrePerSecond2 = 5.0,
        turn_speed: RadianPerSecond = math.pi,
        turn_acceleration: RadianPerSecond2 = 5.0 * math.pi,
        override: Share = 1.0,
    ) -> None:
        self.model, self.home, self.tool_length, self.zones = model, tuple(home), tool_length, tuple(zones)
        self.linear_speed, self.linear_acceleration = linear_speed, linear_acceleration
        self.turn_speed, self.turn_acceleration, self.override = turn_speed, turn_acceleration, override

    def zone(self, name: str) -> Signal:
        """The signal of a zone: its joint is inside, ends included."""
        known = [zone.name for zone in self.zones]
        if name not in known:
            raise UnknownName(f"{self.name} has no zone {name!r}; {nearest(name, known)}")
        signal = sensor(f"joint in zone {name}").of(self)
        signal.name = f"in_{name}"
        return signal

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
            "A1": m.a[0],
            "A2": m.a[1],
            "A3": m.a[2],
            "D1": m.d1,
            "D4": m.d4,
            "D6": m.d6 + self.tool_length,
            "OFFSET": m.offset,
            "LOW": tuple(low for low, _ in m.limits),
            "HIGH": tuple(high for _, high in m.limits),
        }
