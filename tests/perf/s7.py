"""S7 figures: our link and our simulated PLC beside python-snap7, pyS7 and the native Snap7, as ratios to a
Python TCP echo.

The echo has the sizes of a read of 200 B (31 and 225 bytes). Client and servers share one core, so a figure
shows the work done per exchange and not how fast a core wakes up; the rows of two cores let that in.
"""

from __future__ import annotations

import random
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pyS7
from snap7.client import Client
from snap7.server import Server
from snap7.type import Area as Snap7Area
from snap7.type import SrvArea

from control.block import Area, Region
from control.link import Plan
from control.s7 import S7Link
from control.s7_jobs import Layout, ReadJob
from plc_sim.plc_memory import PlcMemory
from plc_sim.s7_outlet import S7Outlet
from tests.peers.native import Native, native
from tests.perf.table import Row, one_core

ROUNDS = 5
CALLS = 2000
"""Calls per round of what is quickest."""

SPAN = 4000
BLOCK = Region(Area.DB, 10, 0, 200)
BULK = Region(Area.DB, 10, 0, SPAN)
ECHO = struct.Struct(">HH")


def serve_echo(listener: socket.socket) -> None:
    """Serve each client the echo."""
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=answer_echo, args=(client,), daemon=True).start()


def answer_echo(client: socket.socket) -> None:
    """For each request, whose head says how long request and answer are, the answer."""
    answer = bytes(65536)
    while request := client.recv(65536):
        size, back = ECHO.unpack_from(request)
        while len(request) < size:
            request += client.recv(65536)
        client.sendall(answer[:back])


