"""Carriers: what a gripper is mounted on. One way for every gripper to find the place it is at.

Each kind of carrier says here whether it is at a place, and leaves parts there.
"""

from __future__ import annotations

from plc_sim.kernel.arm import ArmRow, joints_at
from plc_sim.kernel.axis_row import AxisRow, place_of
from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.cylinder_row import CylinderRow, Zone
from plc_sim.kernel.kinematics import forward
from plc_sim.kernel.pallet import near
from plc_sim.kernel.part import is_skewed
from plc_sim.kernel.place import part_in, point_of, put_in, put_near, take_from
from plc_sim.kernel.schedule import kind_of, row_of


@kernel
def _tool(I: Words, F: Reals, carrier: int, t: int) -> tuple[float, float, float]:
    """The tool centre point (m) of an arm at `t` (ns)."""
    o = row_of(I, carrier)
    x, y, z, _ = forward(I, F, I[o + ArmRow.GEOMETRY], joints_at(I, F, o, t))
    return x, y, z


@kernel
def reaches(I: Words, F: Reals, carrier: int, place: int, tolerance: float, t: int) -> bool:
    """Whether the carrier is at a place at `t` (ns), within `tolerance` (m) where that has a meaning."""
    if kind_of(I, carrier) == ArmRow.KIND:
        x, y, z = _tool(I, F, carrier, t)
        return near(F, point_of(I, place), x, y, z, tolerance)
    o = row_of(I, carrier)
    if kind_of(I, carrier) == AxisRow.KIND:
        lift = I[o + AxisRow.LIFT]
        down = lift < 0 or I[row_of(I, lift) + CylinderRow.ZONE] == Zone.EXTENDED
        return down and place_of(I, o) == place
    zone = I[o + CylinderRow.ZONE]
    if zone == Zone.RETRACTED:
        return place == I[o + CylinderRow.AT_RETRACTED]
    return zone == Zone.EXTENDED and place == I[o + CylinderRow.AT_EXTENDED]


@kernel
def grip_at(I: Words, F: Reals, carrier: int, place: int, tolerance: float, t: int) -> int:
    """Take the part at a place that the carrier is at; 0 if it is elsewhere or no part can be gripped."""
    if not reaches(I, F, carrier, place, tolerance, t) or is_skewed(part_in(I, F, place, t)):
        return 0
    return take_from(I, F, place, t)


@kernel
def leave_at(I: Words, F: Reals, carrier: int, place: int, part: int, tolerance: float, t: int) -> bool:
    """Leave a part at a place that the carrier is at; False if it is elsewhere or the place takes none."""
    if kind_of(I, carrier) == ArmRow.KIND:
        x, y, z = _tool(I, F, carrier, t)
        return put_near(I, F, place, part, x, y, z, tolerance, t)
    return reaches(I, F, carrier, place, tolerance, t) and put_in(I, F, place, part, t)
