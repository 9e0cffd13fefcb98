"""Faults that a digital signal passes through on its way from its driver to who sees it, one after the other.

Each fault keeps what comes in and what goes out. While it is not active the two are equal.
"""

from __future__ import annotations

from enum import IntEnum

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.draw import ln, u01
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.row import Row, component, duration, rows, signal, state, whole
from plc_sim.kernel.schedule import poke, schedule

PENDING = 8
"""Edges that a late signal holds back at most; of more, a pulse too many is lost."""


class Sort(IntEnum):
    """What a fault does: to a digital signal, or to a number that may change while the plant runs."""

    STUCK = 0
    LATE = 1
    BOUNCE = 2
    INTERMITTENT = 3
    SET = 4
    SCALE = 5
    ADD = 6


class FaultRow(Row, kind=22):
    """A fault: what it does to what, and when."""

    SORT = whole("a Sort", low=0, high=6)
    VALUE = state("its strength, by its sort", initial=0.0)
    LASTING = duration("how long it lasts")
    DELAY = duration("from its trigger to its begin")
    WHEN = signal("the signal whose edge is its trigger; 0: it is the start of time")
    RISING = whole("1: rising edges count, 0: falling ones", low=0, high=1)
    NTH = whole("which of them", low=1)
    TARGET = signal("the digital signal it is done to; 0: a number")
    WORD = rows("the number it is done to")
    OWNER = component("the component that follows the number; -1: all")
    REAL = whole("1: a float64, 0: an int64", low=0, high=1)
    LEAD = rows("the first fault with the same target")
    FOLLOWING = rows("the next fault with the same target, or 0")
    SELF = component("this fault")
    KEY = whole("key of its draws")
    BEGIN_AT = state("when it begins", "ns", initial=NEVER)
    END_AT = state("when it ends", "ns", initial=NEVER)
    ACTIVE = state("it lasts")
    WHEN_SEEN = state("its trigger as last seen")
    EDGES = state("edges of its trigger")
    BEGUN = state("times it has begun")
    IN = state("what comes in")
    OUT = state("what goes out")
    OPEN = state("an intermittent contact is open")
    LEFT = state("changes left of a burst, or edges held back")
    SETTLED = state("when a burst is over", "ns")
    NEXT_AT = state("when it next changes what goes out", "ns", initial=NEVER)
    TIMES = state("when the edges that are held back come out", "ns", count=PENDING)
    DRAWN = state("draws so far")
    BASE = state("the number without faults; kept by the first", initial=0.0)
    LASTING_NOW = state("faults of the same target that last; kept by the first")


@kernel
def drawn(I: Words, f: int) -> float:
    """The next draw of the fault at offset `f`."""
    I[f + FaultRow.DRAWN] += 1
    return u01(I[f + FaultRow.KEY], I[f + FaultRow.DRAWN])


@kernel
def come_in(I: Words, F: Reals, f: int, value: int, t: int) -> int:
    """A value comes to the fault at offset `f`; what goes out now."""
    changed = value != I[f + FaultRow.IN]
    I[f + FaultRow.IN] = value
    if I[f + FaultRow.ACTIVE] == 0:
        I[f + FaultRow.OUT] = value
        return value
    sort = I[f + FaultRow.SORT]
    if sort == Sort.STUCK:
        I[f + FaultRow.OUT] = 1 if F[f + FaultRow.VALUE] != 0.0 else 0
    elif sort == Sort.INTERMITTENT:
        I[f + FaultRow.OUT] = 0 if I[f + FaultRow.OPEN] else value
    elif changed and sort == Sort.LATE:
        hold_back(I, f, t + int(F[f + FaultRow.VALUE] * 1e9))
    elif changed:
        I[f + FaultRow.OUT] = value
        burst(I, F, f, t)
    return I[f + FaultRow.OUT]


@kernel
def hold_back(I: Words, f: int, due: int) -> None:
    """An edge comes out at `due`; where there is no room it and the one before are lost."""
    count = I[f + FaultRow.LEFT]
    if count == PENDING:
        I[f + FaultRow.LEFT] = count - 1
        return
    I[f + FaultRow.TIMES + count] = due
    I[f + FaultRow.LEFT] = count + 1
    if count == 0:
        wake(I, f, due)


@kernel
def burst(I: Words, F: Reals, f: int, t: int) -> None:
    """A contact bounces: it changes an even number of times more before it has settled."""
    I[f + FaultRow.LEFT] = 2 * (1 + int(3.0 * drawn(I, f)))
    I[f + FaultRow.SETTLED] = t + int(F[f + FaultRow.VALUE] * 1e9)
    bounce_on(I, f, t)


@kernel
def bounce_on(I: Words, f: int, t: int) -> None:
    """When it changes next."""
    room = I[f + FaultRow.SETTLED] - t
    wake(I, f, t + int(drawn(I, f) * room) if I[f + FaultRow.LEFT] > 0 else NEVER)


@kernel
def waver(I: Words, F: Reals, f: int, t: int) -> None:
    """When an intermittent contact opens or closes next: after an exponential time."""
    wake(I, f, t + max(int(-F[f + FaultRow.VALUE] * 1e9 * ln(drawn(I, f))), 1))


@kernel
def wake(I: Words, f: int, t: int) -> None:
    """The fault at offset `f` changes what goes out at `t` (ns)."""
    I[f + FaultRow.NEXT_AT] = t
    schedule(I, I[f + FaultRow.SELF], min(t, min(I[f + FaultRow.BEGIN_AT], I[f + FaultRow.END_AT])))


@kernel
def number_of(I: Words, F: Reals, f: int, word: int) -> float:
    """The number that the fault at offset `f` is done to."""
    return F[word] if I[f + FaultRow.REAL] else float(I[word])


@kernel
def reckon(I: Words, F: Reals, lead: int, t: int) -> None:
    """Let a number be what the faults that last make of it, in the order they were declared."""
    value = F[lead + FaultRow.BASE]
    f = lead
    while f != 0:
        if I[f + FaultRow.ACTIVE]:
            strength = F[f + FaultRow.VALUE]
            if I[f + FaultRow.SORT] == Sort.SET:
                value = strength
            elif I[f + FaultRow.SORT] == Sort.SCALE:
                value = value * strength
            else:
                value = value + strength
        f = I[f + FaultRow.FOLLOWING]
    word = I[lead + FaultRow.WORD]
    if I[lead + FaultRow.REAL]:
        F[word] = value
    else:
        I[word] = int(value)
    if I[lead + FaultRow.OWNER] >= 0:
        poke(I, I[lead + FaultRow.OWNER], t)
