"""The simulated PLC of a twin: I/O map as data, scan cycle, supervision, perhaps a program."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from control.block import DataBlock, Slot
from control.errors import ConfigurationError, DefinitionError
from control.shared import Shared
from control.tag import Bool, Comparison, Float, Integer, Numeric, Tag
from plc_sim.components.component import (
    Analogue,
    Driver,
    InputEntry,
    OutputEntry,
    Second,
    SetpointEntry,
    Signal,
    sensor,
)


class Plc(Shared):
    """The PLC of a cell.

    `entries` are `sensor >> tag` and `tag >> actuator`. `cycle` is its scan cycle. A controller's life word
    that has not changed for `life_timeout` trips the fail-safe latch, which sets every output to its safe
    value; the latch is set at power-up too. A rising edge of `reset`, after life has returned, resets it;
    without `reset` life alone does. `program` is a class with blocks of its own that runs in the PLC.
    """

    name = "plc"
    """The link's name in cell.toml: its attribute in a twin."""

    tripped = sensor("outputs are held at their safe values", initial=True)
    running = sensor("the PLC is in RUN")

    def __init__(
        self,
        *entries: InputEntry | OutputEntry | SetpointEntry,
        cycle: Second = 0.01,
        life_timeout: Second = 0.5,
        reset: Signal | None = None,
        program: type | None = None,
    ) -> None:
        self.inputs = tuple(entry for entry in entries if isinstance(entry, InputEntry))
        self.outputs = tuple(entry for entry in entries if isinstance(entry, OutputEntry))
        self.setpoints = tuple(entry for entry in entries if isinstance(entry, SetpointEntry))
        self.cycle, self.life_timeout, self.reset, self.program = cycle, life_timeout, reset, program
        for entry in entries:
            if not isinstance(entry, InputEntry | OutputEntry | SetpointEntry):
                raise DefinitionError(f"Plc: wanted entries sensor >> tag or tag >> actuator, got {entry!r}")
        for name, value in (("cycle", cycle), ("life_timeout", life_timeout)):
            if not (math.isfinite(value) and value > 0.0):
                raise DefinitionError(f"Plc.{name}: wanted more than 0 s, got {value!r}")

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def check(self) -> None:
        """DefinitionError for a wrong direction, two drivers of a signal, two sources of a bit."""
        self._check_directions()
        self._check_targets()
        self._check_places()

    @property
    def program_slots(self) -> list[Slot[Any]]:
        """The blocks of the program."""
        return slots_in(self.program) if self.program else []

    def slots(self) -> list[Slot[Any]]:
        """Every block the map mentions, in the order of its first mention, then those of the program."""
        mentioned = [slot_of(entry.tag) for entry in (*self.inputs, *self.outputs, *self.setpoints)]
        return list(dict.fromkeys([*mentioned, *self.program_slots]))

    def _check_directions(self) -> None:
        for entry in self.inputs:
            if slot_of(entry.tag).written:
                raise DefinitionError(
                    f"{entry.source.path} >> {entry.tag.path}: wanted a tag of a block that is read;"
                    f" this one is written by its owner, so it drives: {entry.tag.path} >> ..."
                )
            if isinstance(entry.source, Signal):
                self._check_source(entry.source, entry.tag)
            elif not isinstance(entry.tag, Numeric):
                raise DefinitionError(
                    f"{entry.source.path} >> {entry.tag.path}: wanted a number, got a {entry.tag.kind}"
                )
        for entry in self.outputs:
            arrow = f"{entry.tag.path} >> {entry.target.path}"
            if not isinstance(entry.tag, Bool) or not isinstance(entry.target, Signal):
                raise DefinitionError(f"{arrow}: wanted a Bool and a digital signal")
            self._check_written(entry)
            if entry.target.driver is not Driver.PLC:
                raise DefinitionError(
                    f"{arrow}: {entry.target.path} is driven by {entry.target.driver.value}"
                )

        for entry in self.setpoints:
            arrow = f"{entry.tag.path} >> {entry.target.path}"
            whole = isinstance(entry.tag, Integer) and entry.tag.largest < 1 << 63
            if not (whole or isinstance(entry.tag, Float)):
                raise DefinitionError(f"{arrow}: wanted a signed or short number, got a {entry.tag.kind}")
            self._check_written(entry)
            if not math.isfinite(entry.safe):
                raise DefinitionError(f"{arrow}: wanted a finite safe value, got {entry.safe!r}")

    @staticmethod
    def _check_written(entry: OutputEntry | SetpointEntry) -> None:
        if not slot_of(entry.tag).written:
            raise DefinitionError(
                f"{entry.tag.path} >> {entry.target.path}:"
                " wanted a tag of a block that is written; this one is only read"
            )

    @staticmethod
    def _check_source(source: Signal, tag: Tag[Any]) -> None:
        if not isinstance(tag, Bool):
            raise DefinitionError(f"{source.path} >> {tag.path}: wanted a Bool, got a {tag.kind}")
        if source.driver is Driver.PLC:
            raise DefinitionError(
                f"{source.path} >> {tag.path}: {source.path} is driven by {source.driver.value}"
            )

    def _check_targets(self) -> None:
        drivers: dict[str, Tag[Any]] = {}
        for entry in (*self.outputs, *self.setpoints):
            other = drivers.setdefault(entry.target.path, entry.tag)
            if other is not entry.tag:
                raise DefinitionError(
                    f"{entry.target.path}: two drivers, {other.path} and {entry.tag.path}; wanted one"
                )

    def _check_places(self) -> None:
        owners: dict[tuple[str, int, int], InputEntry] = {}
        for entry in self.inputs:
            for bit in bits_of(entry.tag):
                other = owners.setdefault(bit, entry)
                if other is not entry:
                    both = f"{other.source.path} and {entry.source.path}"
                    raise DefinitionError(f"{entry.tag.path}: shown there are {both}; wanted one")

    def check_mapped(self, slots: Iterable[Slot[Any]]) -> None:
        """ConfigurationError if a tag of a block the controller reads is filled by nobody."""
        filled = {bit for entry in self.inputs for bit in bits_of(entry.tag)}
        slots = list(slots)
        filled |= {
            bit for slot in (*slots, *self.program_slots) if slot.written for bit in _bits_of_slot(slot)
        }
        for slot in slots:
            for tag in () if slot.written else slot.bound.tags.values():
                if not filled.issuperset(bits_of(tag)):
                    raise ConfigurationError(
                        f"{tag.path} ({tag.kind}) is read and nothing fills it;"
                        f" wanted an entry sensor >> {tag.path} in the twin's Plc,"
                        " or a program that writes it"
                    )


