"""Every implementation of a link and of an outlet, each with what lies at its other end."""

from __future__ import annotations

import select
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

from control.exchange import Line
from control.line import LineLink
from control.link import DeviceLink, Order, Plan, PlcLink
from control.melfa import MelfaSession
from control.memory import MemoryLink
from control.s7 import S7Link
from control.schema import LinkTable
from control.serial_port import SerialPort
from plc_sim.framed_link import FramedPlc, FramedPlcLink
from plc_sim.kernel import host
from plc_sim.outlet import DeviceOutlet, PtyOutlet, TcpOutlet
from plc_sim.plc_link import TwinPlcLink
from plc_sim.plc_memory import PlcMemory
from plc_sim.s7_outlet import S7Outlet
from tests.plc_sim.plants import Interface, pick_plant
from tests.plc_sim.robot_rig import LineRig, RobotRig

STATUS, COMMAND = (vars(Interface)[name].region for name in ("status", "command"))
SAFE, DATA = b"\x80", b"\x41"
PLAN = Plan((STATUS,), (COMMAND,), (SAFE,))
PATIENCE = 10.0


class Rig(ABC):
    """Something whose time passes."""

    @abstractmethod
    def pass_time(self) -> None:
        """Let a little time pass."""

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Let time pass until a condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"waited {PATIENCE} s for {what}"
            self.pass_time()


class PlcRig(Rig):
    """A PLC link with its PLC: it shows a bit, and holds what was written."""

    link: PlcLink
    good_before_open = False

    @abstractmethod
    def show(self, on: bool) -> None:
        """Let the PLC show the bit 6 of its first status byte."""

    @abstractmethod
    def held(self) -> bytes:
        """What the PLC holds of what is written."""

    @abstractmethod
    def break_link(self) -> None:
        """Nothing comes through any more."""

    @abstractmethod
    def mend_link(self) -> None:
        """It does again."""

    @abstractmethod
    def now(self) -> int:
        """The time of the link, in ns."""

    def dispose(self) -> None:
        """Take everything away."""
        self.link.close()


class MemoryRig(PlcRig):
    good_before_open = True
    """There is nothing to connect to: it is this process."""

    def __init__(self) -> None:
        self.link = self.memory = MemoryLink("plc")
        self.link.configure(PLAN)
        self.time = 1

    def pass_time(self) -> None:
        self.time += 1_000_000
        self.memory.exchange(self.time)

    def show(self, on: bool) -> None:
        self.memory.areas["DB", STATUS.number][0] = 0x40 * on

    def held(self) -> bytes:
        return self.memory.cut(COMMAND)

    def break_link(self) -> None:
        self.memory.connected = False

    def mend_link(self) -> None:
        self.memory.connected = True

    def now(self) -> int:
        return self.time


class TwinRig(PlcRig):
    def __init__(self) -> None:
        self.plant = pick_plant(plan=PLAN, controller=Interface)
        self.link = self.twin = TwinPlcLink("plc", self.plant, timeout=100_000_000, life_timeout=100_000_000)
        self.link.configure(PLAN)

    def pass_time(self) -> None:
        self.plant.wait(self.plant.now + 1_000_000, 0)
        self.plant.advance(self.plant.now + 1_000_000)
        host.refresh_memory(self.plant.block, self.plant.now)
        self.twin.refresh(self.plant.now)

    def show(self, on: bool) -> None:
        self.plant.set("panel.reset", on)

    def held(self) -> bytes:
        return self.plant.cut(COMMAND)

    def break_link(self) -> None:
        self.twin.lose(self.plant.now)

    def mend_link(self) -> None:
        self.twin.connect(self.plant.now)

    def now(self) -> int:
        return self.plant.now


class FramedRig(PlcRig):
    """The link by frames, its steps made when they are due."""

    def __init__(self) -> None:
        table = LinkTable(url="s7://127.0.0.1/0/1", cycle=0.01, timeout=0.1)
        self.plant = pick_plant(plan=PLAN, controller=Interface)
        self.link = self.framed = FramedPlcLink("plc", FramedPlc(self.plant, "plc", table, 1), table)
        self.link.configure(PLAN)

    def pass_time(self) -> None:
        until = self.plant.now + 1_000_000
        while self.plant.now < until:
            self.plant.wait(until, 0)
            self.framed.step(self.plant.advance(max(min(until, self.framed.next), self.plant.now)))
        self.framed.refresh(self.plant.now)

    def show(self, on: bool) -> None:
        self.plant.set("panel.reset", on)

    def held(self) -> bytes:
        return self.plant.cut(COMMAND)

    def break_link(self) -> None:
        self.framed.lose(self.plant.now)

    def mend_link(self) -> None:
        self.framed.connect(self.plant.now)

    def now(self) -> int:
        return self.plant.now


