"""The virtual clock: time passes in jumps, to the next instant at which a scan may matter."""

from __future__ import annotations

from typing import Protocol

from control.clock import Clock


class Sleeper(Protocol):
    """What lets virtual time pass: the twin."""

    def begin(self, period: int) -> int:
        """Let time pass until the controller may scan for the first time."""
        ...

    def sleep(self, due: int, reads: int) -> int:
        """Let time pass until the controller's next scan that may matter."""
        ...

    def now(self) -> int:
        """The instant reached, in ns."""
        ...


class VirtualClock(Clock):
    """The time of a twin, in ns from an odd origin."""

    real = False

    def __init__(self, sleeper: Sleeper) -> None:
        self.sleeper = sleeper

    def now(self) -> int:
        return self.sleeper.now()

    def start(self, period: int) -> int:
        return self.sleeper.begin(period)

    def wait(self, due: int, reads: int) -> int:
        return self.sleeper.sleep(due, reads)
