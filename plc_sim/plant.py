"""A plant: components and their PLC laid out in one block of words, driven from event to event.

`Plant.block` holds all that changes: a copy of it is a snapshot, writing it back restores. Between two calls
of `advance` the host acts through the methods here or through `plc_sim.kernel.host`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from copy import copy
from functools import reduce
from operator import or_
from typing import Any, NoReturn

import numpy as np

from control.block import Region
from control.errors import ConfigurationError, UnknownName, nearest
from control.link import Plan
from control.tag import Comparison, Tag
from plc_sim.components.component import Component, Driver, Signal
from plc_sim.components.handling import check_reach
from plc_sim.components.io_map import IoMap
from plc_sim.components.site import Site
from plc_sim.components.timing import Timing
from plc_sim.fault import Fault, lay_faults
from plc_sim.kernel import host
from plc_sim.kernel.advance import advance
from plc_sim.kernel.draw import ns
from plc_sim.kernel.header import NEVER, Cause, ComponentRow, Header, SignalRow
from plc_sim.kernel.layout import Layout, check
from plc_sim.kernel.plc_rows import LinkRow, PlcRow
from plc_sim.kernel.row import Field, Kind
from plc_sim.plc import Plc
from plc_sim.readings import Readings

RESERVED = ("plc", "link", "header")
CAUSE, TIME, STORM = int(Header.CAUSE), int(Header.TIME), int(Cause.STORM)
SCAN_AT, SCAN_DUE, REPLAN = int(Header.SCAN_AT), int(Header.SCAN_DUE), int(Header.REPLAN)


class Plant(Readings):
    """The components of a twin by name, with their PLC, for one scenario.

    `faults` are carried out by the kernel. `parameters` varies them, as {"belt.speed": 0.4}; `controller` is
    the class whose blocks the link moves (default: the blocks in the Plc's map), `plan` says which of them
    and in which order. Draws depend on seed, scenario and each component's own name alone. ConfigurationError
    for what cannot be built.
    """

    def __init__(
        self,
        components: Mapping[str, Component],
        plc: Plc,
        *,
        seed: int = 1,
        scenario: int = 0,
        parameters: Mapping[str, Any] | None = None,
        timing: Timing | None = None,
        plan: Plan | None = None,
        controller: type | None = None,
        faults: Iterable[Fault] = (),
    ) -> None:
        self.components, self.plc, self.timing = dict(components), plc, timing or Timing()
        self.layout = Layout(seed=seed, scenario=scenario, start=self.timing.start)
        self._check_names()
        site = Site(self.components, self.layout, parameters or {})
        self.io = self._lay_out(site, plan, controller, faults)
        self.block = self._build()
        self._view()
        check_reach(self, site)

    def _check_names(self) -> None:
        for name, component in self.components.items():
            if component.name == "unnamed":
                component.name = name
            if name in RESERVED or component.name != name:
                raise ConfigurationError(f"{name}: wanted a name of its own, got {component.name!r}")
        for component in self.components.values():
            self._check_mounting(component, (component,))
            for other in component.references():
                if self.components.get(other.name) is not other:
                    raise ConfigurationError(
                        f"{component.name}: wanted components of this plant, got {other.name!r}"
                    )

    def _check_mounting(self, component: Component, path: tuple[Component, ...]) -> None:
        for other in component.references():
            if other in path:
                chain = " on ".join(part.name for part in (*path, other))
                raise ConfigurationError(
                    f"{path[0].name}: wanted a component it does not carry itself, got {chain}"
                )
            self._check_mounting(other, (*path, other))

    def _lay_out(
        self, site: Site, plan: Plan | None, controller: type | None, faults: Iterable[Fault]
    ) -> IoMap:
        self.plc.check()
        io = IoMap(self.plc, plan, controller, site, self.timing)
        self.plc.check_mapped(io.controllers)
        for component in self.components.values():
            site.check_parameters(component)
        for component in self.components.values():
            component.check(site)
            for signal in component.signals():
                self.layout.signal(signal.path, component.initially(site, signal))
        for signal in (Plc.tripped, Plc.running):
            self.layout.signal(signal.path, signal.initial)
        for component in self.components.values():
            component.attach(site)
        io.map_signals()
        for component in self.components.values():
            site.lay(component)
        lay_faults(site, faults)
        io.lay()
        return io

    def _build(self) -> np.ndarray:
        try:
            return self.layout.build()
        except ValueError as error:
            raise ConfigurationError(str(error)) from error

    def __deepcopy__(self, memo: dict[int, Any]) -> Plant:
        """Another plant in the same state: all but the block never changes, and is shared."""
        twin = memo[id(self)] = copy(self)
        twin.block = self.block.copy()
        twin._view()
        return twin

    def move_to(self, block: np.ndarray) -> None:
        """Let `block`, of the same size, hold all that changes from now on."""
        block[:] = self.block
        self.block = block
        self._view()

    def _view(self) -> None:
        self.words: Any = self.block.data
        """The block as ints."""
        self.reals: Any = self.block.view(np.float64).data
        """The block as floats."""
        octets = self.block.view(np.uint8).data
        p, n = self.layout.offsets["plc"], self.layout.offsets["link"]
        self.row = {
            "plc": p,
            "link": n,
            **{name: self.layout.offsets.get(name, -1) for name in self.components},
        }
        memory, image = self.words[p + PlcRow.MEMORY], self.words[n + LinkRow.IMAGE]
        put = self.words[n + LinkRow.PUT] - self.io.memory.write_first
        self.memory = octets[8 * memory : 8 * (memory + self.io.memory.words)]
        """The PLC's memory; after writing to it call `host.memory_written`."""
        self._image = [octets[8 * image :][self.io.memory.span(region)] for region in self.io.reads]
        self._put = [octets[8 * put :][self.io.memory.span(region)] for region in self.io.writes]
        watch = self.words[p + PlcRow.WATCH]
        self._watch = self.words[watch : watch + self.io.memory.read_words]
        self._watched: dict[int, array[int]] = {}
        bounds = [slot.bound for slot in self.io.read_slots]
        self._read_tags = [tag for bound in bounds for tag in (*bound.tags.values(), *bound.comparisons)]
        self._watchable = reduce(or_, (tag.bit for tag in self._read_tags), 0)
        self._program_watched: dict[int, tuple[int, ...]] = {}

    # ---- time ----

    @property
    def events(self) -> int:
        """Events done since the start."""
        return self.words[Header.EVENTS]

    @property
    def cause(self) -> int:
        """Why `advance` returned: a sum of `Cause`s."""
        return self.words[Header.CAUSE]

    def advance(self, until: int) -> int:
        """Do every event up to `until` (ns) or the controller's next scan; the instant reached."""
        reached = int(advance(self.block, until))
        if self.words[CAUSE] == STORM:
            self.refuse_storm()
        return reached

    def refuse_storm(self) -> NoReturn:
        """ConfigurationError that names the components which were acting when events would not end."""
        first, count = self.words[Header.NEXT], self.words[Header.COUNT]
        due = {number for number in range(count) if self.words[first + number] <= self.now}
        names = ", ".join(self.name_of(number) for number in sorted(due | {self.words[Header.STORM]}))
        raise ConfigurationError(
            f"{names}: too many events at one instant, {self.now} ns; wanted a plant that moves on"
        )

    def snapshot(self) -> np.ndarray:
        """All that changes, as a copy."""
        return self.block.copy()

    def restore(self, snapshot: np.ndarray) -> None:
        """Go back to a snapshot of this plant."""
        self.block[:] = snapshot

    # ---- acting on the plant ----

    def set(self, name: str, value: bool | float) -> None:
        """Drive a signal or set a setpoint from outside; ConfigurationError if somebody in the plant does."""
        component, _, key = name.rpartition(".")
        owner = self.components.get(component)
        if owner is not None and any(setpoint.name == key for setpoint in owner.setpoints()):
            self._order(name, float(value))
            return
        signal = self._declared(component, key)
        if signal is not None and signal.driver is Driver.COMPONENT:
            raise ConfigurationError(
                f"{name}: driven by {component}; wanted an actuator or a button, or use force()"
            )
        if any(entry.target.path == name for entry in self.plc.outputs):
            raise ConfigurationError(
                f"{name}: driven by the PLC; wanted a signal that it does not drive, or use force()"
            )
        host.set_signal(self.block, self.signal(name), int(value), self.now)

    def _order(self, name: str, value: float) -> None:
        if any(entry.target.path == name for entry in self.plc.setpoints):
            raise ConfigurationError(f"{name}: ordered by the PLC; wanted a setpoint that it does not order")
        component, word, _ = self.field(name)
        host.set_field(self.block, self.number(component), word, value, self.now)

    def _declared(self, component: str, key: str) -> Signal | None:
        owner = self.components.get(component)
        return next((signal for signal in owner.signals() if signal.name == key), None) if owner else None

    def force(self, name: str, value: bool | None) -> None:
        """Let a signal show `value` whatever drives it; None ends that."""
        host.force(self.block, self.signal(name), -1 if value is None else int(value), self.now)

    def set_parameter(self, name: str, value: float) -> None:
        """Set a parameter that may change while running, as 'eye.on_delay', from the next event on."""
        component, word, where = self.check_parameter(name, value)
        number = self.number(component)
        if where.declaration.kind is Kind.REAL:
            host.set_field(self.block, number, word, float(value), self.now)
        else:
            whole = ns(value) if where.declaration.kind is Kind.DURATION else int(value)
            host.set_word(self.block, number, word, whole, self.now)

    def check_parameter(self, name: str, value: float) -> tuple[str, int, Field]:
        """The `field` of a parameter that may be set to `value` while running; ConfigurationError if not."""
        component, word, where = self.field(name)
        if not where.declaration.live:
            raise ConfigurationError(
                f"{name}: wanted a parameter that may change while running, got a fixed one"
            )
        try:
            check(name, where.declaration, value)
        except ValueError as error:
            raise ConfigurationError(str(error)) from error
        return component, word, where

    def watch_count(self, name: str) -> int:
        """Let `advance` return at every change of a count, with Cause.PREDICATE; the count's word."""
        component, word, where = self.field(name)
        if not where.declaration.counted:
            known = [count for count in self.counts() if count.startswith(f"{component}.")]
            raise UnknownName(f"{name} is no count; {nearest('', known)}")
        first, number = self.words[Header.COUNTS], self.words[Header.COUNTED]
        if word not in self.words[first : first + 2 * number : 2]:
            self.words[first + 2 * number], self.words[first + 2 * number + 1] = word, self.words[word]
            self.words[Header.COUNTED] = number + 1
        return word

    def stop_at_edges(self, names: Iterable[str]) -> None:
        """Let `advance` return at every edge of these signals, with Cause.PREDICATE."""
        watched = {self.signal(name) for name in names}
        for offset in self.layout.signal_offsets.values():
            self.words[offset + SignalRow.WATCHED] = LOOKED_AT if offset in watched else 0

    def stop_at_versions(self, names: Iterable[str]) -> None:
        """Let `advance` return when the version of one of these components changes, with Cause.DEVICE."""
        watched = {self.number(name) for name in names}
        for number in self.layout.numbers.values():
            entry = self.words[Header.COMPONENTS] + ComponentRow.SIZE * number
            self.words[entry + ComponentRow.WATCHED] = int(number in watched)

    # ---- the controller's side ----

    def image(self) -> tuple[bytes, ...]:
        """What the controller sees at its scan, one `bytes` per region; IMAGE_TIME is its time."""
        return tuple(map(bytes, self._image))

    def put(self, data: tuple[bytes, ...]) -> None:
        """Outputs of the controller, now: one `bytes` per written region."""
        for view, new in zip(self._put, data, strict=True):
            view[:] = new
        self.words[Header.PUT_AT] = self.now

    def wait(self, due: int, reads: int) -> None:
        """The controller sleeps until its first scan from `due` (ns) on, or until something whose bit is in
        `reads` changes.
        """
        watched = reads & self._watchable
        try:
            self._watch[:] = self._watched[watched]
        except KeyError:
            self._watch[:] = self._watched[watched] = array(self.words.format, self._masks(watched))
        words = self.words
        words[SCAN_AT], words[SCAN_DUE], words[REPLAN] = NEVER, min(due, NEVER), 1

    def scan_by(self, due: int) -> None:
        """The controller sleeps no longer than until its first scan from `due` (ns) on."""
        if due < self.words[SCAN_DUE]:
            self.words[SCAN_DUE] = due

    def call_program(self, due: int, reads: int) -> None:
        """Call the PLC's program at its first scan from `due` (ns) on, or when a bit in `reads` changes."""
        row = self.row["plc"]
        self.words[row + PlcRow.PROGRAM_DUE] = due
        masks = self._program_watched.get(reads)
        if masks is None:
            masks = self._program_watched[reads] = self._program_masks(reads)
        watch = self.words[row + PlcRow.PROGRAM_WATCH]
        for word, mask in enumerate(masks, watch):
            self.words[word] = mask

    def _program_masks(self, reads: int) -> tuple[int, ...]:
        words = [0] * self.io.memory.words
        for slot in self.plc.program_slots:
            for tag in slot.bound.tags.values():
                for word, mask in self.io.memory.masks(tag).items() if tag.bit & reads else ():
                    words[word] |= mask
        return tuple(words)

    def _masks(self, reads: int) -> tuple[int, ...]:
        words = [0] * self.io.memory.read_words
        for region in self.io.undeclared:
            octets = range(self.io.memory.words * 8)[self.io.memory.span(region)]
            for word, mask in self.io.memory.byte_masks(octets).items():
                words[word] |= mask
        for tag in self._read_tags:
            if tag.bit & reads:
                for word, mask in self._masks_of(tag).items():
                    words[word] |= mask
        return tuple(words)

    def _masks_of(self, tag: Tag[Any]) -> dict[int, int]:
        if not isinstance(tag, Comparison):
            return self.io.memory.masks(tag)
        number = self.io.shown.get(tag)
        return self._masks_of(tag.source) if number is None else dict([self.io.memory.comparison_bit(number)])

    def cut(self, region: Region) -> bytes:
        """The bytes of a region of the PLC's memory."""
        return bytes(self.memory[self.io.memory.span(region)])


JUDGED, LOOKED_AT = 1, 2
"""Why the plant stops at the edges of a signal: properties read it, or somebody looks on."""

__all__ = ["NEVER", "Cause", "Plant", "Timing"]
