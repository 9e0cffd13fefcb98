"""Records: every run replays, from each of its files; what differs is found; a full disk stops no scan."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import resource
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import Enum, Flag, IntEnum
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.cell import Cell
from control.codec import TraceHash, decode, encode
from control.device import Handle, Motion
from control.errors import ConfigurationError
from control.packml import Command, State
from control.project import Project
from control.record import Recorder
from control.replay import replay
from control.schema import CellTable, CellToml, LinkTable
from control.state import Var
from tests.control.desk import Desk
from tests.control.random_cell import Box, CellData, Inputs, Outputs, RandomCell, cells, make_cell
from tests.control.random_rig import HISTORIES, Rig, played
from tests.control.test_cell import Press, Push, Status


@dataclasses.dataclass(frozen=True)
class Made(Project):
    """A project whose controller is a class at hand."""

    kind: type[Cell] = Cell

    def controller(self) -> type[Cell]:
        return self.kind


def project(kind: type[Cell], *links: str) -> Project:
    """A project of a class."""
    table = {name: LinkTable(url=f"memory://{name}") for name in ("plc", *links)}
    return Made(Path("cell.toml"), CellToml(cell=CellTable(controller="cell.py:X"), links=table), kind)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder of its own for each example."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def recorded(data: CellData, kind: type[Cell], history: list[Any], where: Path, size: int) -> Rig:
    """A generated cell after a history of which the last part was recorded."""
    rig = Rig(data, kind)
    rig.live(history[:3])
    recorder = Recorder(rig.cell, where, file_size=size, files=1000)
    rig.cell.sinks.append(recorder)
    rig.live(history[3:])
    recorder.close()
    assert (recorder.lost, recorder.cause) == (0, "")
    return rig


@settings(max_examples=60)
@given(cells(), HISTORIES, st.sampled_from([1, 4_000, 8_000_000]))
def test_a_recorded_run_replays_without_a_difference_from_each_of_its_files(
    data: CellData, history: list[Any], size: int
) -> None:
    kind = make_cell(data)
    with folder() as where:
        rig = recorded(data, kind, history, where, size)
        files = sorted(where.glob("*.jsonl"))
        results = [replay(path, project(kind, "box")) for path in files]
        assert [result.difference for result in results] == [None] * len(files)
        entries = [entry for _, name, entry in rig.trace if not name.startswith("property.")]
        assert sum(result.entries for result in results) <= len(entries)


def pressed(where: Path, **options: Any) -> Desk:
    """A small cell after a recorded run."""
    desk = Desk(Press)
    with closing(Recorder(desk.cell, where, **options)) as recorder:
        desk.cell.sinks.append(recorder)
        desk.produce()
        for _ in range(5):
            for tag in (Status.part, Status.pushed):
                desk.set(tag, True)
                desk.run(0.1)
                desk.set(tag, False)
                desk.run(0.1)
    return desk


def test_a_changed_guard_gives_the_first_difference_with_its_instant(tmp_path: Path) -> None:
    desk = pressed(tmp_path)

    def pushed(self: Any) -> bool:
        "the part to be pushed, for a while"
        return self.cell.status.pushed and self.in_step(0.25)

    steps = (Push.steps[0], dataclasses.replace(Push.steps[1], to={"WAITING": pushed}))
    kind: Any = type("Push", (Push,), {"pushed": pushed, "steps": steps})
    changed: Any = type("Press", (Press,), {"sequences": {State.EXECUTE: kind}})
    same, other = (replay(tmp_path / "record-000001.jsonl", project(kind)) for kind in (Press, changed))
    assert same.difference is None
    first = next(time for time, name, value in desk.trace if (name, value) == ("push", "WAITING"))
    assert other.difference is not None
    assert other.difference.time == first
    assert [first, "push", "WAITING"] in other.difference.recorded
    assert other.difference.replayed == []


@pytest.mark.parametrize(
    ("name", "members"), [("Push", {"weight": Var(0)}), ("Shove", {})], ids=["Var", "sequence"]
)
def test_a_record_of_a_cell_with_other_parts_is_refused(
    tmp_path: Path, name: str, members: dict[str, Any]
) -> None:
    other: Any = type(name, (Push,), {"steps": Push.steps, **members})
    cell: Any = type("Press", (Press,), {"sequences": {State.EXECUTE: other}})
    desk = Desk(cell)
    with closing(Recorder(desk.cell, tmp_path)):
        desk.run(0.1)
    with pytest.raises(ConfigurationError, match="of a cell with other parts than Press: '(weight|push)'"):
        replay(tmp_path / "record-000001.jsonl", project(Press))


def test_files_rotate_and_the_oldest_go(tmp_path: Path) -> None:
    pressed(tmp_path, file_size=500, files=4)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert len(files) == 4
    assert files[0] != "record-000001.jsonl"
    for name in files:
        assert replay(tmp_path / name, project(Press)).difference is None


def test_numbers_go_on_in_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "record-of-mine.jsonl").write_text("not ours")
    pressed(tmp_path)
    pressed(tmp_path)
    assert {path.name for path in tmp_path.glob("record-0*")} == {
        "record-000001.jsonl",
        "record-000002.jsonl",
    }


def test_a_line_cut_short_by_a_power_loss_is_left_out(tmp_path: Path) -> None:
    pressed(tmp_path)
    path = tmp_path / "record-000001.jsonl"
    whole = path.read_text()
    for length in range(len(whole) - 150, len(whole)):
        path.write_text(whole[:length])
        assert replay(path, project(Press)).difference is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "wanted a record of format 1; its first line is none"),
        ('{"format": 2}\n', "wanted a record of format 1; its first line is none"),
        ("[]\n", "wanted a record of format 1; its first line is none"),
        ("nonsense\n{}\n", ":1: not a record"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "record").write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        replay(tmp_path / "record", project(Press))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        replay(tmp_path / "record", project(Press))
    (tmp_path / "record").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not a record: not text"):
        replay(tmp_path / "record", project(Press))


def test_the_same_words_heard_twice_are_recorded_twice(tmp_path: Path) -> None:
    desk = Desk(Press)
    with closing(Recorder(desk.cell, tmp_path)) as recorder:
        desk.cell.sinks.append(recorder)
        for _ in range(3):
            desk.ask(Command.UNHOLD)
    assert len(desk.entries("refused")) == 3
    assert replay(tmp_path / "record-000001.jsonl", project(Press)).difference is None


# a disk that refuses


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="record: cannot write"):
        Recorder(Desk(Press).cell, tmp_path / "file" / "records")


def test_a_folder_that_vanishes_is_reported_and_stops_no_scan(tmp_path: Path) -> None:
    desk = Desk(Press)
    with closing(Recorder(desk.cell, tmp_path / "records", file_size=1)) as recorder:
        desk.cell.sinks.append(recorder)
        desk.scan()
        (tmp_path / "records").rename(tmp_path / "gone")
        for number in range(100):
            desk.set(Status.hold, number % 2 == 0)
            desk.scan()
    assert recorder.cause.startswith("record stopped: [Errno 2]")
    assert recorder.lost > 0
    assert len(desk.entries("refused")) >= 49


def test_a_full_disk_is_reported_and_stops_no_scan(tmp_path: Path) -> None:
    desk = Desk(Press)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with closing(Recorder(desk.cell, tmp_path)) as recorder:
            desk.cell.sinks.append(recorder)
            for number in range(400):
                desk.set(Status.hold, number % 2 == 0)
                desk.scan()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert recorder.cause.startswith("record stopped: [Errno 27]")
    assert len(desk.entries("refused")) >= 199
    assert replay(tmp_path / "record-000001.jsonl", project(Press)).difference is None


def test_an_image_that_holds_no_value_stops_the_record_and_no_scan(tmp_path: Path) -> None:
    desk = Desk(type("Bare", (RandomCell,), {"sequences": {}}), devices={"box": Box})
    with closing(Recorder(desk.cell, tmp_path)) as recorder:
        desk.cell.sinks.append(recorder)
        desk.scan()
        desk.devices["box"].show(level=[1])
        desk.scan(3)
        assert recorder.cause == "record stopped: [1] (list) cannot be recorded"
        desk.set(Inputs.a, True)
        desk.scan()
    assert desk.cell.state is State.STOPPED
    assert not desk.get(Outputs.lamp)


# the codec


class Colour(Enum):
    """An enum."""

    RED = "red"


class Level(IntEnum):
    """An enum of numbers."""

    LOW = 1


class Access(Flag):
    """An enum whose members combine."""

    READ = 1
    WRITE = 2


class Pair(NamedTuple):
    """A named tuple."""

    left: Any
    right: Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Point:
    """A frozen dataclass with a derived field."""

    x: Any
    y: Any = 0.0
    doubled: Any = dataclasses.field(init=False, default=2)


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.sampled_from([*Colour, *Level, Access.READ, Access.READ | Access.WRITE, Access(0), *State]),
    st.datetimes(timezones=st.none() | st.just(dt.UTC)).map(lambda moment: moment.replace(fold=0)),
    st.dates(),
    st.times().map(lambda moment: moment.replace(fold=0)),
    st.timedeltas(),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.builds(Pair, inner, inner),
        st.builds(Point, x=inner, y=inner),
        st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    ),
    max_leaves=6,
)


@given(VALUES)
def test_every_value_comes_back_from_json_as_it_was(value: Any) -> None:
    back = decode(json.loads(json.dumps(encode(value))))
    assert back == value
    assert type(back) is type(value)
    assert repr(back) == repr(value)


def test_numbers_that_are_none_come_back_too() -> None:
    for value in (math.inf, -math.inf, -0.0):
        assert repr(decode(json.loads(json.dumps(encode(value))))) == repr(value)
    assert math.isnan(decode(json.loads(json.dumps(encode(math.nan)))))


def test_a_handle_finds_its_device_again() -> None:
    desk = Desk(type("Bare", (RandomCell,), {"sequences": {}}), devices={"box": Box})
    handle = desk.cell.box.order("work", kind=Motion)
    back = decode(
        json.loads(json.dumps(encode((handle, Motion.NONE, Handle(None, 0))))), desk.cell.devices.get
    )
    assert back == (handle, Motion.NONE, Handle(None, 0))
    assert [type(one) for one in back] == [Motion, Motion, Handle]
    assert back[0].device is desk.cell.box


@pytest.mark.parametrize(
    "data",
    [
        {"os:system": ["true"]},
        {"no.such.module:Thing": [1]},
        {"control.packml:NoSuch": ["IDLE"]},
        {"control.packml:State": ["RESTING"]},
        {"control.packml:target": [1]},
        {"tests.control.test_record:Pair": [1]},
        {"pathlib:Path": ["x"]},
    ],
)
def test_what_is_no_value_of_the_cell_is_refused(data: Any) -> None:
    with pytest.raises(ConfigurationError, match="record: "):
        decode(data)


@settings(max_examples=20)
@given(cells(), HISTORIES)
def test_equal_traces_have_equal_hashes(data: CellData, history: list[Any]) -> None:
    kind = make_cell(data)
    hashes = TraceHash(), TraceHash()
    for skip, condensed in zip((False, True), hashes, strict=True):
        condensed(0, played(data, kind, history, every_rung=False, skip=skip).trace)
    assert hashes[0].hexdigest() == hashes[1].hexdigest()
    assert hashes[0].entries == hashes[1].entries
    hashes[0](0, [(1, "more", True)])
    assert hashes[0].hexdigest() != hashes[1].hexdigest()
