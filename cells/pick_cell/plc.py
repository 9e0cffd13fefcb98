"""The pick cell's PLC program as a process of its own, for the bench: a scan every 10 ms behind an S7 server.

    python -m cells.pick_cell.plc [PORT]

It does what the program in the real PLC does: sensors into DB10, the pallet exchange, DB11 to the outputs as
long as the cell's life word changes. It takes its inputs from DB100 and leaves its outputs in DB101, where a
twin writes and reads them (`cellwright plant-io cells/pick_cell/cell.toml`).
"""

from __future__ import annotations

import struct
import sys
import time  # noqa: TID251 a PLC has its own clock

from control.block import Area, Region
from control.run import orderly_stop
from plc_sim.plc_memory import PlcMemory
from plc_sim.s7_outlet import S7Outlet

CYCLE, LIFE_TIMEOUT = 0.01, 0.5
"""Of the scan, and the longest silence of the cell's life word, in s."""

STATUS, ORDERS, SENSORS, ACTUATORS = ((Area.DB, number) for number in (10, 11, 100, 101))
SIZES = {STATUS: 8, ORDERS: 8, SENSORS: 8, ACTUATORS: 2}

SHOWN = (
    *("2.0", "2.1", "2.2", "2.3", "2.5", "2.4", "2.6", "2.7"),
    *("3.0", "3.1", "4.0", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6"),
)
"""Where in DB10 each bit of DB100 is shown, in its order."""

IN_PLACE, RESET = "2.1", "1.4"
"""Of DB100: the pallet is in place, the button Reset."""

FULL_SPEED = 27648
"""Raw number of DB10.DBW6 at 1 m/s; DB100.DBD4 has the speed in m/s."""

EXCHANGE = "0.0"
DRIVEN = {"2.0": "0.1", "2.1": "0.2", "2.2": "0.3", "2.3": "0.4", "2.4": "0.5", "2.5": "0.6"}
LAMPS = {"3.0": "0.7", "3.1": "1.0", "3.2": "1.1", "3.3": "1.2", "3.4": "1.3", "3.5": "1.4", "3.6": "1.5"}
"""Outputs in DB101 by orders in DB11; lamps are lit without the cell's life word too."""

TRIPPED = "1.6"
"""Of DB101: the outputs are held at their safe values."""

REQUEST, ACKNOWLEDGED, COMPLETE = "2.6", "5.0", "5.1"
"""The handshake: of DB11, of DB10."""


def bit(data: bytes | bytearray, place: str) -> bool:
    """The bit at a place such as 2.6."""
    byte, number = map(int, place.split("."))
    return bool(data[byte] >> number & 1)


def put(data: bytearray, place: str, value: bool) -> None:
    """Set or clear the bit at a place."""
    byte, number = map(int, place.split("."))
    data[byte] = data[byte] & ~(1 << number) | value << number


class PickPlc:
    """The program; `scan` is one cycle of it at a time in s."""

    def __init__(self) -> None:
        self.memory = PlcMemory(SIZES)
        self.cycles = 0
        self.life, self.heard, self.beats = 0, 0.0, 0
        self.tripped, self.reset = True, True
        self.step = "IDLE"

    def scan(self, now: float) -> None:
        """Read the inputs, run the program, write the outputs; clients see it as one step."""
        if not self.memory.running:
            self._write(bytes(8), bytearray(2))
            return
        wanted = [Region(area, number, 0, SIZES[area, number]) for area, number in (SENSORS, ORDERS)]
        sensors, orders = self.memory.exchange((), wanted)
        self.supervise(int.from_bytes(orders[:2], "big"), bit(sensors, RESET), now)
        status, outputs = bytearray(8), bytearray(2)
        self.exchange_pallet(bit(orders, REQUEST), bit(sensors, IN_PLACE), status, outputs)
        for number, place in enumerate(SHOWN):
            put(status, place, bit(sensors, f"{number // 8}.{number % 8}"))
        (speed,) = struct.unpack_from(">f", sensors, 4)
        struct.pack_into(">h", status, 6, max(-32768, min(32767, round(speed * FULL_SPEED))))
        for order, output in (LAMPS if self.tripped else DRIVEN | LAMPS).items():
            put(outputs, output, bit(orders, order))
        put(outputs, TRIPPED, self.tripped)
        self.cycles = (self.cycles + 1) % 65536
        status[:2] = self.cycles.to_bytes(2, "big")
        self._write(status, outputs)

    def supervise(self, life: int, reset: bool, now: float) -> None:
        """Trip when the cell's life word stands still; a rising edge of Reset is what ends that."""
        if life != self.life:
            self.life, self.heard, self.beats = life, now, self.beats + 1
        alive = self.beats > 1 and now - self.heard <= LIFE_TIMEOUT
        self.tripped = not alive or self.tripped and not (reset and not self.reset)
        self.reset = reset

    def exchange_pallet(self, wanted: bool, in_place: bool, status: bytearray, outputs: bytearray) -> None:
        """The pallet exchange: acknowledge, let it run until the empty pallet is there, complete."""
        if not wanted:
            self.step = "IDLE"
        elif self.step == "IDLE":
            self.step = "LEAVING"
        elif self.step == "LEAVING" and not in_place:
            self.step = "COMING"
        elif self.step == "COMING" and in_place:
            self.step = "COMPLETE"
        put(status, ACKNOWLEDGED, self.step != "IDLE")
        put(status, COMPLETE, self.step == "COMPLETE")
        put(outputs, EXCHANGE, self.step in ("LEAVING", "COMING") and not self.tripped)

    def _write(self, status: bytes | bytearray, outputs: bytearray) -> None:
        places = Region(*STATUS, 0, 8), Region(*ACTUATORS, 0, 2)
        first = 0 if self.memory.running else 2  # in STOP the life word stands still
        shown = places[0]._replace(start=first, size=8 - first)
        self.memory.exchange([(shown, bytes(status[first:])), (places[1], bytes(outputs))], ())


def main(port: int = 0, program: type[PickPlc] = PickPlc) -> None:
    """Serve the program until told to stop; the address is the first line of the output."""
    plc = program()
    outlet = S7Outlet(plc.memory, port=port)
    with orderly_stop() as stop:
        outlet.start()
        print(f"s7://{outlet.host}:{outlet.port}/0/1", flush=True)
        due = time.monotonic()
        while not stop.wanted:
            plc.scan(time.monotonic())
            due = max(due + CYCLE, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
        outlet.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
