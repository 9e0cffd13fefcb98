"""An axis on a motor: moved to a position or run in a direction, with windows along its travel.

Crossings of a window's edge and of the ends of its travel are located exactly; which window the axis is in
follows from the edges it has crossed, never from its rounded position.
"""

from __future__ import annotations

from plc_sim.kernel.axis_row import AxisRow, Task, WindowRow
from plc_sim.kernel.buffer import tell
from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.jerk import (
    FAR,
    PlanRow,
    motion_at,
    next_of,
    plan_position,
    plan_rest,
    plan_speed,
)
from plc_sim.kernel.memory import before_segment
from plc_sim.kernel.schedule import schedule
from plc_sim.kernel.signals import drive, seen


@kernel
def _asked(I: Words, signal: int, without: int) -> int:
    """A signal that not every axis has."""
    return seen(I, signal) if signal != 0 else without


@kernel
def _show(I: Words, signal: int, value: int, t: int) -> None:
    """Drive a signal that not every axis has."""
    if signal != 0:
        drive(I, signal, value, t)


@kernel
def _edge(I: Words, F: Reals, o: int, k: int) -> float:
    """Position of edge `k` of its windows, counted from below, lower and upper ones in turn."""
    if k < 0:
        return -FAR
    if k >= 2 * I[o + AxisRow.WINDOW_COUNT]:
        return FAR
    window = I[o + AxisRow.WINDOWS] + WindowRow.SIZE * (k // 2)
    return F[window + (WindowRow.HIGH if k & 1 else WindowRow.LOW)]


@kernel
def _plan_crossing(I: Words, F: Reals, o: int, t: int) -> None:
    index = I[o + AxisRow.INDEX]
    I[o + AxisRow.CROSSING_AT] = NEVER
    if I[o + AxisRow.TASK] != Task.REST:
        low, high = _edge(I, F, o, index - 1), _edge(I, F, o, index)
        if I[o + AxisRow.TASK] == Task.RUN:
            low, high = max(low, F[o + AxisRow.LOW]), min(high, F[o + AxisRow.HIGH])
        I[o + AxisRow.CROSSING_AT], I[o + AxisRow.WAY] = next_of(I, F, I[o + AxisRow.PLAN], t, low, high)


@kernel
def _cross(I: Words, F: Reals, o: int, t: int) -> None:
    """The axis crosses an edge in its direction, or comes to an end of its travel."""
    index = I[o + AxisRow.INDEX]
    edge = index if I[o + AxisRow.WAY] > 0 else index - 1
    at = _edge(I, F, o, edge)
    end = min(max(at, F[o + AxisRow.LOW]), F[o + AxisRow.HIGH])
    if end != at:
        _halt(I, F, o, end, t)
        I[o + AxisRow.BUMPS] += 1
        return
    I[o + AxisRow.INDEX] = index + I[o + AxisRow.WAY]
    window = I[o + AxisRow.WINDOWS] + WindowRow.SIZE * (edge // 2)
    drive(I, I[window + WindowRow.INSIDE], 1 if I[o + AxisRow.INDEX] == (edge | 1) else 0, t)
    tell(I, I[o + AxisRow.WAITERS], I[o + AxisRow.WAITER_COUNT], t)


@kernel
def _halt(I: Words, F: Reals, o: int, p: float, t: int) -> None:
    """Stand still at once."""
    if I[o + AxisRow.MAPPED]:
        before_segment(I, F, t)
    plan_rest(I, F, I[o + AxisRow.PLAN], t, p)
    I[o + AxisRow.END_AT] = NEVER
    I[o + AxisRow.TASK] = Task.REST
    F[o + AxisRow.GOAL] = 0.0
    drive(I, I[o + AxisRow.MOVING], 0, t)


@kernel
def _run(I: Words, F: Reals, o: int, goal: float, t: int) -> None:
    """Run at the speed `goal`, after a ramp."""
    if I[o + AxisRow.MAPPED]:
        before_segment(I, F, t)
    plan = I[o + AxisRow.PLAN]
    plan_speed(I, F, plan, t, goal, F[o + AxisRow.ACCELERATION], F[o + AxisRow.JERK])
    I[o + AxisRow.END_AT] = I[plan + PlanRow.END]
    I[o + AxisRow.TASK] = Task.RUN
    F[o + AxisRow.GOAL] = goal
    drive(I, I[o + AxisRow.MOVING], 1, t)


@kernel
def _start(I: Words, F: Reals, o: int, t: int) -> None:
    """Move to the ordered position, if the axis stands and it lies on the travel."""
    target = F[o + AxisRow.TARGET]
    if I[o + AxisRow.TASK] != Task.REST or not F[o + AxisRow.LOW] <= target <= F[o + AxisRow.HIGH]:
        I[o + AxisRow.REFUSED] += 1
        return
    if I[o + AxisRow.MAPPED]:
        before_segment(I, F, t)
    v, a, j = F[o + AxisRow.SPEED], F[o + AxisRow.ACCELERATION], F[o + AxisRow.JERK]
    plan = I[o + AxisRow.PLAN]
    plan_position(I, F, plan, t, target, v, a, j)
    I[o + AxisRow.END_AT] = I[plan + PlanRow.END]
    I[o + AxisRow.TASK] = Task.MOVE
    _show(I, I[o + AxisRow.IN_POSITION], 0, t)
    drive(I, I[o + AxisRow.MOVING], 1, t)


@kernel
def _arrive(I: Words, F: Reals, o: int, t: int) -> None:
    """A plan has come to its end: a move is done, or a ramp."""
    I[o + AxisRow.END_AT] = NEVER
    p, _, _ = motion_at(I, F, I[o + AxisRow.PLAN], t)
    if I[o + AxisRow.TASK] == Task.MOVE:
        _halt(I, F, o, p, t)
        I[o + AxisRow.MOVES] += 1
        _show(I, I[o + AxisRow.IN_POSITION], 1, t)
    elif F[o + AxisRow.GOAL] == 0.0:
        _halt(I, F, o, p, t)


@kernel
def _at_end(I: Words, F: Reals, o: int, jog: int) -> bool:
    """It stands at the end of its travel towards which it is told to run."""
    p = F[I[o + AxisRow.PLAN] + PlanRow.POSITION]
    if I[o + AxisRow.TASK] != Task.REST:
        return False
    return p >= F[o + AxisRow.HIGH] if jog > 0 else p <= F[o + AxisRow.LOW]


@kernel
def _obey(I: Words, F: Reals, o: int, t: int) -> None:
    """Follow the commands as they are now."""
    enabled = _asked(I, I[o + AxisRow.ENABLE], 1)
    jog = _asked(I, I[o + AxisRow.FORWARD], 0) - _asked(I, I[o + AxisRow.BACKWARD], 0)
    goal = jog * F[o + AxisRow.SPEED] if enabled and jog != 0 and not _at_end(I, F, o, jog) else 0.0
    if I[o + AxisRow.TASK] == Task.MOVE:
        if enabled == 0:
            _run(I, F, o, 0.0, t)
    elif goal != F[o + AxisRow.GOAL]:
        _run(I, F, o, goal, t)
    start = _asked(I, I[o + AxisRow.START], 0)
    if start and I[o + AxisRow.STARTED] == 0 and enabled:
        _start(I, F, o, t)
    I[o + AxisRow.STARTED] = start


@kernel
def axis_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """An edge or an end was reached, a plan came to its end, or a command changed."""
    if t >= I[o + AxisRow.CROSSING_AT]:
        _cross(I, F, o, t)
    if t >= I[o + AxisRow.END_AT]:
        _arrive(I, F, o, t)
    if I[o + AxisRow.JAMMED] == 0:
        _obey(I, F, o, t)
    elif I[o + AxisRow.TASK] != Task.REST:
        p, _, _ = motion_at(I, F, I[o + AxisRow.PLAN], t)
        _halt(I, F, o, p, t)
    _plan_crossing(I, F, o, t)
    schedule(I, c, min(I[o + AxisRow.CROSSING_AT], I[o + AxisRow.END_AT]))
