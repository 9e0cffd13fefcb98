"""Kinematics of six-axis arms with a spherical wrist, in standard Denavit-Hartenberg form.

Each link is Rz(theta) Tz(d) Tx(a) Rx(alpha) with theta = q + offset; alpha is -90, 0, -90, 90, -90, 0
degrees, a4 to a6 and d2, d3, d5 are 0. The tool is a length along the flange's z, added to d6. Angles in rad,
lengths in m. A pose is (x, y, z) and a rotation in nine numbers by rows, or angles A, B, C about X, Y, Z with
R = Rz(C) Ry(B) Rx(A).
"""

from __future__ import annotations

import math
from typing import TypeAlias

from plc_sim.kernel.compilation import Reals, kernel
from plc_sim.kernel.row import Row, real

Rotation: TypeAlias = tuple[float, ...]
"""Nine numbers, by rows."""

Joints: TypeAlias = tuple[float, ...]
"""Six angles in rad."""

PI = math.pi
SINGULAR = 1e-9
"""Sine of the wrist's bend (or distance in m from the first axis) below which an angle is free."""


class GeometryRow(Row):
    """Dimensions and limits of an arm."""

    A1 = real("first axis to second axis", "m", low=0.0)
    A2 = real("upper arm", "m", above=0.0)
    A3 = real("elbow offset", "m", low=0.0)
    D1 = real("height of the second axis", "m")
    D4 = real("forearm", "m", above=0.0)
    D6 = real("wrist centre to tool centre point", "m", low=0.0)
    OFFSET = real("theta at q = 0", "rad", count=6)
    LOW = real("lower joint limit", "rad", count=6)
    HIGH = real("upper joint limit", "rad", count=6)


@kernel
def wrapped(angle: float) -> float:
    """The angle in -pi to pi that points the same way."""
    return angle - 2.0 * PI * math.floor(angle / (2.0 * PI) + 0.5)


@kernel
def product(a: Rotation, b: Rotation) -> Rotation:
    """Rotation `a` after `b`."""
    return (
        a[0] * b[0] + a[1] * b[3] + a[2] * b[6],
        a[0] * b[1] + a[1] * b[4] + a[2] * b[7],
        a[0] * b[2] + a[1] * b[5] + a[2] * b[8],
        a[3] * b[0] + a[4] * b[3] + a[5] * b[6],
        a[3] * b[1] + a[4] * b[4] + a[5] * b[7],
        a[3] * b[2] + a[4] * b[5] + a[5] * b[8],
        a[6] * b[0] + a[7] * b[3] + a[8] * b[6],
        a[6] * b[1] + a[7] * b[4] + a[8] * b[7],
        a[6] * b[2] + a[7] * b[5] + a[8] * b[8],
    )


@kernel
def transposed(a: Rotation) -> Rotation:
    """The inverse rotation."""
    return (a[0], a[3], a[6], a[1], a[4], a[7], a[2], a[5], a[8])


@kernel
def rotation_of(a: float, b: float, c: float) -> Rotation:
    """Rz(c) Ry(b) Rx(a)."""
    sa, ca, sb, cb, sc, cc = math.sin(a), math.cos(a), math.sin(b), math.cos(b), math.sin(c), math.cos(c)
    return (
        cc * cb,
        cc * sb * sa - sc * ca,
        cc * sb * ca + sc * sa,
        sc * cb,
        sc * sb * sa + cc * ca,
        sc * sb * ca - cc * sa,
        -sb,
        cb * sa,
        cb * ca,
    )


@kernel
def angles_of(r: Rotation) -> tuple[float, float, float]:
    """The angles (a, b, c) of a rotation; with b at +-90 degrees, c is 0."""
    cb = math.sqrt(r[0] * r[0] + r[3] * r[3])
    b = math.atan2(-r[6], cb)
    if cb < SINGULAR:
        return math.atan2(-r[5], r[4]), b, 0.0
    return math.atan2(r[7], r[8]), b, math.atan2(r[3], r[0])


@kernel
def _arm_rotation(t1: float, t23: float) -> Rotation:
    """Orientation of frame 3: x radial turned down by t23, z along the forearm."""
    s1, c1, s, c = math.sin(t1), math.cos(t1), math.sin(t23), math.cos(t23)
    return (c1 * c, s1, -c1 * s, s1 * c, -c1, -s1 * s, -s, 0.0, -c)


