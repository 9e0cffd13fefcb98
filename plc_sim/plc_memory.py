"""The memory of a simulated PLC: what clients see and what the plant exchanges at PLC scan boundaries."""

from __future__ import annotations

import threading  # noqa: TID251 the memory is where the plant's thread and the clients' threads meet
from collections.abc import Callable, Iterable, Mapping
from copy import copy, deepcopy
from enum import Enum
from typing import Any

from control.block import Area, Region
from control.errors import UsageError


class CpuRequest(Enum):
    """What a client may ask of the CPU."""

    STOP = "stop"
    HOT_START = "hot start"
    COLD_START = "cold start"


class PlcMemory:
    """Blocks of bytes by (area, number), shared by the thread that owns the plant and the clients' threads.

    The plant's owner calls `exchange` once per PLC scan; what clients write reaches it only there. A job of a
    client is one transaction under `lock`. `on_write` hears every item a client wrote, `on_request` every
    start and stop; both are called with the lock held, from the client's thread, and must return at once.

    As by a CPU's settings, `optimized` blocks have no addresses for clients, `protected` ones refuse them,
    and without `put_get` neither reads nor writes are permitted.
    """

    def __init__(
        self,
        sizes: Mapping[tuple[Area, int], int],
        *,
        on_write: Callable[[Region, bytes], None] | None = None,
        on_request: Callable[[CpuRequest], None] | None = None,
        optimized: Iterable[tuple[Area, int]] = (),
        protected: Iterable[tuple[Area, int]] = (),
        put_get: bool = True,
    ) -> None:
        self.blocks = {block: bytearray(size) for block, size in sizes.items()}
        self.lock = threading.Lock()
        self.running = True
        self.on_write, self.on_request = on_write, on_request
        self.optimized, self.protected, self.put_get = frozenset(optimized), frozenset(protected), put_get

    def __deepcopy__(self, memo: dict[int, Any]) -> PlcMemory:
        """Another memory in the same state, with a lock of its own."""
        other = memo[id(self)] = copy(self)
        other.blocks, other.lock = deepcopy(self.blocks, memo), threading.Lock()
        other.on_write, other.on_request = deepcopy((self.on_write, self.on_request), memo)
        return other

    def exchange(self, inputs: Iterable[tuple[Region, bytes]], outputs: Iterable[Region]) -> list[bytes]:
        """Copy the plant's `inputs` in and get what the `outputs` hold, in one step as clients see it."""
        with self.lock:
            for region, data in inputs:
                if len(data) != region.size:
                    raise UsageError(f"{region}: wanted {region.size} bytes, got {len(data)}")
                block, place = self._find(region)
                block[place] = data
            return [bytes(block[place]) for block, place in map(self._find, outputs)]

    def _find(self, region: Region) -> tuple[bytearray, slice]:
        block = self.blocks.get((region.area, region.number), bytearray())
        if region.start + region.size > len(block):
            raise UsageError(f"{region}: wanted within the simulated block, which has {len(block)} bytes")
        return block, slice(region.start, region.start + region.size)

    def request(self, request: CpuRequest) -> None:
        """Start or stop the CPU, as asked by a client."""
        with self.lock:
            self.running = request is not CpuRequest.STOP
            if self.on_request:
                self.on_request(request)
