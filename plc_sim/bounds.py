"""How long it takes until the plant is safe, by cause: the sums that `cellwright check` prints.

Detection + scan and link periods + write exchange + PLC cycle + dead time + deceleration, each at its worst.
They hold for the timing the twin assumes (plc_sim/timing.py) and the parameters of the plant; on the real
cell they are as good as those figures.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from control.project import Project
from control.session import TRIES, Session
from plc_sim.components.arm import Arm
from plc_sim.components.belt import Belt
from plc_sim.components.motion import Axis
from plc_sim.line import LATEST
from plc_sim.timing import EXCHANGE, LATEST_EXCHANGE, LATEST_SCAN
from plc_sim.twin import Twin, twin_class


class Bound(NamedTuple):
    """The worst time (s) from a cause until nothing is energised and until all is at rest, and what it is
    made of.
    """

    off: float
    rest: float
    parts: dict[str, float]


def bounds(twin: Twin) -> dict[str, Bound]:
    """The bound of each cause for a twin."""
    controller, table = twin.controller, twin.tables[twin.plc_name]
    cycle, exchange = twin.plc.cycle, table.cycle + (LATEST_EXCHANGE + EXCHANGE[1]) / 1e9
    act = {"scan": controller.period + LATEST_SCAN / 1e9, "write exchange": exchange, "PLC cycle": cycle}
    life = {"last write": exchange, "PLC life timeout": twin.plc.life_timeout, "PLC cycle": cycle}
    sessions = [line.session for line in twin.lines.values()]
    parts = {
        "a plant input changes (guard door)": {"PLC input": cycle, "read exchange": exchange, **act},
        "the PLC goes to STOP": {"PLC cycle": cycle},
        "the PLC link is lost": life,
        "the controller dies": life,
    }
    if sessions:
        silence = max(session.silence_time for session in sessions)
        parts["a robot line is lost"] = {f"{TRIES} requests unanswered": silence, **act}
        parts["the robot raises an alarm"] = {"status poll": max(map(poll_time, sessions)), **act}
    rest = deceleration(twin)
    return {cause: of(made_of, rest) for cause, made_of in parts.items()}


def poll_time(session: Session) -> float:
    """How long (s) at most until a change at a device is in its driver's image: the request that is on the
    line, the poll period and the poll.
    """
    return session.idle_period + 2 * (session.exchange_time + LATEST / 1e9)


def of(parts: dict[str, float], rest: float) -> Bound:
    """A bound from what it is made of."""
    off = sum(parts.values())
    return Bound(round(off, 4), round(off + rest, 4), parts | {"deceleration": rest})


def deceleration(twin: Twin) -> float:
    """The longest time (s) any component takes to come to rest when it is switched off."""
    times = [0.0]
    for component in twin.components.values():
        if isinstance(component, Belt):
            times.append(component.speed / component.acceleration)
        if isinstance(component, Axis):
            build = component.acceleration / component.jerk if component.jerk else 0.0
            times.append(component.speed / component.acceleration + build)
        if isinstance(component, Arm):
            pairs = zip(component.model.speed, component.model.acceleration, strict=True)
            times += [speed / acceleration for speed, acceleration in pairs]
            times.append(component.linear_speed / component.linear_acceleration)
            times.append(component.turn_speed / component.turn_acceleration)
    return max(times)


def check(project: Project) -> dict[str, Any]:
    """For `cellwright check`: the twin can be built, and the bounds."""
    if project.toml.cell.twin is None:
        return {"not_checked": ["the twin: cell.toml names none"]}
    found = bounds(twin_class(project)(project=project))
    return {
        "bounds_s": {cause: bound._asdict() for cause, bound in found.items()},
        "bounds_text": [
            "safe at the plant, at worst, after:",
            *(bound_text(cause, bound) for cause, bound in found.items()),
        ],
    }


def bound_text(cause: str, bound: Bound) -> str:
    """A bound for people, with the sum it is."""
    terms = " + ".join(f"{name} {1e3 * time:.1f}" for name, time in bound.parts.items())
    return f"  {cause}: off {bound.off:.3f} s, at rest {bound.rest:.3f} s ({terms} ms)"
