"""Timers and edges against slow references that are called every millisecond, and their freezing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.block import DataBlock, reads, writes
from control.cell import Cell
from control.controller import Program
from control.errors import DefinitionError
from control.packml import Command, State
from control.scan import ns
from control.sequence import Sequence
from control.state import Var
from control.step import OUTSIDE, Step
from control.tag import Bool, LReal
from control.timer import F_TRIG, R_TRIG, TOF, TON, TP
from tests.control.desk import ORIGIN, Desk

PT = 7
"""The preset of all timers here, in ms."""


class Status(DataBlock):
    """What the PLC says."""

    eye = Bool("0.0")
    hold = Bool("0.1")


class Seen(DataBlock):
    """What the timers show."""

    ton = Bool("0.0", stored=True)
    tof = Bool("0.1", stored=True)
    tp = Bool("0.2", stored=True)
    rise = Bool("0.3", stored=True)
    fall = Bool("0.4", stored=True)
    ton_et = LReal("2", stored=True)
    tof_et = LReal("10", stored=True)
    tp_et = LReal("18", stored=True)


class Timers(Program):
    """Shows one of each."""

    period = 0.001
    status = reads("plc", Status, db=1)
    seen = writes("plc", Seen, db=2)
    sequences = ()

    def covered(self) -> bool:
        return self.status.eye

    ton = TON(covered, pt=PT / 1000)
    tof = TOF(covered, pt=PT / 1000)
    tp = TP(covered, pt=PT / 1000)
    rise = R_TRIG(covered)
    fall = F_TRIG(covered)

    def show(self) -> None:
        seen = self.seen
        seen.ton, seen.tof, seen.tp = self.ton.q, self.tof.q, self.tp.q
        seen.rise, seen.fall = self.rise.q, self.fall.q

    def show_elapsed(self) -> None:
        seen = self.seen
        seen.ton_et, seen.tof_et, seen.tp_et = self.ton.et, self.tof.et, self.tp.et

    combinations = (show, show_elapsed)


class Quiet(Timers):
    """Shows the outputs alone, so that no scan is needed while a timer runs."""

    combinations = (Timers.show,)


class Reference:
    """All five blocks as IEC 61131-3 describes them, stepped every ms."""

    def __init__(self) -> None:
        self.before = False
        self.on = self.off = self.pulse = 0
        self.off_runs = self.pulse_runs = False

    def step(self, value: bool, first: bool) -> dict[str, Any]:
        """One ms on; `first` for the scan in which `value` is seen for the first time."""
        rise, fall = value and not self.before, self.before and not value
        self.on = 0 if rise or not value else min(self.on + 1, PT)
        self.off_runs |= fall
        self.off = 0 if fall or value else min(self.off + 1, PT) if self.off_runs else 0
        self.start_pulse(rise, value)
        self.before = value
        return {
            "ton": value and self.on >= PT,
            "tof": value or self.off_runs and self.off < PT,
            "tp": self.pulse_runs and self.pulse < PT,
            "rise": rise and first,
            "fall": fall and first,
            "ton_et": self.on / 1000,
            "tof_et": self.off / 1000,
            "tp_et": self.pulse / 1000,
        }

    def start_pulse(self, rise: bool, value: bool) -> None:
        """The pulse: not retriggered, its time kept while the input stays."""
        if self.pulse_runs:
            self.pulse = min(self.pulse + 1, PT)
        over = self.pulse >= PT or not self.pulse_runs
        if rise and over:
            self.pulse_runs, self.pulse = True, 0
        elif over and not value:
            self.pulse_runs, self.pulse = False, 0


PLANS = st.lists(st.tuples(st.integers(1, 20), st.booleans()), min_size=1, max_size=30)
"""So many ms, then the input becomes this."""


@given(PLANS)
def test_scanned_every_millisecond_they_are_as_their_references(plan: list[tuple[int, bool]]) -> None:
    desk, reference, value = Desk(Timers), Reference(), False
    for duration, following in plan:
        for _ in range(duration):
            desk.scan()
            expected = reference.step(value, first=True)
            assert {name: desk.get(Seen.tags[name]) for name in expected} == pytest.approx(expected)
        value = following
        desk.set(Status.eye, value)


@given(PLANS, st.data())
def test_scanned_when_due_or_changed_their_outputs_change_at_the_same_millisecond(
    plan: list[tuple[int, bool]], data: st.DataObject
) -> None:
    every, needed = Desk(Quiet), Desk(Quiet)
    needed.now = ORIGIN
    value = False
    for duration, following in plan:
        for _ in range(duration):
            every.scan()
            needed.now = every.now
            needed.plc.exchange(needed.now)
            changed = needed.cell.status._raw != needed.plc.image.data[0]
            if changed or needed.now >= needed.cell.due or data.draw(st.integers(0, 9)) == 0:
                needed.cell.scan(needed.now)
        value = following
        every.set(Status.eye, value)
        needed.set(Status.eye, value)
    assert needed.trace == every.trace


def test_an_input_that_is_there_from_the_start_is_an_edge() -> None:
    desk = Desk(Timers)
    desk.set(Status.eye, True)
    desk.scan()
    assert (desk.get(Seen.rise), desk.get(Seen.tp), desk.get(Seen.tof)) == (True, True, True)
    desk.scan()
    assert (desk.get(Seen.rise), desk.get(Seen.tp)) == (False, True)


@pytest.mark.parametrize("wrong", [lambda self: True, len, Timers.covered])
def test_the_input_is_a_method_of_the_class(wrong: Callable[..., Any]) -> None:
    with pytest.raises(DefinitionError, match="Other.late: the input must be a method of Other"):
        type("Other", (Program,), {"late": TON(wrong, pt=0.1)})


@pytest.mark.parametrize("pt", [-0.1, float("nan")])
def test_a_preset_is_a_time(pt: float) -> None:
    with pytest.raises(DefinitionError, match="TON: pt: wanted 0 s or more"):
        TON(Timers.covered, pt=pt)


def test_a_subclass_may_override_an_input() -> None:
    class Inverted(Timers):
        def covered(self) -> bool:
            return not self.status.eye

    desk = Desk(Inverted)
    desk.scan(PT + 1)
    assert desk.get(Seen.ton)


# freezing


class Dwell(Sequence["Dwelling"]):
    """Waits for a bounded time, then for something outside."""

    fired = Var(0)

    def covered(self) -> bool:
        return self.cell.status.eye

    settled = TON(covered, pt=0.2)
    pulse = TP(covered, pt=0.3)

    def lasted(self) -> bool:
        "the time to pass"
        return self.in_step(0.2)

    def over(self) -> bool:
        "the eye to settle"
        return self.settled.q

    def count(self) -> None:
        self.fired += 1

    steps = (
        Step("DWELLING", to={"WATCHING": lasted}, limit=0.5),
        Step("WATCHING", to={"DWELLING": over}, leave=count, limit=OUTSIDE),
    )


class Dwelling(Cell):
    """A cell that is held now and then."""

    grace = 0.1
    status = reads("plc", Status, db=1)
    sequences = {State.EXECUTE: Dwell}


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(1, 80)), max_size=5))
def test_time_in_step_and_limits_stand_still_in_hold(holds: list[tuple[int, int]]) -> None:
    desk = Desk(type("Patient", (Dwelling,), {"grace": 100.0}))
    desk.produce()
    for working, held in holds:
        desk.scan(working)
        desk.ask(Command.HOLD)
        desk.scan(held)
        resume(desk)
    desk.until(lambda: desk.cell[Dwell].step == "WATCHING", within=0.3)
    fired = next(time for time, name, value in desk.trace if (name, value) == ("dwell", "WATCHING"))
    assert 0 <= worked(desk, fired) - ns(0.2) < desk.period
    assert desk.cell.alarms == ()


def worked(desk: Desk, until: int) -> int:
    """How long (ns) the cell was in EXECUTE until then."""
    states = [(time, value) for time, name, value in desk.trace if name == "state" and time <= until]
    ends = [time for time, _ in states[1:]] + [until]
    return sum(end - time for (time, state), end in zip(states, ends, strict=True) if state == "EXECUTE")


def resume(desk: Desk) -> None:
    """Unhold until EXECUTE."""
    desk.ask(Command.UNHOLD)
    desk.until_state(State.EXECUTE)


def test_the_time_of_a_held_sequences_timers_stands_still_for_whoever_looks() -> None:
    desk = Desk(Dwelling)
    desk.produce()
    desk.set(Status.eye, True)
    desk.run(0.1)
    desk.ask(Command.HOLD)
    at_hold = desk.cell[Dwell].settled.et
    desk.run(3.0)
    sequence = desk.cell[Dwell]
    assert (sequence.settled.q, sequence.pulse.q, sequence.in_step(0.2)) == (False, True, False)
    assert sequence.settled.et == at_hold
    resume(desk)
    assert sequence.settled.et == pytest.approx(at_hold)
    desk.until(lambda: sequence.settled.q, within=0.11)


def test_suspended_outside_the_timers_go_on_and_end_the_suspension() -> None:
    desk = Desk(Dwelling)
    desk.produce()
    desk.until_state(State.SUSPENDED)
    assert desk.cell[Dwell].step == "WATCHING"
    desk.set(Status.eye, True)
    desk.until_state(State.EXECUTE, within=0.3)
    desk.scan()
    assert desk.cell[Dwell].fired == 1
