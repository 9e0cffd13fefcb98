"""A twin served in real time: its PLC on an S7 server, its devices on pseudo terminals or TCP ports.

One thread owns plant, program and devices and lets their time keep pace with the machine's. S7 clients meet
it in the PLC's memory, which is exchanged once per PLC cycle; devices' bytes are paced as their baud rate
demands.
"""

from __future__ import annotations

import json
import os
import select
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from control.scan import NEVER, ns
from control.schema import LinkTable
from control.statistics import Histogram
from plc_sim.endpoint import Endpoint
from plc_sim.kernel import host
from plc_sim.kernel.compilation import load_entries
from plc_sim.kernel.header import NEVER as KERNEL_NEVER
from plc_sim.kernel.header import Cause
from plc_sim.outlet import DeviceOutlet, PtyOutlet, TcpOutlet
from plc_sim.plant_memory import PlantMemory
from plc_sim.plc_memory import CpuRequest
from plc_sim.s7_outlet import S7Outlet
from plc_sim.tested_plc import TestedPlc
from plc_sim.twin import Twin, byte_time

T = TypeVar("T")

ANSWER_TIME = 30.0
"""How long the owner of the plant may take to do what it is asked, in s."""


class Flight(NamedTuple):
    """Bytes on their way to a device: when the last of them arrives (ns)."""

    arrival: int
    data: bytes


class ServedLine:
    """One device on an outlet, its bytes paced in both directions. Stands in the twin where a virtual line
    would.
    """

    def __init__(self, name: str, endpoint: Endpoint, outlet: DeviceOutlet, byte_time: int) -> None:
        self.name, self.endpoint, self.outlet, self.byte_time = name, endpoint, outlet, byte_time
        self.connected = True
        self.coming: tuple[Flight, ...] = ()
        self.going: list[tuple[int, int]] = []
        self.next = KERNEL_NEVER

    def cut(self, now: int, cause: str) -> None:
        """Pull the cable."""
        self.connected = False
        self.coming, self.going = (), []
        self.outlet.close()

    def mend(self, now: int) -> None:
        """Plug it in again."""
        self.outlet.open()
        self.connected = True

    def catch_up(self, now: int) -> None:
        """Nothing is ever left out on a real line."""

    def silence(self, now: int) -> None:
        """The device lost power: what it has not sent yet is never sent."""
        self.going = []

    def inject(self, data: bytes) -> None:
        """Send bytes to the client that the device did not send: a disturbance on the line."""
        self.outlet.send(data)

    def receive(self, now: int) -> None:
        """Take what came in; it counts once its bytes would have crossed the line."""
        data = self.outlet.receive() if self.connected else b""
        if data:
            begin = max(now, self.coming[-1].arrival if self.coming else now)
            self.coming = (*self.coming, Flight(begin + len(data) * self.byte_time, data))

    def step(self, now: int) -> None:
        """Answer what has arrived and send the bytes that are due."""
        while self.coming and self.coming[0].arrival <= now:
            flight, *rest = self.coming
            self.coming = tuple(rest)
            self.reply(self.endpoint.take(flight.data, now), now + self.endpoint.answer_time)
        self.endpoint.wake(now)
        ready = bytes(byte for time, byte in self.going if time <= now)
        if ready:
            self.going = [entry for entry in self.going if entry[0] > now]
            self.outlet.send(ready)
        self.plan()

    def reply(self, data: bytes, begin: int) -> None:
        """Put an answer on the line, byte by byte."""
        begin = max(begin, self.going[-1][0] if self.going else begin)
        self.going += [(begin + (n + 1) * self.byte_time, byte) for n, byte in enumerate(data)]

    def plan(self) -> None:
        """When something happens next, in ns; bytes are sent in runs of about a millisecond."""
        arrival = self.coming[0].arrival if self.coming else KERNEL_NEVER
        going = min(self.going[-1][0], self.going[0][0] + 1_000_000) if self.going else KERNEL_NEVER
        self.next = min(arrival, going, self.endpoint.wakes, KERNEL_NEVER)


class ServedPlc:
    """The S7 server over the plant's PLC. Stands in the twin where the virtual link would."""

    def __init__(self, twin: Twin, table: LinkTable, host_name: str, port: int) -> None:
        self.plant = twin.plant
        self.next = KERNEL_NEVER
        self.shared = PlantMemory(twin.plant, twin.plc_name, table, self.requested)
        self.outlet = S7Outlet(self.shared.memory, host_name, port)
        self.faults = self.outlet.faults
        self.asked: list[CpuRequest] = []

    def requested(self, request: CpuRequest) -> None:
        """A client asked for STOP or RUN; the owner of the plant does it."""
        self.asked.append(request)

    def exchange(self, now: int) -> None:
        """What happens once per PLC cycle: clients' bytes in, the PLC's bytes out, life words."""
        for request in self.asked:
            host.set_run(self.plant.block, int(request is not CpuRequest.STOP), now)
        self.asked = []
        self.shared.exchange(now)

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"s7://{self.outlet.host}:{self.outlet.port}/0/1"

    @property
    def jobs(self) -> int:
        """Jobs answered so far."""
        return self.outlet.jobs

    def open(self) -> None:
        """Listen."""
        self.outlet.start()

    def close(self) -> None:
        """Stop listening and close every client."""
        self.outlet.stop()

    def lose(self, now: int) -> None:
        """Cut every client off."""
        self.outlet.stop()

    def connect(self, now: int) -> None:
        """Let clients connect again."""
        self.outlet.start()

    def stop_plc(self, now: int) -> None:
        """The plant's mode switch has been turned; clients see it by the memory."""

    def start_plc(self, now: int) -> None:
        """The plant's mode switch has been turned; clients see it by the memory."""

    def look_ahead(self, now: int) -> None:
        """Nothing of its own lies ahead."""


