"""The session of an S7 link, exchange by exchange. Bytes in, bytes out; time is an argument.

A real link's owner thread steps it against a socket, a twin against the simulated PLC's endpoint, cycle by
cycle. The first exchange of a connection looks whether everything declared is there, the second writes the
safe values, and from then on each reads everything and writes what changed. Any error ends the connection, so
answers can never shift.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Sequence
from enum import Enum

from control.block import Area, Region
from control.errors import ConfigurationError, ProtocolError, UsageError
from control.link import Image, Plan
from control.s7_jobs import (
    Job,
    Layout,
    ReadJob,
    Room,
    WriteJob,
    changed,
    pack,
    read_room,
    without_overlap,
    write_room,
)
from control.scan import ns

FRAME = struct.Struct(">HH7xH")
"""Version, length and job number of a frame."""

MAX_JOBS = 8
"""Jobs in flight to ask for; what the PLC grants is kept to."""


class Phase(Enum):
    """What the next exchange of a connection is for."""

    INSPECT = "see whether every region is there"
    SAFE = "write the safe values"
    RUN = "write what changed"


def word_name(word: Region) -> str:
    """A life word's address as TIA Portal writes it."""
    return f"DB{word.number}.DBW{word.start}" if word.area is Area.DB else f"{word.area.value}W{word.start}"


def _check_word(word: Region | None, owner: str) -> None:
    if word and word.size != 2:
        raise ConfigurationError(f"{owner}: wanted a word (2 bytes), got {word.size} bytes at {word}")


def _writes(plan: Plan, life: Region | None) -> tuple[Region, ...]:
    if life is None:
        return plan.writes
    for region in plan.writes:
        shared = range(max(life.start, region.start), min(life.start + 2, region.start + region.size))
        if life[:2] == region[:2] and len(shared):
            if len(shared) == 2:
                return plan.writes
            raise ConfigurationError(f"life word {word_name(life)}: wanted within {region} or clear of it")
    return (*plan.writes, life)


class Pulse:
    """The PLC's life word: it must have changed since the connection, and again within every `timeout` s."""

    def __init__(self, word: Region, place: slice, timeout: float) -> None:
        self._name, self._place, self._timeout = word_name(word), place, timeout
        self.reset()

    def reset(self) -> None:
        """Forget what was seen, for a new connection."""
        self._seen = b""
        self._since = 0
        self._alive = False

    def judge(self, memory: bytearray, now: int) -> str:
        """Why the PLC must be taken for stopped; empty while it runs."""
        seen = bytes(memory[self._place])
        if seen != self._seen:
            self._alive = bool(self._seen)
            self._seen, self._since = seen, now
        if now - self._since > ns(self._timeout):
            self._alive = False
            return f"PLC does not run (life word {self._name} has not changed for {self._timeout} s)"
        if self._alive:
            return ""
        return f"PLC not yet seen running (life word {self._name} has not changed so far)"


