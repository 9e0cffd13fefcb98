"""Six-axis arms with three parallel axes and an offset wrist, as Universal Robots', in standard
Denavit-Hartenberg form.

Each link is Rz(theta) Tz(d) Tx(a) Rx(alpha) with theta = q + offset; alpha is 90, 0, 0, 90, -90, 0 degrees,
a2 and a3 point backwards (A2 and A3 are their lengths), d2 and d3 are 0. The tool is a length along the
flange's z, added to d6.
"""

from __future__ import annotations

import math

from plc_sim.kernel.compilation import Reals, kernel
from plc_sim.kernel.geometry import GeometryRow, within_limits
from plc_sim.kernel.rotation import PI, SINGULAR, Joints, Rotation


@kernel
def parallel_forward(F: Reals, g: int, q: Joints) -> tuple[float, float, float, Rotation]:
    """Tool centre point (m) and tool orientation of the arm with the geometry at offset `g`."""
    o = g + GeometryRow.OFFSET
    t1, t2 = q[0] + F[o], q[1] + F[o + 1]
    t23 = t2 + q[2] + F[o + 2]
    t234, t5, t6 = t23 + q[3] + F[o + 3], q[4] + F[o + 4], q[5] + F[o + 5]
    s1, c1, s, c = math.sin(t1), math.cos(t1), math.sin(t234), math.cos(t234)
    s5, c5, s6, c6 = math.sin(t5), math.cos(t5), math.sin(t6), math.cos(t6)
    # Axes of frame 4 in the base: x along (c, s) of the arm's plane, y across it, z in it.
    xx, xy, xz = c * c1, c * s1, s
    zx, zy, zz = s * c1, s * s1, -c
    # Frame 5: x5 = c5 x4 + s5 y4, y5 = -z4, z5 = c5 y4 - s5 x4; y4 is (s1, -c1, 0).
    ux, uy, uz = c5 * xx + s5 * s1, c5 * xy - s5 * c1, c5 * xz
    wx, wy, wz = c5 * s1 - s5 * xx, -c5 * c1 - s5 * xy, -s5 * xz
    a2, a3 = F[g + GeometryRow.A2], F[g + GeometryRow.A3]
    radial = -a2 * math.cos(t2) - a3 * math.cos(t23)
    height = -a2 * math.sin(t2) - a3 * math.sin(t23)
    d4, d5, d6 = F[g + GeometryRow.D4], F[g + GeometryRow.D5], F[g + GeometryRow.D6]
    return (
        radial * c1 + d4 * s1 + d5 * zx + d6 * wx,
        radial * s1 - d4 * c1 + d5 * zy + d6 * wy,
        F[g + GeometryRow.D1] + height + d5 * zz + d6 * wz,
        (
            c6 * ux - s6 * zx,
            -s6 * ux - c6 * zx,
            wx,
            c6 * uy - s6 * zy,
            -s6 * uy - c6 * zy,
            wy,
            c6 * uz - s6 * zz,
            -s6 * uz - c6 * zz,
            wz,
        ),
    )


@kernel
def parallel_inverse(
    F: Reals, g: int, x: float, y: float, z: float, r: Rotation, branch: int, near: Joints
) -> tuple[bool, Joints]:
    """Joints of `branch` (bit 0 shoulder turned, bit 1 elbow down, bit 2 wrist turned) that reach a pose.

    Of equal angles a full turn apart those nearest to `near` are taken. False if the pose is out of reach or
    a joint out of its limits.
    """
    d4, d5, d6 = F[g + GeometryRow.D4], F[g + GeometryRow.D5], F[g + GeometryRow.D6]
    wx, wy, wz = x - d6 * r[2], y - d6 * r[5], z - d6 * r[8]
    reach = math.sqrt(wx * wx + wy * wy)
    if reach < d4 or reach < SINGULAR:
        return False, near
    beside = math.atan2(math.sqrt(reach * reach - d4 * d4), d4)
    t1 = math.atan2(wy, wx) + (-beside if branch & 1 else beside) + 0.5 * PI
    s1, c1 = math.sin(t1), math.cos(t1)
    mx, my, mz = s1 * r[0] - c1 * r[3], s1 * r[1] - c1 * r[4], s1 * r[2] - c1 * r[5]
    bend = math.sqrt(mx * mx + my * my)
    t6 = near[5] + F[g + GeometryRow.OFFSET + 5]
    if bend > SINGULAR:
        t6 = math.atan2(my, -mx) if branch & 4 else math.atan2(-my, mx)
    t5 = math.atan2(-bend if branch & 4 else bend, mz)
    s6, c6 = math.sin(t6), math.cos(t6)
    zx, zy, zz = -(s6 * r[0] + c6 * r[1]), -(s6 * r[3] + c6 * r[4]), -(s6 * r[6] + c6 * r[7])
    radial = (wx - d5 * zx) * c1 + (wy - d5 * zy) * s1
    height = wz - d5 * zz - F[g + GeometryRow.D1]
    a2, a3 = -F[g + GeometryRow.A2], -F[g + GeometryRow.A3]
    cosine = (radial * radial + height * height - a2 * a2 - a3 * a3) / (2.0 * a2 * a3)
    if abs(cosine) > 1.0 + 1e-12:
        return False, near
    cosine = min(max(cosine, -1.0), 1.0)
    sine = math.sqrt(1.0 - cosine * cosine)
    if branch & 2:
        sine = -sine
    t2 = math.atan2(height, radial) - math.atan2(a3 * sine, a2 + a3 * cosine)
    t3 = math.atan2(sine, cosine)
    t4 = math.atan2(zx * c1 + zy * s1, -zz) - t2 - t3
    return within_limits(F, g, (t1, t2, t3, t4, t5, t6), near)


@kernel
def parallel_branch(F: Reals, g: int, q: Joints) -> int:
    """The branch of the inverse kinematics that gives the joints `q`."""
    o = g + GeometryRow.OFFSET
    t2 = q[1] + F[o + 1]
    t3 = q[2] + F[o + 2]
    t234 = t2 + t3 + q[3] + F[o + 3]
    a2, a3 = F[g + GeometryRow.A2], F[g + GeometryRow.A3]
    radial = -a2 * math.cos(t2) - a3 * math.cos(t2 + t3) + F[g + GeometryRow.D5] * math.sin(t234)
    branch = 1 if radial > 0.0 else 0
    if math.sin(t3) < 0.0:
        branch += 2
    return branch + 4 if math.sin(q[4] + F[o + 4]) < 0.0 else branch
