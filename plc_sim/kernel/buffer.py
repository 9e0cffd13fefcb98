"""A buffer: places for parts in a row, first in, first out, between two who hand parts on.

Who wants a part and finds none says so (`await_part`); a buffer of no places then lets a part through.
"""

from __future__ import annotations

from plc_sim.kernel.compilation import Words, kernel
from plc_sim.kernel.row import Row, real, rows, signal, state, whole
from plc_sim.kernel.schedule import poke
from plc_sim.kernel.signals import drive


class BufferRow(Row, kind=51):
    """Places for parts, first in, first out."""

    FULL = signal("no part more goes in")
    EMPTY = signal("no part is in it")
    X = real("tool centre point to take or leave a part", "m")
    Y = real("tool centre point to take or leave a part", "m")
    Z = real("tool centre point to take or leave a part", "m")
    CAPACITY = whole("places", low=0, high=100_000)
    PARTS = rows("the parts, a ring of CAPACITY words and one more")
    WAITERS = rows("numbers of the components that are poked when a part comes or goes")
    WAITER_COUNT = whole("how many")
    FIRST = state("where the first part is in the ring")
    PARTS_ON = state("parts in it", counted=True)
    AWAITED = state("who waits for a part")
    LEVEL_TIME = state("parts in it times the time they were there, in part ns", counted=True)
    SINCE = state("up to when LEVEL_TIME counts", "ns")
    PASSED = state("parts that have gone through", counted=True)


@kernel
def has_room(I: Words, o: int) -> bool:
    """Whether the buffer at offset `o` takes a part."""
    return I[o + BufferRow.PARTS_ON] < I[o + BufferRow.CAPACITY] + min(I[o + BufferRow.AWAITED], 1)


@kernel
def await_part(I: Words, o: int, change: int, t: int) -> None:
    """One more (1) or less (-1) waits for a part of the buffer at offset `o`; who has one is told."""
    I[o + BufferRow.AWAITED] += change
    if change > 0:
        _tell(I, o, t)


@kernel
def put_in_buffer(I: Words, o: int, part: int, t: int) -> bool:
    """Leave a part in the buffer at offset `o`; False if it is full."""
    if not has_room(I, o):
        return False
    size = I[o + BufferRow.CAPACITY] + 1
    at = I[o + BufferRow.FIRST] + I[o + BufferRow.PARTS_ON]
    I[I[o + BufferRow.PARTS] + (at if at < size else at - size)] = part
    _change(I, o, 1, t)
    return True


@kernel
def first_in_buffer(I: Words, o: int) -> int:
    """The first part of the buffer at offset `o`, or 0."""
    return I[I[o + BufferRow.PARTS] + I[o + BufferRow.FIRST]] if I[o + BufferRow.PARTS_ON] > 0 else 0


@kernel
def take_from_buffer(I: Words, o: int, t: int) -> int:
    """Take the first part of the buffer at offset `o`; 0 if there is none."""
    part = first_in_buffer(I, o)
    if part == 0:
        return 0
    first = I[o + BufferRow.FIRST]
    I[o + BufferRow.FIRST] = first + 1 if first < I[o + BufferRow.CAPACITY] else 0
    I[o + BufferRow.PASSED] += 1
    _change(I, o, -1, t)
    return part


@kernel
def _change(I: Words, o: int, change: int, t: int) -> None:
    I[o + BufferRow.LEVEL_TIME] += I[o + BufferRow.PARTS_ON] * (t - I[o + BufferRow.SINCE])
    I[o + BufferRow.SINCE] = t
    I[o + BufferRow.PARTS_ON] += change
    drive(I, I[o + BufferRow.EMPTY], 1 if I[o + BufferRow.PARTS_ON] == 0 else 0, t)
    drive(I, I[o + BufferRow.FULL], 1 if I[o + BufferRow.PARTS_ON] >= I[o + BufferRow.CAPACITY] else 0, t)
    _tell(I, o, t)


@kernel
def _tell(I: Words, o: int, t: int) -> None:
    tell(I, I[o + BufferRow.WAITERS], I[o + BufferRow.WAITER_COUNT], t)


@kernel
def tell(I: Words, first: int, count: int, t: int) -> None:
    """Poke the components whose numbers are in the words from `first` on."""
    for k in range(first, first + count):
        poke(I, I[k], t)
