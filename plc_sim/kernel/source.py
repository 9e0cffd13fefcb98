"""Analogue values of components: closed forms of time, evaluated when somebody reads them.

A value is named by its component's number and its place in the order of declaration.
"""

from __future__ import annotations

from plc_sim.kernel.axis_row import AxisRow, Task, axis_value
from plc_sim.kernel.belt_row import BeltRow, belt_speed
from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.cylinder_row import CylinderRow, piston_position
from plc_sim.kernel.ode_row import OdeRow, state_at
from plc_sim.kernel.scale_row import ScaleRow, weight_at
from plc_sim.kernel.schedule import kind_of, row_of
from plc_sim.kernel.vacuum_row import VacuumRow, pressure_at


@kernel
def plain_value(I: Words, F: Reals, c: int, value: int, t: int) -> float:
    """The value of component `c`, which measures nothing else, at `t` (ns), in its own unit."""
    o = row_of(I, c)
    kind = kind_of(I, c)
    if kind == BeltRow.KIND:
        return belt_speed(I, F, o, t)
    if kind == CylinderRow.KIND:
        return piston_position(I, F, o, t)
    if kind == AxisRow.KIND:
        return axis_value(I, F, o, value, t)
    if kind == ScaleRow.KIND:
        return weight_at(I, F, o, t)
    if kind == OdeRow.KIND:
        return state_at(I, F, c, o, value, t)
    return pressure_at(I, F, o, t)


@kernel
def plain_moves(I: Words, F: Reals, c: int) -> bool:
    """Whether that value is changing."""
    o = row_of(I, c)
    kind = kind_of(I, c)
    if kind == BeltRow.KIND:
        return F[o + BeltRow.RATE] != 0.0
    if kind == CylinderRow.KIND:
        return F[o + CylinderRow.RATE] != 0.0
    if kind == AxisRow.KIND:
        return I[o + AxisRow.TASK] != Task.REST
    if kind == ScaleRow.KIND:
        return I[o + ScaleRow.SETTLED] == 0
    if kind == OdeRow.KIND:
        return I[o + OdeRow.RESTS] == 0
    return F[o + VacuumRow.START] != F[o + VacuumRow.TARGET]
