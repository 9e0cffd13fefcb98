"""Kinematics of arms, by their structure: one way to ask for the pose of joints and the joints of a pose."""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.geometry import GeometryRow, Structure
from plc_sim.kernel.parallel import parallel_branch, parallel_forward, parallel_inverse
from plc_sim.kernel.rotation import Joints, Rotation
from plc_sim.kernel.spherical import spherical_branch, spherical_forward, spherical_inverse
from plc_sim.kernel.upright import (
    cartesian_forward,
    cartesian_inverse,
    palletising_forward,
    palletising_inverse,
)

BRANCHES = 8
"""Most branches of the inverse kinematics."""


@kernel
def forward(I: Words, F: Reals, g: int, q: Joints) -> tuple[float, float, float, Rotation]:
    """Tool centre point (m) and tool orientation of the arm with the geometry at offset `g`."""
    structure = I[g + GeometryRow.STRUCTURE]
    if structure == Structure.SPHERICAL_WRIST:
        return spherical_forward(F, g, q)
    if structure == Structure.PARALLEL_AXES:
        return parallel_forward(F, g, q)
    if structure == Structure.CARTESIAN:
        return cartesian_forward(F, g, q)
    return palletising_forward(F, g, q)


@kernel
def inverse(
    I: Words, F: Reals, g: int, x: float, y: float, z: float, r: Rotation, branch: int, near: Joints
) -> tuple[bool, Joints]:
    """Joints of `branch` that reach a pose; of equal angles a full turn apart those nearest to `near`.

    False if the pose is out of reach or a joint out of its limits.
    """
    structure = I[g + GeometryRow.STRUCTURE]
    if structure == Structure.SPHERICAL_WRIST:
        return spherical_inverse(F, g, x, y, z, r, branch, near)
    if structure == Structure.PARALLEL_AXES:
        return parallel_inverse(F, g, x, y, z, r, branch, near)
    if structure == Structure.CARTESIAN:
        return cartesian_inverse(F, g, x, y, z, r, near)
    return palletising_inverse(F, g, x, y, z, r, near)


@kernel
def branch_of(I: Words, F: Reals, g: int, q: Joints) -> int:
    """The branch of the inverse kinematics that gives the joints `q`."""
    structure = I[g + GeometryRow.STRUCTURE]
    if structure == Structure.SPHERICAL_WRIST:
        return spherical_branch(F, g, q)
    return parallel_branch(F, g, q) if structure == Structure.PARALLEL_AXES else 0


@kernel
def distance(p: Joints, q: Joints) -> float:
    """The largest difference of a joint, in rad or m."""
    most = 0.0
    for j in range(6):
        most = max(most, abs(p[j] - q[j]))
    return most


@kernel
def nearest_inverse(
    I: Words, F: Reals, g: int, x: float, y: float, z: float, r: Rotation, near: Joints
) -> tuple[int, Joints]:
    """The branch within the limits nearest to `near` that reaches a pose, and its joints; -1 if none does."""
    found = -1
    best = near
    least = 1e300
    for branch in range(BRANCHES):
        good, q = inverse(I, F, g, x, y, z, r, branch, near)
        if good and distance(q, near) < least:
            least = distance(q, near)
            found = branch
            best = q
    return found, best
