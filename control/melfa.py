"""Mitsubishi MELFA robots on the R3 protocol (RS-232 8E2 or TCP).

Frames `1;1;COMMAND` + CR; answers `QoK`, `Qok` (in alarm), `QeR<n>`, `Qer<n>` + data + CR, LF or both. The
formats are those of several public clients and captures; what they dispute is listed in
docs/reference/conformance-melfa.md.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from control.errors import ConfigurationError, nearest
from control.exchange import IDENTIFY, Exchange, Job, Kind, Line, Turn, Verb
from control.link import Order, OrderState, Progress
from control.robot import GroupState, Pose, Robot, RobotImage
from control.session import Session

ANSWER = re.compile(rb"Q(?:o([Kk])|e([Rr])(\d+))(.*)", re.DOTALL)
STATUS = r"[0-9A-F]{4}\d+;.*"
NUMBER = r"[-+]?\d+(?:\.\d+)?"
JOINTS = rf"(?:J\d;(?:{NUMBER}|\*+);)+;.*"
POSE = rf"X;{NUMBER};Y;{NUMBER};Z;{NUMBER};(?:[A-Z]\d?;(?:{NUMBER}|\*+);)*;.*"

RUN_BITS: Mapping[str, int] = {"servo_on": 0x20, "running": 0x40, "operation_right": 0x80}
STOP_BITS: Mapping[str, int] = {"safety_chain": 0x01, "stopped": 0x02, "waiting": 0x04, "stop_input": 0x08}
NEEDED = frozenset({"servo_on", "operation_right"})
BLOCKING = frozenset({"stop_input", "safety_chain"})
"""The bits of a robot that can move."""
BITS = {**RUN_BITS, **{name: bit << 8 for name, bit in STOP_BITS.items()}}


class Model(NamedTuple):
    """What the driver needs to know of a robot: its name in the identification, and its top linear speed
    (m/s).
    """

    name: str
    linear_speed: float


MODELS = {model.name: model for model in (Model("RV-6S", 1.0), Model("RV-6SL", 1.0), Model("RV-2AJ", 1.0))}


class Status(NamedTuple):
    """The answer to DSTATE: the bits of run and stop byte that are set, by name, and the error number."""

    bits: frozenset[str]
    error: int


def frame(command: str) -> bytes:
    """A request as it goes on the line."""
    return f"1;1;{command}\r".encode("ascii")


@lru_cache(1024)
def ask(command: str, *, kind: Kind = Kind.IDEMPOTENT, answer: str = "", patience: float = 0.5) -> Exchange:
    """A request with the pattern of its answer's data."""
    return Exchange(frame(command), kind, answer, patience)


POLL = ask("DSTATE", kind=Kind.QUERY, answer=STATUS)


class Answer(NamedTuple):
    """An answer's parts: whether the robot is in alarm, the number of its refusal (None: accepted), data."""

    in_alarm: bool
    refusal: int | None
    data: str


@lru_cache(1024)
def parse(frame: bytes) -> Answer | None:
    """An answer frame in parts; None if it is none."""
    found = ANSWER.fullmatch(frame) if frame.isascii() else None
    if found is None:
        return None
    data = found[4].decode("ascii")
    return Answer(b"k" == found[1] or b"r" == found[2], int(found[3]) if found[3] else None, data)


@lru_cache(256)
def status_of(data: str) -> Status:
    """The data of an answer to DSTATE in parts."""
    first = data.partition(";")[0]
    bits = int(first[2:4], 16) << 8 | int(first[:2], 16)
    return Status(frozenset(name for name, bit in BITS.items() if bits & bit), int(first[4:]))


@lru_cache(64)
def pattern(text: str) -> re.Pattern[str]:
    """The compiled pattern of an answer's data."""
    return re.compile(text, re.DOTALL)


def fixed(*commands: str) -> Any:
    """The requests of a verb without arguments."""
    requests = tuple(ask(command) for command in commands)
    return lambda session: requests


def degrees(angle: float) -> str:
    """An angle (rad) as on the wire."""
    return f"{math.degrees(angle):.2f}"


def pose_text(pose: Pose) -> str:
    """A pose as a position constant: mm and degrees to two decimals, structure flags 7,0."""
    lengths = (f"{1000 * length:.2f}" for length in pose[:3])
    return f"({','.join((*lengths, *map(degrees, pose[3:])))})(7,0)"


def speed_requests(session: MelfaSession, command: str) -> tuple[Exchange, ...]:
    """The request that sets a speed, unless the robot has it already."""
    return () if command in session.speeds else (ask(command),)