@kernel
def _wrist_rotation(t4: float, t5: float, t6: float) -> Rotation:
    """Rz(t4) Ry(-t5) Rz(t6)."""
    s4, c4, s5, c5, s6, c6 = (
        math.sin(t4),
        math.cos(t4),
        math.sin(t5),
        math.cos(t5),
        math.sin(t6),
        math.cos(t6),
    )
    return (
        c4 * c5 * c6 - s4 * s6,
        -c4 * c5 * s6 - s4 * c6,
        -c4 * s5,
        s4 * c5 * c6 + c4 * s6,
        -s4 * c5 * s6 + c4 * c6,
        -s4 * s5,
        s5 * c6,
        -s5 * s6,
        c5,
    )


@kernel
def forward(F: Reals, g: int, q: Joints) -> tuple[float, float, float, Rotation]:
    """Tool centre point (m) and tool orientation of the arm with the geometry at offset `g`."""
    o = g + GeometryRow.OFFSET
    t1, t2 = q[0] + F[o], q[1] + F[o + 1]
    t23 = t2 + q[2] + F[o + 2]
    r = product(_arm_rotation(t1, t23), _wrist_rotation(q[3] + F[o + 3], q[4] + F[o + 4], q[5] + F[o + 5]))
    a2, a3, d4, d6 = (
        F[g + GeometryRow.A2],
        F[g + GeometryRow.A3],
        F[g + GeometryRow.D4],
        F[g + GeometryRow.D6],
    )
    radial = F[g + GeometryRow.A1] + a2 * math.cos(t2) + a3 * math.cos(t23) - d4 * math.sin(t23)
    down = a2 * math.sin(t2) + a3 * math.sin(t23) + d4 * math.cos(t23)
    x = radial * math.cos(t1) + d6 * r[2]
    y = radial * math.sin(t1) + d6 * r[5]
    return x, y, F[g + GeometryRow.D1] - down + d6 * r[8], r


@kernel
def inverse(
    F: Reals, g: int, x: float, y: float, z: float, r: Rotation, branch: int, near: Joints
) -> tuple[bool, Joints]:
    """Joints of `branch` (bit 0 shoulder behind, bit 1 elbow down, bit 2 wrist turned) that reach a pose.

    Of equal angles a full turn apart those nearest to `near` are taken. False if the pose is out of reach or
    a joint out of its limits.
    """
    d6 = F[g + GeometryRow.D6]
    wx, wy, down = x - d6 * r[2], y - d6 * r[5], F[g + GeometryRow.D1] - (z - d6 * r[8])
    reach = math.sqrt(wx * wx + wy * wy)
    t1 = near[0] + F[g + GeometryRow.OFFSET]
    if reach > SINGULAR:
        t1 = math.atan2(wy, wx)
    if branch & 1:
        t1 += PI
        reach = -reach
    radial = reach - F[g + GeometryRow.A1]
    a2, a3, d4 = F[g + GeometryRow.A2], F[g + GeometryRow.A3], F[g + GeometryRow.D4]
    forearm = math.sqrt(a3 * a3 + d4 * d4)
    square = radial * radial + down * down
    cosine = (square - a2 * a2 - forearm * forearm) / (2.0 * a2 * forearm)
    if abs(cosine) > 1.0 + 1e-12 or square == 0.0:
        return False, near
    cosine = min(max(cosine, -1.0), 1.0)
    sine = math.sqrt(1.0 - cosine * cosine)
    if branch & 2:
        sine = -sine
    along, across = a2 + forearm * cosine, forearm * sine
    c2, s2 = (radial * along + down * across) / square, (down * along - radial * across) / square
    c3, s3 = (cosine * a3 + sine * d4) / forearm, (sine * a3 - cosine * d4) / forearm
    c, s = c2 * c3 - s2 * s3, s2 * c3 + c2 * s3
    c1, s1 = math.cos(t1), math.sin(t1)
    t4, t5, t6 = _wrist(F, g, c1, s1, c, s, r, branch, near)
    return _within_limits(F, g, (t1, math.atan2(s2, c2), math.atan2(s3, c3), t4, t5, t6), near)


