"""Foreign S7 clients against our simulated PLC, and our link against a foreign server, over real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from control.block import Region
from control.errors import ConnectError
from control.link import Plan
from control.s7 import S7Link
from tests.contract.s7_peers import Client, Held, NativeClient, PyS7Client, Snap7Client, of_native, of_snap7
from tests.contract.s7_site import DB, PLAN, SAFE, Site, serving, until

pytestmark = pytest.mark.wire


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


@pytest.fixture(params=[Snap7Client, PyS7Client, NativeClient])
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
    with pytest.raises(client.error, match=r"(?i)object.does.not.exist|item not available"):
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


# Our link against foreign servers


@pytest.fixture(params=[of_snap7, of_native])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[int, Held]]:
    with socket.create_server(("127.0.0.1", 0)) as spare:
        port = spare.getsockname()[1]
    with ExitStack() as opened:
        yield port, request.param(port, opened)


def test_our_link_and_a_foreign_server(server: tuple[int, Held]) -> None:
    port, held = server
    link = S7Link("plc", f"s7://127.0.0.1:{port}/0/1", cycle=0.002)
    link.configure(PLAN)
    link.open()
    try:
        assert link.image.data == (bytes(range(200)),)
        assert held(11)[2:22] == SAFE
        link.put((bytes(range(20)),))
        until(lambda: held(11)[2:22] == bytes(range(20)), "the outputs")
    finally:
        link.close()
    assert held(11)[2:22] == SAFE


@pytest.mark.parametrize("server", [of_native], indirect=True)
def test_two_runs_of_changed_bytes_go_in_one_job(server: tuple[int, Held]) -> None:
    port, held = server
    link = S7Link("plc", f"s7://127.0.0.1:{port}/0/1", cycle=0.002)
    link.configure(
        Plan((Region(DB, 10, 0, 4), Region(DB, 10, 100, 60)), (Region(DB, 11, 0, 90),), (bytes(90),))
    )
    link.open()
    try:
        assert link.image.data == (bytes(range(4)), bytes(range(100, 160)))
        two_runs = b"ab" + bytes(86) + b"cd"
        link.put((two_runs,))
        until(lambda: held(11)[:90] == two_runs, "the outputs")
        assert link.reconnects == 0
    finally:
        link.close()


def test_our_link_finds_missing_and_short_blocks_on_a_foreign_server(server: tuple[int, Held]) -> None:
    for region, message in (
        (Region(DB, 12, 0, 4), "does not exist"),
        (Region(DB, 10, 0, 300), "got one of 200"),
    ):
        link = S7Link("plc", f"s7://127.0.0.1:{server[0]}/0/1", cycle=0.002)
        link.configure(Plan((region,), (), ()))
        with pytest.raises(ConnectError, match=message):
            link.open()
