"""The robot interface: verbs of SRCI in snake case, states of PLCopen Part 4, a status in which `unknown` is
a value.

Lengths in m, angles in rad, speeds as a fraction of the robot's own. A driver (`melfa`) carries the verbs
out; a cell that names this interface takes any of them, by cell.toml alone.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import Any, ClassVar, NamedTuple, TypeVar

from control.device import Device, Handle, Motion, field
from control.link import OrderState
from control.state import Var

F = TypeVar("F")


class Pose(NamedTuple):
    """Position (m) and orientation of the tool centre point in the robot's base frame.

    `a`, `b`, `c` turn about X, Y, Z (rad); the default points the tool straight down.
    """

    x: float
    y: float
    z: float
    a: float = math.pi
    b: float = 0.0
    c: float = math.pi

    def above(self, height: float) -> Pose:
        """The same pose, `height` m higher."""
        return self._replace(z=self.z + height)


class GroupState(Enum):
    """PLCopen Part 4 states of an axes group."""

    UNKNOWN = "unknown"
    DISABLED = "GroupDisabled"
    STANDBY = "GroupStandby"
    MOVING = "GroupMoving"
    STOPPING = "GroupStopping"
    ERROR_STOP = "GroupErrorStop"


class RobotImage(NamedTuple):
    """What the robot last said. None is unknown."""

    good: bool = False
    cause: str = "not connected"
    orders: tuple[OrderState, ...] = ()
    ended: tuple[OrderState, ...] = ()
    group_state: GroupState = GroupState.UNKNOWN
    enabled: bool | None = None
    in_motion: bool | None = None
    motion_possible: bool | None = None
    error_code: int | None = None
    override: float | None = None
    position: Pose | None = None
    joints: tuple[float, ...] | None = None
    inputs: int | None = None


class Robot(Device):
    """A manipulator. Every verb returns a handle; motions return a `Motion`."""

    image_type: ClassVar[type[Any]] = RobotImage
    model = "robot"

    paused = Var(False)

    group_state: GroupState = field("group_state")
    enabled: bool | None = field("enabled")
    in_motion: bool | None = field("in_motion")
    motion_possible: bool | None = field("motion_possible")
    error_code: int | None = field("error_code")
    override: float | None = field("override")
    position: Pose | None = field("position")
    joints: tuple[float, ...] | None = field("joints")

    def enable_robot(self) -> Handle:
        """Take the operation right and switch the servos on; done when they are."""
        return self.order("enable_robot")

    def disable_robot(self) -> Handle:
        """Switch the servos off."""
        return self.order("disable_robot")

    def group_reset(self) -> Handle:
        """Acknowledge the robot's alarm; nothing moves."""
        return self.order("group_reset")

    def move_axes_absolute(self, joints: tuple[float, ...], speed: float = 1.0) -> Motion:
        """Move every axis to its angle (rad), all arriving together; `speed` as a fraction."""
        return self.order("move_axes_absolute", tuple(joints), speed, kind=Motion)

    def move_direct_absolute(self, pose: Pose, speed: float = 1.0) -> Motion:
        """Move to a pose, interpolating the axes; `speed` as a fraction."""
        return self.order("move_direct_absolute", pose, speed, kind=Motion)

    def move_linear_absolute(self, pose: Pose, speed: float = 1.0) -> Motion:
        """Move to a pose with the tool centre point on a straight line; `speed` as a fraction."""
        return self.order("move_linear_absolute", pose, speed, kind=Motion)

    def group_stop(self) -> Handle:
        """End all motion; jumps the queue of the line."""
        self.paused = False
        return self.order("group_stop")

    def group_interrupt(self) -> Handle:
        """Pause the motion, keeping its target."""
        self.paused = True
        return self.order("group_interrupt")

    def group_continue(self) -> Handle:
        """Go on with the motion that was interrupted."""
        self.paused = False
        return self.order("group_continue")

    def change_speed_override(self, override: float) -> Handle:
        """Set the override (fraction 0.01 to 1); it acts on the running motion too."""
        return self.order("change_speed_override", override)

    def read_actual_position(self) -> Handle:
        """Ask for pose and joint angles; done when `position` and `joints` show them."""
        return self.order("read_actual_position")

    def open_gripper(self) -> Handle:
        """Open the hand."""
        return self.order("open_gripper")

    def close_gripper(self) -> Handle:
        """Close the hand."""
        return self.order("close_gripper")

    def read_digital_inputs(self, first: int) -> Handle:
        """Ask for 16 inputs from `first` on; done when `inputs` shows them."""
        return self.order("read_digital_inputs", first)

    def write_digital_outputs(self, first: int, values: int) -> Handle:
        """Set 16 outputs from `first` on."""
        return self.order("write_digital_outputs", first, values)

    def halt(self) -> None:
        self.paused = False
        if self.good:
            self.group_stop()

    def interrupt(self) -> None:
        if self.good and self.under_way():
            self.group_interrupt()

    def proceed(self) -> None:
        if self.paused:
            self.group_continue()
