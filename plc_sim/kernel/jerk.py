"""Motion of one axis with limited speed, acceleration and jerk: pieces of constant jerk, at most seven.

A plan is a row of its own (`PlanRow`): where each piece starts, in closed form from the start of the plan, so
that position and speed at any instant, and the instant of any position, need no steps between. Without a
limit of the jerk the acceleration jumps (trapezoid).
"""

from __future__ import annotations

import math

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.draw import ns
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.row import Row, state

PIECES = 8
"""Most pieces: seven of a move from rest to rest, and rest."""

ENDLESS = 1e9
"""Length (s) of a piece that lasts until something else is ordered."""

FAR = 1e300
ROOT_STEPS = 200
"""Most steps by which a crossing is located; some ten are needed."""


class PlanRow(Row):
    """Pieces of constant jerk."""

    T0 = state("start", "ns")
    END = state("end of the last piece but rest", "ns", initial=NEVER)
    COUNT = state("pieces, rest included", initial=1)
    START = state("start of each piece, from T0", "s", initial=0.0, count=PIECES)
    POSITION = state("position there", initial=0.0, count=PIECES)
    SPEED = state("speed there", initial=0.0, count=PIECES)
    ACCELERATION = state("acceleration there", initial=0.0, count=PIECES)
    JERK = state("jerk of each piece", initial=0.0, count=PIECES)


