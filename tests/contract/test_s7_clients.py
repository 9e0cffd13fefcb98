"""Foreign S7 clients against our simulated PLC, and our link against a foreign server, over real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pyS7
import pytest
import snap7.client
import snap7.server
from snap7.error import S7Error
from snap7.type import Area as Snap7Area
from snap7.type import SrvArea, WordLen

from control.block import Region
from control.errors import ConnectError
from control.link import Plan
from control.s7 import S7Link
from tests.contract.s7_site import DB, PLAN, SAFE, Site, serving, until

pytestmark = pytest.mark.wire


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


class Snap7Client:
    """python-snap7."""

    error: type[Exception] = S7Error

    def __init__(self, port: int) -> None:
        self.client = snap7.client.Client()
        self.client.connect("127.0.0.1", 0, 1, port)
        self.pdu = self.client.get_pdu_length()

    def read(self, *places: tuple[int, int, int]) -> list[bytes]:
        wanted = [{"area": Snap7Area.DB, "db_number": n, "start": at, "size": size} for n, at, size in places]
        return [bytes(data) for data in self.client.read_multi_vars(wanted)[1]]

    def write(self, *values: tuple[int, int, bytes]) -> None:
        self.client.write_multi_vars(
            [
                {"area": Snap7Area.DB, "db_number": n, "start": at, "data": bytearray(data)}
                for n, at, data in values
            ]
        )

    def read_bit(self, number: int, byte: int, bit: int) -> bool:
        return bool(self.client.read_area(Snap7Area.DB, number, 8 * byte + bit, 1, WordLen.Bit)[0])

    def write_bit(self, number: int, byte: int, bit: int, value: bool) -> None:
        self.client.write_area(Snap7Area.DB, number, 8 * byte + bit, bytearray([value]), WordLen.Bit)

    def running(self) -> bool:
        status = self.client.read_szl(0x0424)
        return status.Data[7] == 8

    def close(self) -> None:
        self.client.disconnect()


class PyS7Client:
    """pyS7."""

    error: type[Exception] = pyS7.S7ReadResponseError

    def __init__(self, port: int, pdu: int = 960) -> None:
        self.client = pyS7.S7Client("127.0.0.1", 0, 1, port=port, max_pdu=pdu)
        self.client.connect()
        self.pdu = self.client.pdu_size

    def read(self, *places: tuple[int, int, int]) -> list[bytes]:
        tags = [pyS7.S7Tag(pyS7.MemoryArea.DB, n, pyS7.DataType.CHAR, at, 0, size) for n, at, size in places]
        return [str(text).encode("latin-1") for text in self.client.read(tags)]

    def write(self, *values: tuple[int, int, bytes]) -> None:
        tags = [pyS7.S7Tag(pyS7.MemoryArea.DB, n, pyS7.DataType.CHAR, at, 0, len(d)) for n, at, d in values]
        self.client.write(tags, [data.decode("latin-1") for *_, data in values])

    def read_bit(self, number: int, byte: int, bit: int) -> bool:
        return bool(self.client.read([f"DB{number},X{byte}.{bit}"], optimize=False)[0])

    def write_bit(self, number: int, byte: int, bit: int, value: bool) -> None:
        self.client.write([f"DB{number},X{byte}.{bit}"], [value])

    def running(self) -> bool:
        return self.client.get_cpu_status() == "RUN"

    def close(self) -> None:
        self.client.disconnect()


Client = Snap7Client | PyS7Client


@pytest.fixture(params=[Snap7Client, PyS7Client])
def client(site: Site, request: pytest.FixtureRequest) -> Iterator[Client]:
    site.memory.exchange([(Region(DB, 10, 0, 300), bytes(at % 256 for at in range(300)))], ())
    client = request.param(site.outlet.port)
    yield client
    client.close()


def test_foreign_multi_read(client: Client) -> None:
    places = [(10, 0, 4), (10, 7, 3), (10, 100, 150), (10, 299, 1), (10, 60, 5)]
    pattern = bytes(at % 256 for at in range(300))
    assert client.read(*places) == [pattern[at : at + size] for _, at, size in places]


def test_foreign_multi_write(site: Site, client: Client) -> None:
    client.write((11, 0, b"abc"), (11, 10, b"de"), (11, 51, b"f"), (10, 4, b"ghijk"))
    wanted = [(11, 0, b"abc"), (11, 10, b"de"), (11, 51, b"f"), (10, 4, b"ghijk")]
    assert [site.holds(Region(DB, number, at, len(data))) for number, at, data in wanted] == [
        d for *_, d in wanted
    ]
    assert site.holds(Region(DB, 11, 0, 100)).replace(b"\0", b"") == b"abcdef"


def test_foreign_single_bits(site: Site, client: Client) -> None:
    site.memory.exchange([(Region(DB, 11, 5, 1), b"\xf0")], ())
    assert [client.read_bit(11, 5, bit) for bit in range(8)] == [False] * 4 + [True] * 4
    client.write_bit(11, 5, 1, True)
    assert site.holds(Region(DB, 11, 5, 1)) == b"\xf2"
    client.write_bit(11, 5, 6, False)
    assert site.holds(Region(DB, 11, 4, 3)) == b"\0\xb2\0"


def test_foreign_clients_hear_of_a_missing_block(client: Client) -> None:
    with pytest.raises(client.error, match=r"(?i)object.does.not.exist"):
        client.read((99, 0, 4))
    assert client.read((10, 0, 4)) == [b"\0\1\2\3"]


def test_foreign_clients_see_stop(site: Site, client: Client) -> None:
    assert client.running()
    site.memory.running = False
    assert not client.running()


def test_snap7_orders_start_and_stop(site: Site) -> None:
    client = Snap7Client(site.outlet.port)
    client.client.plc_stop()
    assert not client.running()
    client.client.plc_hot_start()
    assert client.running()
    assert client.client.get_cpu_info().ModuleTypeName == b"Simulated CPU"
    assert client.client.get_order_code().OrderCode == b"CELLWRIGHT-SIM-PLC"
    client.close()


@pytest.mark.parametrize("pdu", [240, 480, 960])
def test_foreign_client_at_every_pdu(site: Site, pdu: int) -> None:
    client = PyS7Client(site.outlet.port, pdu)
    assert client.pdu == pdu
    client.write((11, 0, bytes(range(65, 91))))
    assert client.read((11, 0, 26)) == [bytes(range(65, 91))]
    client.close()


# Our link against a foreign server


@pytest.fixture
def snap7_server() -> Iterator[tuple[int, dict[int, bytearray]]]:
    """python-snap7's server; of a job that writes several items it does only the first."""
    blocks = {10: bytearray(range(200)), 11: bytearray(100)}
    server = snap7.server.Server(log=False)
    for number, block in blocks.items():
        server.register_area(SrvArea.DB, number, block)
    with socket.create_server(("127.0.0.1", 0)) as spare:
        port = spare.getsockname()[1]
    server.start_to("127.0.0.1", port)
    yield port, blocks
    server.stop()


def test_our_link_and_the_server_of_snap7(snap7_server: tuple[int, dict[int, bytearray]]) -> None:
    port, blocks = snap7_server
    link = S7Link("plc", f"s7://127.0.0.1:{port}/0/1", cycle=0.002)
    link.configure(PLAN)
    link.open()
    try:
        assert link.image.data == (bytes(range(200)),)
        assert blocks[11][2:22] == SAFE
        link.put((bytes(range(20)),))
        until(lambda: blocks[11][2:22] == bytes(range(20)), "the outputs")
    finally:
        link.close()
    assert blocks[11][2:22] == SAFE


def test_our_link_finds_missing_and_short_blocks_on_the_server_of_snap7(
    snap7_server: tuple[int, dict[int, bytearray]],
) -> None:
    for region, message in (
        (Region(DB, 12, 0, 4), "does not exist"),
        (Region(DB, 10, 0, 300), "got one of 200"),
    ):
        link = S7Link("plc", f"s7://127.0.0.1:{snap7_server[0]}/0/1", cycle=0.002)
        link.configure(Plan((region,), (), ()))
        with pytest.raises(ConnectError, match=message):
            link.open()
