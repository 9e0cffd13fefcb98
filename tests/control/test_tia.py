"""TIA Portal's sources and tag tables: addresses by S7's rules, modules that run, and back without a loss."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import Workbook

from control import DataBlock
from control.errors import CellwrightError
from control.tia.commands import export_tia, import_tia
from tests.control.tia import imported, loaded, run

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "cellwright")

EXAMPLE = """TYPE "typeAxis"
VERSION : 0.1
   STRUCT
      position : Real;   // actual position [m]
      target { ExternalWritable := 'False'} : Real := 1.5;   // ordered [m]
      limits : Array[-1..1] of Int;
      on : Bool;
      err : Bool;
   END_STRUCT;

END_TYPE

DATA_BLOCK "Status 1"
{ S7_Optimized_Access := 'FALSE' }
TITLE = What the press does
AUTHOR : me
VERSION : 0.1
NON_RETAIN
   STRUCT 
      lifeWord : Word;   // life
      "part present" : Bool := TRUE;   // a part is there
      b2 : Bool;
      motor : Struct   // the motor
         speed : Int := 16#10;   // [1/min]
         on : Bool;
      END_STRUCT;
      axis : Array[0..1] of "typeAxis";
      text : String[5] := 'a$'b';
      c : Byte;
      w : WString[3];
      bits : Array[0..9] of Bool := [TRUE, 3(FALSE), TRUE];
      t : Time := T#1s500ms;
      when : DTL := DTL#2020-01-02-03:04:05.678;
      d : Date := D#1999-12-31;
   END_STRUCT;


BEGIN
   axis[1].target := 2.5;
   b2 := TRUE;

END_DATA_BLOCK
"""


def tags_of(block: type[DataBlock]) -> dict[str, str]:
    return {
        name: f"{tag.kind} {tag.byte}.{getattr(tag, 'bit_in_byte', 0)}" for name, tag in block.tags.items()
    }


def test_a_source_becomes_a_module_that_runs(tmp_path: Path) -> None:
    text = imported(tmp_path, EXAMPLE, "--db", "Status 1=10")
    block = loaded(tmp_path, text).Status1
    found = tags_of(block)
    assert {
        name: found[name] for name in ("life_word", "part_present", "motor_speed", "axis_0_limits_minus_1")
    } == {
        "life_word": "Word 0.0",
        "part_present": "Bool 2.0",
        "motor_speed": "Int 4.0",
        "axis_0_limits_minus_1": "Int 16.0",
    }
    assert (
        found["axis_1_err"] == "Bool 38.1" and found["text"] == "String[5] 40.0" and found["c"] == "Byte 47.0"
    )
    assert found["w"] == "WString[3] 48.0" and found["bits_9"] == "Bool 59.1" and found["d"] == "Date 76.0"
    assert block.axis_1_target.start == 2.5 and block.axis_0_target.start == 1.5
    assert block.axis_0_target.unit == "m" and block.axis_0_target.symbol == "axis[0].target"
    assert block.text.start == "a'b" and block.motor_speed.start == 16 and block.t.start == 1.5
    assert block.when.start == dt.datetime(2020, 1, 2, 3, 4, 5, 678000)
    assert 'status_1 = reads("plc", Status1, db=10)' in text and "# a part is there" in text


def test_import_export_import_is_the_identity(tmp_path: Path) -> None:
    first = imported(tmp_path, EXAMPLE)
    module = tmp_path / "blocks.py"
    module.write_text(first, encoding="utf-8")
    source = run(export_tia, module)
    assert imported(tmp_path, source) == first


# ---- who writes ----

MIXED = """DATA_BLOCK "Exchange"
STRUCT
   life : Word;
   ready : Bool;
   cmd_life : Word;
   cmd_start : Bool;
   cmd_speed : Int;
