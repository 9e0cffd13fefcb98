"""The virtual line: leaving out polls changes nothing, no motion starts twice, every order ends."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.link import Progress
from control.scan import NEVER, ns
from tests.plc_sim.plants import HOME
from tests.plc_sim.robot_rig import LineRig

Act = tuple[str, float]
"""What is done, and a number that varies it."""

ORDERS = ("enable", "move", "move", "stop", "reset", "hand", "read", "override")
FAULTS = ("cut", "mend", "alarm", "hold", "release", "power", "silence", "speech")
PAUSES = ("interrupt", "continue")
GAPS = st.sampled_from((0.0, 0.0003, 0.01, 0.025, 0.1, 0.5)) | st.floats(0.0, 2.0)


def scripts(*acts: str) -> st.SearchStrategy[list[tuple[float, Act]]]:
    """Lists of acts, each after a pause (s)."""
    return st.lists(st.tuples(GAPS, st.tuples(st.sampled_from(acts), st.floats(0.1, 1.0))), max_size=18)


def do(rig: LineRig, act: Act) -> None:
    """One act, on the line or on the robot."""
    what, number = act
    if what in DONE_TO_THE_ROBOT:
        rig.act(lambda: DONE_TO_THE_ROBOT[what](rig))
    elif what in ("cut", "mend"):
        if rig.line.connected == (what == "cut"):
            rig.act(lambda: rig.line.cut(rig.now, "unplugged") if what == "cut" else rig.line.mend(rig.now))
    elif what == "move":
        # Every motion has a target of its own, by which it is told from the others.
        rig.order("move_axes_absolute", (0.5 * number + 0.001 * (rig.number + 1), *HOME[1:]), number)
    else:
        verb, *arguments = VERBS[what]
        rig.order(verb, *arguments)
    rig.look()


VERBS: dict[str, tuple[Any, ...]] = {
    "enable": ("enable_robot",),
    "stop": ("group_stop",),
    "reset": ("group_reset",),
    "hand": ("close_gripper",),
    "read": ("read_actual_position",),
    "override": ("change_speed_override", 0.5),
    "interrupt": ("group_interrupt",),
    "continue": ("group_continue",),
}


def lose_power(rig: LineRig) -> None:
    rig.endpoint.power_cycle(rig.now)
    rig.line.silence(rig.now)


def fall_silent(rig: LineRig, silent: bool) -> None:
    rig.endpoint.silent = silent


DONE_TO_THE_ROBOT: dict[str, Any] = {
    "alarm": lambda rig: rig.endpoint.disturb(rig.now),
    "hold": lambda rig: rig.release(False),
    "release": lambda rig: rig.release(True),
    "power": lose_power,
    "silence": lambda rig: fall_silent(rig, True),
    "speech": lambda rig: fall_silent(rig, False),
}


def play(script: list[tuple[float, Act]], seed: int, *, skipping: bool) -> LineRig:
    """A rig on which a script was played, then set right and left alone."""
    rig = LineRig(skipping=skipping, seed=seed)
    rig.run(0.3)
    for pause, act in script:
        rig.run(pause)
        do(rig, act)
    do(rig, ("mend", 0.0))
    do(rig, ("release", 0.0))
    do(rig, ("speech", 0.0))
    rig.run(5.0)
    rig.line.catch_up(rig.now)
    rig.look()
    return rig


@settings(max_examples=80, deadline=None)
@given(scripts(*ORDERS, *ORDERS, *FAULTS, *PAUSES), st.integers(0, 1000))
def test_leaving_out_polls_changes_nothing(script: list[tuple[float, Act]], seed: int) -> None:
    rig, oracle = (play(script, seed, skipping=skipping) for skipping in (True, False))
    assert_equal(rig, oracle)


def waiting_for(
    fields: tuple[str, ...], script: list[tuple[float, Act]], *, skipping: bool
) -> list[list[Any]]:
    """What is seen whenever time has passed, and of these fields at every instant, if they alone are waited
    for from the second act on.
    """
    rig, seen = LineRig(skipping=skipping), list[Any]()
    for number, (pause, act) in enumerate(script):
        rig.run(pause)
        seen.append((rig.now, rig.line.image))
        do(rig, act)
        if number:
            rig.heed(*fields)
    rig.run(3.0)
    told = [(time, [getattr(image, field) for field in fields]) for time, image in rig.images]
    changes = [told[0], *(new for old, new in pairwise(told) if new[1] != old[1])]
    return [seen, changes, [rig.line.image]]


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.sampled_from(("good", "orders", "ended", "in_motion", "enabled"))), scripts("enable", *ORDERS)
)
def test_what_nobody_waits_for_is_shown_when_somebody_looks(
    fields: set[str], script: list[tuple[float, Act]]
) -> None:
    started = [(0.3, ("enable", 1.0)), (2.5, ("move", 1.0)), *script]
    seen, oracle = (waiting_for(tuple(fields), started, skipping=skipping) for skipping in (True, False))
    assert seen == oracle


def test_the_line_stops_at_a_new_image_from_when_it_is_waited_for() -> None:
    rig = LineRig(skipping=True)
    rig.run(0.3)
    rig.order("enable_robot")
    rig.run(3.0)
    rig.heed("ended")
    rig.order("move_axes_absolute", (0.5, *HOME[1:]), 0.1)
    while not rig.arm.moving:
        rig.run(0.0005)
    assert (rig.line.next, rig.line.image.in_motion) == (NEVER, False)
    rig.heed("in_motion")
    assert rig.now < rig.line.next < rig.now + ns(0.06)
    rig.run((rig.line.next - rig.now) / 1e9)
    assert (rig.line.next, rig.line.image.in_motion) == (NEVER, True)


def assert_equal(rig: LineRig, oracle: LineRig) -> None:
    """All that can be seen of a line that leaves out polls is as of one that leaves out none."""
    assert rig.images == oracle.images
    assert rig.endpoint.log == oracle.endpoint.log
    assert commands(rig) == commands(oracle)
    assert polls(rig) == polls(oracle)
    assert rig.line.exchanges == oracle.line.exchanges
    assert oracle.line.skipped == 0


def commands(rig: LineRig) -> list[str]:
    """What reached the robot, the polls left aside."""
    return [frame for frame in rig.heard.frames if frame != "DSTATE"]


def polls(rig: LineRig) -> tuple[int, int]:
    """Number of polls, and the sum of their instants (ns)."""
    return rig.session.polls, rig.session.poll_instants


@settings(max_examples=80, deadline=None)
@given(scripts("enable", "enable", *ORDERS, *FAULTS), st.integers(0, 1000))
def test_no_motion_starts_twice_and_every_order_ends_once(script: list[tuple[float, Act]], seed: int) -> None:
    rig = play(script, seed, skipping=True)
    targets = [frame for frame in commands(rig) if frame.startswith("EXECJTMP")]
    starts = [frame for frame in commands(rig) if frame == "EXECMOV JTMP"]
    assert len(starts) <= len(set(targets))
    ends = rig.ends()
    assert sorted(ends) == list(range(1, rig.number + 1))
    assert {number: states for number, states in ends.items() if len(states) != 1} == {}


def test_at_rest_the_polls_are_counted_and_not_made() -> None:
    rig = LineRig(skipping=True)
    rig.run(1.0)
    made = len(rig.heard.frames)
    rig.run(3600.0)
    rig.line.catch_up(rig.now)
    assert len(rig.heard.frames) - made <= 3
    assert rig.session.polls == pytest.approx(36_010, abs=2)
    assert rig.line.skipped > 35_000


@pytest.mark.parametrize("delay", [0.0, 0.001, 0.003, 0.006, 0.009, 0.012])
def test_an_order_may_come_while_polls_before_a_change_are_still_to_be_answered(delay: float) -> None:
    rigs = [LineRig(skipping=skipping) for skipping in (True, False)]
    for rig in rigs:
        rig.run(0.3)
        rig.order("enable_robot")
        rig.run(2.5)
        for angle in (0.3, 0.0, 0.31, 0.0, 0.32, 0.0, 0.33, 0.0, 0.34, 0.0, 0.35, 0.0):
            rig.order("move_axes_absolute", (angle, *HOME[1:]), 0.5)
            rig.run(0.1)
            while rig.arm.moving:
                rig.run(0.0005)
            rig.run(delay)
            rig.order("change_speed_override", 1.0)
            rig.run(0.5)
        rig.line.catch_up(rig.now)
    assert_equal(*rigs)


def test_polls_that_may_last_longer_than_their_period_are_made() -> None:
    rigs = [LineRig(skipping=skipping, byte_time=12 / 14400) for skipping in (True, False)]
    for rig in rigs:
        rig.run(1.0)
        rig.order("enable_robot")
        rig.run(3.0)
        rig.order("move_axes_absolute", (0.5, *HOME[1:]), 0.1)
        rig.run(10.0)
        rig.line.catch_up(rig.now)
    rig, oracle = rigs
    assert (rig.line.skipped, polls(rig), rig.images) == (0, polls(oracle), oracle.images)


def test_what_happens_at_the_robot_is_seen_within_one_poll() -> None:
    for skipping in (True, False):
        rig = LineRig(skipping=skipping)
        rig.run(10.0)
        happened = rig.now
        rig.act(lambda rig=rig: rig.endpoint.disturb(rig.now))
        rig.run(1.0)
        time, image = rig.images[-1]
        assert image.error_code == 9999
        assert 0 < time - happened < ns(0.13)


def test_a_request_takes_its_bytes_time_both_ways() -> None:
    rig = LineRig(skipping=False)
    rig.run(1.0)
    asked = rig.now
    number = rig.order("close_gripper")
    rig.run(0.3)
    ended = next(time for time, image in rig.images for state in image.ended)
    request, answer = len(b"1;1;HNDON1\r"), len(b"QoK\r\n")
    least = (request + answer) * rig.line.byte_time + rig.endpoint.answer_time
    assert rig.ends()[number][0].progress is Progress.DONE
    assert least <= ended - asked < least + ns(0.03)


def test_a_cut_line_loses_what_is_on_it_and_the_motion_is_unknown() -> None:
    rig = LineRig(skipping=True)
    rig.run(0.3)
    rig.order("enable_robot")
    rig.run(3.0)
    moving = rig.order("move_axes_absolute", (0.5, *HOME[1:]), 1.0)
    rig.run(0.2)
    waiting = rig.order("close_gripper")
    rig.line.cut(rig.now, "unplugged")
    rig.look()
    assert [rig.ends()[number][0].progress for number in (moving, waiting)] == [
        Progress.UNKNOWN,
        Progress.REFUSED,
    ]
    assert (rig.line.image.good, rig.line.image.cause) == (False, "unplugged")
    assert rig.line.arrival == NEVER
    before = len(rig.heard.frames)
    rig.run(5.0)
    assert len(rig.heard.frames) == before
    rig.line.mend(rig.now)
    rig.run(0.5)
    assert rig.line.image.good
    assert rig.heard.frames[before : before + 2] == ("OPEN=NARCUSR", "STOP")


def test_a_robot_without_power_does_not_finish_its_answer() -> None:
    rig = LineRig(skipping=False)
    rig.run(0.3)
    number = rig.order("read_actual_position")
    while "JPOSF" not in rig.heard.frames:
        rig.run(0.0005)
    rig.act(lambda: lose_power(rig))
    rig.run(2.0)
    assert rig.heard.frames.count("JPOSF") == 2
    assert rig.ends()[number][0].progress is Progress.DONE


def test_nothing_is_due_on_a_cut_line() -> None:
    rig = LineRig(skipping=True)
    rig.run(0.5)
    rig.line.cut(rig.now, "unplugged")
    assert rig.line.next == NEVER