@kernel
def _wrist(
    F: Reals, g: int, c1: float, s1: float, c: float, s: float, r: Rotation, branch: int, near: Joints
) -> tuple[float, float, float]:
    """The last three angles: the tool's orientation seen from frame 3, turned by Rz(t4) Ry(-t5) Rz(t6)."""
    x = c1 * c * r[2] + s1 * c * r[5] - s * r[8]
    y = s1 * r[2] - c1 * r[5]
    z = -c1 * s * r[2] - s1 * s * r[5] - c * r[8]
    z0 = -c1 * s * r[0] - s1 * s * r[3] - c * r[6]
    z1 = -c1 * s * r[1] - s1 * s * r[4] - c * r[7]
    bend = math.sqrt(x * x + y * y)
    if bend < SINGULAR:
        x0 = c1 * c * r[0] + s1 * c * r[3] - s * r[6]
        y0 = s1 * r[0] - c1 * r[3]
        t4 = near[3] + F[g + GeometryRow.OFFSET + 3]
        if z > 0.0:
            return t4, 0.0, math.atan2(y0, x0) - t4
        return t4, PI, t4 - math.atan2(-y0, -x0)
    if branch & 4:
        return math.atan2(y, x), math.atan2(-bend, z), math.atan2(z1, -z0)
    return math.atan2(-y, -x), math.atan2(bend, z), math.atan2(-z1, z0)


@kernel
def branch_of(F: Reals, g: int, q: Joints) -> int:
    """The branch of the inverse kinematics that gives the joints `q`."""
    o = g + GeometryRow.OFFSET
    t2 = q[1] + F[o + 1]
    t3 = q[2] + F[o + 2]
    t23 = t2 + t3
    a3, d4 = F[g + GeometryRow.A3], F[g + GeometryRow.D4]
    radial = (
        F[g + GeometryRow.A1] + F[g + GeometryRow.A2] * math.cos(t2) + a3 * math.cos(t23) - d4 * math.sin(t23)
    )
    branch = 1 if radial < 0.0 else 0
    if a3 * math.sin(t3) + d4 * math.cos(t3) < 0.0:
        branch += 2
    return branch + 4 if math.sin(q[4] + F[o + 4]) < 0.0 else branch


@kernel
def _nearest_turn(F: Reals, g: int, j: int, theta: float, near: float) -> float:
    q = near + wrapped(theta - F[g + GeometryRow.OFFSET + j] - near)
    if q < F[g + GeometryRow.LOW + j] - 1e-12:
        q += 2.0 * PI
    elif q > F[g + GeometryRow.HIGH + j] + 1e-12:
        q -= 2.0 * PI
    return q


@kernel
def _within_limits(F: Reals, g: int, theta: Joints, near: Joints) -> tuple[bool, Joints]:
    q = (
        _nearest_turn(F, g, 0, theta[0], near[0]),
        _nearest_turn(F, g, 1, theta[1], near[1]),
        _nearest_turn(F, g, 2, theta[2], near[2]),
        _nearest_turn(F, g, 3, theta[3], near[3]),
        _nearest_turn(F, g, 4, theta[4], near[4]),
        _nearest_turn(F, g, 5, theta[5], near[5]),
    )
    return outside(F, g, q) < 0, q


@kernel
def outside(F: Reals, g: int, q: Joints) -> int:
    """The first joint, counted from 0, outside its limits; -1 if there is none."""
    for j in range(6):
        if not F[g + GeometryRow.LOW + j] - 1e-12 <= q[j] <= F[g + GeometryRow.HIGH + j] + 1e-12:
            return j
    return -1


@kernel
def distance(p: Joints, q: Joints) -> float:
    """The largest difference of a joint, in rad."""
    most = 0.0
    for j in range(6):
        most = max(most, abs(p[j] - q[j]))
    return most


@kernel
def nearest_inverse(
    F: Reals, g: int, x: float, y: float, z: float, r: Rotation, near: Joints
) -> tuple[int, Joints]:
    """The branch within the limits nearest to `near` that reaches a pose, and its joints; -1 if none does."""
    found = -1
    best = near
    least = 1e300
    for branch in range(8):
        good, q = inverse(F, g, x, y, z, r, branch, near)
        if good and distance(q, near) < least:
            least = distance(q, near)
            found = branch
            best = q
    return found, best
