"""Analogue values of components: closed forms of time, evaluated when somebody reads them."""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.plc_rows import AnalogueRow
from plc_sim.kernel.ramp import BeltRow, belt_speed
from plc_sim.kernel.schedule import row_of
from plc_sim.kernel.stroke import CylinderRow, piston_position
from plc_sim.kernel.suction import VacuumRow, pressure_at


@kernel
def source_value(I: Words, F: Reals, a: int, t: int) -> float:
    """The analogue value behind the row at offset `a` at `t` (ns), in its own unit."""
    o = row_of(I, I[a + AnalogueRow.SOURCE])
    kind = I[a + AnalogueRow.SOURCE_TYPE]
    if kind == BeltRow.KIND:
        return belt_speed(I, F, o, t)
    if kind == CylinderRow.KIND:
        return piston_position(I, F, o, t)
    return pressure_at(I, F, o, t)


@kernel
def source_moves(I: Words, F: Reals, a: int) -> bool:
    """Whether that value is changing."""
    o = row_of(I, I[a + AnalogueRow.SOURCE])
    kind = I[a + AnalogueRow.SOURCE_TYPE]
    if kind == BeltRow.KIND:
        return F[o + BeltRow.RATE] != 0.0
    if kind == CylinderRow.KIND:
        return F[o + CylinderRow.RATE] != 0.0
    return F[o + VacuumRow.START] != F[o + VacuumRow.TARGET]
