"""Rotations in nine numbers by rows, and as angles A, B, C (rad) about X, Y, Z: R = Rz(C) Ry(B) Rx(A)."""

from __future__ import annotations

import math
from typing import TypeAlias

from plc_sim.kernel.compilation import kernel

Rotation: TypeAlias = tuple[float, ...]
"""Nine numbers, by rows."""

Joints: TypeAlias = tuple[float, ...]
"""Six joints, in rad, or m where they slide."""

PI = math.pi
SINGULAR = 1e-9
"""Sine (or distance in m) below which an angle is free."""


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
