"""A work station: takes a part, works on it for a time, hands it on; it may fail while it works.

What it does is a Mode; the time spent in each is counted. Between two changes of mode nothing happens, and
every change is an exact instant.
"""

from __future__ import annotations

from enum import IntEnum

from plc_sim.kernel.buffer import BufferRow, await_part, has_room
from plc_sim.kernel.compilation import Reals, Words, kernel
from plc_sim.kernel.draw import ln, u01
from plc_sim.kernel.header import NEVER
from plc_sim.kernel.part import make_part, with_operation
from plc_sim.kernel.place import kind_of, put_in, take_from
from plc_sim.kernel.row import Row, component, duration, real, signal, state, whole
from plc_sim.kernel.schedule import row_of, schedule
from plc_sim.kernel.signals import drive, seen

DRAWS = 4
"""Draws per number: work time, time up, time down, whether it fails."""


class Mode(IntEnum):
    """What a station is doing."""

    STARVED = 0
    WORKING = 1
    DOWN = 2
    BLOCKED = 3
    OFF = 4


class StationRow(Row, kind=50):
    """A work station."""

    ENABLE = signal("low: begins no further part")
    WORKING = signal("it works")
    BLOCKED = signal("its finished part has nowhere to go")
    STARVED = signal("it waits for a part")
    DOWN = signal("it has failed and is under repair")
    PARITY = signal("changes with every part that it hands on")
    SOURCE = component("the place it takes parts from; -1: it makes them")
    DESTINATION = component("the place it hands them on to; -1: they leave")
    EXPONENTIAL = whole("1: its times are exponential, 0: fixed", low=0, high=1)
    TIME = duration("of work on a part; the mean if exponential", low=1e-9, live=True)
    MEAN_UP = duration("mean working time until it fails, exponential; 0: it does not", live=True)
    MEAN_DOWN = duration("mean repair, exponential", live=True)
    FAILURE_SHARE = real("share of parts at whose beginning it fails", low=0.0, high=1.0, live=True)
    REPAIR_SHARE = real("share of work times after which such a repair ends", low=0.0, high=1.0, live=True)
    NEEDS_ROOM = whole("1: begins a part only if it can be handed on by now", low=0, high=1)
    OPERATION = whole("the operation it does on a part, or -1", low=-1, high=7)
    KEY = whole("key of its draws")
    MODE = state("a Mode", initial=int(Mode.OFF))
    SINCE = state("since when", "ns")
    PART = state("the part in it, or 0")
    BEGUN = state("parts begun", counted=True)
    FAILURES = state("failures", counted=True)
    WORK_FROM = state("when the present stretch of work began", "ns")
    WORK_LEFT = state("work left on the part then", "ns")
    UP_LEFT = state("working time left until it fails", "ns", initial=-1)
    UNTIL = state("when the present work or repair ends, or the station fails", "ns", initial=NEVER)
    AWAITS = state("its source knows that it waits")
    DONE = state("parts handed on", counted=True)
    STARVED_TIME = state("time without a part", "ns", counted=True)
    WORKING_TIME = state("time at work", "ns", counted=True)
    DOWN_TIME = state("time under repair", "ns", counted=True)
    BLOCKED_TIME = state("time with a finished part", "ns", counted=True)
    OFF_TIME = state("time not enabled", "ns", counted=True)


@kernel
def _note_mode(I: Words, o: int, t: int) -> None:
    """Let the time in the present mode count up to `t` (ns). The times lie in the order of the modes."""
    I[o + StationRow.STARVED_TIME + I[o + StationRow.MODE]] += t - I[o + StationRow.SINCE]
    I[o + StationRow.SINCE] = t


@kernel
def _set_mode(I: Words, o: int, mode: int, t: int) -> None:
    if mode == I[o + StationRow.MODE]:
        return
    _note_mode(I, o, t)
    I[o + StationRow.MODE] = mode
    drive(I, I[o + StationRow.WORKING], 1 if mode == Mode.WORKING else 0, t)
    drive(I, I[o + StationRow.BLOCKED], 1 if mode == Mode.BLOCKED else 0, t)
    drive(I, I[o + StationRow.STARVED], 1 if mode == Mode.STARVED else 0, t)
    drive(I, I[o + StationRow.DOWN], 1 if mode == Mode.DOWN else 0, t)


@kernel
def _exponential(I: Words, o: int, number: int, which: int, mean: int) -> int:
    return max(int(-mean * ln(u01(I[o + StationRow.KEY], DRAWS * number + which))), 1)


@kernel
def _work(I: Words, o: int, t: int) -> None:
    """Work until the part is finished or the station fails."""
    work = I[o + StationRow.WORK_LEFT]
    mean_up = I[o + StationRow.MEAN_UP]
    if mean_up > 0:
        if I[o + StationRow.UP_LEFT] < 0:
            I[o + StationRow.UP_LEFT] = _exponential(I, o, I[o + StationRow.FAILURES], 1, mean_up)
        work = min(work, I[o + StationRow.UP_LEFT])
    I[o + StationRow.WORK_FROM] = t
    I[o + StationRow.UNTIL] = t + work
    _set_mode(I, o, Mode.WORKING, t)


