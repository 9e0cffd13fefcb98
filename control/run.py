"""Running a cell on its wiring until it is told to stop."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from control.cell import Cell
from control.packml import Command, State
from control.scan import NEVER, ns
from control.statistics import ScanTimes

SETTLED = frozenset({State.STOPPED, State.ABORTED, State.IDLE, State.COMPLETED})
STOP_TIME = 10.0
"""How long an orderly stop may take before the links are closed anyway, in s."""


class Stop:
    """Whether a run has been asked to end. Set from any thread or signal handler."""

    def __init__(self) -> None:
        self.wanted = False

    def set(self) -> None:
        """Ask."""
        self.wanted = True


def run(
    cell: Cell,
    seconds: float | None = None,
    *,
    stop: Stop | None = None,
    every: Callable[[], None] | None = None,
) -> ScanTimes:
    """Connect, scan for `seconds` or until `stop` is set, bring the cell to a stop in order, disconnect.

    `every` is called after each scan. Returns how well the scans kept time.
    """
    wiring, clock = cell.wiring, cell.wiring.clock
    times = ScanTimes(ns(cell.period))
    wiring.open()
    try:
        gc.collect()
        gc.freeze()
        now = clock.start(times.period)
        end = NEVER if seconds is None else now + ns(seconds)
        leave = NEVER
        while now < leave:
            began = clock.now()
            cell.scan(now)
            times.add(now, began, clock.now())
            if every is not None:
                every()
            if now >= end or stop is not None and stop.wanted:
                leave = settle(cell, now, leave)
            now = clock.wait(min(cell.due, end if now < end else now, leave), cell.reads)
    finally:
        gc.unfreeze()
        wiring.close()
        times.overruns = clock.overruns
    return times


def settle(cell: Cell, now: int, leave: int) -> int:
    """Stop the cell in order; when the run may end, in ns."""
    if leave == NEVER:
        cell.ask(Command.STOP, "asked to stop")
        return now + ns(STOP_TIME)
    return now if cell.state in SETTLED else leave


@contextmanager
def orderly_stop() -> Iterator[Stop]:
    """SIGTERM and SIGINT ask the run to end instead of ending the process."""
    stop = Stop()

    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()

    before: dict[int, Any] = {
        number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
