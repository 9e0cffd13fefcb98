"""The simulated PLC's S7 endpoint: right on every area, bit and item, and unmoved by what makes no sense."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.block import Area, Region
from control.errors import UsageError
from plc_sim.plc_memory import CpuRequest, PlcMemory
from plc_sim.s7_endpoint import S7Endpoint

CONNECT = bytes.fromhex("0300001611e00000000100c0010ac1020100c2020101")
SIZES = {(Area.DB, 1): 40, (Area.DB, 2): 9, (Area.INPUTS, 0): 8, (Area.OUTPUTS, 0): 8, (Area.MERKERS, 0): 8}
CODES = {Area.INPUTS: 0x81, Area.OUTPUTS: 0x82, Area.MERKERS: 0x83, Area.DB: 0x84}
WIDTHS = {2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 4, 8: 4}
"""Transport size and bytes of BYTE, CHAR, WORD, INT, DWORD, DINT, REAL."""
HEADS = {1: (3, 1), 2: (4, 8), 3: (9, 1), 4: (4, 8), 5: (5, 8), 6: (4, 8), 7: (5, 8), 8: (7, 1)}
"""Code of the data and units of length per byte."""
OK, BEYOND, UNSUPPORTED, INCONSISTENT, MISSING = 0xFF, 0x05, 0x06, 0x07, 0x0A

Item = tuple[Area, int, int, int, int]
"""Area, number, transport size, count, address in bits."""


def plc() -> PlcMemory:
    memory = PlcMemory(SIZES)
    for number, block in enumerate(memory.blocks.values()):
        block[:] = bytes((17 * at + 51 * number) % 256 for at in range(len(block)))
    return memory


def opened(memory: PlcMemory, pdu: int = 480) -> S7Endpoint:
    endpoint = S7Endpoint(memory)
    assert endpoint.receive(CONNECT)[5] == 0xD0
    granted = ask(endpoint, struct.pack(">BBHHH", 0xF0, 0, 3, 3, pdu))
    assert granted == (0, struct.pack(">BBHHH", 0xF0, 0, 3, 3, max(240, min(pdu, 960))), b"")
    return endpoint


def ask(endpoint: S7Endpoint, parameters: bytes, data: bytes = b"") -> tuple[int, bytes, bytes]:
    """Error word, parameters and data of the answer to one job."""
    job = struct.pack(">BBHHHH", 0x32, 1, 0, 0xBEEF, len(parameters), len(data)) + parameters + data
    answer = endpoint.receive(struct.pack(">BBHBBB", 3, 0, 7 + len(job), 2, 0xF0, 0x80) + job)
    assert int.from_bytes(answer[2:4]) == len(answer)
    _, kind, _, number, length, size, error = struct.unpack_from(">BBHHHHH", answer, 7)
    assert (kind, number) == (2 if error else 3, 0xBEEF)
    assert len(answer) == 19 + length + size
    return error, answer[19 : 19 + length], answer[19 + length :]


def address(item: Item) -> bytes:
    area, number, kind, count, bit = item
    return struct.pack(">BBBBHHI", 0x12, 0x0A, 0x10, kind, count, number, CODES[area] << 24 | bit)


def read(endpoint: S7Endpoint, items: list[Item]) -> list[tuple[int, bytes]]:
    """Return code and data of each item."""
    error, parameters, data = ask(endpoint, bytes((4, len(items))) + b"".join(map(address, items)))
    assert (error, parameters) == (0, bytes((4, len(items))))
    return list(split(data, items))


def split(data: bytes, items: list[Item]) -> Iterator[tuple[int, bytes]]:
    for item in items:
        code, kind, length = struct.unpack_from(">BBH", data)
        size = 0
        if code == OK:
            head, units = HEADS[item[2]]
            assert (kind, length % units) == (head, 0)
            size = length // units
        else:
            assert (kind, length) == (0, 0)
        yield code, data[4 : 4 + size]
        data = data[4 + size :] if item is items[-1] else data[4 + size + size % 2 :]
    assert not data


def write(endpoint: S7Endpoint, items: list[tuple[Item, bytes]]) -> list[int]:
    """Return code of each item."""
    parameters = bytes((5, len(items))) + b"".join(address(item) for item, _ in items)
    data = b""
    for item, value in items:
        kind, units = HEADS[item[2]]
        data += b"\0" * (len(data) % 2) + struct.pack(">BBH", 0, kind, len(value) * units) + value
    error, echoed, codes = ask(endpoint, parameters, data)
    assert (error, echoed) == (0, parameters[:2])
    return list(codes)


def expected(memory: PlcMemory, item: Item) -> tuple[int, bytes]:
    """The model: what a CPU answers to one item of a read."""
    area, number, kind, count, bit = item
    block = memory.blocks.get((area, number if area is Area.DB else 0))
    if kind == 1 and count != 1:
        return UNSUPPORTED, b""
    if block is None:
        return MISSING, b""
    size = count * WIDTHS.get(kind, 1)
    if bit // 8 + size > len(block) or not size or (kind != 1 and bit % 8):
        return BEYOND, b""
    if kind == 1:
        return OK, bytes((block[bit // 8] >> bit % 8 & 1,))
    return OK, bytes(block[bit // 8 : bit // 8 + size])


items = st.builds(
    lambda area, number, kind, count, byte, bit: (
        area,
        number,
        kind,
        count,
        8 * byte + (bit if kind == 1 else 0),
    ),
    st.sampled_from(list(CODES)),
    st.integers(1, 3),
    st.integers(1, 8),
    st.sampled_from([1, 1, 1, 2, 3, 10]),
    st.integers(0, 41),
    st.integers(0, 7),
)


@given(st.lists(items, min_size=1, max_size=19))
def test_every_item_of_a_read_is_answered_for_itself(items: list[Item]) -> None:
    memory = plc()
    endpoint = opened(memory)
    for _ in range(2):
        assert read(endpoint, items) == [expected(memory, item) for item in items]


@given(st.lists(st.tuples(items, st.binary(min_size=40, max_size=40)), min_size=1, max_size=6))
def test_every_item_of_a_write_is_done_or_refused_for_itself(pairs: list[tuple[Item, bytes]]) -> None:
    memory, model = plc(), plc()
    written = []
    for item, data in pairs:
        area, number, kind, count, bit = item
        code, old = expected(model, item)
        value = bytes((data[0] & 1,)) if kind == 1 else data[: count * WIDTHS[kind]]
        written.append((item, value, code))
        block = model.blocks.get((area, number if area is Area.DB else 0), bytearray())
        if code == OK and kind == 1:
            block[bit // 8] ^= (old[0] ^ value[0]) << bit % 8
        elif code == OK:
            block[bit // 8 : bit // 8 + len(value)] = value
    codes = write(opened(memory), [(item, value) for item, value, _ in written])
    assert codes == [code for _, _, code in written]
    assert memory.blocks == model.blocks


def test_a_write_of_another_size_is_refused_and_changes_nothing() -> None:
    memory = plc()
    item = (Area.DB, 1, 2, 4, 0)
    assert write(opened(memory), [(item, b"abc"), (item, b"abcde")]) == [INCONSISTENT, INCONSISTENT]
    assert memory.blocks == plc().blocks


def test_a_write_whose_data_end_early_writes_nothing() -> None:
    memory = plc()
    parameters = bytes((5, 2)) + address((Area.DB, 1, 2, 2, 0)) + address((Area.DB, 1, 2, 2, 16))
    assert ask(opened(memory), parameters, bytes.fromhex("00040010abcd0004"))[0] == 0x8500
    assert memory.blocks == plc().blocks


@pytest.mark.parametrize(("pdu", "size"), [(240, 222), (480, 462), (960, 942)])
def test_an_answer_never_exceeds_the_pdu(pdu: int, size: int) -> None:
    endpoint = opened(PlcMemory({(Area.DB, 1): 2000}), pdu)
    ask_for = lambda count: ask(endpoint, bytes((4, 1)) + address((Area.DB, 1, 2, count, 0)))  # noqa: E731
    assert ask_for(size)[0] == 0
    assert ask_for(size + 1) == (0x8500, b"", b"")


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        (bytes((4, 21)) + address((Area.DB, 1, 2, 1, 0)) * 21, 0x8500),
        (bytes((4, 0)), 0x8500),
        (bytes((4, 2)) + address((Area.DB, 1, 2, 1, 0)), 0x8500),
        (b"\x1d" + bytes(17), 0x8104),
        (bytes.fromhex("28000000000000fd0000055f47415242"), 0x8104),
        (b"", 0x8500),
    ],
)
def test_what_is_not_served_is_refused(parameters: bytes, error: int) -> None:
    assert ask(opened(plc(), 960), parameters) == (error, b"", b"")


def test_nothing_is_served_before_the_set_up() -> None:
    endpoint = S7Endpoint(plc())
    endpoint.receive(CONNECT)
    assert ask(endpoint, bytes((4, 1)) + address((Area.DB, 1, 2, 1, 0)))[0] == 0x8401


def test_another_slot_is_refused() -> None:
    endpoint = S7Endpoint(plc(), rack=0, slot=2)
    answer = endpoint.receive(CONNECT)
    assert (answer[5], answer[10], endpoint.closed) == (0x80, 0x03, True)


def test_start_and_stop_reach_the_plant() -> None:
    memory, heard = plc(), []
    memory.on_request = heard.append
    endpoint = opened(memory)
    assert ask(endpoint, bytes.fromhex("29000000000009") + b"P_PROGRAM") == (0, b"\x29", b"")
    assert not memory.running
    assert ask(endpoint, bytes.fromhex("28000000000000fd000009") + b"P_PROGRAM") == (0, b"\x28", b"")
    assert memory.running
    assert ask(endpoint, bytes.fromhex("28000000000000fd0002432009") + b"P_PROGRAM")[0] == 0
    assert heard == [CpuRequest.STOP, CpuRequest.HOT_START, CpuRequest.COLD_START]


@given(st.binary(max_size=200), st.integers(0, 80), st.integers(1, 255))
def test_nonsense_neither_stops_the_endpoint_nor_is_answered_out_of_shape(
    noise: bytes, at: int, flip: int
) -> None:
    request = bytes((5, 3)) + address((Area.DB, 1, 2, 4, 0)) + address((Area.DB, 2, 4, 2, 16))
    request += address((Area.MERKERS, 0, 1, 1, 3))
    data = bytes.fromhex("0004002001020304000400200a0b0c0d0003000101")
    job = struct.pack(">BBHHHH", 0x32, 1, 0, 7, len(request), len(data)) + request + data
    frame = bytearray(struct.pack(">BBHBBB", 3, 0, 7 + len(job), 2, 0xF0, 0x80) + job)
    frame[at % len(frame)] ^= flip
    endpoint = opened(plc())
    out = endpoint.receive(bytes(frame)) + endpoint.receive(noise)
    while out:
        length = int.from_bytes(out[2:4])
        assert out[0] == 3
        assert 7 <= length <= 487
        out = out[length:]
    assert endpoint.receive(b"\x03\0") == b""


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_requests_may_arrive_in_any_pieces(steps: list[int]) -> None:
    memory = plc()
    stream = CONNECT + bytes.fromhex("0300001902f08032010000000100080000f0000008000801e0")
    stream += bytes.fromhex("0300001f02f080320100000002000e00000401120a10020008000184000000")
    whole, endpoint = S7Endpoint(memory).receive(stream), S7Endpoint(memory)
    answer, at = b"", 0
    for step in [*steps, len(stream)]:
        answer += endpoint.receive(stream[at : at + step])
        at += step
    assert answer == whole
    assert answer.endswith(bytes(memory.blocks[Area.DB, 1][:8]))


def test_the_plant_exchanges_whole_regions_inside_its_blocks_only() -> None:
    memory = plc()
    with pytest.raises(UsageError, match=r"DB1.DBB0..3: wanted 4 bytes, got 3"):
        memory.exchange([(Region(Area.DB, 1, 0, 4), b"abc")], ())
    with pytest.raises(
        UsageError, match=r"DB2.DBB8..9: wanted within the simulated block, which has 9 bytes"
    ):
        memory.exchange((), [Region(Area.DB, 2, 8, 2)])
    assert memory.exchange([(Region(Area.DB, 2, 7, 2), b"ab")], [Region(Area.DB, 2, 6, 3)])[0][1:] == b"ab"