@kernel
def _begin(I: Words, F: Reals, o: int, t: int) -> None:
    number = I[o + StationRow.BEGUN]
    I[o + StationRow.BEGUN] = number + 1
    mean = I[o + StationRow.TIME]
    I[o + StationRow.WORK_LEFT] = mean
    if I[o + StationRow.EXPONENTIAL]:
        I[o + StationRow.WORK_LEFT] = _exponential(I, o, number, 0, mean)
    if u01(I[o + StationRow.KEY], DRAWS * number + 3) < F[o + StationRow.FAILURE_SHARE]:
        _fail(I, o, _geometric(I, F, o) * mean, t)
    else:
        _work(I, o, t)


@kernel
def _geometric(I: Words, F: Reals, o: int) -> int:
    """Work times that a repair takes: at the end of each it is over with the probability REPAIR_SHARE."""
    share = F[o + StationRow.REPAIR_SHARE]
    if share >= 1.0:
        return 1
    draw = u01(I[o + StationRow.KEY], DRAWS * I[o + StationRow.FAILURES] + 2)
    return 1 + int(ln(draw) / ln(1.0 - share))


@kernel
def _fail(I: Words, o: int, repair: int, t: int) -> None:
    I[o + StationRow.FAILURES] += 1
    I[o + StationRow.UP_LEFT] = -1
    I[o + StationRow.UNTIL] = t + repair
    _set_mode(I, o, Mode.DOWN, t)


@kernel
def _end(I: Words, o: int, t: int) -> None:
    """A repair is over, the part is finished, or the station fails."""
    if I[o + StationRow.MODE] == Mode.DOWN:
        _work(I, o, t)
        return
    worked = t - I[o + StationRow.WORK_FROM]
    I[o + StationRow.WORK_LEFT] -= worked
    if I[o + StationRow.UP_LEFT] >= 0:
        I[o + StationRow.UP_LEFT] -= worked
    if I[o + StationRow.WORK_LEFT] > 0:
        _fail(I, o, _exponential(I, o, I[o + StationRow.FAILURES], 2, I[o + StationRow.MEAN_DOWN]), t)
        return
    I[o + StationRow.UNTIL] = NEVER
    if I[o + StationRow.OPERATION] >= 0:
        I[o + StationRow.PART] = with_operation(I[o + StationRow.PART], I[o + StationRow.OPERATION])
    _set_mode(I, o, Mode.BLOCKED, t)


@kernel
def _hand_on(I: Words, F: Reals, o: int, t: int) -> None:
    to = I[o + StationRow.DESTINATION]
    if to < 0 or put_in(I, F, to, I[o + StationRow.PART], t):
        I[o + StationRow.PART] = 0
        I[o + StationRow.DONE] += 1
        drive(I, I[o + StationRow.PARITY], I[o + StationRow.DONE] & 1, t)


@kernel
def _may_begin(I: Words, o: int, t: int) -> bool:
    if seen(I, I[o + StationRow.ENABLE]) == 0:
        _set_mode(I, o, Mode.OFF, t)
        return False
    to = I[o + StationRow.DESTINATION]
    if I[o + StationRow.NEEDS_ROOM] and to >= 0 and kind_of(I, to) == BufferRow.KIND:
        if not has_room(I, row_of(I, to)):
            _set_mode(I, o, Mode.BLOCKED, t)
            return False
    return True


@kernel
def _await(I: Words, o: int, awaits: int, t: int) -> None:
    source = I[o + StationRow.SOURCE]
    if source >= 0 and awaits != I[o + StationRow.AWAITS] and kind_of(I, source) == BufferRow.KIND:
        I[o + StationRow.AWAITS] = awaits
        await_part(I, row_of(I, source), 1 if awaits else -1, t)


@kernel
def _fetch(I: Words, F: Reals, o: int, t: int) -> None:
    """Get the next part, if there is one and it may be begun."""
    if not _may_begin(I, o, t):
        _await(I, o, 0, t)
        return
    source = I[o + StationRow.SOURCE]
    part = make_part(I[o + StationRow.BEGUN] + 1, 0, 1) if source < 0 else take_from(I, F, source, t)
    if part == 0:
        _set_mode(I, o, Mode.STARVED, t)
        _await(I, o, 1, t)
    else:
        I[o + StationRow.PART] = part
        _await(I, o, 0, t)
        _begin(I, F, o, t)


@kernel
def station_step(I: Words, F: Reals, c: int, o: int, t: int) -> None:
    """Work or repair ended, a part has come, room has come, or ENABLE changed."""
    if t >= I[o + StationRow.UNTIL]:
        _end(I, o, t)
    if I[o + StationRow.MODE] == Mode.BLOCKED and I[o + StationRow.PART] != 0:
        _hand_on(I, F, o, t)
    if I[o + StationRow.PART] == 0:
        _fetch(I, F, o, t)
    schedule(I, c, I[o + StationRow.UNTIL])
