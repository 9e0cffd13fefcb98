"""A six-axis arm: synchronised point-to-point and straight moves, override, stop along the path, zones
located exactly.

Every move is one path coordinate from 0 to 1 under a trapezoidal profile; joints are a function of it. In a
joint move all axes are proportional and the slowest sets the pace, so a full move takes the time of its
slowest axis where all axes have the same ratio of speed to acceleration.
"""

from __future__ import annotations

from enum import IntEnum

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.geometry import outside
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.profile import ProfileRow, path_at, plan_braking, plan_travel, speed_at, time_at
from plc_sim.kernel.rotation import Joints, rotation_of
from plc_sim.kernel.row import Row, real, rows, signal, state, whole
from plc_sim.kernel.schedule import poke, schedule
from plc_sim.kernel.signals import drive, note_version, seen
from plc_sim.kernel.straight import (
    SLIGHT,
    LineRow,
    fastest,
    line_at,
    line_joints,
    line_length,
    line_points,
    load_joints,
    set_line,
    store_joints,
)

ROOT_STEPS = 60
"""Most steps by which a zone's edge on a straight path is located; some eight are needed."""


class Mode(IntEnum):
    """What an arm is doing."""

    REST = 0
    JOINT_MOVE = 1
    LINEAR_MOVE = 2


class Outcome(IntEnum):
    """How the last move ended, or that it has not."""

    NONE = 0
    MOVING = 1
    DONE = 2
    STOPPED = 3


class Refusal(IntEnum):
    """Why a move is not started; NONE if it is."""

    NONE = 0
    MOVING = 1
    STOP_INPUT = 2
    JOINT_LIMIT = 3
    PATH = 4
    ARGUMENT = 5


class ArmRow(Row, kind=6):
    """An arm with six axes."""

    STOP_INPUT = signal("low: brakes along the path and starts no move")
    MOVING = signal("in motion")
    GEOMETRY = rows("its GeometryRow")
    PROFILE = rows("its ProfileRow")
    LINE = rows("its LineRow")
    ZONES = rows("a ZoneRow each")
    ZONE_COUNT = whole("zones")
    CROSSINGS = rows("a CrossingRow each, along the present path")
    CAPACITY = whole("most crossings of one path")
    SPEED = real("joint speed limits", "rad/s", above=0.0, count=6)
    ACCELERATION = real("joint acceleration limits", "rad/s2", above=0.0, count=6)
    LINEAR_SPEED = real("greatest speed of the tool centre point", "m/s", above=0.0)
    LINEAR_ACCELERATION = real("its acceleration", "m/s2", above=0.0)
    TURN_SPEED = real("greatest turning speed of the tool in straight moves", "rad/s", above=0.0)
    TURN_ACCELERATION = real("its acceleration", "rad/s2", above=0.0)
    OVERRIDE = state("share of the ordered speed", initial=1.0)
    MODE = state("a Mode")
    OUTCOME = state("an Outcome")
    STOPPING = state("brakes to a stop")
    VERSION = state("changes at the start and the end of every move", counted=True)
    STOP_SEEN = state("the stop input at the last step")
    START = state("joints at rest, or at the start of a move", "rad", initial=0.0, count=6)
    TARGET = state("joints at the end of a joint move", "rad", initial=0.0, count=6)
    PATH_SPEED = state("path speed at override 1", "1/s", initial=0.0)
    PATH_ACCELERATION = state("path acceleration", "1/s2", initial=0.0)
    CROSSING_COUNT = state("crossings on the present path")
    CROSSING = state("the next one")
    CROSSING_AT = state("when", "ns", initial=NEVER)


class ZoneRow(Row):
    """An interval of one joint, reported by a signal."""

    JOINT = whole("the joint, counted from 0", low=0, high=5)
    LOW = real("lower end", "rad")
    HIGH = real("upper end", "rad")
    INSIDE = signal("the joint is in the interval, ends included")


class CrossingRow(Row):
    """Where a path crosses the end of a zone."""

    AT = state("path coordinate", initial=0.0)
    ZONE = state("offset of the zone")
    INSIDE = state("1 on entry")


