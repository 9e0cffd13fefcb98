"""Sequences: state machines written as a table of steps.

The first row whose guard holds fires, in table order, at most one per sequence and scan. Guards read and
never write; `enter` and `leave` write intents, Vars and device commands. Everything is resolved and checked
when the class is defined.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from transitions import Machine

from control.errors import DefinitionError
from control.machine import StepMachine, build
from control.packml import Command
from control.scan import NEVER, Rung, Scan, ns
from control.state import Declared, refuse_taken_names
from control.step import (
    DONE,
    FIRST,
    KEEP,
    REACTIONS,
    Place,
    Step,
    check_table,
    guard_text,
    method_name,
    new_place,
)

if TYPE_CHECKING:
    from control.controller import Controller

C = TypeVar("C", bound="Controller")


def snake_case(name: str) -> str:
    """PalletExchange -> pallet_exchange."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class Sequence(Declared, Generic[C]):
    """A step table run by a cell or program; `self.cell` is its owner."""

    steps: ClassVar[tuple[Step, ...]] = ()
    on: ClassVar[Mapping[Command, str]] = {}
    """What the sequence does on a command instead of `REACTIONS`: KEEP, FIRST or a step to go on in."""

    name: ClassVar[str]
    machine: ClassVar[Machine]
    cell: C
    runner: Runner
    _settable = frozenset({"_table_step"})

    def __init_subclass__(cls, **options: Any) -> None:
        refuse_taken_names(cls, Sequence, {"steps", "on"})
        super().__init_subclass__(**options)
        cls.name = snake_case(cls.__name__)
        if cls.steps:
            check_table(cls)
            cls.machine = machine_of(cls)

    def __init__(self, cell: C) -> None:
        if not self.steps:
            raise DefinitionError(f"{type(self).__name__} has no steps")
        self.cell = cell
        self._declare(cell._scan)
        self.runner = Runner(self, cell, cell._scan)
        self._seal()

    @property
    def step(self) -> str:
        """The name of the current step."""
        runner = self.runner
        self._scan.reads |= runner.bit
        return runner.place.step

    @property
    def done(self) -> bool:
        """The sequence has reached its end."""
        return self.step == DONE

    def in_step(self, seconds: float) -> bool:
        """Whether the current step has lasted for `seconds`; time frozen by Hold or Suspend does not
        count.
        """
        scan, place = self._scan, self.runner.place
        scan.reads |= self.runner.bit
        due = place.entered + ns(seconds)
        if place.entry or place.frozen < due:
            return False
        if scan.now < due:
            scan.due = min(scan.due, due)
        return scan.now >= due

    def _time(self) -> int:
        return min(self._scan.now, self.runner.place.frozen)

    def waiting_for(self) -> str:
        """What the current step waits for, in words."""
        step = self.runner.place.step
        if step == DONE:
            return f"{self.name}: done"
        guards = self.runner.table[step].to.values()
        texts = dict.fromkeys(guard_text(type(self), guard) for guard in guards)
        return f"{self.name} {step}: waiting for {' or '.join(texts)}"

    def _reach(self, name: str) -> None:
        """Be in a step from now on."""
        scan, runner = self._scan, self.runner
        limit, now = runner.limits[name], scan.now
        scan.locked, scan.actor = "", f"{self.name}.{name}"
        if limit == NEVER:
            runner.move(new_place((name, now, NEVER, False, NEVER, name != DONE)))
        else:
            runner.move(new_place((name, now, now + limit, False, NEVER, False)))

    _table_step = property(attrgetter("runner.place.step"), _reach)

    def _leave(self) -> None:
        """The step's `leave` follows, which may write."""
        self._scan.locked, self._scan.actor = "", f"{self.name}.{self.runner.place.step}"

    def snapshot(self) -> dict[str, Any]:
        """Vars, timers and place."""
        return {**super().snapshot(), "place": self.runner.place}

    def restore(self, values: dict[str, Any]) -> None:
        """Take a snapshot; not part of a scan's transaction."""
        super().restore({name: value for name, value in values.items() if name != "place"})
        self.runner.place = values.get("place", self.runner.place)


