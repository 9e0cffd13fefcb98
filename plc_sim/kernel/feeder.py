"""A feeder: lays parts on a belt, periodically, at exponential intervals or at listed times."""

from __future__ import annotations

from enum import IntEnum

from plc_sim.kernel.belt import add_part
from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.draw import ln, u01
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.part import SORTS, drawn_sort, make_part, skewed
from plc_sim.kernel.row import Row, component, duration, real, rows, signal, state, whole
from plc_sim.kernel.schedule import schedule
from plc_sim.kernel.signals import seen

ODDITIES = 1 << 40
"""Numbers of the draws that tell odd parts begin here, beyond those of all others."""


class Arrivals(IntEnum):
    """How the times between parts come about."""

    PERIODIC = 0
    EXPONENTIAL = 1
    LISTED = 2


class FeederRow(Row, kind=4):
    """A source of parts."""

    BELT = component("the belt it feeds")
    ENABLE = signal("low: parts that come due wait upstream")
    ARRIVALS = whole("an Arrivals", low=0, high=2)
    PERIOD = duration("time between parts; their mean if exponential", low=1e-9, live=True)
    GOOD = real("share of good parts", low=0.0, high=1.0, live=True)
    MISSING = real("share of parts that do not come", low=0.0, high=1.0, live=True)
    DOUBLE = real("share of parts that come in twos", low=0.0, high=1.0, live=True)
    SKEWED = real("share of parts that lie askew", low=0.0, high=1.0, live=True)
    SHARES = rows("for each sort the share of parts of it and of those before")
    SORT_COUNT = whole("sorts", low=1, high=SORTS)
    TIMES = rows("listed times, ns")
    TIME_COUNT = whole("how many")
    KEY = whole("key of its draws")
    DUE = state("next part", "ns", initial=NEVER)
    COMING = state("parts that have come due")
    WAITING = state("parts that wait to be let on the belt", counted=True)
    FED = state("parts laid on the belt", counted=True)
    ABSENT = state("parts that did not come", counted=True)
    WAIT_FROM = state("since when a part has been waiting, or -1", "ns", initial=-1)
    BLOCKED = state("time for which a part has waited", "ns", counted=True)


@kernel
def _next_due(I: Words, F: Reals, o: int, t: int) -> int:
    coming = I[o + FeederRow.COMING]
    if I[o + FeederRow.ARRIVALS] == Arrivals.PERIODIC:
        return t + I[o + FeederRow.PERIOD]
    if I[o + FeederRow.ARRIVALS] == Arrivals.EXPONENTIAL:
        return t + max(int(-I[o + FeederRow.PERIOD] * ln(u01(I[o + FeederRow.KEY], 3 * coming))), 1)
    return I[I[o + FeederRow.TIMES] + coming] if coming < I[o + FeederRow.TIME_COUNT] else NEVER


@kernel
def _new_part(I: Words, F: Reals, o: int) -> int:
    serial = I[o + FeederRow.FED] + 1
    good = 1 if u01(I[o + FeederRow.KEY], 3 * serial + 1) < F[o + FeederRow.GOOD] else 0
    draw = u01(I[o + FeederRow.KEY], 3 * serial + 2)
    sort = drawn_sort(F, I[o + FeederRow.SHARES], I[o + FeederRow.SORT_COUNT], draw)
    part = make_part(serial, sort, good)
    return skewed(part) if _odd(I, F, o, FeederRow.SKEWED, serial) else part


@kernel
def _odd(I: Words, F: Reals, o: int, share: int, number: int) -> bool:
    """Whether part `number` is one of a share that is out of the ordinary."""
    if F[o + share] == 0.0:
        return False
    return u01(I[o + FeederRow.KEY], number * FeederRow.SIZE + share + ODDITIES) < F[o + share]


@kernel
def _come(I: Words, F: Reals, o: int) -> None:
    """A part comes due: one, none or two."""
    coming = I[o + FeederRow.COMING]
    if _odd(I, F, o, FeederRow.MISSING, coming):
        I[o + FeederRow.ABSENT] += 1
    else:
        I[o + FeederRow.WAITING] += 2 if _odd(I, F, o, FeederRow.DOUBLE, coming) else 1


@kernel
def feeder_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """A part came due, or the infeed is clear again."""
    if t >= I[o + FeederRow.DUE]:
        I[o + FeederRow.COMING] += 1
        _come(I, F, o)
        I[o + FeederRow.DUE] = _next_due(I, F, o, t)
    lets = I[o + FeederRow.WAITING] > 0 and seen(I, I[o + FeederRow.ENABLE])
    if lets and add_part(I, F, I[o + FeederRow.BELT], _new_part(I, F, o), t):
        I[o + FeederRow.WAITING] -= 1
        I[o + FeederRow.FED] += 1
        if I[o + FeederRow.WAIT_FROM] >= 0:
            I[o + FeederRow.BLOCKED] += t - I[o + FeederRow.WAIT_FROM]
            I[o + FeederRow.WAIT_FROM] = -1
    if I[o + FeederRow.WAITING] > 0 and I[o + FeederRow.WAIT_FROM] < 0:
        I[o + FeederRow.WAIT_FROM] = t
    schedule(I, c, I[o + FeederRow.DUE])
