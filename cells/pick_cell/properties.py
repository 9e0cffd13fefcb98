"""What must hold in the pick cell, by requirement, judged at the plant wherever that is possible."""

from __future__ import annotations

from typing import Any

from control import Property, Sequence, State, rules
from control.property import always
from plc_sim.bounds import bounds

from .cell import Feed, Home, PalletExchange, Pick, PickCell
from .twin import PickTwin

REST = {cause: bound.rest for cause, bound in bounds(PickTwin()).items()}
"""s from each cause until all is off and at rest, as `cellwright check` prints it."""

GUARD_OPENS = REST["a plant input changes (guard door)"]
PLC_LOST = REST["the PLC link is lost"]

LIES = ("stuck", "late", "wire_broken")
SEPARATED = ("link_lost", "controller_power_loss", "cell_power_loss")


def robot_in_zone(cell: PickCell, plant: Any) -> bool:
    return plant.robot.in_pick_zone


def belt_rests(cell: PickCell, plant: Any) -> bool:
    return not plant.belt.moving


def guard_open(cell: PickCell, plant: Any) -> str:
    """Whether the PLC may have to act alone, without a controller, since the guard is open; empty if it is
    closed.
    """
    if plant.seen("door.channel_1") and plant.seen("door.channel_2"):
        return ""
    return "no link" if plant.happened(*SEPARATED) else "link"


def started(cell: PickCell, plant: Any) -> bool:
    return plant.panel.start and cell.state is State.STARTING


def off(cell: PickCell, plant: Any) -> bool:
    ordered = plant.belt.run or plant.stopper.extend or plant.stopper.retract or plant.inspection.start
    return not (ordered or plant.exchanger.run)


def off_and_at_rest(cell: PickCell, plant: Any) -> bool:
    return off(cell, plant) and not plant.robot.moving


def one_coil(cell: PickCell, plant: Any) -> bool:
    """The interlock is the second line: the sequences do not even order both."""
    ordered = cell.orders.stopper_extend and cell.orders.stopper_retract
    return not (ordered or plant.stopper.extend and plant.stopper.retract)


def parts_conserved(cell: PickCell, plant: Any) -> bool:
    count = plant.count
    inside = count("belt.parts_on") + count("hand.holds") + count("pallet.parts_on")
    return count("feeder.fed") == inside + count("belt.left") + count("exchanger.shipped") + count(
        "hand.dropped"
    )


def honest(cell: PickCell, plant: Any) -> bool:
    return not plant.happened(*LIES)


def nothing_dropped(cell: PickCell, plant: Any) -> bool:
    return plant.count("hand.dropped") == 0


def only_good_packed(cell: PickCell, plant: Any) -> bool:
    count = plant.count
    return count("pallet.good_on") == count("pallet.parts_on") and count("exchanger.good_shipped") == count(
        "exchanger.shipped"
    )


def packing(cell: PickCell, plant: Any) -> str:
    """The step of pick between two parts put down; empty where a part may lie there and not count yet."""
    step = cell[Pick].step if cell.state is State.EXECUTE else ""
    return step if step != "RELEASING" and honest(cell, plant) else ""


def packed_counted(cell: PickCell, plant: Any) -> bool:
    return cell.parts_good == plant.count("pallet.parts_on") + plant.count("exchanger.shipped")


def feeding(cell: PickCell, plant: Any) -> str:
    """The step of feed if no part is let go in it nor the belt searched."""
    step = cell[Feed].step if cell.state is State.EXECUTE else ""
    return step if step in ("READY", "CARRYING") and honest(cell, plant) else ""


def rejected_counted(cell: PickCell, plant: Any) -> bool:
    return cell.parts_rejected == plant.count("belt.left")


def one_part(cell: PickCell, plant: Any) -> bool:
    return plant.count("belt.parts_on") <= 1


def stopper_between(cell: PickCell, plant: Any) -> bool:
    return honest(cell, plant) and not (plant.stopper.extended or plant.stopper.retracted)


def belt_off(cell: PickCell, plant: Any) -> bool:
    return not plant.belt.run


def inspecting(cell: PickCell, plant: Any) -> bool:
    return plant.inspection.start


def all_inspected(cell: PickCell, plant: Any) -> bool:
    return cell.parts_good + cell.parts_rejected <= plant.count("inspection.done")


def exchanging(cell: PickCell, plant: Any) -> bool:
    return plant.exchanger.run and cell.state is State.EXECUTE


def robot_rests(cell: PickCell, plant: Any) -> bool:
    return not plant.robot.moving


def phase(cell: PickCell, plant: Any) -> str:
    """The step of the handshake, where it tells what the PLC answers; a PLC that has restarted knows
    nothing.
    """
    step = cell[PalletExchange].step if cell.state is State.EXECUTE and not plant.plc.tripped else ""
    return step if step in ("IDLE", "PREPARING", "RUNNING", "COMPLETED") else ""


