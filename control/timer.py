"""IEC 61131-3 timers and edges on the cell's clock.

Declared in the class body with the condition that is their input, as `settled = TON(eye_covered, pt=0.2)`;
read as `self.settled.q`. The input is a method of the same class. The framework evaluates the block in every
scan (in effect: whenever its input may have changed), before the sequences. `et` is quantised by nothing:
reading it asks for every scan while the time runs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Self

from control.errors import DefinitionError
from control.scan import NEVER, Rung, Scan, ns

Condition = Callable[[Any], bool]


class FunctionBlock(Rung):
    """Base of timers and edges: an input condition and the time its value last mattered."""

    name = "unnamed"
    where = "unnamed"
    _scan: Scan
    _holder: Any
    _bit = 0
    looks_again = True

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self._input = False
        self._since = -NEVER

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self.where = name, f"{owner.__name__}.{name}"

    def check(self, owner: type) -> None:
        """DefinitionError unless the input is a method of the class the block is declared in."""
        if getattr(owner, getattr(self.condition, "__name__", ""), None) is not self.condition:
            raise DefinitionError(
                f"{self.where}: the input must be a method of {owner.__name__}, got {self.condition!r}"
            )

    def bound(self, holder: Any, scan: Scan) -> Self:
        """The block of one holder; a subclass may override the input method."""
        block = copy.copy(self)
        block._holder, block._scan, block._bit = holder, scan, scan.new_bit()
        block.condition = getattr(type(holder), self.condition.__name__)
        return block

    def run(self, scan: Scan) -> None:
        scan.locked = self.where
        value = bool(self.condition(self._holder))
        scan.locked = ""
        if value != self._input:
            self._set(value, self.edge(value, scan.now))
            if scan.reads & self._bit:  # its input reads its output
                scan.due = 0
        scan.reads |= self._bit

    def edge(self, rising: bool, now: int) -> int:
        """The new reference time after the input changed."""
        return now

    def _set(self, value: bool, since: int) -> None:
        self._scan.change(self._bit, self._be, self._input, self._since)
        self._be(value, since)

    def _be(self, value: bool, since: int) -> None:
        self._input, self._since = value, since

    def _elapsed(self, until: int) -> bool:
        scan, now = self._scan, self._holder._time()
        if now >= until:
            return True
        if now == scan.now:
            scan.due = min(scan.due, until)
        return False

    def shift(self, duration: int) -> None:
        """Leave out `duration` ns in which the holder was frozen."""
        if duration and self._since > -NEVER:
            self._set(self._input, self._since + duration)

    def reset(self) -> None:
        """Back to the state at power-up."""
        self._set(False, -NEVER)

    def snapshot(self) -> tuple[bool, int]:
        """Input and reference time."""
        return self._input, self._since

    def restore(self, state: tuple[bool, int]) -> None:
        """Take a snapshot; not part of a scan's transaction."""
        self._input, self._since = state

    @property
    def q(self) -> bool:
        """The output."""
        self._scan.reads |= self._bit
        return self._output()

    def _output(self) -> bool:
        raise NotImplementedError


class _Timer(FunctionBlock):
    def __init__(self, condition: Condition, *, pt: float) -> None:
        super().__init__(condition)
        if not pt >= 0:
            raise DefinitionError(f"{type(self).__name__}: pt: wanted 0 s or more, got {pt}")
        self.pt = pt
        self._preset = ns(pt)

    @property
    def et(self) -> float:
        """The elapsed time in s, at most `pt`."""
        scan, now = self._scan, self._holder._time()
        scan.reads |= self._bit
        if not self._runs(now) or now - self._since >= self._preset:
            return self.pt if self._runs(now) else 0.0
        if now == scan.now:
            scan.due = min(scan.due, now + 1)
        return (now - self._since) / 1e9

    def _runs(self, now: int) -> bool:
        raise NotImplementedError


class TON(_Timer):
    """On-delay: `q` once the input has been true for `pt` s."""

    def _output(self) -> bool:
        return self._input and self._elapsed(self._since + self._preset)

    def _runs(self, now: int) -> bool:
        return self._input


class TOF(_Timer):
    """Off-delay: `q` until the input has been false for `pt` s."""

    def _output(self) -> bool:
        return self._input or self._since > -NEVER and not self._elapsed(self._since + self._preset)

    def _runs(self, now: int) -> bool:
        return not self._input and self._since > -NEVER


class TP(_Timer):
    """Pulse: `q` for `pt` s from a rising input; not retriggered while it lasts."""

    def edge(self, rising: bool, now: int) -> int:
        return now if rising and now - self._since >= self._preset else self._since

    def _output(self) -> bool:
        return self._since > -NEVER and not self._elapsed(self._since + self._preset)

    def _runs(self, now: int) -> bool:
        return self._since > -NEVER and (self._input or now - self._since < self._preset)


class R_TRIG(FunctionBlock):
    """Rising edge: `q` for the one scan in which the input became true."""

    rising = True

    def edge(self, rising: bool, now: int) -> int:
        return now if rising is self.rising else self._since

    def _output(self) -> bool:
        scan = self._scan
        if self._since != scan.now:
            return False
        scan.due = min(scan.due, scan.now + 1)
        return True


class F_TRIG(R_TRIG):
    """Falling edge: `q` for the one scan in which the input became false."""

    rising = False
