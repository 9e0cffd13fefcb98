"""A pusher: a cylinder that pushes a part off a belt to a place."""

from __future__ import annotations

from plc_sim.kernel.belt import part_at, part_before, take_part
from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.cylinder_row import CylinderRow, Zone
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.place import put_in
from plc_sim.kernel.row import Row, component, real, state
from plc_sim.kernel.schedule import row_of, schedule


class PusherRow(Row, kind=33):
    """A cylinder across a belt."""

    CYLINDER = component("the cylinder")
    BELT = component("the belt")
    OUTLET = component("the place it pushes to")
    AT = real("front of a part that it hits in the middle", "m", low=0.0)
    REACH = real("by which the part may lie beside that", "m", above=0.0)
    OUT = state("it is out by half or more")
    PUSHED = state("parts pushed", counted=True)
    VAIN = state("strokes without a part", counted=True)
    COLLISIONS = state("strokes of a part against another one at the outlet", counted=True)


@kernel
def pusher_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """The cylinder entered another zone: as it passes the middle it takes the part along."""
    out = 1 if I[row_of(I, I[o + PusherRow.CYLINDER]) + CylinderRow.ZONE] >= Zone.UPPER else 0
    if out and I[o + PusherRow.OUT] == 0:
        belt = I[o + PusherRow.BELT]
        i = part_before(I, F, belt, F[o + PusherRow.AT], F[o + PusherRow.REACH], t)
        if i < 0:
            I[o + PusherRow.VAIN] += 1
        elif put_in(I, F, I[o + PusherRow.OUTLET], part_at(I, belt, i), t):
            take_part(I, F, belt, i, t)
            I[o + PusherRow.PUSHED] += 1
        else:
            I[o + PusherRow.COLLISIONS] += 1
    I[o + PusherRow.OUT] = out
    schedule(I, c, NEVER)
