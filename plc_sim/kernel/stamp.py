"""A stamp: a press that does an operation on the part in a slot."""

from __future__ import annotations

from plc_sim.kernel.compilation import Words, kernel
from plc_sim.kernel.cylinder_row import CylinderRow, Zone
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.part import OPERATIONS, with_operation
from plc_sim.kernel.row import Row, component, duration, signal, state, whole
from plc_sim.kernel.schedule import row_of, schedule
from plc_sim.kernel.signals import drive
from plc_sim.kernel.slot import SlotRow


class StampRow(Row, kind=32):
    """A press over a slot."""

    STAMPED = signal("the part under it has had the operation")
    PRESS = component("the cylinder that presses while extended")
    SLOT = component("the slot below")
    TIME = duration("for which it must press", live=True)
    OPERATION = whole("which operation it does", low=0, high=OPERATIONS - 1)
    PRESSES = state("it presses a part")
    DUE = state("when the operation is done", "ns", initial=NEVER)
    DONE = state("parts that have had the operation here", counted=True)


@kernel
def stamp_step(I: Words, c: int, o: int, t: int) -> None:
    """The press entered another zone, a part came or went, or the operation is done."""
    slot = row_of(I, I[o + StampRow.SLOT])
    part = I[slot + SlotRow.PART]
    extended = I[row_of(I, I[o + StampRow.PRESS]) + CylinderRow.ZONE] == Zone.EXTENDED
    if t >= I[o + StampRow.DUE]:
        I[o + StampRow.DUE] = NEVER
        stamped = with_operation(part, I[o + StampRow.OPERATION])
        I[o + StampRow.DONE] += 1 if stamped != part else 0
        I[slot + SlotRow.PART] = stamped
        drive(I, I[o + StampRow.STAMPED], 1, t)
    presses = 1 if extended and part != 0 else 0
    if presses != I[o + StampRow.PRESSES]:
        I[o + StampRow.PRESSES] = presses
        I[o + StampRow.DUE] = t + I[o + StampRow.TIME] if presses else NEVER
    if part == 0:
        drive(I, I[o + StampRow.STAMPED], 0, t)
    schedule(I, c, I[o + StampRow.DUE])
