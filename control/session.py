"""A device's conversation, bytes in and bytes out: no port, no thread, no clock of its own.

A real line's owner thread steps a session with what the port received; in virtual time the twin steps the
very same class at the instants the bytes would arrive. One request is on the line at a time; its answer, or
the silence until its limit, decides what follows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from control.errors import ConfigurationError
from control.exchange import (
    IDENTIFY,
    PATIENCE,
    POLL,
    REST,
    RESYNC,
    Answer,
    Exchange,
    Job,
    Kind,
    Line,
    Turn,
    Verb,
)
from control.link import Order, OrderState, Progress, with_order
from control.scan import NEVER, ns

TRIES = 3
"""So many requests in a row without an answer, and the device is given up."""


class Session(ABC):
    """Half-duplex request and answer. A protocol says how frames look and what answers mean.

    Whatever a session keeps is an attribute that is replaced, never changed: a copy of its attributes is a
    snapshot.

    `due` is the next instant (ns) at which `step` must be called even if nothing was received. `polls` counts
    the status polls and `poll_instants` is the sum of the instants they were sent at, both with those that
    were skipped.
    """

    verbs: Mapping[str, Verb]
    request_size = 96
    """The longest request, in bytes."""
    answer_size = 256
    """The longest answer, in bytes."""
    idle_period = 0.1
    busy_period = 0.025
    paused = False
    """What moves was interrupted; until it goes on or ends, orders in turn wait."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.byte_time = ns(line.byte_time)
        self.answer_time = ns(self.answer_size * line.byte_time + line.latency)
        self.patience = self.answer_time + ns(PATIENCE)
        self.idle, self.busy = ns(self.idle_period), ns(self.busy_period)
        self.image: Any = None
        self.queue: tuple[Order, ...] = ()
        self.job: Job | None = None
        self.kept: Job | None = None
        self.tracked: Order | None = None
        self.awaited: Exchange | None = None
        self.limit = NEVER
        self.buffer = b""
        self.connected = False
        self.identified = False
        self.silence = 0
        self.strays = 0
        self.mistake = ""
        self.next_poll = NEVER
        self.polls = 0
        self.poll_instants = 0
        self.last_status: bytes | None = None
        """The status that the image shows; None if the next one is to be read whatever it says."""
        self.poll_job = Job(POLL, (self.poll(),))
        self.check_poll_rate()

    def check_poll_rate(self) -> None:
        """Refuse a poll period that the line cannot carry."""
        floor = (len(self.poll().data) + self.poll_size) * self.line.byte_time
        if floor >= self.busy_period:
            raise ConfigurationError(
                f"{type(self).__name__}: a status poll takes {floor * 1e3:.1f} ms on this line at least; "
                f"wanted one every {self.busy_period * 1e3:.0f} ms. Raise the baud rate or the poll period"
            )

    # what a protocol fills in

    poll_size = 0
    """Bytes of a usual status answer."""
    cut: ClassVar[staticmethod[[bytes], tuple[bytes | None, bytes]]]
    """The first whole frame in what was received, if there is one, and the rest."""
    read: ClassVar[staticmethod[[str, bytes], Answer | None]]
    """A frame as an answer with data of this pattern; None if it can be none."""

    @abstractmethod
    def poll(self) -> Exchange:
        """The status request; pure: asking changes nothing at the device."""

    @abstractmethod
    def identify(self) -> Exchange:
        """The first request on a fresh line."""

    @abstractmethod
    def rest(self) -> Exchange:
        """What brings the device to rest: asked of every device that was identified, before anything else,
        since nobody knows what it was doing.
        """

    @abstractmethod
    def recognises(self, answer: Answer) -> bool:
        """Whether the answer to `identify` names this device; what it names instead is kept as `mistake`."""

    @abstractmethod
    def read_status(self, answer: Answer) -> None:
        """Take a status answer into the image."""

    @abstractmethod
    def read_answer(self, job: Job, answer: Answer) -> None:
        """Take the answer to the job's request, which was not refused."""

    def begin(self) -> None:
        """A device was identified: nothing is known of it yet."""
        self.last_status, self.mistake = None, ""

    @abstractmethod
    def track(self, order: Order) -> OrderState:
        """How far a tracked order is, by the newest status."""

    # what its owner calls

    def connect(self, now: int) -> None:
        """The line is up."""
        self.connected, self.identified = True, False
        self.buffer, self.awaited, self.job, self.limit, self.silence = b"", None, None, NEVER, 0
        self.next_poll = now
        self.last_status = None

    def disconnect(self, cause: str) -> None:
        """The line is down: whatever was under way is unknown."""
        self.connected = self.identified = False
        self.next_poll = self.limit = NEVER
        self.awaited, self.buffer, self.last_status = None, b"", None
        self.fail_all(cause)
        self.image = self.image._replace(good=False, cause=cause)

    def submit(self, orders: tuple[Order, ...]) -> None:
        """Take orders of a committed scan."""
        for order in orders:
            if not self.identified:
                self.end(order, Progress.REFUSED, self.image.cause)
            elif self.verbs[order.verb].turn is Turn.FIRST:
                self.abort_waiting(f"by {order.verb}")
                self.queue = (order, *self.queue)
            else:
                self.queue = (*self.queue, order)

    def due(self) -> int:
        """When `step` must be called next, in ns."""
        if self.limit != NEVER:
            return self.limit
        ready = self.job is not None or (self.queue and self.startable() is not None)
        return 0 if ready else self.next_poll

    def step(self, now: int, received: bytes) -> bytes:
        """Take what was received; the bytes to send at `now`."""
        if received:
            frame, self.buffer = self.cut(self.buffer + received)
            while frame is not None:
                self.take(frame, now)
                if not self.buffer:
                    break
                frame, self.buffer = self.cut(self.buffer)
        if self.limit != NEVER and self.waits(now):
            return b""
        job = self.job
        if job is None:
            if not self.queue and now < self.next_poll:
                return b""
            job = self.job = self.next_job(now)
            if job is None:
                return b""
        request = self.awaited = job.requests[job.answered]
        self.limit = now + len(request.data) * self.byte_time + self.patience
        return request.data

    # how it goes on

    def waits(self, now: int) -> bool:
        """Whether an answer may still come, in time or to be let pass."""
        if now < self.limit:
            return True
        if self.awaited is not None:
            self.miss(now)
            return True
        self.limit, self.buffer = NEVER, b""
        self.job = Job(RESYNC, (self.poll(),)) if self.identified else None
        self.next_poll = now
        return False

    def next_job(self, now: int) -> Job | None:
        """What to do when the line is free: an order, or, when it is time, identify or poll."""
        queue = self.queue
        order = self.startable() if queue else None
        if order is not None:
            first = queue.index(order)
            self.queue = queue[:first] + queue[first + 1 :]
            self.image = with_order(self.image, OrderState(order.number, Progress.ACTIVE))
            return Job(order, self.verbs[order.verb].requests(self, *order.arguments))
        if now < self.next_poll:
            return None
        if not self.identified:
            return Job(IDENTIFY, (self.identify(),))
        self.next_poll = now + (self.idle if self.tracked is None else self.busy)
        self.polls += 1
        self.poll_instants += now
        return self.poll_job

    @property
    def period(self) -> int:
        """The present poll period, in ns."""
        return self.idle if self.tracked is None else self.busy

    def startable(self) -> Order | None:
        """The order that may start now."""
        for order in self.queue:
            if self.verbs[order.verb].turn is not Turn.IN_TURN:
                return order
        return self.queue[0] if self.queue and self.tracked is None and not self.paused else None

    def take(self, frame: bytes, now: int) -> None:
        """A whole frame came in; one that answers nothing asked for is dropped and the wait goes on."""
        job, request = self.job, self.awaited
        answer = None if request is None else self.read(request.answer, frame)
        if job is None or answer is None or not ((order := job.order).number or self.expects(job, answer)):
            self.strays += 1
            return
        self.job = self.awaited = None
        self.limit, self.silence = NEVER, 0
        if order.number:
            self.answer(job, answer, now)
        elif order is IDENTIFY:
            self.job = Job(REST, (self.rest(),))
        elif order is REST:
            self.identified = True
            self.begin()
            self.next_poll = now
        else:
            self.take_status(frame, answer, now)

    def expects(self, job: Job, answer: Answer) -> bool:
        """Whether this can be the answer to a request that is no order's: none of them is refused."""
        return not answer.refusal and (job.order is not IDENTIFY or self.recognises(answer))

    def take_status(self, frame: bytes, answer: Answer, now: int) -> None:
        """A status came: the tracked order may have ended."""
        if frame != self.last_status:
            self.last_status = frame
            self.read_status(answer)
        self.job, self.kept = self.kept, None
        if self.tracked is not None:
            state = self.track(self.tracked)
            if state.progress.ended:
                self.tracked, self.next_poll = None, now + self.idle
                self.image = with_order(self.image, state)

    def answer(self, job: Job, answer: Answer, now: int) -> None:
        """An order's request was answered."""
        order = job.order
        if answer.refusal:
            request = job.requests[job.answered].data
            self.end(order, Progress.REFUSED, f"{answer.refusal} to {request!r}")
            return
        self.read_answer(job, answer)
        if job.ended:
            self.end(order, Progress.ABORTED, job.ended)
        elif job.answered + 1 < len(job.requests):
            self.job = Job(order, job.requests, job.answered + 1)
        elif self.verbs[order.verb].tracked:
            self.tracked, self.last_status, self.next_poll = order, None, now + self.busy
        else:
            self.end(order, Progress.DONE)

    def miss(self, now: int) -> None:
        """No answer came in time: let a late one pass, then find the beat again with a status request."""
        job, self.job, self.awaited, self.buffer = self.job, None, None, b""
        self.last_status = None
        assert job is not None
        request = job.requests[job.answered]
        cause = f"no answer to {request.data!r}"
        self.silence += 1
        self.limit = now + self.answer_time
        if job.ended:
            self.end(job.order, Progress.ABORTED, job.ended)
        elif job.order.number and (request.kind is Kind.MOTION or job.repeated):
            self.end(job.order, Progress.UNKNOWN, cause)
        elif job.order.number:
            self.kept = job._replace(repeated=True)
        if self.silence >= TRIES:
            self.fail_all(cause)
            self.identified = False
            cause = self.mistake or f"{cause}, {self.silence} times in a row"
            self.image = self.image._replace(good=False, cause=cause)

    @property
    def silence_time(self) -> float:
        """How long (s) at most from a device's last answer until it is given up: the poll period, the wait
        for each of the `TRIES` requests, and the time a late answer is let pass after all but the last.
        """
        answer = self.answer_size * self.line.byte_time + self.line.latency
        requests = self.request_size + (TRIES - 1) * len(self.poll().data)
        waits = requests * self.line.byte_time + TRIES * (answer + PATIENCE)
        return max(self.idle_period, self.busy_period) + waits + (TRIES - 1) * answer

    @property
    def exchange_time(self) -> float:
        """How long (s) at most one request and its answer are on the line, the device's own time left out."""
        return (self.request_size + self.answer_size) * self.line.byte_time + self.line.latency

    def fail_all(self, cause: str) -> None:
        """Nothing more can be told of the orders under way; those that wait are refused."""
        jobs = [job.order for job in (self.job, self.kept) if job is not None]
        for order in (self.tracked, *jobs):
            if order is not None and order.number:
                self.end(order, Progress.UNKNOWN, cause)
        for order in self.queue:
            self.end(order, Progress.REFUSED, cause)
        self.queue, self.job, self.kept, self.tracked = (), None, None, None

    def abort_waiting(self, cause: str) -> None:
        """End all orders that have not been sent, and what has not been sent of the one under way."""
        for order in (*self.queue, *((self.kept.order,) if self.kept is not None else ())):
            self.end(order, Progress.ABORTED, cause)
        self.queue, self.kept, job = (), None, self.job
        if job is not None and job.order.number and job.answered + 1 < len(job.requests):
            self.job = job._replace(requests=job.requests[: job.answered + 1], ended=cause)

    def end(self, order: Order, progress: Progress, cause: str = "") -> None:
        """Note the end of an order in the image."""
        self.image = with_order(self.image, OrderState(order.number, progress, cause))

    # what concerns nobody but the line

    @property
    def steady(self) -> bool:
        """Only pure polls lie ahead, and the status that comes again changes nothing."""
        free = self.job is None and self.last_status is not None
        return free and not (self.queue and self.startable())

    def skip_polls(self, count: int) -> None:
        """Count `count` polls as made: each would have brought `last_status` again."""
        first, period = self.next_poll, self.period
        self.next_poll = first + count * period
        self.polls += count
        self.poll_instants += count * first + period * (count * (count - 1) // 2)
