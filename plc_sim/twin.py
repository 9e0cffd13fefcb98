"""The twin: a plant with its PLC and devices, and the virtual time in which a controller runs on it.

A subclass declares components as class attributes and one `Plc`. An attribute that bears the name of a device
link is that device's arm. `twin.wiring` is what a cell is given instead of the real wiring.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

from control.block import Slot
from control.cell import Cell
from control.errors import CellwrightError, ConfigurationError, ConnectError, DefinitionError
from control.exchange import Line
from control.link import Plan
from control.packml import State
from control.project import Project, load_project
from control.retain import MemoryStore, Store
from control.scan import NEVER, ns
from control.schema import LinkTable
from control.wiring import Wiring, driver_of, driver_part
from plc_sim.clock import VirtualClock
from plc_sim.components.component import Component
from plc_sim.components.timing import Timing
from plc_sim.devices import endpoint_of
from plc_sim.disturb import Disturber
from plc_sim.endpoint import Endpoint
from plc_sim.framed_link import FramedPlc, FramedPlcLink
from plc_sim.kernel import host
from plc_sim.kernel.advance import advance
from plc_sim.kernel.draw import stream_key
from plc_sim.kernel.header import NEVER as KERNEL_NEVER
from plc_sim.kernel.header import Cause, Header, SignalRow, name_hash
from plc_sim.line import LATEST, VirtualLine, broken
from plc_sim.plant import LOOKED_AT, Plant
from plc_sim.plc import Plc
from plc_sim.plc_link import TwinPlcLink
from plc_sim.program import ProgramRunner
from plc_sim.scenario import Operator, Scenario, quiet, wired
from plc_sim.timing import drawn_timing

CONNECT_TIME = ns(5.0)
"""How long a controller waits for its links before its first scan, in ns."""


class Twin:
    """A plant, its PLC and its devices, for one scenario.

    `parameters` varies components, as {"belt.speed": 0.4}; `seed` decides every draw. Phases, jitters and
    latencies are drawn from the seed unless `timing` fixes them. Built from a cell's project (cell.toml
    beside the twin's file by default).
    """

    components: ClassVar[dict[str, Component]] = {}
    plc: ClassVar[Plc]
    operator: ClassVar[Operator | None] = None
    """Who works the panel in scenarios with an operator."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = {name: member for name, member in vars(cls).items() if isinstance(member, Component)}
        cls.components = {**cls.components, **own}
        if not isinstance(getattr(cls, "plc", None), Plc):
            raise DefinitionError(f"{cls.__name__}: wanted plc = Plc(…) among its attributes")

    def __init__(
        self,
        parameters: Mapping[str, Any] | None = None,
        *,
        seed: int = 1,
        scenario: Scenario = quiet,
        project: Project | None = None,
        timing: Timing | None = None,
        store: Store | None = None,
    ) -> None:
        self.project = project or project_of(type(self))
        self.seed, self.scenario, self.parameters = seed, scenario, dict(parameters or {})
        self.controller = self.project.controller()
        self.tables = dict(self.project.toml.links)
        self.plc_name = self._plc_link()
        table = self.tables[self.plc_name]
        self.timing = timing or drawn_timing(
            seed, ns(self.controller.period), ns(table.cycle), ns(self.plc.cycle)
        )
        plan = plan_of(self.controller, self.plc_name)
        self.plant = Plant(
            self.components,
            self.plc,
            seed=seed,
            parameters=parameters,
            timing=self.timing,
            plan=plan,
            faults=scenario.faults,
        )
        self.endpoints: dict[str, Endpoint] = {
            name: endpoint_of(self.plant, name, link) for name, link in self.tables.items() if link.driver
        }
        self.program = ProgramRunner(self.plc.program, self.plant) if self.plc.program else None
        self.store = store if store is not None else MemoryStore()
        self.every_scan = False
        self.judged: Cell | None = None
        self.lost: Lost | None = None
        self.off = False
        """The controller has no power."""
        self.broken: set[str] = set()
        """The links whose cables are cut."""
        self.instant = self.stood = -1
        self.standing = 0
        self.observer: Callable[[int], None] | None = None
        self.clock = VirtualClock(self)
        self.framed = FramedPlc(self.plant, self.plc_name, table, seed) if wired(scenario) else None
        """The PLC as S7 clients meet it, if the scenario has faults of its connections."""
        self.wire()
        self.disturber = Disturber(self, scenario)

    @classmethod
    def load(cls, path: str | Path, scenario: Scenario = quiet, **options: Any) -> Self:
        """The twin that a cell.toml names."""
        project = load_project(path)
        kind = twin_class(project)
        if not issubclass(kind, cls):
            raise ConfigurationError(f"{path}: cell.twin: wanted a {cls.__name__}, got {kind.__name__}")
        return kind(options.pop("parameters", None), scenario=scenario, project=project, **options)

    def _plc_link(self) -> str:
        names = [name for name, table in self.tables.items() if not table.driver]
        if len(names) != 1:
            raise ConfigurationError(
                f"{self.project.path}: a twin has one PLC; wanted one PLC link, got {names}"
            )
        return names[0]

    # wiring

    def wire(self) -> None:
        """Make the links anew, as a controller that starts finds them."""
        table = self.tables[self.plc_name]
        broken_off = self.plc_name in self.broken
        if self.framed is not None:
            self.plc_link: TwinPlcLink | FramedPlcLink = FramedPlcLink(
                self.plc_name, self.framed, table, broken=broken_off
            )
        else:
            self.plc_link = TwinPlcLink(
                self.plc_name,
                self.plant,
                timeout=ns(table.timeout),
                life_timeout=ns(table.life_timeout),
                broken=broken_off,
            )
        self.lines = {name: self._line(name) for name in self.endpoints}
        for name in self.broken.intersection(self.lines):
            self.lines[name].cut(self.now(), broken(name))
        where = str(self.project.path)
        self.outside = (self.plc_link, *self.lines.values())
        self.wiring = Wiring(
            {self.plc_name: self.plc_link, **self.lines},
            self.clock,
            drivers={name: driver_of(name, self.tables[name], where) for name in self.lines},
            params=self.project.toml.params,
            store=self.store,
            where=where,
        )

    def _line(self, name: str) -> VirtualLine:
        table = self.tables[name]
        session = driver_part(name, table, str(self.project.path), 2)(Line(byte_time(table)), table.model)
        key = stream_key(self.seed, 0, name_hash(f"line {name}"))
        return VirtualLine(
            name, session, self.endpoints[name], lambda n: int(host.draw(key, n) * LATEST), self.clock
        )

    # virtual time

    def now(self) -> int:
        """The instant reached, in ns."""
        return self.plant.now

    def begin(self, period: int) -> int:
        """Let time pass until every link has brought its first image; the first scan instant (ns)."""
        if period != self.timing.scan_period:
            raise ConfigurationError(
                f"twin: wired for a period of {self.timing.scan_period} ns, got {period} ns"
            )
        limit = self.now() + CONNECT_TIME
        first = self.plc_link.arrival(self.plc_link.exchange_after(self.now()))
        while True:
            instant = self._pass(first, 0)
            waiting = [line.name for line in self.lines.values() if not line.image.good]
            if not waiting and self.plc_link.image.good:
                return instant
            if instant > limit:
                causes = "; ".join(f"{name}: {self.lines[name].image.cause}" for name in waiting)
                raise ConnectError(
                    f"no answer within {CONNECT_TIME / 1e9:g} s: {causes or self.plc_link.image.cause}"
                )

    def sleep(self, due: int, reads: int) -> int:
        """Let time pass until the next scan that may matter; its instant (ns)."""
        return self._pass(0 if self.every_scan else due, reads)

    def _pass(self, due: int, reads: int) -> int:
        lines = self.lines.values()
        for line in lines:
            if line.heed(reads):
                due = 0
        instant = self.instant
        self.plant.wait(due if due > instant else instant + 1, reads)
        while not self._turn() & SCAN:
            pass
        instant = self.instant
        self.plc_link.refresh(instant)
        for line in lines:
            if line.coming and line.time <= instant:
                line.settle()
        return instant

    def _turn(self) -> int:
        """Let time pass until something happens outside the plant, and let it happen; why it stopped."""
        plant, outside = self.plant, self.outside
        due = min(self.disturber.next, LAST, *map(NEXT, outside))
        now = advance(plant.block, due)
        if now == self.instant:
            self._stand(now)
        self.instant = now
        cause = plant.words[CAUSE]
        if cause & SPECIAL:
            if cause == STORM_OF_EVENTS:
                self.plant.refuse_storm()
            if cause & PROGRAM and self.program is not None:
                self.program.scan(now)
                return 0
            self._edges(now, cause)
            if cause & DEVICE:
                due = min(due, *map(NEXT, outside))
        if due <= now:
            self._step(now)
        return cause

    def _stand(self, now: int) -> None:
        """One more turn at the same instant. CellwrightError if there is no end of them."""
        self.standing = self.standing + 1 if now == self.stood else 1
        self.stood = now
        if self.standing > STORM:
            raise CellwrightError(
                f"time stands still at {now} ns: {', '.join(self._due(now))} is always due again"
            )

    def _due(self, now: int) -> list[str]:
        """What is due at this instant, by name."""
        actors = {"a disturbance": self.disturber.next, "the PLC link": self.plc_link.next}
        actors |= {f"the line {name}": line.next for name, line in self.lines.items()}
        return [name for name, due in actors.items() if due <= now] or ["the plant"]

    def _edges(self, now: int, cause: int) -> None:
        """Devices whose requests were left out, or signals that properties read, changed at this instant."""
        if cause & DEVICE:
            for line in self.lines.values():
                before = line.image
                line.notice(now)
                if line.image is not before and line.changed(before, line.image) & line.reads:
                    self.wake(now)
        if cause & PREDICATE:
            self.disturber.look(now)
            if self.observer is not None:
                self.observer(now)
            if self.judged is not None and (due := self.judged.judge(now)) < NEVER:
                self.wake(max(now, due - 1))

    def _step(self, now: int) -> None:
        """Everything outside the plant that happens at this instant; the controller scans if it reads what
        has changed.
        """
        for line in self.lines.values():
            if line.next <= now:
                before, awaited = line.image, line.coming & line.reads
                line.step(now)
                self.plant.words[STOP] &= ~DEVICE  # what it did to its device is no news to it
                if awaited or (line.image is not before and line.changed(before, line.image) & line.reads):
                    self.wake(now)
        disturber, plc_link = self.disturber, self.plc_link
        if disturber.next <= now:
            for line in self.lines.values():
                line.catch_up(now)
            disturber.apply(now)
            for line in self.lines.values():
                line.plan()
            self.wake(now)
        if plc_link.next <= now and plc_link.step(now):
            self.wake(now)

    def wake(self, after: int) -> None:
        """Let the controller scan at its next instant after this one."""
        self.plant.scan_by(after + 1)

    # power

    def lose_controller(self, now: int, *, commit: bool) -> None:
        """The controller loses power at its next scan instant, before or after that scan commits."""
        self.lost = Lost(commit)

    def power_off(self) -> None:
        """The controller is gone: nothing is exchanged any more, its life word stands still, requests end
        unanswered.
        """
        now, self.off = self.now(), True
        self.store.take(now)  # what is on disk by now stays there
        self.plc_link.lose(now)
        for line in self.lines.values():
            line.cut(now, "the controller is off")

    def boot(self, now: int) -> None:
        """Power is back and the controller has started; if it has not noticed the loss yet, it still will."""
        if self.lost is not None:
            self.lost = None if self.off else self.lost._replace(over=True)

    def wait_for_boot(self) -> None:
        """Let time pass without a controller until it has started; its links are made anew."""
        self._idle_while(lambda: self.lost is not None and not self.lost.over)
        self.lost, self.off = None, False
        self.wire()

    def idle(self, until: int) -> None:
        """Let time pass without a controller, up to `until` (ns)."""
        self.disturber.call(until, lambda now: None)
        self._idle_while(lambda: self.now() < until)

    def _idle_while(self, condition: Callable[[], bool]) -> None:
        self.plant.wait(KERNEL_NEVER, 0)
        while condition():
            if self._turn() & SCAN:
                self.plant.wait(KERNEL_NEVER, 0)

    def state_of_cell(self) -> State | None:
        """The state of the controller that runs on the twin, if it does."""
        return self.judged.state if self.judged is not None and self.lost is None else None

    def watch(self, cell: Cell) -> None:
        """Judge this cell's properties at the edges of the signals they read."""
        self.judged = cell
        self.plant.stop_at_versions(self.lines)
        for name in self.disturber.asks:
            self.plant.words[self.plant.signal(name) + SignalRow.WATCHED] |= LOOKED_AT


