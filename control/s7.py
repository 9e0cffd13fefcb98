"""The S7 link: cyclic exchange of blocks with a Siemens PLC (PUT/GET) over TCP.

Connection and handshake are python-snap7's, imported when a link opens. All that follows is a `S7Session`,
stepped by one owner thread.
"""

from __future__ import annotations

import os
import random
import re
import socket
import struct
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from control.block import Area, Region
from control.errors import ConfigurationError, ConnectError, LinkError, ProtocolError
from control.link import Plan, PlcLink
from control.s7_jobs import AGREE, BEYOND, OPTIMIZED, ItemRefused
from control.s7_session import MAX_JOBS, S7Session
from control.scan import ns

if TYPE_CHECKING:
    from snap7.connection import ISOTCPConnection

BUFFER = 65536
"""Bytes taken from the socket at once."""

ABORT = struct.pack("ii" if os.name == "posix" else "hh", 1, 0)
"""Lingering on close, for no time: the connection is reset."""

MIN_PDU, MAX_PDU = 64, 960
"""What may be asked for and granted, in bytes."""

BACKOFF = 0.1, 1.0
"""First and longest wait before a new attempt to connect, in s; each is shortened at random by up to half."""

PG_CONNECTION = 0x0100
"""The kind of connection asked for, in the TSAP: programming device, which every CPU offers."""

REJECTED = (
    "check rack and slot (S7-1200/1500: rack 0, slot 1; S7-300: slot 2; S7-400: as configured)"
    " and that the PLC has a free connection"
)


class Address(NamedTuple):
    """Where a PLC is."""

    host: str
    port: int
    rack: int
    slot: int


def parse_url(url: str) -> Address:
    """`s7://host[:port]/rack/slot`; the port is 102 unless given."""
    match = re.fullmatch(r"s7://([^/:\s]+)(?::(\d{1,5}))?/(\d)/(\d{1,2})", url)
    if match:
        address = Address(match[1], int(match[2] or 102), int(match[3]), int(match[4]))
        if 0 < address.port < 65536 and address.rack < 8 and address.slot < 32:
            return address
    wanted = "s7://host[:port]/rack/slot with rack 0 to 7 and slot 0 to 31, as s7://192.168.0.10/0/1"
    raise ConfigurationError(f"url: wanted {wanted}, got {url!r}")


