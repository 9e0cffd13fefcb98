"""A dispenser: a valve from which a material falls onto a scale at a constant rate."""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.header import NEVER, Header
from plc_sim.kernel.row import Row, component, duration, real, signal, state, whole
from plc_sim.kernel.scale import pour
from plc_sim.kernel.schedule import poke, row_of, schedule
from plc_sim.kernel.signals import drive, seen


class DispenserRow(Row, kind=38):
    """A valve over a scale."""

    OPEN = signal("opens the valve")
    FLOWING = signal("material comes onto the scale")
    SCALE = component("the scale below")
    FLOW = real("rate while it is open", "kg/s", low=0.0, live=True)
    OPEN_TIME = duration("from OPEN until material comes onto the scale", live=True)
    CLOSE_TIME = duration("from its end until none comes any more", live=True)
    PNEUMATIC = whole("1: its rate is proportional to the air's pressure", low=0, high=1)
    COMMAND = state("as seen")
    IS_OPEN = state("material comes")
    DUE = state("when that follows the command", "ns", initial=NEVER)
    DOSES = state("times it was opened", counted=True)


@kernel
def dispenser_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """The command changed, the material follows it, or its rate changed."""
    if t >= I[o + DispenserRow.DUE]:
        I[o + DispenserRow.DUE] = NEVER
        I[o + DispenserRow.IS_OPEN] = I[o + DispenserRow.COMMAND]
        I[o + DispenserRow.DOSES] += I[o + DispenserRow.IS_OPEN]
        drive(I, I[o + DispenserRow.FLOWING], I[o + DispenserRow.IS_OPEN], t)
    flow = F[o + DispenserRow.FLOW] if I[o + DispenserRow.IS_OPEN] else 0.0
    if I[o + DispenserRow.PNEUMATIC]:
        flow = flow * F[Header.AIR]
    scale = I[o + DispenserRow.SCALE]
    pour(I, F, row_of(I, scale), flow, t)
    poke(I, scale, t)
    command = seen(I, I[o + DispenserRow.OPEN])
    if command != I[o + DispenserRow.COMMAND]:
        I[o + DispenserRow.COMMAND] = command
        I[o + DispenserRow.DUE] = NEVER
        if command != I[o + DispenserRow.IS_OPEN]:
            time = I[o + DispenserRow.OPEN_TIME] if command else I[o + DispenserRow.CLOSE_TIME]
            I[o + DispenserRow.DUE] = t + time
    schedule(I, c, I[o + DispenserRow.DUE])