LAST = KERNEL_NEVER - 1
CAUSE, SCAN, PROGRAM = int(Header.CAUSE), int(Cause.SCAN), int(Cause.PROGRAM)
PREDICATE, DEVICE, STOP = int(Cause.PREDICATE), int(Cause.DEVICE), int(Header.STOP)
STORM_OF_EVENTS = int(Cause.STORM)
SPECIAL = PREDICATE | DEVICE | PROGRAM | STORM_OF_EVENTS
NEXT = attrgetter("next")

STORM = 10_000
"""So many turns at one instant mean that something is always due again."""


class Lost(NamedTuple):
    """The controller is about to lose power; `commit`: only after its scan. `over`: it is back by then."""

    commit: bool
    over: bool = False


def byte_time(table: LinkTable) -> float:
    """Seconds per byte of a device link."""
    from control.serial_port import format_of

    return format_of(table.url, "links").byte_time


def plan_of(controller: type[Cell], link: str) -> Plan:
    """What a controller moves over one link."""
    slots: list[Slot[Any]] = [slot for slot in controller.slots.values() if slot.link == link]
    reads = tuple(slot.region for slot in slots if not slot.written)
    return Plan(reads, tuple(slot.region for slot in slots if slot.written), ())


def project_of(twin: type[Twin]) -> Project:
    """The project whose cell.toml lies beside a twin's file."""
    file = getattr(sys.modules.get(twin.__module__), "__file__", None)
    if file is None:
        raise ConfigurationError(f"{twin.__name__}: no cell.toml beside it; give project=")
    return load_project(Path(file).parent / "cell.toml")


def twin_class(project: Project) -> type[Twin]:
    """The Twin class that a project names."""
    if project.toml.cell.twin is None:
        raise ConfigurationError(f'{project.path}: cell.twin is missing; wanted twin = "twin.py:YourTwin"')
    found = project.find(project.toml.cell.twin)
    if not (isinstance(found, type) and issubclass(found, Twin)):
        raise ConfigurationError(f"{project.path}: cell.twin: wanted a Twin class, got {found!r}")
    return found
