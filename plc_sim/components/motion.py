"""Axes on motors: servo axes that are moved to a position, cranes that are turned from stop to stop."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from control.errors import UnknownName, nearest
from control.tag import is_finite
from plc_sim.components.component import (
    Analogue,
    Component,
    Metre,
    MetrePerSecond,
    MetrePerSecond2,
    Radian,
    RadianPerSecond,
    RadianPerSecond2,
    Setpoint,
    Signal,
    actuator,
    sensor,
)
from plc_sim.components.place import Place, waiters
from plc_sim.components.pneumatic import Piston
from plc_sim.components.site import Site
from plc_sim.kernel.axis_row import AxisRow, WindowRow
from plc_sim.kernel.jerk import PlanRow
from plc_sim.kernel.layout import Rows

BEYOND = 1e-3
"""By which a window at an end of the travel goes on beyond it, so that the axis does not leave it there."""

MetrePerSecond3 = float
RadianPerSecond3 = float


class Window(NamedTuple):
    """A part of an axis's travel, `low` to `high`, shown by the signal `in_<name>`.

    What the axis carries is at `place` then.
    """

    name: str
    low: float
    high: float
    place: Place | None = None


class Axis(Component):
    """What axes have in common: a travel with windows, ramps, a position."""

    row = AxisRow
    moving = sensor("in motion")
    position = Analogue("position", "m")
    velocity = Analogue("speed", "m/s")
    acceleration_actual = Analogue("acceleration", "m/s2")
    jammed = 0
    lift: Piston | None = None
    """The cylinder that lowers what it carries."""

    def __init__(
        self,
        *,
        low: float,
        high: float,
        speed: float,
        acceleration: float,
        jerk: float,
        starts_at: float,
        windows: Sequence[Window],
    ) -> None:
        self.low, self.high, self.speed = low, high, speed
        self.acceleration, self.jerk, self.starts_at = acceleration, jerk, starts_at
        self.windows = tuple(sorted(windows, key=lambda window: window.low))

    @staticmethod
    def shows(window: Window) -> str:
        """The name of a window's signal."""
        return f"in_{window.name}"

    def window(self, name: str) -> Signal:
        """The signal of a window: the axis is in it."""
        known = [window.name for window in self.windows]
        if name not in known:
            raise UnknownName(f"{self.name} has no window {name!r}; {nearest(name, known)}")
        return sensor(f"the axis is in {name}").of(self, self.shows(self.windows[known.index(name)]))

    def signals(self) -> Iterator[Signal]:
        yield from super().signals()
        yield from (self.window(window.name) for window in self.windows)

    def references(self) -> Iterator[Component]:
        yield from super().references()
        yield from (window.place for window in self.windows if window.place is not None)

    def initially(self, site: Site, signal: Signal) -> bool:
        inside = {self.shows(w): w.low <= self.starts_at <= w.high for w in self.windows}
        return inside.get(signal.name, signal.initial)

    def check(self, site: Site) -> None:
        low, high = site.value(self, "low"), site.value(self, "high")
        if not low < high:
            site.refuse(self, "low", f"less than high, {high:g}", low)
        if not (is_finite(self.starts_at) and low <= self.starts_at <= high):
            site.refuse(self, "starts_at", f"a position of its travel, {low:g} to {high:g}", self.starts_at)
        for window in self.windows:
            if not (
                is_finite(window.low) and is_finite(window.high) and low <= window.low < window.high <= high
            ):
                wanted = f"low < high within its travel, {low:g} to {high:g}"
                site.refuse(self, f"window {window.name}", wanted, (window.low, window.high))
        for below, above in pairwise(self.windows):
            if not below.high < above.low:
                site.refuse(self, f"window {above.name}", f"it above {below.name}", above.low)
        if len({window.name for window in self.windows}) != len(self.windows):
            site.refuse(self, "windows", "different names", [window.name for window in self.windows])

    def attach(self, site: Site) -> None:
        if self.lift is not None:
            site.waiters.setdefault(self.lift, []).append(self)

    def fields(self, site: Site) -> dict[str, Any]:
        low, high = site.value(self, "low"), site.value(self, "high")
        windows = [
            {
                "LOW": float(window.low) - (BEYOND if window.low == low else 0.0),
                "HIGH": float(window.high) + (BEYOND if window.high == high else 0.0),
                "INSIDE": f"{self.name}.{self.shows(window)}",
                "PLACE": None if window.place is None else window.place.name,
            }
            for window in self.windows
        ]
        below = sum((w.low <= self.starts_at) + (w.high < self.starts_at) for w in self.windows)
        return {
            "PLAN": Rows(PlanRow, [{"T0": site.start, "POSITION": self._at_rest()}], self.name),
            "WINDOWS": Rows(WindowRow, windows, self.name),
            "WINDOW_COUNT": len(windows),
            "INDEX": below,
            "TARGET": float(self.starts_at),
            "MAPPED": site.analogues.get(self, 0),
            **waiters(site, self),
        }

    def _at_rest(self) -> tuple[float, ...]:
        return (float(self.starts_at),) * PlanRow.fields["POSITION"].declaration.count


