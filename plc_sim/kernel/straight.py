"""Straight moves of the tool centre point; the tool turns evenly about one axis, in one branch."""

from __future__ import annotations

import math

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.kinematics import branch_of, distance, forward, inverse
from plc_sim.kernel.rotation import Joints, Rotation, product, transposed
from plc_sim.kernel.row import Row, state

FAR_APART = 0.05
TURNED = 0.2
"""A straight path is checked before it is started, at points so far apart (m, rad)."""

LEAP = 0.5
"""Largest joint step (rad) between two points: beyond it the path runs through a singularity."""

SLIGHT = 1e-12

STRAIGHT = 1e-9
"""Turn of the tool (rad) that is taken for none."""


class LineRow(Row):
    """The present straight move."""

    FROM = state("tool centre point at the start", "m", initial=0.0, count=3)
    ALONG = state("from there to the end", "m", initial=0.0, count=3)
    ORIENTATION = state("tool orientation at the start", initial=0.0, count=9)
    AXIS = state("axis of the turn, in the tool's frame", initial=0.0, count=3)
    ANGLE = state("angle of the turn", "rad", initial=0.0)
    BRANCH = state("branch of the inverse kinematics")
    FIRST = state("joints at the start", "rad", initial=0.0, count=6)
    LAST = state("joints at the end", "rad", initial=0.0, count=6)


@kernel
def load_joints(F: Reals, w: int) -> Joints:
    """Six reals from word `w` on."""
    return (F[w], F[w + 1], F[w + 2], F[w + 3], F[w + 4], F[w + 5])


@kernel
def store_joints(F: Reals, w: int, q: Joints) -> None:
    """Six reals to word `w` and on."""
    for j in range(6):
        F[w + j] = q[j]


@kernel
def _load_rotation(F: Reals, w: int) -> Rotation:
    return (F[w], F[w + 1], F[w + 2], F[w + 3], F[w + 4], F[w + 5], F[w + 6], F[w + 7], F[w + 8])


@kernel
def about(F: Reals, w: int, angle: float) -> Rotation:
    """The rotation by `angle` about the unit axis at word `w` (Rodrigues)."""
    x, y, z = F[w], F[w + 1], F[w + 2]
    s = math.sin(angle)
    c = math.cos(angle)
    v = 1.0 - c
    return (
        c + x * x * v,
        x * y * v - z * s,
        x * z * v + y * s,
        y * x * v + z * s,
        c + y * y * v,
        y * z * v - x * s,
        z * x * v - y * s,
        z * y * v + x * s,
        c + z * z * v,
    )


@kernel
def _set_axis(F: Reals, r: int, turn: Rotation) -> None:
    x, y, z = turn[7] - turn[5], turn[2] - turn[6], turn[3] - turn[1]
    sine = 0.5 * math.sqrt(x * x + y * y + z * z)
    cosine = 0.5 * (turn[0] + turn[4] + turn[8] - 1.0)
    F[r + LineRow.ANGLE] = math.atan2(sine, cosine)
    if sine < 1e-9:
        # half a turn, or none: the axis is the largest column of turn + 1
        x, y, z = turn[0] + 1.0, turn[3], turn[6]
        if turn[4] > turn[0] and turn[4] > turn[8]:
            x, y, z = turn[1], turn[4] + 1.0, turn[7]
        elif turn[8] > turn[0]:
            x, y, z = turn[2], turn[5], turn[8] + 1.0
    length = math.sqrt(x * x + y * y + z * z)
    F[r + LineRow.AXIS] = x / length
    F[r + LineRow.AXIS + 1] = y / length
    F[r + LineRow.AXIS + 2] = z / length


@kernel
def set_line(
    I: Words, F: Reals, r: int, g: int, q: Joints, x: float, y: float, z: float, end: Rotation
) -> None:
    """Lay the line from the pose of joints `q` to a pose."""
    fx, fy, fz, start = forward(I, F, g, q)
    F[r + LineRow.FROM] = fx
    F[r + LineRow.FROM + 1] = fy
    F[r + LineRow.FROM + 2] = fz
    F[r + LineRow.ALONG] = x - fx
    F[r + LineRow.ALONG + 1] = y - fy
    F[r + LineRow.ALONG + 2] = z - fz
    for k in range(9):
        F[r + LineRow.ORIENTATION + k] = start[k]
    _set_axis(F, r, product(transposed(start), end))
    store_joints(F, r + LineRow.FIRST, q)
    I[r + LineRow.BRANCH] = branch_of(I, F, g, q)


@kernel
def line_joints(I: Words, F: Reals, r: int, g: int, s: float, near: Joints) -> tuple[bool, Joints]:
    """Joints at path coordinate `s`, 0 to 1, of the turns nearest to `near`."""
    rotation = _load_rotation(F, r + LineRow.ORIENTATION)
    if F[r + LineRow.ANGLE] > STRAIGHT:
        rotation = product(rotation, about(F, r + LineRow.AXIS, F[r + LineRow.ANGLE] * s))
    x = F[r + LineRow.FROM] + F[r + LineRow.ALONG] * s
    y = F[r + LineRow.FROM + 1] + F[r + LineRow.ALONG + 1] * s
    z = F[r + LineRow.FROM + 2] + F[r + LineRow.ALONG + 2] * s
    return inverse(I, F, g, x, y, z, rotation, I[r + LineRow.BRANCH], near)


@kernel
def line_at(I: Words, F: Reals, r: int, g: int, s: float) -> Joints:
    """Joints at path coordinate `s` of a line that was checked."""
    if s <= 0.0:
        return load_joints(F, r + LineRow.FIRST)
    a = load_joints(F, r + LineRow.FIRST)
    b = load_joints(F, r + LineRow.LAST)
    near = (
        a[0] + (b[0] - a[0]) * s,
        a[1] + (b[1] - a[1]) * s,
        a[2] + (b[2] - a[2]) * s,
        a[3] + (b[3] - a[3]) * s,
        a[4] + (b[4] - a[4]) * s,
        a[5] + (b[5] - a[5]) * s,
    )
    _, q = line_joints(I, F, r, g, s, near)
    return q


@kernel
def line_points(F: Reals, r: int) -> int:
    """Number of points at which the line is looked at before it is started."""
    return 2 + int(line_length(F, r) / FAR_APART) + int(F[r + LineRow.ANGLE] / TURNED)


@kernel
def fastest(F: Reals, limits: int, p: Joints, q: Joints, points: int) -> float:
    """Path speed (1/s) that the joint speeds at word `limits` allow from `p` to `q`; 0 for a leap."""
    speed = 1e18
    if distance(p, q) > LEAP:
        return 0.0
    for j in range(6):
        step = abs(q[j] - p[j]) * points
        if step > SLIGHT:
            speed = min(speed, F[limits + j] / step)
    return speed


@kernel
def line_length(F: Reals, r: int) -> float:
    """Length in m of the tool centre point's path."""
    x, y, z = F[r + LineRow.ALONG], F[r + LineRow.ALONG + 1], F[r + LineRow.ALONG + 2]
    return math.sqrt(x * x + y * y + z * z)