def move(session: MelfaSession, variable: str, target: str, verb: str, speed: str) -> tuple[Exchange, ...]:
    """Speed, target and start of a motion."""
    start = ask(f"EXEC{verb} {variable}", kind=Kind.MOTION)
    return (*speed_requests(session, speed), ask(f"EXEC{variable}={target}"), start)


def move_axes(session: MelfaSession, joints: tuple[float, ...], speed: float) -> tuple[Exchange, ...]:
    """Every axis to its angle; `speed` as a fraction."""
    target = f"({','.join(map(degrees, joints))})"
    return move(session, "JTMP", target, "MOV", f"EXECJOVRD {100 * speed:.1f}")


def move_direct(session: MelfaSession, pose: Pose, speed: float) -> tuple[Exchange, ...]:
    """The axes interpolated to a pose; `speed` as a fraction."""
    return move(session, "PTMP", pose_text(pose), "MOV", f"EXECJOVRD {100 * speed:.1f}")


def move_linear(session: MelfaSession, pose: Pose, speed: float) -> tuple[Exchange, ...]:
    """The tool centre point on a straight line to a pose; `speed` as a fraction."""
    millimetres = 1000 * speed * session.model.linear_speed
    return move(session, "PTMP", pose_text(pose), "MVS", f"EXECSPD {millimetres:.1f}")


def go_on(session: MelfaSession) -> tuple[Exchange, ...]:
    """The paused motion's own requests: absolute targets, so they lead to the same end."""
    if session.tracked is None or not session.paused:
        return (session.poll(),)
    return session.verbs[session.tracked.verb].requests(session, *session.tracked.arguments)


VERBS: Mapping[str, Verb] = {
    "enable_robot": Verb(fixed("CNTLON", "SRVON"), tracked=True),
    "disable_robot": Verb(fixed("SRVOFF")),
    "group_reset": Verb(fixed("RSTALRM")),
    "move_axes_absolute": Verb(move_axes, tracked=True),
    "move_direct_absolute": Verb(move_direct, tracked=True),
    "move_linear_absolute": Verb(move_linear, tracked=True),
    "group_stop": Verb(fixed("STOP"), Turn.FIRST),
    "group_interrupt": Verb(fixed("STOP"), Turn.NOW),
    "group_continue": Verb(go_on, Turn.NOW),
    "change_speed_override": Verb(lambda s, o: (ask(f"OVRD={100 * o:.0f}", answer=r"\d*"),), Turn.NOW),
    "read_actual_position": Verb(
        lambda s: (ask("JPOSF", kind=Kind.QUERY, answer=JOINTS), ask("PPOSF", kind=Kind.QUERY, answer=POSE))
    ),
    "open_gripper": Verb(fixed("HNDOFF1")),
    "close_gripper": Verb(fixed("HNDON1")),
    "read_digital_inputs": Verb(lambda s, n: (ask(f"IN{n}", kind=Kind.QUERY, answer="[0-9A-F]{4}"),)),
    "write_digital_outputs": Verb(lambda s, n, v: (ask(f"OUT={n};{v:04X}"),)),
}
"""The command table: driver, simulator and docs share it."""


