"""How orders to a MELFA robot end: done, refused or unknown; and what stop, pause and go on do to them."""

from __future__ import annotations

import pytest

from control.errors import ConfigurationError
from control.exchange import Line
from control.link import OrderState, Progress
from control.melfa import MelfaSession
from control.robot import GroupState
from control.scan import ns
from tests.control.melfa_desk import (
    ALARM,
    BYTE_TIME,
    COMING,
    OFF,
    POSE,
    POSE_TEXT,
    READY,
    RUNNING,
    WHO,
    MelfaDesk,
)

# three outcomes


@pytest.mark.parametrize("answer", [b"QeR2011", b"Qer2011", b"QeR0002011"])
def test_a_refusal_is_one_with_the_robots_error(answer: bytes) -> None:
    desk = MelfaDesk().identified()
    desk.order("disable_robot")
    desk.exchange(b"1;1;SRVOFF\r", answer)
    assert desk.state() == OrderState(1, Progress.REFUSED, "robot error 2011 to b'1;1;SRVOFF\\r'")


def started(desk: MelfaDesk, number: int = 1) -> MelfaDesk:
    """A motion that runs."""
    desk.order("move_direct_absolute", POSE, 0.5, number=number)
    for request in (b"1;1;EXECJOVRD 50.0\r", b"1;1;EXECPTMP=" + POSE_TEXT + b"\r", b"1;1;EXECMOV PTMP\r"):
        desk.exchange(request, b"QoK")
    desk.exchange(b"1;1;DSTATE\r", RUNNING)
    assert desk.state(number).progress is Progress.ACTIVE
    return desk


@pytest.mark.parametrize(
    ("status", "progress", "cause"),
    [
        (READY, Progress.DONE, ""),
        (ALARM, Progress.REFUSED, "robot error 2140"),
        (OFF, Progress.REFUSED, "servo off"),
        (b"QoKA10E0;1;0", Progress.REFUSED, "stop input open"),
        (b"QoK21070;1;0", Progress.DONE, ""),
    ],
)
def test_a_motion_ends_as_the_status_says(status: bytes, progress: Progress, cause: str) -> None:
    desk = started(MelfaDesk().identified())
    desk.exchange(b"1;1;DSTATE\r", status)
    assert desk.state() == OrderState(1, progress, cause)


def test_a_motion_whose_start_is_not_answered_is_unknown_and_never_sent_again() -> None:
    desk = MelfaDesk().identified()
    desk.order("move_direct_absolute", POSE, 0.5)
    desk.exchange(b"1;1;EXECJOVRD 50.0\r", b"QoK")
    desk.exchange(b"1;1;EXECPTMP=" + POSE_TEXT + b"\r", b"QoK")
    assert desk.hear() == b"1;1;EXECMOV PTMP\r"
    assert desk.hear(within=2.0) == b"1;1;DSTATE\r"
    assert desk.state() == OrderState(1, Progress.UNKNOWN, "no answer to b'1;1;EXECMOV PTMP\\r'")
    assert desk.session.image.good
    desk.reply(RUNNING)
    assert {desk_poll(desk) for _ in range(20)} == {b"1;1;DSTATE\r"}


def desk_poll(desk: MelfaDesk) -> bytes:
    """The next frame, answered as a poll."""
    heard = desk.hear()
    desk.reply(READY)
    return heard


def test_an_idempotent_request_is_repeated_once_after_the_beat_is_found_again() -> None:
    desk = MelfaDesk().identified()
    desk.order("close_gripper")
    assert desk.hear() == b"1;1;HNDON1\r"
    assert desk.hear(within=2.0) == b"1;1;DSTATE\r"
    desk.reply(READY)
    assert desk.hear() == b"1;1;HNDON1\r"
    assert desk.hear(within=2.0) == b"1;1;DSTATE\r"
    desk.reply(READY)
    assert desk.state().progress is Progress.UNKNOWN
    assert desk.hear() == b"1;1;DSTATE\r"


def test_a_late_answer_is_never_taken_for_another() -> None:
    desk = MelfaDesk().identified()
    desk.order("change_speed_override", 0.5)
    assert desk.hear() == b"1;1;OVRD=50\r"
    assert desk.hear(within=2.0) == b"1;1;DSTATE\r"
    desk.say(b"QoK50")
    assert desk.session.strays == 1
    assert desk.say(READY) == b"1;1;OVRD=50\r"
    desk.say(READY)
    desk.say(b"QoK50")
    assert desk.state().progress is Progress.DONE