class ServoAxis(Axis):
    """A linear axis with a servo drive: it moves to `target` at a rising edge of `start`, or is jogged.

    Model: from rest to rest in the shortest time under `speed`, `acceleration` and `jerk` (0: none, a
    trapezoid): T = d/v + v/a + a/j where speed and acceleration are reached. While `enable` is low it ramps
    down under the same limits and takes no order; `forward` and `backward` run it at `speed`, up to an end of
    its travel, where it stops at once. An order while it moves, or of a target beyond its travel, is refused
    and counted. Live besides: `jammed` 1 holds it. Source: kinematics of the seven-segment profile (research
    row "axis move, jerk-limited"). Typical: 0.5 to 2 m/s, 2 to 20 m/s2, 20 to 500 m/s3.
    """

    enable = actuator("low: ramps down and takes no order", initial=True)
    start = actuator("moves to the ordered position, at the rising edge")
    forward = actuator("runs to larger positions")
    backward = actuator("runs to smaller positions")
    in_position = sensor("the last move has come to its end", initial=True)
    target = Setpoint("ordered position", "m")

    def __init__(
        self,
        *,
        low: Metre = 0.0,
        high: Metre,
        speed: MetrePerSecond = 1.0,
        acceleration: MetrePerSecond2 = 5.0,
        jerk: MetrePerSecond3 = 100.0,
        starts_at: Metre = 0.0,
        windows: Sequence[Window] = (),
    ) -> None:
        super().__init__(
            low=low,
            high=high,
            speed=speed,
            acceleration=acceleration,
            jerk=jerk,
            starts_at=starts_at,
            windows=windows,
        )


class TurningCrane(Axis):
    """A crane on a motor that turns between stops and lowers what it carries with a cylinder.

    Model: with `clockwise` or `counterclockwise` it turns at `speed` after a ramp, without them it comes to
    rest by a ramp; at an end of its travel it stops at once, which is counted. `stops` are angles by name; a
    sensor `at_<name>` is on within `window` of it. A gripper on it is at the place that `places` names for a
    stop while the sensor there is on and `lift` is extended. Live besides: `jammed` 1 holds it. Source: a
    constant speed with start and stop (research row "turntable / crane"). Typical: 90 degrees in 1.9 to 2.2
    s (xPPU).
    """

    clockwise = actuator("turns to larger angles")
    counterclockwise = actuator("turns to smaller angles")
    position = Analogue("angle", "rad")
    velocity = Analogue("speed", "rad/s")
    acceleration_actual = Analogue("acceleration", "rad/s2")

    def __init__(
        self,
        lift: Piston,
        *,
        stops: Mapping[str, Radian],
        places: Mapping[str, Place],
        speed: RadianPerSecond = 0.8,
        acceleration: RadianPerSecond2 = 12.0,
        jerk: RadianPerSecond3 = 0.0,
        window: Radian = 0.05,
        low: Radian = -0.1,
        high: Radian = 1.6 * math.pi,
        starts_at: Radian = 0.0,
    ) -> None:
        self.lift = lift
        self.places = dict(places)
        super().__init__(
            low=low,
            high=high,
            speed=speed,
            acceleration=acceleration,
            jerk=jerk,
            starts_at=starts_at,
            windows=[
                Window(name, at - window, at + window, self.places.get(name)) for name, at in stops.items()
            ],
        )

    @staticmethod
    def shows(window: Window) -> str:
        return f"at_{window.name}"

    def at(self, name: str) -> Signal:
        """The signal of a stop: the crane is there."""
        return self.window(name)

    def check(self, site: Site) -> None:
        super().check(site)
        for name in self.places:
            if name not in [window.name for window in self.windows]:
                site.refuse(self, "places", "places at its stops", name)

    def fields(self, site: Site) -> dict[str, Any]:
        ways = {"FORWARD": self.clockwise.path, "BACKWARD": self.counterclockwise.path}
        return super().fields(site) | ways
