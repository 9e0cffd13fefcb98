"""The `memory` link: blocks exchanged within one process, at every scan.

For tests and for programs that play the PLC themselves: they fill `areas` and read what the cell wrote.
"""

from __future__ import annotations

from control.block import Region
from control.link import Image, Plan, PlcLink
from control.scan import NEVER

Areas = dict[tuple[str, int], bytearray]


class MemoryLink(PlcLink):
    """PLC memory in this process. `areas` maps (area letter, DB number) to bytes; `connected` and `running`
    are its faults.
    """

    def __init__(self, name: str, url: str = "memory://", areas: Areas | None = None) -> None:
        super().__init__(name, url)
        self.areas: Areas = {} if areas is None else areas
        self.connected = self.running = True
        self.time = 0

    def configure(self, plan: Plan) -> None:
        super().configure(plan)
        for region in (*plan.reads, *plan.writes):
            area = self.areas.setdefault((region.area.value, region.number), bytearray())
            area.extend(bytes(max(0, region.start + region.size - len(area))))
        self.exchange(0)

    def open(self) -> None:
        self.put(self.plan.safe)

    def close(self) -> None:
        self.put(self.plan.safe)

    def cut(self, region: Region) -> bytes:
        """The bytes of a region."""
        area = self.areas[region.area.value, region.number]
        return bytes(area[region.start : region.start + region.size])

    def exchange(self, now: int) -> None:
        """Take a new image at `now` (ns), if there is one to take."""
        self.time = now
        if not self.connected or not self.running:
            cause = "not connected" if not self.connected else "PLC does not run"
            self.image = self.image._replace(good=False, cause=f"{self.name}: {cause}")
            return
        data = tuple(map(self.cut, self.plan.reads))
        if data != self.image.data or not self.image.good:
            self.image = Image(data, now, True)

    def put(self, data: tuple[bytes, ...]) -> None:
        if self.connected:
            for region, new in zip(self.plan.writes, data, strict=True):
                self.areas[region.area.value, region.number][region.start : region.start + region.size] = new
        self.exchange(self.time)

    def lapse(self, max_age: int) -> int:
        return NEVER
