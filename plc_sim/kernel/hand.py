"""A hand on an arm: it grips a part that rests at the tool centre point, and leaves it there."""

from __future__ import annotations

from plc_sim.kernel.carrier import grip_at, leave_at
from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.row import Row, component, duration, real, rows, signal, state, whole
from plc_sim.kernel.schedule import schedule
from plc_sim.kernel.signals import drive, seen


class HandRow(Row, kind=8):
    """A hand with two fingers."""

    CLOSE = signal("high: closes, low: opens")
    CLOSED = signal("the fingers are closed")
    PART_PRESENT = signal("a part is held")
    ARM = component("the arm that carries it")
    CLOSE_TIME = duration("from command to closed", live=True)
    OPEN_TIME = duration("from command to open", live=True)
    TOLERANCE = real("by which the tool centre point may lie beside a place", "m", above=0.0)
    PLACES = rows("numbers of the places it serves")
    PLACE_COUNT = whole("how many")
    COMMAND = state("as seen")
    IS_CLOSED = state("the fingers are closed")
    DUE = state("when the fingers have followed", "ns", initial=NEVER)
    PART = state("the part held, or 0")
    HOLDS = state("parts held", counted=True)
    DROPPED = state("parts left where no place is", counted=True)


@kernel
def _grip(I: Words, F: Reals, o: int, t: int) -> None:
    arm = I[o + HandRow.ARM]
    for k in range(I[o + HandRow.PLACES], I[o + HandRow.PLACES] + I[o + HandRow.PLACE_COUNT]):
        if I[o + HandRow.PART] == 0:
            I[o + HandRow.PART] = grip_at(I, F, arm, I[k], F[o + HandRow.TOLERANCE], t)
    if I[o + HandRow.PART] != 0:
        I[o + HandRow.HOLDS] = 1
        drive(I, I[o + HandRow.PART_PRESENT], 1, t)


@kernel
def _release(I: Words, F: Reals, o: int, t: int) -> None:
    part = I[o + HandRow.PART]
    if part == 0:
        return
    left = False
    for k in range(I[o + HandRow.PLACES], I[o + HandRow.PLACES] + I[o + HandRow.PLACE_COUNT]):
        if not left:
            left = leave_at(I, F, I[o + HandRow.ARM], I[k], part, F[o + HandRow.TOLERANCE], t)
    if not left:
        I[o + HandRow.DROPPED] += 1
    I[o + HandRow.PART] = 0
    I[o + HandRow.HOLDS] = 0
    drive(I, I[o + HandRow.PART_PRESENT], 0, t)


@kernel
def hand_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """The command changed, or the fingers have followed it."""
    command = seen(I, I[o + HandRow.CLOSE])
    if t >= I[o + HandRow.DUE]:
        I[o + HandRow.DUE] = NEVER
        I[o + HandRow.IS_CLOSED] = I[o + HandRow.COMMAND]
        drive(I, I[o + HandRow.CLOSED], I[o + HandRow.IS_CLOSED], t)
        if I[o + HandRow.IS_CLOSED]:
            _grip(I, F, o, t)
        else:
            _release(I, F, o, t)
    if command != I[o + HandRow.COMMAND]:
        I[o + HandRow.COMMAND] = command
        I[o + HandRow.DUE] = NEVER
        if command != I[o + HandRow.IS_CLOSED]:
            I[o + HandRow.DUE] = t + (I[o + HandRow.CLOSE_TIME] if command else I[o + HandRow.OPEN_TIME])
    schedule(I, c, I[o + HandRow.DUE])
