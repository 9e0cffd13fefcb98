"""The memory of a plant's PLC as S7 clients meet it: the declared blocks, and the two life words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from control.block import Area, Region
from control.project import word_region
from control.scan import NEVER, ns
from control.schema import LinkTable
from plc_sim.kernel import host
from plc_sim.kernel.plc_rows import PlcRow
from plc_sim.plant import Plant
from plc_sim.plc_memory import CpuRequest, PlcMemory

SILENCE = ns(0.05)
"""A life word that has not changed for so long is watched closely by the simulated PLC, in ns."""


class PlantMemory:
    """Copies between a plant's PLC and the `memory` that S7 clients read and write. Times in ns.

    The PLC's life word counts its cycles in RUN. The controller's is watched: `doubt` is when it will have
    stood still for long enough to be followed closely.
    """

    def __init__(
        self,
        plant: Plant,
        name: str,
        table: LinkTable,
        on_request: Callable[[CpuRequest], None] | None = None,
    ) -> None:
        self.plant = plant
        where = f"links.{name}"
        self.life = word_region(table.life, where) if table.life else None
        self.plc_life = word_region(table.plc_life, where) if table.plc_life else None
        areas = {(region.area, region.number) for region in plant.io.writes}
        extents = plant.io.memory.extents.items()
        self.regions = [
            Region(Area(area), number, low, high - low) for (area, number), (low, high) in extents
        ]
        self.written = [region for region in self.regions if (region.area, region.number) in areas]
        """Where clients write: the blocks of which the cell writes some part."""
        self.shown = [region for region in self.regions if region not in self.written]
        self.memory = PlcMemory(self._sizes(), on_request=on_request)
        self.wanted = (*self.written, *((self.life,) if self.life else ()))
        self.starts = self._word(PlcRow.STARTS)
        self.last_life = b""
        self.changed_at = 0
        self.alive = False

    def _sizes(self) -> dict[tuple[Area, int], int]:
        words = [word for word in (self.life, self.plc_life) if word is not None]
        sizes: dict[tuple[Area, int], int] = {}
        for region in (*self.regions, *words):
            key = region.area, region.number
            sizes[key] = max(sizes.get(key, 0), region.start + region.size)
        return sizes

    def _word(self, field: Any) -> int:
        return self.plant.words[self.plant.row["plc"] + field]

    def exchange(self, now: int) -> None:
        """Bring in what the PLC shows, and out what clients wrote; in one step as clients see it."""
        self._take(self.memory.exchange(self._own(now), self.wanted), now)

    def show(self, now: int) -> None:
        """Bring in what the PLC shows."""
        self.memory.exchange(self._own(now), ())

    def collect(self, now: int) -> None:
        """Bring out what clients wrote."""
        self._take(self.memory.exchange((), self.wanted), now)

    def _own(self, now: int) -> list[tuple[Region, bytes]]:
        """What the PLC shows; after a cold start also the initial values of what clients write."""
        host.refresh_memory(self.plant.block, now)
        running, starts = self._word(PlcRow.RUNNING) != 0, self._word(PlcRow.STARTS)
        self.memory.running = running
        regions, own = self.shown, list[tuple[Region, bytes]]()
        if starts != self.starts:
            self.starts, regions = starts, self.regions
            if self.life is not None and self.alive:
                own.append((self.life, bytes(2)))
        own += [(region, self.plant.cut(region)) for region in regions]
        if self.plc_life is not None and running:
            cycles = (now - self._word(PlcRow.PHASE)) // self._word(PlcRow.CYCLE)
            own.append((self.plc_life, (cycles % 65536).to_bytes(2, "big")))
        return own

    def _take(self, data: list[bytes], now: int) -> None:
        """Copy what clients wrote into the plant's memory, if it differs."""
        if self.life is not None:
            self._hear(data.pop(), now)
        for region, new in zip(self.written, data, strict=True):
            place = self.plant.memory[self.plant.io.memory.span(region)]
            if bytes(place) != new:
                place[:] = new
                host.memory_written(self.plant.block, now)

    @property
    def doubt(self) -> int:
        """When the controller's life word will have stood still for SILENCE; NEVER if it does not count."""
        return self.changed_at + SILENCE if self.alive else NEVER

    def _hear(self, word: bytes, now: int) -> None:
        """Follow the controller's life word, so that the PLC trips when it stands still."""
        if word != self.last_life:
            first, self.last_life, self.changed_at = not self.last_life, word, now
            if not self.alive and not first:
                self.alive = True
                host.set_life(self.plant.block, 1, now, now)
        elif now > self.doubt:
            self.silence(now)

    def silence(self, now: int) -> None:
        """The controller's life word stands still: let the PLC count the time since its last change."""
        self.alive = False
        host.set_life(self.plant.block, 0, self.changed_at, now)
