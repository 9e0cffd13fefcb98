"""Places: wherever a part can be taken from or left, one way for all that handles parts.

A place is given by its number. Each kind of place answers three questions here: which part can be taken, take
it, leave one.
"""

from __future__ import annotations

from plc_sim.kernel.belt import add_part, part_at, part_near, take_part
from plc_sim.kernel.buffer import BufferRow, first_in_buffer, put_in_buffer, take_from_buffer
from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.pallet import ChuteRow, PalletRow, near, put_in_chute, put_in_first, put_on_pallet
from plc_sim.kernel.ramp import RampRow, put_on_ramp
from plc_sim.kernel.row import Row, component, real
from plc_sim.kernel.schedule import kind_of, row_of
from plc_sim.kernel.slot import SlotRow, put_in_slot, take_from_slot


class PickPointRow(Row, kind=10):
    """A place on a belt where a resting part can be gripped."""

    BELT = component("the belt")
    AT = real("front of the part on the belt", "m", low=0.0)
    X = real("tool centre point to grip it", "m")
    Y = real("tool centre point to grip it", "m")
    Z = real("tool centre point to grip it", "m")
    TOLERANCE = real("by which the part may lie beside AT", "m", above=0.0)


class InfeedRow(Row, kind=15):
    """The infeed of a belt, where a part can be left."""

    BELT = component("the belt")
    X = real("tool centre point to leave a part", "m")
    Y = real("tool centre point to leave a part", "m")
    Z = real("tool centre point to leave a part", "m")


@kernel
def _waiting(I: Words, F: Reals, o: int, t: int) -> int:
    """Which part, counted from the front, rests at the pick point at offset `o`; or -1."""
    return part_near(I, F, I[o + PickPointRow.BELT], F[o + PickPointRow.AT], F[o + PickPointRow.TOLERANCE], t)


@kernel
def part_in(I: Words, F: Reals, c: int, t: int) -> int:
    """The part that can be taken at place `c` at `t` (ns), or 0."""
    kind = kind_of(I, c)
    o = row_of(I, c)
    if kind == PickPointRow.KIND:
        i = _waiting(I, F, o, t)
        return part_at(I, I[o + PickPointRow.BELT], i) if i >= 0 else 0
    if kind == SlotRow.KIND:
        return I[o + SlotRow.PART]
    if kind == BufferRow.KIND:
        return first_in_buffer(I, o)
    return 0


@kernel
def take_from(I: Words, F: Reals, c: int, t: int) -> int:
    """Take the part at place `c`; 0 if there is none."""
    kind = kind_of(I, c)
    o = row_of(I, c)
    if kind == PickPointRow.KIND:
        i = _waiting(I, F, o, t)
        return take_part(I, F, I[o + PickPointRow.BELT], i, t) if i >= 0 else 0
    if kind == SlotRow.KIND:
        return take_from_slot(I, o, t)
    if kind == BufferRow.KIND:
        return take_from_buffer(I, o, t)
    return 0


@kernel
def put_in(I: Words, F: Reals, c: int, part: int, t: int) -> bool:
    """Leave a part at place `c`; False if it takes none."""
    kind = kind_of(I, c)
    o = row_of(I, c)
    if kind == SlotRow.KIND:
        return put_in_slot(I, o, part, t)
    if kind == BufferRow.KIND:
        return put_in_buffer(I, o, part, t)
    if kind == InfeedRow.KIND:
        return add_part(I, F, I[o + InfeedRow.BELT], part, t)
    if kind == RampRow.KIND:
        return put_on_ramp(I, F, c, o, part, t)
    if kind == ChuteRow.KIND:
        put_in_chute(I, o, part)
        return True
    return kind == PalletRow.KIND and put_in_first(I, o, part, t)


@kernel
def point_of(I: Words, c: int) -> int:
    """The first of the three words of the tool centre point at place `c`."""
    kind = kind_of(I, c)
    o = row_of(I, c)
    if kind == PickPointRow.KIND:
        return o + PickPointRow.X
    if kind == SlotRow.KIND:
        return o + SlotRow.X
    if kind == BufferRow.KIND:
        return o + BufferRow.X
    if kind == InfeedRow.KIND:
        return o + InfeedRow.X
    if kind == RampRow.KIND:
        return o + RampRow.X
    if kind == ChuteRow.KIND:
        return o + ChuteRow.X
    return o + PalletRow.X


@kernel
def put_near(
    I: Words, F: Reals, c: int, part: int, x: float, y: float, z: float, tolerance: float, t: int
) -> bool:
    """Leave a part at place `c` if that lies within `tolerance` (m) of (x, y, z) and takes it."""
    if kind_of(I, c) == PalletRow.KIND:
        return put_on_pallet(I, F, row_of(I, c), part, x, y, z, tolerance, t)
    return near(F, point_of(I, c), x, y, z, tolerance) and put_in(I, F, c, part, t)
