"""S7 jobs: what a PLC link asks and how it understands the answers. Bytes in, bytes out; no socket, no clock.

S7comm (read variable 0x04, write variable 0x05) in ISO transport class 0 (ISO 8073) over TCP (RFC 1006). A
frame is a TPKT header (4 bytes), a COTP data header (3) and the PDU: a header of 10 bytes (12 in answers),
parameters, data. The PDU's size and the number of jobs in flight are negotiated. An answer is accepted only
if every byte that can be known beforehand is as expected.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple, NoReturn

from control.block import Area, Region
from control.errors import ProtocolError

AREA_CODES = {Area.INPUTS: 0x81, Area.OUTPUTS: 0x82, Area.MERKERS: 0x83, Area.DB: 0x84}
READ, WRITE = 0x04, 0x05
MAX_ITEMS = 20
"""Items a CPU takes in one job, whatever the PDU."""

AGREE = "make the cell's declaration and the block in the PLC agree"
PERMIT = (
    "tick 'Permit access with PUT/GET communication from remote partner' in the CPU's Protection & Security,"
    " Connection mechanisms, and download"
)
LATER = "try again; the PLC is busy"
OPTIMIZED = "untick 'Optimized block access' in the block's attributes, compile and download"


class Refused(NamedTuple):
    """Why the PLC refuses, and the remedy."""

    why: str
    remedy: str


BEYOND = 0x05
"""The code of an item that is not within its block."""

ITEM_ERRORS = {
    0x01: Refused("the PLC reports a hardware fault", "look into its diagnostic buffer"),
    0x03: Refused(
        "the PLC refuses access to it",
        "choose the CPU's access level 'Full access' (Protection & Security), and see that neither the block"
        " nor the CPU is protected by a password",
    ),
    BEYOND: Refused("these bytes lie beyond its end", AGREE),
    0x06: Refused("the PLC does not support the data type", AGREE),
    0x07: Refused("the PLC finds the data type inconsistent", AGREE),
    0x0A: Refused("it does not exist", f"{AGREE}: its number, and whether it has been downloaded"),
}
JOB_ERRORS = {
    0x8104: Refused("the PLC does not permit PUT/GET access", PERMIT),
    0x8304: Refused("no resources", LATER),
    0x8401: Refused("wrong sequence of services", "report this: the link is at fault"),
    0x8500: Refused("job larger than the PDU", "report this: the link is at fault"),
    0x8702: Refused("service not supported", PERMIT),
    0x8703: Refused("access refused", PERMIT),
}
UNKNOWN = Refused("refused", f"{PERMIT}; {OPTIMIZED}; {AGREE}")
"""For codes that are in neither table."""


class JobRefused(ProtocolError):
    """The PLC refused a whole job."""


class ItemRefused(ProtocolError):
    """The PLC refused to read or write (`verb`) one item of a job; `code` says why."""

    def __init__(self, item: Region, code: int, verb: str) -> None:
        why, remedy = ITEM_ERRORS.get(code, UNKNOWN)
        super().__init__(f"{verb} {item}: {why} (code 0x{code:02X}); {remedy}")
        self.item, self.code, self.verb = item, code, verb


class Room(NamedTuple):
    """What one job may carry: `size` bytes of items, each of which costs `overhead` bytes besides its data.

    Items of a read may bridge what lies between two regions of one block; those of a write may not.
    """

    size: int
    overhead: int
    items: int
    bridges: bool

    def excess(self, items: Sequence[Region]) -> int:
        """Bytes too many; every item but the last is padded to an even size."""
        if len(items) > self.items:
            return self.size + sum(item.size for item in items)
        return (
            sum(self.overhead + item.size + item.size % 2 for item in items) - items[-1].size % 2 - self.size
        )

    def join(self, items: list[Region]) -> list[Region]:
        """Bridge gaps that cost less than an item, then the smallest ones until the number of items fits."""
        if self.bridges:
            while len(items) > 1:
                gaps = [_gap(*pair) for pair in pairwise(items)]
                least = gaps.index(min(gaps))
                if gaps[least] > (self.overhead if len(items) <= self.items else self.size):
                    break
                items[least : least + 2] = [_union(items[least], items[least + 1])]
        return items


def read_room(pdu: int, *, bridges: bool = True) -> Room:
    """The room of a read job: its answer bears the data, but its request must fit too."""
    return Room(pdu - 14, 4, min(MAX_ITEMS, (pdu - 12) // 12), bridges)


def write_room(pdu: int) -> Room:
    """The room of a write job: its request bears addresses and data."""
    return Room(pdu - 12, 16, MAX_ITEMS, bridges=False)


def _gap(left: Region, right: Region) -> int:
    same = left.area is right.area and left.number == right.number
    return right.start - left.start - left.size if same else 1 << 30


def _union(left: Region, right: Region) -> Region:
    return left._replace(size=max(left.size, right.start + right.size - left.start))


def _order(region: Region) -> tuple[str, int, int]:
    return region.area.value, region.number, region.start


def without_overlap(regions: Iterable[Region]) -> list[Region]:
    """The regions in order of address, overlapping ones made one."""
    parts: list[Region] = []
    for region in sorted(regions, key=_order):
        if parts and _gap(parts[-1], region) < 0:
            parts[-1] = _union(parts[-1], region)
        else:
            parts.append(region)
    return parts


def _split(part: Region, excess: int) -> tuple[Region, Region]:
    """Cut `excess` bytes off, at an even address: words at even addresses stay whole."""
    size = part.size - excess
    size -= (part.start + size) % 2
    return part._replace(size=size), part._replace(start=part.start + size, size=part.size - size)


def _fill(parts: Iterable[Region], room: Room, *, whole: bool) -> list[list[Region]]:
    jobs: list[list[Region]] = [[]]
    waiting = deque(parts)
    while waiting:
        part = waiting.popleft()
        grown = room.join([*jobs[-1], part])
        excess = room.excess(grown)
        if excess <= 0:
            jobs[-1] = grown
            continue
        first, rest = _split(part, excess)
        if first.size > 0 and not (whole and room.excess([part]) <= 0):
            jobs[-1] = room.join([*jobs[-1], first])
            part = rest
        waiting.appendleft(part)
        jobs.append([])
    return [job for job in jobs if job]


def pack(parts: Sequence[Region], room: Room) -> list[list[Region]]:
    """Parts in order of address as the items of the fewest jobs; parts stay whole where that costs no job.

    Filling each job as far as it goes is best: what is left after more progress never needs more jobs.
    """
    return min((_fill(parts, room, whole=whole) for whole in (True, False)), key=len)


def changed(region: Region, old: bytes | bytearray, new: bytes | bytearray) -> list[Region]:
    """The runs of a region whose bytes differ; runs nearer than an item costs are one."""
    runs: list[Region] = []
    difference = int.from_bytes(old, "little") ^ int.from_bytes(new, "little")
    while difference:
        at = (difference.bit_length() - 1) >> 3
        difference &= (1 << (8 * at)) - 1
        run = region._replace(start=region.start + at, size=1)
        if runs and _gap(run, runs[-1]) <= 16:
            run = _union(run, runs.pop())
        runs.append(run)
    return runs[::-1]


class Layout:
    """One flat memory for regions in many blocks; bytes of one block keep their distances."""

    def __init__(self, regions: Iterable[Region]) -> None:
        self.size = 0
        self._base: dict[tuple[Area, int], int] = {}
        extents: dict[tuple[Area, int], range] = {}
        for region in regions:
            known = extents.get(region[:2], region.bytes())
            bounds = min(known.start, region.start), max(known.stop, region.start + region.size)
            extents[region[:2]] = range(*bounds)
        for block, extent in extents.items():
            self._base[block] = self.size - extent.start
            self.size += len(extent)

    def place(self, region: Region) -> slice:
        """Where a region lies in the memory."""
        start = self._base[region.area, region.number] + region.start
        return slice(start, start + region.size)


def _address(item: Region) -> bytes:
    where = AREA_CODES[item.area] << 24 | item.start * 8
    return struct.pack(">BBBBHHI", 0x12, 0x0A, 0x10, 0x02, item.size, item.number, where)


class Job:
    """A request of which only the job number is open, and what its answer must look like."""

    def __init__(self, function: int, items: Sequence[Region], data: bytes, answer: int) -> None:
        count, length = len(items), 21 + answer
        parameters = bytes((function, count)) + b"".join(map(_address, items))
        header = struct.pack(">BBHHHH", 0x32, 0x01, 0, 0, len(parameters), len(data))
        body = b"\x02\xf0\x80" + header + parameters + data
        self.items = tuple(items)
        self.verb = "read" if function == READ else "write"
        self.frame = bytearray(struct.pack(">BBH", 3, 0, 4 + len(body)) + body)
        head = struct.pack(
            ">BBHBBBBBHHHHHBB", 3, 0, length, 2, 0xF0, 0x80, 0x32, 3, 0, 0, 2, answer, 0, function, count
        )
        self.head = bytearray(head)

    def __str__(self) -> str:
        return f"{self.verb} {', '.join(map(str, self.items))}"

    def number(self, number: int) -> bytearray:
        """The request under this job number, which the answer must bear too."""
        self.frame[11:13] = self.head[11:13] = number.to_bytes(2, "big")
        return self.frame

    def accept(self, answer: memoryview, memory: bytearray) -> None:
        """Take an answer into `memory`, or raise ProtocolError."""
        raise NotImplementedError

    def explain(self, answer: bytes) -> NoReturn:
        """Raise what is wrong with an answer that is not as expected."""
        error = int.from_bytes(answer[17:19], "big")
        if answer[7:11] not in {b"\x32\x03\0\0", b"\x32\x02\0\0"}:
            raise ProtocolError(f"{self}: wanted an S7 answer (32 03 or 32 02), got {answer[7:11].hex(' ')}")
        if error:
            why, remedy = JOB_ERRORS.get(error, UNKNOWN)
            raise JobRefused(f"{self}: {why} (error 0x{error:04X}); {remedy}")
        for item, at in zip(self.items, self.marks(), strict=True):
            if answer[19:21] == self.head[19:21] and at < len(answer) and answer[at] != 0xFF:
                raise ItemRefused(item, answer[at], self.verb)
        wanted = f"one of {int.from_bytes(self.head[2:4], 'big')} bytes that begins {self.head.hex(' ')}"
        raise ProtocolError(
            f"{self}: wanted an answer {wanted}, got {len(answer)} bytes: {answer[:37].hex(' ')}"
        )

    def marks(self) -> Iterable[int]:
        """Where the answer has the items' return codes."""
        raise NotImplementedError


