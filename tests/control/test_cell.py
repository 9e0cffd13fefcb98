"""The cell: what its commands, its limits, its devices and its links do to it."""

from __future__ import annotations

from typing import Any

import pytest

from control.block import DataBlock, reads, writes
from control.cell import Cell
from control.errors import DefinitionError
from control.packml import Command, State
from control.scan import ns
from control.sequence import Sequence
from control.state import Var
from control.step import DONE, KEEP, OUTSIDE, Step
from control.tag import Bool, Int
from tests.control.desk import Desk

S, C = State, Command


class Status(DataBlock):
    """What the PLC says."""

    part = Bool("0.0")
    pushed = Bool("0.1")
    start = Bool("1.0")
    hold = Bool("1.1")
    stop = Bool("1.2")
    broken = Bool("1.3")


class Orders(DataBlock):
    """What is ordered."""

    push = Bool("0.0")
    lock = Bool("0.1", safe=True)
    lamp = Bool("0.2", stored=True)
    count = Int("2", stored=True)


class Push(Sequence["Press"]):
    """Pushes part after part."""

    pushed_parts = Var(0)

    def part(self) -> bool:
        "a part"
        return self.cell.status.part

    def pushed(self) -> bool:
        "the part to be pushed"
        if self.cell.status.broken:
            raise ValueError("the eye is broken")
        return self.cell.status.pushed

    def push(self) -> None:
        orders = self.cell.orders
        orders.push, orders.lock, orders.lamp = True, False, True

    def pull(self) -> None:
        self.pushed_parts += 1
        self.cell.orders.push = False

    steps = (
        Step("WAITING", to={"PUSHING": part}, limit=OUTSIDE),
        Step("PUSHING", enter=push, leave=pull, to={"WAITING": pushed}, limit=2.0),
    )


class Press(Cell):
    """A small cell."""

    grace = 0.5
    status = reads("plc", Status, db=1)
    orders = writes("plc", Orders, db=2)
    sequences = {S.EXECUTE: Push}
    buttons = {C.START: Status.start, C.HOLD: Status.hold, C.STOP: Status.stop}


def pushing(kind: type[Cell] = Press) -> Desk:
    """A desk whose cell pushes a part."""
    desk = Desk(kind)
    desk.produce()
    desk.set(Status.part, True)
    desk.until(lambda: desk.get(Orders.push))
    return desk


def test_production_takes_a_reset_and_a_start() -> None:
    desk = Desk(Press)
    desk.run(0.1)
    assert desk.cell.state is S.STOPPED
    assert desk.cell.waiting_for() == "STOPPED: waiting for RESET"
    desk.produce()
    assert desk.states() == ["RESETTING", "IDLE", "STARTING", "EXECUTE"]
    assert desk.entries("command") == [f"{it}: asked from outside: by the test" for it in ("RESET", "START")]
    assert desk.cell.waiting_for() == "EXECUTE: push WAITING: waiting for a part"


def test_a_second_start_does_nothing() -> None:
    desk = pushing()
    desk.set(Status.start, True)
    desk.scan(3)
    assert (desk.cell.state, desk.cell[Push].step) == (S.EXECUTE, "PUSHING")
    assert desk.entries("refused") == ["START in EXECUTE: not allowed in this state"]
    assert desk.cell.packml.refused


def test_hold_keeps_the_step_and_the_ordered_outputs_come_back_with_unhold() -> None:
    desk = pushing()
    desk.ask(C.HOLD)
    assert desk.get(Orders.push)
    desk.until_state(S.HELD)
    assert (desk.get(Orders.push), desk.get(Orders.lock), desk.get(Orders.lamp)) == (False, True, True)
    desk.set(Status.pushed, True)
    desk.run(5.0)
    assert desk.cell[Push].step == "PUSHING"
    desk.set(Status.pushed, False)
    desk.ask(C.UNHOLD)
    desk.until_state(S.EXECUTE)
    desk.scan()
    assert (desk.get(Orders.push), desk.get(Orders.lock)) == (True, False)
    desk.run(1.9)
    assert desk.cell.alarms == ()


