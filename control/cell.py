"""The cell: blocks, devices and sequences under PackML."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, ClassVar

from control.conduct import ACKNOWLEDGING, AT_REST, CONFIGURABLE, ENDED, ENDING, OPERATOR
from control.controller import Controller
from control.declarations import check_declarations, sequences_of
from control.device import Device, DeviceSlot
from control.errors import describe
from control.interlock import Alarm, Checked, Interlock, InterlockRung, Trip, TripRung
from control.link import DeviceLink
from control.packml import STATE_COMPLETE, Command, PackML, State, target
from control.port import OutputView
from control.property import Property, Violation, WatchList
from control.reactions import (
    DeviceRung,
    HeardRung,
    LossRung,
    PanelRung,
    RetainRung,
    refusal,
    rungs_of,
)
from control.retain import Retained
from control.scan import NEVER, Ladder
from control.sequence import Sequence
from control.state import Var, put, refuse_taken_names
from control.step import DONE
from control.tag import Tag

if TYPE_CHECKING:
    from control.wiring import Wiring

S, C = State, Command


class Cell(Controller):
    """A cell controller. Subclass it, declare blocks, devices and `sequences`, and run it on any wiring."""

    sequences: ClassVar[Mapping[State, type[Sequence[Any]] | tuple[type[Sequence[Any]], ...]]] = {}
    buttons: ClassVar[Mapping[Command, Tag[bool]]] = {}
    """Rising edges of these tags are commands."""
    confirm: ClassVar[Tag[bool] | None] = None
    """The button by which a person confirms retained values that were shown."""
    trips: ClassVar[tuple[Trip, ...]] = ()
    permissives: ClassVar[Mapping[Command, tuple[Callable[[Any], bool], ...]]] = {}
    interlocks: ClassVar[tuple[Interlock, ...]] = ()
    disabled_states: ClassVar[frozenset[State]] = frozenset()
    grace: ClassVar[float] = 5.0
    """How long every EXECUTE sequence waits for the outside before the cell suspends, in s."""

    devices_declared: ClassVar[dict[str, DeviceSlot[Any]]] = {}

    parts_good = Var(0)
    """Parts processed: ProdProcessedCount less the defective ones."""
    parts_rejected = Var(0)
    """ProdDefectiveCount."""

    demands: Var[tuple[tuple[Command, str], ...]] = Var(())
    complete = Var(False)
    pressed: Var[tuple[str, ...] | None] = Var(None)
    outside_since = Var(NEVER)
    alarms: Var[tuple[Alarm, ...]] = Var(())
    unconfirmed = Var(False)
    latched = Var("")

    packml: PackML
    devices: dict[str, Device]
    permitted: dict[Command, Checked]
    trip_rungs: tuple[TripRung, ...]
    interlock_rungs: tuple[InterlockRung, ...]
    violations: list[Violation]
    reactions: Ladder
    """What the cell reacts to by itself."""
    running: Ladder
    """The sequences of the present state, then combinations and interlocks."""
    watch_list: WatchList
    asked: deque[tuple[Command, str]]
    heard: tuple[tuple[Command, str], ...]
    heard_bit: int
    brought: int
    """The bits of what links bring and stores tell: it may have changed since the last scan."""
    present: tuple[Sequence[Any], ...]
    retained: Retained

    def __init_subclass__(cls, **options: Any) -> None:
        refuse_taken_names(cls, Cell, CONFIGURABLE)
        own = {name: member for name, member in vars(cls).items() if isinstance(member, DeviceSlot)}
        cls.devices_declared = {**cls.devices_declared, **own}
        super().__init_subclass__(**options)
        check_declarations(cls)

    def __init__(self, wiring: Wiring) -> None:
        super().__init__(wiring)
        scan = self._scan
        self.packml = PackML(scan, self.disabled_states)
        self.params = wiring.params_for(type(self))
        self.devices = {}
        for slot in self.devices_declared.values():
            driver = wiring.driver(slot.link, slot.kind)
            self.devices[slot.name] = driver(slot.name, wiring.link(slot.link, DeviceLink), scan)
            setattr(self, slot.name, self.devices[slot.name])
        self.permitted = {command: Checked(self, needed) for command, needed in self.permissives.items()}
        self.trip_rungs = tuple(TripRung(trip, self) for trip in self.trips)
        self.interlock_rungs = tuple(InterlockRung(interlock, self) for interlock in self.interlocks)
        self.violations = []
        self.reactions = Ladder(
            (
                *self.blocks.values(),
                *(DeviceRung(device, self) for device in self.devices.values()),
                *self.trip_rungs,
                LossRung(self),
                RetainRung(self),
                PanelRung(self),
                HeardRung(self),
            )
        )
        self.watch_list = WatchList(self)
        self.asked = deque()
        self.heard = ()
        self.heard_bit = scan.new_bit()
        self.running = Ladder()
        self.present = ()
        self.arrange()
        self.retained = Retained(self, wiring.store)
        self.brought = reduce(or_, (view.bits for port in self.ports for view in port.inputs), 0)
        for device in self.devices.values():
            self.brought |= reduce(or_, device.link.field_bits, device.failed_bit)
        self.brought |= self.retained.told_bits
        self.clamp_bits = self.packml._state["state"][1] | self._state["latched"][1]
        for rung in self.interlock_rungs:
            self.clamp_bits |= rung.bit
        self._seal()

    _settable = frozenset(
        {"due", "reads", "every_rung", "heard", "violations", "running", "present", "watch_list", "ladders"}
    )

    def sequence_classes(self) -> list[type[Sequence[Any]]]:
        return list(dict.fromkeys(kind for state in self.sequences for kind in sequences_of(self, state)))

    def watch(self, properties: Iterable[Property], plant: Any = None) -> None:
        """Judge these properties from now on, and those of `plant` at its edges too."""
        self.watch_list = WatchList(self, properties, plant)
        self.ladders = (self.reactions, self.running, self.watch_list)
        self.due = 0

    # what the logic and people read

    @property
    def state(self) -> State:
        """The PackML state."""
        state, bit = self.packml._state["state"]
        self._scan.reads |= bit
        return state

    def waiting_for(self) -> str:
        """What the cell waits for at this moment, in words."""
        state = self.packml._state["state"][0]
        if self.latched:
            return f"{state.name}: outputs latched safe until restart: {self.latched}"
        if state is S.SUSPENDED or state is S.EXECUTE or state in STATE_COMPLETE:
            running = self.in_state(S.EXECUTE if state is S.SUSPENDED else state)
            texts = [sequence.waiting_for() for sequence in running]
            return f"{state.name}: {'; '.join(texts) or 'about to go on'}"
        command = OPERATOR[state]
        reason = refusal(self, command)
        return f"{state.name}: waiting for {command.name}" + (f", which {reason}" if reason else "")

    def in_state(self, state: State) -> list[Sequence[Any]]:
        """The sequences that run in a state."""
        return [self.sequences_by_class[kind] for kind in sequences_of(self, state)]

    # what trips, sequences and the panel call

    def demand(self, command: Command, cause: str) -> None:
        """Ask for a PackML command; it acts in this scan or the next. What would abort an abort ends it."""
        if command is not C.ABORT or self.leads(C.ABORT):
            self.demands = (*self._state["demands"][0], (command, cause))
        else:
            self.raise_alarm("abort", cause)
            self.complete = self.packml.state is S.ABORTING

    def leads(self, command: Command) -> bool:
        """Whether a command leads anywhere from the present state, as far as PackML goes."""
        return target(self.packml.state, command, self.packml.states) is not None

    def ask(self, command: Command, cause: str) -> None:
        """Ask from outside the scan, from any thread; the next scan hears it."""
        self.asked.append((command, cause))

    def trip(self, command: Command, source: str, text: str) -> None:
        """A condition was lost: raise the alarm and demand the reaction where it is allowed."""
        if self.leads(command):
            self.demands = (*self._state["demands"][0], (command, text))
        if all(alarm.source != source for alarm in self._state["alarms"][0]):
            self.raise_alarm(source, text)

    def raise_alarm(self, source: str, text: str) -> None:
        """Add an alarm unless the same is there already."""
        alarms = self._state["alarms"][0]
        if all(alarm.text != text for alarm in alarms):
            self.alarms = (*alarms, Alarm(self._scan.now, source, text, first=not alarms))
            self.trace("alarm", text)

    def violate(self, violation: Violation) -> None:
        """A property did not hold."""
        self.violations.append(violation)
        self.trace(f"property.{violation.requirement}", "violated")

    # the scan

    def take_inputs(self, now: int) -> int:
        changed = self.watch_list.moved() | self.retained.take(now)
        for port in self.ports:
            changed |= port.take(now)
        for device in self.devices.values():
            if device.link.image is not device.image:
                changed |= device.load(device.link.image)
        if self.asked or self.heard:
            self.heard = tuple(self.asked.popleft() for _ in range(len(self.asked)))
            changed |= self.heard_bit if self.heard else 0
        return changed

    def evaluate(self) -> None:
        scan, state, reactions, watched = self._scan, self._state, self.reactions, self.watch_list
        if state["latched"][0]:
            return watched.evaluate(scan)
        if scan.now >= reactions.due or scan.changed & reactions.reads:
            reactions.evaluate(scan)
        if state["demands"][0] or state["complete"][0]:
            self.change_state()
            reactions.disturb(scan.settle())
        self.running.evaluate(scan)
        if scan.now >= watched.due or scan.changed & watched.reads:
            watched.evaluate(scan)
        if scan.written:
            self.conclude()

    def plan(self) -> None:
        state, retained = self._state, self.retained
        super().plan()
        if state["latched"][0]:
            self.reads, self.due = self.watch_list.reads, self.watch_list.due
        elif state["demands"][0] or state["complete"][0]:
            self.due = 0
        elif retained.coming & self.reads:
            self.due = min(self.due, retained.due)

    def judge(self, now: int) -> int:
        """Judge the properties between two scans, at an edge of the plant. When (ns) the next scan has to
        come at the latest because of that.
        """
        scan, watched = self._scan, self.watch_list
        # Before its first scan the cell knows nothing.
        if not scan.now or not watched.judge(scan, now):
            return NEVER
        entries, scan.trace = scan.trace, []
        for sink in self.sinks if entries else ():
            sink(now, entries)
        new = watched.reads & ~self.reads
        if not new and watched.due >= self.due:
            return NEVER
        put(self, "reads", self.reads | new)
        put(self, "due", min(self.due, watched.due))
        return now if new & self.brought else self.due

    def conclude(self) -> None:
        """An acting state whose sequences are all done is complete; EXECUTE with all done asks to
        complete.
        """
        for sequence in self.present:
            if sequence.runner.place.step != DONE:
                return
        state = self.packml._state["state"][0]
        if state in STATE_COMPLETE:
            self.complete = True
        elif state is S.EXECUTE and self.present and not self._state["demands"][0]:
            self.demand(C.COMPLETE, "every sequence is done")

    def change_state(self) -> None:
        """Let PackML decide on what this scan's demands and state-complete lead to."""
        before = self.packml.state
        demands, complete = self._state["demands"][0], self._state["complete"][0]
        self.demands, self.complete = (), False
        commands = {command: cause for command, cause in reversed(demands)}
        for command in list(commands):
            if reason := refusal(self, command):
                self.packml.refuse(command.name, reason)
                del commands[command]
        acted = self.packml.step(commands, complete)
        if self.packml.state is not before:
            self.enter_state(before, acted, commands.get(acted, "") if acted else "")

    def enter_state(self, before: State, acted: Command | None, cause: str) -> None:
        """Everything that goes with a change of state."""
        after = self.packml.state
        if acted is not None:
            self.leave_by(acted, before, cause)
        if after in ENDED:
            self.rest(everything=False)
        if after is S.EXECUTE:
            self.outside_since = NEVER
            for sequence in self.in_state(after):
                sequence.runner.resume()
            for device in self.devices.values():
                device.proceed()
        elif after in STATE_COMPLETE:
            for sequence in self.in_state(after):
                sequence.runner.restart()
        if acted in ACKNOWLEDGING:
            self.alarms = ()
        self.arrange()

    def leave_by(self, command: Command, before: State, cause: str) -> None:
        """What a command does to sequences, devices and outputs."""
        self.trace("command", f"{command.name}: {cause}")
        affected = self.in_state(before)
        if command in ENDING or before is S.SUSPENDED:
            affected = list(dict.fromkeys([*affected, *self.in_state(S.EXECUTE)]))
        if command in ENDING or command in (C.HOLD, C.SUSPEND):
            for sequence in affected:
                sequence.runner.react(command)
            for device in self.devices.values():
                device.halt() if command in ENDING else device.interrupt()
        if command is C.ABORT:
            self.raise_alarm("abort", cause)
        if command in (C.ABORT, C.STOP):
            self.rest(everything=command is C.ABORT)

    def rest(self, *, everything: bool) -> None:
        """Order the safe values, for the outputs that are not `stored` or for all."""
        for port in self.ports:
            for view in port.outputs:
                view.rest(view.everything if everything else view.process, self._scan)

    def arrange(self) -> None:
        """Choose the rungs that run in the present state; all of them are evaluated anew."""
        state = self.packml._state["state"][0]
        self.present = tuple(self.in_state(state))
        rungs = (*rungs_of(self), *self.combination_rungs, *self.interlock_rungs)
        self.running = Ladder(rungs, self.reactions)
        self.running.begin_anew()
        self.ladders = (self.reactions, self.running, self.watch_list)

    def clamp(self, view: OutputView) -> int:
        if self._state["latched"][0]:
            return view.everything
        clamp = view.process if self.packml._state["state"][0] in AT_REST else 0
        for rung in self.interlock_rungs:
            if rung.reason:
                for tag, _ in rung.outputs:
                    clamp |= view.masks.get(tag.path, 0)
        return clamp

    def hand_over(self) -> None:
        scan = self._scan
        if scan.orders:
            orders, scan.orders = scan.orders, []
            for device in self.devices.values():
                mine = tuple([order for who, order in orders if who is device])
                for order in mine:
                    scan.trace.append((scan.now, device.name, (order.number, order.verb, *order.arguments)))
                if mine:
                    device.link.submit(mine)
        if scan.written & self.retained.written:
            self.retained.save(scan)

    def fail(self, error: Exception) -> None:
        """Discard the scan; abort with the cause. Failing while aborting latches the safe values."""
        self.take_back()
        try:
            if self.packml.state in (S.ABORTING, S.ABORTED):
                raise error
            self.raise_alarm("exception", describe(error))
            self.demands = ((C.ABORT, describe(error)),)
            self.change_state()
            self.commit()
        except Exception as second:  # nothing in the logic may keep the outputs from their safe values
            self.take_back()
            self.latched = describe(second)
            self.packml.name = S.ABORTED.name
            self.trace("latched", describe(second))
            for device in self.devices.values():
                with suppress(Exception):  # a driver that fails too must not keep the others from stopping
                    device.halt()
            self.commit()

    def take_back(self) -> None:
        """Undo what the scan did; the next one evaluates everything."""
        self._scan.rollback()
        self.arrange()
        self.begin_anew()
