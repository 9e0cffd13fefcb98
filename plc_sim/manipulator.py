"""The arm and hand of a plant as a robot endpoint works them."""

from __future__ import annotations

import math
from typing import Any

from control.robot import Pose
from plc_sim.components.arm import Arm
from plc_sim.components.handling import Hand
from plc_sim.endpoint import Manipulator
from plc_sim.kernel import host
from plc_sim.kernel.arm import ArmRow, Refusal
from plc_sim.kernel.header import SignalRow
from plc_sim.plant import Plant


class PlantManipulator(Manipulator):
    """A `Manipulator` (plc_sim/endpoint.py) over an arm of the plant; `now` is the instant the plant has
    reached.
    """

    def __init__(self, plant: Plant, name: str) -> None:
        arm = plant.components[name]
        assert isinstance(arm, Arm)
        self.plant, self.linear_speed = plant, arm.linear_speed
        self.number = plant.number(name)
        self.version_word = plant.layout.offsets[name] + ArmRow.VERSION
        self.moving_word = plant.signal(f"{name}.moving") + SignalRow.VISIBLE
        self.stop_word = plant.signal(f"{name}.stop_input") + SignalRow.VISIBLE
        hands = [h for h in plant.components.values() if isinstance(h, Hand) and h.arm is arm]
        self.hand = plant.signal(hands[0].close.path) if hands else None

    @property
    def moving(self) -> bool:
        return self.plant.words[self.moving_word] != 0

    @property
    def stopped_by_input(self) -> bool:
        return self.plant.words[self.stop_word] == 0

    @property
    def version(self) -> Any:
        words = self.plant.words
        return words[self.version_word], words[self.stop_word]

    def move_joints(self, joints: tuple[float, ...], speed: float, now: int) -> str:
        code = host.start_joint_move(self.plant.block, self.number, joints, speed, now)
        return "" if code == Refusal.NONE else Refusal(code).name

    def move_direct(self, pose: Pose, speed: float, now: int) -> str:
        branch, joints = host.solve(self.plant.block, self.number, in_degrees(pose), self.joints(now))
        return self.move_joints(joints, speed, now) if branch >= 0 else "UNREACHABLE"

    def move_linear(self, pose: Pose, speed: float, now: int) -> str:
        share = min(speed / self.linear_speed, 1.0)
        code = host.start_linear_move(self.plant.block, self.number, in_degrees(pose), share, now)
        return "" if code == Refusal.NONE else Refusal(code).name

    def stop(self, now: int) -> None:
        host.stop_move(self.plant.block, self.number, now)

    def override(self, fraction: float, now: int) -> None:
        host.set_override(self.plant.block, self.number, fraction, now)

    def joints(self, now: int) -> tuple[float, ...]:
        return tuple(float(angle) for angle in host.position(self.plant.block, self.number, now)[0])

    def pose(self, now: int) -> Pose:
        x, y, z, a, b, c = (float(v) for v in host.position(self.plant.block, self.number, now)[1])
        return Pose(x, y, z, math.radians(a), math.radians(b), math.radians(c))

    def grip(self, close: bool, now: int) -> None:
        if self.hand is not None:
            host.set_signal(self.plant.block, self.hand, int(close), now)


def in_degrees(pose: Pose) -> tuple[float, ...]:
    """A pose as the kernel takes it."""
    return (*pose[:3], *map(math.degrees, pose[3:]))
