"""Foreign S7 clients and servers, each behind the same few verbs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pyS7
import snap7.client
import snap7.server
from snap7.error import S7Error
from snap7.type import Area as Snap7Area
from snap7.type import SrvArea, WordLen

from tests.peers.native import NativeError, native


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


class NativeClient:
    """The native Snap7."""

    error: type[Exception] = NativeError

    def __init__(self, port: int) -> None:
        self.opened = ExitStack()
        self.native = self.opened.enter_context(native())
        self.pdu = self.native.ask("connect", port)

    def read(self, *places: tuple[int, int, int]) -> list[bytes]:
        return [bytes.fromhex(data) for data in self.native.ask("read", places, "Byte")]

    def write(self, *values: tuple[int, int, bytes]) -> None:
        self.native.ask("write", [(n, at, data.hex()) for n, at, data in values], "Byte")

    def read_bit(self, number: int, byte: int, bit: int) -> bool:
        return self.native.ask("read", [(number, 8 * byte + bit, 1)], "Bit") == ["01"]

    def write_bit(self, number: int, byte: int, bit: int, value: bool) -> None:
        self.native.ask("write", [(number, 8 * byte + bit, "01" if value else "00")], "Bit")

    def running(self) -> bool:
        return self.native.ask("state") == "S7CpuStatusRun"

    def close(self) -> None:
        self.native.ask("disconnect")
        self.opened.close()


Client = Snap7Client | PyS7Client | NativeClient


BLOCKS = {10: bytes(range(200)), 11: bytes(100)}
Held = Callable[[int], bytes]
"""What a data block holds."""


def of_snap7(port: int, opened: ExitStack) -> Held:
    """python-snap7's server; of a job that writes several items it does only the first."""
    blocks = {number: bytearray(data) for number, data in BLOCKS.items()}
    server = snap7.server.Server(log=False)
    for number, block in blocks.items():
        server.register_area(SrvArea.DB, number, block)
    server.start_to("127.0.0.1", port)
    opened.callback(server.stop)
    return lambda number: bytes(blocks[number])


def of_native(port: int, opened: ExitStack) -> Held:
    """The native Snap7's server."""
    server = opened.enter_context(native())
    server.ask("serve", port, {number: data.hex() for number, data in BLOCKS.items()})
    opened.callback(server.ask, "end")
    return lambda number: bytes.fromhex(server.ask("holds", number))