def answered(cell: PickCell, plant: Any) -> bool:
    status, step = cell.status, cell[PalletExchange].step
    if step in ("RUNNING", "COMPLETED"):
        return status.exchange_acknowledged and (step == "RUNNING" or status.exchange_complete)
    return not (status.exchange_acknowledged or status.exchange_complete)


def stepping(cell: PickCell) -> bool:
    return cell.state in (State.EXECUTE, State.RESETTING)


def one_order(cell: PickCell) -> bool:
    return sum(bool(step) for _, step in cell.robot.pending) <= 1


def homing(cell: PickCell) -> str:
    """The step of home in which the robot moves."""
    step = cell[Home].step if cell.state is State.RESETTING else ""
    return step if step in ("RISING", "HOMING") else ""


def located(cell: PickCell) -> bool:
    return cell.robot.position is not None


TIMES: dict[type[Sequence[Any]], dict[str, tuple[float, float]]] = {
    Feed: {"RAISING": (1.0, 2.0), "SEARCHING": (3.5, 5.0), "CARRYING": (2.5, 5.0), "BRAKING": (0.5, 1.5)}
    | {"INSPECTING": (1.0, 3.0), "LOWERING": (1.0, 2.0), "RELEASING": (2.0, 5.0), "LIFTING": (1.0, 2.0)},
    Pick: {"APPROACHING": (3.0, 5.0), "DESCENDING": (1.5, 3.0), "GRIPPING": (0.5, 1.5)}
    | {"LIFTING": (1.5, 3.0), "CARRYING": (3.0, 5.0), "LOWERING": (1.5, 3.0), "RELEASING": (0.5, 1.5)}
    | {"RETREATING": (1.5, 3.0)},
    PalletExchange: {"RELEASED": (0.5, 1.5), "PREPARING": (0.5, 1.5), "REQUESTED": (0.5, 1.5)}
    | {"COMPLETED": (0.5, 1.5)},
    Home: {"ACKNOWLEDGING": (1.5, 3.0), "ENABLING": (3.0, 6.0), "LOCATING": (1.0, 3.0)}
    | {"RISING": (4.0, 7.0), "HOMING": (4.0, 7.0)},
}
"""How long each step that has to end by itself is granted at least, and the longest it may last, in s."""

PROPERTIES = [
    Property("PC-01", "the belt rests while the robot is in the pick zone", robot_in_zone, belt_rests),
    Property("PC-02", "never both stopper outputs, nor an order of both", always, one_coil),
    Property("PC-03", "after the guard opens all is off and at rest in time", guard_open, off_and_at_rest,
             {"link": GUARD_OPENS, "no link": PLC_LOST}),
    Property("PC-04", "parts in = packed + rejected + in the cell", always, parts_conserved),
    Property("PC-05", "no part is dropped or put on a taken place", honest, nothing_dropped),
    Property("PC-06", "only good parts are packed", honest, only_good_packed),
    rules.named_alarms("PC-07"),
    rules.quiet_without_fault("PC-08"),
    Property("PC-09", "nothing is energised while the cell waits for a person",
             rules.waiting, off_and_at_rest,
             {"link": GUARD_OPENS, "no link": PLC_LOST}),
    Property("PC-10", "nothing is energised before a reset once the PLC has tripped", rules.tripped, off),
    Property("PC-11", "a second Start does nothing", started, off_and_at_rest),
    rules.way_back("PC-12"),
    rules.lost_link("PC-13"),
    Property("PC-14", "the cell counts the parts it has packed", packing, packed_counted, 0.05),
    Property("PC-15", "the cell counts the parts it has let go", feeding, rejected_counted, 0.05),
    Property("PC-16", "at most one part is on the belt", honest, one_part),
    Property("PC-17", "the belt is off while the stopper moves", stopper_between, belt_off),
    Property("PC-18", "a part is inspected at rest", inspecting, belt_rests),
    Property("PC-19", "no part goes on uninspected", honest, all_inspected),
    rules.steps_in_time("PC-20", Feed, State.EXECUTE, TIMES[Feed]),
    rules.steps_in_time("PC-21", Pick, State.EXECUTE, TIMES[Pick]),
    rules.steps_in_time("PC-22", Home, State.RESETTING, TIMES[Home]),
    rules.steps_in_time("PC-23", PalletExchange, State.EXECUTE, TIMES[PalletExchange]),
    Property("PC-24", "the robot rests while the pallet is exchanged", exchanging, robot_rests),
    Property("PC-25", "the exchange keeps the four phases of its handshake", phase, answered),
    Property("PC-26", "the robot has one order of a step at a time", stepping, one_order),
    Property("PC-27", "only a robot that has told its place is homed", homing, located),
    rules.patience("PC-28", TIMES),
]  # fmt: skip