class MelfaSession(Session):
    """The conversation with one MELFA controller."""

    verbs = VERBS
    poll_size = 16

    def __init__(self, line: Line, model: str) -> None:
        if model not in MODELS:
            raise ConfigurationError(f"melfa: model: no robot {model!r}; {nearest(model, MODELS)}")
        self.model = MODELS[model]
        self.status: Status | None = None
        self.speeds: frozenset[str] = frozenset()
        self.paused = self.stopping = False
        super().__init__(line)
        self.image = RobotImage()

    def begin(self) -> None:
        super().begin()
        self.speeds, self.paused, self.stopping = frozenset(), False, False

    def poll(self) -> Exchange:
        return POLL

    def identify(self) -> Exchange:
        return ask("OPEN=NARCUSR", kind=Kind.QUERY, answer=".*")

    def rest(self) -> Exchange:
        return ask("STOP")

    def cut(self, buffer: bytes) -> tuple[bytes | None, bytes]:
        frame, end, rest = buffer.lstrip(b"\r\n").replace(b"\n", b"\r").partition(b"\r")
        return (frame, rest.lstrip(b"\r")) if end else (None, frame[-self.answer_size :])

    def matches(self, job: Job, frame: bytes) -> bool:
        answer = parse(frame)
        if answer is None:
            return False
        if answer.refusal is not None:
            return job.order.number > 0
        if not pattern(job.requests[job.answered].answer).fullmatch(answer.data):
            return False
        return job.order is not IDENTIFY or self.recognises(answer.data)

    def recognises(self, data: str) -> bool:
        """Whether the identification names this model; what it names instead is kept as the cause."""
        if "MITSUBISHI" in data and re.search(rf"(?<![\w-]){re.escape(self.model.name)}(?![\w-])", data):
            return True
        self.mistake = f"wanted a {self.model.name}, the line answers {data!r}"
        self.image = self.image._replace(cause=self.mistake)
        return False

    def read_status(self, frame: bytes) -> None:
        answer = parse(frame)
        assert answer is not None
        status = self.status = status_of(answer.data)
        bits, in_alarm = status.bits, status.error != 0 or answer.in_alarm
        self.image = self.image._replace(
            good=True,
            cause="",
            group_state=self.group_state(status, in_alarm),
            enabled="servo_on" in bits,
            in_motion="running" in bits,
            motion_possible=not in_alarm and bits >= NEEDED and not bits & BLOCKING,
            error_code=status.error,
        )

    def group_state(self, status: Status, in_alarm: bool) -> GroupState:
        """The PLCopen state that a status stands for."""
        if in_alarm:
            return GroupState.ERROR_STOP
        if "servo_on" not in status.bits:
            return GroupState.DISABLED
        if "running" not in status.bits:
            return GroupState.STANDBY
        return GroupState.STOPPING if self.stopping or self.paused else GroupState.MOVING

    def track(self, order: Order) -> OrderState:
        status = self.status
        assert status is not None
        if order.verb == "enable_robot":
            return self.track_enable(order, status)
        if "running" in status.bits:
            return OrderState(order.number, Progress.ACTIVE)
        if self.stopping:
            return self.ended(order, Progress.ABORTED, "by group_stop")
        if status.error or "servo_on" not in status.bits or "stop_input" in status.bits:
            return self.ended(order, Progress.REFUSED, self.reason(status))
        if self.paused:
            return OrderState(order.number, Progress.ACTIVE)
        return self.ended(order, Progress.DONE, "")

    def track_enable(self, order: Order, status: Status) -> OrderState:
        """How far an order to switch the servos on is: they come seconds after it was accepted."""
        if "servo_on" in status.bits:
            return self.ended(order, Progress.DONE, "")
        if self.stopping:
            return self.ended(order, Progress.ABORTED, "by group_stop")
        if status.error:
            return self.ended(order, Progress.REFUSED, self.reason(status))
        if "operation_right" not in status.bits:
            return self.ended(order, Progress.REFUSED, "the operation right was lost")
        return OrderState(order.number, Progress.ACTIVE)

    def ended(self, order: Order, progress: Progress, cause: str) -> OrderState:
        """The end of a tracked order, with what stops with it."""
        self.stopping = self.paused = False
        return OrderState(order.number, progress, cause)

    def reason(self, status: Status) -> str:
        """Why the robot does not move, in words."""
        if status.error:
            return f"robot error {status.error}"
        for name, text in (("safety_chain", "safety chain open"), ("stop_input", "stop input open")):
            if name in status.bits:
                return text
        return "servo off" if "servo_on" not in status.bits else "stopped from outside"

    def read_answer(self, job: Job, frame: bytes) -> str:
        answer = parse(frame)
        assert answer is not None
        request = job.requests[job.answered].data
        if answer.refusal is not None:
            return f"robot error {answer.refusal} to {request!r}"
        self.note(job.order.verb, request.decode("ascii")[4:-1], answer.data)
        return ""

    def note(self, verb: str, command: str, data: str) -> None:
        """What an accepted request changes in the session or image."""
        if command.startswith(("EXECJOVRD", "EXECSPD")):
            kind = command.partition(" ")[0]
            self.speeds = frozenset(speed for speed in self.speeds if not speed.startswith(kind)) | {command}
        elif command == "STOP":
            self.stopping, self.paused = (
                verb == "group_stop" and self.tracked is not None,
                verb == "group_interrupt",
            )
            self.last_status = None
        elif verb == "group_continue" and command.startswith(("EXECM", "DSTATE")):
            self.paused, self.last_status = False, None
        elif command.startswith("OVRD="):
            self.image = self.image._replace(override=int(command[5:]) / 100)
        elif command == "JPOSF":
            self.image = self.image._replace(joints=tuple(math.radians(value) for value in numbers(data)))
        elif command == "PPOSF":
            values = numbers(data)
            lengths, angles = (v / 1000 for v in values[:3]), (math.radians(v) for v in values[3:6])
            self.image = self.image._replace(position=Pose(*lengths, *angles))
        elif command.startswith("IN"):
            self.image = self.image._replace(inputs=int(data, 16))


def numbers(data: str) -> list[float]:
    """The values of a position answer: name;value pairs up to the empty field; absent axes (****) left
    out.
    """
    fields = data.split(";;")[0].split(";")
    return [float(value) for value in fields[1::2] if "*" not in value]


class Melfa(Robot):
    """A MELFA robot as the cell sees it."""