@kernel
def joints_at(I: Words, F: Reals, o: int, t: int) -> Joints:
    """Joints (rad) of the arm at offset `o` at `t` (ns) within its present move."""
    mode = I[o + ArmRow.MODE]
    a = load_joints(F, o + ArmRow.START)
    if mode == Mode.REST:
        return a
    s = path_at(I, F, I[o + ArmRow.PROFILE], t)
    if mode == Mode.LINEAR_MOVE:
        return line_at(I, F, I[o + ArmRow.LINE], I[o + ArmRow.GEOMETRY], s)
    b = load_joints(F, o + ArmRow.TARGET)
    if s >= 1.0:
        return b
    return (
        a[0] + (b[0] - a[0]) * s,
        a[1] + (b[1] - a[1]) * s,
        a[2] + (b[2] - a[2]) * s,
        a[3] + (b[3] - a[3]) * s,
        a[4] + (b[4] - a[4]) * s,
        a[5] + (b[5] - a[5]) * s,
    )


@kernel
def _add_crossing(I: Words, F: Reals, o: int, s: float, zone: int, inside: int) -> None:
    count = I[o + ArmRow.CROSSING_COUNT]
    if count == I[o + ArmRow.CAPACITY]:
        return
    k = I[o + ArmRow.CROSSINGS] + CrossingRow.SIZE * count
    first = I[o + ArmRow.CROSSINGS]
    while k > first and F[k - CrossingRow.SIZE + CrossingRow.AT] > s:
        for w in range(k, k + CrossingRow.SIZE):
            I[w] = I[w - CrossingRow.SIZE]
        k -= CrossingRow.SIZE
    F[k + CrossingRow.AT] = s
    I[k + CrossingRow.ZONE] = zone
    I[k + CrossingRow.INSIDE] = inside
    I[o + ArmRow.CROSSING_COUNT] = count + 1


@kernel
def _find_joint_crossings(I: Words, F: Reals, o: int) -> None:
    I[o + ArmRow.CROSSING_COUNT] = 0
    z = I[o + ArmRow.ZONES]
    for _ in range(I[o + ArmRow.ZONE_COUNT]):
        j = I[z + ZoneRow.JOINT]
        a = F[o + ArmRow.START + j]
        d = F[o + ArmRow.TARGET + j] - a
        near = F[z + ZoneRow.LOW] if d > 0.0 else F[z + ZoneRow.HIGH]
        far = F[z + ZoneRow.HIGH] if d > 0.0 else F[z + ZoneRow.LOW]
        if d != 0.0:
            enter = (near - a) / d
            leave = (far - a) / d
            if 0.0 < enter <= 1.0:
                _add_crossing(I, F, o, enter, z, 1)
            if 0.0 <= leave < 1.0:
                _add_crossing(I, F, o, leave, z, 0)
        z += ZoneRow.SIZE


@kernel
def _beyond(F: Reals, z: int, angle: float) -> float:
    """How far an angle lies outside a zone; 0 or negative inside."""
    return max(F[z + ZoneRow.LOW] - angle, angle - F[z + ZoneRow.HIGH])


@kernel
def _walk(I: Words, F: Reals, o: int, points: int) -> float:
    """Look along the line for limits and zones; the fastest path speed (1/s), 0 if it cannot be driven."""
    line = I[o + ArmRow.LINE]
    g = I[o + ArmRow.GEOMETRY]
    I[o + ArmRow.CROSSING_COUNT] = 0
    p = load_joints(F, line + LineRow.FIRST)
    speed = 1e18
    for k in range(points):
        good, q = line_joints(I, F, line, g, (k + 1) / points, p)
        if not good:
            return 0.0
        speed = min(speed, fastest(F, o + ArmRow.SPEED, p, q, points))
        if speed == 0.0:
            return 0.0
        z = I[o + ArmRow.ZONES]
        for _ in range(I[o + ArmRow.ZONE_COUNT]):
            j = I[z + ZoneRow.JOINT]
            if (_beyond(F, z, p[j]) > 0.0) != (_beyond(F, z, q[j]) > 0.0):
                _locate(I, F, o, z, k / points, (k + 1) / points, p, q)
            z += ZoneRow.SIZE
        p = q
    store_joints(F, line + LineRow.LAST, p)
    return speed


