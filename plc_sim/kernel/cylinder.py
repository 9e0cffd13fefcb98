"""A pneumatic cylinder: dead time of its valve, then constant speed, slower where it is cushioned; end
switches and stop by zone.
"""

from __future__ import annotations

from plc_sim.kernel.belt_row import StopRow
from plc_sim.kernel.buffer import tell
from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.cylinder_row import CylinderRow, Edge, Zone, piston_position
from plc_sim.kernel.draw import ns
from plc_sim.kernel.header import NEVER, Header
from plc_sim.kernel.memory import before_segment
from plc_sim.kernel.schedule import poke, schedule
from plc_sim.kernel.signals import drive, seen

SLIGHT = 1e-9
"""Share of the stroke that is rounding; a piston further out than its reach was there before."""


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
    if rate != 0.0:
        I[o + CylinderRow.RESTS] = 0


@kernel
def _stuck(I: Words, o: int) -> bool:
    life = I[o + CylinderRow.LIFE]
    return I[o + CylinderRow.JAMMED] != 0 or (life > 0 and I[o + CylinderRow.STROKES] >= life)


@kernel
def _rate(I: Words, F: Reals, o: int) -> float:
    """Strokes per second, as valve, stops, air, wear and cushion have it."""
    follows = I[o + CylinderRow.FOLLOWED]
    if follows == I[o + CylinderRow.RESTS] or follows == 0 or _stuck(I, o):
        return 0.0
    rate = 1e9 / I[o + CylinderRow.EXTEND_TIME] if follows > 0 else -1e9 / I[o + CylinderRow.RETRACT_TIME]
    if F[o + CylinderRow.WEAR] > 0.0:
        rate = rate / (1.0 + F[o + CylinderRow.WEAR] * I[o + CylinderRow.STROKES])
    if I[o + CylinderRow.SLOWED]:
        rate = rate * F[o + CylinderRow.CUSHION_SPEED]
    if follows > 0 or I[o + CylinderRow.SPRING] == 0:
        rate = rate * F[Header.AIR]
    return rate


@kernel
def _follow(I: Words, F: Reals, o: int, t: int) -> None:
    """Move as everything has it now."""
    if I[o + CylinderRow.RESTS] > 0 and F[o + CylinderRow.P0] < F[o + CylinderRow.REACH]:
        I[o + CylinderRow.RESTS] = 0
    rate = _rate(I, F, o)
    if rate != F[o + CylinderRow.RATE]:
        _set_motion(I, F, o, t, rate)


@kernel
def _plan_edge(I: Words, F: Reals, o: int, t: int) -> None:
    """Find what the piston comes to next: the end of its zone, the cushioned part or its stop."""
    rate = F[o + CylinderRow.RATE]
    if rate == 0.0:
        I[o + CylinderRow.EDGE_AT] = NEVER
        return
    out = rate > 0.0
    zone = I[o + CylinderRow.ZONE]
    stop = F[o + CylinderRow.REACH] if out else 0.0
    edge = Edge.STOP
    at = stop
    if zone != (Zone.EXTENDED if out else Zone.RETRACTED):
        boundary = _boundary(F, o, zone + 1 if out else zone)
        if boundary <= stop if out else boundary >= stop:
            edge = Edge.ZONE
            at = boundary
    if F[o + CylinderRow.CUSHION] > 0.0 and I[o + CylinderRow.SLOWED] == 0:
        cushion = 1.0 - F[o + CylinderRow.CUSHION] if out else F[o + CylinderRow.CUSHION]
        if cushion < at if out else cushion > at:
            edge = Edge.CUSHION
            at = cushion
    d = at - F[o + CylinderRow.P0]
    I[o + CylinderRow.EDGE] = edge
    I[o + CylinderRow.EDGE_AT] = max(I[o + CylinderRow.T0] + ns(d / rate), t)


@kernel
def _cross(I: Words, F: Reals, o: int, t: int) -> None:
    out = F[o + CylinderRow.RATE] > 0.0
    edge = I[o + CylinderRow.EDGE]
    if edge == Edge.STOP:
        _set_motion(I, F, o, t, 0.0)
        at = F[o + CylinderRow.REACH] if out else 0.0
        if not out or F[o + CylinderRow.P0] < at + SLIGHT:
            F[o + CylinderRow.P0] = at
        I[o + CylinderRow.RESTS] = 1 if out else -1
        if not out or F[o + CylinderRow.REACH] >= 1.0:
            I[o + CylinderRow.STROKES] += 1
    elif edge == Edge.CUSHION:
        I[o + CylinderRow.SLOWED] = 1
        _set_motion(I, F, o, t, _rate(I, F, o))
        F[o + CylinderRow.P0] = 1.0 - F[o + CylinderRow.CUSHION] if out else F[o + CylinderRow.CUSHION]
    else:
        _enter_zone(I, o, I[o + CylinderRow.ZONE] + (1 if out else -1), t)


@kernel
def _enter_zone(I: Words, o: int, zone: int, t: int) -> None:
    I[o + CylinderRow.ZONE] = zone
    drive(I, I[o + CylinderRow.RETRACTED], 1 if zone == Zone.RETRACTED else 0, t)
    drive(I, I[o + CylinderRow.EXTENDED], 1 if zone == Zone.EXTENDED else 0, t)
    if I[o + CylinderRow.BELT] >= 0:
        blocking = 1 if zone >= Zone.UPPER else 0
        stop = I[o + CylinderRow.STOP]
        if blocking != I[stop + StopRow.BLOCKING]:
            I[stop + StopRow.BLOCKING] = blocking
            poke(I, I[o + CylinderRow.BELT], t)
    tell(I, I[o + CylinderRow.WAITERS], I[o + CylinderRow.WAITER_COUNT], t)


@kernel
def _switch(I: Words, F: Reals, o: int, t: int) -> None:
    """The valve follows its coils."""
    I[o + CylinderRow.VALVE_AT] = NEVER
    I[o + CylinderRow.FOLLOWED] = I[o + CylinderRow.COMMAND]
    p = piston_position(I, F, o, t)
    c = F[o + CylinderRow.CUSHION]
    cushioned = p >= 1.0 - c if I[o + CylinderRow.COMMAND] > 0 else p <= c
    I[o + CylinderRow.SLOWED] = 1 if c > 0.0 and cushioned else 0
    _set_motion(I, F, o, t, _rate(I, F, o))


@kernel
def _commanded(I: Words, o: int) -> int:
    out = seen(I, I[o + CylinderRow.EXTEND])
    if I[o + CylinderRow.SPRING]:
        return 1 if out else -1
    return out - seen(I, I[o + CylinderRow.RETRACT])


@kernel
def cylinder_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """A coil changed, the valve has switched, the piston came to something, or a fault or the air changed."""
    if t >= I[o + CylinderRow.EDGE_AT]:
        _cross(I, F, o, t)
    if t >= I[o + CylinderRow.VALVE_AT]:
        _switch(I, F, o, t)
    else:
        _follow(I, F, o, t)
    _plan_edge(I, F, o, t)
    command = _commanded(I, o)
    if command != I[o + CylinderRow.COMMAND]:
        I[o + CylinderRow.COMMAND] = command
        I[o + CylinderRow.VALVE_AT] = t + I[o + CylinderRow.DEAD_TIME]
    schedule(I, c, min(I[o + CylinderRow.EDGE_AT], I[o + CylinderRow.VALVE_AT]))