class S7Session:
    """What a link moves, compiled for each connection to the fewest jobs.

    `connect` begins a connection; then, for each exchange, send what `start` returns and what each `receive`
    returns, until not `busy`. ProtocolError (or a missed deadline) ends the connection: call `lose`, then
    connect anew. `put` may be called from another thread; outputs put before a connection was made are never
    sent over it.
    """

    def __init__(
        self,
        name: str,
        plan: Plan,
        *,
        life: Region | None = None,
        plc_life: Region | None = None,
        life_timeout: float = 1.0,
        observe: bool = False,
    ) -> None:
        _check_word(life, f"{name}: life word")
        _check_word(plc_life, f"{name}: the PLC's life word")
        self.name = name
        self.jobs = self.cycles = 0
        self.phase = Phase.INSPECT
        """What the next exchange is for."""
        self._sizes = [region.size for region in plan.writes]
        self._check(plan.safe)
        self._read = (*plan.reads, plc_life) if plc_life else plan.reads
        self._inspected = (*self._read, *plan.writes, *((life,) if life else ()))
        if observe:
            plan, life = plan._replace(writes=(), safe=()), None
        if life:
            self._read = (*self._read, life)
        self._plan, self._observe = plan, observe
        self._writes = _writes(plan, life)
        self._apart = len(self._writes) > len(plan.writes)
        self._layout = Layout(self._inspected)
        self._input, self._output = bytearray(self._layout.size), bytearray(self._layout.size)
        self._written = bytes(self._layout.size)
        self._life = self._layout.place(life) if life else None
        self._life_before, self._anew = b"", False
        self._pulse = Pulse(plc_life, self._layout.place(plc_life), life_timeout) if plc_life else None
        self._read_places = [self._layout.place(region) for region in plan.reads]
        self._put_places = [self._layout.place(region) for region in plan.writes]
        self._orders: deque[tuple[bytes, ...]] = deque(maxlen=1)
        unread = tuple(bytes(region.size) for region in plan.reads)
        self.image = Image(unread, 0, False, f"{name}: not connected")

    def _check(self, data: Sequence[bytes]) -> None:
        if (got := [len(chunk) for chunk in data]) != self._sizes:
            raise UsageError(f"{self.name}: outputs: wanted {self._sizes} bytes per region, got {got}")

    def connect(self, pdu: int, max_jobs: int) -> None:
        """Begin a connection with a negotiated PDU (bytes) and number of jobs in flight."""
        self.pdu, self._max_jobs = pdu, max_jobs
        self.phase = Phase.INSPECT
        self._number = 0
        self._rest = b""
        self._flying: dict[int, Job] = {}
        self._orders.clear()
        self._life_before, self._anew = b"", False
        if self._pulse:
            self._pulse.reset()
        self._inspection = self._read_jobs(self._inspected, read_room(pdu, bridges=False))
        self._reads = self._read_jobs(without_overlap(self._read), read_room(pdu))

    def _read_jobs(self, regions: Sequence[Region], room: Room) -> list[Job]:
        return [ReadJob(items, self._layout) for items in pack(regions, room)]

    def put(self, data: tuple[bytes, ...]) -> None:
        """The outputs of a committed scan; only the latest are written."""
        self._check(data)
        if not self._observe:
            self._orders.append(data)

    def make_safe(self) -> None:
        """Write the safe values in the next exchange, instead of any outputs put so far."""
        self._orders.clear()
        self.phase = Phase.SAFE

    @property
    def busy(self) -> bool:
        """Answers are awaited."""
        return bool(self._flying)

    def start(self, now: int) -> bytes:
        """Begin an exchange: the frames to send at `now` (ns)."""
        self._asked = now
        if self.phase is Phase.INSPECT:
            writes, self._queue, self._window = [], self._inspection, 1
        elif self._orders or self.phase is Phase.SAFE:
            writes = self._write_jobs()
            self._queue, self._window = [*self._reads, *writes], self._max_jobs
        else:
            writes, self._queue, self._window = [], self._reads, self._max_jobs
        self._writing, self._sent = bool(writes), 0
        return self._send(now)

    def _write_jobs(self) -> list[Job]:
        runs = self._safe_runs() if self.phase is Phase.SAFE else self._order_runs()
        items = pack(runs, write_room(self.pdu)) if runs else []
        return [WriteJob(each, self._layout, self._output) for each in items]

    def _safe_runs(self) -> list[Region]:
        self._compose(self._plan.safe)
        return list(self._plan.writes)

    def _order_runs(self) -> list[Region]:
        data = self._orders.pop()
        if self._life:
            self._life_before = bytes(self._output[self._life])
            count = int.from_bytes(self._life_before, "big") + 1
            self._output[self._life] = (count % 0x10000).to_bytes(2, "big")
        self._compose(data)
        places = [(region, self._layout.place(region)) for region in self._writes]
        pairs = [(region, self._written[place], self._output[place]) for region, place in places]
        return [run for region, old, new in pairs if old != new for run in changed(region, old, new)]

    def _compose(self, data: Sequence[bytes]) -> None:
        """Put outputs in their places, around the life word."""
        life = bytes(self._output[self._life]) if self._life else b""
        for place, chunk in zip(self._put_places, data, strict=True):
            self._output[place] = chunk
        if self._life:
            self._output[self._life] = life

    def _send(self, now: int) -> bytes:
        """As many jobs as the window has room for; with none left and none in flight the exchange is done."""
        first = self._sent
        jobs = self._queue[first : first + self._window - len(self._flying)]
        if not jobs:
            if not self._flying:
                self._finish()
            return b""
        self._sent += len(jobs)
        self.jobs += len(jobs)
        frames = []
        for job in jobs:
            self._number = self._number % 0xFFFF + 1
            self._flying[self._number] = job
            frames.append(job.number(self._number))
        return b"".join(frames)

    def receive(self, data: bytes | memoryview, now: int) -> bytes:
        """Bytes that came at `now` (ns); returns what to send next. ProtocolError ends the connection."""
        view = memoryview(self._rest + bytes(data) if self._rest else data)
        at, end = 0, len(view)
        while end - at >= FRAME.size:
            version, length, number = FRAME.unpack_from(view, at)
            if version != 0x0300 or not 19 <= length <= 7 + self.pdu:
                wanted = f"a frame 03 00 of 19 to {7 + self.pdu} bytes"
                raise ProtocolError(f"wanted {wanted}, got {bytes(view[at : at + 4]).hex(' ')}")
            if end - at < length:
                break
            job = self._flying.pop(number, None)
            if job is None:
                raise ProtocolError(f"wanted an answer to job {sorted(self._flying)}, got one to {number}")
            job.accept(view[at : at + length], self._input)
            at += length
        self._rest = b"" if at == end else bytes(view[at:])
        if self._rest and not self._flying:
            raise ProtocolError(f"wanted no more than the answers asked for, got {self._rest.hex(' ')}")
        return self._send(now) if at else b""

    def _finish(self) -> None:
        if self.phase is Phase.INSPECT:
            self._output[:] = self._input
            self.phase = Phase.SAFE
            return
        if self._writing:
            self._written = bytes(self._output)
        self.phase = Phase.RUN
        self.cycles += 1
        cause = self._judge()
        memory = self._input
        data = tuple([bytes(memory[place]) for place in self._read_places])
        self.image = Image(data, self._asked, not cause, cause)

    def _judge(self) -> str:
        cause = self._forgotten() or (self._pulse.judge(self._input, self._asked) if self._pulse else "")
        return f"{self.name}: {cause}" if cause else ""

    def _forgotten(self) -> str:
        """Why what was written must be taken for lost; it is then written anew, the safe values first.

        The connection outlives a restart of the PLC, which gives its blocks their start values.
        """
        place = self._life
        if place is None:
            return ""
        read, written = bytes(self._input[place]), bytes(self._output[place])
        if self._anew:
            self._anew = False
            if self._apart:
                self._output[place] = read
                self._written = bytes(self._output)
            self._life_before = bytes(self._output[place])
        elif read not in (written, self._life_before):
            self._orders.clear()
            self.phase, self._anew = Phase.SAFE, True
            what = f"life word: wanted {int.from_bytes(written, 'big')}, got {int.from_bytes(read, 'big')}"
            return f"the PLC has restarted, or another client writes there ({what})"
        return ""  # it was read before this exchange's write, or after it if the PLC changes the order

    def lose(self, cause: str) -> None:
        """The connection is gone: what was read last may not be used any more."""
        self.image = self.image._replace(good=False, cause=f"{self.name}: {cause}")