@pytest.mark.parametrize(("command", "lamp"), [(C.STOP, True), (C.ABORT, False)])
def test_stop_and_abort_go_back_to_the_first_step_with_safe_outputs(command: Command, lamp: bool) -> None:
    desk = pushing()
    desk.ask(command)
    assert (desk.get(Orders.push), desk.get(Orders.lock), desk.get(Orders.lamp)) == (False, True, lamp)
    assert desk.cell[Push].step == "WAITING"
    desk.set(Status.part, False)
    desk.until_state(S.STOPPED if command is C.STOP else S.ABORTED)
    if command is C.ABORT:
        assert [alarm.text for alarm in desk.cell.alarms] == ["asked from outside: by the test"]
        desk.ask(C.CLEAR)
        assert desk.cell.alarms == ()
        desk.until_state(S.STOPPED)
    desk.produce()
    desk.run(0.2)
    assert (desk.get(Orders.push), desk.cell[Push].step) == (False, "WAITING")


def test_reactions_may_differ_per_sequence() -> None:
    kind: Any = type("Push", (Push,), {"on": {C.STOP: KEEP, C.HOLD: "WAITING"}})
    desk = pushing(type("Press", (Press,), {"sequences": {S.EXECUTE: kind}}))
    desk.ask(C.STOP)
    desk.until_state(S.STOPPED)
    assert desk.cell[kind].step == "PUSHING"
    desk.run(3.0)
    desk.produce()
    assert desk.cell[kind].step == "PUSHING"
    desk.ask(C.HOLD)
    assert desk.cell[kind].step == "WAITING"


def test_the_cell_suspends_when_all_wait_outside_and_goes_on_by_itself() -> None:
    desk = Desk(Press)
    desk.produce()
    begun = desk.now
    desk.until_state(S.SUSPENDED, within=1.0)
    assert desk.now - begun == pytest.approx(ns(0.52), abs=ns(0.03))
    assert desk.entries("command")[-1] == "SUSPEND: push WAITING: waiting for a part"
    desk.run(5.0)
    assert desk.cell.state is S.SUSPENDED
    desk.set(Status.part, True)
    desk.until_state(S.EXECUTE, within=0.1)
    assert desk.entries("command")[-1] == "UNSUSPEND: push can go on"
    desk.scan(2)
    assert desk.get(Orders.push)


def test_time_in_hold_is_no_grace_time() -> None:
    desk = Desk(Press)
    desk.produce()
    desk.run(0.3)
    desk.ask(C.HOLD)
    desk.run(3.0)
    desk.ask(C.UNHOLD)
    desk.until_state(S.EXECUTE)
    desk.run(0.3)
    assert desk.cell.state is S.EXECUTE
    desk.until_state(S.SUSPENDED, within=0.5)


def test_hold_from_suspended_and_back() -> None:
    desk = Desk(Press)
    desk.produce()
    desk.until_state(S.SUSPENDED)
    desk.ask(C.HOLD)
    desk.until_state(S.HELD)
    desk.set(Status.part, True)
    desk.run(1.0)
    assert desk.cell.state is S.HELD
    desk.ask(C.UNHOLD)
    desk.until(lambda: desk.get(Orders.push))


def test_a_late_step_aborts_and_says_what_it_waited_for() -> None:
    desk = pushing()
    desk.until_state(S.ABORTED)
    text = "push PUSHING: waiting for the part to be pushed for 2.0 s"
    assert [(alarm.text, alarm.first) for alarm in desk.cell.alarms] == [(text, True)]
    assert desk.entries("command")[-1] == f"ABORT: {text}"


def test_the_end_of_all_sequences_completes_and_a_reset_starts_nothing() -> None:
    steps = (Step("PUSHING", enter="push", to={DONE: Push.pushed}, limit=2.0),)
    kind: Any = type("Once", (Push,), {"steps": steps})
    desk = Desk(type("Press", (Press,), {"sequences": {S.EXECUTE: kind}}))
    desk.produce()
    desk.scan()
    desk.set(Status.pushed, True)
    desk.until_state(S.COMPLETED)
    assert desk.entries("command")[-1] == "COMPLETE: every sequence is done"
    assert not desk.get(Orders.push)
    desk.trace.clear()
    desk.ask(C.RESET)
    desk.until_state(S.IDLE)
    assert ("orders.push", True) not in [(name, value) for _, name, value in desk.trace]


