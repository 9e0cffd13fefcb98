"""How long it takes until the plant is safe, by cause: the sums that `cellwright check` prints.

Detection + scan and link periods + write exchange + PLC cycle + dead time + deceleration, each at its worst.
They hold for the timing the twin assumes (plc_sim/timing.py) and the parameters of the plant; on the real
cell they are as good as those figures.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from control.project import Project
from plc_sim.components.arm import Arm
from plc_sim.components.belt import Belt
from plc_sim.timing import EXCHANGE, LATEST_EXCHANGE, LATEST_SCAN
from plc_sim.twin import Twin, twin_class


class Bound(NamedTuple):
    """The worst time (s) from a cause until nothing is energised and until all is at rest, and what it is
    made of.
    """

    off: float
    rest: float
    parts: dict[str, float]


def bounds(twin: type[Twin], project: Project) -> dict[str, Bound]:
    """The bound of each cause for a twin."""
    controller = project.controller()
    table = next(table for table in project.toml.links.values() if not table.driver)
    life, cycle, period = table.life_timeout, twin.plc.cycle, controller.period
    exchange = table.cycle + (LATEST_EXCHANGE + EXCHANGE[1]) / 1e9
    scan = period + LATEST_SCAN / 1e9
    ages = [slot.max_age for slot in controller.slots.values() if slot.max_age is not None]
    rest = deceleration(twin)
    act = {"scan": scan, "write exchange": exchange, "PLC cycle": cycle}
    plc_trip = {"PLC life timeout": twin.plc.life_timeout, "PLC cycle": cycle, "exchange": exchange}
    return {
        "a plant input changes (guard door)": of(
            {"PLC input": cycle, "read exchange": exchange, **act}, rest
        ),
        "the PLC goes to STOP": of({"PLC cycle": cycle}, rest),
        "the PLC link is lost": of(plc_trip | {"image too old": 0.0}, rest),
        "the controller dies": of(plc_trip, rest),
        "a robot line is lost": of({"three requests unanswered": SILENT_LINE, **act}, rest),
        "the robot raises an alarm": of({}, rest),
        "an image is too old (seen by the cell)": of(
            {"max_age": max(ages, default=0.0), "scan": scan, "PLC life": life}, rest
        ),
    }


SILENT_LINE = 2.0
"""A device that does not answer is noticed after three requests and their waiting times, in s."""


def of(parts: dict[str, float], rest: float) -> Bound:
    """A bound from what it is made of."""
    off = sum(parts.values())
    return Bound(round(off, 4), round(off + rest, 4), parts | {"deceleration": rest})


def deceleration(twin: type[Twin]) -> float:
    """The longest time (s) any component takes to come to rest when it is switched off."""
    times = [0.0]
    for component in twin.components.values():
        if isinstance(component, Belt):
            times.append(component.speed / component.acceleration)
        if isinstance(component, Arm):
            pairs = zip(component.model.speed, component.model.acceleration, strict=True)
            times += [speed / acceleration for speed, acceleration in pairs]
            times.append(component.linear_speed / component.linear_acceleration)
    return max(times)


def check(project: Project) -> dict[str, Any]:
    """For `cellwright check`: the twin can be built, and the bounds."""
    if project.toml.cell.twin is None:
        return {"not_checked": ["the twin: cell.toml names none"]}
    kind = twin_class(project)
    kind(project=project)
    found = bounds(kind, project)
    return {
        "bounds_s": {cause: {"off": bound.off, "rest": bound.rest} for cause, bound in found.items()},
        "bounds_text": ["safe at the plant, at worst, after:"]
        + [f"  {cause}: off {bound.off:.3f} s, at rest {bound.rest:.3f} s" for cause, bound in found.items()],
    }
