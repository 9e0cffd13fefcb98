"""The virtual wire: a driver's session and a device's endpoint with the time their bytes take between them.

Both are stepped at the exact instants: a request is answered when its last byte has arrived, an answer is
read when its last byte has. What concerns nobody but the line is left out of the twin's time in two ways, and
made up for as soon as anything looks. While only status requests lie ahead and nothing at the device has
changed since the last of them, they are not made but counted: the line catches up in closed form, to the poll
on the wire. Up to the next image, and as long as the device is only asked or prepared, what happens is kept
between the two ends: the line goes ahead of the twin, and back if something else comes first. The new image
is shown when its instant has come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from control.clock import Clock
from control.link import DeviceLink, Order
from control.scan import NEVER, ns
from control.session import Session
from plc_sim.endpoint import Endpoint

Lateness = Callable[[int], int]
"""The extra time (ns) an answer takes, by the number of the exchange."""

LATEST = ns(0.003)
"""An answer is late by less than this, in ns."""


Foreseen = tuple[int, bytes, Any]
"""An instant (ns), what answers a status request that arrives then, and the device version it tells."""


Kept = tuple[dict[str, Any], ...]
"""What a line, its session and its endpoint were before the line went ahead of the twin."""


class VirtualLine(DeviceLink):
    """One device link in virtual time.

    The twin calls `step` when `next` has come, `catch_up` before anything else touches the device, `plan`
    afterwards, and `notice` when the plant may have changed it. Half duplex: a request (`outward`) or an
    answer is on the wire until `arrival`, the instant (ns) of its last byte.
    """

    image: Any
    """What the device last said, at the instant the twin has reached."""
    kept: Kept | None = None
    foreseen: Foreseen | None = None
    reads = -1
    """The bits of what the controller waits for."""
    coming = 0
    """The bits in which the image at `time`, ahead of the twin, differs from the one shown."""
    after = NEVER
    """The next instant when that image has been shown."""
    ordered = 0
    """The bits of what the orders of the last scan have changed in the image."""
    arrival = NEVER
    data = b""
    outward = False

    def __init__(
        self, name: str, session: Session, endpoint: Endpoint, lateness: Lateness, clock: Clock
    ) -> None:
        super().__init__(name, f"twin://{name}")
        self.session, self.endpoint, self.lateness, self.clock = session, endpoint, lateness, clock
        self.byte_time = ns(session.line.byte_time)
        self.poll = session.poll().data
        self.poll_time = len(self.poll) * self.byte_time
        usual = self.poll_time + endpoint.answer_time + session.poll_size * self.byte_time
        self.skipping = usual + LATEST < session.busy
        """Whether polls are left out or made ahead: only where each is answered before the next is due."""
        self.time = self.next = clock.now()
        self.exchanges = self.skipped = 0
        self.version = self.answered = endpoint.version
        """Of the device: the version it has, and the one the last status told."""
        self.last_status = b""
        self.image = session.image
        session.connect(self.time)

    @property
    def connected(self) -> bool:
        """Whether the cable is whole."""
        return self.session.connected

    def open(self) -> None:
        """The line is there from the start."""

    def close(self) -> None:
        """Nothing to disconnect."""

    def submit(self, orders: tuple[Order, ...]) -> None:
        now, image = self.clock.now(), self.image
        self.catch_up(now)
        self.session.submit(orders)
        self.converse(b"", now)
        self.go_ahead()
        self.ordered |= self.changed(image, self.image)

    def cut(self, now: int, cause: str) -> None:
        """The cable is pulled: what is on the wire is lost."""
        self.catch_up(now)
        self.arrival = NEVER
        self.session.disconnect(cause)
        self.image, self.next = self.session.image, self.soonest()

    def mend(self, now: int) -> None:
        """The cable is back."""
        self.time = now
        self.session.connect(now)
        self.next = self.soonest()

    def silence(self, now: int) -> None:
        """The device lost power: an answer it has not begun to send is never sent."""
        whole = len(self.data) * self.byte_time + self.lateness(self.exchanges)
        if not self.outward and self.arrival - whole > now:
            self.arrival = NEVER

    # at its instants

    def plan(self) -> None:
        """Find the next instant at which this line concerns anything else; the device may have changed."""
        if self.kept is not None:
            self.go_back(self.kept)
        self.version, self.foreseen = self.endpoint.version, None
        self.next = self.soonest()
        self.go_ahead()

    def step(self, now: int) -> None:
        """Do everything that happens up to `now`."""
        self.settle()
        self.reach(now)
        self.go_ahead()

    def heed(self, reads: int) -> bool:
        """The controller waits for what has these bits; whether its last orders have already changed some of
        it. A new image without them is not news to it.
        """
        self.reads = reads
        if self.coming:
            self.next = self.time if self.coming & reads else self.after
        if not self.ordered:
            return False
        ordered, self.ordered = self.ordered, 0
        return ordered & reads != 0

    def reach(self, until: int) -> None:
        """Do everything that happens up to `until`, and nothing ahead of it: something arrives at either end,
        or an end acts by itself.
        """
        while (now := self.next) <= until:
            if self.arrival <= now:
                if self.outward:
                    self.hear(now)
                else:
                    self.converse(self.data, now)
            elif self.endpoint.wakes <= now:
                self.endpoint.wake(now)
                self.time, self.version = now, self.endpoint.version
                self.next = self.soonest()
            else:
                self.converse(b"", now)
        if self.time < until:
            self.time = until

    def soonest(self) -> int:
        """The next instant at which something happens on this line; none while all that lies ahead are status
        requests that would be answered as the last was.
        """
        due, session, wakes = self.arrival, self.session, self.endpoint.wakes
        if session.limit < due:
            due = session.limit
        elif due == NEVER:
            if wakes == NEVER and self.answered == self.version and self.skipping and session.steady:
                return NEVER
            due = session.due()
            if due < self.time:
                due = self.time
        return due if due < wakes else wakes

    def converse(self, received: bytes, now: int) -> None:
        """Step the session, and put what it asks on the wire."""
        self.time = now
        data = self.session.step(now, received)
        if data:
            self.data, self.outward = data, True
            self.arrival = due = now + len(data) * self.byte_time
            if due < self.endpoint.wakes:
                self.next = due
                return
        elif received:
            self.arrival = NEVER
        self.next = self.soonest()

    def hear(self, now: int) -> None:
        """Let the device take a request and put its answer on the wire."""
        self.time, endpoint, data = now, self.endpoint, self.data
        if data == self.poll:
            answer = self.status(now)
        else:
            answer = endpoint.take(data, now)
            if self.kept is None:  # what is heard ahead changes nothing
                self.version = endpoint.version
        if answer:
            self.exchanges = exchanges = self.exchanges + 1
            self.data, self.outward = answer, False
            whole = endpoint.answer_time + len(answer) * self.byte_time
            self.arrival = due = now + whole + self.lateness(exchanges)
            if self.session.limit > due < endpoint.wakes:
                self.next = due
                return
        else:
            self.arrival = NEVER
        self.next = self.soonest()

    def status(self, now: int) -> bytes:
        """What the device answers to a status request; one of the past is answered as foreseen, since the
        device has changed.
        """
        foreseen = self.foreseen
        if foreseen is None or foreseen[0] != now or now >= self.clock.now():
            foreseen = self.foreseen = now, self.endpoint.take(self.poll, now), self.version
        _, self.last_status, self.answered = foreseen
        return self.last_status

    # ahead of the twin

    def go_ahead(self) -> None:
        """Show the image as it is; do what concerns nobody else ahead of its time, up to a new image."""
        session, endpoint = self.session, self.endpoint
        self.image = image = session.image
        wakes = endpoint.wakes if self.skipping else 0
        while (now := self.next) < wakes:
            received = b""
            if now == self.arrival:
                received = self.data
                if self.outward:
                    if received != self.poll and not endpoint.prepares(received):
                        return
                    if self.kept is None:
                        self.keep()
                    self.hear(now)
                    continue
            elif session.limit != NEVER:
                return
            if self.kept is None:
                self.keep()
            self.converse(received, now)
            if session.image is not image:
                self.coming = self.changed(image, session.image) or -1  # an equal one concerns anybody
                self.after = self.next
                self.heed(self.reads)
                return

    def keep(self) -> None:
        """Keep what the line is before it goes ahead."""
        self.kept = vars(self).copy(), vars(self.session).copy(), vars(self.endpoint).copy()

    def go_back(self, kept: Kept) -> None:
        """Be where the line was before it went ahead; what it has foreseen stays so, and what it was told
        since.
        """
        since = self.foreseen, self.reads, self.ordered
        for part, was in zip((self, self.session, self.endpoint), kept, strict=True):
            vars(part).update(was)
        self.foreseen, self.reads, self.ordered = since

    # what was left out

    def notice(self, now: int) -> None:
        """The device may have changed by itself: what was asked before is answered as before."""
        if self.endpoint.version == self.version:
            return
        self.return_to(now)
        if self.resting and self.answered == self.version:
            self.count_heard(now)
        else:
            self.reach(now)
        self.plan()

    def catch_up(self, now: int) -> None:
        """Be exactly where the line is at `now`, with the requests that were left out, the last of which may
        still be on the wire; `plan` goes on from there.
        """
        self.return_to(now)
        due = self.time > now or (self.session.next_poll <= now and self.answered == self.version)
        if due and self.resting:
            self.count_answered(now)
        self.reach(now)

    def return_to(self, now: int) -> None:
        """Be where the line was before it went ahead, unless all it did ahead has happened."""
        if self.kept is not None and self.time >= now:
            self.go_back(self.kept)
        self.settle()

    def settle(self) -> None:
        """All that was done ahead has happened: its image is shown."""
        self.kept = None
        if self.coming:
            self.coming, self.next, self.image = 0, self.after, self.session.image

    @property
    def resting(self) -> bool:
        """Nothing is on the wire, and polls may be left out."""
        return self.arrival == NEVER and self.skipping and self.session.steady

    def count_heard(self, now: int) -> None:
        """Count the polls that reached the device before `now`; the last answer may still be on the wire."""
        session, period = self.session, self.session.period
        count = (now - 1 - session.next_poll - self.poll_time) // period + 1
        if count > 0:
            self.leave_out(count)
            self.time = session.next_poll - period + self.poll_whole() + LATEST

    def count_answered(self, now: int) -> None:
        """Count the polls whose answers have arrived by `now`; the next may be on the wire."""
        session, period, whole = self.session, self.session.period, self.poll_whole()
        count = (now - session.next_poll - whole) // period + 1
        last = session.next_poll + (count - 1) * period + whole
        if last + self.lateness(self.exchanges + count) > now:
            count -= 1
        if count > 0 or self.time > now:
            self.leave_out(count)
        if session.next_poll <= now:
            self.next = session.next_poll
            self.foreseen = self.next + self.poll_time, self.last_status, self.answered

    def poll_whole(self) -> int:
        """What a poll and the answer that is left out take, in ns; the answer's lateness comes on top."""
        return self.poll_time + self.endpoint.answer_time + len(self.last_status) * self.byte_time

    def leave_out(self, count: int) -> None:
        """Count so many polls as made, or the last one as not yet made (-1)."""
        self.session.skip_polls(count)
        self.exchanges += count
        self.skipped += count


def broken(name: str) -> str:
    """Why a line whose cable is cut is not good."""
    return f"{name}: the line is broken"
