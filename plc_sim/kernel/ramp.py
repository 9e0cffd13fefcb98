"""A ramp down which parts slide, and where they queue from its foot up."""

from __future__ import annotations

import math

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.draw import ns
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.part import sort_of
from plc_sim.kernel.row import Row, real, rows, signal, state, whole
from plc_sim.kernel.schedule import poke, schedule
from plc_sim.kernel.signals import drive, seen


class RampRow(Row, kind=34):
    """A ramp."""

    MOUTH = signal("a part lies or passes at its upper end")
    FULL = signal("no part more goes in")
    CLEAR = signal("somebody takes all parts that lie in it, at the rising edge")
    X = real("tool centre point to leave a part", "m")
    Y = real("tool centre point to leave a part", "m")
    Z = real("tool centre point to leave a part", "m")
    LENGTH = real("from its mouth to its foot", "m", above=0.0)
    ACCELERATION = real("of a sliding part", "m/s2", above=0.0)
    PART_LENGTH = real("length of a part", "m", above=0.0)
    SORTS = whole("a bit for each sort of parts that belong there; -1: all")
    CAPACITY = whole("parts that fit in it", low=1, high=10_000)
    PARTS = rows("the parts, the lowest first; CAPACITY words")
    ARRIVALS = rows("when each of them comes to rest, ns")
    PARTS_ON = state("parts in it", counted=True)
    LYING = state("parts at rest")
    PASSED_AT = state("when the last part has passed the mouth", "ns", initial=0)
    CLEAR_SEEN = state("as seen")
    TAKEN = state("parts that it took", counted=True)
    STRANGERS = state("parts of other sorts among them", counted=True)
    REMOVED = state("parts taken out", counted=True)


@kernel
def sliding_time(F: Reals, o: int, distance: float) -> int:
    """How long (ns) a part takes to slide so far (m) from rest."""
    return ns(math.sqrt(2.0 * distance / F[o + RampRow.ACCELERATION]))


@kernel
def _distance(F: Reals, o: int, k: int) -> float:
    """How far (m) part `k`, counted from the foot, has to slide."""
    return F[o + RampRow.LENGTH] - k * F[o + RampRow.PART_LENGTH]


@kernel
def put_on_ramp(I: Words, F: Reals, c: int, o: int, part: int, t: int) -> bool:
    """Let a part slide down the ramp at offset `o`; False if another is still at its mouth."""
    count = I[o + RampRow.PARTS_ON]
    if count == I[o + RampRow.CAPACITY] or t < I[o + RampRow.PASSED_AT]:
        return False
    arrives = t + sliding_time(F, o, _distance(F, o, count))
    if count > 0:
        arrives = max(arrives, I[I[o + RampRow.ARRIVALS] + count - 1])
    I[I[o + RampRow.PARTS] + count] = part
    I[I[o + RampRow.ARRIVALS] + count] = arrives
    I[o + RampRow.PARTS_ON] = count + 1
    I[o + RampRow.TAKEN] += 1
    if I[o + RampRow.SORTS] >> sort_of(part) & 1 == 0:
        I[o + RampRow.STRANGERS] += 1
    I[o + RampRow.PASSED_AT] = t + sliding_time(F, o, F[o + RampRow.PART_LENGTH])
    poke(I, c, t)
    return True


@kernel
def _remove(I: Words, F: Reals, o: int) -> None:
    """Take out what lies in it; what still slides goes on, further than it would have."""
    lying, count = I[o + RampRow.LYING], I[o + RampRow.PARTS_ON]
    parts, arrivals = I[o + RampRow.PARTS], I[o + RampRow.ARRIVALS]
    for k in range(lying, count):
        further = sliding_time(F, o, _distance(F, o, k - lying)) - sliding_time(F, o, _distance(F, o, k))
        I[parts + k - lying] = I[parts + k]
        I[arrivals + k - lying] = I[arrivals + k] + further
    I[o + RampRow.REMOVED] += lying
    I[o + RampRow.PARTS_ON] = count - lying
    I[o + RampRow.LYING] = 0


@kernel
def ramp_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """A part went in, passed the mouth or came to rest, or somebody empties the ramp."""
    arrivals = I[o + RampRow.ARRIVALS]
    while I[o + RampRow.LYING] < I[o + RampRow.PARTS_ON] and t >= I[arrivals + I[o + RampRow.LYING]]:
        I[o + RampRow.LYING] += 1
    clear = seen(I, I[o + RampRow.CLEAR])
    if clear and I[o + RampRow.CLEAR_SEEN] == 0:
        _remove(I, F, o)
    I[o + RampRow.CLEAR_SEEN] = clear
    passing = t < I[o + RampRow.PASSED_AT]
    full = I[o + RampRow.PARTS_ON] == I[o + RampRow.CAPACITY]
    drive(I, I[o + RampRow.FULL], 1 if full else 0, t)
    drive(I, I[o + RampRow.MOUTH], 1 if passing or full else 0, t)
    due = I[o + RampRow.PASSED_AT] if passing else NEVER
    if I[o + RampRow.LYING] < I[o + RampRow.PARTS_ON]:
        due = min(due, I[arrivals + I[o + RampRow.LYING]])
    schedule(I, c, due)
