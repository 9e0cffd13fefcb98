"""A pneumatic cylinder: dead time of its valve, then constant speed; end switches and stop by zone."""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.draw import ns
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.memory import before_segment
from plc_sim.kernel.ramp import StopRow
from plc_sim.kernel.schedule import poke, schedule
from plc_sim.kernel.signals import drive, seen
from plc_sim.kernel.stroke import CylinderRow, Zone, piston_position


@kernel
def _boundary(F: Reals, o: int, boundary: int) -> float:
    """Share of the stroke at boundary 0 (retracted) to 4 (extended); zone z lies between z and z + 1."""
    if boundary == 0:
        return 0.0
    if boundary == 1:
        return F[o + CylinderRow.TOLERANCE]
    if boundary == 2:
        return 0.5
    if boundary == 3:
        return 1.0 - F[o + CylinderRow.TOLERANCE]
    return 1.0


@kernel
def _set_motion(I: Words, F: Reals, o: int, t: int, rate: float) -> None:
    if I[o + CylinderRow.MAPPED]:
        before_segment(I, F, t)
    F[o + CylinderRow.P0] = piston_position(I, F, o, t)
    I[o + CylinderRow.T0] = t
    F[o + CylinderRow.RATE] = rate


@kernel
def _rate(I: Words, o: int) -> float:
    command = I[o + CylinderRow.COMMAND]
    if command > 0:
        return 1e9 / I[o + CylinderRow.EXTEND_TIME]
    if command < 0:
        return -1e9 / I[o + CylinderRow.RETRACT_TIME]
    return 0.0


@kernel
def _plan_edge(I: Words, F: Reals, o: int) -> None:
    rate = F[o + CylinderRow.RATE]
    zone = I[o + CylinderRow.ZONE]
    boundary = zone + 1 if rate > 0.0 else zone
    d = _boundary(F, o, boundary) - F[o + CylinderRow.P0]
    I[o + CylinderRow.EDGE_AT] = NEVER if rate == 0.0 else I[o + CylinderRow.T0] + max(ns(d / rate), 0)


@kernel
def _cross(I: Words, F: Reals, o: int, t: int) -> None:
    out = F[o + CylinderRow.RATE] > 0.0
    zone = I[o + CylinderRow.ZONE]
    if (out and zone == Zone.EXTENDED) or (not out and zone == Zone.RETRACTED):
        _set_motion(I, F, o, t, 0.0)
        F[o + CylinderRow.P0] = 1.0 if out else 0.0
        return
    zone += 1 if out else -1
    I[o + CylinderRow.ZONE] = zone
    drive(I, I[o + CylinderRow.RETRACTED], 1 if zone == Zone.RETRACTED else 0, t)
    drive(I, I[o + CylinderRow.EXTENDED], 1 if zone == Zone.EXTENDED else 0, t)
    if I[o + CylinderRow.BELT] >= 0:
        blocking = 1 if zone >= Zone.UPPER else 0
        stop = I[o + CylinderRow.STOP]
        if blocking != I[stop + StopRow.BLOCKING]:
            I[stop + StopRow.BLOCKING] = blocking
            poke(I, I[o + CylinderRow.BELT], t)


@kernel
def cylinder_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """A coil changed, the valve has switched, or the piston left a zone or reached an end."""
    if t >= I[o + CylinderRow.EDGE_AT]:
        _cross(I, F, o, t)
        _plan_edge(I, F, o)
    if t >= I[o + CylinderRow.VALVE_AT]:
        I[o + CylinderRow.VALVE_AT] = NEVER
        _set_motion(I, F, o, t, _rate(I, o))
        _plan_edge(I, F, o)
    command = seen(I, I[o + CylinderRow.EXTEND]) - seen(I, I[o + CylinderRow.RETRACT])
    if command != I[o + CylinderRow.COMMAND]:
        I[o + CylinderRow.COMMAND] = command
        I[o + CylinderRow.VALVE_AT] = t + I[o + CylinderRow.DEAD_TIME]
    schedule(I, c, min(I[o + CylinderRow.EDGE_AT], I[o + CylinderRow.VALVE_AT]))
