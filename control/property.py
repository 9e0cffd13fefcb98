"""Properties: named conditions with a requirement id, watched at every executed scan.

A property that needs the plant (its functions take a second argument) is also judged at every edge of the
plant's signals and counts it reads, and only where there is a twin. A property that raises has failed: it is
the test's, so its error never touches the controller.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from control.errors import DefinitionError, describe, nearest
from control.scan import Ladder, Rung, Scan, ns
from control.shared import Shared

Judge = Callable[..., Any]


@dataclass(frozen=True)
class Property(Shared):
    """Whenever `when` holds, `then` must hold: at once, or from `within` s later on for as long as `when`
    lasts.

    `requirement` is the id it proves, `text` says it in words. Both functions take the cell, or the cell and
    the plant. `when` may return what it is armed by, as the name of a step: another value begins anew, and
    `within` may be a table of times by it.
    """

    requirement: str
    text: str
    when: Judge
    then: Judge
    within: float | Mapping[Any, float] = 0.0

    @property
    def needs_plant(self) -> bool:
        """Whether it can only be judged with a twin."""
        return any(len(inspect.signature(judge).parameters) > 1 for judge in (self.when, self.then))


def always(_: Any) -> bool:
    """For a property that is armed all the time."""
    return True


class Violation(NamedTuple):
    """A property that did not hold: when (ns), which, and in what situation."""

    time: int
    requirement: str
    text: str
    situation: str


class PropertyRung(Rung):
    """One property watched on one cell. `armed` counts how often `when` became true."""

    def __init__(self, watched: Property, cell: Any, plant: Any) -> None:
        if watched.needs_plant and plant is None:
            raise DefinitionError(f"{watched.requirement}: needs the plant; it can be watched on a twin only")
        self.property, self.cell, self.requirement = watched, cell, watched.requirement
        self.when, self.then = (_bind(judge, cell, plant) for judge in (watched.when, watched.then))
        self.armed = 0
        self.armed_by: Any = None
        self.since = 0
        self.violated = False

    def run(self, scan: Scan) -> None:
        scan.locked = self.requirement
        try:
            armed_by = self.when()
            fulfilled = not armed_by or self.then()
            scan.locked = ""
            if armed_by != self.armed_by:
                self.armed_by, self.since, self.violated = armed_by, scan.now, False
                self.armed += bool(armed_by)
            if not fulfilled:
                self.judge(scan, self.since + self.allowed(armed_by))
        except Exception as error:
            scan.locked = ""
            self.violate(scan, f"{self.property.text}; cannot be judged: {describe(error)}")

    def allowed(self, armed_by: Any) -> int:
        """How long (ns) `then` need not hold once `when` is armed by this."""
        within = self.property.within
        if isinstance(within, int | float):
            return ns(within)
        if armed_by not in within:
            raise DefinitionError(f"within has no time for {armed_by!r}; {nearest('', map(str, within))}")
        return ns(within[armed_by])

    def judge(self, scan: Scan, limit: int) -> None:
        """`then` does not hold: a violation from `limit` (ns) on, not yet before."""
        if scan.now < limit:
            scan.due = min(scan.due, limit)
        else:
            self.violate(scan, self.property.text)

    def violate(self, scan: Scan, text: str) -> None:
        """It does not hold, or cannot be judged; told once until it is armed anew."""
        if not self.violated:
            self.violated = True
            self.cell.violate(Violation(scan.now, self.requirement, text, self.situation(scan)))

    def situation(self, scan: Scan) -> str:
        """What the cell waits for; its texts are those of its conditions, which may raise."""
        try:
            return self.cell.waiting_for()
        except Exception as error:
            scan.locked = ""
            return f"{self.cell.state.name}; what it waits for raised {describe(error)}"


class WatchList(Ladder):
    """The properties watched on one cell. `plant`, if they look at one, tells with `moved()` and
    `edges(reads)` which of its bits have changed, and is told by `attend(reads)` which are read.
    """

    def __init__(self, cell: Any, properties: Iterable[Property] = (), plant: Any = None) -> None:
        self.properties = tuple(PropertyRung(watched, cell, plant) for watched in properties)
        self.plant = plant
        self.moved: Callable[[], int] = plant.moved if plant is not None else int
        """Tells the bits of what has moved in the plant without an edge."""
        super().__init__(self.properties)

    def learn(self) -> None:
        super().learn()
        if self.plant is not None and self.plant.asleep & self.reads:
            self.plant.attend(self.reads)

    def judge(self, scan: Scan, now: int) -> bool:
        """Judge at an edge of the plant, between two scans. Whether it concerned any."""
        edges = self.plant.edges(self.reads)
        if now < self.due and not edges & self.reads:
            return False
        scanned, scan.changed, scan.now = scan.changed, edges, now
        self.evaluate(scan)
        scan.changed = scanned
        return True


def _bind(judge: Judge, cell: Any, plant: Any) -> Callable[[], Any]:
    return (
        partial(judge, cell, plant) if len(inspect.signature(judge).parameters) > 1 else partial(judge, cell)
    )
