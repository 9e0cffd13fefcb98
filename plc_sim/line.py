"""The virtual wire: a driver's session and a device's endpoint with the time their bytes take between them.

Both are stepped at the exact instants: a request is answered when its last byte has arrived, an answer is
read when its last byte has. What concerns nobody but the line is left out of the twin's time in two ways, and
made up for as soon as anything looks. While only status requests lie ahead and nothing at the device has
changed since the last of them, they are not made but counted: the line catches up in closed form, to the poll
on the wire. Where the next instants change only what the two ends keep to themselves, the line goes ahead of
the twin, and back if something else comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from control.clock import Clock
from control.link import DeviceLink, Order
from control.scan import NEVER, ns
from control.session import Session
from plc_sim.endpoint import Concern, Endpoint

Lateness = Callable[[int], int]
"""The extra time (ns) an answer takes, by the number of the exchange."""

LATEST = ns(0.003)
"""An answer is late by less than this, in ns."""


class Flight(NamedTuple):
    """Bytes on the wire: when the last of them arrives, and when the first was sent (ns)."""

    arrival: int
    sent: int
    data: bytes


class Foreseen(NamedTuple):
    """A status request answered ahead of its arrival (ns), and the version of the device that it told."""

    arrival: int
    answers: Iterable[bytes]
    version: Any


class Kept(NamedTuple):
    """What a line, its session and its endpoint were before it went ahead of the twin, and the version of the
    device then.
    """

    line: dict[str, Any]
    session: dict[str, Any]
    endpoint: dict[str, Any]
    version: Any


class VirtualLine(DeviceLink):
    """One device link in virtual time.

    The twin calls `step` when `next` has come, `catch_up` before anything else touches the device, and `plan`
    afterwards.
    """

    kept: Kept | None = None
    foreseen: Foreseen | None = None

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
        self.next = self.soonest()
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
        """Find the next instant at which this line concerns anything else."""
        self.next = self.soonest()
        if self.skipping:
            self.go_ahead()

    def soonest(self) -> int:
        """The next instant at which something happens on this line."""
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
        return due if due > self.time else self.time

    # ahead of the twin

    def go_ahead(self) -> None:
        """Do what concerns nobody else ahead of its time."""
        wakes = self.endpoint.wakes()
        while self.next < wakes:
            if self.to_device:
                going = self.answer_ahead(self.to_device[0])
            elif self.to_driver:
                going = self.hear_ahead(self.to_driver[0])
            else:
                going = self.session.free and self.converse_ahead(self.next, b"")
            if not going:
                return

    def answer_ahead(self, flight: Flight) -> bool:
        """Let the device take a request that concerns nobody else."""
        if flight.arrival != self.next or len(self.to_device) > 1 or self.to_driver:
            return False
        concern = self.endpoint.concern(flight.data)
        if concern is Concern.PLANT:
            return False
        self.keep()
        self.time, self.to_device = flight.arrival, ()
        answers = self.endpoint.take(flight.data, flight.arrival)
        self.answered = self.endpoint.version
        if concern is Concern.STATUS:
            self.foreseen = Foreseen(flight.arrival, answers, self.answered)
        for answer in answers:
            self.reply(answer, flight.arrival + self.endpoint.answer_time)
        self.next = min(self.asks, self.to_driver[0].arrival) if self.to_driver else self.asks
        return True

    def hear_ahead(self, flight: Flight) -> bool:
        """Let the driver take an answer that only leads it on."""
        if flight.arrival != self.next or len(self.to_driver) > 1 or not self.session.goes_on:
            return False
        self.keep()
        self.to_driver = ()
        return self.converse_ahead(flight.arrival, flight.data)

    def converse_ahead(self, now: int, received: bytes) -> bool:
        """Step the session; not if that shows in its image."""
        self.keep()
        session, self.time = self.session, now
        image, data = session.image, session.step(now, received)
        if session.image is not image:
            self.go_back_before(now)
            return False
        if data:
            self.send(data)
            self.asks = session.limit
            self.next = min(self.asks, self.to_device[0].arrival)
        else:
            self.next = self.soonest()
        return True

    def keep(self) -> None:
        """Keep what the line is before it goes ahead."""
        if self.kept is None:
            line, session, endpoint = vars(self).copy(), vars(self.session).copy(), vars(self.endpoint).copy()
            self.kept = Kept(line, session, endpoint, self.endpoint.version)

    def go_back(self, kept: Kept) -> None:
        """Be where the line was before it went ahead; what it has foreseen stays so."""
        foreseen = self.foreseen
        vars(self).update(kept.line)
        vars(self.session).update(kept.session)
        vars(self.endpoint).update(kept.endpoint)
        self.foreseen = foreseen

    def go_back_before(self, instant: int) -> None:
        """Be just before an instant that was reached ahead of its time; the line stays ahead of the twin."""
        kept = self.kept
        assert kept is not None
        self.go_back(kept)
        self.kept = kept
        while self.next < instant:
            self.advance(self.next)
            self.next = self.soonest()

    def notice(self, now: int) -> None:
        """Something may have changed at the device."""
        if self.kept is None or self.kept.version != self.endpoint.version:
            self.catch_up(now)
            self.plan()

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
        self.reach(now)
        if self.skipping:
            self.go_ahead()

    def reach(self, now: int) -> None:
        """Do everything that happens up to `now`, and nothing ahead of it."""
        self.kept = None
        while self.next <= now:
            self.advance(self.next)
            self.next = self.soonest()
        if self.time < now:
            self.time = now

    def advance(self, now: int) -> None:
        """One instant: what arrived at either end, and what they send."""
        self.time = now
        if self.to_device and self.to_device[0].arrival <= now:
            arrived, self.to_device = split(self.to_device, now)
            for answer in self.heard(arrived, now):
                self.reply(answer, now + self.endpoint.answer_time)
        if self.endpoint.wakes() <= now:
            self.endpoint.wake(now)
        received = b""
        if self.to_driver and self.to_driver[0].arrival <= now:
            received, self.to_driver = split(self.to_driver, now)
        if received or self.asks <= now:
            self.send(self.session.step(now, received))

    def send(self, data: bytes) -> None:
        """Put a request on the wire, if there is one."""
        if data and self.connected:
            now = self.time
            self.to_device = (*self.to_device, Flight(now + len(data) * self.byte_time, now, data))

    def heard(self, data: bytes, now: int) -> Iterable[bytes]:
        """The device's answers to what has arrived; as foreseen where it has changed since."""
        foreseen = self.foreseen
        if foreseen is not None and foreseen.arrival == now and now != self.clock.now():
            self.answered = foreseen.version
            return foreseen.answers
        answers = self.endpoint.take(data, now)
        self.answered = self.endpoint.version
        return answers

    def reply(self, data: bytes, sent: int) -> None:
        """Put an answer on the wire."""
        self.exchanges += 1
        self.last_answer = data
        if self.connected:
            arrival = sent + len(data) * self.byte_time + self.lateness(self.exchanges)
            self.to_driver = (*self.to_driver, Flight(arrival, sent, data))

    def catch_up(self, now: int) -> None:
        """Be exactly where the line is at `now`, with the requests that were left out, the last of which may
        still be on the wire; `plan` goes on from there.
        """
        if self.kept is not None and self.time >= now:
            self.go_back(self.kept)
        if self.skipping and self.connected and not self.to_driver and self.session.steady:
            self.count_polls(now)
            self.next = self.soonest()
        self.reach(now)

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
