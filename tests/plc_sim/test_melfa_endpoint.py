"""The simulated MELFA controller: every command in every state, frames however they are cut, and what an
answer does not promise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from random import Random

import pytest

from control.exchange import Line
from control.melfa import VERBS, MelfaSession, Status, status_of
from control.robot import Pose
from control.scan import ns
from plc_sim.melfa import COMMANDS, Error, Settings
from tests.plc_sim.plants import ABOVE_STOP
from tests.plc_sim.robot_rig import AWAY, RobotRig

POINT = "(420.00,0.00,250.00,180.00,0.00,180.00)(7,0)"


def alarmed(rig: RobotRig) -> None:
    rig.enable()
    rig.endpoint.disturb(rig.now)


def without_right(rig: RobotRig) -> None:
    rig.enable()
    rig.ask("CNTLOFF")


def stopped(rig: RobotRig) -> None:
    rig.enable()
    rig.release(False)
    rig.wait(0.1)


def moving(rig: RobotRig) -> None:
    rig.enable()
    rig.move()


STATES: dict[str, Callable[[RobotRig], object]] = {
    "fresh": lambda rig: None,
    "right": lambda rig: rig.ask("CNTLON"),
    "ready": RobotRig.enable,
    "no right": without_right,
    "alarm": alarmed,
    "stop input": stopped,
    "moving": moving,
}

OK = dict.fromkeys(STATES, 0)
RIGHT = OK | dict.fromkeys(("fresh", "no right"), Error.NO_RIGHT)
MOTION = RIGHT | {
    "right": Error.SERVO_OFF,
    "alarm": Error.IN_ALARM,
    "stop input": Error.STOP_INPUT,
    "moving": Error.BUSY,
}
UNKNOWN, WRONG = (dict.fromkeys(STATES, error) for error in (Error.UNKNOWN_COMMAND, Error.BAD_VALUE))

ANSWERS: dict[str, Mapping[str, int]] = {
    "OPEN=NARCUSR": OK,
    "CLOSE": OK,
    "CNTLON": OK,
    "CNTLOFF": OK,
    "SRVON": RIGHT | {"alarm": Error.IN_ALARM},
    "SRVOFF": OK,
    "STOP": OK,
    "RSTALRM": OK,
    "DSTATE": OK,
    "JPOSF": OK,
    "PPOSF": OK,
    "OVRD": OK,
    "OVRD=50": RIGHT,
    "OVRD=0": RIGHT | dict.fromkeys(("right", "ready", "alarm", "stop input", "moving"), Error.BAD_VALUE),
    "EXECJOVRD 50.0": RIGHT,
    "EXECSPD 250.0": RIGHT,
    f"EXECPTMP={POINT}": RIGHT,
    "EXECJTMP=(0.00,0.00,90.00,0.00,90.00,0.00)": RIGHT,
    "EXECMOV PTMP": MOTION,
    "EXECMVS PTMP": MOTION,
    "EXECMOV JTMP": MOTION,
    "HNDON1": OK,
    "HNDOFF1": OK,
    "IN16": OK,
    "OUT8": OK,
    "OUT=8;000F": RIGHT,
    "ERRORMES4320": OK,
    "SRVONN": UNKNOWN,
    "dstate": UNKNOWN,
    "EXECMOV PTMQ": UNKNOWN,
    "EXECJTMP=(1,2,3)": UNKNOWN,
    "": UNKNOWN,
}
"""What each command is refused with in each state; 0 where it is accepted."""


@pytest.mark.parametrize("state", STATES)
def test_every_command_in_this_state_has_its_answer(state: str) -> None:
    rig = RobotRig()
    STATES[state](rig)
    if rig.endpoint.right:
        rig.ask(f"EXECPTMP={POINT}")
        rig.assign(AWAY)
    plant, device = rig.plant.snapshot(), dict(vars(rig.endpoint))
    for command, errors in ANSWERS.items():
        rig.plant.restore(plant)
        vars(rig.endpoint).update(device)
        answer = rig.ask(command)
        alarm = state == "alarm" and command != "RSTALRM"
        if error := errors[state]:
            assert answer == f"Q{'er' if alarm else 'eR'}{error:04d}", command
        else:
            assert answer.startswith("Qok" if alarm else "QoK"), command


def test_every_command_of_the_simulator_is_asked_here() -> None:
    for pattern, method, _ in COMMANDS:
        assert [command for command in ANSWERS if re.fullmatch(pattern, command)], method


def test_every_frame_the_driver_sends_is_understood() -> None:
    arguments = {
        "move_axes_absolute": (AWAY, 0.5),
        "move_direct_absolute": (Pose(*ABOVE_STOP[:3]), 0.5),
        "move_linear_absolute": (Pose(*ABOVE_STOP[:3]), 0.5),
        "change_speed_override": (0.5,),
        "read_digital_inputs": (16,),
        "write_digital_outputs": (8, 0x0F),
    }
    for verb, how in VERBS.items():
        rig = RobotRig()
        rig.enable()
        session = MelfaSession(Line(0.0003), "RV-6S")
        for exchange in how.requests(session, *arguments.get(verb, ())):
            answer = rig.ask(exchange.data.decode("ascii")[4:-1])
            assert re.fullmatch("QoK" + exchange.answer, answer), (verb, exchange.data, answer)


def test_what_was_accepted_is_not_yet_carried_out() -> None:
    rig = RobotRig()
    rig.ask("CNTLON")
    assert rig.ask("SRVON") == "QoK"
    assert "servo_on" not in status(rig).bits
    rig.wait(rig.endpoint.settings.servo_time - 0.01)
    assert "servo_on" not in status(rig).bits
    rig.wait(0.02)
    assert "servo_on" in status(rig).bits
    rig.assign()
    before = rig.arm.joints(rig.now)
    assert rig.ask("EXECMOV JTMP") == "QoK"
    assert "running" in status(rig).bits
    assert rig.arm.joints(rig.now) == before
    rig.wait(3.0)
    assert "running" not in status(rig).bits
    assert rig.arm.joints(rig.now) == pytest.approx(AWAY, abs=1e-4)


def status(rig: RobotRig) -> Status:
    return status_of(rig.ask("DSTATE")[3:])


@pytest.mark.parametrize("state", STATES)
def test_the_status_tells_the_state(state: str) -> None:
    rig = RobotRig()
    STATES[state](rig)
    shown = status(rig)
    assert ("operation_right" in shown.bits) == (state not in ("fresh", "no right"))
    assert ("servo_on" in shown.bits) == (state not in ("fresh", "right", "alarm"))
    assert ("running" in shown.bits) == (state == "moving")
    assert ("stopped" in shown.bits) == (state != "moving")
    assert ("stop_input" in shown.bits) == (state == "stop input")
    assert shown.error == (Error.INJECTED if state == "alarm" else 0)


@pytest.mark.parametrize("how", ["STOP", "SRVOFF", "alarm", "stop input", "power"])
def test_whatever_ends_a_motion_ends_it_on_its_way_and_it_does_not_go_on(how: str) -> None:
    rig = RobotRig()
    rig.enable()
    rig.move()
    assert rig.arm.moving
    if how == "alarm":
        rig.endpoint.disturb(rig.now)
    elif how == "power":
        rig.endpoint.power_cycle(rig.now)
    elif how == "stop input":
        rig.release(False)
    else:
        assert rig.ask(how) == "QoK"
    rig.wait(1.0)
    rest = rig.arm.joints(rig.now)
    assert not rig.arm.moving
    assert 0 < rest[0] < AWAY[0] - 0.01
    rig.release(True)
    rig.wait(1.0)
    assert (rig.arm.joints(rig.now), rig.arm.moving) == (rest, False)


def test_a_power_cycle_forgets_everything_but_where_the_arm_is() -> None:
    rig = RobotRig()
    rig.enable()
    rig.move()
    rig.wait(3.0)
    rig.endpoint.disturb(rig.now)
    rig.endpoint.take(b"1;1;DSTA", rig.now)
    rig.endpoint.power_cycle(rig.now)
    assert rig.ask("DSTATE") == "QoK01060;1;0"
    assert rig.ask("CNTLON") == "QoK"
    assert rig.ask("SRVON") == "QoK"
    rig.wait(2.0)
    assert rig.ask("EXECMOV JTMP") == f"QeR{Error.BAD_VALUE:04d}"
    assert rig.arm.joints(rig.now) == pytest.approx(AWAY, abs=1e-4)


def test_an_alarm_stays_until_it_is_reset_and_the_servo_stays_off() -> None:
    rig = RobotRig()
    rig.enable()
    rig.endpoint.disturb(rig.now)
    assert rig.ask("SRVON") == f"Qer{Error.IN_ALARM:04d}"
    rig.wait(3.0)
    assert rig.ask("DSTATE")[:3] == "Qok"
    assert rig.ask("RSTALRM") == "QoK"
    rig.wait(3.0)
    assert "servo_on" not in status(rig).bits


def test_a_servo_that_was_on_its_way_does_not_come_after_an_alarm_or_srvoff() -> None:
    for end in ("SRVOFF", "alarm"):
        rig = RobotRig()
        rig.ask("CNTLON")
        rig.ask("SRVON")
        rig.wait(0.5)
        if end == "alarm":
            rig.endpoint.disturb(rig.now)
        else:
            rig.ask(end)
        rig.wait(3.0)
        assert "servo_on" not in status(rig).bits


def test_a_second_srvon_does_not_put_off_the_first() -> None:
    rig = RobotRig()
    rig.ask("CNTLON")
    rig.ask("SRVON")
    rig.wait(1.0)
    assert rig.ask("SRVON") == "QoK"
    rig.wait(rig.endpoint.settings.servo_time - 0.9)
    assert "servo_on" in status(rig).bits


@pytest.mark.parametrize("verb", ["EXECMOV PTMP", "EXECMVS PTMP", "EXECMOV JTMP"])
def test_a_target_beyond_the_limits_is_an_alarm_and_nothing_moves(verb: str) -> None:
    rig = RobotRig()
    rig.enable()
    rig.ask("EXECPTMP=(4200.00,0.00,250.00,180.00,0.00,180.00)(7,0)")
    rig.ask("EXECJTMP=(999.00,0.00,90.00,0.00,90.00,0.00)")
    before = rig.arm.joints(rig.now)
    assert rig.ask(verb) == f"Qer{Error.UNREACHABLE:04d}"
    rig.wait(1.0)
    assert rig.arm.joints(rig.now) == before
    assert status(rig).error == Error.UNREACHABLE
    assert not rig.endpoint.log


def test_positions_are_those_of_the_plant_to_two_decimals() -> None:
    rig = RobotRig()
    rig.enable()
    rig.move()
    rig.wait(3.0)
    joints = numbers(rig.ask("JPOSF"))
    assert joints == pytest.approx([math.degrees(angle) for angle in AWAY], abs=0.006)
    pose = rig.arm.pose(rig.now)
    shown = numbers(rig.ask("PPOSF"))
    assert shown[:3] == pytest.approx([1000 * length for length in pose[:3]], abs=0.006)
    assert "-0.00" not in rig.ask("JPOSF") + rig.ask("PPOSF")


def numbers(answer: str) -> list[float]:
    return [float(value) for value in answer.split(";;")[0].split(";")[1::2]]


def test_override_and_speed_slow_the_motion_down() -> None:
    times = {}
    for percent in (25, 50, 100):
        rig = RobotRig()
        rig.enable()
        rig.assign()
        assert rig.ask(f"OVRD={percent}") == f"QoK{percent}"
        assert rig.ask("OVRD") == f"QoK{percent}"
        rig.ask("EXECMOV JTMP")
        began = rig.now
        while rig.arm.moving:
            rig.plant.advance(rig.now + ns(0.01))
        times[percent] = rig.now - began
    assert times[25] > 1.3 * times[50] > 1.3 * 1.3 * times[100] / 1.3


@pytest.mark.parametrize(
    "frame",
    [
        b"DSTATE",
        b"1;DSTATE",
        b"1;1DSTATE",
        b"2;1;DSTATE",
        b"1;123;DSTATE",
        b"1;1;DST\xffTE",
        b"\0",
        b"Q" * 999,
    ],
)
def test_what_is_no_frame_is_met_with_silence_and_the_next_frame_is_heard(frame: bytes) -> None:
    rig = RobotRig()
    assert rig.endpoint.take(frame + b"\r", rig.now) == b""
    assert rig.ask("DSTATE") == "QoK01060;1;0"


@pytest.mark.parametrize("terminator", [b"\r", b"\n", b"\r\n"])
def test_answers_end_as_configured_and_any_line_end_ends_a_frame(terminator: bytes) -> None:
    rig = RobotRig(Settings(terminator=terminator))
    for end in (b"\r", b"\n", b"\r\n", b"\r\r"):
        assert rig.endpoint.take(b"1;1;DSTATE" + end, rig.now) == b"QoK01060;1;0" + terminator


def test_however_frames_are_cut_or_joined_the_answers_are_the_same() -> None:
    commands = [
        "OPEN=NARCUSR",
        "CNTLON",
        "SRVON",
        "junk",
        "DSTATE",
        "OVRD=50",
        "OVRD",
        "SRVOFF",
        "CNTLOFF",
        "DSTATE",
    ]
    stream = b"".join(f"1;1;{command}\r".encode("ascii") for command in commands)
    whole = RobotRig().endpoint
    wanted = whole.take(stream, 0)
    assert wanted.count(b"\r\n") == len(commands)
    for seed in range(20):
        draw, endpoint = Random(seed), RobotRig().endpoint
        answers, rest = b"", stream
        while rest:
            size = draw.choice((1, 2, 3, 7, 20, len(rest)))
            answers, rest = answers + endpoint.take(rest[:size], 0), rest[size:]
        assert answers == wanted


def test_a_stream_without_an_end_does_not_grow() -> None:
    rig = RobotRig()
    for _ in range(100):
        assert not rig.endpoint.take(b"x" * 100, rig.now)
    assert len(rig.endpoint.buffer) <= 256
    assert rig.endpoint.take(b"\r1;1;DSTATE\r", rig.now) == b"QoK01060;1;0\r\n"


TARGETS = ("EXECJTMP=(28.65,0.00,90.00,0.00,90.00,0.00)", "EXECJTMP=(0.00,0.00,90.00,0.00,90.00,0.00)")
COMMON = (
    *("CNTLON", "CNTLON", "SRVON", "SRVON", "SRVON", "RSTALRM", "RSTALRM"),
    *("EXECMOV JTMP", "EXECMOV JTMP", "EXECMOV JTMP", "SRVOFF", "STOP", "CNTLOFF"),
)


def test_an_equal_version_means_an_equal_answer_to_the_status_request() -> None:
    """What leaving out polls rests on: over random commands, stops and alarms."""
    answers: set[str] = set()
    for seed in range(10):
        draw, rig = Random(seed), RobotRig()
        seen: dict[object, str] = {}
        for _ in range(60):
            act = draw.randrange(6)
            if act == 0:
                rig.endpoint.disturb(rig.now)
            elif act == 1:
                rig.release(draw.random() < 0.7)
            elif act == 2:
                rig.endpoint.power_cycle(rig.now)
            else:
                rig.ask(draw.choice(TARGETS))
                rig.ask(draw.choice(COMMON))
            rig.wait(draw.choice((0.0, 0.01, 0.3, 2.0)))
            answer = rig.ask("DSTATE")
            assert seen.setdefault(rig.endpoint.version, answer) == answer
        answers |= set(seen.values())
    assert len(answers) > 5
