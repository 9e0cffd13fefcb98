"""Dimensions and limits of an arm."""

from __future__ import annotations

from enum import IntEnum

from plc_sim.kernel.compilation import Reals, kernel
from plc_sim.kernel.rotation import PI, Joints, wrapped
from plc_sim.kernel.row import Row, real, whole


class Structure(IntEnum):
    """How an arm's axes lie."""

    SPHERICAL_WRIST = 0
    PARALLEL_AXES = 1
    CARTESIAN = 2
    PALLETISING = 3


class GeometryRow(Row):
    """Dimensions and limits of an arm."""

    STRUCTURE = whole("a Structure", low=0, high=3)
    A1 = real("first axis to second axis", "m", low=0.0)
    A2 = real("upper arm", "m", low=0.0)
    A3 = real("elbow offset, or forearm", "m", low=0.0)
    D1 = real("height of the second axis", "m")
    D4 = real("forearm, or the offset of the fourth axis", "m", low=0.0)
    D5 = real("of the fifth axis", "m")
    D6 = real("wrist centre to tool centre point", "m", low=0.0)
    OFFSET = real("theta at q = 0", "rad", count=6)
    LOW = real("lower joint limit", "rad", count=6)
    HIGH = real("upper joint limit", "rad", count=6)
    COUPLED_LOW = real("palletising: least angle between the links", "rad")
    COUPLED_HIGH = real("palletising: largest angle between the links", "rad")


@kernel
def nearest_turn(F: Reals, g: int, j: int, theta: float, near: float) -> float:
    """The joint nearest to `near`, within the limits if it can be, that stands at the angle `theta`."""
    q = near + wrapped(theta - F[g + GeometryRow.OFFSET + j] - near)
    if q < F[g + GeometryRow.LOW + j] - 1e-12:
        q += 2.0 * PI
    elif q > F[g + GeometryRow.HIGH + j] + 1e-12:
        q -= 2.0 * PI
    return q


@kernel
def within_limits(F: Reals, g: int, theta: Joints, near: Joints) -> tuple[bool, Joints]:
    """The joints that stand at the angles `theta`, and whether all are within their limits."""
    q = (
        nearest_turn(F, g, 0, theta[0], near[0]),
        nearest_turn(F, g, 1, theta[1], near[1]),
        nearest_turn(F, g, 2, theta[2], near[2]),
        nearest_turn(F, g, 3, theta[3], near[3]),
        nearest_turn(F, g, 4, theta[4], near[4]),
        nearest_turn(F, g, 5, theta[5], near[5]),
    )
    return outside(F, g, q) < 0, q


@kernel
def outside(F: Reals, g: int, q: Joints) -> int:
    """The first joint, counted from 0, outside its limits; -1 if there is none."""
    for j in range(6):
        if not F[g + GeometryRow.LOW + j] - 1e-12 <= q[j] <= F[g + GeometryRow.HIGH + j] + 1e-12:
            return j
    if F[g + GeometryRow.COUPLED_HIGH] > F[g + GeometryRow.COUPLED_LOW]:
        angle = 0.5 * PI + q[1] - q[2]
        if not F[g + GeometryRow.COUPLED_LOW] - 1e-12 <= angle <= F[g + GeometryRow.COUPLED_HIGH] + 1e-12:
            return 2
    return -1
