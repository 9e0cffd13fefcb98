"""The MELFA session byte for byte: requests, answers, what they tell, and whom they come from."""

from __future__ import annotations

import math
from typing import Any

import pytest

from control.link import OrderState, Progress
from control.melfa import VERBS
from control.robot import GroupState
from tests.control.melfa_desk import ALARM, GOLDEN, OFF, POSE, READY, RUNNING, WHO, MelfaDesk


@pytest.mark.parametrize(("verb", "arguments", "exchanges"), GOLDEN, ids=[verb for verb, _, _ in GOLDEN])
def test_known_good_exchanges(
    verb: str, arguments: tuple[Any, ...], exchanges: list[tuple[bytes, bytes]]
) -> None:
    desk = MelfaDesk().identified()
    desk.order(verb, *arguments)
    for request, answer in exchanges:
        assert desk.hear() == request
        desk.reply(answer)
    assert desk.state() == OrderState(1, Progress.DONE)


def test_every_verb_is_covered_here() -> None:
    assert {verb for verb, _, _ in GOLDEN} | {"group_interrupt", "group_continue"} == set(VERBS)


def test_what_the_answers_tell() -> None:
    desk = MelfaDesk().identified()
    image = desk.session.image
    assert (image.good, image.enabled, image.in_motion, image.motion_possible) == (True, True, False, True)
    assert (image.group_state, image.error_code) == (GroupState.STANDBY, 0)
    for verb, arguments, exchanges in GOLDEN[7:]:
        desk.order(verb, *arguments)
        for request, answer in exchanges:
            desk.exchange(request, answer)
    image = desk.session.image
    assert image.override == 0.25
    assert image.joints == pytest.approx(
        (0.0, math.radians(21.19), math.radians(72.78), math.radians(86.03), 0.0)
    )
    assert image.position == pytest.approx(POSE, abs=1e-4)
    assert image.inputs == 0x00A5


@pytest.mark.parametrize(
    ("answer", "state", "error"),
    [
        (READY, GroupState.STANDBY, 0),
        (RUNNING, GroupState.MOVING, 0),
        (OFF, GroupState.DISABLED, 0),
        (ALARM, GroupState.ERROR_STOP, 2140),
        (b"QokA1060;1;0", GroupState.ERROR_STOP, 0),
    ],
)
def test_what_a_status_tells(answer: bytes, state: GroupState, error: int) -> None:
    desk = MelfaDesk().identified()
    desk.exchange(b"1;1;DSTATE\r", answer)
    assert (desk.session.image.group_state, desk.session.image.error_code) == (state, error)


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\n\r"])
def test_every_terminator_is_understood_byte_by_byte(end: bytes) -> None:
    desk = MelfaDesk()
    desk.hear()
    sent = b""
    for byte in WHO + end:
        sent += desk.session.step(desk.now, bytes((byte,)))
    assert sent == b"1;1;STOP\r"
    for byte in b"QoK" + end:
        desk.session.step(desk.now, bytes((byte,)))
    assert desk.session.identified


def test_nothing_is_asked_of_a_device_that_does_not_come_to_rest() -> None:
    desk = MelfaDesk()
    desk.exchange(b"1;1;OPEN=NARCUSR\r", WHO)
    assert desk.hear(within=2.0) == b"1;1;STOP\r"
    assert desk.hear(within=3.0) == b"1;1;OPEN=NARCUSR\r"
    assert not desk.session.image.good


def test_a_speed_is_sent_again_only_when_it_changes_or_the_robot_may_have_forgotten_it() -> None:
    desk = MelfaDesk().identified()
    speeds: list[bytes] = []
    for number, speed in enumerate((0.5, 0.5, 0.25, 0.25), 1):
        desk.order("move_direct_absolute", POSE, speed, number=number)
        frames = moved(desk)
        speeds += [frame for frame in frames if b"OVRD" in frame]
    assert speeds == [b"1;1;EXECJOVRD 50.0\r", b"1;1;EXECJOVRD 25.0\r"]
    for _ in range(3):
        desk.hear()
        desk.now = desk.session.due()
    desk.identified()
    desk.order("move_direct_absolute", POSE, 0.25, number=9)
    assert moved(desk)[0] == b"1;1;EXECJOVRD 25.0\r"


def moved(desk: MelfaDesk) -> list[bytes]:
    """Answer until the motion is done; the frames that were not polls."""
    frames = []
    while not frames or frames[-1] != b"1;1;EXECMOV PTMP\r":
        heard = desk.hear()
        if heard != b"1;1;DSTATE\r":
            frames.append(heard)
        desk.reply(b"QoK" if heard != b"1;1;DSTATE\r" else READY)
    desk.exchange(b"1;1;DSTATE\r", READY)
    return frames


def test_a_speed_whose_answer_was_lost_is_not_taken_for_the_one_before() -> None:
    """The robot may have taken it: the next motion, slower again, would be faster than ordered."""
    desk = MelfaDesk().identified()
    _, arguments, exchanges = GOLDEN[3]
    desk.order("move_direct_absolute", *arguments)
    for request, answer in exchanges:
        desk.exchange(request, answer)
    desk.order("move_direct_absolute", arguments[0], 1.0, number=2)
    assert desk.hear() == b"1;1;EXECJOVRD 100.0\r"
    desk.order("group_stop", number=3)
    assert command(desk) == b"1;1;STOP\r"
    desk.reply(b"QoK")
    desk.order("move_direct_absolute", *arguments, number=4)
    assert command(desk) == b"1;1;EXECJOVRD 25.0\r"


def command(desk: MelfaDesk) -> bytes:
    """The next request that is no poll; polls are answered."""
    while (request := desk.hear(within=5.0)) == b"1;1;DSTATE\r":
        desk.reply(READY)
    return request
