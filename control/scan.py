"""The scan's own memory: what was read, what changed, when to look again and how to undo it.

Every piece of declared state (a tag, a Var, a step, a field of a device image) owns one *bit*. Reading it
sets the bit in `reads`, changing it sets the bit in `changed`. A piece of logic that was evaluated without
effect depends on nothing but what it read and the times it asked for; until one of those bits changes or the
time comes, evaluating it again would change nothing. Skipping logic, and skipping whole scans, both rest on
this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from itertools import compress
from operator import or_
from typing import Any

from control.errors import DefinitionError

NEVER = (1 << 63) - 1
"""A time that does not come, in ns."""


def ns(seconds: float) -> int:
    """Seconds as integer nanoseconds."""
    return round(seconds * 1e9)


class Scan:
    """One controller's transaction. `now` and `due` are ns of the controller's clock.

    `changed` holds what differs in this scan: what the links brought, and what it has written so far;
    `recent` is that of the scan before.
    `written` is all that it wrote, `fresh` what it wrote since that was last looked at, which both others
    lack; `touched` what the rung being evaluated wrote, even if it was so already. `locked` names the
    condition being evaluated; while it is set every write is refused. `actor` names the sequence and step
    whose actions run.
    """

    __slots__ = (
        *(
            "_bits",
            "_journal",
            "actor",
            "changed",
            "due",
            "durable",
            "durable_bits",
            "fresh",
            "recent",
            "history",
            "locked",
            "now",
            "orders",
        ),
        *("reads", "touched", "trace", "written"),
    )

    def __init__(self) -> None:
        self.now = 0
        self.reads = 0
        self.due = NEVER
        self.changed = 0
        self.recent = 0
        self.written = 0
        self.fresh = 0
        self.touched = 0
        self.locked = ""
        self.actor = ""
        self.trace: list[tuple[int, str, object]] = []
        self.orders: list[tuple[Any, Any]] = []
        self.durable: Mapping[str, Any] = {}
        self.durable_bits: Mapping[str, int] = {}
        self.history: list[tuple[int, str, str, str, int]] | None = None
        self._journal: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._bits = 0

    def reserve(self, count: int) -> None:
        """Keep the lowest `count` bits for tags, which know theirs from their class."""
        self._bits = max(self._bits, count)

    def new_bit(self) -> int:
        """A bit of its own for one more piece of state."""
        self._bits += 1
        return 1 << (self._bits - 1)

    def touch(self, bit: int) -> None:
        """Note that a rung writes: what others make of it since concerns that rung as if it had read it."""
        if self.locked:
            raise DefinitionError(
                f"{self.locked} changed state; conditions only read. "
                "Move the change to enter, leave or a combination"
            )
        self.touched |= bit

    def change(self, bit: int, undo: Callable[..., None], *arguments: Any) -> None:
        """Note a change of state and how to take it back."""
        self.fresh |= bit
        self._journal.append((undo, arguments))

    def settle(self) -> int:
        """Count what is fresh among what is written; its bits."""
        fresh, self.fresh = self.fresh, 0
        self.changed |= fresh
        self.written |= fresh
        return fresh

    def commit(self) -> None:
        """Keep every change since the last commit."""
        self._journal.clear()

    def rollback(self) -> None:
        """Take back every change since the last commit, newest first."""
        while self._journal:
            undo, arguments = self._journal.pop()
            undo(*arguments)
        self.trace.clear()
        self.orders.clear()
        self.written = self.fresh = 0
        self.locked = self.actor = ""


class Rung:
    """A piece of logic, evaluated again only when something it read or wrote has changed or its time has
    come.
    """

    looks_again = False
    """Whether `run` reads all it depends on after its last write."""

    def run(self, scan: Scan) -> None:
        """The logic."""
        raise NotImplementedError


class Ladder:
    """Rungs evaluated in order, each only if it is concerned. `reads` and `due` are what they all depend on:
    until one of those bits changes or that time comes, none of them is. `earlier` is evaluated before this
    one, so it looks at what this one writes in the next scan.
    """

    def __init__(self, rungs: Iterable[Rung] = (), earlier: Ladder | None = None) -> None:
        self.rungs = tuple(rungs)
        self.places = range(len(self.rungs))
        self.runs = tuple(enumerate(rung.run for rung in self.rungs))
        self.reads_of, self.due_of = [0] * len(self.rungs), [0] * len(self.rungs)
        """What each rung depends on; one that is new or disturbed is due."""
        self.reads = self.due = 0
        self.earlier = earlier

    def evaluate(self, scan: Scan) -> None:
        """Evaluate in order the rungs whose reads changed or whose time has come, if there are any."""
        reads_of, due_of, stale = self.reads_of, self.due_of, False
        wanted: list[int] = list(map(scan.changed.__and__, reads_of))
        if scan.now >= self.due:
            wanted = list(map(or_, map(scan.now.__ge__, due_of), wanted))
        for place, run in compress(self.runs, wanted):
            scan.reads = scan.touched = 0
            scan.due = NEVER
            run(scan)
            due_of[place] = scan.due
            reads = scan.reads | scan.touched
            if reads != reads_of[place]:
                reads_of[place], stale = reads, True
            if scan.fresh:
                self.note(scan, place, wanted)
        if stale:
            self.learn()
        self.due = min(due_of, default=NEVER)

    def learn(self) -> None:
        """Some rung depends on something else than before."""
        self.reads = reduce(or_, self.reads_of)

    def note(self, scan: Scan, writer: int, wanted: list[int]) -> None:
        """A rung wrote: those before it look at that in the next scan, those after it are `wanted` in this
        one; itself if it has read what it wrote.
        """
        # As Scan.settle does, without the call: this is where most of the time goes.
        fresh, scan.fresh = scan.fresh, 0
        scan.changed |= fresh
        scan.written |= fresh
        if self.earlier is not None and fresh & self.earlier.reads:
            self.earlier.disturb(fresh)
        if fresh & scan.reads and not self.rungs[writer].looks_again:
            self.due_of[writer] = 0
        for place in compress(self.places, map(fresh.__and__, self.reads_of)):
            if place > writer:
                wanted[place] = 1
            elif place < writer:
                self.due_of[place] = 0

    def disturb(self, bits: int) -> None:
        """Have the rungs that read some of these bits evaluated in the next scan."""
        for place in compress(self.places, map(bits.__and__, self.reads_of)):
            self.due_of[place] = self.due = 0

    def begin_anew(self) -> None:
        """Evaluate everything in the next scan."""
        self.due_of, self.due = [0] * len(self.rungs), 0


class Combination(Rung):
    """Combinational logic: a method that writes outputs or Vars as a function of what it reads."""

    def __init__(self, method: Callable[[], None]) -> None:
        self.method = method

    def run(self, scan: Scan) -> None:
        self.method()
