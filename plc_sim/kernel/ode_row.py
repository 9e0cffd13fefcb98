"""An island of ordinary differential equations: its row, and a step of Runge and Kutta's fourth order.

The right-hand side is a function of its own, called by address like a user's component: it reads the states
at STAGE and writes their derivatives, per s, to SLOPE. `t` is the instant of the step's start.
"""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.row import Row, real, rows, signal, state, whole
from plc_sim.kernel.user import call_user

STATES = 16
"""Most states of one island."""


class OdeRow(Row, kind=17):
    """An island."""

    LISTENS = rows("offsets of the signals it listens to")
    WORDS = rows("words of its function's own")
    QUIET = rows("for each state the derivative below which it is at rest")
    LEVELS = rows("a LevelRow each")
    LEVEL_COUNT = whole("levels")
    ORDER = whole("states", low=1, high=STATES)
    STEP = whole("inner step", "ns", low=1)
    FUNCTION = state("address of its right-hand side")
    TIME = state("instant of X", "ns")
    X = state("the states", initial=0.0, count=STATES)
    STAGE = state("states at which derivatives are asked for", initial=0.0, count=STATES)
    SLOPE = state("derivatives", "1/s", initial=0.0, count=STATES)
    SUM = state("weighted sum of derivatives", initial=0.0, count=STATES)
    NEW = state("states after the step that was looked at last", initial=0.0, count=STATES)
    NEW_TIME = state("its end", "ns", initial=-1)
    RESTS = state("nothing changes")
    CROSSING = state("the level that is crossed at CROSSING_AT, or -1", initial=-1)
    CROSSING_AT = state("when", "ns", initial=NEVER)
    STEPS = state("inner steps", counted=True)
    MAPPED = state("analogue words in the PLC that show a state")


class LevelRow(Row):
    """A level of a state, whose crossing is located."""

    STATE = whole("the state, counted from 0", low=0, high=STATES - 1)
    LEVEL = real("the level", "as the state")
    SHOWS = signal("high while the state is above; 0: none")
    INVERTED = whole("1: high while the state is below", low=0, high=1)
    SETS = whole("the state that is set at the crossing, or -1", low=-1, high=STATES - 1)
    TO = real("what it is set to", "as the state it sets")
    ABOVE = state("the state is above")


@kernel
def slopes(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """Ask for the derivatives at STAGE."""
    call_user(I[o + OdeRow.FUNCTION], I, F, c, o, t)


@kernel
def look(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """Compute NEW, the states at `t` (ns), from X."""
    n = I[o + OdeRow.ORDER]
    h = (t - I[o + OdeRow.TIME]) * 1e-9
    for k in range(n):
        F[o + OdeRow.STAGE + k] = F[o + OdeRow.X + k]
        F[o + OdeRow.SUM + k] = 0.0
    for stage in range(4):
        slopes(I, F, c, o, I[o + OdeRow.TIME])
        weight = 1.0 if stage == 0 or stage == 3 else 2.0
        ahead = 0.5 * h if stage < 2 else h
        for k in range(n):
            F[o + OdeRow.SUM + k] += weight * F[o + OdeRow.SLOPE + k]
            F[o + OdeRow.STAGE + k] = F[o + OdeRow.X + k] + ahead * F[o + OdeRow.SLOPE + k]
    for k in range(n):
        F[o + OdeRow.NEW + k] = F[o + OdeRow.X + k] + h / 6.0 * F[o + OdeRow.SUM + k]
    I[o + OdeRow.NEW_TIME] = t


@kernel
def state_at(I: Words, F: Reals, c: int, o: int, value: int, t: int) -> float:
    """State `value` at `t` (ns), within the step that goes on."""
    if I[o + OdeRow.RESTS] or t <= I[o + OdeRow.TIME]:
        return F[o + OdeRow.X + value]
    look(I, F, c, o, t)
    return F[o + OdeRow.NEW + value]
