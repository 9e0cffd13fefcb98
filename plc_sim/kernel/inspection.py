"""An inspection: tells whether the part at a pick point is good."""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.part import is_good
from plc_sim.kernel.place import part_in
from plc_sim.kernel.row import Row, component, duration, signal, state
from plc_sim.kernel.schedule import schedule
from plc_sim.kernel.signals import drive, seen


class InspectionRow(Row, kind=9):
    """A camera over a pick point."""

    START = signal("inspects; its falling edge takes the result back")
    READY = signal("the result is there")
    GOOD = signal("a part lies there and is good")
    POINT = component("the place it looks at")
    TIME = duration("from START to READY", live=True)
    STARTED = state("START as seen")
    DUE = state("when the result is there", "ns", initial=NEVER)
    DONE = state("inspections", counted=True)


@kernel
def inspection_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """START changed, or the result is due."""
    if t >= I[o + InspectionRow.DUE]:
        I[o + InspectionRow.DUE] = NEVER
        I[o + InspectionRow.DONE] += 1
        drive(I, I[o + InspectionRow.GOOD], is_good(part_in(I, F, I[o + InspectionRow.POINT], t)), t)
        drive(I, I[o + InspectionRow.READY], 1, t)
    start = seen(I, I[o + InspectionRow.START])
    if start != I[o + InspectionRow.STARTED]:
        I[o + InspectionRow.STARTED] = start
        I[o + InspectionRow.DUE] = t + I[o + InspectionRow.TIME] if start else NEVER
        if start == 0:
            drive(I, I[o + InspectionRow.READY], 0, t)
            drive(I, I[o + InspectionRow.GOOD], 0, t)
    schedule(I, c, I[o + InspectionRow.DUE])
