"""A plain controller for the pick plant: one Python scan every 10 ms, written down for replay."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from plc_sim.components.user import UserComponent
from plc_sim.kernel import host
from plc_sim.kernel.arm import begin_joint_move, begin_linear_move
from plc_sim.kernel.header import Header
from plc_sim.kernel.plc_rows import PlcRow
from plc_sim.kernel.schedule import row_of
from plc_sim.kernel.signals import poke_plc
from plc_sim.kernel.straight import load_joints
from plc_sim.kernel.user import UserRow
from plc_sim.plant import NEVER, Plant
from tests.plc_sim.plants import ABOVE_STOP, AT_STOP, CHUTE, FIRST_PLACE, HOME, pick_map, pick_parts

PERIOD = 10_000_000


class Kind(IntEnum):
    WRITE = 0
    JOINTS = 1
    LINE = 2


@dataclass(frozen=True)
class Action:
    time: int
    kind: Kind
    word: int = 0
    target: tuple[float, ...] = (0.0,) * 6


RUN, EXTEND, RETRACT, CLOSE, INSPECT, EXCHANGE, ROBOT_ON, GREEN = (1 << bit for bit in range(8))


class PickController:
    """Packs good parts, rejects bad ones, exchanges the full pallet."""

    def __init__(self, plant: Plant) -> None:
        self.plant, self.actions = plant, list[Action]()
        self.robot = plant.number("robot")
        self.command = 0
        self.work = self.cycle()
        self.due = 0

    def joints(self, pose: tuple[float, ...]) -> tuple[float, ...]:
        branch, q = host.solve(self.plant.block, self.robot, pose, HOME)
        assert branch >= 0, pose
        return q

    def seen(self, name: str) -> bool:
        return self.plant.signal_value(name)

    def write(self, on: int = 0, off: int = 0) -> None:
        command = (self.command | on) & ~off
        if command != self.command:
            self.command = command
            span = self.plant.io.memory.span(self.plant.io.writes[0])
            self.plant.memory[span.start] = command
            host.memory_written(self.plant.block, self.plant.now)
            self.actions.append(Action(self.plant.now, Kind.WRITE, command))

    def move(self, pose, linear: bool = False):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        start = host.start_linear_move if linear else host.start_joint_move
        target = tuple(pose) if linear else self.joints(pose)
        kind = Kind.LINE if linear else Kind.JOINTS
        assert start(self.plant.block, self.robot, target, 1.0, self.plant.now) == 0
        self.actions.append(Action(self.plant.now, kind, target=target))
        yield
        while self.seen("robot.moving"):
            yield

    def until(self, name: str, value: bool = True):  # type: ignore[no-untyped-def]  # noqa: ANN201
        while self.seen(name) != value:
            yield

    def wait(self, seconds: float):  # type: ignore[no-untyped-def]  # noqa: ANN201
        end = self.plant.now + int(seconds * 1e9)
        while self.plant.now < end:
            yield

    def cycle(self):  # type: ignore[no-untyped-def]  # noqa: ANN201
        self.write(ROBOT_ON | GREEN)
        yield from self.wait(0.2)
        packed = 0
        while True:
            yield from self.move(ABOVE_STOP)
            self.write(RUN | RETRACT, EXTEND)
            yield from self.until("stop_eye.blocked")
            yield from self.wait(0.1)
            self.write(INSPECT, RUN)
            self.write(EXTEND, RETRACT)
            yield from self.until("camera.ready")
            good = self.seen("camera.good")
            self.write(0, INSPECT)
            yield from self.move(AT_STOP, linear=True)
            self.write(CLOSE)
            yield from self.until("hand.part_present")
            yield from self.move(ABOVE_STOP, linear=True)
            place = CHUTE
            if good:
                place = FIRST_PLACE._replace(x=0.1 + 0.06 * (packed % 4), y=0.3 + 0.06 * (packed // 4))
                packed += 1
            yield from self.move(place._replace(z=place.z + 0.1))
            yield from self.move(place, linear=True)
            self.write(0, CLOSE)
            yield from self.until("hand.closed", False)
            yield from self.move(place._replace(z=place.z + 0.1), linear=True)
            if packed == 12:
                packed = 0
                self.write(EXCHANGE)
                yield from self.wait(0.1)
                yield from self.until("exchanger.in_place")
                self.write(0, EXCHANGE)

    def start(self) -> None:
        """Bring the plant out of its fail-safe state."""
        plant = self.plant
        host.set_life(plant.block, 1, plant.now, plant.now)
        plant.advance(plant.now + 10 * PERIOD)
        plant.set("panel.reset", True)
        plant.advance(plant.now + 10 * PERIOD)
        plant.set("panel.reset", False)

    def run(self, seconds: float) -> None:
        """Scan every 10 ms."""
        for _ in range(int(seconds * 1e9) // PERIOD):
            self.plant.advance(self.plant.now + PERIOD)
            next(self.work)


STRIDE = 9
"""Words of one recorded action: time, kind, command, six reals."""


def play(I: Any, F: Any, c: int, o: int, t: int) -> int:  # noqa: E741, N803
    """A recording as a component. Words: next action, arm, word of the command, actions."""
    w = I[o + UserRow.WORDS]
    k = w + 3 + STRIDE * I[w]
    while I[k] <= t:
        if I[k + 1] == 0:
            I[I[I[Header.PLC] + PlcRow.MEMORY] + I[w + 2]] = I[k + 2]
            poke_plc(I, t)
        elif I[k + 1] == 1:
            begin_joint_move(I, F, I[w + 1], row_of(I, I[w + 1]), load_joints(F, k + 3), 1.0, t)
        elif I[k + 1] == 2:
            q = load_joints(F, k + 3)
            d = 0.017453292519943295
            pose = (q[0], q[1], q[2], q[3] * d, q[4] * d, q[5] * d)
            begin_linear_move(I, F, I[w + 1], row_of(I, I[w + 1]), pose, 1.0, t)
        I[w] += 1
        k += STRIDE
    return I[k]


IDLE = (0, 0, 0, NEVER)
"""The words of a player without a recording."""


def plant_with(words: tuple[int | float, ...], seed: int) -> Plant:
    """The pick plant with a player of recorded actions."""
    parts = {"player": UserComponent(play, words), **pick_parts()}
    return Plant(parts, pick_map(parts), seed=seed)


def record(seconds: float, seed: int) -> tuple[Plant, list[Action]]:
    """Let the controller run with an idle player, so that components have the same numbers."""
    plant = plant_with(IDLE, seed)
    controller = PickController(plant)
    controller.start()
    controller.run(seconds)
    return plant, controller.actions


def replayable(plant: Plant, actions: list[Action]) -> tuple[int | float, ...]:
    """The words of a player."""
    span = plant.io.memory.span(plant.io.writes[0])
    words: list[int | float] = [0, plant.number("robot"), span.start // 8]
    for action in actions:
        target = action.target
        if action.kind is Kind.WRITE:
            target = (0.0,) * 6
        words += [action.time, int(action.kind), action.word, *target]
    return (*words, NEVER)
