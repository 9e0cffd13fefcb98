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
from control.exchange import Answer, Exchange, Job, Kind, Line, Turn, Verb
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
"""A robot can move if it has all bits of the first and none of the second."""
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
def ask(command: str, *, kind: Kind = Kind.IDEMPOTENT, answer: str = "") -> Exchange:
    """A request with the pattern of its answer's data."""
    return Exchange(frame(command), kind, answer)


POLL = ask("DSTATE", kind=Kind.QUERY, answer=STATUS)


@lru_cache(1024)
def first_frame(buffer: bytes) -> tuple[bytes | None, bytes]:
    """The first whole frame in what was received, if there is one, and the rest."""
    frame, end, rest = buffer.lstrip(b"\r\n").replace(b"\n", b"\r").partition(b"\r")
    return (frame, rest.lstrip(b"\r")) if end else (None, frame[-Session.answer_size :])


@lru_cache(1024)
def answer_in(pattern: str, frame: bytes) -> Answer | None:
    """The answer that a frame is, with data of this pattern unless it is a refusal; None if it is none."""
    found = ANSWER.fullmatch(frame) if frame.isascii() else None
    if found is None:
        return None
    data, in_alarm = found[4].decode("ascii"), b"k" == found[1] or b"r" == found[2]
    if found[3]:
        return Answer(data, f"robot error {int(found[3])}", in_alarm)
    return Answer(data, "", in_alarm) if re.fullmatch(pattern, data, re.DOTALL) else None


@lru_cache(256)
def status_of(data: str) -> Status:
    """The data of an answer to DSTATE in parts."""
    first = data.partition(";")[0]
    bits = int(first[2:4], 16) << 8 | int(first[:2], 16)
    return Status(frozenset(name for name, bit in BITS.items() if bits & bit), int(first[4:]))


def fixed(*commands: str) -> Any:
    """The requests of a verb without arguments."""
    requests = tuple(ask(command) for command in commands)
    return lambda session: requests


def hundredths(value: float) -> str:
    """A value as on the wire, with two decimals; equal values are written equally, so no -0.00 for 0."""
    return f"{value + 0.0:.2f}"


def degrees(angle: float) -> str:
    """An angle (rad) as on the wire."""
    return hundredths(math.degrees(angle))


@lru_cache(1024)
def assign_joints(joints: tuple[float, ...]) -> Exchange:
    """The request that keeps joint angles as the next target."""
    return Exchange(frame(f"EXECJTMP=({','.join(map(degrees, joints))})"))


@lru_cache(1024)
def assign_pose(pose: Pose) -> Exchange:
    """The request that keeps a pose as the next target: mm and degrees, structure flags 7,0."""
    lengths = [hundredths(1000 * length) for length in pose[:3]]
    return Exchange(frame(f"EXECPTMP=({','.join((*lengths, *map(degrees, pose[3:])))})(7,0)"))


MOVE_JOINTS, MOVE_DIRECT, MOVE_LINEAR = (
    ask(f"EXEC{command}", kind=Kind.MOTION) for command in ("MOV JTMP", "MOV PTMP", "MVS PTMP")
)


def with_speed(session: MelfaSession, command: str, *requests: Exchange) -> tuple[Exchange, ...]:
    """Requests, after the one that sets a speed, unless the robot has it already; until that is answered
    nobody knows which it has.
    """
    if command in session.speeds:
        return requests
    session.forget_speed(command)
    return (ask(command), *requests)


def move_axes(session: MelfaSession, joints: tuple[float, ...], speed: float) -> tuple[Exchange, ...]:
    """Every axis to its angle; `speed` as a fraction."""
    return with_speed(session, f"EXECJOVRD {100 * speed:.1f}", assign_joints(joints), MOVE_JOINTS)


def move_direct(session: MelfaSession, pose: Pose, speed: float) -> tuple[Exchange, ...]:
    """The axes interpolated to a pose; `speed` as a fraction."""
    return with_speed(session, f"EXECJOVRD {100 * speed:.1f}", assign_pose(pose), MOVE_DIRECT)


