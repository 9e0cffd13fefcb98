"""A MELFA session on a desk, and known-good exchanges with a robot, from public captures and clients."""

from __future__ import annotations

import math
from typing import Any

from control.exchange import Line
from control.link import Order, OrderState
from control.melfa import MelfaSession
from control.robot import Pose
from control.scan import ns

BYTE_TIME = 12 / 38400
ORIGIN = 1_234_567_891
WHO = b"QoK63;63;63;1;RV-6S;CR1B-571;R6;ENG;1;COPYRIGHT(C)1999 MITSUBISHI ELECTRIC CORPORATION;6;1"
COMING = b"QoK81060;1;0"
"""The operation right, and no servo yet."""
READY, RUNNING, OFF, ALARM = b"QoKA1060;1;0", b"QoKE1000;1;0", b"QoK01060;1;0", b"QokA1062140;1;0"


class MelfaDesk:
    """A session whose device is the test: it hears frames and says answers."""

    def __init__(self) -> None:
        self.session = MelfaSession(Line(BYTE_TIME), "RV-6S")
        self.now = ORIGIN
        self.unheard = b""
        self.session.connect(self.now)

    def hear(self, within: float = 1.0) -> bytes:
        """The next frame the session sends."""
        limit = self.now + ns(within)
        sent, self.unheard = self.unheard, b""
        while not sent:
            if sent := self.session.step(self.now, b""):
                break
            self.now = max(self.session.due(), self.now + 1)
            assert self.now <= limit, "nothing sent"
        return sent

    def say(self, answer: bytes, after: float = 0.01) -> bytes:
        """Answer; what the session sends at once."""
        self.now += ns(after)
        return self.session.step(self.now, answer + b"\r\n")

    def exchange(self, request: bytes, answer: bytes) -> None:
        """Expect a frame, the polls before it left aside, and answer it."""
        heard = self.hear()
        while heard == b"1;1;DSTATE\r" != request:
            self.reply(READY)
            heard = self.hear()
        assert heard == request
        self.reply(answer)

    def reply(self, answer: bytes) -> None:
        """Answer, keeping what is sent at once for the next `hear`."""
        self.now += ns(0.01)
        self.unheard = self.session.step(self.now, answer + b"\r\n")

    def identified(self) -> MelfaDesk:
        """After identification and the first status."""
        self.exchange(b"1;1;OPEN=NARCUSR\r", WHO)
        self.exchange(b"1;1;STOP\r", b"QoK")
        self.exchange(b"1;1;DSTATE\r", READY)
        return self

    def order(self, verb: str, *arguments: Any, number: int = 1) -> None:
        """Leave an order."""
        self.session.submit((Order(number, verb, arguments),))

    def states(self) -> tuple[OrderState, ...]:
        """How far all orders are."""
        return (*self.session.image.orders, *self.session.image.ended)

    def state(self, number: int = 1) -> OrderState:
        """How far an order is."""
        return next(state for state in self.states() if state.number == number)


POSE = Pose(0.53521, -0.00003, 0.77978, math.radians(-89.97), math.radians(0.03), 0.0)
POSE_TEXT = b"(535.21,-0.03,779.78,-89.97,0.03,0.00)(7,0)"
JOINTS = (0.0, math.radians(21.19), math.radians(72.78), 0.0, math.radians(86.03), 0.0)

GOLDEN: list[tuple[str, tuple[Any, ...], list[tuple[bytes, bytes]]]] = [
    ("enable_robot", (), [(b"1;1;CNTLON\r", b"QoK"), (b"1;1;SRVON\r", b"QoK"), (b"1;1;DSTATE\r", READY)]),
    ("disable_robot", (), [(b"1;1;SRVOFF\r", b"QoK")]),
    ("group_reset", (), [(b"1;1;RSTALRM\r", b"QoK")]),
    (
        "move_direct_absolute",
        (POSE, 0.25),
        [
            (b"1;1;EXECJOVRD 25.0\r", b"QoK"),
            (b"1;1;EXECPTMP=" + POSE_TEXT + b"\r", b"QoK"),
            (b"1;1;EXECMOV PTMP\r", b"QoK"),
            (b"1;1;DSTATE\r", RUNNING),
            (b"1;1;DSTATE\r", READY),
        ],
    ),
    (
        "move_linear_absolute",
        (POSE, 0.5),
        [
            (b"1;1;EXECSPD 500.0\r", b"QoK"),
            (b"1;1;EXECPTMP=" + POSE_TEXT + b"\r", b"QoK"),
            (b"1;1;EXECMVS PTMP\r", b"QoK"),
            (b"1;1;DSTATE\r", READY),
        ],
    ),
    (
        "move_axes_absolute",
        (JOINTS, 1.0),
        [
            (b"1;1;EXECJOVRD 100.0\r", b"QoK"),
            (b"1;1;EXECJTMP=(0.00,21.19,72.78,0.00,86.03,0.00)\r", b"QoK"),
            (b"1;1;EXECMOV JTMP\r", b"QoK"),
            (b"1;1;DSTATE\r", READY),
        ],
    ),
    ("group_stop", (), [(b"1;1;STOP\r", b"QoK")]),
    ("change_speed_override", (0.25,), [(b"1;1;OVRD=25\r", b"QoK25")]),
    (
        "read_actual_position",
        (),
        [
            (
                b"1;1;JPOSF\r",
                b"QoKJ1;0.00;J2;21.19;J3;72.78;J4;****;J5;86.03;J6;0.00;;****,****;50;0.00;00000000",
            ),
            (
                b"1;1;PPOSF\r",
                b"QoKX;535.21;Y;-0.03;Z;779.78;A;-89.97;B;0.03;C;0.00;;7,0;50;0.00;00000000",
            ),
        ],
    ),
    ("open_gripper", (), [(b"1;1;HNDOFF1\r", b"QoK")]),
    ("close_gripper", (), [(b"1;1;HNDON1\r", b"QoK")]),
    ("read_digital_inputs", (16,), [(b"1;1;IN16\r", b"QoK00A5")]),
    ("write_digital_outputs", (8, 0x0F), [(b"1;1;OUT=8;000F\r", b"QoK")]),
]


class Arm:
    """A robot that does as it is told, and remembers every frame that reached it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.until = 0
        self.who = WHO

    def answer(self, frame: bytes, now: int) -> bytes:
        """What it says to a frame, if anything."""
        self.heard.append(frame)
        command = frame.removeprefix(b"1;1;")
        if frame == command or not frame.isascii():
            return b""
        if command.startswith(b"EXECM"):
            self.until = now + ns(0.3)
        if command == b"STOP":
            self.until = now
        known = {b"OPEN=NARCUSR": self.who, b"DSTATE": RUNNING if now < self.until else READY}
        known[b"JPOSF"], known[b"PPOSF"] = GOLDEN[8][2][0][1], GOLDEN[8][2][1][1]
        return known.get(command, b"QoK")
