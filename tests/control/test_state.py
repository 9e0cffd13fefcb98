"""Declared state: what may be kept, that conditions only read, and that a scan is taken back whole."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.block import DataBlock, reads, writes
from control.cell import Cell
from control.controller import Program
from control.device import Motion
from control.errors import CellwrightError, DefinitionError, UndeclaredState, ValueRefused
from control.interlock import Trip
from control.packml import Command, State
from control.record import snapshot
from control.sequence import Sequence
from control.state import Declared, Var
from control.step import DONE, OUTSIDE, Step
from control.tag import Bool, Int
from control.timer import TON
from tests.control.desk import Desk
from tests.control.random_cell import CellData, cells, make_cell
from tests.control.random_logic import Fuse
from tests.control.random_rig import HISTORIES, Rig


class Status(DataBlock):
    """What the PLC says."""

    go = Bool("0.0")
    fail = Bool("0.1")


class Orders(DataBlock):
    """What is ordered."""

    run = Bool("0.0")
    keep = Bool("0.1", stored=True)
    level = Int("2", high=10)


class Move(Sequence["Machine"]):
    """Goes to and fro."""

    count = Var(0)

    def wanted(self) -> bool:
        "an order to go"
        return self.cell.status.go

    def settled(self) -> bool:
        "the order to last"
        return self.waited.q

    waited = TON(wanted, pt=0.05)

    def start(self) -> None:
        self.count += 1
        self.cell.total += 1
        self.cell.orders.run = True
        if self.cell.status.fail:
            raise RuntimeError("the hook is bent")

    steps = (
        Step("WAITING", to={"MOVING": wanted}, limit=OUTSIDE),
        Step("MOVING", enter=start, to={"WAITING": settled}, limit=1.0),
    )


class Machine(Program):
    """A small program."""

    status = reads("plc", Status, db=1)
    orders = writes("plc", Orders, db=2)
    sequences = (Move,)
    total = Var(0)


@dataclasses.dataclass(frozen=True)
class Point:
    """A value."""

    x: float
    y: Any = 0.0


@dataclasses.dataclass
class Loose:
    """No value: it can change."""

    x: float = 0.0


class Colour(Enum):
    """A value."""

    RED = 1


class Pair(NamedTuple):
    """A value if its parts are."""

    left: Any
    right: Any = 0


VALUES = [
    0,
    True,
    1.5,
    "text",
    b"bytes",
    None,
    (),
    (1, (2, "x")),
    Colour.RED,
    Point(1.0),
    Pair(1, Point(2.0)),
    Motion.NONE,
]
VALUES += [dt.date(2024, 1, 1), dt.datetime(2024, 1, 1), dt.time(1), dt.timedelta(1)]
CHANGING = [[], {}, set(), bytearray(), Loose(), ([],), (1, {}), Pair([]), Point(1.0, []), Point]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_var_takes_values_that_cannot_change(value: Any) -> None:
    kind: Any = type("Machine", (Machine,), {"extra": Var(value)})
    desk = Desk(kind)
    assert desk.cell.extra == value
    desk.cell.extra = None
    desk.cell.extra = value
    assert desk.cell.extra == value


@pytest.mark.parametrize("value", CHANGING, ids=repr)
def test_a_var_refuses_what_could_change_behind_the_scans_back(value: Any) -> None:
    with pytest.raises(DefinitionError, match=r"Machine.extra"):
        type("Machine", (Machine,), {"extra": Var(value)})
    desk = Desk(Machine)
    with pytest.raises(DefinitionError, match=r"Machine.total"):
        desk.cell.total = value


@pytest.mark.parametrize(
    "value", [Colour.RED, Pair(1), State.IDLE, b"x", Point(1.0), (1, (2,)), Motion.NONE], ids=repr
)
def test_a_retained_var_holds_plain_values_alone(value: Any) -> None:
    with pytest.raises(
        DefinitionError, match="Machine.extra: a retained Var holds a number, text, bool or a tuple"
    ):
        type("Machine", (Machine,), {"extra": Var(value, retain=True)})
    desk = Desk(type("Machine", (Machine,), {"extra": Var(0, retain=True)}))
    with pytest.raises(
        DefinitionError, match="Machine.extra: a retained Var holds a number, text, bool or a tuple"
    ):
        desk.cell.extra = value


def test_an_undeclared_attribute_is_refused_with_the_remedy() -> None:
    desk = Desk(Machine)
    with pytest.raises(UndeclaredState, match=re.escape("write `speed = Var(…)` in the class body")):
        desk.cell.speed = 1
    with pytest.raises(UndeclaredState, match=r"Machine.totl is not declared \(did you mean 'total'\?\)"):
        desk.cell.totl = 1
    with pytest.raises(UndeclaredState, match="Move.steps is fixed once the cell is built"):
        desk.cell[Move].steps = ()
    for name in ("status", "period", "ports", "scan"):
        with pytest.raises(UndeclaredState, match=f"Machine.{name} is fixed once the cell is built"):
            setattr(desk.cell, name, None)


def test_vars_of_a_plain_base_class_are_declared_too() -> None:
    class Counting:
        parts = Var(3)

    desk = Desk(type("Machine", (Counting, Machine), {}))
    desk.cell.parts += 1
    assert desk.cell.parts == 4


def test_the_plcs_block_is_not_written() -> None:
    with pytest.raises(ValueRefused, match="status.go: the PLC writes this block and the cell only reads it"):
        Desk(Machine).cell.status.go = True


WRITES: dict[str, Callable[[Any], Any]] = {
    "an output": lambda move: setattr(move.cell.orders, "run", True),
    "an output that is so already": lambda move: setattr(move.cell.orders, "run", False),
    "a Var": lambda move: setattr(move.cell, "total", 1),
    "a Var that is so already": lambda move: setattr(move.cell, "total", 0),
    "its own Var": lambda move: setattr(move, "count", 1),
    "a note": lambda move: move.cell.note("seen"),
    "a tag by name": lambda move: move.cell.assign(Orders.run, True),
    "a demand": lambda move: move.cell.demand(Command.STOP, "because"),
}


@pytest.mark.parametrize("what", WRITES)
def test_a_guard_that_changes_anything_is_refused(what: str) -> None:
    def wanted(self: Any) -> bool:
        "an order to go"
        WRITES[what](self)
        return False

    kind: Any = type("Move", (Move,), {"wanted": wanted, "waited": TON(wanted, pt=0.1)})
    desk = Desk(type("Machine", (Machine,), {"sequences": (kind,)}))
    with pytest.raises(DefinitionError, match="changed state; conditions only read"):
        desk.scan(3)


def test_timers_trips_and_properties_only_read_as_well() -> None:
    def bad(self: Any) -> bool:
        "all well"
        self.total = 1
        return True

    desk = Desk(type("Machine", (Machine,), {"bad": bad, "late": TON(bad, pt=0.1)}))
    with pytest.raises(DefinitionError, match="Machine.late changed state"):
        desk.scan()
    members = {"total": Var(0), "bad": bad, "trips": (Trip(bad),), "status": reads("plc", Status, db=1)}
    other = Desk(type("Machine", (Cell,), members))
    other.scan()
    assert "a condition changed state" in other.cell.alarms[0].text


def test_a_scan_that_raises_leaves_nothing_behind() -> None:
    desk = Desk(Machine)
    desk.scan(3)
    before = snapshot_of(desk.cell)
    desk.set(Status.go, True)
    desk.set(Status.fail, True)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            desk.scan()
        assert snapshot_of(desk.cell) == before
    assert not desk.get(Orders.run)
    desk.set(Status.fail, False)
    desk.scan()
    assert desk.get(Orders.run)
    assert desk.cell.total == 1


def snapshot_of(program: Any) -> Any:
    """All that a program knows."""
    outputs = [(view.block._raw, view.committed) for port in program.ports for view in port.outputs]
    return program.snapshot(), program[Move].snapshot(), outputs


@settings(max_examples=80)
@given(cells(), HISTORIES, st.data())
def test_a_cell_takes_a_failed_scan_back_and_aborts_with_the_cause(
    data: CellData, history: list[Any], draw: st.DataObject
) -> None:
    kind = make_cell(data)
    rig = Rig(data, kind)
    taken_back: list[Any] = []
    fail = Cell.fail

    def look(self: Cell, error: Exception) -> None:
        self._scan.rollback()
        taken_back.append(known(self))
        fail(self, error)

    kind.fail = look
    when = draw.draw(st.integers(1, 25), label="scan")
    for count, distance, event in history:
        for _ in range(count):
            when -= 1
            Fuse.left = draw.draw(st.integers(1, 4), label="call") if when == 0 else -1
            before, state = known(rig.cell), rig.cell.state
            rig.step(distance)
            if len(taken_back) == 1 and Fuse.left == 0:
                assert taken_back == [before]
                return check_aborted(rig, state)
        rig.happen(*event)


def known(cell: Cell) -> Any:
    """What a cell knows, but for the images."""
    return {name: part for name, part in snapshot(cell).items() if name != "images"}


def check_aborted(rig: Rig, before: State) -> None:
    """The cell is on its way to a stop, with safe outputs and the cause; failing again latches them."""
    cell = rig.cell
    assert all(view.committed == view.safe for port in cell.ports for view in port.outputs)
    if before in (State.ABORTING, State.ABORTED):
        return check_latched(rig)
    assert cell.state in (State.ABORTING, State.ABORTED)
    assert re.search(CAUSE, cell.alarms[-1].text)
    Fuse.left = 1
    rig.step(rig.period)
    if Fuse.left == 0:
        check_latched(rig)


CAUSE = r"ZeroDivisionError: \w+ \(random_logic.py:\d+ in pass_through\)"


def check_latched(rig: Rig) -> None:
    """Whatever happens, the outputs stay safe."""
    cell = rig.cell
    assert re.search(CAUSE, cell.latched)
    for verb in ("mend", "go on", "wait", "go on", "go on"):
        rig.happen(verb)
        rig.step(rig.period)
        assert cell.state is State.ABORTED
        assert all(view.committed == view.safe for port in cell.ports for view in port.outputs)


def test_declared_state_needs_no_base_but_its_own() -> None:
    assert issubclass(Machine, Declared)
    assert issubclass(UndeclaredState, CellwrightError)
    assert DONE not in [step.name for step in Move.steps]
