"""A belt: parts ride, queue without overlap behind stops and each other, and call eyes at exact instants.

All moving parts share one displacement, so the next arrival is that of the smallest distance, turned into a
time once. Only resting parts are obstacles: two moving parts never meet. An arrival acts by its kind on its
part; positions change only at the belt's own events and pokes.
"""

from __future__ import annotations

import math
from enum import IntEnum

from plc_sim.kernel.belt_row import BeltRow, MarkRow, PartRow, StopRow, belt_speed
from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.draw import ns
from plc_sim.kernel.eye import cover
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.memory import before_segment
from plc_sim.kernel.schedule import poke, row_of, schedule
from plc_sim.kernel.signals import drive, seen

FAR = 1e300
"""A distance (m) that is never covered."""


class Mark(IntEnum):
    """What a part's front does at a mark."""

    CLEARS_INFEED = 0
    COVERS_EYE = 1
    UNCOVERS_EYE = 2


class Arrival(IntEnum):
    """What a part reaches."""

    MARK = 0
    OBSTACLE = 1
    END = 2


@kernel
def _shift(I: Words, F: Reals, o: int, t: int) -> None:
    before = I[o + BeltRow.SHIFTED]
    if t == before:
        return
    dt = (t - before) * 1e-9
    d = belt_speed(I, F, o, before) * dt + 0.5 * F[o + BeltRow.RATE] * dt * dt
    I[o + BeltRow.SHIFTED] = t
    q = I[o + BeltRow.PARTS]
    for _ in range(I[o + BeltRow.PARTS_ON]):
        if I[q + PartRow.HELD] == 0:
            F[q + PartRow.X] += d
        q += PartRow.SIZE


@kernel
def _new_segment(I: Words, F: Reals, o: int, t: int, v: float, goal: float) -> None:
    if I[o + BeltRow.MAPPED]:
        before_segment(I, F, t)
    I[o + BeltRow.T0] = t
    F[o + BeltRow.V0] = v
    F[o + BeltRow.GOAL] = goal
    if v == goal:
        F[o + BeltRow.RATE] = 0.0
        I[o + BeltRow.RAMP_END] = NEVER
    else:
        a = F[o + BeltRow.ACCELERATION]
        F[o + BeltRow.RATE] = a if goal > v else -a
        I[o + BeltRow.RAMP_END] = t + ns(abs(goal - v) / a)
    drive(I, I[o + BeltRow.MOVING], 1 if v > 0.0 or goal > 0.0 else 0, t)


@kernel
def _reach_mark(I: Words, o: int, q: int, t: int) -> None:
    m = I[o + BeltRow.MARKS] + MarkRow.SIZE * I[q + PartRow.MARK]
    I[q + PartRow.MARK] += 1
    effect = I[m + MarkRow.EFFECT]
    if effect == Mark.COVERS_EYE:
        cover(I, I[m + MarkRow.TARGET], I[q + PartRow.PART], 1, t)
    elif effect == Mark.UNCOVERS_EYE:
        cover(I, I[m + MarkRow.TARGET], I[q + PartRow.PART], -1, t)
    else:
        poke(I, I[m + MarkRow.TARGET], t)


@kernel
def _remove(I: Words, F: Reals, o: int, i: int, t: int) -> None:
    q = I[o + BeltRow.PARTS] + PartRow.SIZE * i
    passed = I[q + PartRow.MARK]
    m = I[o + BeltRow.MARKS]
    for k in range(I[o + BeltRow.MARK_COUNT]):
        effect = I[m + MarkRow.EFFECT]
        if effect == Mark.COVERS_EYE and k < passed <= I[m + MarkRow.PAIR]:
            cover(I, I[m + MarkRow.TARGET], I[q + PartRow.PART], -1, t)
        elif effect == Mark.CLEARS_INFEED and k >= passed:
            poke(I, I[m + MarkRow.TARGET], t)
        m += MarkRow.SIZE
    last = q + PartRow.SIZE * (I[o + BeltRow.PARTS_ON] - 1 - i)
    for w in range(q, last):
        I[w] = I[w + PartRow.SIZE]
    for w in range(last, last + PartRow.SIZE):
        I[w] = 0
    I[o + BeltRow.PARTS_ON] -= 1
    if I[o + BeltRow.ARRIVING] > i:
        I[o + BeltRow.ARRIVING] -= 1
    elif I[o + BeltRow.ARRIVING] == i:
        I[o + BeltRow.ARRIVAL] = NEVER


