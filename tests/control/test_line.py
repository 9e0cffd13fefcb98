"""The line link on a real socket: it opens, carries orders, comes back, and its image never lies."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest

from control.errors import ConnectError, ProtocolError
from control.exchange import Line
from control.line import LineLink
from control.link import Order, Progress
from control.melfa import MelfaSession
from control.serial_port import SerialPort
from tests.control.melfa_desk import BYTE_TIME, WHO, Arm

pytestmark = pytest.mark.wire


class Server:
    """A robot behind a terminal server: one connection at a time, until stopped."""

    def __init__(self, arm: Arm) -> None:
        self.arm = arm
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.connection: socket.socket | None = None
        self.thread = threading.Thread(target=self.run, name="robot")
        self.thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"socket://127.0.0.1:{self.listener.getsockname()[1]}"

    def run(self) -> None:
        """Serve until the listener is shut."""
        with suppress(OSError):
            while True:
                self.connection, _ = self.listener.accept()
                with self.connection:
                    self.serve(self.connection)

    def serve(self, connection: socket.socket) -> None:
        """Answer every frame."""
        buffer = b""
        with suppress(OSError):
            while data := connection.recv(4096):
                *frames, buffer = (buffer + data).split(b"\r")
                for frame in frames:
                    if answer := self.arm.answer(frame, time.monotonic_ns()):
                        connection.sendall(answer + b"\r\n")

    def hang_up(self) -> None:
        """Cut the connection."""
        with suppress(OSError):
            assert self.connection is not None
            self.connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        if self.connection is not None:
            self.hang_up()
        self.thread.join()


class Defective(MelfaSession):
    """A session with a defect that shows when told to."""

    broken = False

    def step(self, now: int, received: bytes) -> bytes:
        if self.broken:
            self.broken = False
            raise KeyError("a defect")
        return super().step(now, received)


@pytest.fixture
def robot() -> Iterator[Server]:
    """A robot that answers."""
    with closing(Server(Arm())) as server:
        yield server


def link_to(url: str, timeout: float = 3.0) -> LineLink:
    """A link to a robot there."""
    session = Defective(Line(BYTE_TIME), "RV-6S")
    return LineLink("robot", SerialPort(url, "cell.toml: links.robot"), session, timeout=timeout)


def until(condition: Callable[[], Any], within: float = 5.0) -> None:
    """Wait for another thread."""
    limit = time.monotonic() + within
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.001)


def progress(link: LineLink, number: int) -> Progress | None:
    """How far an order is."""
    return next(
        (state.progress for state in (*link.image.orders, *link.image.ended) if state.number == number), None
    )


def test_an_order_goes_out_and_its_end_comes_back(robot: Server) -> None:
    with closing(link_to(robot.url)) as link:
        link.open()
        assert link.image.good
        link.submit((Order(1, "close_gripper"),))
        until(lambda: progress(link, 1) is Progress.DONE)
        assert b"1;1;HNDON1" in robot.arm.heard


def test_a_line_that_breaks_makes_the_image_bad_and_is_found_again(robot: Server) -> None:
    with closing(link_to(robot.url)) as link:
        link.open()
        seen: list[str] = []
        robot.hang_up()
        until(lambda: not link.image.good and not seen.append(link.image.cause))
        assert "read on socket://" in seen[-1]
        until(lambda: link.image.good)


def test_a_defect_in_a_session_leaves_no_good_image_behind(robot: Server) -> None:
    with closing(link_to(robot.url)) as link:
        link.open()
        link.session.broken = True  # type: ignore[attr-defined]
        until(lambda: link.image.cause == "KeyError('a defect')")
        assert not link.image.good
        until(lambda: link.image.good)


def test_another_device_is_a_protocol_error_that_names_it(robot: Server) -> None:
    robot.arm.who = WHO.replace(b"RV-6S", b"RV-6SL")
    with pytest.raises(
        ProtocolError, match=r"robot: socket://.*wanted a RV-6S, the line answers '63;63;63;1;RV-6SL"
    ):
        link_to(robot.url, timeout=1.0).open()


def test_silence_and_nobody_there_are_connect_errors(robot: Server) -> None:
    robot.arm.who = b""
    with pytest.raises(ConnectError, match=r"no answer as expected within 0.3 s"):
        link_to(robot.url, timeout=0.3).open()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConnectError, match="cannot open socket://127.0.0.1.*nothing listens there"):
        link_to(f"socket://127.0.0.1:{port}").open()