class ReadJob(Job):
    """A read of several items; the answer's data go to their places in the session's memory."""

    def __init__(self, items: Sequence[Region], layout: Layout) -> None:
        self.fields: list[tuple[slice, bytes, slice, slice]] = []
        at = 21
        for item in items:
            head, data = slice(at, at + 4), slice(at + 4, at + 4 + item.size)
            self.fields.append(
                (head, struct.pack(">BBH", 0xFF, 0x04, 8 * item.size), data, layout.place(item))
            )
            at = data.stop + item.size % 2
        super().__init__(READ, items, b"", self.fields[-1][2].stop - 21)

    def accept(self, answer: memoryview, memory: bytearray) -> None:
        if answer[:21] != self.head:
            self.explain(bytes(answer))
        for head, wanted, data, place in self.fields:
            if answer[head] != wanted:
                self.explain(bytes(answer))
            memory[place] = answer[data]

    def marks(self) -> Iterable[int]:
        return [head.start for head, *_ in self.fields]


class WriteJob(Job):
    """A write of several items, with the bytes the session's memory has for them."""

    def __init__(self, items: Sequence[Region], layout: Layout, memory: bytearray) -> None:
        parts = []
        for item in items:
            part = struct.pack(">BBH", 0, 0x04, 8 * item.size) + memory[layout.place(item)]
            parts.append(part.ljust(len(part) + len(part) % 2, b"\0"))
        data = b"".join(parts)
        super().__init__(WRITE, items, data[: len(data) - items[-1].size % 2], len(items))

    def accept(self, answer: memoryview, memory: bytearray) -> None:
        if answer[:21] != self.head:
            self.explain(bytes(answer))
        if answer[21:] != b"\xff" * len(self.items):
            self.explain(bytes(answer))

    def marks(self) -> Iterable[int]:
        return range(21, 21 + len(self.items))
