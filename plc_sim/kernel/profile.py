"""Motion along a path: from a speed to a cruise speed, along it, and down to rest, all with one acceleration.

A profile is a row of its own (`ProfileRow`) in units of the path per second; times are exact closed forms of
the path coordinate and back, so that a zone's edge or an end is located without iteration.
"""

from __future__ import annotations

import math

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.draw import ns
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.row import Row, state


class ProfileRow(Row):
    """Three phases: speed change, cruise, braking."""

    T0 = state("start", "ns")
    END = state("end", "ns", initial=NEVER)
    S0 = state("path coordinate at T0", initial=0.0)
    S_END = state("path coordinate at END", initial=0.0)
    V0 = state("speed at T0", "1/s", initial=0.0)
    CRUISE = state("speed of the second phase", "1/s", initial=0.0)
    RATE = state("acceleration of the first phase", "1/s2", initial=0.0)
    BRAKE = state("deceleration of the third phase", "1/s2", initial=1.0)
    FIRST = state("length of the first phase", "s", initial=0.0)
    SECOND = state("length of the second phase", "s", initial=0.0)
    THIRD = state("length of the third phase", "s", initial=0.0)


@kernel
def plan_travel(
    I: Words, F: Reals, r: int, t: int, s0: float, v0: float, s1: float, v: float, a: float
) -> None:
    """From `s0` with speed `v0` at `t` (ns) to rest at `s1`, at speed `v` where there is room."""
    distance = s1 - s0
    cruise = v
    if v0 < v:
        cruise = min(v, math.sqrt(a * distance + 0.5 * v0 * v0))
    change = abs(cruise - v0)
    braking = cruise * cruise / (2.0 * a)
    room = distance - braking - change * (cruise + v0) / (2.0 * a)
    F[r + ProfileRow.S0] = s0
    F[r + ProfileRow.S_END] = s1
    F[r + ProfileRow.V0] = v0
    F[r + ProfileRow.CRUISE] = cruise
    F[r + ProfileRow.RATE] = a if cruise > v0 else -a
    F[r + ProfileRow.BRAKE] = a
    F[r + ProfileRow.FIRST] = change / a
    F[r + ProfileRow.SECOND] = max(room, 0.0) / cruise if cruise > 0.0 else 0.0
    F[r + ProfileRow.THIRD] = cruise / a
    I[r + ProfileRow.T0] = t
    I[r + ProfileRow.END] = t + ns(_length(F, r))


@kernel
def plan_braking(I: Words, F: Reals, r: int, t: int) -> None:
    """Brake from the speed at `t` (ns) to rest, along the path."""
    s = path_at(I, F, r, t)
    v = speed_at(I, F, r, t)
    a = F[r + ProfileRow.BRAKE]
    F[r + ProfileRow.S0] = s
    F[r + ProfileRow.S_END] = min(s + v * v / (2.0 * a), F[r + ProfileRow.S_END])
    F[r + ProfileRow.V0] = v
    F[r + ProfileRow.CRUISE] = v
    F[r + ProfileRow.FIRST] = 0.0
    F[r + ProfileRow.SECOND] = 0.0
    F[r + ProfileRow.THIRD] = v / a
    I[r + ProfileRow.T0] = t
    I[r + ProfileRow.END] = t + ns(_length(F, r))


@kernel
def _length(F: Reals, r: int) -> float:
    return F[r + ProfileRow.FIRST] + F[r + ProfileRow.SECOND] + F[r + ProfileRow.THIRD]


@kernel
def path_at(I: Words, F: Reals, r: int, t: int) -> float:
    """Path coordinate at `t` (ns)."""
    if t >= I[r + ProfileRow.END]:
        return F[r + ProfileRow.S_END]
    x = (t - I[r + ProfileRow.T0]) * 1e-9
    first = F[r + ProfileRow.FIRST]
    if x < first:
        return F[r + ProfileRow.S0] + (F[r + ProfileRow.V0] + 0.5 * F[r + ProfileRow.RATE] * x) * x
    rest = _length(F, r) - x
    third = F[r + ProfileRow.THIRD]
    if rest <= third:
        rest = max(rest, 0.0)
        return F[r + ProfileRow.S_END] - 0.5 * F[r + ProfileRow.BRAKE] * rest * rest
    return _change_distance(F, r) + F[r + ProfileRow.S0] + F[r + ProfileRow.CRUISE] * (x - first)


@kernel
def _change_distance(F: Reals, r: int) -> float:
    return 0.5 * (F[r + ProfileRow.V0] + F[r + ProfileRow.CRUISE]) * F[r + ProfileRow.FIRST]


@kernel
def speed_at(I: Words, F: Reals, r: int, t: int) -> float:
    """Path speed (1/s) at `t` (ns)."""
    if t >= I[r + ProfileRow.END]:
        return 0.0
    x = (t - I[r + ProfileRow.T0]) * 1e-9
    if x < F[r + ProfileRow.FIRST]:
        return F[r + ProfileRow.V0] + F[r + ProfileRow.RATE] * x
    return max(min(F[r + ProfileRow.CRUISE], F[r + ProfileRow.BRAKE] * (_length(F, r) - x)), 0.0)


@kernel
def time_at(I: Words, F: Reals, r: int, s: float) -> int:
    """When (ns) the path coordinate reaches `s`; NEVER if it lies beyond the end."""
    if s > F[r + ProfileRow.S_END]:
        return NEVER
    d = s - F[r + ProfileRow.S0]
    if d <= 0.0:
        return I[r + ProfileRow.T0]
    first = _change_distance(F, r)
    v0 = F[r + ProfileRow.V0]
    if d < first:
        x = 2.0 * d / (v0 + math.sqrt(max(v0 * v0 + 2.0 * F[r + ProfileRow.RATE] * d, 0.0)))
        return I[r + ProfileRow.T0] + ns(x)
    cruise = F[r + ProfileRow.CRUISE]
    remaining = F[r + ProfileRow.S_END] - s
    if remaining >= 0.5 * cruise * F[r + ProfileRow.THIRD] and cruise > 0.0:
        return I[r + ProfileRow.T0] + ns(F[r + ProfileRow.FIRST] + (d - first) / cruise)
    return I[r + ProfileRow.T0] + ns(_length(F, r) - math.sqrt(2.0 * remaining / F[r + ProfileRow.BRAKE]))