def serve() -> None:
    """The servers' process: echo, our PLC, python-snap7's; prints their ports and waits for its end."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve_echo, args=(listener,), daemon=True).start()
    outlets = [S7Outlet(PlcMemory({(Area.DB, 10): SPAN}), pdu=pdu) for pdu in (960, 480)]
    for outlet in outlets:
        outlet.start()
    peer, port = Server(log=False), free_port()
    peer.register_area(SrvArea.DB, 10, bytearray(SPAN))
    peer.start(tcp_port=port)
    print(listener.getsockname()[1], *[outlet.port for outlet in outlets], port, flush=True)
    sys.stdin.read()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def servers() -> Iterator[list[int]]:
    """Ports of echo, our PLC at PDU 960 and 480, and python-snap7's server."""
    command = [sys.executable, "-m", "tests.perf.s7"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield [int(port) for port in process.stdout.readline().split()]
        process.communicate()


def seconds_per_call(call: Callable[[], object], count: int) -> float:
    """Median time of a call in s."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def echo(opened: ExitStack, port: int, size: int, back: int) -> Callable[[], object]:
    """A call that sends `size` bytes and waits for `back` bytes."""
    wire = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request, buffer = ECHO.pack(size, back).ljust(size, b"\0"), bytearray(65536)

    def call() -> None:
        wire.sendall(request)
        count = 0
        while count < back:
            count += wire.recv_into(buffer)

    return call


def ours(
    opened: ExitStack, port: int, region: Region, max_jobs: int = 1
) -> tuple[S7Link, Callable[[], object]]:
    """A connected link without its thread, and a call that makes one exchange."""
    link = S7Link("plc", f"s7://127.0.0.1:{port}/0/1", cycle=1.0)
    link.configure(Plan((region,), (), ()))
    link._connect()
    opened.callback(link._disconnect)
    session = link._session
    session.connect(session.pdu, max_jobs)
    link._exchange(session)
    return link, lambda: link._exchange(session)


def transport(opened: ExitStack, port: int) -> Callable[[], object]:
    """A call that sends a job of 200 B, checks the answer and stores its data; no session, no image."""
    link, _ = ours(opened, port, BLOCK)
    layout = Layout([BLOCK])
    job, memory, buffer = ReadJob([BLOCK], layout), bytearray(layout.size), memoryview(bytearray(65536))
    assert link._connection is not None and link._connection.socket is not None
    wire = link._connection.socket

    def call() -> None:
        wire.sendall(job.number(7))
        job.accept(buffer[: wire.recv_into(buffer)], memory)

    return call


def served(opened: ExitStack, port: int) -> Callable[[], object]:
    """A call that sends one prebuilt frame and takes what comes: what a read of 200 B costs the server."""
    link, _ = ours(opened, port, BLOCK)
    frame, buffer = bytes(ReadJob([BLOCK], Layout([BLOCK])).number(7)), bytearray(65536)
    assert link._connection is not None and link._connection.socket is not None
    wire = link._connection.socket

    def call() -> None:
        wire.sendall(frame)
        wire.recv_into(buffer)

    return call


def typed(opened: ExitStack, port: int, region: Region, max_jobs: int = 1) -> Callable[[], object]:
    """A call that makes one exchange and decodes every value of its image."""
    link, exchange = ours(opened, port, region, max_jobs)
    session, decoder = link._session, mixed_tags(region.size // 4)

    def call() -> None:
        exchange()
        decoder.unpack(session.image.data[0])

    return call


def snap7_client(opened: ExitStack, port: int, size: int) -> Callable[[], object]:
    """A call that reads `size` bytes with python-snap7."""
    client = Client()
    client.connect("127.0.0.1", 0, 1, port)
    opened.callback(client.disconnect)
    return lambda: client.read_area(Snap7Area.DB, 10, 0, size)


def pys7_client(opened: ExitStack, port: int, size: int) -> Callable[[], object]:
    """A call that reads `size` bytes with pyS7."""
    client = pyS7.S7Client("127.0.0.1", 0, 1, port=port, max_pdu=960)
    client.connect()
    opened.callback(client.disconnect)
    tags = [pyS7.S7Tag(pyS7.MemoryArea.DB, 10, pyS7.DataType.BYTE, 0, 0, size)]
    return lambda: client.read(tags)


def native_server(opened: ExitStack) -> int:
    """The port of the native Snap7's server."""
    port = free_port()
    opened.enter_context(native()).ask("serve", port, {10: bytes(SPAN).hex()})
    return port


def native_client(opened: ExitStack, port: int) -> Native:
    """The native Snap7's client, connected."""
    client = opened.enter_context(native())
    client.ask("connect", port)
    return client


def mixed_tags(count: int) -> struct.Struct:
    """One precompiled decoder of BOOL bytes, INTs and REALs in slots of 4 bytes."""
    draw = random.Random(7)
    return struct.Struct(">" + "".join(draw.choice(("B3x", "h2x", "f")) for _ in range(count)))


def compared(
    name: str, call: Callable[[], object], floor: Callable[[], object], count: int, target: str = ""
) -> Row:
    """Median ratio of a call to its floor, measured in turn, in at least one call a round."""
    count = max(count, 1)
    return ranked(name, lambda: seconds_per_call(call, count), floor, count, target)


def ranked(
    name: str, seconds: Callable[[], float], floor: Callable[[], object], count: int, target: str = ""
) -> Row:
    """As `compared`, of a call that says itself how long it takes."""
    pairs = [(seconds(), seconds_per_call(floor, count)) for _ in range(ROUNDS)]
    value = statistics.median(value for value, _ in pairs) * 1e6
    ratio = statistics.median(value / base for value, base in pairs)
    return Row(name, value, "us", value / ratio, ratio, target)


def measure(calls: int = CALLS) -> list[Row]:
    """All S7 rows; the quickest are called `calls` times a round."""
    return [*on_one_core(calls), *on_two_cores(calls)]


def on_two_cores(calls: int) -> list[Row]:
    """Clients and servers where the machine puts them: with the time that waking a core takes, which the echo
    has too.
    """
    with servers() as (echo_port, large, small, _), ExitStack() as opened:
        floor = echo(opened, echo_port, 31, 225)
        _, image = ours(opened, large, BLOCK)
        snap7 = snap7_client(opened, large, 200)
        return [
            compared("S7 200 B, two cores, our job layer", transport(opened, large), floor, calls),
            compared("S7 200 B, two cores, our link to image", image, floor, calls),
            compared("S7 200 B, two cores, python-snap7", snap7, floor, calls // 4),
            *(
                compared(
                    f"S7 1000 tags, two cores, PDU {pdu}, {way}",
                    typed(opened, port, BULK, jobs),
                    floor,
                    calls // 8,
                )
                for pdu, port in ((480, small), (960, large))
                for way, jobs in (("sequential", 1), ("pipelined", 8))
            ),
        ]


def on_one_core(calls: int) -> list[Row]:
    """Each part beside its floor, and beside other S7 software in its place."""
    with one_core(), servers() as (echo_port, large, small, peer), ExitStack() as opened:
        floor = echo(opened, echo_port, 31, 225)
        return [
            *block(opened, large, peer, floor, calls),
            *beside_native(opened, large, floor, calls),
            *bulk(opened, small, 480, "<= 15", floor, calls // 8),
            *bulk(opened, large, 960, "<= 9", floor, calls // 8),
        ]


def block(opened: ExitStack, port: int, peer: int, floor: Callable[[], object], calls: int) -> list[Row]:
    """200 B: our parts one by one, then python-snap7's in their place."""
    (_, image), (_, at_peer) = ours(opened, port, BLOCK), ours(opened, peer, BLOCK)
    values, theirs = typed(opened, port, BLOCK), snap7_client(opened, port, 200)
    both = snap7_client(opened, peer, 200)
    return [
        compared("S7 200 B, our PLC alone", served(opened, port), floor, calls),
        compared("S7 200 B, our job layer, our PLC", transport(opened, port), floor, calls, "<= 1.5"),
        compared("S7 200 B, our link to image, our PLC", image, floor, calls),
        compared("S7 200 B, our link to values, our PLC", values, floor, calls, "<= 2.5"),
        compared("S7 200 B, our link to image, python-snap7", at_peer, floor, calls // 8),
        compared("S7 200 B, python-snap7, our PLC", theirs, floor, calls // 4),
        compared("S7 200 B, python-snap7 alone", both, floor, calls // 8),
    ]


def beside_native(opened: ExitStack, port: int, floor: Callable[[], object], calls: int) -> list[Row]:
    """200 B: the native Snap7's server and client in the place of ours, and pyS7."""
    server = native_server(opened)
    _, image = ours(opened, server, BLOCK)
    at_native, at_ours = native_client(opened, server), native_client(opened, port)
    few = calls // 8
    bare = served(opened, server)
    our_plc = served(opened, port)
    return [
        compared("S7 200 B, native server alone", bare, floor, calls),
        compared("S7 200 B, our PLC beside the native server", our_plc, bare, calls, "<= 1.5"),
        compared("S7 200 B, our job layer, native server", transport(opened, server), floor, calls, "<= 1.5"),
        compared("S7 200 B, our link to image, native server", image, floor, calls),
        compared(
            "S7 200 B, our link to values, native server",
            typed(opened, server, BLOCK),
            floor,
            calls,
            "<= 2.5",
        ),
        ranked("S7 200 B, native alone", lambda: at_native.ask("timed", (10, 0, 200), few), floor, few),
        ranked("S7 200 B, native, our PLC", lambda: at_ours.ask("timed", (10, 0, 200), few), floor, few),
        compared("S7 200 B, pyS7, our PLC", pys7_client(opened, port, 200), floor, few),
        compared("S7 200 B, pyS7, native server", pys7_client(opened, server, 200), floor, few),
    ]


def bulk(
    opened: ExitStack, port: int, pdu: int, target: str, floor: Callable[[], object], calls: int
) -> list[Row]:
    """1000 mixed tags over 4 kB to values, job after job and in flight; python-snap7's bulk read."""
    name, peer = f"S7 1000 tags, PDU {pdu}", snap7_client(opened, port, SPAN)
    return [
        compared(f"{name}, sequential", typed(opened, port, BULK), floor, calls, target),
        compared(f"{name}, pipelined", typed(opened, port, BULK, 8), floor, calls, "<= 6"),
        compared(f"{name}, python-snap7, bytes only", peer, floor, calls // 3),
    ]


if __name__ == "__main__":
    serve()
