"""Carries out disturbances, each at its time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from control.cell import OPERATOR, Cell
from control.controller import Entry
from control.declarations import TRACED, sequences_of
from control.errors import ConfigurationError, nearest
from control.packml import Command, State
from control.scan import NEVER, ns
from control.step import DONE
from plc_sim.components.component import Driver
from plc_sim.components.gripping import VacuumGripper
from plc_sim.components.motion import Axis
from plc_sim.components.panel import Guard, Panel
from plc_sim.components.pneumatic import Piston
from plc_sim.effects import ACTS
from plc_sim.fault import KINDS as FAULT_KINDS
from plc_sim.kernel.header import SignalRow
from plc_sim.kernel.row import Kind
from plc_sim.scenario import KINDS, Attendance, Disturbance, Scenario

if TYPE_CHECKING:
    from plc_sim.twin import Twin

FAULTS = frozenset(KINDS) - {"press"}


class Disturber:
    """Does a scenario's disturbances to a twin, each at its time. Overlapping ones of one kind and target
    last until the last ends.

    `happened` counts by kind what has begun, and the kernel's faults, begun or not. As a sink of the
    controller's trace it starts what waits for an entry of it, counted as long as anything waits.
    """

    def __init__(self, twin: Twin, scenario: Scenario) -> None:
        self.twin, self.attendance = twin, scenario.operator
        self.agenda: list[tuple[int, int, Callable[[int], None]]] = []
        self.number = 0
        self.lasting: dict[int, Disturbance] = {}
        self.happened = dict(Counter(FAULT_KINDS[fault.kind].counts_as for fault in scenario.faults))
        self.done: list[tuple[int, Disturbance]] = []
        self.awaited: dict[tuple[str, int], list[Disturbance]] = {}
        self.reached: dict[str, int] = {}
        self.origin = twin.now()
        self.next = NEVER
        """When the next one begins or ends, in ns."""
        starts = scenario.operator is Attendance.STARTS
        self.operator = twin.operator if starts else None
        self.asks = self.operator.asks if self.operator is not None else {}
        self.lamps = [twin.plant.signal(lamp) + SignalRow.VISIBLE for lamp in self.asks]
        self.shown = [0] * len(self.lamps)
        self.busy_until = 0.0
        self.buttons = buttons(twin)
        for disturbance in scenario.disturbances:
            self.add(disturbance)
        self.attend(State.STOPPED, self.origin)

    def add(self, disturbance: Disturbance) -> None:
        """Plan one more. ConfigurationError if the twin has no such target."""
        known = targets(self.twin, disturbance.kind)
        if disturbance.target not in known:
            raise ConfigurationError(
                f"disturbance {disturbance.kind}: no {KINDS[disturbance.kind].target} {disturbance.target!r};"
                f" {nearest(disturbance.target, known)}"
            )
        if disturbance.kind == "late":
            self.twin.plant.check_parameter(disturbance.target, disturbance.value)
        if disturbance.after:
            name, _, count = disturbance.after.rpartition(" ")
            key = (name, int(count)) if count.isdecimal() else (disturbance.after, 1)
            check_anchor(self.twin.controller, *key)
            self.awaited.setdefault(key, []).append(disturbance)
        else:
            self.plan(self.origin + ns(disturbance.at), disturbance)

    def plan(self, time: int, disturbance: Disturbance) -> None:
        """Let a disturbance begin at `time` (ns), or now if that is past."""
        self.call(max(time, self.twin.now()), partial(self.begin, disturbance))

    def call(self, time: int, act: Callable[[int], None]) -> None:
        """Have `act(now)` called at `time` (ns)."""
        self.number += 1
        heappush(self.agenda, (time, self.number, act))
        self.next = self.agenda[0][0]

    def begin(self, disturbance: Disturbance, now: int) -> None:
        """It begins, and ends when its time is over."""
        kind, number = disturbance.kind, len(self.done)
        self.happened[kind] = self.happened.get(kind, 0) + 1
        self.done.append((now, disturbance))
        self.lasting[number] = disturbance
        self.call(now + ns(disturbance.duration), partial(self.end, number))
        ACTS[kind][0](self.twin, disturbance, now)

    def end(self, number: int, now: int) -> None:
        """One of `done` ends, unless it has been released, or another of its kind and target goes on."""
        ended = self.lasting.pop(number, None)
        if ended is not None and not any(
            (other.kind, other.target) == (ended.kind, ended.target) for other in self.lasting.values()
        ):
            ACTS[ended.kind][1](self.twin, ended, now)

    def release(self, name: str, now: int) -> list[Disturbance]:
        """End now what lasts of this kind or target; what that was."""
        numbers = [number for number, what in self.lasting.items() if name in (what.kind, what.target)]
        released = [self.lasting[number] for number in numbers]
        for number in numbers:
            self.end(number, now)
        return released

    def lasts(self, *kinds: str) -> bool:
        """Whether a disturbance of one of these kinds lasts at this moment."""
        return any(what.kind in kinds for what in self.lasting.values())

    def active_faults(self) -> list[str]:
        """The faults that last at this moment."""
        faults = [f"{what.kind} {what.target}" for what in self.lasting.values() if what.kind in FAULTS]
        return list(dict.fromkeys(faults))

    def apply(self, now: int) -> None:
        """Do what is due."""
        while self.agenda and self.agenda[0][0] <= now:
            heappop(self.agenda)[2](now)
        self.next = self.agenda[0][0] if self.agenda else NEVER

    def look(self, now: int) -> None:
        """Let the operator see the lamps; what has lit up is answered, one button after the other."""
        before, self.shown = self.shown, list(map(self.twin.plant.words.__getitem__, self.lamps))
        if self.operator is None or self.shown == before:
            return
        for button, lit, was_lit in zip(self.asks.values(), self.shown, before, strict=True):
            if lit and not was_lit:
                self.press(button, (now - self.origin) / 1e9 + self.operator.delay)

    def press(self, button: str, at: float) -> None:
        """Press a button at `at` s, or as soon as a hand is free."""
        at = max(at, self.busy_until)
        self.busy_until = at + 0.5
        self.add(Disturbance(at, "press", button))

    def __call__(self, now: int, entries: list[Entry]) -> None:
        """Take entries of the controller's trace: start what waited for one (for an order: by its verb), and
        let the operator answer a new state.
        """
        for time, name, value in entries:
            if self.awaited or name == "state":
                self.reach(time, f"{name} {value[1] if type(value) is tuple else value}")
            if name == "state":
                self.attend(State[str(value)], now)

    def reach(self, time: int, entry: str) -> None:
        """An entry came at `time` (ns): what waited for it, this often, begins."""
        count = self.reached[entry] = self.reached.get(entry, 0) + 1
        for disturbance in self.awaited.pop((entry, count), ()):
            self.plan(time + ns(disturbance.at), disturbance)

    def attend(self, state: State, now: int) -> None:
        """In scenarios where the operator recovers, press what leads on; again while the state stays."""
        wanted = LEADS.get(self.attendance, {}).get(state)
        if wanted is None or wanted.name.lower() not in self.buttons:
            return
        count = self.reached.get(f"state {state.name}", 0)
        self.call(now + REACTION, partial(self.answer, state, wanted, count))

    def answer(self, state: State, wanted: Command, count: int, now: int) -> None:
        """Press what leads on from a state while it is the one reached for the `count`th time; and again."""
        if self.reached.get(f"state {state.name}", 0) == count and self.twin.state_of_cell() is state:
            for name in ("confirm", wanted.name.lower()):
                if name in self.buttons:
                    self.press(self.buttons[name], (now - self.origin) / 1e9)
            self.call(now + RETRY, partial(self.answer, state, wanted, count))


REACTION, RETRY = ns(1.0), ns(3.0)
"""How soon the operator answers a new state, and tries again, in ns."""

BACK = {State.STOPPED: Command.RESET, State.ABORTED: Command.CLEAR, State.COMPLETED: Command.RESET}
LEADS: Mapping[Attendance, Mapping[State, Command]] = {
    Attendance.RECOVERS: OPERATOR,
    Attendance.RETURNS: BACK | dict.fromkeys((State.EXECUTE, State.HELD, State.SUSPENDED), Command.STOP),
}
"""What the operator presses in each state."""


def buttons(twin: Twin) -> dict[str, str]:
    """The plant's signal behind each button the controller knows, by the command's name in lower case, and
    'confirm'.
    """
    sources = {entry.tag.path: entry.source.path for entry in twin.plc.inputs}
    controller = twin.controller
    tags = {command.name.lower(): tag for command, tag in controller.buttons.items()}
    if controller.confirm is not None:
        tags["confirm"] = controller.confirm
    paths = {name: path for name, tag in tags.items() for path in paths_of(controller, tag)}
    return {name: sources[path] for name, path in paths.items() if path in sources}


def paths_of(controller: type, tag: object) -> Iterator[str]:
    """The full names of a block's tag in a controller."""
    for slot in controller.slots.values():  # type: ignore[attr-defined]
        for own in slot.block.tags.values():
            if own is tag:
                yield f"{slot.name}.{own.name}"


