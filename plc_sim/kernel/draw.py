"""Random numbers by counter: a draw is a function of (seed, scenario, name, number) and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.extending import overload

from plc_sim.kernel.compilation import kernel

GOLDEN = 0x9E3779B97F4A7C15
FIRST_FACTOR = 0xBF58476D1CE4E5B9
SECOND_FACTOR = 0x94D049BB133111EB
MASK = 0xFFFFFFFFFFFFFFFF

_GOLDEN, _FIRST, _SECOND = np.uint64(GOLDEN), np.uint64(FIRST_FACTOR), np.uint64(SECOND_FACTOR)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_STEP = 1.0 / 9007199254740992.0

LN2 = 0.6931471805599453
SQRT_HALF = 0.7071067811865476


def _mix(value: int) -> int:
    value = (value ^ value >> 30) * FIRST_FACTOR & MASK
    value = (value ^ value >> 27) * SECOND_FACTOR & MASK
    return value ^ value >> 31


def stream_key(seed: int, scenario: int, name: int) -> int:
    """The key (63 bits) of one component's draws: splitmix64 over seed, scenario and the hash of its name."""
    key = 0
    for part in (seed, scenario, name):
        key = _mix((key + part * GOLDEN + GOLDEN) & MASK)
    return key >> 1


def u01(key: int, number: int) -> float:
    """Draw `number` of a stream, evenly spread over the open interval 0 to 1 (splitmix64, 53 bits)."""
    return ((_mix((key + number) * GOLDEN + GOLDEN & MASK) >> 11) + 0.5) * _STEP


@overload(u01)
def _u01_in_kernels(key: Any, number: Any) -> Callable[[Any, Any], float]:
    """The same in machine words."""

    def draw(key: Any, number: Any) -> float:
        value = (np.uint64(key) + np.uint64(number)) * _GOLDEN + _GOLDEN
        value = (value ^ (value >> _S30)) * _FIRST
        value = (value ^ (value >> _S27)) * _SECOND
        value = value ^ (value >> _S31)
        return (np.float64(value >> _S11) + 0.5) * _STEP

    return draw


@kernel
def ln(x: float) -> float:
    """Natural logarithm of a positive x, from basic arithmetic alone, so that every machine gives the same
    bits.

    x = m 2^e with m in sqrt(1/2)..sqrt(2), ln m = 2 artanh((m - 1)/(m + 1)); relative error below 4e-16.
    """
    m, e = math.frexp(x)
    if m < SQRT_HALF:
        m += m
        e -= 1
    z = (m - 1.0) / (m + 1.0)
    square = z * z
    series = 0.0
    for k in range(12):
        series = series * square + 1.0 / (25 - 2 * k)
    return e * LN2 + 2.0 * z * (1.0 + square * series)


@kernel
def ns(seconds: float) -> int:
    """Seconds as whole nanoseconds, to the nearest."""
    return math.floor(seconds * 1e9 + 0.5)