def test_three_silences_in_a_row_make_the_device_bad_until_it_is_identified_again() -> None:
    desk = started(MelfaDesk().identified())
    for _ in range(3):
        assert desk.hear(within=2.0) == b"1;1;DSTATE\r"
    assert desk.session.image.good
    assert desk.hear(within=2.0) == b"1;1;OPEN=NARCUSR\r"
    assert not desk.session.image.good
    assert desk.session.image.cause == "no answer to b'1;1;DSTATE\\r', 3 times in a row"
    assert desk.state().progress is Progress.UNKNOWN
    desk.order("open_gripper", number=2)
    assert desk.state(2).progress is Progress.REFUSED
    desk.reply(WHO)
    desk.exchange(b"1;1;STOP\r", b"QoK")
    desk.exchange(b"1;1;DSTATE\r", READY)
    assert desk.session.image.good


@pytest.mark.parametrize(
    "other", [WHO.replace(b"RV-6S", b"RV-6SL"), WHO.replace(b"MITSUBISHI", b"SOMEBODY"), READY]
)
def test_another_device_is_not_taken_and_is_named_for_as_long_as_it_answers(other: bytes) -> None:
    desk = MelfaDesk()
    for _ in range(6):
        assert desk.hear(within=2.0) == b"1;1;OPEN=NARCUSR\r"
        desk.say(other)
        assert desk.session.image.cause == f"wanted a RV-6S, the line answers {other[3:].decode()!r}"
        desk.now = desk.session.due()
        desk.session.step(desk.now, b"")
        assert desk.session.image.cause.startswith("wanted a RV-6S")
    assert not desk.session.image.good


def test_a_model_nobody_knows_and_a_line_that_is_too_slow_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="melfa: model: no robot 'RV-6Z'; did you mean 'RV-6S'"):
        MelfaSession(Line(BYTE_TIME), "RV-6Z")
    with pytest.raises(
        ConfigurationError, match="a status poll takes 33.8 ms on this line at least; wanted one every 25 ms"
    ):
        MelfaSession(Line(12 / 9600), "RV-6S")


# stop, pause, go on


def test_a_stop_jumps_the_queue_and_ends_what_moves_and_what_waits() -> None:
    desk = started(MelfaDesk().identified())
    desk.order("open_gripper", number=2)
    desk.order("move_direct_absolute", POSE, 0.5, number=3)
    desk.order("group_stop", number=4)
    assert [desk.state(number) for number in (2, 3)] == [
        OrderState(number, Progress.ABORTED, "by group_stop") for number in (2, 3)
    ]
    desk.exchange(b"1;1;STOP\r", b"QoK")
    assert desk.state(4).progress is Progress.DONE
    desk.exchange(b"1;1;DSTATE\r", RUNNING)
    assert desk.session.image.group_state is GroupState.STOPPING
    desk.exchange(b"1;1;DSTATE\r", READY)
    assert desk.state(1) == OrderState(1, Progress.ABORTED, "by group_stop")


@pytest.mark.parametrize("answered", [True, False])
def test_a_stop_between_the_requests_of_a_motion_keeps_it_from_starting(answered: bool) -> None:
    desk = MelfaDesk().identified()
    desk.order("move_direct_absolute", POSE, 0.5)
    assert desk.hear() == b"1;1;EXECJOVRD 50.0\r"
    desk.order("group_stop", number=2)
    if answered:
        desk.reply(b"QoK")
    frames = [desk.hear(within=2.0)]
    while frames[-1] != b"1;1;STOP\r":
        desk.reply(READY)
        frames.append(desk.hear())
    desk.reply(b"QoK")
    frames += [desk_poll(desk) for _ in range(10)]
    assert not [frame for frame in frames if b"EXEC" in frame]
    assert desk.state() == OrderState(1, Progress.ABORTED, "by group_stop")


