"""A scale's row and what it shows: first order behind a mass that grows evenly."""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.decay import fall
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.row import Row, duration, real, signal, state


class ScaleRow(Row, kind=37):
    """A scale under what is dispensed."""

    TARE = signal("takes what it shows for zero, at the rising edge")
    EMPTY = signal("somebody takes away what lies on it, at the rising edge")
    STABLE = signal("what it shows is within BAND of what lies on it")
    TIME = duration("time constant", low=1e-6)
    BAND = real("within which it counts as stable", "kg", above=0.0)
    MASS = state("what lies on it, at SINCE", "kg", initial=0.0)
    FLOW = state("what comes onto it", "kg/s", initial=0.0)
    SHOWN = state("what it shows without tare, at SINCE", "kg", initial=0.0)
    SINCE = state("start of the present flow", "ns")
    ZERO = state("what it takes for zero", "kg", initial=0.0)
    SETTLED = state("it shows what lies on it, and nothing comes", initial=1)
    IS_STABLE = state("as its signal says", initial=1)
    EDGE_AT = state("when its signal changes", "ns", initial=NEVER)
    TAKEN = state("what was taken away", "kg", initial=0.0)
    CAME = state("what has come in all, up to SINCE", "kg", initial=0.0)
    TARE_SEEN = state("as seen")
    EMPTY_SEEN = state("as seen")
    EMPTIED = state("times it was emptied", counted=True)
    MAPPED = state("analogue words in the PLC that show its weight")


@kernel
def lag_at(I: Words, F: Reals, o: int, t: int) -> float:
    """By how much (kg) it shows too little at `t` (ns)."""
    elapsed = (t - I[o + ScaleRow.SINCE]) / I[o + ScaleRow.TIME]
    steady = F[o + ScaleRow.FLOW] * (I[o + ScaleRow.TIME] * 1e-9)
    return steady + (F[o + ScaleRow.MASS] - F[o + ScaleRow.SHOWN] - steady) * fall(elapsed)


@kernel
def mass_at(I: Words, F: Reals, o: int, t: int) -> float:
    """What lies on it (kg) at `t` (ns)."""
    return F[o + ScaleRow.MASS] + F[o + ScaleRow.FLOW] * ((t - I[o + ScaleRow.SINCE]) * 1e-9)


@kernel
def weight_at(I: Words, F: Reals, o: int, t: int) -> float:
    """What it shows (kg) at `t` (ns)."""
    if I[o + ScaleRow.SETTLED]:
        return F[o + ScaleRow.SHOWN] - F[o + ScaleRow.ZERO]
    return mass_at(I, F, o, t) - lag_at(I, F, o, t) - F[o + ScaleRow.ZERO]
