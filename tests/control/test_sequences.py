"""Sequences: what a step table may not be, told in one line, and how a right one runs."""

from __future__ import annotations

from typing import Any

import pytest

from control.block import DataBlock, reads, writes
from control.cell import Cell
from control.controller import Program
from control.device import device
from control.errors import DefinitionError
from control.handshake import Handshake, Signals, handshake_steps
from control.packml import Command, State
from control.scan import ns
from control.sequence import Sequence
from control.state import Var
from control.step import DONE, FIRST, KEEP, OUTSIDE, Step
from control.tag import Bool
from control.timer import TON
from tests.control.desk import ORIGIN, Desk
from tests.control.random_cell import Box


class Status(DataBlock):
    """What the PLC says."""

    go = Bool("0.0")
    back = Bool("0.1")
    acknowledge = Bool("0.2")
    complete = Bool("0.3")
    error = Bool("0.4")


class Orders(DataBlock):
    """What is ordered."""

    run = Bool("0.0", stored=True)
    request = Bool("0.1", stored=True)


class Base(Sequence["Machine"]):
    """Guards and actions for the tables below."""

    log: Var[tuple[str, ...]] = Var(())

    def go(self) -> bool:
        "an order to go"
        return self.cell.status.go

    def back(self) -> bool:
        "an order to come back"
        return self.cell.status.back

    def mute(self) -> bool:
        return True

    def enter(self) -> None:
        self.log = (*self.log, f"enter {self.step}")

    def leave(self) -> None:
        self.log = (*self.log, f"leave {self.step}")

    settled = TON(go, pt=0.1)


class Machine(Program):
    """Runs one of the tables."""

    status = reads("plc", Status, db=1)
    orders = writes("plc", Orders, db=2)


def table(*steps: Step, **members: Any) -> Any:
    """A sequence class of these steps."""
    return type("Lift", (Base,), {"steps": steps, **members})


def running(kind: Any) -> Desk:
    """A program that runs this sequence class."""
    return Desk(type("Running", (Machine,), {"sequences": (kind,)}))


