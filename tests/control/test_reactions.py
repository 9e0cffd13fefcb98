"""What a cell reacts to: buttons, exceptions, links that are lost, devices that fail."""

from __future__ import annotations

from typing import Any

import pytest

from control.block import reads
from control.cell import Cell
from control.device import Handle, Motion, device
from control.link import Progress
from control.memory import MemoryLink
from control.packml import Command, State
from control.property import Property, always
from control.sequence import Sequence
from control.state import Var
from control.step import DONE, OUTSIDE, Step
from tests.control.desk import Desk
from tests.control.random_cell import Box
from tests.control.test_cell import Orders, Press, Push, Status, pushing

S, C = State, Command


# buttons


def test_a_button_pressed_at_power_up_is_no_command() -> None:
    desk = Desk(Press)
    desk.set(Status.start, True)
    desk.scan()
    desk.ask(C.RESET)
    desk.until_state(S.IDLE)
    desk.run(0.5)
    assert desk.cell.state is S.IDLE
    desk.set(Status.start, False)
    desk.scan()
    desk.set(Status.start, True)
    desk.scan()
    assert desk.cell.state is S.STARTING


def test_a_button_first_seen_pressed_when_its_link_comes_up_is_no_command() -> None:
    desk = Desk(type("Press", (Press,), {"status": reads("plc", Status, db=1, lost=None)}))
    desk.plc.connected = False
    desk.scan(3)
    desk.ask(C.RESET)
    desk.until_state(S.IDLE)
    desk.set(Status.start, True)
    desk.plc.connected = True
    desk.scan(5)
    assert desk.cell.state is S.IDLE
    desk.plc.connected = False
    desk.scan(2)
    desk.plc.connected = True
    desk.scan(2)
    assert desk.cell.state is S.IDLE


def test_of_two_buttons_in_one_scan_the_stronger_wins() -> None:
    desk = pushing()
    desk.set(Status.hold, True)
    desk.set(Status.stop, True)
    desk.scan()
    assert desk.cell.state is S.STOPPING
    assert desk.entries("refused") == ["HOLD in STOPPING: STOP came in the same scan"]


# exceptions and links


def test_an_exception_aborts_with_its_place_and_a_second_one_latches_the_safe_values() -> None:
    desk = pushing()
    desk.set(Status.broken, True)
    desk.scan()
    assert desk.cell.state is S.ABORTING
    assert desk.cell.alarms[0].text.startswith("ValueError: the eye is broken (test_cell.py:")
    assert "in pushed)" in desk.cell.alarms[0].text
    assert (desk.get(Orders.push), desk.get(Orders.lock), desk.get(Orders.lamp)) == (False, True, False)
    steps = (Step("A", to={DONE: Push.pushed}, limit=0.2),)
    cleanup: Any = type("Cleanup", (Push,), {"steps": steps})
    desk = pushing(type("Press", (Press,), {"sequences": {S.EXECUTE: Push, S.ABORTING: cleanup}}))
    desk.cell.watch([Property("R1", "never latched", always, lambda cell: not cell.latched, 0.05)])
    desk.set(Status.broken, True)
    desk.scan(3)
    assert desk.cell.latched.startswith("ValueError: the eye is broken (test_cell.py:")
    assert desk.cell.violations == []
    desk.scan(5)
    assert [violation.requirement for violation in desk.cell.violations] == ["R1"]
    desk.set(Status.broken, False)
    for command in (C.CLEAR, C.RESET, C.START):
        desk.ask(command)
        desk.scan(5)
    assert desk.cell.state is S.ABORTED
    assert desk.cell.waiting_for().startswith("ABORTED: outputs latched safe until restart: ValueError")
    assert (desk.get(Orders.push), desk.get(Orders.lock), desk.get(Orders.lamp)) == (False, True, False)


def test_a_lost_link_aborts_and_clear_is_refused_until_it_is_back() -> None:
    desk = pushing()
    desk.plc.running = False
    desk.until_state(S.ABORTED, within=0.1)
    assert [alarm.text for alarm in desk.cell.alarms] == ["status lost: plc: PLC does not run"]
    desk.plc.connected = False
    desk.run(0.2)
    assert len(desk.cell.alarms) == 1
    assert (
        desk.cell.waiting_for() == "ABORTED: waiting for CLEAR, which wants status back: plc: not connected"
    )
    desk.ask(C.CLEAR)
    desk.scan(3)
    assert desk.cell.state is S.ABORTED
    assert desk.entries("refused")[-1] == "CLEAR in ABORTED: wants status back: plc: not connected"
    desk.plc.connected = desk.plc.running = True
    desk.scan()
    desk.ask(C.CLEAR)
    desk.until_state(S.STOPPED)


class Stale(MemoryLink):
    """A link whose image has an age."""

    def lapse(self, max_age: int) -> int:
        return self.image.time + max_age


def test_a_block_older_than_its_age_aborts() -> None:
    desk = Desk(type("Press", (Press,), {"status": reads("plc", Status, db=1, max_age=0.1)}), link=Stale)
    for number in range(30):
        desk.set(Status.pushed, number % 2 == 0)
        desk.scan()
    assert desk.cell.state is S.STOPPED
    desk.run(0.1)
    assert desk.cell.state is S.STOPPED
    desk.scan(3)
    assert desk.cell.state is S.ABORTED
    assert desk.cell.alarms[0].text == "status lost: plc: no answer in time"


