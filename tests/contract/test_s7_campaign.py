"""The long tests of the S7 link and the simulated PLC: a minute of random faults, a million frames."""

from __future__ import annotations

import random
import resource
import struct
import threading
import time
import zlib
from collections import Counter
from typing import NamedTuple

import pytest

from control.block import Region
from control.errors import ProtocolError
from plc_sim.plc_memory import PlcMemory
from plc_sim.s7_endpoint import S7Endpoint
from tests.contract.s7_site import COMMAND, LIFE, PLC_LIFE, SAFE, SIZES, STATUS, Site, serving, until
from tests.control.s7_rig import CONNECT, START, Rig, set_up
from tests.plc_sim.test_s7_endpoint import CODES, HEADS, WIDTHS

pytestmark = [pytest.mark.campaign, pytest.mark.wire]

SOAK = 60.0
"""Length of the soak in s."""

TIMEOUT, BACK = 0.2, 2.0
"""Of the soak's link; how soon it must be good again once the PLC is, in s."""

FRAMES = 1_000_000
"""Frames at each parser."""


def sealed(number: int, size: int) -> bytes:
    """A pattern that says which it is and whether it is whole: number, noise, checksum."""
    body = number.to_bytes(4, "big") + random.Random(number).randbytes(size - 8)
    return body + zlib.crc32(body).to_bytes(4, "big")


def whole(data: bytes) -> bool:
    """Whether a pattern is one and undamaged."""
    return zlib.crc32(data[:-4]).to_bytes(4, "big") == data[-4:]


class Soak:
    """A PLC that changes its pattern every 2 ms, a link to it, and all that goes wrong between them."""

    def __init__(self, site: Site) -> None:
        self.site, self.draw = site, random.Random(20)
        self.done = threading.Event()
        self.number = self.order = 0
        self.running = True
        self.found: list[str] = []
        self.orders: list[int] = []
        self.seen: Counter[str] = Counter()
        site.memory.on_write = self.hear
        self.link = site.link(life=LIFE, plc_life=PLC_LIFE, life_timeout=0.3, timeout=TIMEOUT)

    def hear(self, region: Region, data: bytes) -> None:
        """Called for every item that is written, with the memory's lock held: an order ends with its seal."""
        if region.start + region.size == COMMAND.start + COMMAND.size:
            block = self.site.memory.blocks[COMMAND.area, COMMAND.number]
            order = bytes(block[COMMAND.start : COMMAND.start + COMMAND.size])
            if whole(order):
                self.orders.append(int.from_bytes(order[:4], "big"))

    def work(self) -> None:
        """The PLC's cycle: count, show a new pattern, look at the orders."""
        while not self.done.wait(0.002):
            if not self.running:
                continue
            self.number += 1
            life = (self.number % 65536).to_bytes(2, "big")
            pattern = sealed(self.number, STATUS.size)
            (command,) = self.site.memory.exchange([(STATUS, pattern), (PLC_LIFE, life)], [COMMAND])
            if any(command) and command != SAFE and not whole(command):
                self.found.append(f"torn orders {command.hex()}")

    def look(self) -> None:
        """The cell's scan: take an image, leave orders."""
        image = self.link.image
        if image.good:
            self.seen["good"] += 1
            if not whole(image.data[0]):
                self.found.append(f"a wrong value taken for good: {image.data[0].hex()}")
            if time.monotonic_ns() - image.time > 3 * TIMEOUT * 1e9:
                self.found.append("an old value taken for good")
        self.order += 1
        self.link.put((sealed(self.order, COMMAND.size),))

    def spoil(self) -> str:
        """One random fault, for a moment; which it was."""
        name = self.draw.choice([*KINDS])
        faults = self.site.outlet.faults
        if name == "stop":
            self.running = False
        elif name == "restart":
            self.site.outlet.stop()
        else:
            low, high = KINDS[name]
            faults.set(name, self.draw.uniform(low, high) if isinstance(low, float) else low)
        self.rest(self.draw.uniform(0.05, 0.8))
        if name == "stop":
            self.running = True
        elif name == "restart":
            self.site.outlet.start()
        else:
            faults.clear(name)
        return name

    def rest(self, seconds: float) -> None:
        """Go on scanning."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(0.002)

    def recover(self, name: str) -> None:
        """The PLC is back: the link must be, in time."""
        began = time.monotonic()
        while not self.link.image.good and time.monotonic() < began + BACK:
            self.look()
            time.sleep(0.002)
        if not self.link.image.good:
            self.found.append(f"after {name} not good within {BACK} s: {self.link.image.cause}")
        self.seen[name] += 1


KINDS: dict[str, tuple[float, float]] = {
    "latency": (0.05, 0.5),
    "jitter": (0.05, 0.5),
    "lost": (0.05, 1.0),
    "wrong_number": (0.05, 1.0),
    "item_error": (0.05, 1.0),
    "half_open": (1, 1),
    "split": (5, 5),
    "merge": (3, 3),
    "pdu": (240, 240),
    "slots": (0, 0),
    "stop": (0, 0),
    "restart": (0, 0),
}


def memory_used() -> int:
    """Peak resident memory of this process, in kB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_a_minute_of_random_faults() -> None:
    with serving() as site:
        soak = Soak(site)
        plc = threading.Thread(target=soak.work, name="PLC cycle")
        plc.start()
        try:
            soak.link.open()
            soak.rest(2.0)
            threads, used, end = threading.active_count(), 0, time.monotonic() + SOAK
            while time.monotonic() < end and not soak.found:
                soak.recover(soak.spoil())
                if not used and time.monotonic() > end - SOAK / 2:
                    used = memory_used()
            until(lambda: site.outlet.connected == 1, "one connection only")
            until(lambda: threading.active_count() <= threads, "no thread more")
        finally:
            soak.done.set()
            plc.join()
    assert soak.found == []
    assert soak.orders == sorted(set(soak.orders)), "an order was written twice, or a later one before"
    assert memory_used() - used < 4096
    assert min(len(soak.orders), soak.seen["good"]) > 1000
    done = f"{soak.link.reconnects} reconnections, {len(soak.orders)} orders written"
    print(f"\nS7 soak: {done}, {dict(soak.seen)}")


