"""Defects of python-snap7 that ours works around, each by what it does.

A test that fails here says that python-snap7 has mended one: then the workaround named in it can go.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import snap7.server
from snap7.error import S7Error
from snap7.type import Parameter

from control.block import Region
from tests.contract.s7_peers import Held, NativeClient, Snap7Client, of_snap7
from tests.contract.s7_site import DB, Site, serving
from tests.peers.native import NativeError

pytestmark = pytest.mark.wire


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


@pytest.fixture
def server() -> Iterator[tuple[int, Held]]:
    with socket.create_server(("127.0.0.1", 0)) as spare:
        port = spare.getsockname()[1]
    with ExitStack() as opened:
        yield port, of_snap7(port, opened)


@pytest.fixture
def native(server: tuple[int, Held]) -> Iterator[NativeClient]:
    client = NativeClient(server[0])
    yield client
    client.close()


# Its server: why plc_sim has a data path of its own


def test_of_several_written_items_only_the_first_is_stored(
    server: tuple[int, Held], native: NativeClient
) -> None:
    with pytest.raises(NativeError):
        native.write((11, 0, b"a"), (11, 10, b"b"))
    assert server[1](11)[:11] == b"a" + bytes(10)


def test_a_bit_is_read_as_its_whole_byte(native: NativeClient) -> None:
    native.write((11, 0, b"\xf0"))
    assert [native.native.ask("read", [(11, bit, 1)], "Bit") for bit in (1, 5)] == [["f0"], ["f0"]]


def test_a_written_bit_overwrites_its_byte(server: tuple[int, Held], native: NativeClient) -> None:
    native.write((11, 0, b"\xf0"))
    native.write_bit(11, 0, 1, True)
    assert server[1](11)[0] == 1


@pytest.fixture
def stopped() -> Iterator[int]:
    """The port of its server, whose CPU is in STOP."""
    with socket.create_server(("127.0.0.1", 0)) as spare:
        port = spare.getsockname()[1]
    server = snap7.server.Server(log=False)
    server.start_to("127.0.0.1", port)
    server.set_cpu_status(4)
    yield port
    server.stop()


def test_a_stopped_cpu_does_not_show(stopped: int) -> None:
    client = NativeClient(stopped)
    assert client.native.ask("state") == "S7CpuStatusUnknown"
    client.close()


def test_a_second_server_starts_on_the_same_port(server: tuple[int, Held]) -> None:
    second = snap7.server.Server(log=False)
    assert second.start_to("127.0.0.1", server[0]) == 0
    second.stop()


# Its client: why control has a job layer of its own


def test_the_cpu_is_always_said_to_run(stopped: int) -> None:
    client = Snap7Client(stopped)
    assert client.client.get_cpu_state() == "S7CpuStatusRun"
    client.close()


def test_it_asks_for_the_cpu_state_with_a_job_that_is_not_whole(site: Site) -> None:
    """Our PLC refuses it, as every job whose parameters are cut; clients that read SZL 0424 get the truth."""
    client = Snap7Client(site.outlet.port)
    with pytest.raises(S7Error, match="0x85"):
        client.client.get_cpu_state()
    assert client.running()
    client.close()


def test_a_limit_for_receiving_is_not_kept_to(site: Site) -> None:
    """It is taken and the socket keeps its own: control sets its limits on the socket."""
    client = Snap7Client(site.outlet.port)
    client.client.set_param(Parameter.RecvTimeout, 300)
    assert client.client.connection is not None and client.client.connection.socket is not None
    assert client.client.connection.socket.gettimeout() == 5.0
    client.close()


def test_every_written_item_is_a_job(site: Site) -> None:
    client = Snap7Client(site.outlet.port)
    before = site.outlet.jobs
    client.write((11, 0, b"a"), (11, 10, b"b"), (11, 20, b"c"))
    assert site.outlet.jobs - before == 3
    assert site.holds(Region(DB, 11, 0, 1)) == b"a"
    client.close()