@kernel
def _arrive(I: Words, F: Reals, o: int, t: int) -> None:
    i = I[o + BeltRow.ARRIVING]
    q = I[o + BeltRow.PARTS] + PartRow.SIZE * i
    reached = I[o + BeltRow.REACHED]
    I[o + BeltRow.ARRIVAL] = NEVER
    if reached == Arrival.MARK:
        _reach_mark(I, o, q, t)
    elif reached == Arrival.OBSTACLE:
        F[q + PartRow.X] = F[o + BeltRow.REACHED_AT]
        I[q + PartRow.HELD] = 1
    else:
        _remove(I, F, o, i, t)
        I[o + BeltRow.LEFT] += 1


@kernel
def _lose(I: Words, F: Reals, o: int, t: int) -> None:
    """The foremost part falls off, once whenever LOSE is set."""
    I[o + BeltRow.LOSING] = I[o + BeltRow.LOSE]
    if I[o + BeltRow.LOSING] and I[o + BeltRow.PARTS_ON] > 0:
        _remove(I, F, o, 0, t)
        I[o + BeltRow.LOST] += 1


@kernel
def _obstacle(I: Words, F: Reals, o: int, x: float) -> float:
    r = I[o + BeltRow.STOPS]
    for _ in range(I[o + BeltRow.STOP_COUNT]):
        if I[r + StopRow.BLOCKING] and F[r + StopRow.POSITION] >= x:
            return F[r + StopRow.POSITION]
        r += StopRow.SIZE
    return FAR


@kernel
def _nearest(I: Words, F: Reals, o: int) -> float:
    """Distance (m) to the next arrival, which is noted; resting parts whose obstacle is gone move again."""
    pitch = F[o + BeltRow.PART_LENGTH] + F[o + BeltRow.GAP]
    nearest = FAR
    resting_ahead = FAR
    q = I[o + BeltRow.PARTS]
    for i in range(I[o + BeltRow.PARTS_ON]):
        x = F[q + PartRow.X]
        limit = min(_obstacle(I, F, o, x), resting_ahead - pitch)
        if I[q + PartRow.HELD] and x < limit:
            I[q + PartRow.HELD] = 0
        if I[q + PartRow.HELD]:
            resting_ahead = x
        else:
            resting_ahead = FAR
            reached = Arrival.END
            at = F[o + BeltRow.LENGTH]
            if limit <= at:
                reached = Arrival.OBSTACLE
                at = limit
            if I[q + PartRow.MARK] < I[o + BeltRow.MARK_COUNT]:
                mark_at = F[I[o + BeltRow.MARKS] + MarkRow.SIZE * I[q + PartRow.MARK] + MarkRow.POSITION]
                if mark_at <= at:
                    reached = Arrival.MARK
                    at = mark_at
            if at - x < nearest:
                nearest = at - x
                I[o + BeltRow.ARRIVING] = i
                I[o + BeltRow.REACHED] = reached
                F[o + BeltRow.REACHED_AT] = at
        q += PartRow.SIZE
    return nearest


@kernel
def _time_for(I: Words, F: Reals, o: int, t: int, d: float) -> int:
    """When the displacement since `t` reaches `d` (m) within the present segment, or NEVER."""
    v = belt_speed(I, F, o, t)
    a = F[o + BeltRow.RATE]
    root = v * v + 2.0 * a * d
    if d <= 0.0:
        return t
    if d >= FAR or root < 0.0 or (v <= 0.0 and a <= 0.0):
        return NEVER
    return t + ns(2.0 * d / (v + math.sqrt(root)))


