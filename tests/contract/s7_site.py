"""A simulated PLC on a port of this machine, and the links to it that a test opens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from control.block import Area, Region
from control.link import Plan
from control.s7 import S7Link
from plc_sim.plc_memory import PlcMemory
from plc_sim.s7_outlet import S7Outlet

DB = Area.DB
STATUS, COMMAND = Region(DB, 10, 0, 200), Region(DB, 11, 2, 20)
LIFE, PLC_LIFE = Region(DB, 11, 0, 2), Region(DB, 10, 200, 2)
SAFE = bytes([0xAA]) * 20
PLAN = Plan((STATUS,), (COMMAND,), (SAFE,))
SIZES = {(DB, 10): 300, (DB, 11): 100, (Area.INPUTS, 0): 16, (Area.OUTPUTS, 0): 16, (Area.MERKERS, 0): 16}
PATIENCE = 5.0


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for {what}"
        time.sleep(0.001)


class Site:
    """A simulated PLC on a port, and the links to it that a test opens."""

    def __init__(self) -> None:
        self.written: list[tuple[Region, bytes]] = []
        self.memory = PlcMemory(SIZES, on_write=lambda *write: self.written.append(write))
        self.outlet = S7Outlet(self.memory)
        self.links: list[S7Link] = []

    def link(self, plan: Plan = PLAN, *, slot: int = 1, cycle: float = 0.002, **options: object) -> S7Link:
        url = f"s7://127.0.0.1:{self.outlet.port}/0/{slot}"
        link = S7Link("plc", url, cycle=cycle, **options)  # type: ignore[arg-type]
        link.configure(plan)
        self.links.append(link)
        return link

    def opened(self, plan: Plan = PLAN, **options: object) -> S7Link:
        link = self.link(plan, **options)  # type: ignore[arg-type]
        link.open()
        return link

    def holds(self, region: Region) -> bytes:
        return self.memory.exchange((), [region])[0]

    @contextmanager
    def counting(self, word: Region) -> Iterator[None]:
        """The PLC runs: its life word counts, faster than any link looks."""
        done = threading.Event()

        def count() -> None:
            number = 0
            while not done.wait(0.002):
                number += 1
                self.memory.exchange([(word, number.to_bytes(2, "big"))], ())

        thread = threading.Thread(target=count, name="PLC life word")
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def next_cycle(self, link: S7Link) -> None:
        """Wait until an exchange begun from here on is complete."""
        wanted = link.cycles + 2
        until(lambda: link.cycles >= wanted, "two exchanges")


@contextmanager
def serving() -> Iterator[Site]:
    """The site, its PLC serving; everything is closed at the end."""
    site = Site()
    site.outlet.start()
    try:
        yield site
    finally:
        for link in site.links:
            link.close()
        site.outlet.stop()
