"""Permissives, trips, interlocks and properties, each with its first failing reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from control.block import DataBlock, reads, writes
from control.cell import Cell
from control.errors import DefinitionError
from control.interlock import Interlock, Trip
from control.packml import Command, State
from control.property import Property, always
from control.scan import Scan
from control.sequence import Sequence
from control.status import status
from control.step import OUTSIDE, Step
from control.tag import Bool, Int
from tests.control.desk import Desk

S, C = State, Command


class Status(DataBlock):
    """What the PLC says."""

    guard_closed = Bool("0.0")
    air_on = Bool("0.1")
    zone_clear = Bool("0.2")
    part = Bool("0.3")
    downstream_free = Bool("0.4")


class Orders(DataBlock):
    """What is ordered."""

    run = Bool("0.0", stored=True)
    lift = Bool("0.1", safe=True, stored=True)
    horn = Bool("0.2")


class Feed(Sequence["Line"]):
    """Runs while there is a part."""

    def part(self) -> bool:
        "a part"
        return self.cell.status.part

    def no_part(self) -> bool:
        "no part"
        return not self.cell.status.part

    def run(self) -> None:
        self.cell.orders.run, self.cell.orders.lift, self.cell.orders.horn = True, False, True

    steps = (
        Step("WAITING", to={"RUNNING": part}, limit=OUTSIDE),
        Step("RUNNING", enter=run, to={"WAITING": no_part}, limit=OUTSIDE),
    )


class Line(Cell):
    """A cell with conditions."""

    grace = 1000.0
    status = reads("plc", Status, db=1)
    orders = writes("plc", Orders, db=2)
    sequences = {S.EXECUTE: Feed}

    def guard_closed(self) -> bool:
        "the guard door closed"
        return self.status.guard_closed

    def air_on(self) -> bool:
        "compressed air"
        return self.status.air_on

    def zone_clear(self) -> bool:
        "the zone clear"
        return self.status.zone_clear

    def downstream_free(self) -> bool:
        "the line downstream free"
        return self.status.downstream_free

    def mute(self) -> bool:
        return True


def running(**members: Any) -> Desk:
    """A desk whose cell runs, with more declarations."""
    desk = Desk(type("Line", (Line,), members))
    for name in Status.tags:
        desk.set(Status.tags[name], True)
    desk.produce()
    desk.until(lambda: desk.get(Orders.run))
    return desk


def test_an_interlock_clamps_its_outputs_alone_and_names_its_first_failing_reason() -> None:
    allow = (Line.air_on, Line.zone_clear)
    desk = running(interlocks=(Interlock((Orders.run, Orders.lift), allow),))
    desk.set(Status.zone_clear, False)
    desk.scan()
    assert (desk.get(Orders.run), desk.get(Orders.lift), desk.get(Orders.horn)) == (False, True, True)
    assert desk.cell.interlock_rungs[0].reason == "the zone clear"
    assert status(desk.cell)["held_back"] == {"orders.run": "the zone clear", "orders.lift": "the zone clear"}
    desk.set(Status.air_on, False)
    desk.scan()
    assert desk.cell.interlock_rungs[0].reason == "compressed air"
    assert desk.cell.state is S.EXECUTE
    desk.set(Status.zone_clear, True)
    desk.set(Status.air_on, True)
    desk.scan()
    assert (desk.get(Orders.run), desk.get(Orders.lift)) == (True, False)
    assert desk.cell.interlock_rungs[0].reason == ""


def test_an_interlock_is_asked_only_while_its_outputs_are_ordered() -> None:
    desk = Desk(type("Line", (Line,), {"interlocks": (Interlock((Orders.run,), (Line.zone_clear,)),)}))
    desk.scan(3)
    assert not desk.cell.zone_clear() and status(desk.cell)["held_back"] == {}


class Speeds(DataBlock):
    """An output whose safe value its raw scale rounds."""

    speed = Int("0", raw=(0, 27648), low=0.0, high=2.0, safe=0.3)


def test_a_rounded_safe_value_is_none_that_was_ordered() -> None:
    members = {"speeds": writes("plc", Speeds, db=3)}
    desk = Desk(
        type("Line", (Line,), {**members, "interlocks": (Interlock((Speeds.speed,), (Line.zone_clear,)),)})
    )
    desk.scan(3)
    assert not desk.cell.zone_clear() and status(desk.cell)["held_back"] == {}


def test_the_logic_sees_what_it_ordered_not_what_the_interlock_left_of_it() -> None:
    desk = running(interlocks=(Interlock((Orders.run,), (Line.zone_clear,)),))
    desk.set(Status.zone_clear, False)
    desk.scan()
    assert (desk.cell.orders.run, desk.get(Orders.run)) == (True, False)


def test_a_trip_latches_and_clear_is_refused_while_its_cause_lasts() -> None:
    desk = running(trips=(Trip(Line.guard_closed), Trip(Line.air_on)))
    desk.set(Status.guard_closed, False)
    desk.scan()
    assert desk.cell.state is S.ABORTING
    assert (desk.get(Orders.run), desk.get(Orders.lift)) == (False, True)
    text = "trip guard_closed: wants the guard door closed"
    assert [(alarm.source, alarm.text, alarm.first) for alarm in desk.cell.alarms] == [
        ("guard_closed", text, True)
    ]
    desk.set(Status.air_on, False)
    desk.scan(3)
    assert [alarm.first for alarm in desk.cell.alarms] == [True, False]
    desk.ask(C.CLEAR)
    assert desk.cell.state is S.ABORTED
    assert desk.entries("refused") == ["CLEAR in ABORTED: wants the guard door closed"]
    assert desk.cell.waiting_for() == "ABORTED: waiting for CLEAR, which wants the guard door closed"
    desk.set(Status.guard_closed, True)
    desk.run(1.0)
    assert desk.cell.state is S.ABORTED
    desk.ask(C.CLEAR)
    assert desk.entries("refused")[-1] == "CLEAR in ABORTED: wants compressed air"
    desk.set(Status.air_on, True)
    desk.ask(C.CLEAR)
    desk.until_state(S.STOPPED)
    assert desk.cell.alarms == ()


def test_the_cause_is_tripped_again_in_each_state() -> None:
    desk = Desk(type("Line", (Line,), {"trips": (Trip(Line.guard_closed, C.STOP),)}))
    desk.set(Status.guard_closed, True)
    desk.produce()
    desk.set(Status.guard_closed, False)
    desk.until_state(S.STOPPED)
    desk.ask(C.RESET)
    assert desk.entries("refused") == ["RESET in STOPPED: wants the guard door closed"]
    abort = Desk(type("Line", (Line,), {"trips": (Trip(Line.guard_closed),)}))
    abort.scan()
    assert abort.cell.state is S.ABORTING
    abort.set(Status.guard_closed, True)
    abort.until_state(S.ABORTED)
    abort.ask(C.CLEAR)
    abort.set(Status.guard_closed, False)
    abort.scan(3)
    assert abort.states() == ["ABORTING", "ABORTED", "CLEARING", "ABORTING", "ABORTED"]
    assert [alarm.source for alarm in abort.cell.alarms] == ["guard_closed"]


@pytest.mark.parametrize(
    ("reaction", "rest", "back"), [(C.HOLD, S.HELD, C.UNHOLD), (C.SUSPEND, S.SUSPENDED, C.UNSUSPEND)]
)
def test_a_trip_that_holds_or_suspends_refuses_the_way_back_while_its_cause_lasts(
    reaction: Command, rest: State, back: Command
) -> None:
    desk = running(trips=(Trip(Line.downstream_free, reaction),))
    desk.set(Status.downstream_free, False)
    desk.until_state(rest)
    states = len(desk.states())
    for _ in range(2):
        desk.ask(back)
        desk.scan(3)
    assert len(desk.states()) == states
    assert desk.entries("refused")[-1] == f"{back.name} in {rest.name}: wants the line downstream free"
    desk.set(Status.downstream_free, True)
    desk.ask(back)
    desk.until_state(S.EXECUTE)
    assert desk.cell.alarms == ()
    desk.set(Status.downstream_free, False)
    desk.scan()
    assert len(desk.entries("alarm")) == 2


def test_a_trip_that_cannot_act_yet_acts_as_soon_as_it_can() -> None:
    desk = Desk(type("Line", (Line,), {"trips": (Trip(Line.downstream_free, C.HOLD),)}))
    desk.produce()
    desk.until_state(S.HELD)
    assert desk.entries("refused") == []


def test_a_permissive_is_needed_to_begin() -> None:
    desk = Desk(type("Line", (Line,), {"permissives": {C.START: (Line.guard_closed, Line.air_on)}}))
    desk.set(Status.guard_closed, True)
    desk.ask(C.RESET)
    desk.until_state(S.IDLE)
    assert desk.cell.waiting_for() == "IDLE: waiting for START, which wants compressed air"
    desk.ask(C.START)
    assert desk.entries("refused") == ["START in IDLE: wants compressed air"]
    desk.set(Status.air_on, True)
    desk.ask(C.START)
    desk.until_state(S.EXECUTE)
    desk.set(Status.air_on, False)
    desk.run(0.1)
    assert desk.cell.state is S.EXECUTE


def test_a_suspension_whose_end_is_not_permitted_waits_without_a_word() -> None:
    desk = Desk(type("Line", (Line,), {"permissives": {C.UNSUSPEND: (Line.air_on,)}, "grace": 0.1}))
    desk.produce()
    desk.until_state(S.SUSPENDED)
    desk.set(Status.part, True)
    desk.run(0.5)
    assert (desk.cell.state, desk.entries("refused")) == (S.SUSPENDED, [])
    desk.set(Status.air_on, True)
    desk.until_state(S.EXECUTE, within=0.1)


@pytest.mark.parametrize("command", [C.STOP, C.ABORT, C.HOLD, C.SUSPEND, C.COMPLETE])
def test_what_brings_the_cell_to_rest_needs_no_permission(command: Command) -> None:
    with pytest.raises(DefinitionError, match=f"Line.permissives: {command.name} needs no permission"):
        type("Line", (Line,), {"permissives": {command: (Line.air_on,)}})


def stray(self: Any) -> bool:
    """a stray condition"""
    return True


DECLARATIONS: list[tuple[str, Callable[[Any], Any]]] = [
    ("trips", lambda condition: (Trip(condition),)),
    ("permissives", lambda condition: {C.START: (condition,)}),
    ("interlocks", lambda condition: (Interlock((Orders.run,), (condition,)),)),
]


@pytest.mark.parametrize(("where", "declare"), DECLARATIONS, ids=[where for where, _ in DECLARATIONS])
def test_a_condition_is_a_method_with_a_docstring(where: str, declare: Callable[[Any], Any]) -> None:
    with pytest.raises(DefinitionError, match="Line has no condition 'stray'; "):
        type("Line", (Line,), {where: declare(stray)})
    with pytest.raises(DefinitionError, match="Line.mute needs a docstring: what it wants"):
        type("Line", (Line,), {where: declare(Line.mute)})


def test_a_tag_of_no_block_of_the_cell_is_refused() -> None:
    class Other(DataBlock):
        run = Bool("0.0")

    class OtherLine(Cell):
        status = reads("plc", Status, db=1)

    members = {"interlocks": (Interlock((Other.run,), (Line.air_on,)),)}
    with pytest.raises(DefinitionError, match="Line: tag run is in no block of it; wanted exactly one"):
        type("Line", (Line,), members)
    with pytest.raises(DefinitionError, match=r"Line: tag status.part is in no block of it"):
        type("Line", (Line,), {"buttons": {C.START: OtherLine.status.part}})
    with pytest.raises(
        DefinitionError, match=r"Line: tag part is in status.part and again.part; wanted exactly one"
    ):
        type("Line", (Line,), {"again": reads("plc", Status, db=9), "buttons": {C.START: Status.part}})


# properties


def watched(then: Callable[[Any], bool], within: float = 0.0) -> tuple[Desk, list[Any]]:
    """A running cell that is watched while there is a part."""
    desk = running()
    desk.cell.watch([Property("R1", "as wanted", lambda cell: cell.status.part, then, within)])
    return desk, desk.cell.violations


def test_a_property_is_violated_once_per_arming() -> None:
    desk, violations = watched(lambda cell: cell.status.zone_clear)
    desk.scan(3)
    assert (violations, desk.cell.watch_list.properties[0].armed) == ([], 1)
    desk.set(Status.zone_clear, False)
    desk.scan(3)
    assert [(v.time, v.requirement, v.text) for v in violations] == [
        (desk.now - 2 * desk.period, "R1", "as wanted")
    ]
    assert violations[0].situation.startswith("EXECUTE: feed RUNNING: waiting for no part")
    for part in (False, True):
        desk.set(Status.part, part)
        desk.scan(2)
    assert (len(violations), desk.cell.watch_list.properties[0].armed) == (2, 2)


def test_a_property_may_have_time_to_come_true() -> None:
    desk, violations = watched(lambda cell: not cell.status.zone_clear, within=0.1)
    desk.scan(5)
    desk.set(Status.zone_clear, False)
    desk.run(1.0)
    assert violations == []
    desk.set(Status.zone_clear, True)
    desk.scan()
    assert len(violations) == 1
    desk, violations = watched(lambda cell: not cell.status.zone_clear, within=0.1)
    desk.scan()
    armed = desk.now
    desk.run(0.5)
    assert [violation.time - armed for violation in violations] == [100_000_000]


class Plant:
    """What a property may look at beside the cell: one signal, with a bit of its own."""

    def __init__(self, scan: Scan) -> None:
        self.scan, self.bit, self.at_rest, self.asleep = scan, scan.new_bit(), True, 0

    @property
    def rests(self) -> bool:
        """The signal."""
        self.scan.reads |= self.bit
        return self.at_rest

    def moved(self) -> int:
        """The bits of what moved since the last scan."""
        return 0

    def edges(self, reads: int) -> int:
        """The bits of what moved since the last edge."""
        return self.bit

    def attend(self, reads: int) -> None:
        """Its one signal always stops the plant."""


def test_a_property_of_the_plant_is_watched_on_a_twin_alone_and_judged_at_its_edges() -> None:
    on_the_plant = Property("R2", "rests", always, lambda cell, plant: plant.rests)
    desk = running()
    plant = Plant(desk.cell._scan)
    with pytest.raises(DefinitionError, match="R2: needs the plant"):
        desk.cell.watch([on_the_plant])
    desk.cell.watch([on_the_plant], plant)
    desk.scan(3)
    assert desk.cell.violations == []
    plant.at_rest = False
    desk.cell.judge(desk.now + 3)
    assert [(violation.time, violation.requirement) for violation in desk.cell.violations] == [
        (desk.now + 3, "R2")
    ]
    assert desk.trace[-1] == (desk.now + 3, "property.R2", "violated")
    desk.scan(3)
    assert len(desk.cell.violations) == 1
