"""Endpoints: simulated devices, bytes in and bytes out, with no port and no clock of their own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol

from control.robot import Pose
from control.scan import NEVER


class Endpoint(ABC):
    """One simulated device on a line.

    The line calls `take` when bytes have arrived and `wake` when `wakes` has come. An answer goes on the line
    `answer_time` after what it answers. `version` changes whenever the answer to a pure status request may
    have changed, so that requests in between need not be made.
    """

    answer_time: int
    """What the device takes to answer, in ns."""
    wakes = NEVER
    """When its own state changes next without being asked, in ns."""
    silent = False
    """It hears and answers nothing."""
    faulty = False
    """The cause of its alarm lasts: acknowledged, the alarm returns at once."""

    @abstractmethod
    def wake(self, now: int) -> None:
        """Let its own state change, if it is time."""

    @abstractmethod
    def take(self, received: bytes, now: int) -> bytes:
        """Take bytes; the answers to what is whole now. Silence is an answer too."""

    def prepares(self, received: bytes) -> bool:
        """Whether these bytes only prepare what is asked later: nothing but attributes that are replaced,
        never changed, and not the status.
        """
        return False

    @property
    @abstractmethod
    def version(self) -> Any:
        """Equal as long as a pure status request would be answered equally."""

    @abstractmethod
    def disturb(self, now: int) -> None:
        """Raise the device's own alarm."""

    @abstractmethod
    def power_cycle(self, now: int) -> None:
        """Switch off and on again."""


class Manipulator(Protocol):
    """What a robot endpoint needs of the arm it controls. Joints in rad, lengths in m, times in ns; a start
    returns why it was refused, or an empty text.
    """

    @property
    def moving(self) -> bool:
        """Whether any axis moves."""
        ...

    @property
    def stopped_by_input(self) -> bool:
        """Whether the stop input keeps the arm at rest."""
        ...

    @property
    def version(self) -> Any:
        """Changes at the start and end of every motion and with the stop input."""
        ...

    def move_joints(self, joints: tuple[float, ...], speed: float, now: int) -> str:
        """Start a synchronised motion of all axes at a fraction of their speeds."""
        ...

    def move_direct(self, pose: Pose, speed: float, now: int) -> str:
        """Start a synchronised motion of all axes to a pose."""
        ...

    def move_linear(self, pose: Pose, speed: float, now: int) -> str:
        """Start a straight motion at `speed` m/s."""
        ...

    def stop(self, now: int) -> None:
        """Decelerate to rest on the path."""
        ...

    def override(self, fraction: float, now: int) -> None:
        """Scale the speed of the present and of later motions."""
        ...

    def joints(self, now: int) -> tuple[float, ...]:
        """The axes' angles."""
        ...

    def pose(self, now: int) -> Pose:
        """The pose of the tool centre point."""
        ...

    def grip(self, close: bool, now: int) -> None:
        """Close or open the hand."""
        ...
