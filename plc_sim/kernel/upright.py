"""Arms that hold their tool upright: gantries on three sliding axes, and palletising arms on parallelograms;
the fourth axis turns the tool about the vertical, a fifth and sixth there are none.

A palletising arm's second and third joint are the angles of its links to the vertical and to the horizontal
(Dobot Magician Lite): distance A2 sin j2 + D4 cos j3 + A1, height A2 cos j2 - D4 sin j3 + D1. The tool is a
length downwards, D6.
"""

from __future__ import annotations

import math

from plc_sim.kernel.compilation import Reals, kernel
from plc_sim.kernel.geometry import GeometryRow, outside, within_limits
from plc_sim.kernel.rotation import PI, SINGULAR, Joints, Rotation


@kernel
def _downwards(turn: float) -> Rotation:
    """A tool that points down, turned about the vertical: Rz(turn) Rx(180 degrees)."""
    s, c = math.sin(turn), math.cos(turn)
    return (c, s, 0.0, s, -c, 0.0, 0.0, 0.0, -1.0)


@kernel
def _points_down(r: Rotation) -> bool:
    return abs(r[2]) < SINGULAR and abs(r[5]) < SINGULAR and r[8] < 0.0


@kernel
def cartesian_forward(F: Reals, g: int, q: Joints) -> tuple[float, float, float, Rotation]:
    """Tool centre point (m) and tool orientation of the gantry with the geometry at offset `g`."""
    return q[0], q[1], q[2] - F[g + GeometryRow.D6], _downwards(q[3])


@kernel
def cartesian_inverse(
    F: Reals, g: int, x: float, y: float, z: float, r: Rotation, near: Joints
) -> tuple[bool, Joints]:
    """Joints (m, rad) that reach a pose; False if it is out of reach or the tool does not point down."""
    turned, q = within_limits(F, g, (0.0, 0.0, 0.0, math.atan2(r[3], r[0]), 0.0, 0.0), near)
    q = (x, y, z + F[g + GeometryRow.D6], q[3], 0.0, 0.0)
    return _points_down(r) and outside(F, g, q) < 0, q


@kernel
def palletising_forward(F: Reals, g: int, q: Joints) -> tuple[float, float, float, Rotation]:
    """Tool centre point (m) and tool orientation of the arm with the geometry at offset `g`."""
    a2, d4 = F[g + GeometryRow.A2], F[g + GeometryRow.D4]
    away = a2 * math.sin(q[1]) + d4 * math.cos(q[2]) + F[g + GeometryRow.A1]
    height = a2 * math.cos(q[1]) - d4 * math.sin(q[2]) + F[g + GeometryRow.D1] - F[g + GeometryRow.D6]
    return away * math.cos(q[0]), away * math.sin(q[0]), height, _downwards(q[0] + q[3])


@kernel
def palletising_inverse(
    F: Reals, g: int, x: float, y: float, z: float, r: Rotation, near: Joints
) -> tuple[bool, Joints]:
    """Joints (rad) that reach a pose; False if it is out of reach or the tool does not point down."""
    away = math.sqrt(x * x + y * y)
    turn = math.atan2(y, x) if away > SINGULAR else near[0]
    along, up = away - F[g + GeometryRow.A1], z + F[g + GeometryRow.D6] - F[g + GeometryRow.D1]
    a2, d4 = F[g + GeometryRow.A2], F[g + GeometryRow.D4]
    square = along * along + up * up
    reach = math.sqrt(square)
    if reach > a2 + d4 or reach < abs(a2 - d4) or reach < SINGULAR or not _points_down(r):
        return False, near
    rise = math.atan2(up, along)
    rear = math.acos(min((a2 * a2 + square - d4 * d4) / (2.0 * a2 * reach), 1.0))
    fore = math.acos(min((d4 * d4 + square - a2 * a2) / (2.0 * d4 * reach), 1.0))
    tool = math.atan2(r[3], r[0]) - turn
    return within_limits(F, g, (turn, 0.5 * PI - rise - rear, fore - rise, tool, 0.0, 0.0), near)
