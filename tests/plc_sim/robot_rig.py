"""The robot of the pick plant behind its simulated controller."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from control.clock import Clock
from control.exchange import Line
from control.link import Order, OrderState
from control.melfa import MelfaSession
from control.scan import ns
from plc_sim.kernel import host
from plc_sim.kernel.draw import stream_key, u01
from plc_sim.kernel.header import Cause
from plc_sim.line import LATEST, VirtualLine
from plc_sim.manipulator import PlantManipulator
from plc_sim.melfa import MelfaEndpoint, Settings
from tests.plc_sim.plants import HOME, pick_plant

ROBOT_ON = 1 << 6
AWAY = (0.5, *HOME[1:])
"""Joints (rad) about a second from home at half speed."""


class RobotRig:
    """Plant, arm and endpoint; the PLC runs, has been reset and lets the robot move."""

    def __init__(self, settings: Settings | None = None, **options: Any) -> None:
        self.plant = plant = pick_plant(**options)
        self.arm = PlantManipulator(plant, "robot")
        self.endpoint = MelfaEndpoint(self.arm, settings)
        plant.stop_at_versions(["robot"])
        host.set_life(plant.block, 1, plant.now, plant.now)
        self.wait(0.1)
        plant.set("panel.reset", True)
        self.wait(0.1)
        plant.set("panel.reset", False)
        self.release(True)
        self.wait(0.1)

    @property
    def now(self) -> int:
        return self.plant.now

    def wait(self, seconds: float) -> None:
        """Let time pass; the endpoint wakes when it wants to."""
        end = self.now + ns(seconds)
        while self.now < end:
            self.plant.advance(min(end, self.endpoint.wakes))
            self.endpoint.wake(self.now)

    def release(self, on: bool) -> None:
        """Let the PLC release or stop the robot by its stop input."""
        span = self.plant.io.memory.span(self.plant.io.writes[0])
        self.plant.memory[span.start] = ROBOT_ON * on
        host.memory_written(self.plant.block, self.now)

    def ask(self, command: str) -> str:
        """What the controller answers to a command, without the terminator."""
        answer = self.endpoint.take(f"1;1;{command}\r".encode("ascii"), self.now).decode("ascii")
        assert answer.count("\r\n") == 1
        return answer.removesuffix("\r\n")

    def enable(self) -> None:
        """Operation right and servo on."""
        assert self.ask("CNTLON") == self.ask("SRVON") == "QoK"
        self.wait(2.0)

    def assign(self, joints: tuple[float, ...] = AWAY) -> None:
        """Give the controller a target."""
        text = ",".join(f"{math.degrees(angle):.2f}" for angle in joints)
        assert self.ask(f"EXECJTMP=({text})")[:2] == "Qo"

    def move(self, joints: tuple[float, ...] = AWAY) -> None:
        """Start a motion."""
        self.assign(joints)
        assert self.ask("EXECMOV JTMP") == "QoK"
        self.wait(0.1)


class Heard(MelfaEndpoint):
    """Remembers the frames that reached it."""

    def clear(self) -> None:
        super().clear()
        self.frames: tuple[str, ...] = vars(self).get("frames", ())

    def take(self, received: bytes, now: int) -> bytes:
        frames = received.decode("ascii").split("\r")[:-1]
        self.frames = (*self.frames, *(frame[4:] for frame in frames if not self.silent))
        return super().take(received, now)


class LineRig(RobotRig):
    """The robot at the end of a virtual line, in time that passes as the twin lets it pass."""

    def __init__(self, *, skipping: bool, seed: int = 1, byte_time: float = 12 / 38400) -> None:
        super().__init__(seed=seed)
        self.endpoint = self.heard = Heard(self.arm)
        self.session = MelfaSession(Line(byte_time), "RV-6S")
        key = stream_key(seed, 0, 7)
        self.line = VirtualLine(
            "robot", self.session, self.endpoint, lambda n: int(u01(key, n) * LATEST), PlantClock(self)
        )
        self.bits = {field: 1 << number for number, field in enumerate(self.line.image._fields)}
        self.line.wire(tuple(self.bits.values()), 1 << len(self.bits))
        self.line.skipping &= skipping
        self.line.plan()
        self.images: list[tuple[int, Any]] = [(self.now, self.line.image)]
        self.number = 0

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + ns(seconds)
        while True:
            now = self.plant.advance(min(end, self.line.next))
            if self.plant.cause & Cause.DEVICE:
                self.line.notice(now)
            if self.line.next <= now:
                self.line.step(now)
            if now >= end and self.line.time <= now:
                self.line.settle()
            self.look()
            if now >= end:
                return

    def heed(self, *fields: str) -> None:
        """Wait for what these fields say alone."""
        self.line.heed(sum(self.bits[field] for field in fields))

    def look(self) -> None:
        """Note the image if it differs."""
        image = self.line.image
        if self.images[-1][1] != image:
            self.images.append((self.now, image))

    def act(self, act: Callable[[], object]) -> None:
        """Do something to the device or the line from outside."""
        self.line.catch_up(self.now)
        act()
        self.line.plan()

    def order(self, verb: str, *arguments: Any) -> int:
        """Leave an order; its number."""
        self.number += 1
        self.line.submit((Order(self.number, verb, arguments),))
        self.look()
        return self.number

    def ends(self) -> dict[int, list[OrderState]]:
        """The ends that were reported of each order, in the order of time."""
        found: dict[int, list[OrderState]] = {}
        for _, image in self.images:
            for state in image.ended:
                if state not in found.setdefault(state.number, []):
                    found[state.number].append(state)
        return found


class PlantClock(Clock):
    """The plant's time."""

    def __init__(self, rig: RobotRig) -> None:
        self.rig = rig

    def now(self) -> int:
        return self.rig.now

    def start(self, period: int) -> int:
        return self.rig.now + period

    def wait(self, due: int, reads: int) -> int:
        return due
