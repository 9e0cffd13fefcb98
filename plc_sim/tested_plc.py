"""A PLC under test: a real one with its own program, which meets the plant of a served twin over S7.

Its inputs with modules are overwritten in every cycle, so the twin writes the plant's sensors into a block
which the program reads in their stead, and reads from another what the program leaves at its outputs.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from control.block import Area, DataBlock, Region
from control.errors import ConfigurationError
from control.link import Image, Plan
from control.project import block_start
from control.s7 import S7Link
from control.schema import LinkTable
from control.tag import Bool, Real, Tag
from plc_sim.components.component import Setpoint, Signal
from plc_sim.kernel import host
from plc_sim.kernel.header import NEVER as KERNEL_NEVER
from plc_sim.kernel.header import SignalRow
from plc_sim.kernel.plc_rows import PlcRow
from plc_sim.plc import Plc
from plc_sim.s7_faults import S7Faults
from plc_sim.scenario import KINDS, Scenario

if TYPE_CHECKING:
    from plc_sim.twin import Twin

OWN = frozenset({Plc.tripped.path, Plc.running.path})
"""What a PLC knows of itself."""

ITS_OWN = frozenset({"plc", "s7", "program"})
"""Targets that only a simulated PLC has."""


def plant_blocks(plc: Plc) -> tuple[type[DataBlock], type[DataBlock]]:
    """What a twin writes into a PLC under test, and what it reads there: one Bool per signal in the order of
    the twin's map, then a Real per analogue value, in the plant's own unit. The last Bool read is set while
    the PLC holds its outputs at their safe values.
    """
    sources = {entry.source.path: entry.source for entry in plc.inputs if entry.source.path not in OWN}
    targets = {entry.target.path: entry.target for entry in (*plc.outputs, *plc.setpoints)}
    targets[Plc.tripped.path] = Plc.tripped
    return (
        _block("Sensors", "Written by the twin: what the sensors show.", sources),
        _block("Actuators", "Written by the PLC: what is left at its outputs.", targets),
    )


def _block(name: str, doc: str, parts: dict[str, Any]) -> type[DataBlock]:
    bits = [path for path, part in parts.items() if isinstance(part, Signal)]
    tags: dict[str, Tag[Any]] = {member(path): Bool() for path in bits}
    tags |= {
        member(path): Real(unit=getattr(part, "unit", "")) for path, part in parts.items() if path not in bits
    }
    return type(name, (DataBlock,), {"__doc__": doc, "__module__": __name__, **tags})


def member(path: str) -> str:
    """A signal's name in a block."""
    return path.replace(".", "_")


class TestedPlc:
    """Carries the plant's sensors to a PLC under test and its actuators back. Stands in the twin where the
    virtual link would.

    ConfigurationError if cell.toml does not say where both blocks are.
    """

    faults: S7Faults | None = None
    __test__ = False

    def __init__(self, twin: Twin, table: LinkTable) -> None:
        self.twin, self.plant, self.url = twin, twin.plant, table.url
        self.next = KERNEL_NEVER
        where = f"{twin.project.path}: links.{twin.plc_name}"
        for key in ("sensors", "actuators"):
            if getattr(table, key) is None:
                raise ConfigurationError(
                    f'{where}: {key} is missing; wanted the block of the PLC under test, as {key} = "DB100"'
                    " (cellwright plant-io shows what it holds)"
                )
        self.sensors, self.actuators = plant_blocks(twin.plc)
        self.sources = [entry.source for entry in twin.plc.inputs if entry.source.path not in OWN]
        self.targets = [*(entry.target for entry in (*twin.plc.outputs, *twin.plc.setpoints)), Plc.tripped]
        shown = _region(table.sensors, self.sensors, f"{where}: sensors")
        taken = _region(table.actuators, self.actuators, f"{where}: actuators")
        self.link = S7Link(
            f"{twin.plc_name} under test", table.url, cycle=table.cycle, timeout=table.timeout, pdu=table.pdu
        )
        self.link.configure(Plan((taken,), (shown,), (self.shown(),)))
        self.image: Image | None = None
        self.interruptions = 0
        """How often the PLC could not be reached any more."""

    @property
    def jobs(self) -> int:
        """Jobs sent so far."""
        return self.link.jobs

    def open(self) -> None:
        """Connect to the PLC. ConnectError with the remedy."""
        self.twin.program = None  # the PLC has its own, and its own watch over the controller
        host.set_life(self.plant.block, 1, self.plant.now, self.plant.now)
        self.link.open()

    def close(self) -> None:
        """Leave the PLC with the sensors as they were at the start."""
        self.link.close()

    def shown(self) -> bytes:
        """The sensors' block as it is now."""
        data, plant = bytearray(self.sensors.size), self.plant
        for source in self.sources:
            tag = self.sensors.tags[member(source.path)]
            if isinstance(tag, Bool):
                data[tag.byte] |= plant.signal_value(source.path) << tag.bit_in_byte
            else:
                struct.pack_into(">f", data, tag.byte, plant.analogue(source.path))
        return bytes(data)

    def exchange(self, now: int) -> None:
        """What happens once per cycle: sensors out, actuators in."""
        self.link.put((self.shown(),))
        image, before = self.link.image, self.image
        self.image = image
        if image.good:
            self._drive(image.data[0], now)
        elif before is not None and before.good:
            self.interruptions += 1

    def _drive(self, data: bytes, now: int) -> None:
        """Let the plant obey."""
        for target in self.targets:
            tag = self.actuators.tags[member(target.path)]
            if isinstance(target, Setpoint):
                self._order(target, struct.unpack_from(">f", data, tag.byte)[0], now)
            elif isinstance(tag, Bool):
                self._switch(target.path, data[tag.byte] >> tag.bit_in_byte & 1, now)

        tripped = self.plant.signal_value(Plc.tripped.path)
        self.plant.words[self.plant.row["plc"] + PlcRow.TRIPPED] = int(tripped)

    def _switch(self, name: str, value: int, now: int) -> None:
        signal = self.plant.signal(name)
        if self.plant.words[signal + SignalRow.DRIVEN] != value:
            host.set_signal(self.plant.block, signal, value, now)

    def _order(self, target: Setpoint, value: float, now: int) -> None:
        component, word, _ = self.plant.field(target.path)
        if self.plant.reals[word] != value:
            host.set_field(self.plant.block, self.plant.number(component), word, value, now)


def _region(address: str | None, block: type[DataBlock], where: str) -> Region:
    area, number, start = block_start(address or "", where)
    return Region(Area(area), number, start, block.size + block.size % 2)


def refuse_simulated(scenario: Scenario, plc_name: str) -> None:
    """ConfigurationError if a scenario does something to the PLC, which is real."""
    for what in scenario.disturbances:
        cut = what.kind == "link_lost" and what.target == plc_name
        if KINDS[what.kind].target in ITS_OWN or cut or what.kind == "cell_power_loss":
            raise ConfigurationError(
                f"disturbance {what.kind}: wanted one of the plant or its devices; the PLC is a real one here"
            )
