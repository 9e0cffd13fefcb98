"""What must hold in the line, by requirement, judged at the plant wherever that is possible."""

from __future__ import annotations

from typing import Any

from control import Property, State, rules
from control.property import always
from plc_sim.bounds import bounds

from .cell import Drill, Line, Outlet, Saw, Washer
from .twin import LineTwin

REST = {cause: bound.rest for cause, bound in bounds(LineTwin()).items()}
"""s from each cause until all is off and at rest, as `cellwright check` prints it."""

LIES = ("stuck", "late", "wire_broken")
STATIONS = ("saw", "drill", "washer")
PLACES = ("infeed", "sawn", "drilled")


def off(cell: Line, plant: Any) -> bool:
    """No station may begin a part, and the belt is off."""
    return not (plant.saw.enable or plant.drill.enable or plant.washer.enable or plant.belt.run)


def parts_conserved(cell: Line, plant: Any) -> bool:
    count = plant.count
    stored = sum(count(f"{place}.parts_on") for place in PLACES)
    inside = sum(count(f"{station}.begun") - count(f"{station}.done") for station in STATIONS)
    return count("supplier.done") == stored + inside + count("belt.parts_on") + count("belt.left")


def between_parts(cell: Line, plant: Any) -> str:
    """The step of the outlet while no part passes it and no sensor has lied."""
    watched = cell.state is State.EXECUTE and not plant.happened(*LIES) and not plant.outlet_eye.blocked
    return cell[Outlet].step if watched and cell[Outlet].step == "WAITING" else ""


def finished_counted(cell: Line, plant: Any) -> bool:
    """What the belt has carried past the eye is what has left, but for parts between the eye and its end."""
    return 0 <= cell.parts_good - plant.count("belt.left") <= plant.count("belt.parts_on")


TIMES: dict[Any, rules.Times] = {
    **{
        kind: {"WORKING": (30.0, 61.0), "NEXT": (0.5, 1.5), "DOWN": (200.0, 301.0)}
        for kind in (Saw, Drill, Washer)
    },
    Outlet: {"PASSING": (2.0, 6.0)},
}
"""How long each step that has to end by itself is granted at least, and the longest it may last, in s."""

PROPERTIES = [
    Property("LN-01", "parts supplied = parts in the line + parts that left", always, parts_conserved),
    Property("LN-02", "the line counts the parts that leave", between_parts, finished_counted, 0.05),
    Property("LN-03", "no station begins and no belt runs while the line waits for a person",
             rules.waiting, off,
             {"link": REST["a plant input changes (guard door)"], "no link": REST["the PLC link is lost"]}),
    Property("LN-04", "nothing begins before a reset once the PLC has tripped", rules.tripped, off),
    rules.named_alarms("LN-05"),
    rules.quiet_without_fault("LN-06"),
    rules.way_back("LN-07"),
    rules.lost_link("LN-08"),
    rules.steps_in_time("LN-09", Saw, State.EXECUTE, TIMES[Saw]),
    rules.steps_in_time("LN-10", Drill, State.EXECUTE, TIMES[Drill]),
    rules.steps_in_time("LN-11", Washer, State.EXECUTE, TIMES[Washer]),
    rules.steps_in_time("LN-12", Outlet, State.EXECUTE, TIMES[Outlet]),
    rules.patience("LN-13", TIMES),
]  # fmt: skip
