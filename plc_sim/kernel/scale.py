"""A scale: it follows what comes onto it, says when it is stable, is tared and emptied."""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.decay import crossing
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.memory import before_segment
from plc_sim.kernel.scale_row import ScaleRow, lag_at, mass_at
from plc_sim.kernel.schedule import schedule
from plc_sim.kernel.signals import drive, seen

SETTLING = 40
"""Time constants after which what it shows is what lies on it, to the last bit of what it can show."""


@kernel
def _settle(I: Words, F: Reals, o: int, t: int) -> None:
    """Begin a new segment at `t`."""
    if I[o + ScaleRow.MAPPED]:
        before_segment(I, F, t)
    mass, lag = mass_at(I, F, o, t), lag_at(I, F, o, t)
    F[o + ScaleRow.CAME] += mass - F[o + ScaleRow.MASS]
    F[o + ScaleRow.MASS] = mass
    F[o + ScaleRow.SHOWN] = mass - lag
    I[o + ScaleRow.SINCE] = t
    I[o + ScaleRow.SETTLED] = 0


@kernel
def pour(I: Words, F: Reals, o: int, flow: float, t: int) -> None:
    """From `t` (ns) on, `flow` (kg/s) comes onto the scale at offset `o`."""
    if flow != F[o + ScaleRow.FLOW]:
        _settle(I, F, o, t)
        F[o + ScaleRow.FLOW] = flow


@kernel
def _plan_edge(I: Words, F: Reals, o: int, t: int) -> None:
    band = F[o + ScaleRow.BAND]
    time = I[o + ScaleRow.TIME]
    since = I[o + ScaleRow.SINCE]
    lag = F[o + ScaleRow.MASS] - F[o + ScaleRow.SHOWN]
    steady = F[o + ScaleRow.FLOW] * (time * 1e-9)
    up = crossing(lag, steady, since, time, band)
    down = crossing(lag, steady, since, time, -band)
    inside = abs(lag_at(I, F, o, t)) <= band
    if t == I[o + ScaleRow.EDGE_AT]:
        inside = I[o + ScaleRow.IS_STABLE] == 0
    I[o + ScaleRow.IS_STABLE] = 1 if inside else 0
    I[o + ScaleRow.EDGE_AT] = min(up if up > t else NEVER, down if down > t else NEVER)


@kernel
def scale_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """What comes changed, it became stable or has settled, or somebody tares or empties it."""
    tare, empty = seen(I, I[o + ScaleRow.TARE]), seen(I, I[o + ScaleRow.EMPTY])
    if empty and I[o + ScaleRow.EMPTY_SEEN] == 0:
        _settle(I, F, o, t)
        F[o + ScaleRow.TAKEN] += F[o + ScaleRow.MASS]
        F[o + ScaleRow.MASS] = 0.0
        I[o + ScaleRow.EMPTIED] += 1
    if tare and I[o + ScaleRow.TARE_SEEN] == 0:
        _settle(I, F, o, t)
        F[o + ScaleRow.ZERO] = F[o + ScaleRow.SHOWN]
    I[o + ScaleRow.TARE_SEEN] = tare
    I[o + ScaleRow.EMPTY_SEEN] = empty
    _plan_edge(I, F, o, t)
    drive(I, I[o + ScaleRow.STABLE], I[o + ScaleRow.IS_STABLE], t)
    due = I[o + ScaleRow.EDGE_AT]
    if F[o + ScaleRow.FLOW] == 0.0 and I[o + ScaleRow.SETTLED] == 0:
        rest = I[o + ScaleRow.SINCE] + SETTLING * I[o + ScaleRow.TIME]
        if t >= rest:
            _settle(I, F, o, t)
            F[o + ScaleRow.SHOWN] = F[o + ScaleRow.MASS]
            I[o + ScaleRow.SETTLED] = 1
        else:
            due = min(due, rest)
    schedule(I, c, due)
