"""A controller on a desk: its PLC is memory, its devices say what they are told, its scans come singly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from control.block import with_value
from control.cell import Cell
from control.clock import WallClock
from control.controller import Controller
from control.device import Device
from control.link import DeviceLink, Order, OrderState, Progress, with_order
from control.memory import MemoryLink
from control.packml import Command, State
from control.retain import Store
from control.scan import ns
from control.tag import Tag
from control.wiring import Wiring

ORIGIN = 1_234_567_891
"""The first scan instant, in ns: odd, so that an unset time shows."""


class DeskDevice(DeviceLink):
    """A device at the other end of no line: it keeps its orders and answers when told to."""

    def __init__(self, name: str, image: Any) -> None:
        super().__init__(name, f"desk://{name}")
        self.image = image
        self.orders: list[Order] = []

    def open(self) -> None:
        """Nothing to connect."""

    def close(self) -> None:
        """Nothing to disconnect."""

    def submit(self, orders: tuple[Order, ...]) -> None:
        self.orders += orders

    def show(self, **fields: Any) -> None:
        """Replace fields of the image."""
        self.image = self.image._replace(**fields)

    def report(self, progress: Progress, cause: str = "", number: int | None = None) -> None:
        """Report on an order, by default the last one given."""
        state = OrderState(self.orders[-1].number if number is None else number, progress, cause)
        self.image = with_order(self.image, state)


class Desk:
    """A controller with its wiring, its PLC memory and its trace."""

    def __init__(
        self,
        kind: type[Controller],
        *,
        store: Store | None = None,
        params: Mapping[str, Any] | None = None,
        devices: Mapping[str, type[Device]] | None = None,
        link: type[MemoryLink] = MemoryLink,
    ) -> None:
        self.plc: Any = link("plc")
        self.devices = {
            name: DeskDevice(name, driver.image_type()._replace(good=True, cause=""))
            for name, driver in (devices or {}).items()
        }
        links = {"plc": self.plc, **self.devices}
        self.wiring = Wiring(links, WallClock(), drivers=devices, store=store, params=params)
        self.controller = kind(self.wiring)
        self.trace: list[tuple[int, str, Any]] = []
        self.controller.sinks.append(lambda now, entries: self.trace.extend(entries))
        self.period = ns(kind.period)
        self.now = ORIGIN - self.period

    @property
    def cell(self) -> Any:
        """The controller, for tests that use its own names."""
        return self.controller

    def set(self, tag: Tag[Any], value: Any) -> None:
        """Give a tag that the controller reads a value in the PLC; named by its block or the controller."""
        region, lead = self.slot_of(tag).region, bytes(self.slot_of(tag).block.first)
        area = self.plc.areas[region.area.value, region.number]
        raw = with_value(lead + self.plc.cut(region), tag, value)
        area[region.start : region.start + region.size] = raw[len(lead) :]

    def get(self, tag: Tag[Any]) -> Any:
        """What a tag of the controller holds in the PLC, named by its block or on the controller."""
        slot = self.slot_of(tag)
        return tag.decode(bytes(slot.block.first) + self.plc.cut(slot.region))

    def slot_of(self, tag: Tag[Any]) -> Any:
        """The slot a tag lies in."""
        return next(
            slot
            for slot in self.controller.slots.values()
            if tag in (slot.block.tags.get(tag.name), slot.bound.tags.get(tag.name))
        )

    def scan(self, count: int = 1) -> None:
        """Scan so often."""
        for _ in range(count):
            self.now += self.period
            self.plc.exchange(self.now)
            self.controller.scan(self.now)

    def run(self, seconds: float) -> None:
        """Scan for so long."""
        self.scan(round(ns(seconds) / self.period))

    def until(self, condition: Callable[[], bool], within: float = 5.0) -> None:
        """Scan until a condition holds."""
        limit = self.now + ns(within)
        while not condition():
            assert self.now < limit, f"not within {within} s: {self.situation()}"
            self.scan()

    def situation(self) -> str:
        """What the controller waits for, for failing tests."""
        return self.controller.waiting_for() if isinstance(self.controller, Cell) else repr(self.trace[-5:])

    def ask(self, command: Command) -> None:
        """Give a command from outside and let it act."""
        self.cell.ask(command, "by the test")
        self.scan()

    def until_state(self, state: State, within: float = 5.0) -> None:
        """Scan until the cell is in a state."""
        self.until(lambda: self.cell.state is state, within)

    def produce(self) -> None:
        """Bring the cell from STOPPED to EXECUTE."""
        self.scan()
        self.ask(Command.RESET)
        self.until_state(State.IDLE)
        self.ask(Command.START)
        self.until_state(State.EXECUTE)

    def states(self) -> list[str]:
        """The PackML states entered so far."""
        return [value for _, name, value in self.trace if name == "state"]

    def entries(self, name: str) -> list[Any]:
        """The values of one name in the trace so far."""
        return [value for _, known, value in self.trace if known == name]
