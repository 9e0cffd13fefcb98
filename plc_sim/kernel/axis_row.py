"""An axis on a motor: its row, and where it is."""

from __future__ import annotations

from enum import IntEnum

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.jerk import motion_at
from plc_sim.kernel.row import Row, component, real, rows, signal, state, whole


class Task(IntEnum):
    """What an axis is doing."""

    REST = 0
    MOVE = 1
    RUN = 2


class AxisRow(Row, kind=16):
    """An axis on a motor. Positions are in rad or m, as its component says."""

    ENABLE = signal("low: ramps down and takes no order; 0: always enabled")
    START = signal("moves to the ordered position, at the rising edge; 0: never")
    FORWARD = signal("runs to larger positions")
    BACKWARD = signal("runs to smaller positions")
    MOVING = signal("in motion")
    IN_POSITION = signal("the last move has come to its end; 0: not shown")
    LOW = real("lower end of its travel", "rad or m")
    HIGH = real("upper end of its travel", "rad or m")
    SPEED = real("nominal speed", "rad/s or m/s", above=0.0, live=True)
    ACCELERATION = real("of ramps up and down", "rad/s2 or m/s2", above=0.0)
    JERK = real("of ramps; 0: without limit", "rad/s3 or m/s3", low=0.0)
    JAMMED = whole("1: it stands still", low=0, high=1, live=True)
    PLAN = rows("its PlanRow")
    WINDOWS = rows("a WindowRow each, by position")
    WINDOW_COUNT = whole("windows")
    LIFT = component("the cylinder that lowers what it carries when extended, or -1")
    WAITERS = rows("numbers of the components that are poked when it enters or leaves a window")
    WAITER_COUNT = whole("how many")
    TARGET = state("ordered position", initial=0.0)
    TASK = state("a Task")
    GOAL = state("speed it runs at or ramps to", initial=0.0)
    INDEX = state("edges of windows below it")
    CROSSING_AT = state("when it comes to the next one, or to an end", "ns", initial=NEVER)
    WAY = state("1: going up, -1: going down")
    END_AT = state("when the present move or ramp ends", "ns", initial=NEVER)
    STARTED = state("START as seen")
    MOVES = state("moves that came to their end", counted=True)
    REFUSED = state("orders refused", counted=True)
    BUMPS = state("runs against an end of its travel", counted=True)
    MAPPED = state("analogue words in the PLC that show its position or speed")


class WindowRow(Row):
    """A part of the travel, shown by a signal."""

    LOW = real("lower end", "rad or m")
    HIGH = real("upper end", "rad or m")
    INSIDE = signal("the axis is in it")
    PLACE = component("the place where what it carries is then, or -1")


@kernel
def axis_value(I: Words, F: Reals, o: int, value: int, t: int) -> float:
    """Position (0), speed (1) or acceleration (2) of the axis at offset `o` at `t` (ns)."""
    p, v, a = motion_at(I, F, I[o + AxisRow.PLAN], t)
    if value == 0:
        return p
    return v if value == 1 else a


@kernel
def place_of(I: Words, o: int) -> int:
    """The place of the window that the axis at offset `o` is in, or -1."""
    index = I[o + AxisRow.INDEX]
    if index & 1 == 0:
        return -1
    return I[I[o + AxisRow.WINDOWS] + WindowRow.SIZE * (index // 2) + WindowRow.PLACE]
