"""What must hold in the sorting station, judged at the plant wherever that is possible."""

from __future__ import annotations

from typing import Any

from control import Property, State, rules
from control.property import always
from plc_sim.bounds import bounds

from .cell import SortingStation
from .crane import Carry, Home
from .sorting import Feed, Sort, Stamp
from .twin import SortingTwin

REST = {cause: bound.rest for cause, bound in bounds(SortingTwin()).items()}
"""s from each cause until all is off and at rest, as `cellwright check` prints it."""

LINK_WORKS = REST["a plant input changes (guard door)"]
PLC_LOST = REST["the PLC link is lost"]

LIES = ("stuck", "late", "wire_broken")
LETS_FALL = ("leak", "grip_lost", "air_low")
"""What the cup cannot hold its part against."""
Cell = SortingStation


def honest(cell: Cell, plant: Any) -> bool:
    return not plant.happened(*LIES)


def turning(cell: Cell, plant: Any) -> bool:
    return honest(cell, plant) and (plant.crane.clockwise or plant.crane.counterclockwise)


def raised(cell: Cell, plant: Any) -> bool:
    return plant.lift.retracted


def one_way(cell: Cell, plant: Any) -> bool:
    ordered = cell.outputs.clockwise and cell.outputs.counterclockwise
    return not (ordered or plant.crane.clockwise and plant.crane.counterclockwise)


def pressing(cell: Cell, plant: Any) -> bool:
    return honest(cell, plant) and plant.press.extend


def crane_away(cell: Cell, plant: Any) -> bool:
    return plant.lift.retracted or not plant.crane.at_stamp


def parts_conserved(cell: Cell, plant: Any) -> bool:
    count = plant.count
    held = count("at_stack.parts_on") + count("cup.holds") + count("at_stamp.parts_on")
    in_ramps = sum(count(f"{ramp}.parts_on") + count(f"{ramp}.removed") for ramp in RAMPS)
    gone = count("belt.left") + count("cup.dropped")
    return count("stack.pushed") == held + count("belt.parts_on") + in_ramps + gone


RAMPS = ("first_ramp", "second_ramp")


def holding(cell: Cell, plant: Any) -> bool:
    return honest(cell, plant) and not plant.happened(*LETS_FALL)


def undisturbed(cell: Cell, plant: Any) -> bool:
    return not plant.happened()


def nothing_lost(cell: Cell, plant: Any) -> bool:
    count = plant.count
    hits = count("first_pusher.collisions") + count("second_pusher.collisions") + count("stack.collisions")
    return count("cup.dropped") == hits == count("crane.bumps") == 0


def well_sorted(cell: Cell, plant: Any) -> bool:
    return all(plant.count(f"{ramp}.strangers") == 0 for ramp in RAMPS)


def nothing_under_way(cell: Cell, plant: Any) -> bool:
    """Every part is where it belongs, or still at the stack."""
    count = plant.count
    under_way = count("cup.holds") + count("at_stamp.parts_on") + count("belt.parts_on")
    return undisturbed(cell, plant) and under_way == 0


def stamped_in_first(cell: Cell, plant: Any) -> bool:
    return plant.count("stamp.done") == plant.count("first_ramp.taken")


def resting(cell: Cell, plant: Any) -> bool:
    """Production goes on and no part is on the belt."""
    return undisturbed(cell, plant) and cell.state is State.EXECUTE and cell[Sort].step == "EMPTY"


def all_counted(cell: Cell, plant: Any) -> bool:
    count = plant.count
    taken = count("first_ramp.taken") + count("second_ramp.taken") + count("belt.left")
    return 0 <= taken - cell.parts_good - cell.unsorted <= cell.untraced


def off(cell: Cell, plant: Any) -> bool:
    cylinders = (plant.separator, plant.lift, plant.press, plant.first_cylinder, plant.second_cylinder)
    crane, cup = plant.crane, plant.cup
    moves = crane.clockwise or crane.counterclockwise or plant.belt.run or cup.suck or cup.blow
    return not moves and not any(cylinder.extend for cylinder in cylinders)


TIMES: dict[Any, rules.Times] = {
    Feed: {"RETRACTING": (1.5, 3.0), "PUSHING": (1.5, 3.0)},
    Carry: {"TURNING": (6.0, 9.0), "LOWERING": (2.5, 4.0), "GRIPPING": (1.5, 3.0), "CLOSING": (1.5, 3.0)}
    | {"RELEASING": (1.5, 3.0), "RAISING": (1.5, 3.0)},
    Stamp: {"LOWERING": (1.5, 3.0), "PRESSING": (2.5, 4.0), "RAISING": (1.5, 3.0)},
    Sort: {"ARRIVING": (4.5, 6.0), "TO_FIRST": (4.5, 6.0), "TO_SECOND": (4.5, 6.0), "PUSHING": (1.5, 3.0)}
    | {"RETRACTING": (1.5, 3.0), "TO_END": (7.5, 9.0), "LEAVING": (2.5, 4.0), "CLEARING": (9.5, 11.0)}
    | {"FOUND": (2.5, 4.0), "CLEARED": (2.5, 4.0)},
    Home: {"RETRACTING": (2.5, 4.0), "TURNING_BACK": (7.5, 9.0), "TURNING_FORTH": (2.5, 4.0)},
}
"""How long each step that has to end by itself is granted at least, and the longest it may last, in s."""

PROPERTIES = [
    Property("ST-01", "the crane turns only while it is raised", turning, raised),
    Property("ST-02", "the crane is never turned both ways, nor ordered to", always, one_way),
    Property("ST-03", "the press goes down only while the crane is out of the stamp", pressing, crane_away),
    Property("ST-04", "parts pushed out = parts in the station + parts that left", always, parts_conserved),
    Property("ST-05", "no part falls or hits another, and the crane does not run against an end",
             holding, nothing_lost),
    Property("ST-06", "only metal comes to the first ramp, only bright plastic to the second",
             honest, well_sorted),
    Property("ST-07", "every stamped part comes to the first ramp", nothing_under_way, stamped_in_first),
    Property("ST-08", "the station counts the parts it has sorted, bar untraced ones",
             resting, all_counted, 0.5),
    Property("ST-09", "nothing moves while the station waits for a person", rules.waiting, off,
             {"link": LINK_WORKS, "no link": PLC_LOST}),
    Property("ST-10", "nothing moves before a reset once the PLC has tripped", rules.tripped, off),
    rules.named_alarms("ST-11"),
    rules.quiet_without_fault("ST-12"),
    rules.way_back("ST-13"),
    rules.lost_link("ST-14"),
    rules.steps_in_time("ST-15", Feed, State.EXECUTE, TIMES[Feed]),
    rules.steps_in_time("ST-16", Carry, State.EXECUTE, TIMES[Carry]),
    rules.steps_in_time("ST-17", Stamp, State.EXECUTE, TIMES[Stamp]),
    rules.steps_in_time("ST-18", Sort, State.EXECUTE, TIMES[Sort]),
    rules.steps_in_time("ST-19", Home, State.RESETTING, TIMES[Home]),
    rules.patience("ST-20", TIMES),
]  # fmt: skip
