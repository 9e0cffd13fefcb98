"""A generated cell on a desk, and histories of what can happen to it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from control.cell import OPERATOR, Cell
from control.link import Progress
from control.memory import MemoryLink
from control.packml import Command
from control.retain import MemoryStore
from control.scan import ns
from tests.control.desk import ORIGIN, Desk
from tests.control.random_cell import Box, CellData, Inputs, properties_of

Event = tuple[Any, ...]

EVENTS = st.one_of(
    st.tuples(st.just("wait")),
    st.tuples(st.just("go on")),
    st.tuples(st.just("go on")),
    st.tuples(st.just("set"), st.sampled_from(["a", "b"]), st.booleans()),
    st.tuples(st.just("set"), st.sampled_from(["a", "b", "c", "confirm", "hold", "unhold"]), st.booleans()),
    st.tuples(st.just("set"), st.just("level"), st.integers(0, 100)),
    st.tuples(st.just("blink"), st.just("c")),
    st.tuples(st.just("ask"), st.sampled_from(Command)),
    st.tuples(st.just("show"), st.just("ready"), st.booleans()),
    st.tuples(st.just("show"), st.just("level"), st.integers(0, 5)),
    st.tuples(st.just("report"), st.sampled_from(Progress), st.integers(0, 2)),
    st.tuples(st.just("report"), st.just(Progress.DONE), st.just(0)),
    st.tuples(st.just("connect"), st.sampled_from(["plc", "box"]), st.booleans()),
    st.tuples(st.just("cut"), st.sampled_from(["unplugged", "switched off"])),
    st.tuples(st.just("stall"), st.booleans()),
    st.tuples(st.just("mend")),
)
MOMENTS = st.tuples(
    st.integers(1, 3), st.sampled_from([1_000_003, 10_000_000, 10_000_000, 30_000_001]), EVENTS
)
"""So many scans, so far apart (ns), then an event."""
BEGINNINGS = st.sampled_from(
    [
        [(1, 10_000_000, ("go on",)), (3, 10_000_000, ("go on",)), (2, 10_000_000, ("wait",))],
        [(1, 10_000_000, ("go on",)), (3, 10_000_000, ("go on",)), (2, 10_000_000, ("set", "a", True))],
        [(1, 10_000_000, ("set", "c", True)), (1, 10_000_000, ("go on",)), (3, 10_000_000, ("go on",))],
    ]
)
HISTORIES = st.builds(
    lambda begun, more: [*begun, *more], BEGINNINGS, st.lists(MOMENTS, min_size=5, max_size=30)
)
"""Production begins as a rule; then anything happens."""


class AgingLink(MemoryLink):
    """A link whose image ages while it stalls."""

    stalled = False
    refreshed = 0

    def exchange(self, now: int) -> None:
        if not self.stalled:
            self.refreshed = now
            super().exchange(now)

    def lapse(self, max_age: int) -> int:
        return self.refreshed + max_age


class Rig(Desk):
    """A generated cell on a desk, with everything that can happen to it."""

    def __init__(self, data: CellData, kind: type[Cell], *, skip: bool = False) -> None:
        super().__init__(kind, store=MemoryStore(0.02), devices={"box": Box}, link=AgingLink)
        self.cell.watch(properties_of(data))
        self.now = ORIGIN
        self.scans = 0
        self.skip = skip

    def happen(self, verb: str, *rest: Any) -> None:
        """Let an event happen."""
        if verb != "wait":
            getattr(self, verb.replace(" ", "_"))(*rest)

    def go_on(self) -> None:
        """The operator gives the next command."""
        if command := OPERATOR.get(self.cell.state):
            self.cell.ask(command, "go on")

    def ask(self, command: Command) -> None:
        self.cell.ask(command, "asked")

    def set(self, tag: Any, value: Any) -> None:
        super().set(Inputs.tags[tag], value)

    def show(self, name: str, value: Any) -> None:
        """The device shows something else."""
        self.devices["box"].show(**{name: value})

    def report(self, progress: Progress, back: int) -> None:
        """The device reports on one of its last orders."""
        box = self.devices["box"]
        if len(box.orders) > back:
            box.report(progress, "as generated", box.orders[-1 - back].number)

    def connect(self, name: str, there: bool) -> None:
        """A link comes or goes."""
        if name == "plc":
            self.plc.connected = there
            self.plc.running = self.plc.running or there
        else:
            self.devices["box"].show(good=there, cause="" if there else "unplugged")

    def cut(self, cause: str) -> None:
        """Everything is lost, for whatever cause."""
        self.devices["box"].show(good=False, cause=cause)
        self.plc.connected, self.plc.running = True, False

    def mend(self) -> None:
        """All is well again."""
        self.connect("plc", True)
        self.connect("box", True)
        self.stall(False)
        self.set("c", False)

    def blink(self, tag: str) -> None:
        """An input is there for one scan."""
        self.set(tag, True)
        self.step(ns(0.01))
        self.set(tag, False)

    def stall(self, stalled: bool) -> None:
        """The PLC link brings nothing new, or does again."""
        self.plc.stalled = stalled

    def step(self, distance: int) -> None:
        """One scan instant; with `skip` the cell is scanned only if that may matter."""
        self.now += distance
        self.plc.exchange(self.now)
        if not self.skip or self.now >= self.cell.due or self.news() & self.cell.reads or self.cell.asked:
            self.scans += 1
            self.cell.scan(self.now)

    def live(self, history: list[Any]) -> None:
        """Scan, and let happen what a history says."""
        for count, distance, event in history:
            for _ in range(count):
                self.step(distance)
            self.happen(*event)

    def news(self) -> int:
        """The bits of what a scan would find changed."""
        bits = 0
        for port in self.cell.ports:
            image = port.link.image
            for view, data in zip(port.inputs, image.data, strict=True):
                if image.good:
                    bits |= view.table.changed(view.block._raw, view.lead + data)
                good = image.good and self.now <= port.link.lapse(view.max_age)
                bits |= view.bit if good is not view.block._good else 0
        for box in self.cell.devices.values():
            bits |= box.link.changed(box.image, box.link.image)
        return bits


def played(data: CellData, kind: type[Cell], history: list[Any], *, every_rung: bool, skip: bool) -> Rig:
    """A generated cell after a history."""
    rig = Rig(data, kind, skip=skip)
    rig.cell.every_rung = every_rung
    rig.live(history)
    rig.skip = False
    for _ in range(3):
        rig.step(ns(0.01))
    return rig