def slots_in(owner: type) -> list[Slot[Any]]:
    """The blocks a controller class declares."""
    members = {name: member for cls in reversed(owner.__mro__) for name, member in vars(cls).items()}
    return [member for member in members.values() if isinstance(member, Slot)]


@lru_cache(4096)
def slot_of(tag: Tag[Any]) -> Slot[Any]:
    """The declaration that a cell's tag belongs to."""
    for block in _bound_blocks(DataBlock):
        if block.tags.get(tag.name) is tag:
            return block.__dict__["slot"]
    raise DefinitionError(
        f"{tag.path}: wanted a tag of a block that a cell declares with reads() or writes()"
    )


def _bound_blocks(base: type[DataBlock]) -> Iterator[type[DataBlock]]:
    for block in base.__subclasses__():
        if "slot" in vars(block):
            yield block
        yield from _bound_blocks(block)


def comparisons_of(slot: Slot[Any]) -> tuple[Comparison, ...]:
    """The comparisons declared in a block."""
    return slot.bound.comparisons


def byte_of(tag: Tag[Any]) -> int:
    """The tag's first byte in its area."""
    slot = slot_of(tag)
    return slot.region.start - slot.block.first + tag.byte


def bits_of(tag: Tag[Any]) -> set[tuple[str, int, int]]:
    """The places of a tag: area, number, bit counted from the area's start."""
    region, first = slot_of(tag).region, 8 * byte_of(tag)
    bits = (first + tag.bit_in_byte,) if isinstance(tag, Bool) else range(first, first + 8 * tag.size)
    return {(region.area.value, region.number, bit) for bit in bits}


def _bits_of_slot(slot: Slot[Any]) -> set[tuple[str, int, int]]:
    return {bit for tag in slot.bound.tags.values() for bit in bits_of(tag)}


def is_analogue(entry: InputEntry) -> bool:
    """Whether the entry shows an analogue value."""
    return isinstance(entry.source, Analogue)