@kernel
def belt_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """A part arrived, a ramp ended, the command changed, a stop moved or a part came or went."""
    _shift(I, F, o, t)
    if t >= I[o + BeltRow.RAMP_END]:
        _new_segment(I, F, o, t, F[o + BeltRow.GOAL], F[o + BeltRow.GOAL])
    goal = F[o + BeltRow.SPEED] if seen(I, I[o + BeltRow.RUN]) else 0.0
    if goal != F[o + BeltRow.GOAL]:
        _new_segment(I, F, o, t, belt_speed(I, F, o, t), goal)
    if t >= I[o + BeltRow.ARRIVAL]:
        _arrive(I, F, o, t)
    if I[o + BeltRow.LOSE] != I[o + BeltRow.LOSING]:
        _lose(I, F, o, t)
    while True:
        arrival = _time_for(I, F, o, t, _nearest(I, F, o))
        if arrival > t:
            break
        _arrive(I, F, o, t)
    I[o + BeltRow.ARRIVAL] = arrival
    schedule(I, c, min(arrival, I[o + BeltRow.RAMP_END]))


@kernel
def add_part(I: Words, F: Reals, c: int, part: int, t: int) -> bool:
    """Lay `part` on belt `c` with its front at the infeed; False if the infeed is not clear."""
    o = row_of(I, c)
    count = I[o + BeltRow.PARTS_ON]
    q = I[o + BeltRow.PARTS] + PartRow.SIZE * count
    if (
        count > 0
        and I[q - PartRow.SIZE + PartRow.MARK] <= I[o + BeltRow.CLEAR_MARK]
        or count == I[o + BeltRow.CAPACITY]
    ):
        return False
    _shift(I, F, o, t)
    F[q + PartRow.X] = 0.0
    I[q + PartRow.HELD] = 0
    I[q + PartRow.MARK] = 0
    I[q + PartRow.PART] = part
    I[o + BeltRow.PARTS_ON] = count + 1
    poke(I, c, t)
    return True


@kernel
def part_near(I: Words, F: Reals, c: int, x: float, tolerance: float, t: int) -> int:
    """Which part of belt `c`, counted from the front, rests within `tolerance` (m) of `x` (m); or -1."""
    o = row_of(I, c)
    standing = belt_speed(I, F, o, t) == 0.0
    q = I[o + BeltRow.PARTS]
    for i in range(I[o + BeltRow.PARTS_ON]):
        if (I[q + PartRow.HELD] or standing) and abs(F[q + PartRow.X] - x) <= tolerance:
            return i
        q += PartRow.SIZE
    return -1


@kernel
def part_before(I: Words, F: Reals, c: int, x: float, reach: float, t: int) -> int:
    """Which part of belt `c`, counted from the front, resting or not, is within `reach` of `x` (m); or -1."""
    o = row_of(I, c)
    _shift(I, F, o, t)
    q = I[o + BeltRow.PARTS]
    for i in range(I[o + BeltRow.PARTS_ON]):
        if abs(F[q + PartRow.X] - x) <= reach:
            return i
        q += PartRow.SIZE
    return -1


@kernel
def part_at(I: Words, c: int, i: int) -> int:
    """Part `i` of belt `c`, counted from the front."""
    return I[I[row_of(I, c) + BeltRow.PARTS] + PartRow.SIZE * i + PartRow.PART]


@kernel
def take_part(I: Words, F: Reals, c: int, i: int, t: int) -> int:
    """Take part `i`, counted from the front, off belt `c`."""
    o = row_of(I, c)
    part = part_at(I, c, i)
    _shift(I, F, o, t)
    _remove(I, F, o, i, t)
    poke(I, c, t)
    return part
