"""A vacuum gripper: pressure by first order towards what pump, leak and the sealing of a part allow."""

from __future__ import annotations

from plc_sim.kernel.carrier import grip_at, leave_at, reaches
from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.decay import crossing
from plc_sim.kernel.header import NEVER, Header
from plc_sim.kernel.memory import before_segment
from plc_sim.kernel.part import is_skewed
from plc_sim.kernel.place import part_in
from plc_sim.kernel.schedule import schedule
from plc_sim.kernel.signals import drive, seen
from plc_sim.kernel.vacuum_row import AMBIENT, CATALOGUE, VacuumRow, pressure_at


@kernel
def _place(I: Words, F: Reals, o: int, t: int) -> int:
    """The place with a part that the gripper is at, or -1."""
    first = I[o + VacuumRow.PLACES]
    for k in range(first, first + I[o + VacuumRow.PLACE_COUNT]):
        part = part_in(I, F, I[k], t)
        if part != 0 and is_skewed(part) == 0:
            if reaches(I, F, I[o + VacuumRow.CARRIER], I[k], F[o + VacuumRow.TOLERANCE], t):
                return I[k]
    return -1


@kernel
def _follow(I: Words, F: Reals, o: int, t: int) -> None:
    """Approach what valves, leak, air and seal have it approach now."""
    lowest = F[o + VacuumRow.FLOOR] if I[o + VacuumRow.SEALED] else F[o + VacuumRow.OPEN]
    share = (1.0 - F[o + VacuumRow.LEAK]) * F[Header.AIR]
    target = AMBIENT
    constant = I[o + VacuumRow.KEEP_TIME]
    if seen(I, I[o + VacuumRow.BLOW]):
        constant = I[o + VacuumRow.VENT_TIME]
    elif I[o + VacuumRow.SUCKS]:
        target = AMBIENT - (AMBIENT - lowest) * share
        constant = int(CATALOGUE * F[o + VacuumRow.VOLUME] / F[o + VacuumRow.FLOW] * 1e9)
    if target != F[o + VacuumRow.TARGET] or constant != I[o + VacuumRow.CONSTANT]:
        if I[o + VacuumRow.MAPPED]:
            before_segment(I, F, t)
        _restart(I, F, o, pressure_at(I, F, o, t), t)
        F[o + VacuumRow.TARGET] = target
        I[o + VacuumRow.CONSTANT] = constant
    _plan_edge(I, F, o)


@kernel
def _switch(I: Words, o: int) -> None:
    """Set the valve by its coils."""
    suck = seen(I, I[o + VacuumRow.SUCK])
    if suck or I[o + VacuumRow.BISTABLE] == 0:
        I[o + VacuumRow.SUCKS] = suck
    if seen(I, I[o + VacuumRow.BLOW]):
        I[o + VacuumRow.SUCKS] = 0


@kernel
def _restart(I: Words, F: Reals, o: int, pressure: float, t: int) -> None:
    F[o + VacuumRow.START] = pressure
    I[o + VacuumRow.SINCE] = t


@kernel
def _plan_edge(I: Words, F: Reals, o: int) -> None:
    level = F[o + VacuumRow.OFF] if I[o + VacuumRow.IS_ON] else F[o + VacuumRow.ON]
    target = F[o + VacuumRow.TARGET]
    I[o + VacuumRow.EDGE_AT] = NEVER
    if target > level if I[o + VacuumRow.IS_ON] else target < level:
        since, constant = I[o + VacuumRow.SINCE], I[o + VacuumRow.CONSTANT]
        I[o + VacuumRow.EDGE_AT] = crossing(F[o + VacuumRow.START], target, since, constant, level)


@kernel
def _cross(I: Words, F: Reals, o: int, t: int) -> None:
    on = 1 - I[o + VacuumRow.IS_ON]
    _restart(I, F, o, F[o + VacuumRow.ON] if on else F[o + VacuumRow.OFF], t)
    I[o + VacuumRow.IS_ON] = on
    drive(I, I[o + VacuumRow.VACUUM], on, t)
    if on == 0:
        _let_go(I, F, o, t)
    elif I[o + VacuumRow.PART] == 0:
        _take(I, F, o, t)


@kernel
def _take(I: Words, F: Reals, o: int, t: int) -> None:
    place = _place(I, F, o, t)
    if place >= 0:
        carrier = I[o + VacuumRow.CARRIER]
        _hold(I, o, grip_at(I, F, carrier, place, F[o + VacuumRow.TOLERANCE], t), t)


@kernel
def _hold(I: Words, o: int, part: int, t: int) -> None:
    I[o + VacuumRow.PART] = part
    I[o + VacuumRow.HOLDS] = 1 if part != 0 else 0
    drive(I, I[o + VacuumRow.HOLDING], I[o + VacuumRow.HOLDS], t)


@kernel
def _let_go(I: Words, F: Reals, o: int, t: int) -> None:
    """Leave the part at a place that takes it, or let it fall."""
    part = I[o + VacuumRow.PART]
    if part == 0:
        return
    first = I[o + VacuumRow.PLACES]
    left = False
    for k in range(first, first + I[o + VacuumRow.PLACE_COUNT]):
        if not left:
            left = leave_at(I, F, I[o + VacuumRow.CARRIER], I[k], part, F[o + VacuumRow.TOLERANCE], t)
    if not left:
        I[o + VacuumRow.DROPPED] += 1
    _hold(I, o, 0, t)


@kernel
def vacuum_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """A valve or the switch changed, the carrier came to or left a place, or a part came or went there."""
    if t >= I[o + VacuumRow.EDGE_AT]:
        _cross(I, F, o, t)
    if I[o + VacuumRow.DROP] and I[o + VacuumRow.PART] != 0:
        _let_go(I, F, o, t)
    _switch(I, o)
    held = I[o + VacuumRow.PART] != 0
    I[o + VacuumRow.SEALED] = 1 if I[o + VacuumRow.DROP] == 0 and (held or _place(I, F, o, t) >= 0) else 0
    _follow(I, F, o, t)
    schedule(I, c, I[o + VacuumRow.EDGE_AT])
