"""A program running in the simulated PLC: Python logic at the PLC's scan instants, called only when what it
read has changed.
"""

from __future__ import annotations

from typing import Any

from control.clock import WallClock
from control.controller import Program
from control.errors import DefinitionError
from control.wiring import Wiring
from plc_sim.kernel import host
from plc_sim.kernel.header import NEVER as KERNEL_NEVER
from plc_sim.kernel.plc_rows import PlcRow
from plc_sim.plant import Plant
from plc_sim.plc_link import ProgramLink


class ProgramRunner:
    """Runs one `Program` on the memory of a plant's PLC."""

    def __init__(self, kind: type[Any], plant: Plant) -> None:
        if not (isinstance(kind, type) and issubclass(kind, Program)):
            raise DefinitionError(f"Plc: program: wanted a Program class, got {kind!r}")
        self.kind, self.plant, self.silent = kind, plant, False
        self.start()

    def start(self) -> None:
        """Begin anew, as after a cold start."""
        names = dict.fromkeys(slot.link for slot in self.kind.slots.values())
        self.links = {name: ProgramLink(name, self.plant) for name in names}
        self.program: Program = self.kind(Wiring(self.links, WallClock()))
        self.show()
        self.starts = self.plant.words[self.plant.row["plc"] + PlcRow.STARTS]

    def answer(self, answers: bool, now: int) -> None:
        """From `now` (ns) on show what the program writes into data blocks, or leave there what is shown."""
        self.silent = not answers
        self.show()
        self.plant.call_program(now, self.program.reads)
        host.memory_written(self.plant.block, now)

    def show(self) -> None:
        """Let the links write everything anew, as far as it is shown."""
        for link in self.links.values():
            link.silent, link.written = self.silent, ()

    def scan(self, now: int) -> None:
        """One scan at `now` (ns); afterwards the kernel knows what to call it for."""
        words, row = self.plant.words, self.plant.row["plc"]
        if words[row + PlcRow.STARTS] != self.starts:
            self.start()
        for link in self.links.values():
            link.take(now)
        self.program.scan(now)
        due = self.program.due
        self.plant.call_program(now + 1 if due <= now else min(due, KERNEL_NEVER), self.program.reads)
