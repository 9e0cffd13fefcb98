"""Six-axis arms with a spherical wrist, in standard Denavit-Hartenberg form.

Each link is Rz(theta) Tz(d) Tx(a) Rx(alpha) with theta = q + offset; alpha is -90, 0, -90, 90, -90, 0
degrees, a4 to a6 and d2, d3, d5 are 0. The tool is a length along the flange's z, added to d6.
"""

from __future__ import annotations

import math

from plc_sim.kernel.compilation import Reals, kernel
from plc_sim.kernel.geometry import GeometryRow, within_limits
from plc_sim.kernel.rotation import PI, SINGULAR, Joints, Rotation, product


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
def spherical_forward(F: Reals, g: int, q: Joints) -> tuple[float, float, float, Rotation]:
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
def spherical_inverse(
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
    return within_limits(F, g, (t1, math.atan2(s2, c2), math.atan2(s3, c3), t4, t5, t6), near)


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
def spherical_branch(F: Reals, g: int, q: Joints) -> int:
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
