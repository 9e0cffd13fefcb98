"""An island's course: inner steps, located crossings of levels, rest.

Every step is looked at before it is taken. Where a state would cross a level, the instant is halved down to 1
ns, and the step ends there; two crossings of one level within one step are not seen. Where an input changes,
the step ends there.
"""

from __future__ import annotations

from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.memory import before_segment
from plc_sim.kernel.ode_row import LevelRow, OdeRow, look, slopes
from plc_sim.kernel.schedule import schedule
from plc_sim.kernel.signals import drive


@kernel
def _take(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """Let X be the states at `t`."""
    if I[o + OdeRow.MAPPED]:
        before_segment(I, F, t)
    if I[o + OdeRow.RESTS] == 0 and t > I[o + OdeRow.TIME]:
        if I[o + OdeRow.NEW_TIME] != t:
            look(I, F, c, o, t)
        for k in range(I[o + OdeRow.ORDER]):
            F[o + OdeRow.X + k] = F[o + OdeRow.NEW + k]
        I[o + OdeRow.STEPS] += 1
    I[o + OdeRow.TIME] = t
    I[o + OdeRow.NEW_TIME] = -1


@kernel
def _cross(I: Words, F: Reals, o: int, t: int) -> None:
    level = I[o + OdeRow.LEVELS] + LevelRow.SIZE * I[o + OdeRow.CROSSING]
    I[level + LevelRow.ABOVE] = 1 - I[level + LevelRow.ABOVE]
    if I[level + LevelRow.SHOWS]:
        drive(I, I[level + LevelRow.SHOWS], I[level + LevelRow.ABOVE] ^ I[level + LevelRow.INVERTED], t)
    if I[level + LevelRow.SETS] >= 0:
        F[o + OdeRow.X + I[level + LevelRow.SETS]] = F[level + LevelRow.TO]
    I[o + OdeRow.CROSSING_AT] = NEVER
    I[o + OdeRow.CROSSING] = -1


@kernel
def _crossed(I: Words, F: Reals, o: int) -> int:
    """The first level that is crossed between X and NEW, or -1."""
    level = I[o + OdeRow.LEVELS]
    for k in range(I[o + OdeRow.LEVEL_COUNT]):
        above = 1 if F[o + OdeRow.NEW + I[level + LevelRow.STATE]] >= F[level + LevelRow.LEVEL] else 0
        if above != I[level + LevelRow.ABOVE]:
            return k
        level += LevelRow.SIZE
    return -1


@kernel
def _rests(I: Words, F: Reals, c: int, o: int, t: int) -> bool:
    for k in range(I[o + OdeRow.ORDER]):
        F[o + OdeRow.STAGE + k] = F[o + OdeRow.X + k]
    slopes(I, F, c, o, t)
    for k in range(I[o + OdeRow.ORDER]):
        if abs(F[o + OdeRow.SLOPE + k]) > F[I[o + OdeRow.QUIET] + k]:
            return False
    return True


@kernel
def _plan(I: Words, F: Reals, c: int, o: int, t: int) -> int:
    """When it acts next: at the end of its step or at the first crossing within."""
    if _rests(I, F, c, o, t):
        I[o + OdeRow.RESTS] = 1
        return NEVER
    I[o + OdeRow.RESTS] = 0
    late = t + I[o + OdeRow.STEP]
    look(I, F, c, o, late)
    if _crossed(I, F, o) < 0:
        return late
    early = t
    while late - early > 1:
        middle = early + (late - early) // 2
        look(I, F, c, o, middle)
        if _crossed(I, F, o) < 0:
            early = middle
        else:
            late = middle
    look(I, F, c, o, late)
    I[o + OdeRow.CROSSING] = _crossed(I, F, o)
    I[o + OdeRow.CROSSING_AT] = late
    return late


@kernel
def ode_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """A step is over, a level is crossed, or an input changed."""
    _take(I, F, c, o, t)
    if t >= I[o + OdeRow.CROSSING_AT]:
        _cross(I, F, o, t)
    I[o + OdeRow.CROSSING_AT] = NEVER
    schedule(I, c, _plan(I, F, c, o, t))