@kernel
def _locate(I: Words, F: Reals, o: int, z: int, low: float, high: float, p: Joints, q: Joints) -> None:
    """Find where a zone's edge lies between two points of the line (false position, Illinois)."""
    j = I[z + ZoneRow.JOINT]
    f_low = _beyond(F, z, p[j])
    f_high = _beyond(F, z, q[j])
    inside = 1 if f_high <= 0.0 else 0
    side = 0
    for _ in range(ROOT_STEPS):
        s = high - f_high * (high - low) / (f_high - f_low)
        if not low < s < high:
            break
        _, m = line_joints(I, F, I[o + ArmRow.LINE], I[o + ArmRow.GEOMETRY], s, p)
        f = _beyond(F, z, m[j])
        if (f > 0.0) == (f_high > 0.0):
            high = s
            f_high = f
            f_low = f_low * 0.5 if side == 1 else f_low
            side = 1
        else:
            low = s
            f_low = f
            f_high = f_high * 0.5 if side == -1 else f_high
            side = -1
        if f == 0.0:
            break
    _add_crossing(I, F, o, high, z, inside)


@kernel
def _plan_crossing(I: Words, F: Reals, o: int) -> None:
    I[o + ArmRow.CROSSING_AT] = NEVER
    if I[o + ArmRow.CROSSING] < I[o + ArmRow.CROSSING_COUNT]:
        k = I[o + ArmRow.CROSSINGS] + CrossingRow.SIZE * I[o + ArmRow.CROSSING]
        I[o + ArmRow.CROSSING_AT] = time_at(I, F, I[o + ArmRow.PROFILE], F[k + CrossingRow.AT])


@kernel
def _cross(I: Words, F: Reals, o: int, t: int) -> None:
    k = I[o + ArmRow.CROSSINGS] + CrossingRow.SIZE * I[o + ArmRow.CROSSING]
    drive(I, I[I[k + CrossingRow.ZONE] + ZoneRow.INSIDE], I[k + CrossingRow.INSIDE], t)
    I[o + ArmRow.CROSSING] += 1
    _plan_crossing(I, F, o)


