"""The native Snap7 as python-snap7 2 wraps it, client or server, for tests.

It runs in an environment and a process of its own, since python-snap7 3 bears the same import name: a JSON
request per line on standard input, a JSON answer per line on standard output.
"""

from __future__ import annotations

import ctypes
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from snap7.client import Client
from snap7.server import Server
from snap7.type import Area, S7DataItem, SrvArea, WordLen

client, server = Client(), Server(log=False)
blocks: dict[int, ctypes.Array[ctypes.c_char]] = {}


def item(number: int, start: int, data: bytes, kind: str) -> S7DataItem:
    """One item of a job; of kind Bit it starts at a bit."""
    buffer = (ctypes.c_uint8 * len(data))(*data)
    pointer = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_uint8))
    return S7DataItem(Area.DB, WordLen[kind], 0, number, start, len(data), pointer)


def connect(port: int) -> int:
    """Connect; the PDU in bytes."""
    client.connect("127.0.0.1", 0, 1, port)
    return client.get_pdu_length()


def read(places: list[tuple[int, int, int]], kind: str) -> list[str]:
    """The items of one job, as hexadecimal digits; RuntimeError for the first that is refused."""
    items = (S7DataItem * len(places))(*[item(n, at, bytes(size), kind) for n, at, size in places])
    _, answers = client.read_multi_vars(items)
    for answer in answers:
        if answer.Result:
            raise RuntimeError(client.error_text(answer.Result))
    return [bytes(answer.pData[: answer.Amount]).hex() for answer in answers]


def timed(place: tuple[int, int, int], count: int) -> float:
    """Median time of a read of one place, in s, of so many."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        client.db_read(*place)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def write(values: list[tuple[int, int, str]], kind: str) -> None:
    """Write the items in one job."""
    client.write_multi_vars([item(n, at, bytes.fromhex(data), kind) for n, at, data in values])


def serve(port: int, wanted: dict[str, str]) -> None:
    """Serve data blocks with these contents on the loopback address."""
    for number, text in wanted.items():
        data = bytes.fromhex(text)
        blocks[int(number)] = block = ctypes.create_string_buffer(data, len(data))
        server.register_area(SrvArea.DB, int(number), block)
    server.start_to("127.0.0.1", port)


VERBS: dict[str, Callable[..., Any]] = {
    "connect": connect,
    "read": read,
    "timed": timed,
    "write": write,
    "state": client.get_cpu_state,
    "stop": client.plc_stop,
    "start": client.plc_hot_start,
    "disconnect": client.disconnect,
    "serve": serve,
    "holds": lambda number: bytes(blocks[number]).hex(),
    "end": server.stop,
}


def main() -> None:
    """Answer requests until standard input ends."""
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        try:
            answer = {"is": VERBS[verb](*arguments)}
        except RuntimeError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
