"""What the MELFA session makes of a line that loses, delays, garbles, cuts and repeats what is sent on it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from control.exchange import Line
from control.link import Order, Progress
from control.melfa import MelfaSession
from control.scan import ns
from tests.control.melfa_desk import BYTE_TIME, ORIGIN, POSE, Arm

Fault = tuple[str, int]
FAULTS = st.one_of(
    st.tuples(st.sampled_from(["fine", "fine", "fine", "lost", "twice", "cut"]), st.just(0)),
    st.tuples(st.just("late"), st.integers(1, 2_000)),
    st.tuples(st.just("garbled"), st.integers(0, 2_000)),
)
PLANS = st.lists(
    st.tuples(
        st.integers(1, 900),
        st.sampled_from(["move", "move", "grip", "stop", "enable", "position", "wait", "unplug"]),
    ),
    min_size=1,
    max_size=8,
)


def garble(data: bytes, seed: int) -> bytes:
    """One bit of it the other way round."""
    at = seed % len(data)
    return data[:at] + bytes((data[at] ^ (1 << seed // len(data) % 8),)) + data[at + 1 :]


class FaultyLine:
    """A session and an arm on a line on which anything may happen to what is sent; its order stays."""

    def __init__(self, faults: list[Fault], garbling: bool) -> None:
        self.session = MelfaSession(Line(BYTE_TIME), "RV-6S")
        self.arm = Arm()
        self.faults = [fault for fault in faults if garbling or fault[0] != "garbled"]
        self.now = ORIGIN
        self.sent: list[tuple[int, bytes]] = []
        self.to_arm: list[tuple[int, bytes]] = []
        self.to_session: list[tuple[int, bytes]] = []
        self.buffer = b""
        self.session.connect(self.now)

    def put(self, flight: list[tuple[int, bytes]], data: bytes) -> None:
        """Put bytes on the line, after those that are on it."""
        fault, size = self.faults.pop() if self.faults else ("fine", 0)
        arrival = self.now + ns(len(data) * BYTE_TIME) + (ns(size / 1000) if fault == "late" else 0)
        arrival = max([arrival, *(time for time, _ in flight)])
        changed = {
            "lost": b"",
            "twice": data + data,
            "cut": data[: len(data) // 2],
            "garbled": garble(data, size),
        }
        flight.append((arrival, changed.get(fault, data)))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + ns(seconds)
        while (
            instant := min([self.session.due(), *(t for t, _ in (*self.to_arm, *self.to_session))])
        ) <= end:
            self.now = max(instant, self.now + 1)
            for frame in self.frames(arrived(self.to_arm, self.now)):
                if answer := self.arm.answer(frame, self.now):
                    self.put(self.to_session, answer + b"\r\n")
            if request := self.session.step(self.now, arrived(self.to_session, self.now)):
                self.sent.append((self.now, request))
                self.put(self.to_arm, request)
        self.now = end

    def frames(self, data: bytes) -> list[bytes]:
        """Whole frames at the arm."""
        *frames, self.buffer = re.split(rb"\r", self.buffer + data)
        return [frame for frame in frames if frame]

    def unplug(self) -> None:
        """Pull the cable and put it in again."""
        self.session.disconnect("unplugged")
        self.to_arm.clear()
        self.to_session.clear()
        self.run(0.1)
        self.session.connect(self.now)


def arrived(flight: list[tuple[int, bytes]], now: int) -> bytes:
    """What has arrived; it leaves the line."""
    data = b"".join(part for time, part in flight if time <= now)
    flight[:] = [entry for entry in flight if entry[0] > now]
    return data


ORDERS: dict[str, Callable[[int], tuple[str, tuple[Any, ...]]]] = {
    "move": lambda number: ("move_direct_absolute", (POSE._replace(x=number / 1000), 0.5)),
    "grip": lambda number: ("close_gripper", ()),
    "stop": lambda number: ("group_stop", ()),
    "enable": lambda number: ("enable_robot", ()),
    "position": lambda number: ("read_actual_position", ()),
}


def played(
    faults: list[Fault], plan: list[tuple[int, str]], *, garbling: bool
) -> tuple[FaultyLine, dict[int, str]]:
    """A faulty line after orders, and which they were; at the end the line is whole and all has settled."""
    line, given = FaultyLine(faults, garbling), {}
    line.run(0.3)
    for number, (milliseconds, what) in enumerate(plan, 1):
        if what == "unplug":
            line.unplug()
        elif what in ORDERS:
            verb, arguments = ORDERS[what](number)
            line.session.submit((Order(number, verb, arguments),))
            given[number] = what
        line.run(milliseconds / 1000)
    line.run(30.0)
    line.faults.clear()
    line.run(10.0)
    return line, given


def started_targets(line: FaultyLine) -> list[bytes]:
    """The target of every start that was sent; each order has its own."""
    targets, target = [], b""
    for _, frame in line.sent:
        if frame.startswith(b"1;1;EXECPTMP="):
            target = frame
        elif frame == b"1;1;EXECMOV PTMP\r":
            targets.append(target)
    return targets


@settings(max_examples=150)
@given(st.lists(FAULTS, max_size=60), PLANS, st.booleans())
def test_whatever_the_line_does_no_motion_starts_twice_and_every_order_ends(
    faults: list[Fault], plan: list[tuple[int, str]], garbling: bool
) -> None:
    line, given = played(faults, plan, garbling=garbling)
    starts = started_targets(line)
    assert len(starts) == len(set(starts))
    states = {state.number: state for state in (*line.session.image.orders, *line.session.image.ended)}
    assert set(given) == set(states)
    assert all(state.progress.ended for state in states.values())
    assert line.session.image.good
    if not garbling:
        done = [
            number
            for number, what in given.items()
            if what == "move" and states[number].progress is Progress.DONE
        ]
        heard = line.arm.heard
        for number in done:
            target = next(at for at, frame in enumerate(heard) if f"EXECPTMP=({number}.00".encode() in frame)
            assert b"1;1;EXECMOV PTMP" in heard[target:]


@settings(max_examples=60)
@given(st.lists(FAULTS, max_size=30), st.integers(1, 200))
def test_after_a_stop_was_given_no_motion_is_sent(faults: list[Fault], after: int) -> None:
    line = FaultyLine(faults, garbling=True)
    line.run(0.3)
    verb, arguments = ORDERS["move"](1)
    line.session.submit((Order(1, verb, arguments),))
    line.run(after / 1000)
    line.session.submit((Order(2, "group_stop"),))
    given = line.now
    line.run(20.0)
    assert not [frame for time, frame in line.sent if time > given and b"EXECM" in frame]