@kernel
def _finish(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    store_joints(F, o + ArmRow.START, joints_at(I, F, o, t))
    I[o + ArmRow.OUTCOME] = Outcome.STOPPED if I[o + ArmRow.STOPPING] else Outcome.DONE
    I[o + ArmRow.MODE] = Mode.REST
    I[o + ArmRow.STOPPING] = 0
    I[o + ArmRow.CROSSING_AT] = NEVER
    I[I[o + ArmRow.PROFILE] + ProfileRow.END] = NEVER
    I[o + ArmRow.VERSION] += 1
    drive(I, I[o + ArmRow.MOVING], 0, t)
    note_version(I, c)


@kernel
def brake(I: Words, F: Reals, o: int, t: int) -> None:
    """Brake along the path, once."""
    if I[o + ArmRow.MODE] != Mode.REST and I[o + ArmRow.STOPPING] == 0:
        I[o + ArmRow.STOPPING] = 1
        plan_braking(I, F, I[o + ArmRow.PROFILE], t)
        _plan_crossing(I, F, o)


@kernel
def arm_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """A zone's edge, the end of a move, or the stop input."""
    while t >= I[o + ArmRow.CROSSING_AT]:
        _cross(I, F, o, t)
    if t >= I[I[o + ArmRow.PROFILE] + ProfileRow.END]:
        _finish(I, F, c, o, t)
    stop = seen(I, I[o + ArmRow.STOP_INPUT])
    if stop != I[o + ArmRow.STOP_SEEN]:
        I[o + ArmRow.STOP_SEEN] = stop
        note_version(I, c)
    if stop == 0:
        brake(I, F, o, t)
    schedule(I, c, min(I[o + ArmRow.CROSSING_AT], I[I[o + ArmRow.PROFILE] + ProfileRow.END]))


@kernel
def _begin(I: Words, F: Reals, c: int, o: int, mode: int, speed: float, t: int) -> None:
    I[o + ArmRow.MODE] = mode
    I[o + ArmRow.OUTCOME] = Outcome.MOVING
    F[o + ArmRow.PATH_SPEED] = F[o + ArmRow.PATH_SPEED] * speed
    v = F[o + ArmRow.PATH_SPEED] * F[o + ArmRow.OVERRIDE]
    plan_travel(I, F, I[o + ArmRow.PROFILE], t, 0.0, 0.0, 1.0, v, F[o + ArmRow.PATH_ACCELERATION])
    I[o + ArmRow.CROSSING] = 0
    _plan_crossing(I, F, o)
    I[o + ArmRow.VERSION] += 1
    drive(I, I[o + ArmRow.MOVING], 1, t)
    note_version(I, c)
    poke(I, c, t)


@kernel
def _refusal(I: Words, F: Reals, o: int, speed: float) -> Refusal:
    if I[o + ArmRow.MODE] != Mode.REST:
        return Refusal.MOVING
    if seen(I, I[o + ArmRow.STOP_INPUT]) == 0:
        return Refusal.STOP_INPUT
    return Refusal.NONE if 0.0 < speed <= 1.0 else Refusal.ARGUMENT


@kernel
def begin_joint_move(I: Words, F: Reals, c: int, o: int, target: Joints, speed: float, t: int) -> Refusal:
    """Start a synchronised move to `target` (rad) at the share `speed` of the joint speeds; a Refusal."""
    refusal = _refusal(I, F, o, speed)
    if refusal != Refusal.NONE:
        return refusal
    if outside(F, I[o + ArmRow.GEOMETRY], target) >= 0:
        return Refusal.JOINT_LIMIT
    v = 1e18
    a = 1e18
    for j in range(6):
        d = abs(target[j] - F[o + ArmRow.START + j])
        if d > 0.0:
            v = min(v, F[o + ArmRow.SPEED + j] / d)
            a = min(a, F[o + ArmRow.ACCELERATION + j] / d)
    F[o + ArmRow.PATH_SPEED] = v
    F[o + ArmRow.PATH_ACCELERATION] = a
    store_joints(F, o + ArmRow.TARGET, target)
    _find_joint_crossings(I, F, o)
    _begin(I, F, c, o, Mode.JOINT_MOVE, speed, t)
    return Refusal.NONE


@kernel
def begin_linear_move(
    I: Words,
    F: Reals,
    c: int,
    o: int,
    pose: tuple[float, float, float, float, float, float],
    speed: float,
    t: int,
) -> Refusal:
    """Start a straight move to the pose (x, y, z in m; a, b, c in rad) at the share `speed`; a Refusal."""
    refusal = _refusal(I, F, o, speed)
    if refusal != Refusal.NONE:
        return refusal
    line = I[o + ArmRow.LINE]
    g = I[o + ArmRow.GEOMETRY]
    end = rotation_of(pose[3], pose[4], pose[5])
    set_line(I, F, line, g, load_joints(F, o + ArmRow.START), pose[0], pose[1], pose[2], end)
    v = _walk(I, F, o, line_points(F, line))
    if v == 0.0:
        return Refusal.PATH
    a = 1e18
    length = line_length(F, line)
    if length > SLIGHT:
        v = min(v, F[o + ArmRow.LINEAR_SPEED] / length)
        a = F[o + ArmRow.LINEAR_ACCELERATION] / length
    angle = F[line + LineRow.ANGLE]
    if angle > SLIGHT:
        v = min(v, F[o + ArmRow.TURN_SPEED] / angle)
        a = min(a, F[o + ArmRow.TURN_ACCELERATION] / angle)
    F[o + ArmRow.PATH_SPEED] = v
    F[o + ArmRow.PATH_ACCELERATION] = a
    _begin(I, F, c, o, Mode.LINEAR_MOVE, speed, t)
    return Refusal.NONE


@kernel
def change_override(I: Words, F: Reals, c: int, o: int, override: float, t: int) -> None:
    """Run at the share `override` of the ordered speeds, the running move included, without a jump."""
    F[o + ArmRow.OVERRIDE] = override
    if I[o + ArmRow.MODE] != Mode.REST and I[o + ArmRow.STOPPING] == 0:
        r = I[o + ArmRow.PROFILE]
        s = path_at(I, F, r, t)
        v = F[o + ArmRow.PATH_SPEED] * override
        plan_travel(I, F, r, t, s, speed_at(I, F, r, t), 1.0, v, F[o + ArmRow.PATH_ACCELERATION])
        _plan_crossing(I, F, o)
        poke(I, c, t)


@kernel
def end_move(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """Brake along the path to rest."""
    brake(I, F, o, t)
    poke(I, c, t)
