"""Belts and what stands at them: feeder, photo-eye, stops, pick point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from plc_sim.components.component import (
    Analogue,
    Component,
    Metre,
    MetrePerSecond,
    MetrePerSecond2,
    Second,
    Share,
    actuator,
    sensor,
)
from plc_sim.components.place import ORIGIN, Place, Pose, shares_of
from plc_sim.components.site import Site
from plc_sim.kernel.belt import Mark
from plc_sim.kernel.belt_row import BeltRow, MarkRow, PartRow
from plc_sim.kernel.draw import ns
from plc_sim.kernel.eye import EyeRow
from plc_sim.kernel.feeder import Arrivals, FeederRow
from plc_sim.kernel.layout import Rows
from plc_sim.kernel.part import make_part
from plc_sim.kernel.place import InfeedRow, PickPointRow

TOUCHING = 1e-9
"""Parts that overlap by less than this (m) touch."""

MOST_PARTS = 10_000
"""So many parts one belt has room for."""

LOOSE_SERIAL = 1 << 40
"""Serial numbers of parts that lie on a belt at the start begin here."""


class Belt(Component):
    """A belt with parts that stick to it, ramped, with accumulation against stops.

    Model: v(t) changes at constant acceleration; parts move with the belt, queue with `gap` behind a resting
    part and never overlap; positions are those of fronts, from the infeed. Parts that reach the end have
    left. Live besides: `lose` 1 lets the foremost part fall off, once. Source: kinematics of a rigid part
    without slip (research row "belt"). Typical: 0.1 to 1 m/s, 1 to 5 m/s2. `parts` are the fronts of good
    parts that lie on it at the start.
    """

    row = BeltRow
    run = actuator("runs the belt")
    moving = sensor("the belt moves")
    speed_actual = Analogue("speed", "m/s")
    lose = 0

    def __init__(
        self,
        *,
        length: Metre,
        speed: MetrePerSecond = 0.5,
        acceleration: MetrePerSecond2 = 2.0,
        part_length: Metre = 0.1,
        gap: Metre = 0.02,
        parts: Sequence[Metre] = (),
    ) -> None:
        self.length, self.speed, self.acceleration = length, speed, acceleration
        self.part_length, self.gap, self.parts = part_length, gap, tuple(parts)

    def check(self, site: Site) -> None:
        length, pitch = site.value(self, "length"), self.pitch(site)
        fronts = sorted(self.parts, reverse=True)
        for front in fronts:
            self.check_position(site, self, "parts", front)
        for ahead, behind in zip(fronts, fronts[1:], strict=False):
            if ahead - behind < pitch - TOUCHING:
                site.refuse(self, "parts", f"fronts at least {pitch:g} m apart", self.parts)
        if length > MOST_PARTS * pitch:
            site.refuse(self, "part_length", f"part and gap of at least {length / MOST_PARTS:g} m", pitch)
        if not pitch < length:
            site.refuse(self, "part_length", f"part and gap shorter than the belt of {length:g} m", pitch)

    def pitch(self, site: Site) -> float:
        """From front to front of queued parts, in m."""
        return site.value(self, "part_length") + site.value(self, "gap")

    def check_position(self, site: Site, component: Component, name: str, position: float) -> None:
        """ConfigurationError unless a position lies on the belt."""
        length = site.value(self, "length")
        number = isinstance(position, int | float) and math.isfinite(position)
        if not number or not 0.0 <= position <= length:
            site.refuse(component, name, f"a position on {self.name}, 0 to {length:g} m", position)

    def fields(self, site: Site) -> dict[str, Any]:
        marks = sorted(site.marks.get(self, ()), key=lambda mark: (mark[0], mark[1]))
        stops = site.stops_of(self)
        clears = [k for k, mark in enumerate(marks) if mark[1] == Mark.CLEARS_INFEED]
        capacity = math.floor(site.value(self, "length") / self.pitch(site)) + 2
        lying = self._lying(site, [mark[0] for mark in marks])
        return {
            "MARKS": Rows(MarkRow, [self._mark(marks, mark) for mark in marks], self.name),
            "MARK_COUNT": len(marks),
            "CLEAR_MARK": clears[-1] if clears else -1,
            "STOPS": stops,
            "STOP_COUNT": len(stops.entries),
            "PARTS": Rows(PartRow, lying + [{}] * (capacity - len(lying)), self.name),
            "PARTS_ON": len(lying),
            "CAPACITY": capacity,
            "T0": site.start,
            "SHIFTED": site.start,
            "MAPPED": site.analogues.get(self, 0),
        }

    @staticmethod
    def _mark(marks: list[tuple[float, int, str, int]], mark: tuple[float, int, str, int]) -> dict[str, Any]:
        position, effect, target, _ = mark
        pair = next((k for k, m in enumerate(marks) if m[1] == Mark.UNCOVERS_EYE and m[2] == target), -1)
        return {"POSITION": position, "EFFECT": effect, "TARGET": target, "PAIR": pair}

    def _lying(self, site: Site, marks: list[float]) -> list[dict[str, Any]]:
        fronts = sorted(self.parts, reverse=True)
        return [
            {"X": float(x), "MARK": sum(at <= x for at in marks), "PART": make_part(LOOSE_SERIAL + k, 0, 1)}
            for k, x in enumerate(fronts)
        ]


class Feeder(Component):
    """A source of parts at a belt's infeed.

    Give one of `period` (constant), `mean` (exponential intervals) and `times` (listed, s from the start);
    `first` is the time of the first part. A part is good with probability `good`; `shares` are those of the
    sorts 0, 1, ... A part that comes due waits until the infeed is clear and `enable` is high; the time
    so lost is counted. Live besides: `missing`, `double` and `skewed` are the shares of parts that do not
    come, come in twos, or lie askew, so that no gripper gets hold of them.
    """

    row = FeederRow
    enable = actuator("low: parts that come due wait upstream", initial=True)
    missing, double, skewed = 0.0, 0.0, 0.0

    def __init__(
        self,
        belt: Belt,
        *,
        period: Second | None = None,
        mean: Second | None = None,
        times: Sequence[Second] | None = None,
        first: Second | None = None,
        good: Share = 1.0,
        shares: Sequence[Share] = (1.0,),
    ) -> None:
        self.belt, self.times, self.good, self.shares = belt, times, good, tuple(shares)
        self._given = {"period": period, "mean": mean, "times": times}
        self.period = next((value for value in (period, mean) if value is not None), 1.0)
        self._first = first

    def check(self, site: Site) -> None:
        given = [name for name, value in self._given.items() if value is not None]
        if len(given) != 1:
            site.refuse(self, "period", "one of period=, mean= and times=", ", ".join(given) or "none")
        shares_of(site, self, "shares", self.shares)
        times = self.times or ()
        for earlier, later in zip((0.0, *times), times, strict=False):
            if not (math.isfinite(later) and earlier <= later):
                site.refuse(self, "times", "rising finite times in s", self.times)

    def attach(self, site: Site) -> None:
        site.add_mark(self.belt, (self.belt.pitch(site), Mark.CLEARS_INFEED, self.name, 0))

    def first(self, site: Site) -> int:
        times = self.times if self._given["times"] is not None else (self._first_due(site),)
        return site.start + ns(times[0]) if times else super().first(site)

    def _first_due(self, site: Site) -> float:
        return site.value(self, "period") if self._first is None else self._first

    def fields(self, site: Site) -> dict[str, Any]:
        listed = [site.start + ns(time) for time in self.times or ()]
        kind = next(name for name, value in self._given.items() if value is not None)
        arrivals = {"period": Arrivals.PERIODIC, "mean": Arrivals.EXPONENTIAL, "times": Arrivals.LISTED}[kind]
        due = self.first(site) if kind != "times" or listed else None
        return {
            "ARRIVALS": int(arrivals),
            "SHARES": shares_of(site, self, "shares", self.shares),
            "SORT_COUNT": len(self.shares),
            "TIMES": Rows(None, listed, self.name),
            "TIME_COUNT": len(listed),
            "KEY": site.key(self),
            **({} if due is None else {"DUE": due}),
        }


class PhotoEye(Component):
    """A photo-eye across a belt at `at`.

    Model: the beam is interrupted from a part's front to its rear; the output follows after `on_delay` or
    `off_delay`, and a change that does not last that long is not seen. Source: data sheet OMRON E3Z, 1 ms (2
    ms for the 30 m model).
    """

    row = EyeRow
    blocked = sensor("the beam is interrupted")

    def __init__(self, belt: Belt, *, at: Metre, on_delay: Second = 0.002, off_delay: Second = 0.002) -> None:
        self.belt, self.at, self.on_delay, self.off_delay = belt, at, on_delay, off_delay

    def check(self, site: Site) -> None:
        self.belt.check_position(site, self, "at", self.at)

    def attach(self, site: Site) -> None:
        rear = self.at + site.value(self.belt, "part_length")
        site.add_mark(self.belt, (self.at, Mark.COVERS_EYE, self.name, 0))
        site.add_mark(self.belt, (rear, Mark.UNCOVERS_EYE, self.name, 1))

    def fields(self, site: Site) -> dict[str, Any]:
        length = site.value(self.belt, "part_length")
        return {"SORTS": -1, "COVERS": sum(self.at <= front < self.at + length for front in self.belt.parts)}


class EndStop(Component):
    """A fixed stop on a belt: parts rest with their front at `at`."""

    def __init__(self, belt: Belt, *, at: Metre) -> None:
        self.belt, self.at = belt, at

    def check(self, site: Site) -> None:
        self.belt.check_position(site, self, "at", self.at)

    def attach(self, site: Site) -> None:
        site.add_stop(self.belt, self.at, self.name, True)


class PickPoint(Place):
    """Where a hand with its tool at `pose` can grip a part whose front rests within `tolerance` of `at`."""

    row = PickPointRow

    def __init__(self, belt: Belt, *, at: Metre, pose: Pose, tolerance: Metre = 0.002) -> None:
        self.belt, self.at, self.pose, self.tolerance = belt, at, pose, tolerance

    def check(self, site: Site) -> None:
        self.belt.check_position(site, self, "at", site.value(self, "at"))


class Infeed(Place):
    """The infeed of a belt: a part left here with the tool at `pose` lies with its front at 0.

    A part is taken only when the last one has cleared the infeed.
    """

    row = InfeedRow

    def __init__(self, belt: Belt, *, pose: Pose = ORIGIN) -> None:
        self.belt, self.pose = belt, pose

    def attach(self, site: Site) -> None:
        self.tell(site, self.belt)

    def tell(self, site: Site, waiter: Component) -> None:
        site.add_mark(self.belt, (self.belt.pitch(site), Mark.CLEARS_INFEED, waiter.name, 0))
