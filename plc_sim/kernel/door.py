"""A guard door with two channels, the second following the first by a drawn time."""

from __future__ import annotations

from plc_sim.kernel.compilation import Words, kernel
from plc_sim.kernel.draw import u01
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.row import Row, duration, signal, state, whole
from plc_sim.kernel.schedule import schedule
from plc_sim.kernel.signals import drive, seen


class DoorRow(Row, kind=5):
    """A guard door."""

    OPEN = signal("somebody holds it open")
    CHANNEL_1 = signal("closed, first switch")
    CHANNEL_2 = signal("closed, second switch")
    DISCREPANCY = duration("longest time from the first switch to the second", live=True)
    KEY = whole("key of its draws")
    IS_OPEN = state("as the first switch says")
    MOVES = state("times it was opened or closed")
    SECOND_AT = state("when the second switch follows", "ns", initial=NEVER)


@kernel
def door_step(I: Words, c: int, o: int, t: int) -> None:
    """The door was moved, or its second switch follows."""
    if seen(I, I[o + DoorRow.OPEN]) != I[o + DoorRow.IS_OPEN]:
        I[o + DoorRow.IS_OPEN] = seen(I, I[o + DoorRow.OPEN])
        I[o + DoorRow.MOVES] += 1
        drive(I, I[o + DoorRow.CHANNEL_1], 1 - I[o + DoorRow.IS_OPEN], t)
        share = u01(I[o + DoorRow.KEY], I[o + DoorRow.MOVES])
        I[o + DoorRow.SECOND_AT] = t + int(share * I[o + DoorRow.DISCREPANCY])
    if t >= I[o + DoorRow.SECOND_AT]:
        I[o + DoorRow.SECOND_AT] = NEVER
        drive(I, I[o + DoorRow.CHANNEL_2], 1 - I[o + DoorRow.IS_OPEN], t)
    schedule(I, c, I[o + DoorRow.SECOND_AT])
