"""The virtual wire: a driver's session and a device's endpoint with the time their bytes take between them.

Both are stepped at the exact instants: a request is answered when its last byte has arrived, an answer is
read when its last byte has. While only status requests lie ahead and nothing at the device has changed since
the last of them, they are not made but counted: the line catches up in closed form, to the poll on the wire,
as soon as anything looks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from control.clock import Clock
from control.link import DeviceLink, Order
from control.scan import NEVER, ns
from control.session import Session
from plc_sim.endpoint import Endpoint

Lateness = Callable[[int], int]
"""The extra time (ns) an answer takes, by the number of the exchange."""

LATEST = ns(0.003)
"""An answer is late by less than this, in ns."""


class Flight(NamedTuple):
    """Bytes on the wire: when the last of them arrives, and when the first was sent (ns)."""

    arrival: int
    sent: int
    data: bytes


class VirtualLine(DeviceLink):
    """One device link in virtual time.

    The twin calls `step` when `next` has come, and `catch_up` before anything else touches the device.
    """

    def __init__(
        self, name: str, session: Session, endpoint: Endpoint, lateness: Lateness, clock: Clock
    ) -> None:
        super().__init__(name, f"twin://{name}")
        self.session, self.endpoint, self.lateness, self.clock = session, endpoint, lateness, clock
        self.byte_time = ns(session.line.byte_time)
        self.connected = self.skipping = True
        self.time = self.next = clock.now()
        self.exchanges = self.skipped = 0
        self.asks = NEVER
        """When the session has something to do, in ns."""
        self.to_device: tuple[Flight, ...] = ()
        self.to_driver: tuple[Flight, ...] = ()
        self.answered: Any = None
        self.last_answer = b""
        session.connect(self.time)

    @property
    def image(self) -> Any:
        """What the device last said."""
        return self.session.image

    def open(self) -> None:
        """The line is there from the start."""

    def close(self) -> None:
        """Nothing to disconnect."""

    def submit(self, orders: tuple[Order, ...]) -> None:
        now = self.clock.now()
        self.catch_up(now)
        self.session.submit(orders)
        self.plan()
        self.step(now)

    def cut(self, now: int, cause: str) -> None:
        """The cable is pulled: what is on the wire is lost."""
        self.catch_up(now)
        self.connected = False
        self.to_device = self.to_driver = ()
        self.session.disconnect(cause)
        self.plan()

    def mend(self, now: int) -> None:
        """The cable is back."""
        self.time, self.connected, self.answered = now, True, None
        self.session.connect(now)
        self.plan()

    def silence(self, now: int) -> None:
        """The device lost power: answers it has not begun to send are never sent."""
        self.to_driver = tuple(flight for flight in self.to_driver if flight.sent <= now)
        self.plan()

    def plan(self) -> None:
        """Find the next instant at which something happens on this line."""
        session, due = self.session, self.endpoint.wakes()
        if session.awaited is not None:
            self.asks = session.limit
        else:
            self.asks = NEVER if self.quiet else session.due()
        if self.asks < due:
            due = self.asks
        if self.to_device and self.to_device[0].arrival < due:
            due = self.to_device[0].arrival
        if self.to_driver and self.to_driver[0].arrival < due:
            due = self.to_driver[0].arrival
        self.next = due if due > self.time else self.time

    @property
    def quiet(self) -> bool:
        """Only status requests lie ahead and they would all be answered as the last was."""
        return (
            self.skipping
            and not self.to_driver
            and self.session.steady
            and self.answered == self.endpoint.version
            and self.endpoint.wakes() == NEVER
        )

    def step(self, now: int) -> None:
        """Do everything that happens up to `now`."""
        while self.next <= now:
            self.advance(self.next)
            self.plan()
        if self.time < now:
            self.time = now

    def advance(self, now: int) -> None:
        """One instant: what arrived at either end, and what they send."""
        self.time = now
        if self.to_device and self.to_device[0].arrival <= now:
            arrived, self.to_device = split(self.to_device, now)
            for answer in self.endpoint.take(arrived, now):
                self.reply(answer, now + self.endpoint.answer_time)
            self.answered = self.endpoint.version
        if self.endpoint.wakes() <= now:
            self.endpoint.wake(now)
        received = b""
        if self.to_driver and self.to_driver[0].arrival <= now:
            received, self.to_driver = split(self.to_driver, now)
        if received or self.asks <= now:
            data = self.session.step(now, received)
            if data and self.connected:
                self.to_device = (*self.to_device, Flight(now + len(data) * self.byte_time, now, data))

    def reply(self, data: bytes, sent: int) -> None:
        """Put an answer on the wire."""
        self.exchanges += 1
        self.last_answer = data
        if self.connected:
            arrival = sent + len(data) * self.byte_time + self.lateness(self.exchanges)
            self.to_driver = (*self.to_driver, Flight(arrival, sent, data))

    def catch_up(self, now: int) -> None:
        """Make up for the requests that were left out up to `now`, the last of which may still be on the
        wire.
        """
        if self.skipping and self.connected and not self.to_driver and self.session.steady:
            self.count_polls(now)
            self.plan()
        self.step(now)

    def count_polls(self, now: int) -> None:
        """Count the polls whose answers would have arrived by `now`; make the one after them."""
        request = len(self.session.poll().data) * self.byte_time
        whole = request + self.endpoint.answer_time + len(self.last_answer) * self.byte_time
        while (sent := self.session.next_poll) <= now:
            if sent + whole + self.lateness(self.exchanges + 1) > now:
                self.rebuild(sent, sent + request, now)
                return
            count = max(1, (now - sent - whole - LATEST) // self.session.period)
            self.session.skip_polls(count)
            self.exchanges += count
            self.skipped += count

    def rebuild(self, sent: int, arrival: int, now: int) -> None:
        """The poll that is on the wire at `now`: its answer is the one before if it was asked for before a
        change.
        """
        self.time = sent
        data = self.session.step(sent, b"")
        if arrival >= now or self.answered == self.endpoint.version:
            self.to_device = (Flight(arrival, sent, data),)
        else:
            self.reply(self.last_answer, arrival + self.endpoint.answer_time)


def broken(name: str) -> str:
    """Why a line whose cable is cut is not good."""
    return f"{name}: the line is broken"


def split(flights: tuple[Flight, ...], now: int) -> tuple[bytes, tuple[Flight, ...]]:
    """What has arrived at `now`, and what is still on the wire."""
    if len(flights) == 1:
        return flights[0].data, ()
    arrived = b"".join(flight.data for flight in flights if flight.arrival <= now)
    return arrived, tuple(flight for flight in flights if flight.arrival > now)
