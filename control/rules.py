"""Rules that hold in every cell, ready to be watched under a cell's own requirement id.

Each function makes a `Property`; its text can be given where the cell's requirement says it in other words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from control.cell import Cell
from control.packml import Command, State
from control.property import Property
from control.sequence import Sequence

Times = Mapping[str, tuple[float, float]]
"""By step: how long it lasts at least before the cell gives it up, and the longest it may last before
somebody is told, in s. Steps that wait for the outside are left out.
"""

AT_REST = frozenset({State.STOPPED, State.IDLE, State.HELD, State.ABORTED, State.COMPLETED})
"""The states in which a cell waits for a person."""


def never(cell: Cell) -> bool:
    """For a condition that must end in its time."""
    return False


def aborted(cell: Cell) -> bool:
    """The cell has aborted, or is about to."""
    return cell.state in (State.ABORTING, State.ABORTED)


CONNECTION = tuple(
    f"s7_{name}"
    for name in (
        *("latency", "jitter", "lost", "wrong_number", "item_error"),
        *("half_open", "split", "merge", "pdu", "slots"),
    )
)
"""What may make a link slow that works."""


def waiting(cell: Cell, plant: Any) -> str:
    """How the cell reaches its PLC while it waits for a person: "link" as fast as ever, or "no link"; empty
    if it does not wait.
    """
    good = all(view.block.good for port in cell.ports for view in port.inputs)
    good = good and not plant.happened(*CONNECTION)
    return ("link" if good else "no link") if cell.state in AT_REST else ""


def tripped(cell: Cell, plant: Any) -> bool:
    """The PLC has tripped."""
    return plant.plc.tripped


def lost(cell: Cell) -> str:
    """What the cell has lost of its blocks and devices, by name; empty if nothing."""
    for port in cell.ports:
        for view in port.inputs:
            if not view.block.good:
                return view.slot.name
    return next((name for name, device in cell.devices.items() if not device.good), "")


def lost_link(requirement: str, text: str = "a lost link aborts the cell") -> Property:
    """A block that is not good, or a device that is not heard, aborts."""
    return Property(requirement, text, lost, aborted)


def alarmed(cell: Cell) -> bool:
    """Something has gone wrong."""
    return bool(cell.alarms) or aborted(cell)


def cause_named(cell: Cell) -> bool:
    """There is an alarm, and each says what and where."""
    return bool(cell.alarms) and all(":" in alarm.text and len(alarm.text) > 12 for alarm in cell.alarms)


def named_alarms(requirement: str, text: str = "every alarm names its cause") -> Property:
    """No abort without an alarm, no alarm without words."""
    return Property(requirement, text, alarmed, cause_named)


def undisturbed(cell: Cell, plant: Any) -> bool:
    """Nothing was done to the cell."""
    return not plant.happened()


def no_alarm(cell: Cell, plant: Any) -> bool:
    """No alarm but what somebody asked for."""
    return all("asked from outside" in alarm.text for alarm in cell.alarms)


def quiet_without_fault(requirement: str, text: str = "without a fault there is no alarm") -> Property:
    """An undisturbed cell raises no alarm."""
    return Property(requirement, text, undisturbed, no_alarm)


def returning(cell: Cell, plant: Any) -> bool:
    """The search's operator brings the cell back."""
    return plant.happened("return") > 0


def idle(cell: Cell, plant: Any) -> bool:
    """The cell is ready to start."""
    return cell.state is State.IDLE


def way_back(
    requirement: str, text: str = "the operator's table leads to IDLE from every reached state"
) -> Property:
    """Within a minute once no fault lasts."""
    return Property(requirement, text, returning, idle, 60.0)


def step_of(sequence: type[Sequence[Any]], state: State, times: Times) -> Callable[[Cell], str]:
    """The step of a sequence while the state it runs in lasts, if it has to end by itself."""

    def step(cell: Cell) -> str:
        name = cell[sequence].step if cell.state is state else ""
        return name if name in times else ""

    return step


def steps_in_time(requirement: str, sequence: type[Sequence[Any]], state: State, times: Times) -> Property:
    """Every step of a sequence ends, or somebody is told."""
    text = f"every step of {sequence.name} ends, or is reported, in its time"
    longest = {step: most for step, (_, most) in times.items()}
    return Property(requirement, text, step_of(sequence, state, times), never, longest)


def given_up(cell: Cell) -> str:
    """What aborts the cell in this scan because a step takes too long."""
    causes = (cause for command, cause in cell.demands if command is Command.ABORT)
    return next((cause for cause in causes if ": waiting for " in cause), "")


def patience(
    requirement: str,
    times: Mapping[type[Sequence[Any]], Times],
    text: str = "no step is given up before its time",
) -> Property:
    """No step is given up before the shortest time that it is granted."""

    def had_its_time(cell: Cell) -> bool:
        name, step = given_up(cell).partition(":")[0].split()
        sequence = next(kind for kind in times if kind.name == name)
        return cell[sequence].in_step(times[sequence][step][0])

    return Property(requirement, text, given_up, had_its_time)