WRONG: dict[str, tuple[list[Step], str]] = {
    "misspelt guard": (
        [Step("UP", to={"UP": "goo"}, limit=OUTSIDE)],
        "Lift.UP: Lift has no method 'goo'; did you mean 'go'?",
    ),
    "foreign guard": (
        [Step("UP", to={"UP": lambda self: True}, limit=OUTSIDE)],
        "Lift.UP: Lift has no method '<lambda>'; ",
    ),
    "no method": (
        [Step("UP", to={"UP": Base.settled}, limit=OUTSIDE)],  # type: ignore[dict-item]
        "Lift.UP: wanted a method or its name, got <control.timer.TON",
    ),
    "not callable": (
        [Step("UP", to={"UP": "settled"}, limit=OUTSIDE)],
        "Lift.UP: Lift has no method 'settled'; ",
    ),
    "unknown action": (
        [Step("UP", enter="enterr", to={"UP": "go"}, limit=OUTSIDE)],
        "Lift.UP: Lift has no method 'enterr'; did you mean 'enter'?",
    ),
    "unknown target": (
        [Step("UP", to={"DOWM": "go"}, limit=OUTSIDE), Step("DOWN", to={"UP": "go"}, limit=OUTSIDE)],
        "Lift.UP: there is no step 'DOWM'; did you mean 'DOWN'?",
    ),
    "unknown late": (
        [Step("UP", to={"UP": "go"}, limit=1.0, late="DOWN")],
        "Lift.UP: there is no step 'DOWN'; ",
    ),
    "unknown refused": (
        [Step("UP", to={"UP": "go"}, limit=1.0, refused="DOWN")],
        "Lift.UP: there is no step 'DOWN'; ",
    ),
    "wrong late": (
        [Step("UP", to={"UP": "go"}, limit=1.0, late=3)],  # type: ignore[arg-type]
        "Lift.UP: late: wanted a PackML command or a step, got 3",
    ),
    "unreachable": (
        [Step("UP", to={"UP": "go"}, limit=OUTSIDE), Step("DOWN", to={"UP": "go"}, limit=OUTSIDE)],
        "Lift: no step leads to DOWN",
    ),
    "unbounded": (
        [Step("UP", to={"UP": "go"})],
        "Lift.UP has no bound: wanted limit= seconds or OUTSIDE, got None",
    ),
    "bound in words": ([Step("UP", to={"UP": "go"}, limit="outside")], "Lift.UP has no bound: "),
    "no time": ([Step("UP", to={"UP": "go"}, limit=0.0)], "Lift.UP has no bound: "),
    "for ever": ([Step("UP", to={"UP": "go"}, limit=float("inf"))], "Lift.UP has no bound: "),
    "not a number": ([Step("UP", to={"UP": "go"}, limit=float("nan"))], "Lift.UP has no bound: "),
    "a bool": ([Step("UP", to={"UP": "go"}, limit=True)], "Lift.UP has no bound: "),
    "missing docstring": (
        [Step("UP", to={"UP": "mute"}, limit=OUTSIDE)],
        "Lift.UP: guard mute needs a docstring: what it waits for",
    ),
    "twice": (
        [Step("UP", to={"UP": "go"}, limit=OUTSIDE), Step("UP", to={"UP": "go"}, limit=OUTSIDE)],
        "Lift.UP: wanted a step name of its own",
    ),
    "reserved": (
        [Step("DONE", to={"DONE": "go"}, limit=OUTSIDE)],
        "Lift.DONE: wanted a step name of its own",
    ),
    "dead end": (
        [Step("UP", limit=1.0)],
        "Lift.UP leads nowhere; give it a target in to= (DONE ends the sequence)",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_table_that_cannot_be_is_refused_in_one_line(what: str) -> None:
    steps, message = WRONG[what]
    with pytest.raises(DefinitionError) as refused:
        table(*steps)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


UP = Step("UP", to={"UP": "go"}, limit=OUTSIDE)


@pytest.mark.parametrize(
    ("reaction", "message"),
    [
        ({Command.HOLD: "DOWN"}, "Lift.on: no such command or reaction: <Command.HOLD: 4>: 'DOWN'"),
        ({Command.RESET: KEEP}, "Lift.on: no such command or reaction: <Command.RESET: 1>: 'KEEP'"),
    ],
)
def test_a_reaction_that_cannot_be_is_refused(reaction: Any, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        table(UP, on=reaction)


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("step", Var(0)),
        ("done", TON(Base.go, pt=1.0)),
        ("name", "lift"),
        ("cell", Var(0)),
        ("runner", Var(0)),
        ("in_step", lambda self: True),
        ("snapshot", lambda self: True),
        ("blocks", ()),
    ],
)
def test_a_name_taken_by_the_framework_is_refused(name: str, member: Any) -> None:
    with pytest.raises(
        DefinitionError, match=f"Lift.{name}: Sequence has a member of this name; choose another"
    ):
        table(UP, **{name: member})


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("state", reads("plc", Status, db=1)),
        ("demands", Var(0)),
        ("ports", Var(0)),
        ("devices", lambda self: True),
        ("packml", Var(0)),
        ("retained", device("box", Box)),
        ("scan", lambda self: True),
    ],
)
def test_a_cell_may_not_take_the_frameworks_names_either(name: str, member: Any) -> None:
    with pytest.raises(
        DefinitionError, match=f"Press.{name}: Cell has a member of this name; choose another"
    ):
        type("Press", (Cell,), {name: member})


def test_a_device_may_not_take_the_frameworks_names_either() -> None:
    with pytest.raises(DefinitionError, match="Vice.order: Device has a member of this name; choose another"):
        type("Vice", (Box,), {"order": Var(0)})


def test_one_name_for_two_sequences_is_refused() -> None:
    one, two = table(UP), table(UP)
    with pytest.raises(DefinitionError, match="Press: the name 'lift' is used twice"):
        type(
            "Press", (Cell,), {"status": reads("plc", Status, db=1), "sequences": {State.EXECUTE: (one, two)}}
        )
    with pytest.raises(DefinitionError, match="Press: the name 'lift' is used twice"):
        type("Press", (Cell,), {"lift": reads("plc", Status, db=1), "sequences": {State.EXECUTE: one}})
    with pytest.raises(DefinitionError, match="Press: the name 'alarm' is used twice"):
        type("Press", (Cell,), {"sequences": {State.EXECUTE: type("Alarm", (Base,), {"steps": (UP,)})}})


def test_a_sequence_without_steps_cannot_run() -> None:
    with pytest.raises(DefinitionError, match="Base has no steps"):
        running(Base)


# a right one runs


def test_rows_are_tried_in_order_and_at_most_one_fires_per_scan() -> None:
    kind = table(
        Step("UP", enter="enter", leave="leave", to={"DOWN": "back", "REST": "go"}, limit=OUTSIDE),
        Step("DOWN", enter="enter", leave="leave", to={"UP": "back"}, limit=OUTSIDE),
        Step("REST", enter="enter", leave="leave", to={"UP": "go"}, limit=OUTSIDE),
    )
    desk = running(kind)
    sequence = desk.cell[kind]
    desk.scan()
    assert (sequence.step, sequence.log) == ("UP", ("enter UP",))
    desk.set(Status.go, True)
    desk.set(Status.back, True)
    desk.scan()
    assert (sequence.step, sequence.log[1:]) == ("DOWN", ("leave UP", "enter DOWN"))
    desk.scan()
    assert (sequence.step, sequence.log[3:]) == ("UP", ("leave DOWN", "enter UP"))


