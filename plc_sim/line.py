"""The virtual wire: a driver's session and a device's endpoint with the time their bytes take between them.

Both are stepped at the exact instants: a request is answered when its last byte has arrived, an answer is
read when its last byte has. What concerns nobody but the line is left out of the twin's time in two ways, and
made up for as soon as anything looks. While only status requests lie ahead and nothing at the device has
changed since the last of them, they are not made but counted: the line catches up in closed form, to the poll
on the wire. Where the next instants change only what the two ends keep to themselves, the line goes ahead of
the twin, and back if something else comes first.
"""

from __future__ import annotations

from collections.abc import Callable
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
    """Bytes on the wire: when the last of them arrives and when the first was sent (ns), and whether they go
    to the device or come from it.
    """

    arrival: int
    sent: int
    data: bytes
    outward: bool


EMPTY = Flight(NEVER, NEVER, b"", outward=False)
"""Nothing is on the wire."""


class Foreseen(NamedTuple):
    """A status request answered ahead of its arrival (ns), and the version of the device that it told."""

    arrival: int
    answer: bytes
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
    afterwards. Half duplex: a request or its answer is on the wire.
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
        self.flight = EMPTY
        self.answered: Any = None
        """The version of the device that the last answer told."""
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
        self.connected, self.flight = False, EMPTY
        self.session.disconnect(cause)
        self.plan()

    def mend(self, now: int) -> None:
        """The cable is back."""
        self.time, self.connected, self.answered = now, True, None
        self.session.connect(now)
        self.plan()

    def silence(self, now: int) -> None:
        """The device lost power: answers it has not begun to send are never sent."""
        if not self.flight.outward and self.flight.sent > now:
            self.flight = EMPTY
        self.plan()

    # at its instants

    def plan(self) -> None:
        """Find the next instant at which this line concerns anything else."""
        self.next = self.soonest()
        if self.skipping:
            self.go_ahead()

    def soonest(self) -> int:
        """The next instant at which something happens on this line."""
        session, due = self.session, self.flight.arrival
        if session.awaited is not None:
            due = min(due, session.limit)
        elif not (session.steady and self.quiet):
            due = min(due, session.due())
        return max(min(due, self.endpoint.wakes()), self.time)

    @property
    def quiet(self) -> bool:
        """All status requests to come would be answered as the last was."""
        return (
            self.skipping
            and self.flight is EMPTY
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
            self.happen()
            self.next = self.soonest()
        if self.time < now:
            self.time = now

    def happen(self) -> None:
        """What happens at the next instant: something arrives at either end, or an end acts by itself."""
        now, flight = self.next, self.flight
        self.time = now
        if flight.arrival <= now:
            self.flight = EMPTY
            if flight.outward:
                self.hear(flight.data, now)
            else:
                self.converse(now, flight.data)
        elif self.endpoint.wakes() <= now:
            self.endpoint.wake(now)
        else:
            self.converse(now, b"")

    def converse(self, now: int, received: bytes) -> None:
        """Step the session, and put what it asks on the wire."""
        data = self.session.step(now, received)
        if data and self.connected:
            self.flight = Flight(now + len(data) * self.byte_time, now, data, outward=True)

    def hear(self, data: bytes, now: int) -> None:
        """Let the device take a request; one of the past is answered as foreseen, since the device has changed."""
        foreseen = self.foreseen
        if foreseen is not None and foreseen.arrival == now < self.clock.now():
            self.reply(foreseen.answer, now + self.endpoint.answer_time)
            self.answered = foreseen.version
            return
        answer = b"".join(self.endpoint.take(data, now))
        if answer:
            self.reply(answer, now + self.endpoint.answer_time)
        self.answered = self.endpoint.version

    def reply(self, data: bytes, sent: int) -> None:
        """Put an answer on the wire."""
        self.exchanges += 1
        self.last_answer = data
        if self.connected:
            arrival = sent + len(data) * self.byte_time + self.lateness(self.exchanges)
            self.flight = Flight(arrival, sent, data, outward=False)

    # ahead of the twin

    def go_ahead(self) -> None:
        """Do what concerns nobody else ahead of its time."""
        session, endpoint, concern = self.session, self.endpoint, Concern.OWN
        wakes, image = endpoint.wakes(), session.image
        while self.next < wakes:
            if self.next != self.flight.arrival:
                alone = session.free
            elif self.flight.outward:
                concern = endpoint.concern(self.flight.data)
                alone = concern is not Concern.PLANT
            else:
                alone = session.goes_on
            if not alone:
                return
            if self.kept is None:
                self.keep()
            self.happen()
            if session.image is not image:
                self.go_back_before(self.time)
                return
            if concern is Concern.STATUS:
                self.foreseen = Foreseen(self.time, self.last_answer, self.answered)
                concern = Concern.OWN
            self.next = self.soonest()

    def keep(self) -> None:
        """Keep what the line is before it goes ahead."""
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
            self.happen()
            self.next = self.soonest()

    # what was left out

    def notice(self, now: int) -> None:
        """Something may have changed at the device."""
        if self.kept is None or self.kept.version != self.endpoint.version:
            self.catch_up(now)
            self.plan()

    def catch_up(self, now: int) -> None:
        """Be exactly where the line is at `now`, with the requests that were left out, the last of which may
        still be on the wire; `plan` goes on from there.
        """
        if self.kept is not None and self.time >= now:
            self.go_back(self.kept)
        if self.session.steady and self.skipping and self.connected and self.flight.arrival == NEVER:
            self.count_polls(now)
            self.next = self.soonest()
        self.reach(now)

    def count_polls(self, now: int) -> None:
        """Count the polls whose answers would have arrived by `now`; make the one after them."""
        session = self.session
        request = len(session.poll().data) * self.byte_time
        whole = request + self.endpoint.answer_time + len(self.last_answer) * self.byte_time
        while (sent := session.next_poll) <= now:
            if sent + whole + self.lateness(self.exchanges + 1) > now:
                self.rebuild(sent, sent + request, now)
                return
            count = max(1, (now - sent - whole - LATEST) // session.period)
            session.skip_polls(count)
            self.exchanges += count
            self.skipped += count

    def rebuild(self, sent: int, arrival: int, now: int) -> None:
        """The poll that is on the wire at `now`: its answer is the one before if it was asked for before a
        change.
        """
        self.time = sent
        self.converse(sent, b"")
        if arrival < now and self.answered != self.endpoint.version:
            self.reply(self.last_answer, arrival + self.endpoint.answer_time)


def broken(name: str) -> str:
    """Why a line whose cable is cut is not good."""
    return f"{name}: the line is broken"
