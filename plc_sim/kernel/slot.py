"""A slot: a place for one part, seen by the sensors that look at it."""

from __future__ import annotations

from plc_sim.kernel.buffer import tell
from plc_sim.kernel.compilation import Words, kernel
from plc_sim.kernel.eye import cover
from plc_sim.kernel.row import Row, real, rows, signal, state, whole
from plc_sim.kernel.signals import drive


class SlotRow(Row, kind=14):
    """A place for one part."""

    OCCUPIED = signal("a part lies in it")
    FREE = signal("no part lies in it")
    X = real("tool centre point to take or leave a part", "m")
    Y = real("tool centre point to take or leave a part", "m")
    Z = real("tool centre point to take or leave a part", "m")
    EYES = rows("numbers of the sensors that look at it")
    EYE_COUNT = whole("how many")
    WAITERS = rows("numbers of the components that are poked when a part comes or goes")
    WAITER_COUNT = whole("how many")
    PART = state("the part in it, or 0")
    PARTS_ON = state("parts in it", counted=True)


@kernel
def put_in_slot(I: Words, o: int, part: int, t: int) -> bool:
    """Leave a part in the slot at offset `o`; False if another one lies there."""
    if I[o + SlotRow.PART] != 0:
        return False
    _hold(I, o, part, t)
    return True


@kernel
def take_from_slot(I: Words, o: int, t: int) -> int:
    """Take the part out of the slot at offset `o`; 0 if there is none."""
    part = I[o + SlotRow.PART]
    if part != 0:
        _hold(I, o, 0, t)
    return part


@kernel
def _hold(I: Words, o: int, part: int, t: int) -> None:
    before = I[o + SlotRow.PART]
    I[o + SlotRow.PART] = part
    I[o + SlotRow.PARTS_ON] = 1 if part != 0 else 0
    drive(I, I[o + SlotRow.OCCUPIED], I[o + SlotRow.PARTS_ON], t)
    drive(I, I[o + SlotRow.FREE], 1 - I[o + SlotRow.PARTS_ON], t)
    for k in range(I[o + SlotRow.EYE_COUNT]):
        eye = I[I[o + SlotRow.EYES] + k]
        if before != 0:
            cover(I, eye, before, -1, t)
        if part != 0:
            cover(I, eye, part, 1, t)
    tell(I, I[o + SlotRow.WAITERS], I[o + SlotRow.WAITER_COUNT], t)
