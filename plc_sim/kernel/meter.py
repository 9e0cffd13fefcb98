"""When a sensor of an analogue value takes over its parameters: what was read before was as it was."""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.memory import before_segment
from plc_sim.kernel.meter_row import MeterRow, meter_change
from plc_sim.kernel.schedule import schedule


@kernel
def meter_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """A parameter was changed."""
    if I[o + MeterRow.MAPPED]:
        before_segment(I, F, t)
    meter_change(I, F, o, t)
    schedule(I, c, NEVER)
