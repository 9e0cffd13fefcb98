"""Retained values: what a kill leaves of the file, what is taken of it, and what a person has to confirm."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control.block import DataBlock, reads, writes
from control.cell import Cell
from control.errors import ConfigurationError, DefinitionError
from control.packml import Command, State
from control.retain import FileStore, MemoryStore, Values
from control.sequence import Sequence
from control.state import Var
from control.step import OUTSIDE, Step
from control.tag import Bool, Int
from control.timer import R_TRIG
from tests.control.desk import Desk

FIRST = {"cell.placed": 3, "cell.name": "first"}
SECOND = {"cell.placed": 4, "cell.name": "second"}
THIRD = {"cell.placed": 5, "cell.name": "third"}


def saved(folder: Path, *sets: Values, layout: str = "here") -> None:
    """Save sets of values one after the other."""
    with closing(FileStore(folder / "retained")) as store:
        store.load(layout)
        for values in sets:
            store.save(values, 0)
            until(lambda values=values: store.saved == values)


def until(condition: Any, within: float = 5.0) -> None:
    """Wait for another thread."""
    limit = time.monotonic() + within
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.001)


def loaded(folder: Path, layout: str = "here") -> tuple[Values | None, str]:
    """What is found, and what is said about it."""
    with closing(FileStore(folder / "retained")) as store:
        return store.load(layout), store.cause


def damages(data: bytes) -> Iterator[bytes]:
    """The file cut off at every offset, and with every byte changed."""
    for at in range(len(data)):
        yield data[:at]
        yield data[:at] + bytes((data[at] ^ 0x10,)) + data[at + 1 :]


@pytest.mark.parametrize(("name", "newest"), [("retained.a.json", SECOND), ("retained.b.json", THIRD)])
def test_whatever_byte_a_kill_hits_the_newer_intact_generation_is_taken(
    tmp_path: Path, name: str, newest: Any
) -> None:
    saved(tmp_path, FIRST, SECOND, THIRD)
    other = {"retained.a.json": THIRD, "retained.b.json": SECOND}[name]
    assert loaded(tmp_path) == (THIRD, "")
    whole = (tmp_path / name).read_bytes()
    assert newest["cell.name"].encode() in whole
    for damaged in damages(whole):
        (tmp_path / name).write_bytes(damaged)
        found, cause = loaded(tmp_path)
        assert found == other
        assert cause.startswith(f"{name}: ")
        assert cause.endswith("; the other generation is used")
    (tmp_path / name).unlink()
    assert loaded(tmp_path) == (other, "")


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_garbage_is_never_taken(tmp_path: Path, a: bytes, b: bytes) -> None:
    (tmp_path / "retained.a.json").write_bytes(a)
    (tmp_path / "retained.b.json").write_bytes(b)
    found, cause = loaded(tmp_path)
    assert found is None
    assert cause


def test_a_file_cut_short_while_it_was_written_beside_is_not_looked_at(tmp_path: Path) -> None:
    saved(tmp_path, FIRST, SECOND)
    shutil.copy(tmp_path / "retained.a.json", tmp_path / "retained.b.new")
    (tmp_path / "retained.a.new").write_text("half a l")
    assert loaded(tmp_path) == (SECOND, "")


def test_another_layout_is_not_used_and_is_overwritten_last(tmp_path: Path) -> None:
    saved(tmp_path, FIRST, SECOND)
    found, cause = loaded(tmp_path, "elsewhere")
    assert (found, cause) == (None, "retained: saved by another version of the cell; not used")
    saved(tmp_path, THIRD, layout="elsewhere")
    assert loaded(tmp_path, "elsewhere") == (THIRD, "")
    newest = max(tmp_path.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    newest.write_text("")
    assert loaded(tmp_path)[0] == SECOND


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(), VALUES | st.lists(VALUES, max_size=3).map(tuple), max_size=4))
def test_values_come_back_as_they_were(tmp_path: Path, values: dict[str, Any]) -> None:
    saved(tmp_path, values)
    found, _ = loaded(tmp_path)
    assert found == values
    assert [type(value) for value in (found or {}).values()] == [type(value) for value in values.values()]


def test_a_disk_that_refuses_is_reported_and_its_values_do_not_count(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with closing(FileStore(folder / "retained")) as store:
        store.load("here")
        store.save(FIRST, 0)
        until(lambda: store.saved == FIRST)
        folder.rename(tmp_path / "gone")
        store.save(SECOND, 0)
        until(lambda: bool(store.cause))
        assert store.cause.startswith("retained values not saved: ")
        assert store.take(0) == FIRST
        (tmp_path / "gone").rename(folder)
        store.save(THIRD, 0)
        until(lambda: store.saved == THIRD)
        assert store.cause == ""


def test_a_place_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="retained values: cannot write"):
        loaded(tmp_path / "file" / "state")


def test_what_is_pending_is_saved_when_closed(tmp_path: Path) -> None:
    with closing(FileStore(tmp_path / "retained")) as store:
        store.load("here")
        for number in range(100):
            store.save({"cell.placed": number}, 0)
    assert loaded(tmp_path)[0] == {"cell.placed": 99}


# the cell


class Status(DataBlock):
    """What the PLC says."""

    part = Bool("0.0")
    confirm = Bool("0.1")


class Orders(DataBlock):
    """What is shown."""

    saved = Int("0", stored=True)


class Count(Sequence["Counting"]):
    """Counts."""

    layers = Var((0, 0), retain=True)

    def part(self) -> bool:
        "a part"
        return self.cell.came.q

    def count(self) -> None:
        self.cell.placed += 1
        self.layers = (self.cell.placed, 1)

    steps = (Step("WAITING", to={"WAITING": part}, leave=count, limit=OUTSIDE),)


class Counting(Cell):
    """Keeps a count."""

    grace = 1000.0
    status = reads("plc", Status, db=1)
    orders = writes("plc", Orders, db=2)
    placed = Var(0, retain=True)
    forgotten = Var(0)
    sequences = {State.EXECUTE: Count}
    confirm = Status.confirm

    def part(self) -> bool:
        return self.status.part

    came = R_TRIG(part)

    def show(self) -> None:
        self.orders.saved = self.durable(Counting.placed)

    combinations = (show,)


def counted(store: Any, parts: int) -> Desk:
    """A cell in production that has counted so many parts."""
    desk = Desk(Counting, store=store)
    desk.produce()
    for _ in range(parts):
        for value in (True, False):
            desk.set(Status.part, value)
            desk.scan()
    return desk


def test_durable_follows_the_store() -> None:
    desk = counted(MemoryStore(0.05), 1)
    assert (desk.cell.placed, desk.get(Orders.saved)) == (1, 0)
    desk.run(0.03)
    assert desk.get(Orders.saved) == 0
    desk.run(0.02)
    assert desk.get(Orders.saved) == 1


def test_durable_follows_the_disk(tmp_path: Path) -> None:
    with closing(FileStore(tmp_path / "retained")) as store:
        desk = counted(store, 3)
        until(lambda: store.saved.get("cell.placed") == 3)
        desk.scan(2)
        assert desk.get(Orders.saved) == 3
    assert loaded_values(tmp_path) == {"cell.placed": 3, "count.layers": (3, 1)}


def loaded_values(folder: Path) -> Any:
    """What the newest generation holds, whatever its layout."""
    with closing(FileStore(folder / "retained")) as store:
        entries = [entry for entry in map(store.read, store.files()) if entry is not None]
        values = max(entries, key=lambda entry: entry["generation"])["values"]
        return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def test_after_a_restart_reset_is_refused_until_a_person_has_confirmed() -> None:
    store = MemoryStore(0.0)
    counted(store, 2).scan(3)
    desk = Desk(Counting, store=store)
    assert (desk.cell.placed, desk.cell[Count].layers, desk.cell.unconfirmed) == (2, (2, 1), True)
    desk.scan()
    assert desk.get(Orders.saved) == 2
    desk.ask(Command.RESET)
    assert desk.cell.state is State.STOPPED
    assert desk.entries("refused") == ["RESET in STOPPED: wants the retained values confirmed"]
    assert desk.cell.waiting_for() == "STOPPED: waiting for RESET, which wants the retained values confirmed"
    desk.set(Status.confirm, True)
    desk.scan()
    assert desk.entries("note") == ["retained values confirmed"]
    desk.ask(Command.RESET)
    desk.until_state(State.IDLE)
    desk.ask(Command.ABORT)
    desk.until_state(State.ABORTED)
    desk.ask(Command.CLEAR)
    desk.scan(2)
    desk.ask(Command.RESET)
    desk.until_state(State.IDLE)


def test_the_confirming_button_held_at_power_up_confirms_nothing() -> None:
    store = MemoryStore(0.0)
    counted(store, 1).scan(3)
    desk = Desk(Counting, store=store)
    desk.set(Status.confirm, True)
    desk.run(0.5)
    assert desk.cell.unconfirmed


def test_a_first_start_asks_for_nothing() -> None:
    desk = Desk(Counting, store=MemoryStore())
    assert not desk.cell.unconfirmed
    desk.produce()


def test_values_that_were_lost_are_confirmed_too_and_the_loss_is_told(tmp_path: Path) -> None:
    saved(tmp_path, FIRST, SECOND)
    with closing(FileStore(tmp_path / "retained")) as store:
        desk = Desk(Counting, store=store)
        desk.scan()
        assert (desk.cell.placed, desk.cell.unconfirmed) == (0, True)
        assert [alarm.text for alarm in desk.cell.alarms] == [
            "retained: saved by another version of the cell; not used"
        ]


def test_what_is_not_yet_durable_is_lost_with_the_power() -> None:
    store = MemoryStore(0.05)
    counted(store, 1).run(0.1)
    counted_more = Desk(Counting, store=store)
    counted_more.cell.restore({"unconfirmed": False})
    counted_more.produce()
    counted_more.set(Status.part, True)
    counted_more.scan(2)
    assert counted_more.cell.placed == 2
    assert Desk(Counting, store=store).cell.placed == 1


def test_a_change_of_a_var_that_is_not_retained_saves_nothing() -> None:
    store = MemoryStore(0.0)
    desk = counted(store, 1)
    desk.scan(2)
    desk.cell.forgotten = 5
    desk.scan(2)
    assert store.pending == []
    assert Desk(Counting, store=store).cell.forgotten == 0


def test_retained_values_need_a_button_to_confirm_them() -> None:
    with pytest.raises(DefinitionError, match=r"Bare: Bare.placed is retained; give the button"):
        type("Bare", (Cell,), {"placed": Var(0, retain=True)})
    with pytest.raises(DefinitionError, match=r"Bare: Count.layers is retained; give the button"):
        type("Bare", (Cell,), {"status": reads("plc", Status, db=1), "sequences": {State.EXECUTE: Count}})
