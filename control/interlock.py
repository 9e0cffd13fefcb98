"""Trips, permissives and output interlocks, each with its first failing reason.

A *permissive* is needed to begin: a command is refused without it. An *interlock* is needed to go on: without
it the output is clamped to its safe value. A *trip* latches: without its condition the cell aborts (or stops)
and a person has to clear it. Conditions are methods of the cell that return True when all is well; their
docstring says what is wanted.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from control.block import with_value
from control.controller import resolve
from control.errors import DefinitionError, nearest
from control.packml import Command
from control.scan import Rung, Scan
from control.shared import Shared
from control.tag import Tag

Condition = Callable[[Any], bool]


@dataclass(frozen=True)
class Trip(Shared):
    """A condition whose loss commands `reaction`; Clear is refused until it holds again."""

    condition: Condition
    reaction: Command = Command.ABORT


@dataclass(frozen=True)
class Interlock(Shared):
    """Outputs that keep their safe values, whatever is ordered, unless every condition holds."""

    tags: tuple[Tag[Any], ...]
    allow: tuple[Condition, ...]


class Alarm(NamedTuple):
    """What went wrong: when (ns), where it came from, and in words. `first` marks the first since the last
    Clear.
    """

    time: int
    source: str
    text: str
    first: bool


def wanted(condition: Condition, owner: type) -> str:
    """What a condition asks for, from its docstring. DefinitionError without one."""
    name = getattr(condition, "__name__", repr(condition))
    method = getattr(owner, name, None)
    if method is None:
        methods = [n for n, f in inspect.getmembers(owner, callable) if not n.startswith("_")]
        raise DefinitionError(f"{owner.__name__} has no condition {name!r}; {nearest(name, methods)}")
    text = inspect.cleandoc(method.__doc__ or "")
    if not text:
        raise DefinitionError(
            f"{owner.__name__}.{name} needs a docstring: what it wants, as 'the guard door closed'"
        )
    return text


class Checked:
    """Conditions of one owner, tried in order."""

    def __init__(self, owner: Any, conditions: tuple[Condition, ...]) -> None:
        self.owner = owner
        kind = type(owner)
        self.entries = tuple((getattr(kind, c.__name__), wanted(c, kind)) for c in conditions)

    def first_failing(self, scan: Scan) -> str:
        """What the first condition that does not hold wants; empty if all hold."""
        scan.locked, before, failing = "a condition", scan.locked, ""
        for condition, text in self.entries:
            if not condition(self.owner):
                failing = text
                break
        scan.locked = before
        return failing


class TripRung(Rung):
    """Watches one condition and demands the reaction when it is lost."""

    def __init__(self, trip: Trip, owner: Any) -> None:
        self.reaction = trip.reaction
        self.source = trip.condition.__name__
        self.checked = Checked(owner, (trip.condition,))
        self.owner = owner

    def run(self, scan: Scan) -> None:
        if failing := self.failing(scan):  # the state is read by trip, so a new state is tripped again
            self.owner.trip(self.reaction, self.source, f"trip {self.source}: wants {failing}")

    def failing(self, scan: Scan) -> str:
        """What is wanted; empty if the condition holds."""
        return self.checked.first_failing(scan)


class InterlockRung(Rung):
    """Keeps the first failing reason of one interlock, and with it the clamp on its outputs; asked only while
    one of them is ordered.
    """

    def __init__(self, interlock: Interlock, owner: Any) -> None:
        tags = [resolve(type(owner), tag) for tag in interlock.tags]
        self.outputs = [(tag, getattr(owner, tag.path.partition(".")[0])) for tag in tags]
        self.safe = [tag.decode(with_value(bytes(block.size), tag, tag.safe)) for tag, block in self.outputs]
        """What the outputs read at their safe values, which a raw scale may round."""
        self.checked = Checked(owner, interlock.allow)
        self.reason = ""
        self.bit = owner._scan.new_bit()

    @property
    def ordered(self) -> bool:
        """One of the outputs is ordered away from its safe value."""
        values = [tag.__get__(block, type(block)) for tag, block in self.outputs]
        return values != self.safe

    def run(self, scan: Scan) -> None:
        reason, old = self.checked.first_failing(scan) if self.ordered else "", self.reason
        if reason != old:
            scan.change(self.bit, setattr, self, "reason", old)
            self.reason = reason
