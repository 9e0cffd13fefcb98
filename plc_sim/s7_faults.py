"""Faults of an S7 connection, between a simulated CPU and its client. Bytes and times in, bytes and times
out.

An outlet carries the answers of each client through an `S7Wire`, in real time; the twin's framed link does so
in virtual time. Every draw is a function of the wire's key and the number of the frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from control.errors import ConfigurationError, nearest
from control.scan import NEVER, ns
from plc_sim.kernel.draw import u01

DRAWS = 4
"""Draws per answer: whether it is lost or misnumbered, its delay; per job: whether an item is refused."""

HEADER, NUMBER = 19, slice(11, 13)
"""Bytes of an answer's frame up to its parameters, and where the job number is."""

LATER = ns(0.0005)
"""Time between two pieces of a split segment, in ns."""


BOUNDS: dict[str, tuple[float, float]] = {
    "latency": (0.0, 60.0),
    "jitter": (0.0, 60.0),
    "lost": (0.0, 1.0),
    "wrong_number": (0.0, 1.0),
    "item_error": (0.0, 1.0),
    "half_open": (0, 1),
    "split": (0, 65536),
    "merge": (0, 64),
    "pdu": (240, 960),
    "slots": (0, 64),
}
"""What each may be set to: s, shares, no or yes, bytes, answers, bytes, clients."""


class S7Faults:
    """What is wrong with the connections of a simulated CPU at this moment; as it stands, nothing.

    `latency` and `jitter` delay each answer, by `latency` s and up to `jitter` s more. The shares `lost`,
    `wrong_number` and `item_error` say how many answers are not sent, bear another job's number, or refuse
    their first item. `half_open` takes requests and connections and says nothing more. Answers are cut into
    pieces of `split` bytes, or held until `merge` of them go out at once (0: neither). `pdu` is the largest
    granted to who connects, `slots` the number of clients admitted.
    """

    def __init__(self, *, pdu: int = 960, slots: int = 16) -> None:
        self.latency = self.jitter = self.lost = self.wrong_number = self.item_error = 0.0
        self.half_open = self.split = self.merge = 0
        self.pdu, self.slots = pdu, slots
        self._usual = {name: getattr(self, name) for name in BOUNDS}
        self.any = False
        """Something is wrong with answers."""

    def set(self, name: str, value: float) -> None:
        """Change one of them. ConfigurationError for a value it cannot have."""
        if name not in BOUNDS:
            raise ConfigurationError(f"S7 connection: no fault {name!r}; {nearest(name, BOUNDS)}")
        low, high = BOUNDS[name]
        if not low <= value <= high:
            raise ConfigurationError(f"S7 connection: {name}: wanted {low:g} to {high:g}, got {value:g}")
        setattr(self, name, type(low)(value))
        self.any = any(getattr(self, each) != usual for each, usual in self._usual.items())

    def clear(self, name: str) -> None:
        """Let one of them be as it was at the start."""
        self.set(name, self._usual[name])


class Sending(NamedTuple):
    """Bytes that reach the client at `time` (ns)."""

    time: int
    data: bytes


class S7Wire:
    """One client's connection: `take` what the CPU answers, `due` when it arrives; in order, as TCP."""

    def __init__(self, faults: S7Faults, key: int) -> None:
        self.faults, self.key = faults, key
        self.number = 0
        self.held: tuple[bytes, ...] = ()
        self.coming: tuple[Sending, ...] = ()

    @property
    def next(self) -> int:
        """When bytes reach the client next, in ns; NEVER if none are on their way."""
        return self.coming[0].time if self.coming else NEVER

    @property
    def clear(self) -> bool:
        """Answers go straight to the client."""
        return not (self.faults.any or self.coming or self.held)

    def take(self, answers: bytes, now: int) -> None:
        """Put whole frames on the wire at `now` (ns)."""
        if self.faults.half_open:
            return
        for frame in frames_of(answers):
            self._put(frame, now)

    def due(self, now: int) -> bytes:
        """What reaches the client up to `now` (ns)."""
        arrived = [sending for sending in self.coming if sending.time <= now]
        self.coming = self.coming[len(arrived) :]
        return b"".join(sending.data for sending in arrived)

    def refuses(self, job: int) -> bool:
        """Whether the CPU refuses the first item of a job, by the job's number on this connection."""
        share = self.faults.item_error
        return share > 0.0 and self._draw(job, 3) < share

    def _draw(self, number: int, which: int) -> float:
        return u01(self.key, DRAWS * number + which)

    def _put(self, frame: bytes, now: int) -> None:
        faults = self.faults
        number, self.number = self.number, self.number + 1
        lost = self._draw(number, 0) < faults.lost
        wrong = self._draw(number, 1) < faults.wrong_number
        delay = ns(faults.latency + faults.jitter * self._draw(number, 2))
        if lost:
            return
        self.held = (*self.held, renumbered(frame) if wrong else frame)
        if len(self.held) >= faults.merge:
            self._send(b"".join(self.held), now + delay)
            self.held = ()

    def _send(self, data: bytes, time: int) -> None:
        time = max(time, self.coming[-1].time if self.coming else time)
        size = self.faults.split or len(data)
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        later = (Sending(time + n * LATER, piece) for n, piece in enumerate(pieces))
        self.coming = (*self.coming, *later)


def frames_of(data: bytes) -> Iterator[bytes]:
    """The frames in bytes that hold whole ones."""
    while data:
        length = int.from_bytes(data[2:4], "big")
        yield data[:length]
        data = data[length:]


def renumbered(frame: bytes) -> bytes:
    """An answer under the number of another job."""
    if len(frame) < HEADER:
        return frame
    number = int.from_bytes(frame[NUMBER], "big") ^ 0x0101
    return frame[: NUMBER.start] + number.to_bytes(2, "big") + frame[NUMBER.stop :]