def pneumatic(component: object) -> bool:
    """Whether a component works with compressed air."""
    return isinstance(component, Piston | VacuumGripper)


def asked_of(twin: Twin) -> Mapping[str, str]:
    """The buttons that lamps ask the operator to press, by the lamps."""
    return twin.operator.asks if twin.operator is not None else {}


def check_anchor(controller: type[Cell], entry: str, count: int) -> None:
    """Refuse an entry that no trace of this controller can have: what waits for it would never happen."""
    where = f"disturbance after {entry!r}"
    name, _, value = entry.partition(" ")
    kinds = {kind for state in controller.sequences for kind in sequences_of(controller, state)}
    values = {kind.name: [*(step.name for step in kind.steps), DONE] for kind in kinds}
    values["state"] = [state.name for state in State]
    tags = [tag.path for slot in controller.slots.values() for tag in slot.bound.tags.values()]
    known = [*values, *TRACED, *controller.devices_declared, *tags]
    if name not in known and not name.startswith("property."):
        raise ConfigurationError(f"{where}: nothing is called {name!r}; {nearest(name, known)}")
    if value not in values.get(name, [value]):
        raise ConfigurationError(f"{where}: {name} has no {value!r}; {nearest(value, values[name])}")
    if count < 1:
        raise ConfigurationError(f"{where}: wanted the first time (1) or a later one, got {count}")


