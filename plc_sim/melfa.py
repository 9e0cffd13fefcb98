"""The simulated MELFA controller: R3 protocol, servo, operation right, alarm and limits in front of an arm of
the plant.

Acceptance is not completion: SRVON answers at once and the servo comes later; EXEC answers when the motion
starts. The error numbers are this simulator's own, since the vendor's are not published in what was read
(docs/reference/conformance-melfa.md).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple

from control.melfa import RUN_BITS, STOP_BITS
from control.robot import Pose
from control.scan import NEVER, ns
from plc_sim.endpoint import Endpoint, Manipulator


class Error(IntEnum):
    """Error numbers of the simulated controller."""

    UNKNOWN_COMMAND = 4110
    BAD_VALUE = 4120
    NO_RIGHT = 4310
    SERVO_OFF = 4320
    STOP_INPUT = 4330
    IN_ALARM = 4340
    BUSY = 4350
    UNREACHABLE = 2800
    INJECTED = 9999


class Settings(NamedTuple):
    """How the controller behaves. Times in s; `terminator` ends its answers."""

    model: str = "RV-6S"
    servo_time: float = 1.5
    answer_time: float = 0.002
    terminator: bytes = b"\r\n"


class Refused(Exception):
    """A command is answered QeR with this error."""

    def __init__(self, error: Error) -> None:
        super().__init__(error.name)
        self.error = error


FREE, RIGHT, SERVO = 0, 1, 2
"""What a command needs: nothing, the operation right, or the servo on and no alarm as well."""

NUMBER = r"[-+]?\d+(?:\.\d+)?"
COMMANDS: tuple[tuple[str, str, int], ...] = (
    (r"OPEN=(\w+)(?:;.*)?", "open", FREE),
    (r"CLOSE", "close", FREE),
    (r"CNTLON", "take_right", FREE),
    (r"CNTLOFF", "give_right", FREE),
    (r"SRVON", "servo_on", RIGHT),
    (r"SRVOFF", "servo_off", FREE),
    (r"STOP", "stop", FREE),
    (r"RSTALRM", "reset_alarm", FREE),
    (r"DSTATE", "state", FREE),
    (r"JPOSF", "joint_position", FREE),
    (r"PPOSF", "pose_position", FREE),
    (r"OVRD", "read_override", FREE),
    (r"OVRD=(\d+)", "set_override", RIGHT),
    (rf"EXECJOVRD ({NUMBER})", "set_joint_speed", RIGHT),
    (rf"EXECSPD ({NUMBER})", "set_linear_speed", RIGHT),
    (rf"EXECPTMP=\(((?:{NUMBER},){{5}}{NUMBER})\)\(\d+,\d+\)", "assign_pose", RIGHT),
    (rf"EXECJTMP=\(((?:{NUMBER},){{5}}{NUMBER})\)", "assign_joints", RIGHT),
    (r"EXECMOV PTMP", "move_direct", SERVO),
    (r"EXECMVS PTMP", "move_linear", SERVO),
    (r"EXECMOV JTMP", "move_joints", SERVO),
    (r"HNDON1", "close_hand", FREE),
    (r"HNDOFF1", "open_hand", FREE),
    (r"IN(\d+)", "read_inputs", FREE),
    (r"OUT(\d+)", "read_outputs", FREE),
    (r"OUT=(\d+);([0-9A-F]{1,4})", "set_outputs", RIGHT),
    (r"ERRORMES(\d+)", "error_message", FREE),
)
"""Pattern of a command, the method that answers it, and what it needs."""

PREPARING = frozenset({"set_joint_speed", "set_linear_speed", "assign_pose", "assign_joints"})
"""The methods that only prepare a motion."""


class Request(NamedTuple):
    """A command that has arrived: the method that answers it, what it needs, its arguments."""

    method: str
    needs: int = FREE
    arguments: tuple[str, ...] = ()


@lru_cache(4096)
def requests_in(received: bytes) -> tuple[tuple[Request, ...], bytes]:
    """The whole requests in what was received, and the rest; what is no frame of the protocol is left out."""
    *frames, rest = received.replace(b"\n", b"\r").split(b"\r")
    found = [re.fullmatch(rb"1;\d{1,2};([\x20-\x7e]*)", frame) for frame in frames]
    return tuple(recognise(frame[1].decode("ascii")) for frame in found if frame is not None), rest[-256:]


@lru_cache(4096)
def only_prepares(received: bytes) -> bool:
    """Whether this is one whole request that only prepares a motion."""
    requests, rest = requests_in(received)
    return len(requests) == 1 and requests[0].method in PREPARING and not rest


def recognise(command: str) -> Request:
    """The request that a command is."""
    for pattern, method, needs in COMMANDS:
        if found := re.fullmatch(pattern, command):
            return Request(method, needs, found.groups())
    return Request("refuse_unknown")


@lru_cache(256)
def status_text(running: bool, stop_input: bool, right: bool, servo: bool, alarm: int) -> str:
    """Run byte, stop byte and error; step; mechanism."""
    run = 1 | RUN_BITS["operation_right"] * right | RUN_BITS["servo_on"] * servo
    run |= RUN_BITS["running"] * running
    stop = 0 if running else STOP_BITS["stopped"] | STOP_BITS["waiting"]
    stop |= STOP_BITS["stop_input"] * stop_input
    return f"{run:02X}{stop:02X}{alarm};1;0"


class MelfaEndpoint(Endpoint):
    """One robot controller. `raise_alarm` and `power_cycle` are its disturbances."""

    def __init__(self, arm: Manipulator, settings: Settings | None = None) -> None:
        self.arm = arm
        self.settings = settings or Settings()
        self.answer_time = ns(self.settings.answer_time)
        self.changes = 0
        self.outputs: dict[int, int] = {}
        self.log: list[tuple[int, str]] = []
        self.clear()

    def clear(self) -> None:
        """The state after switching on."""
        self.buffer = b""
        self.right = self.servo = False
        self.wakes = NEVER
        self.alarm = self.standing
        self.joint_speed, self.linear_speed, self.override = 1.0, 1.0, 100
        self.pose_variable: Pose | None = None
        self.joint_variable: tuple[float, ...] | None = None

    # the line's side

    def wake(self, now: int) -> None:
        if now >= self.wakes:
            self.servo, self.wakes = True, NEVER
            self.changes += 1

    def take(self, received: bytes, now: int) -> bytes:
        if self.silent:
            return b""
        requests, self.buffer = requests_in(self.buffer + received)
        return b"".join(map(self.answer, requests, repeat(now)))

    def prepares(self, received: bytes) -> bool:
        return not self.buffer and only_prepares(received)

    @property
    def version(self) -> Any:
        return self.silent, self.changes, self.arm.version

    def answer(self, request: Request, now: int) -> bytes:
        """The answer to one request."""
        try:
            if request.needs:
                self.check(request.needs)
            data = getattr(self, request.method)(now, *request.arguments)
            text = f"Qok{data}" if self.alarm else f"QoK{data}"
        except Refused as refusal:
            text = f"Q{'er' if self.alarm else 'eR'}{refusal.error:04d}"
        return text.encode("ascii") + self.settings.terminator

    def check(self, needs: int) -> None:
        """The state gates, in the order a controller reports them."""
        if not self.right:
            raise Refused(Error.NO_RIGHT)
        if needs == SERVO:
            if self.alarm:
                raise Refused(Error.IN_ALARM)
            if self.arm.stopped_by_input:
                raise Refused(Error.STOP_INPUT)
            if not self.servo:
                raise Refused(Error.SERVO_OFF)
            if self.arm.moving:
                raise Refused(Error.BUSY)

    # disturbances

    @property
    def standing(self) -> int:
        """The alarm that no acknowledging ends; 0 for none."""
        return int(Error.INJECTED) if self.faulty else 0

    def raise_alarm(self, now: int, number: int = Error.INJECTED) -> None:
        """The controller goes into alarm: motion ends, servo off."""
        self.arm.stop(now)
        self.alarm, self.servo, self.wakes = int(number), False, NEVER
        self.changes += 1

    def disturb(self, now: int) -> None:
        self.raise_alarm(now)

    def power_cycle(self, now: int) -> None:
        self.arm.stop(now)
        self.clear()
        self.changes += 1

    # the commands

    def refuse_unknown(self, now: int) -> str:
        """No known command."""
        raise Refused(Error.UNKNOWN_COMMAND)

    def open(self, now: int, user: str) -> str:
        """Open the session; the long line that names model, controller and maker."""
        model = self.settings.model
        maker = "COPYRIGHT(C) MITSUBISHI ELECTRIC (simulated by Cellwright)"
        return f"63;63;63;1;{model};CR1B-571;SIM;ENG;0;{maker};6;1"

    def close(self, now: int) -> str:
        """End the session."""
        return ""

    def take_right(self, now: int) -> str:
        """Give the operation right to this client."""
        self.right = True
        self.changes += 1
        return ""

    def give_right(self, now: int) -> str:
        """Take the operation right back."""
        self.right = False
        self.changes += 1
        return ""

    def servo_on(self, now: int) -> str:
        """Begin to switch the servos on."""
        if self.alarm:
            raise Refused(Error.IN_ALARM)
        if not self.servo and self.wakes == NEVER:
            self.wakes = now + ns(self.settings.servo_time)
        return ""

    def servo_off(self, now: int) -> str:
        """Switch the servos off; motion ends."""
        self.arm.stop(now)
        self.servo, self.wakes = False, NEVER
        self.changes += 1
        return ""

    def stop(self, now: int) -> str:
        """Brake along the path."""
        self.arm.stop(now)
        return ""

    def reset_alarm(self, now: int) -> str:
        """Acknowledge the alarm."""
        self.alarm = self.standing
        self.changes += 1
        return ""

    def state(self, now: int) -> str:
        """Run byte, stop byte and error; step; mechanism."""
        arm = self.arm
        return status_text(arm.moving, arm.stopped_by_input, self.right, self.servo, self.alarm)

    def joint_position(self, now: int) -> str:
        """The joint angles, in degrees."""
        names = (f"J{number}" for number in range(1, 7))
        return position_text(
            names, [math.degrees(angle) for angle in self.arm.joints(now)], self.override, ""
        )

    def pose_position(self, now: int) -> str:
        """The pose, in mm and degrees."""
        pose = self.arm.pose(now)
        values = [1000 * length for length in pose[:3]] + [math.degrees(angle) for angle in pose[3:]]
        return position_text("XYZABC", values, self.override, "7,0")

    def read_override(self, now: int) -> str:
        """The override, in percent."""
        return str(self.override)

    def set_override(self, now: int, percent: str) -> str:
        """Set the override, which acts on the present motion too."""
        if not 1 <= int(percent) <= 100:
            raise Refused(Error.BAD_VALUE)
        self.override = int(percent)
        self.arm.override(self.override / 100, now)
        return percent

    def set_joint_speed(self, now: int, percent: str) -> str:
        """Set the speed of joint motions, in percent."""
        if not 0 < float(percent) <= 100:
            raise Refused(Error.BAD_VALUE)
        self.joint_speed = float(percent) / 100
        return ""

    def set_linear_speed(self, now: int, millimetres: str) -> str:
        """Set the speed of straight motions, in mm/s."""
        if not 0 < float(millimetres) <= 10_000:
            raise Refused(Error.BAD_VALUE)
        self.linear_speed = float(millimetres) / 1000
        return ""

    def assign_pose(self, now: int, text: str) -> str:
        """Keep a pose as the next target."""
        x, y, z, a, b, c = map(float, text.split(","))
        self.pose_variable = Pose(x / 1000, y / 1000, z / 1000, *map(math.radians, (a, b, c)))
        return ""

    def assign_joints(self, now: int, text: str) -> str:
        """Keep joint angles as the next target."""
        self.joint_variable = tuple(map(math.radians, map(float, text.split(","))))
        return ""

    def move_direct(self, now: int) -> str:
        """Start a joint motion to the kept pose."""
        return self.start(now, self.pose_variable, self.arm.move_direct, self.joint_speed)

    def move_linear(self, now: int) -> str:
        """Start a straight motion to the kept pose."""
        return self.start(now, self.pose_variable, self.arm.move_linear, self.linear_speed)

    def move_joints(self, now: int) -> str:
        """Start a joint motion to the kept angles."""
        return self.start(now, self.joint_variable, self.arm.move_joints, self.joint_speed)

    def start(self, now: int, target: Any, begin: Callable[[Any, float, int], str], speed: float) -> str:
        """Start a motion; a target beyond the limits puts the controller into alarm."""
        if target is None:
            raise Refused(Error.BAD_VALUE)
        if begin(target, speed, now):
            self.raise_alarm(now, Error.UNREACHABLE)
            raise Refused(Error.UNREACHABLE)
        self.log.append((now, begin.__name__))
        return ""

    def close_hand(self, now: int) -> str:
        """Close the hand."""
        self.arm.grip(True, now)
        return ""

    def open_hand(self, now: int) -> str:
        """Open the hand."""
        self.arm.grip(False, now)
        return ""

    def read_inputs(self, now: int, first: str) -> str:
        """Sixteen inputs; none is wired."""
        return "0000"

    def read_outputs(self, now: int, first: str) -> str:
        """Sixteen outputs."""
        return f"{self.outputs.get(int(first), 0):04X}"

    def set_outputs(self, now: int, first: str, values: str) -> str:
        """Set sixteen outputs."""
        self.outputs[int(first)] = int(values, 16)
        return ""

    def error_message(self, now: int, number: str) -> str:
        """The text of an error number."""
        known = {int(error): error.name.replace("_", " ") for error in Error}
        return known.get(int(number), "NO ERROR")


def position_text(names: Any, values: list[float], override: int, flags: str) -> str:
    """Axes with two decimals, as JPOSF and PPOSF answer; -0.00 is written as the controller does, 0.00."""
    axes = ";".join(f"{name};{value + 0.0:.2f}" for name, value in zip(names, values, strict=True))
    return f"{axes};;{flags or '****,****'};{override};0.00;00000000"
