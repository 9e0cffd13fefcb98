"""Devices: drivers that turn a link into states and commands.

A scan reads the device's image, which its link replaces as answers come in, and leaves orders, which are
handed over when the scan commits. Every order ends done, aborted, refused or unknown; it is never sent twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import Any, ClassVar, Generic, Self, TypeVar, cast, overload

from control.errors import DefinitionError
from control.link import NUMBER, DeviceImage, DeviceLink, Order, OrderState, Progress
from control.packml import Command
from control.scan import Scan
from control.shared import Shared
from control.state import Declared, Fixed, Var, put, refuse_taken_names

D = TypeVar("D", bound="Device")


@dataclass(frozen=True)
class Handle(Fixed):
    """One order, followed to its end. Restored and unknown numbers read `unknown`."""

    device: Device | None
    number: int

    @property
    def progress(self) -> Progress:
        """Where the order is in its life cycle."""
        return Progress.UNKNOWN if self.device is None else self.device.progress(self.number).progress

    @property
    def cause(self) -> str:
        """Why the order ended as it did; empty while it runs or when it is done."""
        return "no order" if self.device is None else self.device.progress(self.number).cause

    @property
    def outcome(self) -> Progress | None:
        """How the order ended; None while it has not."""
        return Progress.UNKNOWN if self.device is None else self.device.outcome(self.number)

    @property
    def done(self) -> bool:
        """Carried out."""
        return self.device is not None and self.device.outcome(self.number) is Progress.DONE

    @property
    def active(self) -> bool:
        """Accepted or waiting to be."""
        return self.outcome is None

    @property
    def aborted(self) -> bool:
        """Ended early because the cell ordered something else."""
        return self.outcome is Progress.ABORTED

    @property
    def refused(self) -> bool:
        """The device would not do it, or stopped doing it with an error."""
        return self.outcome is Progress.REFUSED

    @property
    def unknown(self) -> bool:
        """Whether it was carried out cannot be told: read state and position, then decide."""
        return self.outcome is Progress.UNKNOWN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Handle) and self.number == other.number and self.name == other.name

    def __hash__(self) -> int:
        return hash((self.name, self.number))

    @property
    def name(self) -> str:
        """The device's name; empty for none."""
        return self.device.name if self.device is not None else ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name or None}, {self.number})"


class Motion(Handle):
    """An order that moves the device."""

    NONE: ClassVar[Motion]


Motion.NONE = Motion(None, 0)


FIRST = itemgetter(0)
OVERRIDABLE = {"image_type", "every_scan", "update", "halt", "interrupt", "proceed"}
"""What a driver may set of what its base declares."""