def targets(twin: Twin, kind: str) -> list[str]:
    """What a kind of disturbance can be done to in this twin."""
    return list(TARGETS[KINDS[kind].target](twin))


def sensors(twin: Twin) -> Iterable[str]:
    """Every signal of the plant that the PLC shows and a component drives."""
    for entry in twin.plc.inputs:
        source = entry.source
        if (
            getattr(source, "driver", None) is Driver.COMPONENT
            and getattr(source, "component", None) is not None
        ):
            yield source.path


def actuators(twin: Twin) -> Iterable[str]:
    """Every signal of the plant that the PLC drives, those of panels left aside."""
    for entry in twin.plc.outputs:
        if not isinstance(twin.components.get(entry.target.path.partition(".")[0]), Panel):
            yield entry.target.path


TARGETS: Mapping[str, Callable[[Twin], Iterable[str]]] = {
    "button": lambda twin: dict.fromkeys((*buttons(twin).values(), *asked_of(twin).values())),
    "door": lambda twin: [name for name, part in twin.components.items() if isinstance(part, Guard)],
    "sensor": sensors,
    "actuator": actuators,
    "delay": lambda twin: [
        f"{name}.{field.lower()}"
        for name, part in twin.components.items()
        if part.row is not None
        for field, where in part.row.fields.items()
        if where.declaration.live and where.declaration.kind is Kind.DURATION
    ],
    "cylinder": lambda twin: [name for name, part in twin.components.items() if isinstance(part, Piston)],
    "drive": lambda twin: [n for n, part in twin.components.items() if isinstance(part, Piston | Axis)],
    "gripper": lambda twin: [n for n, part in twin.components.items() if isinstance(part, VacuumGripper)],
    "air": lambda twin: [""] if any(map(pneumatic, twin.components.values())) else [],
    "plc": lambda twin: [""],
    "s7": lambda twin: [twin.plc_name],
    "program": lambda twin: [""] if twin.program is not None else [],
    "link": lambda twin: [twin.plc_name, *twin.lines],
    "robot": lambda twin: [name for name, endpoint in twin.endpoints.items()],
    "cell": lambda twin: [""],
}
"""The targets of each sort."""