class Served:
    """Serves one twin in real time; a context manager. `folder` holds the pseudo terminals' names. `tested`
    is the table of a real PLC whose own program meets the plant; without it the twin's PLC is served.
    """

    def __init__(
        self,
        twin: Twin,
        folder: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tcp: bool = False,
        tested: LinkTable | None = None,
    ) -> None:
        self.twin = twin
        tables = twin.tables
        self.plc: ServedPlc | TestedPlc = (
            ServedPlc(twin, tables[twin.plc_name], host, port) if tested is None else TestedPlc(twin, tested)
        )
        self.lines = {
            name: ServedLine(name, endpoint, outlet_of(name, folder, host, tcp), ns(byte_time(tables[name])))
            for name, endpoint in twin.endpoints.items()
        }
        twin.plc_link, twin.lines = self.plc, self.lines  # type: ignore[assignment]
        self.lateness = Histogram()
        self.cycle = ns(twin.plc.cycle)
        self.grid = twin.timing.start + twin.timing.plc_phase
        self.offset = 0
        self.stopping = False
        self.failure: BaseException | None = None
        self.thread = threading.Thread(target=self.run, name="twin", daemon=True)
        self.work: list[Callable[[int], None]] = []

    def urls(self) -> dict[str, str]:
        """Where each link is served."""
        tables, places = self.twin.tables, {self.twin.plc_name: self.plc.url}
        for name, line in self.lines.items():
            query = tables[name].url.partition("?")[2]
            places[name] = f"{line.outlet.url}?{query}" if query else line.outlet.url
        return places

    def tables(self) -> dict[str, dict[str, Any]]:
        """[links] for whoever connects: those of the cell with the served URLs."""
        urls = self.urls()
        return {
            name: table.model_dump(exclude_defaults=True) | {"url": urls[name]}
            for name, table in self.twin.tables.items()
        }

    def __enter__(self) -> Served:
        load_entries()
        self.plc.open()
        try:
            for line in self.lines.values():
                line.outlet.open()
        except BaseException:
            self.plc.close()
            raise
        self.offset = time.monotonic_ns() - self.twin.now()
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping = True
        self.thread.join()
        self.plc.close()
        for line in self.lines.values():
            line.outlet.close()
        if self.failure is not None:
            raise self.failure

    def ask(self, act: Callable[[int], T]) -> T:
        """What `act(now)` returns, which the owner of the plant calls soon."""
        answer: Future[T] = Future()
        self.work.append(lambda now: answer.set_result(act(now)))
        return answer.result(ANSWER_TIME)

    # the owner's thread

    def run(self) -> None:
        """Keep pace until told to stop."""
        try:
            while not self.stopping:
                self.turn()
        except BaseException as error:
            self.failure = error

    def turn(self) -> None:
        """Wait for the next instant or for input, and bring plant and devices there."""
        now = self.twin.now()
        due = min(
            self.next_cycle(now),
            self.twin.disturber.next,
            *(line.next for line in self.lines.values()),
            NEVER,
        )
        self.wait(due)
        reached = max(min(due, self.wall()), now)
        if due <= self.wall():
            self.lateness.add(self.wall() - due)
        self.advance(reached)
        for line in self.lines.values():
            line.receive(reached)
            line.step(reached)
        while self.work:
            self.work.pop(0)(reached)
        if self.twin.disturber.next <= reached:
            self.twin.disturber.apply(reached)
        if reached >= self.next_cycle(now):
            self.plc.exchange(reached)
            self.twin.disturber.look(reached)

    def wall(self) -> int:
        """The machine's time on the twin's clock, in ns."""
        return time.monotonic_ns() - self.offset

    def next_cycle(self, now: int) -> int:
        """The PLC's next cycle instant after `now`."""
        return self.grid + ((now - self.grid) // self.cycle + 1) * self.cycle

    def wait(self, due: int) -> None:
        """Wait until `due` or until a device hears something."""
        files = [file for line in self.lines.values() for file in line.outlet.files()]
        timeout = max(0.0, (due - self.wall()) / 1e9)
        select.select(files, [], [], min(timeout, 0.1))

    def advance(self, until: int) -> None:
        """Bring the plant to an instant, calling the PLC's program where it wants to be called."""
        plant = self.twin.plant
        while True:
            now = plant.advance(until)
            if plant.cause & Cause.PREDICATE and self.twin.observer is not None:
                self.twin.observer(now)
            if plant.cause & Cause.PROGRAM and self.twin.program is not None:
                self.twin.program.scan(now)
            elif now >= until:
                return


def outlet_of(name: str, folder: Path, host: str, tcp: bool) -> DeviceOutlet:
    """Where a device is offered."""
    return TcpOutlet(host) if tcp else PtyOutlet(folder / f"{name}-{os.getpid()}")


def serve_toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """serve.toml: the links of a served twin."""
    lines = ["# Written by `cellwright serve`; use it with: cellwright run CELL.toml --links serve.toml"]
    for name, table in tables.items():
        lines.append(f"\n[links.{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"