# ---- a million frames at both parsers ----


class Written(NamedTuple):
    """What one item of a write job writes: bytes, or one bit (`bit` from 0; -1: whole bytes)."""

    block: tuple[int, int]
    byte: int
    bit: int
    data: bytes

    def apply(self, blocks: dict[tuple[int, int], bytearray]) -> None:
        """Write it."""
        block, at = blocks[self.block], self.byte
        if self.bit < 0:
            block[at : at + len(self.data)] = self.data
        else:
            block[at] = block[at] & ~(1 << self.bit) | (self.data[0] & 1) << self.bit


def written(frame: bytes, sizes: dict[tuple[int, int], int]) -> list[Written] | None:
    """The model: what a frame writes, or None if it is no whole write job. A refused item writes nothing."""
    length = int.from_bytes(frame[2:4], "big")
    if frame[0] != 3 or not 19 <= length <= len(frame):
        return None
    frame = frame[:length]
    if frame[4:6] != b"\2\xf0" or not frame[6] & 0x80 or frame[7:9] != b"\x32\1" or len(frame) > 487:
        return None
    length, size = struct.unpack_from(">HH", frame, 13)
    parameters, data = frame[17 : 17 + length], frame[17 + length :]
    if len(parameters) != length or len(data) != size or length < 2 or parameters[0] != 5:
        return None
    count, values = parameters[1], values_in(data)
    if not 1 <= count <= 20 or length != 2 + 12 * count or values is None or len(values) != count:
        return None
    pairs = zip(struct.iter_unpack(">BBBBHHI", parameters[2:]), values, strict=True)
    return [item for address, value in pairs for item in one_written(address, value, sizes)]


def values_in(data: bytes) -> list[tuple[int, bytes]] | None:
    """Code and bytes of each value of a write job; None if the last one is cut."""
    values = []
    while data:
        code, length = struct.unpack_from(">xBH", data) if len(data) >= 4 else (0, 0)
        size = (length * {3: 1, 4: 1, 5: 1, 7: 8, 9: 8}.get(code, 0) + 7) // 8
        if not size or len(data) < 4 + size:
            return None
        values.append((code, data[4 : 4 + size]))
        data = data[4 + size + size % 2 :]
    return values


def one_written(
    address: tuple[int, ...], value: tuple[int, bytes], sizes: dict[tuple[int, int], int]
) -> list[Written]:
    """What one item writes, if anything."""
    *head, kind, count, number, where = address
    (code, data), block = value, (where >> 24, number if where >> 24 == 0x84 else 0)
    byte, bit, single = where >> 3 & 0x1FFFFF, where & 7, kind == 1
    size = {1: 1, **WIDTHS}.get(kind, 0) * count
    sound = head == [0x12, 0x0A, 0x10] and size and not (single and count != 1) and (single or not bit)
    if not sound or byte + size > sizes.get(block, -1) or len(data) != size or (code == 3) != single:
        return []
    return [Written(block, byte, bit if single else -1, data)]