class S7Rig(PlcRig):
    def __init__(self) -> None:
        areas = {(region.area, region.number): region.start + region.size for region in (STATUS, COMMAND)}
        self.memory = PlcMemory(areas)
        self.outlet = S7Outlet(self.memory)
        self.outlet.start()
        self.link = S7Link("plc", f"s7://127.0.0.1:{self.outlet.port}/0/1", cycle=0.005)
        self.link.configure(PLAN)

    def pass_time(self) -> None:
        time.sleep(0.001)

    def show(self, on: bool) -> None:
        data = bytes((0x40 * on,)) + bytes(STATUS.size - 1)
        self.memory.exchange([(STATUS, data)], ())

    def held(self) -> bytes:
        return self.memory.exchange((), [COMMAND])[0]

    def break_link(self) -> None:
        self.outlet.stop()

    def mend_link(self) -> None:
        self.outlet.start()

    def now(self) -> int:
        return time.monotonic_ns()

    def dispose(self) -> None:
        super().dispose()
        self.outlet.stop()


PLC_RIGS: dict[str, Callable[[], PlcRig]] = {
    "memory": MemoryRig,
    "twin": TwinRig,
    "framed": FramedRig,
    "s7": S7Rig,
}


class DeviceRig(Rig):
    """A device link with the simulated robot at its other end."""

    link: DeviceLink
    number = 0

    @abstractmethod
    def break_line(self) -> None:
        """Pull the cable."""

    @abstractmethod
    def mend_line(self) -> None:
        """Plug it in again."""

    def order(self, verb: str, *arguments: Any) -> int:
        """Leave an order; its number."""
        self.number += 1
        self.link.submit((Order(self.number, verb, arguments),))
        return self.number

    def dispose(self) -> None:
        """Take everything away."""
        self.link.close()


class VirtualRig(DeviceRig):
    def __init__(self, folder: Path) -> None:
        self.rig = LineRig(skipping=True)
        self.link = self.rig.line

    def pass_time(self) -> None:
        self.rig.run(0.001)

    def break_line(self) -> None:
        self.rig.line.cut(self.rig.now, "unplugged")

    def mend_line(self) -> None:
        self.rig.line.mend(self.rig.now)


class RealRig(DeviceRig):
    """A line of this machine; a thread carries the bytes and lets the robot's time pass."""

    def __init__(self, outlet: DeviceOutlet) -> None:
        self.outlet = outlet
        outlet.open()
        self.robot = RobotRig()
        self.lock, self.ending = threading.Lock(), False
        self.thread = threading.Thread(target=self.carry, name="robot")
        self.thread.start()
        session = MelfaSession(Line(12 / 38400), "RV-6S")
        self.link = LineLink("robot", SerialPort(outlet.url, "links.robot"), session)

    def carry(self) -> None:
        last = time.monotonic()
        while not self.ending:
            with self.lock:
                select.select(self.outlet.files(), [], [], 0.002)
                data = self.outlet.receive() if self.outlet.files() else b""
                now = time.monotonic()
                self.robot.wait(now - last)
                last = now
                if answer := self.robot.endpoint.take(data, self.robot.now):
                    self.outlet.send(answer)
            time.sleep(0.0005)

    def pass_time(self) -> None:
        time.sleep(0.001)

    def break_line(self) -> None:
        with self.lock:
            self.outlet.close()

    def mend_line(self) -> None:
        with self.lock:
            self.outlet.open()

    def dispose(self) -> None:
        super().dispose()
        self.ending = True
        self.thread.join()
        self.outlet.close()


OUTLETS: dict[str, Callable[[Path], DeviceOutlet]] = {
    "pty": lambda folder: PtyOutlet(folder / "robot"),
    "tcp": lambda folder: TcpOutlet(),
}
DEVICE_RIGS: dict[str, Callable[[Path], DeviceRig]] = {
    "virtual": VirtualRig,
    **{name: lambda folder, make=make: RealRig(make(folder)) for name, make in OUTLETS.items()},
}