@pytest.mark.parametrize(("lost", "state"), [(C.STOP, S.STOPPED), (C.HOLD, S.HELD), (None, S.EXECUTE)])
def test_what_a_loss_commands_is_declared(lost: Command | None, state: State) -> None:
    desk = pushing(type("Press", (Press,), {"status": reads("plc", Status, db=1, lost=lost)}))
    desk.plc.connected = False
    desk.run(0.3)
    assert desk.cell.state is state


# devices


class Work(Sequence["Shop"]):
    """Orders work of a device."""

    motion: Var[Handle] = Var(Motion.NONE)

    def part(self) -> bool:
        "a part"
        return self.cell.status.part

    def worked(self) -> bool:
        "the work to be done"
        return self.motion.done

    def never(self) -> bool:
        "nothing"
        return False

    def work(self) -> None:
        self.motion = self.cell.box.work()

    def work_twice(self) -> None:
        self.cell.box.work()
        self.motion = self.cell.box.work()

    steps = (
        Step("WAITING", to={"WORKING": part}, limit=OUTSIDE),
        Step("WORKING", enter=work, to={"WAITING": worked}, limit=2.0),
    )


class Shop(Cell):
    """A cell with a device."""

    grace = 100.0
    status = reads("plc", Status, db=1)
    box = device("box", Box)
    sequences = {S.EXECUTE: Work}


def working(refused: str | None = None, enter: str = "work") -> Desk:
    """A desk whose cell has ordered work; `refused` is the step to go to."""
    steps = (
        Work.steps[0],
        Step("WORKING", enter=enter, to={"WAITING": Work.worked}, limit=2.0, refused=refused),
        *((Step("MENDING", to={"WAITING": Work.never}, limit=5.0),) if refused else ()),
    )
    kind: Any = type("Work", (Work,), {"steps": steps})
    desk = Desk(type("Shop", (Shop,), {"sequences": {S.EXECUTE: kind}}), devices={"box": Box})
    desk.produce()
    desk.set(Status.part, True)
    desk.until(lambda: bool(desk.devices["box"].orders) and desk.devices["box"].orders[-1].verb == "work")
    return desk


def step(desk: Desk) -> str:
    """The step of the one sequence."""
    return next(iter(desk.cell.sequences_by_class.values())).step


@pytest.mark.parametrize("progress", [Progress.REFUSED, Progress.UNKNOWN])
def test_an_order_that_fails_aborts_with_its_cause(progress: Progress) -> None:
    desk = working()
    number = desk.devices["box"].orders[-1].number
    desk.devices["box"].report(progress, "servo off")
    desk.scan()
    assert desk.cell.state is S.ABORTING
    assert desk.cell.alarms[0].text == f"box: order {number} {progress.value}: servo off"


def test_or_goes_to_the_step_that_handles_it() -> None:
    desk = working(refused="MENDING")
    number = desk.devices["box"].orders[-1].number
    desk.devices["box"].report(Progress.REFUSED, "servo off")
    desk.scan(2)
    assert (desk.cell.state, step(desk)) == (S.EXECUTE, "MENDING")
    assert desk.entries("note") == [f"box: order {number} refused: servo off"]


def test_two_orders_that_fail_at_once_are_handled_once() -> None:
    desk = working(refused="MENDING", enter="work_twice")
    box = desk.devices["box"]
    for order in box.orders[-2:]:
        box.report(Progress.REFUSED, "servo off", order.number)
    desk.scan(2)
    assert (desk.cell.state, step(desk), len(desk.entries("note"))) == (S.EXECUTE, "MENDING", 2)


def test_an_order_that_fails_after_its_sequence_was_sent_back_aborts() -> None:
    desk = working(refused="MENDING")
    number = desk.devices["box"].orders[-1].number
    desk.ask(C.STOP)
    desk.devices["box"].report(Progress.REFUSED, "servo off", number)
    desk.scan(2)
    assert desk.cell.state in (S.ABORTING, S.ABORTED)
    assert step(desk) == "WAITING"


def test_an_order_that_a_stop_ended_is_no_failure() -> None:
    desk = working()
    number = desk.devices["box"].orders[-1].number
    desk.ask(C.STOP)
    desk.devices["box"].report(Progress.ABORTED, "by halt", number)
    desk.run(0.2)
    assert (desk.cell.state, desk.cell.alarms) == (S.STOPPED, ())


def test_devices_are_interrupted_continued_and_halted() -> None:
    desk = working()
    desk.devices["box"].orders.clear()
    for command, verb in ((C.HOLD, "interrupt"), (C.UNHOLD, "proceed"), (C.STOP, "halt")):
        desk.ask(command)
        desk.scan(3)
        assert desk.devices["box"].orders[-1].verb == verb


def test_a_lost_device_aborts() -> None:
    desk = working()
    desk.devices["box"].show(good=False, cause="unplugged")
    desk.scan()
    assert desk.cell.state is S.ABORTING
    assert desk.cell.alarms[0].text == "box lost: unplugged"


def test_numbers_of_orders_go_on_after_those_the_device_remembers() -> None:
    desk = working()
    box = desk.devices["box"]
    box.report(Progress.DONE)
    used = box.orders[-1].number
    again = type(desk.cell)(desk.wiring)
    assert again.box.order("work").number == used + 1


def test_a_drivers_own_logic_gets_every_scan_unless_it_says_otherwise() -> None:
    class Counting(Box):
        scans = Var(0)

        def update(self) -> None:
            self.scans += 1

    desk = Desk(Shop, devices={"box": Counting})
    desk.scan(10)
    assert desk.cell.box.scans == 10
    assert not Box.every_scan
