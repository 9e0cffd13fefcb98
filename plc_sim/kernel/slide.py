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


class SlideRow(Row, kind=34):
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
    return ns(math.sqrt(2.0 * distance / F[o + SlideRow.ACCELERATION]))


@kernel
def _distance(F: Reals, o: int, k: int) -> float:
    """How far (m) part `k`, counted from the foot, has to slide."""
    return F[o + SlideRow.LENGTH] - k * F[o + SlideRow.PART_LENGTH]


@kernel
def put_on_slide(I: Words, F: Reals, c: int, o: int, part: int, t: int) -> bool:
    """Let a part slide down the ramp at offset `o`; False if another is still at its mouth."""
    count = I[o + SlideRow.PARTS_ON]
    if count == I[o + SlideRow.CAPACITY] or t < I[o + SlideRow.PASSED_AT]:
        return False
    arrives = t + sliding_time(F, o, _distance(F, o, count))
    if count > 0:
        arrives = max(arrives, I[I[o + SlideRow.ARRIVALS] + count - 1])
    I[I[o + SlideRow.PARTS] + count] = part
    I[I[o + SlideRow.ARRIVALS] + count] = arrives
    I[o + SlideRow.PARTS_ON] = count + 1
    I[o + SlideRow.TAKEN] += 1
    if I[o + SlideRow.SORTS] >> sort_of(part) & 1 == 0:
        I[o + SlideRow.STRANGERS] += 1
    I[o + SlideRow.PASSED_AT] = t + sliding_time(F, o, F[o + SlideRow.PART_LENGTH])
    poke(I, c, t)
    return True


@kernel
def _remove(I: Words, F: Reals, o: int) -> None:
    """Take out what lies in it; what still slides goes on, further than it would have."""
    lying, count = I[o + SlideRow.LYING], I[o + SlideRow.PARTS_ON]
    parts, arrivals = I[o + SlideRow.PARTS], I[o + SlideRow.ARRIVALS]
    for k in range(lying, count):
        further = sliding_time(F, o, _distance(F, o, k - lying)) - sliding_time(F, o, _distance(F, o, k))
        I[parts + k - lying] = I[parts + k]
        I[arrivals + k - lying] = I[arrivals + k] + further
    I[o + SlideRow.REMOVED] += lying
    I[o + SlideRow.PARTS_ON] = count - lying
    I[o + SlideRow.LYING] = 0


@kernel
def slide_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """A part went in, passed the mouth or came to rest, or somebody empties the ramp."""
    arrivals = I[o + SlideRow.ARRIVALS]
    while I[o + SlideRow.LYING] < I[o + SlideRow.PARTS_ON] and t >= I[arrivals + I[o + SlideRow.LYING]]:
        I[o + SlideRow.LYING] += 1
    clear = seen(I, I[o + SlideRow.CLEAR])
    if clear and I[o + SlideRow.CLEAR_SEEN] == 0:
        _remove(I, F, o)
    I[o + SlideRow.CLEAR_SEEN] = clear
    passing = t < I[o + SlideRow.PASSED_AT]
    full = I[o + SlideRow.PARTS_ON] == I[o + SlideRow.CAPACITY]
    drive(I, I[o + SlideRow.FULL], 1 if full else 0, t)
    drive(I, I[o + SlideRow.MOUTH], 1 if passing or full else 0, t)
    due = I[o + SlideRow.PASSED_AT] if passing else NEVER
    if I[o + SlideRow.LYING] < I[o + SlideRow.PARTS_ON]:
        due = min(due, I[arrivals + I[o + SlideRow.LYING]])
    schedule(I, c, due)
