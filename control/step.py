"""Step tables: steps, what they may say, and the checks made when a sequence is defined."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from control.errors import DefinitionError, nearest
from control.packml import Command
from control.scan import NEVER, ns
from control.shared import Shared

if TYPE_CHECKING:
    from control.sequence import Sequence

Method = Callable[[Any], Any] | str

OUTSIDE: Final = "OUTSIDE"
"""The `limit` of a step that waits for something beyond the cell, which must come without the cell's process
outputs: they are off while it is suspended.
"""
DONE: Final = "DONE"
"""The target that ends a sequence."""
KEEP: Final = "KEEP"
"""Reaction to a command: stay in the step, with its timers frozen. Suspended in an OUTSIDE step they go on,
since what they watch is what ends the suspension.
"""
FIRST: Final = "FIRST"
"""Reaction to a command: back to the first step."""

REACTIONS: Mapping[Command, str] = {
    Command.HOLD: KEEP,
    Command.SUSPEND: KEEP,
    Command.STOP: FIRST,
    Command.ABORT: FIRST,
    Command.COMPLETE: FIRST,
}
"""What a sequence does, unless its table `on` says otherwise, when a command takes the cell out of its
state.
"""


@dataclass(frozen=True)
class Step(Shared):
    """One step. `to` maps target steps to guards, tried in this order.

    `limit` bounds the time in the step, in s, or is OUTSIDE. When it expires the cell aborts, unless `late`
    names a PackML command or a step instead. `refused` names the step to go to when a device refuses a
    command given in this step or its outcome is unknown; without it the cell aborts.
    """

    name: str
    to: Mapping[str, Method] = field(default_factory=dict, kw_only=True)
    enter: Method | None = field(default=None, kw_only=True)
    leave: Method | None = field(default=None, kw_only=True)
    limit: float | str | None = field(default=None, kw_only=True)
    late: Command | str = field(default=Command.ABORT, kw_only=True)
    refused: str | None = field(default=None, kw_only=True)

    def duration(self) -> int:
        """The longest time in the step, in ns."""
        return ns(self.limit) if isinstance(self.limit, int | float) else NEVER

    def targets(self) -> list[str]:
        """Every step this one can lead to."""
        return [*self.to, *(name for name in (self.late, self.refused) if isinstance(name, str))]

    def methods(self) -> list[Method]:
        """Every method the step names."""
        return [*self.to.values(), *(method for method in (self.enter, self.leave) if method is not None)]


class Place(NamedTuple):
    """Where a sequence is: the step, since when and until when at most (ns).

    `entry`: the step has yet to begin. `frozen`: since when its time stands still (ns). `outside`: it waits
    for something beyond the cell.
    """

    step: str
    entered: int = 0
    limit: int = NEVER
    entry: bool = True
    frozen: int = NEVER
    outside: bool = False


new_place: Callable[[tuple[str, int, int, bool, int, bool]], Place] = partial(tuple.__new__, Place)
"""A place of all its fields, made on the hot path."""


def method_name(method: Method) -> str:
    """The name a guard or action is bound by."""
    return method if isinstance(method, str) else method.__name__


def guard_text(sequence: type[Sequence[Any]], guard: Method) -> str:
    """The text shown while a guard is awaited: its docstring."""
    return inspect.cleandoc(getattr(sequence, method_name(guard)).__doc__ or "")


def check_table(sequence: type[Sequence[Any]]) -> None:
    """Refuse a step table that cannot be right. DefinitionError names sequence and step."""
    names = [step.name for step in sequence.steps]
    for step in sequence.steps:
        where = f"{sequence.__name__}.{step.name}"
        if names.count(step.name) > 1 or step.name in {DONE, KEEP, FIRST, OUTSIDE}:
            raise DefinitionError(f"{where}: wanted a step name of its own")
        check_bound(step, where)
        if not isinstance(step.late, Command | str):
            raise DefinitionError(f"{where}: late: wanted a PackML command or a step, got {step.late!r}")
        for name in step.targets():
            if name not in names and name != DONE:
                raise DefinitionError(f"{where}: there is no step {name!r}; {nearest(name, [*names, DONE])}")
        if not step.to:
            raise DefinitionError(f"{where} leads nowhere; give it a target in to= (DONE ends the sequence)")
        for method in step.methods():
            check_method(sequence, method, where)
        for guard in step.to.values():
            if not guard_text(sequence, guard):
                raise DefinitionError(
                    f"{where}: guard {method_name(guard)} needs a docstring: what it waits for"
                )
    for command, reaction in sequence.on.items():
        if command not in REACTIONS or reaction not in {KEEP, FIRST, *names}:
            raise DefinitionError(
                f"{sequence.__name__}.on: no such command or reaction: {command!r}: {reaction!r}"
            )
    check_reachable(sequence)


def check_bound(step: Step, where: str) -> None:
    """Every step has a time limit or waits outside the cell."""
    if step.limit == OUTSIDE:
        return
    if step.limit is None or isinstance(step.limit, str | bool) or not 0 < step.limit < 1e9:
        raise DefinitionError(f"{where} has no bound: wanted limit= seconds or OUTSIDE, got {step.limit!r}")


def check_method(sequence: type[Sequence[Any]], method: Method, where: str) -> None:
    """Guards and actions are methods of the class, found by name so that a subclass may override them."""
    name = method if isinstance(method, str) else getattr(method, "__name__", None)
    if name is None:
        raise DefinitionError(f"{where}: wanted a method or its name, got {method!r}")
    found = getattr(sequence, name, None)
    if not callable(found) or not isinstance(method, str) and not hasattr(sequence, method.__name__):
        methods = [n for n, f in inspect.getmembers(sequence, callable) if not n.startswith("_")]
        raise DefinitionError(
            f"{where}: {sequence.__name__} has no method {name!r}; {nearest(name, methods)}"
        )


def check_reachable(sequence: type[Sequence[Any]]) -> None:
    """Every step can be reached from the first."""
    table = {step.name: step for step in sequence.steps}
    reached = {sequence.steps[0].name, *(name for name in sequence.on.values() if name in table)}
    fresh = set(reached)
    while fresh:
        fresh = {name for step in fresh for name in table[step].targets() if name != DONE} - reached
        reached |= fresh
    if lost := [name for name in table if name not in reached]:
        raise DefinitionError(f"{sequence.__name__}: no step leads to {', '.join(lost)}")
