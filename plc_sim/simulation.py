"""A controller run on a twin: scans in virtual time, through power losses and restarts."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from operator import itemgetter
from typing import Any

from control.cell import Cell
from control.codec import TraceHash
from control.controller import Entry, Sink
from control.packml import State
from control.property import Property, Violation
from control.scan import ns
from plc_sim.twin import Twin
from plc_sim.view import PlantView

NAME = itemgetter(1)


class Simulation:
    """Runs the project's controller on a twin.

    `every_scan` leaves out nothing: the oracle for skipping. `history` takes every firing with what led to
    it.
    """

    def __init__(
        self,
        twin: Twin,
        *,
        properties: Iterable[Property] = (),
        sinks: Iterable[Sink] = (),
        every_scan: bool = False,
        controller: type[Cell] | None = None,
        history: list[tuple[int, str, str, str, int]] | None = None,
    ) -> None:
        self.twin, self.properties = twin, tuple(properties)
        self.controller = controller or twin.controller
        self.every_scan = every_scan
        self.history = history
        self.hash = TraceHash()
        self.states = StateTimes()
        self.sinks: list[Sink] = [self.hash, *sinks]
        self.scans = 0
        self.armed: dict[str, int] = {}
        self.violations: list[Violation] = []
        self.cell = self.build()
        self.next = 0

    def build(self) -> Cell:
        """A freshly started controller on the twin's links."""
        twin = self.twin
        cell = self.controller(twin.wiring)
        cell.every_rung = self.every_scan
        cell._scan.history = self.history
        twin.every_scan = self.every_scan
        for line in twin.lines.values():
            line.skipping &= not self.every_scan
        cell.sinks.append(self.tell)
        cell.watch(self.properties, PlantView(twin.plant, cell._scan, twin.disturber.happened))
        cell.violations = self.violations
        twin.watch(cell)
        return cell

    def tell(self, now: int, entries: list[Entry]) -> None:
        """Hand the trace of a scan that left one to the sinks."""
        if not entries:
            return
        for sink in self.sinks:
            sink(now, entries)
        if self.twin.disturber.awaited or "state" in map(NAME, entries):
            self.states(now, entries)
            self.twin.disturber(now, entries)

    def add_sink(self, sink: Sink) -> None:
        """Hand the trace to one more sink."""
        self.sinks.append(sink)

    def run(self, seconds: float, *, until_violation: bool = False) -> None:
        """Let `seconds` more of virtual time pass; `until_violation` ends at the first one."""
        self.run_until(
            (self.twin.now() - self.twin.timing.start) / 1e9 + seconds, until_violation=until_violation
        )

    def run_until(self, seconds: float, *, until_violation: bool = False) -> None:
        """Let virtual time pass until `seconds` after its origin."""
        twin, end = self.twin, self.twin.timing.start + ns(seconds)
        if not self.next:
            self.start()
        while self.next < end and not (until_violation and self.violations):
            if twin.lost:
                self.power_off()
                continue
            self.cell.scan(self.next)
            self.scans += 1
            self.next = twin.sleep(min(self.cell.due, end), self.cell.reads)

    def branch(self) -> Simulation:
        """An independent simulation that goes on from this instant, twin and controller alike, bit for bit.

        One that is kept is a snapshot; branch it again to go back to its instant. Sinks that are plain
        functions are shared, what objects keep is copied.
        """
        return deepcopy(self)

    def wait_before_start(self, seconds: float) -> None:
        """Let `seconds` of virtual time pass before the controller starts."""
        self.twin.idle(self.twin.now() + ns(seconds))

    def start(self) -> None:
        """Connect and wait for the first scan instant."""
        self.cell.wiring.open()
        self.next = self.twin.clock.start(ns(self.controller.period))
        if self.states.since is None:
            self.states.since = self.next

    def power_off(self) -> None:
        """The controller lost power: all but retained values is gone; after its boot time it starts anew."""
        if self.twin.lost is not None and self.twin.lost.commit:
            self.cell.scan(self.next)
        self.note_armed()
        self.twin.power_off()
        self.twin.wait_for_boot()
        self.cell = self.build()
        self.start()

    def miss(self, text: str) -> None:
        """Something a run as a whole should have reached was not."""
        self.cell.violate(Violation(self.twin.now(), "recovery", text, self.cell.waiting_for()))

    def note_armed(self) -> None:
        """Add up how often each property was armed."""
        for watched in self.cell.watch_list.properties:
            key = watched.property.requirement
            self.armed[key] = self.armed.get(key, 0) + watched.armed
            watched.armed = 0

    def summary(self) -> dict[str, Any]:
        """What came out, as plain data."""
        self.note_armed()
        cell, times = self.cell, self.states.totals(self.twin.now())
        seconds = (self.twin.now() - self.twin.timing.start) / 1e9
        parts = cell.parts_good + cell.parts_rejected
        execute = times.get(State.EXECUTE.name, 0.0)
        return {
            "simulated": True,
            "seconds": seconds,
            "parts_good": cell.parts_good,
            "parts_rejected": cell.parts_rejected,
            "parts_per_hour": 3600 * parts / seconds if seconds else 0.0,
            "cycle_time_s": execute / parts if parts else None,
            "state": cell.state.name,
            "state_time_s": times,
            "execute_share": execute / seconds if seconds else 0.0,
            "alarms": [alarm.text for alarm in cell.alarms],
            "scans_executed": self.scans,
            "events": self.twin.plant.events,
            "violations": [violation._asdict() for violation in self.violations],
            "armed": self.armed,
            "trace_entries": self.hash.entries,
            "trace_hash": self.hash.hexdigest(),
        }


class StateTimes:
    """A sink that adds up the time spent in each PackML state, exactly, in ns."""

    def __init__(self) -> None:
        self.times: dict[str, int] = {}
        self.visits: dict[str, int] = {}
        self.state = State.STOPPED.name
        self.since: int | None = None

    def __call__(self, now: int, entries: list[Entry]) -> None:
        for time, name, value in entries:
            if name == "state":
                self.leave(time)
                self.state = value
                self.visits[value] = self.visits.get(value, 0) + 1

    def leave(self, now: int) -> None:
        """The present state lasted until `now`."""
        since = now if self.since is None else self.since
        self.times[self.state] = self.times.get(self.state, 0) + now - since
        self.since = now

    def totals(self, now: int) -> dict[str, float]:
        """Time per state in s, the present one up to `now`."""
        self.leave(now)
        return {name: time / 1e9 for name, time in self.times.items() if time}