def job(draw: random.Random) -> bytes:
    """A read or write job with a few items, most of which the PLC has."""
    function, count = draw.choice((4, 5, 5, 5)), draw.randint(1, 4)
    parameters, data = bytes((function, count)), b""
    for _ in range(count):
        area, kind, byte = draw.choice([*CODES]), draw.randint(1, 8), draw.randint(0, 20)
        size, bit = (1, draw.randint(0, 7)) if kind == 1 else (draw.randint(1, 3), 0)
        where = CODES[area] << 24 | byte << 3 | bit
        parameters += struct.pack(">BBBBHHI", 0x12, 0x0A, 0x10, kind, size, draw.randint(10, 11), where)
        code, units = HEADS[kind]
        value = draw.randbytes(size * {1: 1, **WIDTHS}[kind])
        data += b"\0" * (len(data) % 2) + struct.pack(">BBH", 0, code, len(value) * units) + value
    data = data if function == 5 else b""
    body = struct.pack(">BBHHHH", 0x32, 1, 0, 7, len(parameters), len(data)) + parameters + data
    return struct.pack(">BBHBBB", 3, 0, 7 + len(body), 2, 0xF0, 0x80) + body


def mutated(frame: bytes, draw: random.Random, first: int = 4) -> bytes:
    """A frame with a few bytes from `first` on changed, taken out or put in; its length is mostly right."""
    data = bytearray(frame)
    for _ in range(draw.choice((0, 1, 1, 1, 2, 5))):
        at = draw.randrange(first, max(len(data), first + 1))
        how = draw.randint(0, 5)
        if how == 0:
            del data[at : at + draw.randint(1, 4)]
        elif how == 1:
            data[at:at] = draw.randbytes(draw.randint(1, 4))
        elif at < len(data):
            data[at] = draw.choice((draw.randrange(256), data[at] ^ 1 << draw.randrange(8)))
    if draw.random() < 0.9:
        data[2:4] = len(data).to_bytes(2, "big")
    return bytes(data)


def test_a_million_frames_at_the_plc() -> None:
    draw, done = random.Random(7), Counter[str]()
    memory = PlcMemory(SIZES)
    blocks = {(CODES[area], number): block for (area, number), block in memory.blocks.items()}
    sizes = {key: len(block) for key, block in blocks.items()}
    model = {key: bytearray(block) for key, block in blocks.items()}
    endpoint = opened(memory)
    for number in range(FRAMES):
        frame = mutated(job(draw), draw) if number % 4 else b"\3\0" + draw.randbytes(draw.randint(0, 60))
        items = written(frame, sizes)
        for item in items or ():
            item.apply(model)
        answer = endpoint.receive(frame)
        assert blocks == model, f"frame {number}: {frame.hex(' ')}"
        assert answer[:2] == (b"\3\0" if items else answer and b"\3\0")
        done["written" if items else "no write" if items is None else "refused"] += 1
        whole_frame = int.from_bytes(frame[2:4], "big") == len(frame)
        if not answer or endpoint.closed or not whole_frame:  # else the next frame would not begin one
            endpoint = opened(memory)
    assert min(done.values()) > FRAMES // 1000, done
    print(f"\nframes at the PLC: {dict(done)}")


def opened(memory: PlcMemory) -> S7Endpoint:
    """An endpoint that has been connected to and set up."""
    endpoint = S7Endpoint(memory)
    endpoint.receive(CONNECT)
    endpoint.receive(set_up(480))
    return endpoint


def test_a_million_frames_at_the_link() -> None:
    """What is taken for an answer has every byte that can be known as expected, and the data it bears."""
    draw, done = random.Random(11), Counter[str]()
    rig = Rig().bring_up()
    for number in range(FRAMES):
        genuine = rig.endpoint.receive(rig.session.start(START + number))
        seen, size = rig.session.image, len(genuine) - 25
        noise = mutated(genuine, draw, 0) if number % 4 else b"\3\0" + draw.randbytes(draw.randint(0, 60))
        try:
            rig.session.receive(noise, START + number)
        except ProtocolError as error:
            assert str(error)
            done["refused"] += 1
        else:
            if rig.session.busy:
                assert rig.session.image is seen, noise.hex(" ")
                done["waits for more"] += 1
            else:
                assert (noise[:25], len(noise)) == (genuine[:25], 25 + size), noise.hex(" ")
                assert rig.session.image.data == (noise[25:],)
                done["taken"] += 1
                continue
        rig.connect()
        rig.bring_up()
    assert min(done.values()) > FRAMES // 1000, done
    print(f"\nframes at the link: {dict(done)}")