def test_the_end_is_the_end() -> None:
    kind = table(Step("UP", to={DONE: "go"}, limit=OUTSIDE))
    desk = running(kind)
    desk.set(Status.go, True)
    desk.scan(5)
    assert desk.cell[kind].done
    assert desk.cell[kind].waiting_for() == "lift: done"
    assert [value for _, _, value in desk.trace] == ["DONE"]


@pytest.mark.parametrize("late", ["DOWN", "UP", DONE])
def test_a_late_step_may_go_on_elsewhere(late: str) -> None:
    kind = table(
        Step("UP", enter="enter", leave="leave", to={"DOWN": "go"}, limit=0.1, late=late),
        Step("DOWN", enter="enter", to={DONE: "back"}, limit=OUTSIDE),
    )
    desk = running(kind)
    desk.scan(10)
    assert desk.cell[kind].step == "UP"
    desk.scan(3)
    assert desk.cell[kind].step == late
    assert desk.entries("note") == ["lift UP: waiting for an order to go for 0.1 s"]
    assert "leave UP" not in desk.cell[kind].log
    desk.scan(5)
    assert desk.cell[kind].step == late


def test_time_in_step_counts_from_its_first_scan() -> None:
    def lasted(self: Any) -> bool:
        "the time to pass"
        return self.in_step(0.05)

    kind = table(
        Step("UP", to={"DOWN": "lasted"}, limit=1.0), Step("DOWN", to={DONE: "go"}, limit=1.0), lasted=lasted
    )
    desk = running(kind)
    desk.run(0.2)
    assert desk.trace[0] == (ORIGIN + ns(0.05), "lift", "DOWN")


def test_a_step_that_has_not_begun_has_not_lasted() -> None:
    kind = table(UP)
    desk = running(kind)
    desk.cell._scan.now = ORIGIN
    assert not desk.cell[kind].in_step(0.0)
    desk.scan()
    assert desk.cell[kind].in_step(0.0)


def test_a_subclass_may_override_a_guard() -> None:
    kind = table(
        Step("UP", to={"DOWN": Base.go}, limit=OUTSIDE), Step("DOWN", to={"UP": Base.back}, limit=OUTSIDE)
    )
    swapped = type("Lift", (kind,), {"go": Base.back, "back": Base.go})
    desk = running(swapped)
    desk.set(Status.back, True)
    desk.scan(2)
    assert desk.cell[swapped].step == "DOWN"


def test_waiting_for_names_every_way_on() -> None:
    kind = table(Step("UP", to={"UP": "go", DONE: "back"}, limit=OUTSIDE))
    desk = running(kind)
    assert desk.cell[kind].waiting_for() == "lift UP: waiting for an order to go or an order to come back"


def test_a_handshake_keeps_the_four_phases() -> None:
    class Ask(Handshake["Machine"]):
        finished = Var(0)
        signals = Signals(Orders.request, Status.acknowledge, Status.complete, Status.error)
        steps = handshake_steps()

        def needed(self) -> bool:
            "a reason to ask"
            return self.cell.status.go

        def finish(self) -> None:
            self.finished += 1

    desk = running(Ask)
    desk.set(Status.complete, True)
    desk.scan(5)
    assert desk.cell[Ask].step == "RELEASED"
    desk.set(Status.complete, False)
    desk.set(Status.go, True)
    desk.until(lambda: desk.get(Orders.request))
    desk.set(Status.acknowledge, True)
    desk.scan(3)
    desk.set(Status.go, False)
    desk.set(Status.complete, True)
    desk.until(lambda: not desk.get(Orders.request))
    assert (desk.cell[Ask].finished, desk.cell[Ask].step) == (1, "COMPLETED")
    desk.set(Status.complete, False)
    desk.set(Status.acknowledge, False)
    desk.scan(2)
    assert (desk.cell[Ask].finished, desk.cell[Ask].step) == (1, "IDLE")


def test_the_names_of_reactions_are_no_steps() -> None:
    for name in (KEEP, FIRST, OUTSIDE):
        with pytest.raises(DefinitionError, match="wanted a step name of its own"):
            table(Step(name, to={name: "go"}, limit=OUTSIDE))
