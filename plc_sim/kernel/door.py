"""A guard door or light curtain with two channels, the second following the first by a drawn time."""

from __future__ import annotations

from plc_sim.kernel.compilation import Words, kernel
from plc_sim.kernel.draw import u01
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.row import Row, duration, signal, state, whole
from plc_sim.kernel.schedule import schedule
from plc_sim.kernel.signals import drive, seen


class DoorRow(Row, kind=5):
    """A guard with two channels."""

    OPEN = signal("somebody holds it open or stands in it")
    CHANNEL_1 = signal("closed or free, first channel")
    CHANNEL_2 = signal("closed or free, second channel")
    OFF_TIME = duration("from opening to the first channel", live=True)
    ON_TIME = duration("from closing to the first channel", live=True)
    DISCREPANCY = duration("longest time from the first channel to the second", live=True)
    KEY = whole("key of its draws")
    OPENED = state("OPEN as seen")
    IS_OPEN = state("as the first channel says")
    MOVES = state("times it was opened or closed")
    FIRST_AT = state("when the first channel follows", "ns", initial=NEVER)
    SECOND_AT = state("when the second channel follows", "ns", initial=NEVER)


@kernel
def door_step(I: Words, c: int, o: int, t: int) -> None:
    """It was opened or closed, or a channel follows. What does not outlast the first channel's time is not
    seen.
    """
    opened = seen(I, I[o + DoorRow.OPEN])
    if opened != I[o + DoorRow.OPENED]:
        I[o + DoorRow.OPENED] = opened
        time = I[o + DoorRow.OFF_TIME] if opened else I[o + DoorRow.ON_TIME]
        I[o + DoorRow.FIRST_AT] = t + time if opened != I[o + DoorRow.IS_OPEN] else NEVER
    if t >= I[o + DoorRow.FIRST_AT]:
        I[o + DoorRow.FIRST_AT] = NEVER
        I[o + DoorRow.IS_OPEN] = opened
        I[o + DoorRow.MOVES] += 1
        drive(I, I[o + DoorRow.CHANNEL_1], 1 - opened, t)
        share = u01(I[o + DoorRow.KEY], I[o + DoorRow.MOVES])
        I[o + DoorRow.SECOND_AT] = t + int(share * I[o + DoorRow.DISCREPANCY])
    if t >= I[o + DoorRow.SECOND_AT]:
        I[o + DoorRow.SECOND_AT] = NEVER
        drive(I, I[o + DoorRow.CHANNEL_2], 1 - I[o + DoorRow.IS_OPEN], t)
    schedule(I, c, min(I[o + DoorRow.FIRST_AT], I[o + DoorRow.SECOND_AT]))
