"""Digital signals: driven by one component, perhaps forced by a fault, seen by components and by the PLC."""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel, reals
from plc_sim.kernel.fault_row import FaultRow, come_in
from plc_sim.kernel.header import EDGES, Cause, ComponentRow, Header, MappedRow, SignalRow
from plc_sim.kernel.plc_rows import PlcRow
from plc_sim.kernel.schedule import poke, schedule


@kernel
def drive(I: Words, s: int, value: int, t: int) -> None:
    """The driver of the signal at offset `s` says `value` at `t` (ns)."""
    if I[s + SignalRow.FAULT]:
        _drive_faulty(I, s, value, t)
    elif I[s + SignalRow.FORCED] < 0:
        I[s + SignalRow.DRIVEN] = value
        _show(I, s, value, t)
    elif I[s + SignalRow.DRIVEN] != value:
        I[s + SignalRow.DRIVEN] = value
        if I[s + SignalRow.WATCHED]:
            _note_edge(I, s)


@kernel
def _drive_faulty(I: Words, s: int, value: int, t: int) -> None:
    if I[s + SignalRow.DRIVEN] != value and I[s + SignalRow.WATCHED]:
        _note_edge(I, s)
    I[s + SignalRow.DRIVEN] = value
    F = reals(I)
    come_in(I, F, I[s + SignalRow.FAULT], value, t)
    pass_on(I, F, I[s + SignalRow.FAULT], t)


@kernel
def pass_on(I: Words, F: Reals, f: int, t: int) -> None:
    """What goes out of the fault at offset `f` goes through those after it, and is shown."""
    s = I[f + FaultRow.TARGET]
    value = I[f + FaultRow.OUT]
    f = I[f + FaultRow.FOLLOWING]
    while f != 0:
        value = come_in(I, F, f, value, t)
        f = I[f + FaultRow.FOLLOWING]
    if I[s + SignalRow.FORCED] < 0:
        _show(I, s, value, t)


@kernel
def force_signal(I: Words, s: int, value: int, t: int) -> None:
    """Show `value` whatever the driver says; -1 ends that."""
    I[s + SignalRow.FORCED] = value
    if value < 0:
        drive(I, s, I[s + SignalRow.DRIVEN], t)
    else:
        _show(I, s, value, t)


@kernel
def seen(I: Words, s: int) -> int:
    """The visible value, 0 or 1."""
    return I[s + SignalRow.VISIBLE]


@kernel
def _show(I: Words, s: int, value: int, t: int) -> None:
    if value == I[s + SignalRow.VISIBLE]:
        return
    I[s + SignalRow.VISIBLE] = value
    if I[s + SignalRow.WATCHED]:
        _note_edge(I, s)
    for k in range(I[s + SignalRow.SUBSCRIBERS], I[s + SignalRow.SIZE + SignalRow.SUBSCRIBERS]):
        poke(I, I[k], t)
    first = I[s + SignalRow.MAPPED]
    end = I[s + SignalRow.SIZE + SignalRow.MAPPED]
    if first < end:
        for m in range(first, end, MappedRow.SIZE):
            I[I[m + MappedRow.WORD]] ^= I[m + MappedRow.MASK]
        poke_plc(I, t)


@kernel
def _note_edge(I: Words, word: int) -> None:
    I[Header.STOP] |= Cause.PREDICATE
    if I[Header.EDGES] < EDGES:
        I[I[Header.EDGE] + I[Header.EDGES]] = word
    I[Header.EDGES] += 1


@kernel
def note_counts(I: Words) -> None:
    """The watched counts that have changed since this was last called: each is an edge."""
    for k in range(I[Header.COUNTS], I[Header.COUNTS] + 2 * I[Header.COUNTED], 2):
        if I[I[k]] != I[k + 1]:
            I[k + 1] = I[I[k]]
            _note_edge(I, I[k])


@kernel
def poke_plc(I: Words, t: int) -> None:
    """The PLC scans at its first grid instant at or after `t` (ns) that is not over yet."""
    p = I[Header.PLC]
    if I[p + PlcRow.RUNNING] == 0:
        return
    cycle = I[p + PlcRow.CYCLE]
    planned = I[I[Header.NEXT] + I[Header.PLC_INDEX]]
    if planned < t + cycle:
        return
    base = max(t, max(I[Header.DONE], I[p + PlcRow.LAST]) + 1)
    instant = grid_from(I, p, base)
    if instant < planned:
        schedule(I, I[Header.PLC_INDEX], instant)


@kernel
def grid_from(I: Words, p: int, t: int) -> int:
    """The first instant of the PLC's scan grid at or after `t` (ns)."""
    cycle = I[p + PlcRow.CYCLE]
    phase = I[p + PlcRow.PHASE]
    if t <= phase:
        return phase
    return phase + (t - phase + cycle - 1) // cycle * cycle


@kernel
def grid_before(I: Words, p: int, t: int) -> int:
    """The last instant of the PLC's scan grid before `t` (ns), perhaps one cycle before the first."""
    return grid_from(I, p, t) - I[p + PlcRow.CYCLE]


@kernel
def note_version(I: Words, c: int) -> None:
    """Component `c` changed its version: stop at the end of this instant if the host watches it."""
    if I[I[Header.COMPONENTS] + ComponentRow.SIZE * c + ComponentRow.WATCHED]:
        I[Header.STOP] |= Cause.DEVICE