def move_linear(session: MelfaSession, pose: Pose, speed: float) -> tuple[Exchange, ...]:
    """The tool centre point on a straight line to a pose; `speed` as a fraction."""
    millimetres = 1000 * speed * session.model.linear_speed
    return with_speed(session, f"EXECSPD {millimetres:.1f}", assign_pose(pose), MOVE_LINEAR)


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
    cut = staticmethod(first_frame)
    read = staticmethod(answer_in)

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

    def recognises(self, answer: Answer) -> bool:
        model = re.escape(self.model.name)
        if "MITSUBISHI" in answer.data and re.search(rf"(?<![\w-]){model}(?![\w-])", answer.data):
            return True
        self.mistake = f"wanted a {self.model.name}, the line answers {answer.data!r}"
        self.image = self.image._replace(cause=self.mistake)
        return False

    def read_status(self, answer: Answer) -> None:
        status = self.status = status_of(answer.data)
        bits, in_alarm, image = status.bits, status.error != 0 or answer.in_alarm, self.image
        self.image = RobotImage(
            good=True,
            cause="",
            orders=image.orders,
            ended=image.ended,
            group_state=self.group_state(status, in_alarm),
            enabled="servo_on" in bits,
            in_motion="running" in bits,
            motion_possible=not in_alarm and bits >= NEEDED and not bits & BLOCKING,
            error_code=status.error,
            override=image.override,
            position=image.position,
            joints=image.joints,
            inputs=image.inputs,
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

    def read_answer(self, job: Job, answer: Answer) -> None:
        request = job.requests[job.answered].data
        if name := note_of(request):
            getattr(self, name)(job.order.verb, request[4:-1].decode("ascii"), answer.data)

    def note_speed(self, verb: str, command: str, data: str) -> None:
        """The robot has this speed for the motions of one kind."""
        self.forget_speed(command)
        self.speeds |= {command}

    def forget_speed(self, command: str) -> None:
        """Whichever speed the robot has for the motions of this command's kind is not known."""
        kind = command.partition(" ")[0]
        self.speeds = frozenset(speed for speed in self.speeds if not speed.startswith(kind))

    def note_stop(self, verb: str, command: str, data: str) -> None:
        """What moved is braking, to its end or to go on."""
        self.stopping = verb == "group_stop" and self.tracked is not None
        self.paused = verb == "group_interrupt"
        self.last_status = None

    def note_start(self, verb: str, command: str, data: str) -> None:
        """What was paused moves again."""
        if verb == "group_continue":
            self.paused, self.last_status = False, None

    def note_override(self, verb: str, command: str, data: str) -> None:
        """The override that the robot has taken."""
        self.image = self.image._replace(override=int(command.partition("=")[2]) / 100)

    def note_joints(self, verb: str, command: str, data: str) -> None:
        """Where the axes are."""
        self.image = self.image._replace(joints=tuple(math.radians(value) for value in numbers(data)))

    def note_position(self, verb: str, command: str, data: str) -> None:
        """Where the tool centre point is."""
        values = numbers(data)
        lengths, angles = (v / 1000 for v in values[:3]), (math.radians(v) for v in values[3:6])
        self.image = self.image._replace(position=Pose(*lengths, *angles))

    def note_inputs(self, verb: str, command: str, data: str) -> None:
        """Sixteen inputs."""
        self.image = self.image._replace(inputs=int(data, 16))


NOTES = (
    (rb"EXEC(?:JOVRD|SPD) .*", "note_speed"),
    (rb"STOP", "note_stop"),
    (rb"EXECM.*|DSTATE", "note_start"),
    (rb"OVRD=.*", "note_override"),
    (rb"JPOSF", "note_joints"),
    (rb"PPOSF", "note_position"),
    (rb"IN\d+", "note_inputs"),
)
"""Pattern of a command, and the method that notes what it changes in the session or image once accepted."""


@lru_cache(1024)
def note_of(request: bytes) -> str:
    """The method that notes that a request was accepted; empty for one that changes nothing here."""
    return next((name for pattern, name in NOTES if re.fullmatch(pattern, request[4:-1])), "")


def numbers(data: str) -> list[float]:
    """The values of a position answer: name;value pairs up to the empty field; absent axes (****) left
    out.
    """
    fields = data.split(";;")[0].split(";")
    return [float(value) for value in fields[1::2] if "*" not in value]


class Melfa(Robot):
    """A MELFA robot as the cell sees it."""
