"""Time as an argument: integer nanoseconds, handed in as a `Clock`."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod


class Clock(ABC):
    """The time of one rig and the scan instants of the controller that runs on it."""

    real = True
    """Whether its time is that of the machine, so that lateness can be measured."""
    overruns = 0
    """Scan instants that passed before the scan before them had ended."""

    @abstractmethod
    def now(self) -> int:
        """The time in ns, from an origin of the clock's own."""

    @abstractmethod
    def start(self, period: int) -> int:
        """Begin scanning every `period` ns; waits for the first scan instant and returns it."""

    @abstractmethod
    def wait(self, due: int, reads: int) -> int:
        """Wait for the next scan that may matter and return its instant.

        That is the first scan instant at or after `due`, or an earlier one once something whose bit is in
        `reads` has changed. Waking early is harmless.
        """


class WallClock(Clock):
    """The machine's monotonic clock, scanning on an absolute grid. A late scan is followed by the next grid
    instant: two scans never run back to back to catch up.
    """

    def __init__(self) -> None:
        self.period = 0
        self.instant = 0

    def now(self) -> int:
        return time.monotonic_ns()

    def start(self, period: int) -> int:
        self.period = period
        self.instant = self.now() + period
        return self._sleep_until(self.instant)

    def wait(self, due: int, reads: int) -> int:
        self.instant += self.period
        missed = (self.now() - self.instant) // self.period + 1
        if missed > 0:
            self.overruns += missed
            self.instant += missed * self.period
        return self._sleep_until(self.instant)

    def _sleep_until(self, instant: int) -> int:
        while (remaining := instant - self.now()) > 0:
            time.sleep(remaining / 1e9)
        return instant