class S7Link(PlcLink):
    """One PLC. Every `cycle` s the latest outputs are written where they changed, and all blocks are read.

    `life` is a word this link changes while scans are committed; `plc_life` one the PLC must change within
    `life_timeout` s. `timeout` s bound each step of connecting and each exchange as a whole; `pdu` is the
    size to ask for, in bytes. `observe` never writes. Counters: `jobs`, `cycles`, `reconnects`; `durations`
    are those of the latest exchanges, in ns.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        cycle: float,
        life: Region | None = None,
        plc_life: Region | None = None,
        life_timeout: float = 1.0,
        timeout: float = 1.0,
        pdu: int = 960,
        observe: bool = False,
    ) -> None:
        super().__init__(name, url)
        self.address = parse_url(url)
        if cycle <= 0 or timeout <= 0 or not MIN_PDU <= pdu <= MAX_PDU:
            wanted = f"cycle and timeout above 0 s and a pdu of {MIN_PDU} to {MAX_PDU} bytes"
            raise ConfigurationError(f"{name}: wanted {wanted}, got {cycle} s, {timeout} s and {pdu} bytes")
        self.observe = observe
        self.reconnects = 0
        self.durations: deque[int] = deque(maxlen=1000)
        self._cycle, self._timeout, self._pdu = ns(cycle), ns(timeout), pdu
        self._limited = 0
        self._life, self._plc_life, self._life_timeout = life, plc_life, life_timeout
        self._closing = threading.Event()
        self._owner: threading.Thread | None = None
        self._connection: ISOTCPConnection | None = None
        self._pause = BACKOFF[0]
        self._buffer = memoryview(bytearray(BUFFER))

    def configure(self, plan: Plan) -> None:
        super().configure(plan)
        self._session = S7Session(
            self.name,
            plan,
            life=self._life,
            plc_life=self._plc_life,
            life_timeout=self._life_timeout,
            observe=self.observe,
        )

    @property
    def jobs(self) -> int:
        """Jobs sent so far."""
        return self._session.jobs

    @property
    def cycles(self) -> int:
        """Exchanges completed so far."""
        return self._session.cycles

    def open(self) -> None:
        self._closing.clear()
        try:
            self._connect()
        except ConnectError as error:
            raise ConnectError(f"{self.name}: {error}") from error
        self._owner = threading.Thread(target=self._run, name=f"{self.name} (S7)", daemon=True)
        self._owner.start()
        self._await_life()

    def _await_life(self) -> None:
        """Wait until the PLC has been seen running. ConnectError if it does not run."""
        limit = time.monotonic() + self._life_timeout + self._timeout / 1e9
        while not self.image.good and time.monotonic() < limit:
            time.sleep(0.002)
        if not self.image.good:
            cause = self.image.cause
            self.close()
            raise ConnectError(f"{cause}; check that the PLC at {self.url} is in RUN and counts this word")

    def close(self) -> None:
        self._closing.set()
        if self._owner:
            self._owner.join()
            self._owner = None

    def put(self, data: tuple[bytes, ...]) -> None:
        self._session.put(data)

    def _connect(self) -> None:
        """Connect, negotiate, inspect every region, write the safe values. ConnectError with the remedy."""
        from snap7.connection import ISOTCPConnection

        host, port, rack, slot = self.address
        connection = ISOTCPConnection(host, port, remote_tsap=PG_CONNECTION | rack << 5 | slot)
        connection.pdu_size = 1 << connection.tpdu_size  # what was asked holds unless the PLC says otherwise
        self._connection = connection
        try:
            connection.connect(self._timeout / 1e9)
            self._session.connect(*self._negotiate(connection))
            self._take_over(connection.socket)
            self._exchange(self._session)
            self._exchange(self._session)
            self.image = self._session.image
        except Exception as error:
            got = self._explain(error)
            self._discard()
            self._disconnect()
            raise ConnectError(f"{self.url}: {got}") from error

    def _negotiate(self, connection: ISOTCPConnection) -> tuple[int, int]:
        """The PDU (bytes) and the number of jobs in flight that the PLC grants."""
        from snap7.s7protocol import S7Protocol

        pdu = min(self._pdu, connection.pdu_size - 3)
        protocol = S7Protocol()
        connection.send_data(protocol.build_setup_communication_request(MAX_JOBS, MAX_JOBS, pdu))
        granted = protocol.parse_response(connection.receive_data())["parameters"] or {}
        if not MIN_PDU <= granted.get("pdu_length", 0) <= pdu:
            raise ProtocolError(f"wanted a PDU of {MIN_PDU} to {pdu} bytes, got {granted}")
        return granted["pdu_length"], min(MAX_JOBS, max(1, granted["max_amq_caller"]))

    def _take_over(self, wire: socket.socket | None) -> None:
        """From here on the socket blocks, within the bounds of `_limit`."""
        if wire and os.name == "posix":
            wire.settimeout(None)
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(self._timeout))
            self._limited = 0

    def _explain(self, error: Exception) -> str:
        """What was wanted of the PLC, what came, and the remedy."""
        from snap7.error import S7ConnectionError

        if isinstance(error, ItemRefused):
            return self._measured(error)
        if isinstance(error, LinkError):
            return str(error)
        wrapped = isinstance(error, S7ConnectionError) and isinstance(error.__context__, OSError)
        cause = error.__context__ if wrapped and error.__context__ else error
        got, remedy = _symptom(cause)
        within = f" within {self._timeout / 1e9} s" if isinstance(cause, TimeoutError) else ""
        wanted = f"an S7 connection to rack {self.address.rack}, slot {self.address.slot}{within}"
        return f"wanted {wanted}, got {got}; {remedy}"

    def _measured(self, error: ItemRefused) -> str:
        """Why a region was refused; how long its block is, is found by asking."""
        item = error.item
        if error.verb != "read" or error.code != BEYOND:
            return str(error)
        try:
            size = self._measure(item)
        except (LinkError, OSError):
            return str(error)
        block = f"DB{item.number}" if item.area is Area.DB else f"area {item.area.value}"
        wanted = f"{block} of at least {item.start + item.size} bytes"
        if not size:
            return f"{item}: wanted {wanted}, got one without a single addressable byte; {OPTIMIZED}"
        return f"{item}: wanted {wanted}, got one of {size}; {AGREE}"

    def _measure(self, item: Region) -> int:
        """How many bytes a block has, if fewer than `item` needs."""
        low, high = 0, item.start + item.size
        while high - low > 1:
            size = (low + high) // 2
            low, high = (size, high) if self._has(item._replace(start=size - 1, size=1)) else (low, size)
        return low

    def _has(self, byte: Region) -> bool:
        probe = S7Session(self.name, Plan((byte,), (), ()), observe=True)
        probe.connect(self._session.pdu, 1)
        try:
            self._exchange(probe)
        except ItemRefused:
            return False
        return True

    def _exchange(self, session: S7Session) -> None:
        """One exchange of a session, within the timeout as a whole."""
        connection = self._connection
        if connection is None or connection.socket is None:
            raise LinkError("not connected")
        wire, now = connection.socket, time.monotonic_ns()
        deadline = now + self._timeout
        self._limit(wire, self._timeout)
        frames = session.start(now)
        while session.busy:
            count = self._trade(wire, frames)
            now = time.monotonic_ns()
            frames = session.receive(self._buffer[:count], now)
            if session.busy:
                self._limit(wire, deadline - now)

    def _trade(self, wire: socket.socket, frames: bytes) -> int:
        """Send, and wait for what comes; how many bytes of it are in the buffer."""
        try:
            if frames:
                wire.sendall(frames)
            count = wire.recv_into(self._buffer)
        except BlockingIOError:  # how a kernel's bound shows
            raise TimeoutError from None
        if not count:
            raise LinkError("the PLC closed the connection")
        return count

    def _limit(self, wire: socket.socket, time_left: int) -> None:
        """Bound the next receiving, in ns.

        The kernel's own bound saves two system calls per exchange. It is moved in steps of a sixteenth of the
        timeout, so an exchange may outlive its timeout by that much.
        """
        if time_left <= 0:
            raise TimeoutError
        if os.name != "posix":
            wire.settimeout(time_left / 1e9)
        elif abs(self._limited - time_left) > self._timeout >> 4:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(time_left))
            self._limited = time_left

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                try:
                    self._move()
                except TimeoutError:
                    self._reconnect(f"no answer within {self._timeout / 1e9} s")
                except (LinkError, OSError) as error:
                    self._reconnect(str(error))
            self._part()
        except BaseException as error:
            self._lose(f"internal error: {error!r}")
            raise

    def _move(self) -> None:
        """Exchange on the grid of cycles until told to close; a late one is followed by the next instant."""
        due = now = time.monotonic_ns()
        while not self._closing.wait((due - now) / 1e9):
            start = time.monotonic_ns()
            self._exchange(self._session)
            self.image = self._session.image
            now = time.monotonic_ns()
            self.durations.append(now - start)
            self._pause = BACKOFF[0]
            due += self._cycle * max(1, (now - due) // self._cycle + 1)

    def _reconnect(self, cause: str) -> None:
        """Close, then try until connected again or told to close."""
        self._discard()
        self._lose(cause)
        while not self._closing.wait(self._pause * random.uniform(0.5, 1.0)):
            self._pause = min(2 * self._pause, BACKOFF[1])
            try:
                self._connect()
            except ConnectError as error:
                self._lose(str(error))
            else:
                self.reconnects += 1
                return

    def _part(self) -> None:
        """Leave the PLC with the safe values, if it can be reached."""
        try:
            if self._connection:
                self._session.make_safe()
                self._exchange(self._session)
        except (LinkError, OSError):
            pass  # it cannot be reached; its own watch over the life word stops the plant
        self._lose("closed")

    def _lose(self, cause: str) -> None:
        self._session.lose(cause)
        self.image = self._session.image
        self._disconnect()

    def _discard(self) -> None:
        """Let closing throw away what has not been sent: a write that arrives after its deadline, perhaps
        after those of the next connection, would set an old value.
        """
        if self._connection and self._connection.socket:
            self._connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)

    def _disconnect(self) -> None:
        if self._connection:
            self._connection.disconnect()
            self._connection = None


def _timeval(time: int) -> bytes:
    """Time in ns as the kernel takes it, never 0, which would be for ever."""
    return struct.pack("ll", *divmod(max(1, time // 1000), 10**6))


def _symptom(cause: BaseException) -> tuple[str, str]:
    """What came instead of a connection, and what to check."""
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused", "check that the PLC, or its simulation, listens at this host and port"
    if isinstance(cause, socket.gaierror):
        return "no such host", "check the host name"
    if isinstance(cause, ConnectionError) or "COTP CC" in str(cause) or "closed by peer" in str(cause):
        return f"a rejection ({cause})", REJECTED
    if isinstance(cause, OSError):
        got = "no answer" if isinstance(cause, TimeoutError) else str(cause)
        return got, "check address, cable, switch and firewall"
    return f"a TCP connection, then: {cause}", "check that this is a PLC's S7 port (102)"
