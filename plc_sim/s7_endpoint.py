"""The S7 endpoint of a simulated PLC: one client's connection, bytes in, bytes out.

ISO transport class 0 (ISO 8073) over TCP (RFC 1006) with S7comm as a CPU with PUT/GET serves it: set-up, read
and write of variables, start and stop, system status lists. What it does not have it refuses with the CPU's
error codes; it never invents an answer, and is silent only to what cannot be parsed, which ends the
connection.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from control.block import Area, Region
from plc_sim.plc_memory import CpuRequest, PlcMemory
from plc_sim.s7_status import status_list

AREAS = {0x81: Area.INPUTS, 0x82: Area.OUTPUTS, 0x83: Area.MERKERS, 0x84: Area.DB}
CODES = {area: code for code, area in AREAS.items()}
MIN_PDU, MAX_ITEMS, MAX_MESSAGE = 240, 20, 65536

KEPT_READS = 64
"""Reads of one client whose places are kept, as it asks the same again and again."""

OK, HARDWARE, DENIED, BEYOND = 0xFF, 0x01, 0x03, 0x05
UNSUPPORTED, INCONSISTENT, MISSING = 0x06, 0x07, 0x0A
"""Return codes of items."""

NOT_IMPLEMENTED, OUT_OF_SEQUENCE, BAD_SIZE, NO_SUCH_LIST = 0x8104, 0x8401, 0x8500, 0xD401
"""Error words of jobs and user data. The first is what a CPU 1510SP answers to reads and writes without
PUT/GET (python-snap7, issue 844); the codes for optimized and protected blocks are from no capture.
"""

READ, WRITE = 0x04, 0x05
VARIABLES = frozenset({READ, WRITE})
"""The services that PUT/GET is about."""

NO_ROOM, ADDRESS_UNKNOWN = 0x01, 0x03
"""Reasons for refusing a connection (ISO 8073)."""

TPDU_SIZE, CALLED_TSAP, LARGEST_TPDU = 0xC0, 0xC2, 0x0A

ADDRESS = struct.Struct(">BBBBHHI")
DATA = struct.Struct(">BBH")
HEADER = struct.Struct(">BBHHHH")
FRAME = struct.Struct(">BBHBBBBBHHHH")
STARTS = {(b"", b"P_PROGRAM"): CpuRequest.HOT_START, (b"C ", b"P_PROGRAM"): CpuRequest.COLD_START}


class Kind(NamedTuple):
    """A data type of requests: bytes per element, code of its data, bits per unit of their length."""

    width: int
    code: int
    unit: int


BIT = Kind(1, 0x03, 8)
KINDS = {
    0x01: BIT,
    0x02: Kind(1, 0x04, 1),
    0x03: Kind(1, 0x09, 8),
    0x04: Kind(2, 0x04, 1),
    0x05: Kind(2, 0x05, 1),
    0x06: Kind(4, 0x04, 1),
    0x07: Kind(4, 0x05, 1),
    0x08: Kind(4, 0x07, 8),
}
"""BOOL, BYTE, CHAR, WORD, INT, DWORD, DINT, REAL."""

LENGTH_UNITS = {0x03: 1, 0x04: 1, 0x05: 1, 0x07: 8, 0x09: 8}
"""Bits per unit of length in data that are written, by their code."""


class Refusal(Exception):
    """A job, or one item of it, is refused; `code` is the error word or return code."""

    def __init__(self, code: int) -> None:
        self.code = code


class Field(NamedTuple):
    """One item of a read, resolved: what precedes its data, and where these are; `bit` of BOOL, else -1."""

    head: bytes
    block: bytearray
    place: slice
    bit: int


FAULTY = Field(DATA.pack(HARDWARE, 0, 0), bytearray(), slice(0, 0), -1)
"""An item that cannot be read."""


class S7Endpoint:
    """One connection to the simulated CPU. `closed`: close the transport after the last answer.

    `admit=False` refuses the connection for want of connection resources. `refuses(job)` says whether the
    first item of a job is refused, as a fault.
    """

    def __init__(
        self,
        memory: PlcMemory,
        *,
        rack: int = 0,
        slot: int = 1,
        pdu: int = 960,
        max_jobs: int = 8,
        admit: bool = True,
        refuses: Callable[[int], bool] = lambda job: False,
    ) -> None:
        self.connected = self.closed = False
        self.jobs = 0
        self._memory = memory
        self._rack_slot, self._admit, self._refuses = rack << 5 | slot, admit, refuses
        self._largest_pdu, self._max_jobs = pdu, max_jobs
        self._pdu = 0
        self._rest = self._fragments = b""
        self._blocks = {(CODES[area], number): block for (area, number), block in memory.blocks.items()}
        self._closed = {(CODES[area], number): DENIED for area, number in memory.protected}
        self._closed |= {(CODES[area], number): BEYOND for area, number in memory.optimized}
        self._resolved: dict[bytes, list[Field]] = {}
        self._services: dict[int, Callable[[bytes, bytes], tuple[bytes, bytes]]] = {
            READ: self._read,
            WRITE: self._write,
            0x28: self._start,
            0x29: self._stop,
            0xF0: self._set_up,
        }

    def receive(self, data: bytes) -> bytes:
        """What came from the client, cut anywhere; returns what goes back, whole frames."""
        data = self._rest + data if self._rest else data
        answers, at = [], 0
        while len(data) - at >= 4 and not self.closed:
            length = data[at + 2] << 8 | data[at + 3]
            if data[at] != 3 or length < 7:
                self.closed = True
            elif len(data) - at < length:
                break
            else:
                answers.append(self._take(data[at + 4 : at + length]))
                at += length
        self._rest = data[at:]
        return b"".join(answers)

    def _take(self, unit: bytes) -> bytes:
        """One transport unit: data, a connection request, or anything that ends the connection."""
        if unit[1] == 0xF0 and unit[0] == 2 and self.connected and len(self._fragments) < MAX_MESSAGE:
            message = self._fragments + unit[3:]
            self._fragments = b"" if unit[2] & 0x80 else message
            return self._answer(message) if unit[2] & 0x80 else b""
        if unit[1] == 0xE0 and len(unit) >= 7:
            return self._connect(unit)
        self.closed = True
        return b""

    def _connect(self, request: bytes) -> bytes:
        source, parameters = request[4:6], dict(_parameters(request[7:]))
        called = parameters.get(CALLED_TSAP, b"")
        self.connected = self._admit and len(called) == 2 and called[1] == self._rack_slot
        if not self.connected:
            self.closed = True
            reason = ADDRESS_UNKNOWN if self._admit else NO_ROOM
            return _transport(b"\x80" + source + bytes((0, 0, reason)))
        if asked := parameters.get(TPDU_SIZE):
            size = min(asked[0], LARGEST_TPDU)
            parameters[TPDU_SIZE] = bytes((size,))
            self._largest_pdu = min(self._largest_pdu, (1 << size) - 3)
        kept = [
            bytes((code, len(value))) + value
            for code, value in parameters.items()
            if TPDU_SIZE <= code <= CALLED_TSAP
        ]
        return _transport(b"\xd0" + source + b"\0\x01\0" + b"".join(kept))

    def _answer(self, message: bytes) -> bytes:
        if len(message) < 10 or message[0] != 0x32 or message[1] not in (0x01, 0x07):
            self.closed = True
            return b""
        _, kind, _, number, length, size = HEADER.unpack_from(message)
        parameters, data = message[10 : 10 + length], message[10 + length :]
        self.jobs += 1
        sound = len(parameters) == length and len(data) == size
        if kind == 0x07:
            head, data = self._user_data(parameters, data if sound else b"")
            return _frame(0x07, number, b"", head, data)
        try:
            if not sound or not parameters or len(message) > max(self._pdu, MIN_PDU):
                raise Refusal(BAD_SIZE)
            head, data = self._serve(parameters, data)
        except Refusal as refusal:
            return _frame(0x02, number, refusal.code.to_bytes(2, "big"))
        return _frame(0x03, number, b"\0\0", head, data)

    def _serve(self, parameters: bytes, data: bytes) -> tuple[bytes, bytes]:
        service = self._services.get(parameters[0])
        if service is None:
            raise Refusal(NOT_IMPLEMENTED)
        if not self._pdu and parameters[0] != 0xF0:
            raise Refusal(OUT_OF_SEQUENCE)
        if parameters[0] in VARIABLES and not self._memory.put_get:
            raise Refusal(NOT_IMPLEMENTED)
        return service(parameters, data)

    def _set_up(self, parameters: bytes, data: bytes) -> tuple[bytes, bytes]:
        if len(parameters) != 8:
            raise Refusal(BAD_SIZE)
        calling, called, pdu = struct.unpack_from(">HHH", parameters, 2)
        self._pdu = max(MIN_PDU, min(pdu, self._largest_pdu))
        self._resolved.clear()
        granted = [max(1, min(asked, self._max_jobs)) for asked in (calling, called)]
        return struct.pack(">BBHHH", 0xF0, 0, *granted, self._pdu), b""

    def _locate(
        self, head: int, length: int, syntax: int, kind: int, count: int, number: int, where: int
    ) -> tuple[Kind, bytearray, slice, int]:
        known = KINDS.get(kind)
        if (head, length, syntax) != (0x12, 0x0A, 0x10) or known is None or known is BIT and count != 1:
            raise Refusal(UNSUPPORTED)
        code, start, bit = where >> 24, where >> 3 & 0x1FFFFF, where & 7
        key = code, number if code == 0x84 else 0
        block = self._blocks.get(key)
        if block is None:
            raise Refusal(MISSING)
        if key in self._closed:
            raise Refusal(self._closed[key])
        size = known.width * count
        if start + size > len(block) or not size or bit and known is not BIT:
            raise Refusal(BEYOND)
        return known, block, slice(start, start + size), bit

    def _read(self, parameters: bytes, data: bytes) -> tuple[bytes, bytes]:
        parts = []
        fields = self._resolved.get(parameters) or self._resolve(parameters)
        if self._refuses(self.jobs):
            fields = [FAULTY, *fields[1:]]
        with self._memory.lock:
            for head, block, place, bit in fields:
                parts.append(head)
                parts.append(block[place] if bit < 0 else bytes((block[place][0] >> bit & 1,)))
        return parameters[:2], b"".join(parts)

    def _resolve(self, parameters: bytes) -> list[Field]:
        """Find the items of a read."""
        fields, size = [], 14
        for address in _addresses(parameters):
            field = self._resolve_field(address, b"\0" * (size % 2))
            fields.append(field)
            size += len(field.head) + field.place.stop - field.place.start
        if size > self._pdu:
            raise Refusal(BAD_SIZE)
        if len(self._resolved) >= KEPT_READS:
            self._resolved.clear()
        self._resolved[parameters] = fields
        return fields

    def _resolve_field(self, address: tuple[int, ...], padding: bytes) -> Field:
        try:
            kind, block, place, bit = self._locate(*address)
        except Refusal as refusal:
            return Field(padding + DATA.pack(refusal.code, 0, 0), bytearray(), slice(0, 0), -1)
        head = DATA.pack(OK, kind.code, 8 * (place.stop - place.start) // kind.unit)
        return Field(padding + head, block, place, bit if kind is BIT else -1)

    def _write(self, parameters: bytes, data: bytes) -> tuple[bytes, bytes]:
        addresses = _addresses(parameters)
        values = _values(data, len(addresses))
        items = list(zip(addresses, values, strict=True))
        refused = items[: self._refuses(self.jobs)]
        with self._memory.lock:
            codes = [self._write_item(*pair) for pair in items[len(refused) :]]
        return parameters[:2], bytes((HARDWARE,) * len(refused)) + bytes(codes)

    def _write_item(self, address: tuple[int, ...], value: tuple[int, bytes]) -> int:
        try:
            kind, block, place, bit = self._locate(*address)
        except Refusal as refusal:
            return refusal.code
        code, data = value
        if len(data) != place.stop - place.start or (code == BIT.code) != (kind is BIT):
            return INCONSISTENT
        if kind is BIT:
            data = bytes((block[place.start] & ~(1 << bit) | (data[0] & 1) << bit,))
        block[place] = data
        if self._memory.on_write:
            area = AREAS[address[6] >> 24]
            number = address[5] if area is Area.DB else 0
            self._memory.on_write(Region(area, number, place.start, len(data)), data)
        return OK

    def _start(self, parameters: bytes, data: bytes) -> tuple[bytes, bytes]:
        size = int.from_bytes(parameters[8:10], "big")
        argument, service = parameters[10 : 10 + size], parameters[11 + size :]
        return self._control(STARTS.get((argument, service)), parameters)

    def _stop(self, parameters: bytes, data: bytes) -> tuple[bytes, bytes]:
        return self._control(CpuRequest.STOP if parameters[7:] == b"P_PROGRAM" else None, parameters)

    def _control(self, request: CpuRequest | None, parameters: bytes) -> tuple[bytes, bytes]:
        if request is None:
            raise Refusal(NOT_IMPLEMENTED)
        self._memory.request(request)
        return parameters[:1], b""

    def _user_data(self, parameters: bytes, data: bytes) -> tuple[bytes, bytes]:
        """Parameters and data of the answer; of all user data services there are the status lists."""
        group, service = (parameters[5] & 0x0F, parameters[6]) if len(parameters) >= 7 else (0, 0)
        records, error = b"", NOT_IMPLEMENTED
        if (group, service) == (4, 1) and self._pdu:
            wanted = struct.unpack_from(">HH", data, 4) if len(data) == 8 else (0xFFFF, 0)
            records = status_list(*wanted, self._memory.running) or b""
            error = 0 if records else NO_SUCH_LIST
        head = struct.pack(">BBBBBBBBBBH", 0, 1, 0x12, 8, 0x12, 0x80 | group, service, 0, 0, 0, error)
        return head, DATA.pack(OK, 0x09, len(records)) + records if records else DATA.pack(MISSING, 0, 0)


def _parameters(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Code and value of the variable part of a connection request."""
    while len(raw) >= 2:
        yield raw[0], raw[2 : 2 + raw[1]]
        raw = raw[2 + raw[1] :]


