"""S7 figures: our link and our simulated PLC beside python-snap7, as ratios to a Python TCP echo.

The echo has the sizes of a read of 200 B (31 and 225 bytes). Client and servers share one core, so a figure
shows the work done per exchange and not how fast a core wakes up.
"""

from __future__ import annotations

import os
import random
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

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

ROUNDS = 5
SPAN = 4000
BLOCK = Region(Area.DB, 10, 0, 200)
BULK = Region(Area.DB, 10, 0, SPAN)
ECHO = struct.Struct(">HH")

Row = dict[str, Any]


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
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
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
    command = [sys.executable, "-m", "tests.perf.s7", "serve"]
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


def echo(port: int, size: int, back: int) -> Callable[[], object]:
    """A call that sends `size` bytes and waits for `back` bytes."""
    wire = socket.create_connection(("127.0.0.1", port))
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request, buffer = ECHO.pack(size, back).ljust(size, b"\0"), bytearray(65536)

    def call() -> None:
        wire.sendall(request)
        count = 0
        while count < back:
            count += wire.recv_into(buffer)

    return call


def ours(port: int, region: Region, max_jobs: int) -> tuple[S7Link, Callable[[], object]]:
    """A connected link without its thread, and a call that makes one exchange."""
    link = S7Link("plc", f"s7://127.0.0.1:{port}/0/1", cycle=1.0)
    link.configure(Plan((region,), (), ()))
    link._connect()
    session = link._session
    session.connect(session.pdu, max_jobs)
    link._exchange(session)
    return link, lambda: link._exchange(session)


def transport(port: int) -> Callable[[], object]:
    """A call that sends a job of 200 B, checks the answer and stores its data; no session, no image."""
    link, _ = ours(port, BLOCK, 1)
    layout = Layout([BLOCK])
    job, memory, buffer = ReadJob([BLOCK], layout), bytearray(layout.size), memoryview(bytearray(65536))
    assert link._connection is not None and link._connection.socket is not None
    wire = link._connection.socket

    def call() -> None:
        wire.sendall(job.number(7))
        job.accept(buffer[: wire.recv_into(buffer)], memory)

    return call


def served(port: int) -> Callable[[], object]:
    """A call that sends one prebuilt frame and takes what comes: what a read of 200 B costs the server."""
    link, _ = ours(port, BLOCK, 1)
    frame, buffer = bytes(ReadJob([BLOCK], Layout([BLOCK])).number(7)), bytearray(65536)
    assert link._connection is not None and link._connection.socket is not None
    wire = link._connection.socket

    def call() -> None:
        wire.sendall(frame)
        wire.recv_into(buffer)

    return call


def typed(port: int, region: Region, max_jobs: int) -> Callable[[], object]:
    """A call that makes one exchange and decodes every value of its image."""
    link, exchange = ours(port, region, max_jobs)
    session, decoder = link._session, mixed_tags(region.size // 4)

    def call() -> None:
        exchange()
        decoder.unpack(session.image.data[0])

    return call


def snap7_client(port: int, size: int) -> Callable[[], object]:
    """A call that reads `size` bytes with python-snap7."""
    client = Client()
    client.connect("127.0.0.1", 0, 1, port)
    return lambda: client.read_area(Snap7Area.DB, 10, 0, size)


def mixed_tags(count: int) -> struct.Struct:
    """One precompiled decoder of BOOL bytes, INTs and REALs in slots of 4 bytes."""
    draw = random.Random(7)
    return struct.Struct(">" + "".join(draw.choice(("B3x", "h2x", "f")) for _ in range(count)))


def compared(
    name: str, call: Callable[[], object], floor: Callable[[], object], count: int, target: str
) -> Row:
    """Median ratio of a call to its floor, measured in turn."""
    pairs = [(seconds_per_call(call, count), seconds_per_call(floor, count)) for _ in range(ROUNDS)]
    value = statistics.median(value for value, _ in pairs) * 1e6
    ratio = statistics.median(value / base for value, base in pairs)
    return {
        "name": name,
        "value": value,
        "unit": "us",
        "floor": value / ratio,
        "ratio": ratio,
        "target": target,
    }


def measure() -> list[Row]:
    """All S7 rows."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with servers() as (echo_port, large, small, peer):
        floor = echo(echo_port, 31, 225)
        rows = [
            compared("S7 200 B, our PLC alone", served(large), floor, 2000, ""),
            compared("S7 200 B, our job layer, our PLC", transport(large), floor, 2000, "<= 1.5"),
            compared("S7 200 B, our link to image, our PLC", ours(large, BLOCK, 1)[1], floor, 2000, ""),
            compared("S7 200 B, our link to values, our PLC", typed(large, BLOCK, 1), floor, 2000, "<= 2.5"),
            compared("S7 200 B, our link to image, python-snap7", ours(peer, BLOCK, 1)[1], floor, 300, ""),
            compared("S7 200 B, python-snap7, our PLC", snap7_client(large, 200), floor, 500, ""),
            compared("S7 200 B, python-snap7 alone", snap7_client(peer, 200), floor, 300, ""),
        ]
        for port, pdu, target in ((small, 480, "<= 15"), (large, 960, "<= 9")):
            rows += bulk(port, pdu, target, floor)
    return rows


def bulk(port: int, pdu: int, target: str, floor: Callable[[], object]) -> list[Row]:
    """1000 mixed tags over 4 kB to values, job after job and in flight; python-snap7's bulk read."""
    name = f"S7 1000 tags, PDU {pdu}"
    return [
        compared(f"{name}, sequential", typed(port, BULK, 1), floor, 300, target),
        compared(f"{name}, pipelined", typed(port, BULK, 8), floor, 300, "<= 6"),
        compared(f"{name}, python-snap7, bytes only", snap7_client(port, SPAN), floor, 100, ""),
    ]


def line(row: Row) -> str:
    """A row as text."""
    figures = f"{row['value']:9.1f} us  floor {row['floor']:6.1f} us  x{row['ratio']:6.2f}"
    return f"{row['name']:45} {figures}  {row['target']}"


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        print(*map(line, measure()), sep="\n")