@kernel
def cube_root(x: float) -> float:
    """Of a positive x, from basic arithmetic alone, so that every machine gives the same bits."""
    m, e = math.frexp(x)
    while e % 3 != 0:
        m *= 0.5
        e += 1
    y = 0.6 + 0.4 * m
    for _ in range(6):
        y -= (y - m / (y * y)) / 3.0
    return math.ldexp(y, int(e // 3))


@kernel
def _begin(I: Words, F: Reals, r: int, t: int, p: float, v: float) -> None:
    I[r + PlanRow.T0] = t
    I[r + PlanRow.COUNT] = 0
    F[r + PlanRow.START] = 0.0
    F[r + PlanRow.POSITION] = p
    F[r + PlanRow.SPEED] = v


@kernel
def _add(I: Words, F: Reals, r: int, length: float, a: float, j: float) -> None:
    """Add a piece; one of no length is left out."""
    if length <= 0.0:
        return
    k = I[r + PlanRow.COUNT]
    w = r + k
    F[w + PlanRow.ACCELERATION] = a
    F[w + PlanRow.JERK] = j
    v = F[w + PlanRow.SPEED]
    F[w + PlanRow.START + 1] = F[w + PlanRow.START] + length
    F[w + PlanRow.POSITION + 1] = (
        F[w + PlanRow.POSITION] + (v + (0.5 * a + j / 6.0 * length) * length) * length
    )
    F[w + PlanRow.SPEED + 1] = v + (a + 0.5 * j * length) * length
    I[r + PlanRow.COUNT] = k + 1


@kernel
def _end(I: Words, F: Reals, r: int, p: float, v: float) -> None:
    """The last piece: at position `p` with speed `v` for ever."""
    w = r + I[r + PlanRow.COUNT]
    F[w + PlanRow.POSITION] = p
    F[w + PlanRow.SPEED] = v
    F[w + PlanRow.ACCELERATION] = 0.0
    F[w + PlanRow.JERK] = 0.0
    I[r + PlanRow.COUNT] += 1
    I[r + PlanRow.END] = I[r + PlanRow.T0] + ns(F[w + PlanRow.START])


@kernel
def plan_rest(I: Words, F: Reals, r: int, t: int, p: float) -> None:
    """Rest at `p` from `t` (ns) on."""
    _begin(I, F, r, t, p, 0.0)
    _end(I, F, r, p, 0.0)
    I[r + PlanRow.END] = NEVER


@kernel
def plan_position(I: Words, F: Reals, r: int, t: int, target: float, v: float, a: float, j: float) -> None:
    """From rest to rest at `target`, in the shortest time that speed, acceleration and jerk (0: without
    limit) allow.
    """
    p, _, _ = motion_at(I, F, r, t)
    d = abs(target - p)
    way = 1.0 if target > p else -1.0
    if j > 0.0:
        build = a / j if v * j >= a * a else math.sqrt(v / j)
        hold = v / a - build if v * j >= a * a else 0.0
        if d < v * (2.0 * build + hold):
            if d >= 2.0 * a * build * build and build == a / j:
                hold = math.sqrt(0.25 * build * build + d / a) - 1.5 * build
            else:
                build = cube_root(0.5 * d / j) if d > 0.0 else 0.0
                hold = 0.0
    else:
        build = 0.0
        hold = min(v / a, math.sqrt(d / a))
    peak = a if j == 0.0 else j * build
    top = peak * (build + hold)
    cruise = max(d / top - (2.0 * build + hold), 0.0) if top > 0.0 else 0.0
    _begin(I, F, r, t, p, 0.0)
    _add(I, F, r, build, 0.0, way * j)
    _add(I, F, r, hold, way * peak, 0.0)
    _add(I, F, r, build, way * peak, -way * j)
    _add(I, F, r, cruise, 0.0, 0.0)
    _add(I, F, r, build, 0.0, -way * j)
    _add(I, F, r, hold, -way * peak, 0.0)
    _add(I, F, r, build, -way * peak, way * j)
    _end(I, F, r, target, 0.0)


@kernel
def plan_speed(I: Words, F: Reals, r: int, t: int, goal: float, a: float, j: float) -> None:
    """From the present motion to the speed `goal`, in the shortest time, and on at that speed."""
    p, v, a0 = motion_at(I, F, r, t)
    _begin(I, F, r, t, p, v)
    if j > 0.0:
        way = 1.0 if goal >= v + a0 * abs(a0) / (2.0 * j) else -1.0
        already = way * a0
        gain = way * (goal - v)
        peak = math.sqrt(max(j * gain + 0.5 * already * already, 0.0))
        hold = 0.0
        if peak > a:
            peak = max(a, already)
            hold = (gain + (0.5 * already * already - peak * peak) / j) / peak
        _add(I, F, r, (peak - already) / j, a0, way * j)
        _add(I, F, r, hold, way * peak, 0.0)
        _add(I, F, r, peak / j, way * peak, -way * j)
    else:
        way = 1.0 if goal >= v else -1.0
        _add(I, F, r, abs(goal - v) / a, way * a, 0.0)
    _end(I, F, r, F[r + I[r + PlanRow.COUNT] + PlanRow.POSITION], goal)


@kernel
def _piece(I: Words, F: Reals, r: int, x: float) -> int:
    """The piece that lasts `x` s after the start."""
    k = I[r + PlanRow.COUNT] - 1
    while k > 0 and x < F[r + PlanRow.START + k]:
        k -= 1
    return k


@kernel
def motion_at(I: Words, F: Reals, r: int, t: int) -> tuple[float, float, float]:
    """Position, speed and acceleration at `t` (ns)."""
    x = (t - I[r + PlanRow.T0]) * 1e-9
    k = I[r + PlanRow.COUNT] - 1 if t >= I[r + PlanRow.END] else _piece(I, F, r, x)
    return _motion(F, r, k, x - F[r + PlanRow.START + k])


@kernel
def _motion(F: Reals, r: int, k: int, x: float) -> tuple[float, float, float]:
    w = r + k
    p, v, a, j = (
        F[w + PlanRow.POSITION],
        F[w + PlanRow.SPEED],
        F[w + PlanRow.ACCELERATION],
        F[w + PlanRow.JERK],
    )
    return p + (v + (0.5 * a + j / 6.0 * x) * x) * x, v + (a + 0.5 * j * x) * x, a + j * x


@kernel
def next_of(I: Words, F: Reals, r: int, t: int, low: float, high: float) -> tuple[int, int]:
    """When (ns), from `t` on, it first comes to `high` going up (1) or to `low` going down (-1), and which;
    NEVER if it does not.
    """
    x = (t - I[r + PlanRow.T0]) * 1e-9
    count = I[r + PlanRow.COUNT]
    k = _piece(I, F, r, x)
    while k < count:
        begin = F[r + PlanRow.START + k]
        length = F[r + PlanRow.START + k + 1] - begin if k < count - 1 else ENDLESS
        first = max(x - begin, 0.0)
        while first < length:
            last = min(_turn(F, r, k, first), length)
            way = _crosses(F, r, k, first, last, low, high)
            if way != 0:
                found = _root(F, r, k, first, last, high if way > 0 else low, way)
                return max(t, I[r + PlanRow.T0] + ns(begin + found)), way
            first = last
        k += 1
    return NEVER, 0


@kernel
def _turn(F: Reals, r: int, k: int, x: float) -> float:
    """When after `x` the axis next turns round in piece `k`, as if that went on for ever."""
    w = r + k
    v, a, j = F[w + PlanRow.SPEED], F[w + PlanRow.ACCELERATION], F[w + PlanRow.JERK]
    if j == 0.0:
        turn = -v / a if a != 0.0 else FAR
        return turn if turn > x else FAR
    root = a * a - 2.0 * j * v
    if root <= 0.0:
        return FAR
    root = math.sqrt(root)
    early, late = (-a - root) / j, (-a + root) / j
    if early > late:
        early, late = late, early
    if early > x:
        return early
    return late if late > x else FAR


@kernel
def _crosses(F: Reals, r: int, k: int, first: float, last: float, low: float, high: float) -> int:
    """Whether in piece `k`, between two instants between which it does not turn, it comes to `high` going up
    (1) or to `low` going down (-1); else 0.
    """
    p, _, _ = _motion(F, r, k, first)
    q, _, _ = _motion(F, r, k, last)
    if q > p and q >= high:
        return 1
    return -1 if q < p and q <= low else 0


@kernel
def _root(F: Reals, r: int, k: int, first: float, last: float, level: float, way: int) -> float:
    """Newton's steps, halving where they lead out of the bracket."""
    x = first
    for _ in range(ROOT_STEPS):
        p, v, _ = _motion(F, r, k, x)
        if way * (p - level) >= 0.0:
            last = x
        else:
            first = x
        step = x - (p - level) / v if v != 0.0 else FAR
        if not first < step < last:
            step = 0.5 * (first + last)
        if step == x or last - first <= 1e-13 * last:
            break
        x = step
    return x
