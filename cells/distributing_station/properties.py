"""What must hold in the distributing station, judged at the plant wherever that is possible."""

from __future__ import annotations

from typing import Any

from control import Property, State, rules
from control.property import always
from plc_sim.bounds import bounds

from .cell import Carry, DistributingStation, Feed, Home
from .twin import DistributingTwin

REST = {cause: bound.rest for cause, bound in bounds(DistributingTwin()).items()}
"""s from each cause until all is off and at rest, as `cellwright check` prints it."""

LINK_WORKS = REST["a plant input changes (guard door)"]
PLC_LOST = REST["the PLC link is lost"]

LIES = ("stuck", "late", "wire_broken")
LETS_FALL = ("leak", "grip_lost", "air_low")
"""What the cup cannot hold its part against."""
Cell = DistributingStation


def honest(cell: Cell, plant: Any) -> bool:
    return not plant.happened(*LIES)


def holding(cell: Cell, plant: Any) -> bool:
    return honest(cell, plant) and not plant.happened(*LETS_FALL)


def pushing(cell: Cell, plant: Any) -> bool:
    return honest(cell, plant) and plant.pusher.extend


def arm_away(cell: Cell, plant: Any) -> bool:
    return plant.arm.extended


def one_coil(cell: Cell, plant: Any) -> bool:
    ordered = cell.outputs.to_magazine and cell.outputs.to_next
    return not (ordered or plant.arm.extend and plant.arm.retract)


def off(cell: Cell, plant: Any) -> bool:
    moves = plant.pusher.extend or plant.arm.retract or plant.arm.extend
    return not (moves or plant.cup.suck or plant.cup.blow)


def parts_conserved(cell: Cell, plant: Any) -> bool:
    count = plant.count
    inside = count("before_magazine.parts_on") + count("cup.holds") + count("at_next.parts_on")
    return count("magazine.pushed") == inside + passed_on(plant) + count("cup.dropped")


def passed_on(plant: Any) -> int:
    """Parts that the next station has taken."""
    return plant.count("next_station.begun")


def nothing_lost(cell: Cell, plant: Any) -> bool:
    return plant.count("cup.dropped") == 0 and plant.count("magazine.collisions") == 0


def carrying(cell: Cell, plant: Any) -> str:
    """The step of carry between two parts let go; empty where a part may lie there and not count yet."""
    step = cell[Carry].step if cell.state is State.EXECUTE else ""
    return step if step != "RELEASING" and holding(cell, plant) else ""


def delivered_counted(cell: Cell, plant: Any) -> bool:
    return cell.parts_good == plant.count("at_next.parts_on") + passed_on(plant)


TIMES: dict[Any, rules.Times] = {
    Feed: {"RETRACTING": (1.5, 3.0), "PUSHING": (1.5, 3.0)},
    Carry: {"FETCHING": (2.5, 4.0), "GRIPPING": (1.5, 3.0), "CARRYING": (2.5, 4.0), "RELEASING": (1.5, 3.0)}
    | {"CLOSING": (0.5, 1.5)},
    Home: {"RETRACTING": (1.5, 3.0), "TURNING": (2.5, 4.0)},
}
"""How long each step that has to end by itself is granted at least, and the longest it may last, in s."""

PROPERTIES = [
    Property("DS-01", "the pusher goes out only while the arm is at the next station", pushing, arm_away),
    Property("DS-02", "never both coils of the arm, nor an order of both", always, one_coil),
    Property("DS-03", "parts pushed out = parts handed on + parts in the station", always, parts_conserved),
    Property("DS-04", "no part falls, and none is pushed against another", holding, nothing_lost),
    Property("DS-05", "the station counts the parts it has handed on", carrying, delivered_counted, 0.05),
    Property("DS-06", "nothing moves while the station waits for a person", rules.waiting, off,
             {"link": LINK_WORKS, "no link": PLC_LOST}),
    Property("DS-07", "nothing moves before a reset once the PLC has tripped", rules.tripped, off),
    rules.named_alarms("DS-08"),
    rules.quiet_without_fault("DS-09"),
    rules.way_back("DS-10"),
    rules.lost_link("DS-11"),
    rules.steps_in_time("DS-12", Feed, State.EXECUTE, TIMES[Feed]),
    rules.steps_in_time("DS-13", Carry, State.EXECUTE, TIMES[Carry]),
    rules.steps_in_time("DS-14", Home, State.RESETTING, TIMES[Home]),
    rules.patience("DS-15", TIMES),
]  # fmt: skip