def _addresses(parameters: bytes) -> list[tuple[int, ...]]:
    count = parameters[1] if len(parameters) > 1 else 0
    if not 1 <= count <= MAX_ITEMS or len(parameters) != 2 + ADDRESS.size * count:
        raise Refusal(BAD_SIZE)
    return list(ADDRESS.iter_unpack(parameters[2:]))


def _values(data: bytes, count: int) -> list[tuple[int, bytes]]:
    """Code and bytes of each written item; nothing is written unless all are whole."""
    values, at = [], 0
    for _ in range(count):
        _, code, length = DATA.unpack_from(data, at) if len(data) - at >= 4 else (0, 0, 0)
        size = (length * LENGTH_UNITS.get(code, 0) + 7) // 8
        if not size or at + 4 + size > len(data):
            raise Refusal(BAD_SIZE)
        values.append((code, data[at + 4 : at + 4 + size]))
        at += 4 + size + size % 2
    if len(data) > at:
        raise Refusal(BAD_SIZE)
    return values


def _transport(unit: bytes) -> bytes:
    return struct.pack(">BBHB", 3, 0, 5 + len(unit), len(unit)) + unit


def _frame(kind: int, number: int, error: bytes, head: bytes = b"", data: bytes = b"") -> bytes:
    length = 17 + len(error) + len(head) + len(data)
    return (
        FRAME.pack(3, 0, length, 2, 0xF0, 0x80, 0x32, kind, 0, number, len(head), len(data))
        + error
        + head
        + data
    )
