"""A sensor of an analogue value: gain, offset, drift, noise, resolution, range; it may freeze."""

from __future__ import annotations

import math

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.draw import u01
from plc_sim.kernel.normal import normal
from plc_sim.kernel.row import Row, component, real, state, whole
from plc_sim.kernel.source import plain_value


class MeterRow(Row, kind=36):
    """A sensor of an analogue value of another component."""

    SOURCE = component("the component whose value it measures")
    SOURCE_VALUE = whole("which of its values")
    GAIN = real("by which the value is multiplied", "1")
    OFFSET = real("what is added to it", "as its source", live=True)
    DRIFT = real("by which the offset grows", "as its source, per s", live=True)
    NOISE = real("standard deviation of normal noise", "as its source", low=0.0, live=True)
    RESOLUTION = real("step of what it says; 0: none", "as its source", low=0.0)
    LEAST = real("least it says", "as its source")
    MOST = real("most it says", "as its source")
    FROZEN = whole("1: it says what it said", low=0, high=1, live=True)
    KEY = whole("key of its draws")
    OFFSET_NOW = state("offset that counts", initial=0.0)
    DRIFT_NOW = state("drift that counts", "1/s", initial=0.0)
    NOISE_NOW = state("noise that counts", initial=0.0)
    DRIFTED = state("by which the offset has grown up to SINCE", initial=0.0)
    SINCE = state("when DRIFT_NOW began to count", "ns")
    HOLDS = state("it is frozen")
    HELD = state("what it says then", initial=0.0)
    MAPPED = state("analogue words in the PLC that show it")


@kernel
def meter_value(I: Words, F: Reals, o: int, t: int) -> float:
    """What the sensor at offset `o` says at `t` (ns); its noise is drawn by the instant."""
    if I[o + MeterRow.HOLDS]:
        return F[o + MeterRow.HELD]
    value = plain_value(I, F, I[o + MeterRow.SOURCE], I[o + MeterRow.SOURCE_VALUE], t)
    since = (t - I[o + MeterRow.SINCE]) * 1e-9
    value = value * F[o + MeterRow.GAIN] + F[o + MeterRow.OFFSET_NOW]
    value += F[o + MeterRow.DRIFTED] + F[o + MeterRow.DRIFT_NOW] * since
    if F[o + MeterRow.NOISE_NOW] > 0.0:
        value += F[o + MeterRow.NOISE_NOW] * normal(u01(I[o + MeterRow.KEY], t))
    step = F[o + MeterRow.RESOLUTION]
    if step > 0.0:
        value = math.floor(value / step + 0.5) * step
    return min(max(value, F[o + MeterRow.LEAST]), F[o + MeterRow.MOST])


@kernel
def meter_change(I: Words, F: Reals, o: int, t: int) -> None:
    """Take over the parameters as they are now."""
    if I[o + MeterRow.FROZEN] and I[o + MeterRow.HOLDS] == 0:
        F[o + MeterRow.HELD] = meter_value(I, F, o, t)
    I[o + MeterRow.HOLDS] = I[o + MeterRow.FROZEN]
    F[o + MeterRow.OFFSET_NOW] = F[o + MeterRow.OFFSET]
    F[o + MeterRow.NOISE_NOW] = F[o + MeterRow.NOISE]
    since = (t - I[o + MeterRow.SINCE]) * 1e-9
    F[o + MeterRow.DRIFTED] += F[o + MeterRow.DRIFT_NOW] * since
    F[o + MeterRow.DRIFT_NOW] = F[o + MeterRow.DRIFT]
    I[o + MeterRow.SINCE] = t


@kernel
def meter_moves(F: Reals, o: int) -> bool:
    """Whether it changes while its source does not."""
    return F[o + MeterRow.NOISE_NOW] > 0.0 or F[o + MeterRow.DRIFT_NOW] != 0.0