def test_what_stopping_ordered_is_not_ordered_again_by_a_reset() -> None:
    steps = (Step("PUSHING", enter="push", to={DONE: Push.pushed}, limit=2.0),)
    kind: Any = type("Retreat", (Push,), {"steps": steps})
    desk = Desk(type("Press", (Press,), {"sequences": {S.EXECUTE: Push, S.STOPPING: kind}}))
    desk.produce()
    desk.set(Status.pushed, True)
    desk.ask(C.STOP)
    desk.until_state(S.STOPPED)
    assert ("orders.push", True) in [(name, value) for _, name, value in desk.trace]
    desk.trace.clear()
    desk.ask(C.RESET)
    desk.until_state(S.IDLE)
    assert ("orders.push", True) not in [(name, value) for _, name, value in desk.trace]


def test_an_acting_state_is_complete_when_all_its_sequences_are_done() -> None:
    one: Any = type("One", (Push,), {"steps": (Step("A", to={DONE: Push.part}, limit=5.0),)})
    two: Any = type("Two", (Push,), {"steps": (Step("A", to={DONE: Push.pushed}, limit=5.0),)})
    desk = Desk(type("Press", (Press,), {"sequences": {S.RESETTING: (one, two), S.EXECUTE: Push}}))
    desk.ask(C.RESET)
    desk.set(Status.part, True)
    desk.run(1.0)
    assert (desk.cell.state, desk.cell[one].step, desk.cell[two].step) == (S.RESETTING, DONE, "A")
    desk.set(Status.pushed, True)
    desk.scan(2)
    assert desk.cell.state is S.IDLE
    desk.ask(C.STOP)
    desk.until_state(S.STOPPED)
    desk.ask(C.RESET)
    assert desk.cell[one].step == "A"


def test_nothing_keeps_an_abort_from_its_end() -> None:
    steps = (Step("A", to={DONE: Push.pushed}, limit=0.2),)
    kind: Any = type("Cleanup", (Push,), {"steps": steps})
    desk = Desk(type("Press", (Press,), {"sequences": {S.EXECUTE: Push, S.ABORTING: kind}}))
    desk.scan()
    desk.ask(C.ABORT)
    desk.until_state(S.ABORTED, within=0.3)
    texts = [alarm.text for alarm in desk.cell.alarms]
    assert texts[0] == "asked from outside: by the test"
    assert texts[1:] == ["cleanup A: waiting for the part to be pushed for 0.2 s"]


@pytest.mark.parametrize(
    ("state", "step", "message"),
    [
        (
            S.RESETTING,
            Step("A", to={DONE: "part"}, limit=1.0, late=C.HOLD),
            "late=HOLD is refused in RESETTING",
        ),
        (
            S.STOPPING,
            Step("A", to={DONE: "part"}, limit=1.0, late=C.STOP),
            "late=STOP is refused in STOPPING",
        ),
        (S.IDLE, Step("A", to={DONE: "part"}, limit=1.0), "IDLE waits for a command and runs nothing"),
    ],
)
def test_a_table_that_its_state_cannot_run_is_refused(state: State, step: Step, message: str) -> None:
    kind = type("Odd", (Push,), {"steps": (step,)})
    with pytest.raises(DefinitionError, match=message):
        type("Press", (Press,), {"sequences": {state: kind}})


def test_disabled_states_run_nothing_and_are_not_asked_for() -> None:
    once: Any = type("Once", (Push,), {"steps": (Step("A", to={DONE: Push.part}, limit=1.0),)})
    with pytest.raises(DefinitionError, match="STARTING is disabled"):
        members = {"sequences": {S.STARTING: once}, "disabled_states": frozenset({S.STARTING})}
        type("Press", (Press,), members)
    with pytest.raises(DefinitionError, match="leads to DONE, but COMPLETING and COMPLETED are disabled"):
        members = {"sequences": {S.EXECUTE: once}, "disabled_states": frozenset({S.COMPLETING, S.COMPLETED})}
        type("Press", (Press,), members)
    off = frozenset({S.SUSPENDING, S.SUSPENDED, S.UNSUSPENDING})
    desk = Desk(type("Press", (Press,), {"disabled_states": off}))
    desk.produce()
    desk.run(2.0)
    assert (desk.cell.state, desk.entries("refused")) == (S.EXECUTE, [])