class Device(Declared):
    """Base of drivers. `name` is that of the link in cell.toml.

    A subclass declares the fields of its image as properties made by `field`, and its commands as methods
    that call `order`. A driver with logic of its own overrides `update`. It gets every scan, unless it says
    `every_scan = False` because `update` depends on nothing but what it reads.
    """

    image_type: ClassVar[type[Any]] = DeviceImage
    every_scan: ClassVar[bool] = False

    given: Var[tuple[int, tuple[tuple[int, str], ...]]] = Var((0, ()))
    """The last order's number, and of the orders whose end has not been seen to each with who gave it."""

    name: str
    link: DeviceLink
    image: Any

    def __init_subclass__(cls, **options: Any) -> None:
        refuse_taken_names(cls, Device, OVERRIDABLE)
        if "update" in vars(cls) and "every_scan" not in vars(cls):
            cls.every_scan = True
        super().__init_subclass__(**options)

    def __init__(self, name: str, link: DeviceLink, scan: Scan) -> None:
        self.name, self.link = name, link
        self._declare(scan)
        known = [order.number for order in (*link.image.orders, *link.image.ended)]
        self.restore({"given": (max(known, default=0), ())})
        self.image = self.image_type()
        self._field_bits = {field: scan.new_bit() for field in self.image_type._fields}
        self.failed_bit = scan.new_bit()
        link.wire(tuple(self._field_bits.values()), self.failed_bit)
        self._seal()

    _settable = frozenset({"image"})

    def load(self, new: Any) -> int:
        """Take an image; the bits of the fields that differ."""
        old = self.image
        put(self, "image", new)
        return self.link.changed(old, new)

    def read(self, field: str) -> Any:
        """A field of the image, noted as read."""
        self._scan.reads |= self._field_bits[field]
        return getattr(self.image, field)

    @property
    def pending(self) -> tuple[tuple[int, str], ...]:
        """The orders whose end has not been seen to, each with its number and who gave it."""
        return self.given[1]

    @property
    def good(self) -> bool:
        """The device answers."""
        return cast(bool, self.read("good"))

    def order(self, verb: str, *arguments: Any, kind: type[Handle] = Handle) -> Any:
        """Leave an order; it is handed to the link when the scan commits."""
        number = self._state["given"][0][0] + 1
        self._keep("given", (number, (*self.under_way(), (number, self._scan.actor))))
        self._scan.orders.append((self, Order(number, verb, arguments)))
        return kind(self, number)

    def progress(self, number: int) -> OrderState:
        """How far an order is."""
        for state in (*self.read("orders"), *self.read("ended")):
            if state.number == number:
                return cast(OrderState, state)
        return OrderState(number, Progress.BUFFERED if self.is_pending(number) else Progress.UNKNOWN)

    def outcome(self, number: int) -> Progress | None:
        """How an order ended; None while it has not. What is under way is not read: it ends in `ended`."""
        self._scan.reads |= self._field_bits["ended"]
        ended: tuple[OrderState, ...] = self.image.ended
        if number in map(NUMBER, reversed(ended)):  # as a rule it is the newest
            for state in reversed(ended):
                if state.number == number:
                    return state.progress
        under_way = self.is_pending(number) or number in map(NUMBER, self.image.orders)
        return None if under_way else Progress.UNKNOWN

    def is_pending(self, number: int) -> bool:
        """Whether an order was given and its end has not been seen to."""
        return number in map(FIRST, self._state["given"][0][1])

    def under_way(self) -> tuple[tuple[int, str], ...]:
        """The orders that have not ended, each with who gave it."""
        pending = self._state["given"][0][1]
        ended = self.image.ended
        return tuple([entry for entry in pending if entry[0] not in map(NUMBER, reversed(ended))])

    def failures(self) -> list[tuple[str, str]]:
        """Orders that ended refused or unknown since the last call: who ordered, and what happened."""
        last, pending = self._state["given"][0]
        failed = {state.number: state for state in self.image.ended if state.progress.failed}
        found = [(who, failed[number]) for number, who in pending if number in failed]
        if found:
            self._keep("given", (last, tuple(entry for entry in pending if entry[0] not in failed)))
        return [
            (who, f"{self.name}: order {state.number} {state.progress.value}: {state.cause}")
            for who, state in found
        ]

    def update(self) -> None:
        """A driver's own logic, run before the machines of every scan (in effect)."""

    def halt(self) -> None:
        """Stop and Abort: end what moves. Nothing by default."""

    def interrupt(self) -> None:
        """Hold and Suspend: pause what moves. Nothing by default."""

    def proceed(self) -> None:
        """Back in EXECUTE: go on with what was paused. Nothing by default."""


class DeviceSlot(Shared, Generic[D]):
    """A cell's declaration of one device; read on the class it gives itself, on a cell the driver."""

    def __init__(self, link: str, kind: type[D], lost: Command | None) -> None:
        self.link, self.kind, self.lost = link, kind, lost
        self.name = link

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, cell: None, owner: type) -> Self: ...
    @overload
    def __get__(self, cell: object, owner: type) -> D: ...
    def __get__(self, cell: object, owner: type | None = None) -> Any:
        return self


def device(link: str, kind: type[D], *, lost: Command | None = Command.ABORT) -> DeviceSlot[D]:
    """A device of the cell, of any driver that is a `kind`; cell.toml says which. `lost` is what losing it
    commands.
    """
    if not issubclass(kind, Device):
        raise DefinitionError(f"device({link!r}): wanted a Device class, got {kind!r}")
    return DeviceSlot(link, kind, lost)


def field(name: str) -> Any:
    """A property that reads one field of the device's image."""

    def get(self: Device) -> Any:
        return self.read(name)

    return property(get)
