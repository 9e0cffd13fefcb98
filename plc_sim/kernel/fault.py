"""Faults that begin at a time, or after the nth edge of a signal, and end; several at once on one target."""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.fault_row import (
    PENDING,
    FaultRow,
    Sort,
    bounce_on,
    come_in,
    number_of,
    reckon,
    wake,
    waver,
)
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.schedule import poke_all, schedule
from plc_sim.kernel.signals import pass_on, seen


@kernel
def _trigger(I: Words, f: int, t: int) -> None:
    """Count the edges of the trigger."""
    if I[f + FaultRow.WHEN] == 0:
        return
    value = seen(I, I[f + FaultRow.WHEN])
    if value != I[f + FaultRow.WHEN_SEEN]:
        I[f + FaultRow.WHEN_SEEN] = value
        if value == I[f + FaultRow.RISING]:
            I[f + FaultRow.EDGES] += 1
            if I[f + FaultRow.EDGES] == I[f + FaultRow.NTH]:
                I[f + FaultRow.BEGIN_AT] = t + I[f + FaultRow.DELAY]


@kernel
def _set_active(I: Words, F: Reals, f: int, active: int, t: int) -> None:
    I[f + FaultRow.ACTIVE] = active
    I[f + FaultRow.BEGUN] += active
    I[f + FaultRow.LEFT] = 0
    I[f + FaultRow.OPEN] = 0
    I[f + FaultRow.NEXT_AT] = NEVER
    if I[f + FaultRow.TARGET]:
        if active and I[f + FaultRow.SORT] == Sort.INTERMITTENT:
            waver(I, F, f, t)
        come_in(I, F, f, I[f + FaultRow.IN], t)
        pass_on(I, F, f, t)
        return
    lead = I[f + FaultRow.LEAD]
    if active and I[lead + FaultRow.LASTING_NOW] == 0:
        F[lead + FaultRow.BASE] = number_of(I, F, lead, I[lead + FaultRow.WORD])
    I[lead + FaultRow.LASTING_NOW] += 1 if active else -1
    reckon(I, F, lead, t)
    if I[lead + FaultRow.OWNER] < 0:
        poke_all(I, t)


@kernel
def _change(I: Words, F: Reals, f: int, t: int) -> None:
    """A burst goes on, an edge that was held back comes out, or an intermittent contact opens or closes."""
    sort = I[f + FaultRow.SORT]
    I[f + FaultRow.NEXT_AT] = NEVER
    if sort == Sort.INTERMITTENT:
        I[f + FaultRow.OPEN] = 1 - I[f + FaultRow.OPEN]
        I[f + FaultRow.OUT] = 0 if I[f + FaultRow.OPEN] else I[f + FaultRow.IN]
        waver(I, F, f, t)
    else:
        I[f + FaultRow.OUT] = 1 - I[f + FaultRow.OUT]
        I[f + FaultRow.LEFT] -= 1
        if sort == Sort.BOUNCE:
            bounce_on(I, f, t)
        else:
            for k in range(PENDING - 1):
                I[f + FaultRow.TIMES + k] = I[f + FaultRow.TIMES + k + 1]
            if I[f + FaultRow.LEFT] > 0:
                wake(I, f, I[f + FaultRow.TIMES])
    pass_on(I, F, f, t)


@kernel
def fault_step(I: Words, F: Reals, c: int, f: int, t: int) -> None:
    """Its trigger had an edge, it begins, changes what goes out, or ends."""
    _trigger(I, f, t)
    if t >= I[f + FaultRow.BEGIN_AT]:
        I[f + FaultRow.BEGIN_AT] = NEVER
        I[f + FaultRow.END_AT] = t + I[f + FaultRow.LASTING]
        _set_active(I, F, f, 1, t)
    if t >= I[f + FaultRow.NEXT_AT]:
        _change(I, F, f, t)
    if t >= I[f + FaultRow.END_AT]:
        I[f + FaultRow.END_AT] = NEVER
        _set_active(I, F, f, 0, t)
    due = min(I[f + FaultRow.BEGIN_AT], I[f + FaultRow.END_AT])
    schedule(I, c, min(due, I[f + FaultRow.NEXT_AT]))