class Runner(Rung):
    """Runs one sequence: its place in the table, and what moves it."""

    looks_again = True

    def __init__(self, sequence: Sequence[Any], cell: Controller, scan: Scan) -> None:
        self.sequence, self.cell, self.scan = sequence, cell, scan
        self.name = sequence.name
        self.table = {step.name: step for step in sequence.steps}
        self.guards = guards_of(type(sequence))
        self.limits = {DONE: NEVER} | {step.name: step.duration() for step in sequence.steps}
        self.advance = sequence.machine.events["advance"].trigger
        self.bit, self.outside_bit = scan.new_bit(), scan.new_bit()
        """`outside_bit`: whether the current step waits for something beyond the cell."""
        self.place = Place(sequence.steps[0].name)

    def run(self, scan: Scan) -> None:
        """Begin in the step, or fire the first row whose guard holds; without one, see to the step's
        limit.
        """
        place = self.place
        scan.locked = self.name
        if place.entry:
            self.enter(place.step)
        elif self.advance(self.sequence):
            if scan.history is not None:
                cause = (scan.changed | scan.recent) & scan.reads
                scan.history.append((scan.now, self.name, place.step, self.place.step, cause))
        else:
            scan.locked, scan.due = "", min(scan.due, place.limit)
            scan.reads |= self.bit
            if scan.now >= place.limit:
                self.expire(self.table[place.step])
            return
        # What the sequence depends on in its new step. At most one row fires per scan.
        scan.locked, scan.actor = self.name, ""
        scan.reads, scan.touched, scan.due = self.bit, 0, self.place.limit
        for guard in self.guards[self.place.step]:
            if guard(self.sequence):
                scan.due = 0
                break
        scan.locked = ""

    def ready(self) -> bool:
        """Whether a guard of the current step holds."""
        sequence = self.sequence
        for guard in self.guards[self.place.step]:
            if guard(sequence):
                return True
        return False

    def enter(self, name: str) -> None:
        """Begin in a step: its `enter` runs."""
        self.sequence._reach(name)
        enter = self.table[name].enter if name != DONE else None
        if enter is not None:
            getattr(self.sequence, method_name(enter))()

    def expire(self, step: Step) -> None:
        """The step's limit has passed."""
        text = f"{self.sequence.waiting_for()} for {step.limit} s"
        self.move(self.place._replace(limit=NEVER))
        if isinstance(step.late, Command):
            self.cell.demand(step.late, text)
        else:
            self.cell.note(text)
            self.go(step.late)

    def move(self, place: Place) -> None:
        """Change the place, as part of the scan's transaction."""
        old, scan = self.place, self.scan
        bits = self.bit if place.outside is old.outside else self.bit | self.outside_bit
        scan.change(bits, setattr, self, "place", old)
        self.place = place
        if place.step != old.step:
            scan.trace.append((scan.now, self.name, place.step))

    def go(self, step: str) -> None:
        """Go to a step without the present one's `leave`; its `enter` runs when the sequence runs next."""
        self.move(Place(step))

    def restart(self) -> None:
        """Go to the first step, with all timers reset."""
        for block in self.sequence.blocks.values():
            block.reset()
        self.go(self.sequence.steps[0].name)

    def react(self, command: Command) -> None:
        """The cell leaves the state this runs in because of `command`."""
        reaction, place = self.sequence.on.get(command, REACTIONS[command]), self.place
        frozen = min(place.frozen, self.scan.now)
        if reaction == FIRST:
            self.restart()
        elif reaction != KEEP:
            self.go(reaction)
            self.move(self.place._replace(frozen=frozen))
        elif command is not Command.SUSPEND or not place.outside:
            self.move(place._replace(frozen=frozen))

    def resume(self) -> None:
        """The cell is back in the state this runs in: leave out the time in which it was frozen."""
        place = self.place
        if place.frozen != NEVER:
            pause = self.scan.now - place.frozen
            limit = place.limit if place.limit == NEVER else place.limit + pause
            self.move(place._replace(entered=place.entered + pause, limit=limit, frozen=NEVER))
            for block in self.sequence.blocks.values():
                block.shift(pause)

    def refuse(self, given: str, text: str) -> None:
        """A command given in the step `given` was refused or its outcome is unknown."""
        step, place = self.table.get(given), self.place
        target = step.refused if step is not None else None
        if target is None or place.entry and place.step != target:
            self.cell.demand(Command.ABORT, text)
        else:
            self.cell.note(text)
            self.go(target)


def machine_of(sequence: type[Sequence[Any]], kind: type[Machine] = StepMachine) -> Machine:
    """The machine of a step table; `kind=transitions.Machine` gives the library's own dispatch."""
    states: list[dict[str, Any]] = [{"name": DONE}]
    rows: list[dict[str, Any]] = []
    for step in reversed(sequence.steps):
        enter = [method_name(step.enter)] if step.enter is not None else []
        leave = ["_leave", method_name(step.leave)] if step.leave is not None else []
        states.insert(0, {"name": step.name, "on_enter": enter, "on_exit": leave})
        rows[:0] = [
            {"trigger": "advance", "source": step.name, "dest": dest, "conditions": method_name(guard)}
            for dest, guard in step.to.items()
        ]
    return build(states, rows, attribute="_table_step", kind=kind)


@cache
def guards_of(sequence: type[Sequence[Any]]) -> dict[str, tuple[Callable[[Any], Any], ...]]:
    """The guards of each step as functions."""
    steps = {step.name: step.to.values() for step in sequence.steps}
    return {DONE: ()} | {
        name: tuple(getattr(sequence, method_name(guard)) for guard in guards)
        for name, guards in steps.items()
    }