END_STRUCT;
END_DATA_BLOCK
"""


def test_who_writes_is_said_and_checked(tmp_path: Path) -> None:
    text = imported(tmp_path, MIXED, "--writes", "Exchange.cmd_*", "--db", "Exchange=5")
    module = loaded(tmp_path, text)
    assert list(module.Exchange.tags) == ["life", "ready"]
    assert list(module.ExchangeOrders.tags) == ["cmd_life", "cmd_start", "cmd_speed"]
    assert 'exchange_orders = writes("plc", ExchangeOrders, db=5)' in text
    whole = imported(tmp_path, MIXED, "--writes", "Exchange")
    assert 'exchange = writes("plc", Exchange, db=NUMBER)' in whole
    with pytest.raises(
        CellwrightError, match=r"source\.db:5:4: Exchange\.cmd_life \(byte 4\) is written by the PLC"
    ):
        imported(tmp_path, MIXED, "--writes", "Exchange.ready", "--writes", "Exchange.cmd_s*")


# ---- tag tables ----

HEADING = ["Name", "Path", "Data Type", "Logical Address", "Comment", "Hmi Visible"]
ROWS = [
    ["start", "Default", "Bool", "%I0.1", "start button", "True"],
    ["Speed Setpoint", "Default", "Int", "%QW4", "ordered [1/min]", "True"],
    ["lamp", "Default", "Bool", "%A1.0", "", "True"],
    ["counter", "Default", "DInt", "%MD10", "", "True"],
    ["oven", "Default", "Real", "%ID8", "[degC]", "True"],
]


def table_file(folder: Path, suffix: str) -> Path:
    path = folder / f"tags{suffix}"
    if suffix == ".xlsx":
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "PLC Tags"
        for row in (HEADING, *ROWS):
            sheet.append(row)
        book.save(path)
    elif suffix == ".csv":
        path.write_text("\n".join(";".join(row) for row in (HEADING, *ROWS)), encoding="utf-8")
    else:
        lines = [f"<Tag type='{r[2]}' addr='{r[3]}' remark='{r[4]}'>{r[0]}</Tag>" for r in ROWS]
        path.write_text(
            f"<?xml version='1.0'?><Tagtable name='T'>{''.join(lines)}</Tagtable>", encoding="utf-8"
        )
    return path


@pytest.mark.parametrize("suffix", [".xlsx", ".csv", ".xml"])
def test_a_tag_table_becomes_a_block_per_area(tmp_path: Path, suffix: str) -> None:
    module = loaded(tmp_path, run(import_tia, table_file(tmp_path, suffix)))
    assert tags_of(module.Inputs) == {"start": "Bool 0.1", "oven": "Real 8.0"}
    assert tags_of(module.Outputs) == {"lamp": "Bool 1.0", "speed_setpoint": "Int 4.0"}
    assert tags_of(module.Merkers) == {"counter": "DInt 10.0"}
    assert module.Outputs.speed_setpoint.unit == "1/min" and module.Inputs.oven.unit == "degC"


# ---- bad input ----


def block(member: str, head: str = "", tail: str = "END_STRUCT;\nEND_DATA_BLOCK") -> str:
    """A data block of one member, at line 3 where nothing stands before it."""
    return f'DATA_BLOCK "B"\n{head}STRUCT\n {member}\n{tail}'


OPTIMIZED = "{ S7_Optimized_Access := 'TRUE' }\n"
ITSELF = 'TYPE "t"\nSTRUCT\n x : "t";\nEND_STRUCT;\nEND_TYPE\n'


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (block("x : Int\n y : Int;"), r":4:2: wanted .*';'.*got 'y'"),
        (block("x  Int;"), r":3:5: wanted .*':'.*got 'Int'"),
        (block("x : Int;", tail=""), r":.*wanted .*got the end of the file"),
        (block("x : Array[5..1] of Int;"), r":3:12: wanted lower bound <= upper"),
        (block("x : Variant;"), r":3:6: a Variant cannot be read"),
        (block('x : "typeX";'), r':3:2: wanted .*PLC data type, got "typeX"; .*\.udt file'),
        (block("x : Int := abc;"), r":3:2: x: wanted a start value of type Int, got abc"),
        (block("x : Int;", tail="END_STRUCT;\nBEGIN\n z := 5;\nEND_DATA_BLOCK"), r":1:12: B: BEGIN sets z"),
        (block("x : Int;", OPTIMIZED), r":1:12: .*optimized access has no addresses; clear"),
        (block("x : Int;", "KNOW_HOW_PROTECT\n"), r":1:12: .*protected block"),
        (ITSELF + block('x : "t";'), r":3:2: t contains itself"),
        (block("x : Array[0..1, 0..1] of Bool;"), r":3:2: x: wanted one dimension"),
        ("", r": wanted a data block or tags, found none"),
    ],
)
def test_a_source_that_cannot_be_is_refused_where_it_stands(tmp_path: Path, source: str, said: str) -> None:
    with pytest.raises(CellwrightError, match=rf"source\.db{said}"):
        imported(tmp_path, source)


COLUMNS = "Name;Data Type;Logical Address\n"


@pytest.mark.parametrize(
    ("content", "suffix", "said"),
    [
        (
            "Name;Type\na;Bool",
            ".csv",
            r"csv:1:1: wanted the columns Data Type, Logical Address, got Name, Type",
        ),
        (COLUMNS + "a;Bool;%IW0", ".csv", r"csv:2:1: a: wanted an address for a Bool, got %IW0"),
        (COLUMNS + "a;Timer;%T0", ".csv", r"csv:2:1: a: wanted an address such as"),
        (COLUMNS + "a;Foo;%I0.0", ".csv", r"csv:2:1: a: a 'Foo' is no number"),
        ("<Tagtable><Tag>", ".xml", r"xml:1:16: wanted XML"),
        ("not a workbook", ".xlsx", r"xlsx: wanted an \.xlsx file, got something else"),
        ("x", ".txt", r"txt: wanted one of \.db \.udt"),
    ],
)
def test_a_table_that_cannot_be_is_refused(tmp_path: Path, content: str, suffix: str, said: str) -> None:
    with pytest.raises(CellwrightError, match=rf"source\.{said}"):
        imported(tmp_path, content, suffix=suffix)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--writes", "Nobody"), "--writes Nobody: wanted a block or members of one, got none"),
        (("--db", "Nobody=5"), "--db Nobody: wanted a block of these files, got none"),
        (("--db", "Exchange"), "--db Exchange: wanted NAME=NUMBER, as Status=10"),
    ],
)
def test_options_that_fit_nothing_are_refused(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    with pytest.raises(CellwrightError, match=said):
        imported(tmp_path, MIXED, *options)


def test_a_missing_file_or_block_is_named(tmp_path: Path) -> None:
    with pytest.raises(CellwrightError, match=r"none\.db: cannot be read: No such file"):
        run(import_tia, tmp_path / "none.db")
    with pytest.raises(CellwrightError, match=r"none\.py: wanted a Python module, found none"):
        run(export_tia, tmp_path / "none.py")
    module = tmp_path / "blocks.py"
    module.write_text(imported(tmp_path, MIXED), encoding="utf-8")
    with pytest.raises(CellwrightError, match=r"blocks\.py: no block 'Exchang'; did you mean"):
        run(export_tia, module, "Exchang")


def test_the_command_is_there(tmp_path: Path) -> None:
    source, module = tmp_path / "exchange.db", tmp_path / "exchange.py"
    source.write_text(MIXED, encoding="utf-8")
    for command in ([*COMMAND, "import-tia", source, "-o", module], [*COMMAND, "export-tia", module]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith('DATA_BLOCK "Exchange"\n')


def test_the_page_shows_what_the_command_does(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "import-from-tia.md").read_text(encoding="utf-8")
    source, module = page.partition("```text\n")[2].partition("```")[0], page.partition("```python\n")[2]
    made = imported(tmp_path, source, "--db", "Press=20", "--writes", "Press.cmd*")
    assert made.partition("\n\n")[2] == module.partition("```")[0]
