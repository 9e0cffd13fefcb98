"""Links: the seam between a controller and whatever it is wired to.

A `PlcLink` moves whole blocks cyclically, a `DeviceLink` carries a device's conversation. Real links have an
owner thread; in virtual time the twin steps them. The scan never waits for either: it takes the newest image
and leaves its orders.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from itertools import compress
from operator import attrgetter, ne
from typing import Any, NamedTuple

from control.block import Region
from control.scan import NEVER


class Image(NamedTuple):
    """What a PLC link last read: one `bytes` per region, the time it was asked for (ns), and whether it may
    be used.
    """

    data: tuple[bytes, ...]
    time: int
    good: bool
    cause: str = ""


class Plan(NamedTuple):
    """What a cell moves over one PLC link. `safe` is what is written first after every (re)connection."""

    reads: tuple[Region, ...]
    writes: tuple[Region, ...]
    safe: tuple[bytes, ...]


class Link(ABC):
    """A byte mover of one name in cell.toml."""

    def __init__(self, name: str, url: str) -> None:
        self.name, self.url = name, url

    @abstractmethod
    def open(self) -> None:
        """Connect, identify and start moving. ConnectError or ProtocolError with the remedy."""

    @abstractmethod
    def close(self) -> None:
        """Stop and disconnect; a PLC link writes the safe values first where that is possible."""


class PlcLink(Link):
    """Cyclic exchange of blocks with one PLC.

    `image` is replaced, never changed, so the scan reads it without a lock. A life word (`life`, written by
    the link) changes only while scans are committed; the PLC's own (`plc_life`) must change within its
    timeout for the image to be good.
    """

    image: Image
    plan: Plan

    def configure(self, plan: Plan) -> None:
        """Fix what is moved; before `open`."""
        self.plan = plan
        self.image = Image(
            tuple(bytes(region.size) for region in plan.reads), 0, False, f"{self.name}: not connected"
        )

    @abstractmethod
    def put(self, data: tuple[bytes, ...]) -> None:
        """The outputs of a committed scan, one `bytes` per written region; called for every executed scan."""

    def lapse(self, max_age: int) -> int:
        """When the newest image will be older than `max_age` (ns) if nothing new comes."""
        return self.image.time + max_age if self.image.good else NEVER


class Progress(Enum):
    """The life cycle of an order to a device."""

    BUFFERED = "buffered"
    ACTIVE = "active"
    DONE = "done"
    ABORTED = "aborted"
    REFUSED = "refused"
    UNKNOWN = "unknown"

    ended: bool
    """Nothing more will come of it."""
    failed: bool
    """It ended otherwise than ordered, and not because the cell ordered something else."""

    def __init__(self, text: str) -> None:
        self.ended = text not in ("buffered", "active")
        self.failed = text in ("refused", "unknown")


class OrderState(NamedTuple):
    """How far an order is; `cause` says why it ended so."""

    number: int
    progress: Progress
    cause: str = ""


class Order(NamedTuple):
    """What a cell wants of a device: a verb with its arguments, numbered per device."""

    number: int
    verb: str
    arguments: tuple[Any, ...] = ()


class DeviceImage(NamedTuple):
    """Base of device images, by field names: a driver's image starts with these fields.

    `orders` are under way, `ended` the newest of those that have ended.
    """

    good: bool = False
    cause: str = "not connected"
    orders: tuple[OrderState, ...] = ()
    ended: tuple[OrderState, ...] = ()


NUMBER = attrgetter("number")
KEPT_ORDERS = 16
"""Ended orders that stay in an image."""


def with_order(image: Any, state: OrderState) -> Any:
    """A device image in which an order is that far."""
    number, orders, ended = state.number, image.orders, image.ended
    if orders:
        orders = tuple([order for order in orders if order.number != number])
    if not state.progress.ended:
        orders = (*orders, state)
    else:
        if number in map(NUMBER, ended):
            ended = tuple([order for order in ended if order.number != number])
        ended = (*ended[1 - KEPT_ORDERS :], state)
    return type(image)(image.good, image.cause, orders, ended, *image[4:])


class DeviceLink(Link):
    """A device at the other end of a line. `image` is replaced, never changed; `field_bits` are those of its
    fields in the scan of the controller it is wired to.
    """

    image: Any
    field_bits: tuple[int, ...] = ()
    failed_bit = 0

    def wire(self, field_bits: tuple[int, ...], failed_bit: int) -> None:
        """Take the bits of the image's fields, and the one that stands for another order that has failed."""
        self.field_bits, self.failed_bit = field_bits, failed_bit

    def changed(self, old: Any, new: Any) -> int:
        """The bits of what differs between two images."""
        bits = sum(compress(self.field_bits, map(ne, old, new)))
        if new.ended is not old.ended:
            for state in reversed(new.ended):
                if state in old.ended:
                    break
                if state.progress.failed:
                    bits |= self.failed_bit
        return bits

    @abstractmethod
    def submit(self, orders: tuple[Order, ...]) -> None:
        """Orders of a committed scan, to be carried out in turn."""


class SilentLink(PlcLink, DeviceLink):
    """A link that moves nothing: for replay, where the images come from a recording, and for lines that are
    not opened.
    """

    def __init__(self, name: str, url: str, image: Any) -> None:
        super().__init__(name, url)
        self.image = image

    def open(self) -> None:
        """Nothing to connect."""

    def close(self) -> None:
        """Nothing to disconnect."""

    def put(self, data: tuple[bytes, ...]) -> None:
        """Outputs go nowhere."""

    def submit(self, orders: tuple[Order, ...]) -> None:
        """Orders go nowhere."""