def test_a_stop_while_the_servos_come_on_is_no_refusal() -> None:
    desk = MelfaDesk().identified()
    desk.order("enable_robot")
    desk.exchange(b"1;1;CNTLON\r", b"QoK")
    desk.exchange(b"1;1;SRVON\r", b"QoK")
    desk.exchange(b"1;1;DSTATE\r", COMING)
    desk.order("group_stop", number=2)
    desk.exchange(b"1;1;STOP\r", b"QoK")
    desk.exchange(b"1;1;DSTATE\r", COMING)
    assert desk.state() == OrderState(1, Progress.ABORTED, "by group_stop")


def test_servos_do_not_come_on_at_a_robot_that_was_switched_off_and_on() -> None:
    desk = MelfaDesk().identified()
    desk.order("enable_robot")
    desk.exchange(b"1;1;CNTLON\r", b"QoK")
    desk.exchange(b"1;1;SRVON\r", b"QoK")
    desk.exchange(b"1;1;DSTATE\r", COMING)
    assert desk.state().progress is Progress.ACTIVE
    desk.exchange(b"1;1;DSTATE\r", OFF)
    assert desk.state() == OrderState(1, Progress.REFUSED, "the operation right was lost")


def test_an_interrupted_motion_goes_on_to_its_end_and_nothing_starts_meanwhile() -> None:
    desk = started(MelfaDesk().identified())
    desk.order("open_gripper", number=2)
    desk.order("group_interrupt", number=3)
    desk.exchange(b"1;1;STOP\r", b"QoK")
    desk.exchange(b"1;1;DSTATE\r", READY)
    assert desk.state(1).progress is Progress.ACTIVE
    assert {desk_poll(desk) for _ in range(20)} == {b"1;1;DSTATE\r"}
    desk.order("group_continue", number=4)
    desk.exchange(b"1;1;EXECPTMP=" + POSE_TEXT + b"\r", b"QoK")
    desk.exchange(b"1;1;EXECMOV PTMP\r", b"QoK")
    desk.exchange(b"1;1;DSTATE\r", RUNNING)
    desk.exchange(b"1;1;DSTATE\r", READY)
    assert desk.state(1).progress is Progress.DONE
    desk.exchange(b"1;1;HNDOFF1\r", b"QoK")


def test_interrupted_with_nothing_under_way_orders_wait_until_it_goes_on() -> None:
    desk = MelfaDesk().identified()
    desk.order("group_interrupt")
    desk.exchange(b"1;1;STOP\r", b"QoK")
    desk.order("open_gripper", number=2)
    assert {desk_poll(desk) for _ in range(5)} == {b"1;1;DSTATE\r"}
    desk.order("group_continue", number=3)
    for _ in range(3):
        heard = desk.hear()
        desk.reply(READY if heard == b"1;1;DSTATE\r" else b"QoK")
    assert [desk.state(number).progress for number in (2, 3)] == [Progress.DONE, Progress.DONE]


def test_what_is_lost_with_the_line_is_unknown_and_what_waited_is_refused() -> None:
    desk = started(MelfaDesk().identified())
    desk.order("open_gripper", number=2)
    desk.session.disconnect("unplugged")
    assert desk.state(1) == OrderState(1, Progress.UNKNOWN, "unplugged")
    assert desk.state(2) == OrderState(2, Progress.REFUSED, "unplugged")
    assert (desk.session.image.good, desk.session.image.cause) == (False, "unplugged")
    assert desk.session.step(desk.now + ns(5.0), b"") == b""


@pytest.mark.parametrize(
    "answer",
    [
        b"QoKA1060;1;0\xff",
        b"QoK\xb2\xb2\xb2\xb21;1;0",
        b"QoKA10;1;0",
        b"QoK",
        b"",
        b"Q" * 1000,
        b"QoKJ1;1.2.3;;",
        b"qok",
        b"QeR",
    ],
)
def test_a_garbled_answer_is_a_stray(answer: bytes) -> None:
    desk = MelfaDesk().identified()
    desk.order("read_actual_position")
    desk.hear()
    desk.say(answer)
    assert desk.state().progress is Progress.ACTIVE
    desk.say(b"QoKJ1;0.00;J2;21.19;;****,****;50;0.00;00000000")
    desk.say(answer)
    desk.say(b"QoKX;1.00;Y;2.00;Z;****;;7,0;50;0.00;00000000")
    assert desk.state().progress is Progress.ACTIVE
    desk.say(b"QoKX;1.00;Y;2.00;Z;3.00;;7,0;50;0.00;00000000")
    assert desk.state().progress is Progress.DONE
