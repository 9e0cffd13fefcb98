"""A magazine: a stack whose lowest part a cylinder pushes out to a place; the next falls when it is back."""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.cylinder_row import CylinderRow, Zone
from plc_sim.kernel.draw import u01
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.part import drawn_sort, make_part
from plc_sim.kernel.place import put_in
from plc_sim.kernel.row import Row, component, real, rows, signal, state, whole
from plc_sim.kernel.schedule import row_of, schedule
from plc_sim.kernel.signals import drive, seen


class MagazineRow(Row, kind=31):
    """A stack of parts with a pusher below."""

    REFILL = signal("somebody fills it up, at the rising edge")
    EMPTY = signal("the beam through its lowest part is free")
    PUSHER = component("the cylinder that pushes a part out as it extends")
    OUTLET = component("the place it pushes it to")
    CAPACITY = whole("most parts", low=1, high=10_000)
    SHARES = rows("for each sort the share of parts of it and of those before")
    SORT_COUNT = whole("sorts")
    GOOD = real("share of good parts", low=0.0, high=1.0, live=True)
    KEY = whole("key of its draws")
    PARTS_ON = state("parts in it", counted=True)
    LOADED = state("its lowest part lies before the pusher")
    PUSHED = state("parts pushed out", counted=True)
    COLLISIONS = state("strokes against a part that was still there", counted=True)
    ZONE = state("of the pusher when last looked at")
    REFILL_SEEN = state("as seen")


@kernel
def _push(I: Words, F: Reals, o: int, t: int) -> None:
    serial = I[o + MagazineRow.PUSHED] + 1
    key = I[o + MagazineRow.KEY]
    good = 1 if u01(key, 2 * serial) < F[o + MagazineRow.GOOD] else 0
    sort = drawn_sort(F, I[o + MagazineRow.SHARES], I[o + MagazineRow.SORT_COUNT], u01(key, 2 * serial + 1))
    if put_in(I, F, I[o + MagazineRow.OUTLET], make_part(serial, sort, good), t):
        I[o + MagazineRow.PUSHED] = serial
        I[o + MagazineRow.PARTS_ON] -= 1
        I[o + MagazineRow.LOADED] = 0
    else:
        I[o + MagazineRow.COLLISIONS] += 1


@kernel
def magazine_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """The pusher entered another zone, or somebody fills it up."""
    refill = seen(I, I[o + MagazineRow.REFILL])
    if refill and I[o + MagazineRow.REFILL_SEEN] == 0:
        I[o + MagazineRow.PARTS_ON] = I[o + MagazineRow.CAPACITY]
    I[o + MagazineRow.REFILL_SEEN] = refill
    zone = I[row_of(I, I[o + MagazineRow.PUSHER]) + CylinderRow.ZONE]
    if zone == Zone.EXTENDED and I[o + MagazineRow.ZONE] != zone and I[o + MagazineRow.LOADED]:
        _push(I, F, o, t)
    I[o + MagazineRow.ZONE] = zone
    if zone == Zone.RETRACTED and I[o + MagazineRow.PARTS_ON] > 0:
        I[o + MagazineRow.LOADED] = 1
    drive(I, I[o + MagazineRow.EMPTY], 1 if I[o + MagazineRow.PARTS_ON] == 0 else 0, t)
    schedule(I, c, NEVER)
