"""First-order approach to a level: value and exact time of a crossing, from basic arithmetic alone."""

from __future__ import annotations

import math

from plc_sim.kernel.compilation import kernel
from plc_sim.kernel.draw import LN2, ln, ns
from plc_sim.kernel.header import NEVER

TERMS = 14
"""Terms of the exponential series on half an octave: the relative error is below 3e-16."""


@kernel
def fall(x: float) -> float:
    """e to the power -x for x >= 0, by the same bits on every machine: halved k times, then a series."""
    if x > 700.0:
        return 0.0
    k = math.floor(x / LN2 + 0.5)
    r = k * LN2 - x
    sum_ = 1.0
    for n in range(TERMS, 0, -1):
        sum_ = 1.0 + sum_ * r / n
    return math.ldexp(sum_, -int(k))


@kernel
def approached(start: float, target: float, since: int, constant: int, t: int) -> float:
    """The value at `t` of what was `start` at `since` and approaches `target`; times and constant in ns."""
    if t <= since:
        return start
    return target + (start - target) * fall((t - since) / constant)


@kernel
def crossing(start: float, target: float, since: int, constant: int, level: float) -> int:
    """When (ns) it crosses `level`; `since` if it has, NEVER if it does not."""
    to_go, left = start - target, level - target
    if to_go == 0.0 or left == 0.0 or (to_go > 0.0) != (left > 0.0):
        return NEVER
    ratio = to_go / left
    return since if ratio <= 1.0 else since + ns(ln(ratio) * constant * 1e-9)
