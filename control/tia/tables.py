"""Reads PLC tag tables as TIA Portal exports them: .xlsx, .csv, .xml."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from control.errors import ConfigurationError
from control.tia.model import LENGTHY, SPELLINGS, Elementary, Leaf, Place, read, tag_of
from control.tia.module import Group

COLUMNS = {"name": "name", "data type": "type", "logical address": "address", "comment": "comment"}
"""The columns that are read, by their headings."""

AREAS = {
    "I": ("Inputs", "Inputs of the process image, written by the PLC.",
          'inputs = reads("plc", Inputs, area="I")'),
    "Q": ("Outputs", "Outputs of the process image, written by the cell.",
          'outputs = writes("plc", Outputs, area="Q")'),
    "M": ("Merkers", "Bit memory, written by the PLC.", 'merkers = reads("plc", Merkers, area="M")'),
}  # fmt: skip
GERMAN = {"E": "I", "A": "Q"}
WIDTHS = {"": 0, "X": 0, "B": 1, "W": 2, "D": 4, "L": 8}
ADDRESS = re.compile(r"%?([IQMEA])([XBWDL]?)(\d+)(?:\.([0-7]))?", re.IGNORECASE)

Row = Mapping[str, str]


def read_tables(files: Iterable[Path]) -> list[Group]:
    """A group per area. ConfigurationError names file, row and what was expected."""
    found: dict[str, list[Leaf]] = {area: [] for area in AREAS}
    for path in files:
        for number, row in rows(path):
            place = Place(str(path), number, 1)
            area, leaf = one(row, place)
            found[area].append(leaf)
    return [
        Group(*AREAS[area], sorted(tags, key=lambda leaf: (leaf.byte, leaf.bit)))
        for area, tags in found.items()
        if tags
    ]


def rows(path: Path) -> Iterator[tuple[int, Row]]:
    """The rows of a table with their numbers."""
    suffix = path.suffix.lower()
    if suffix == ".xml":
        return from_xml(path)
    return named(path, from_xlsx(path) if suffix == ".xlsx" else from_csv(path))


def named(path: Path, lines: Iterable[list[str]]) -> Iterator[tuple[int, Row]]:
    """Rows by the columns of the first one."""
    heading: list[str] | None = None
    for number, line in enumerate(lines, 1):
        if heading is None:
            heading = [COLUMNS.get(cell.strip().lower(), "") for cell in line]
            missing = {"name", "type", "address"} - set(heading)
            if missing:
                wanted = ", ".join(name.title() for name, key in COLUMNS.items() if key in missing)
                raise ConfigurationError(
                    f"{path}:{number}:1: wanted the columns {wanted}, got {', '.join(line)}"
                )
        elif any(cell.strip() for cell in line):
            yield number, {key: cell.strip() for key, cell in zip(heading, line, strict=False) if key}


def from_csv(path: Path) -> Iterator[list[str]]:
    """The lines of a .csv file, whatever separates its fields."""
    text = read(path)
    first = text.partition("\n")[0]
    separator = max(";,\t", key=first.count)
    yield from csv.reader(text.splitlines(), delimiter=separator)


def from_xlsx(path: Path) -> Iterator[list[str]]:
    """The lines of the sheet PLC Tags, or of the first one."""
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except (BadZipFile, InvalidFileException, KeyError) as error:
        raise ConfigurationError(f"{path}: wanted an .xlsx file, got something else: {error}") from None
    try:
        sheet = book["PLC Tags"] if "PLC Tags" in book.sheetnames else book.worksheets[0]
        for line in sheet.iter_rows(values_only=True):
            yield ["" if cell is None else str(cell) for cell in line]
    finally:
        book.close()


def from_xml(path: Path) -> Iterator[tuple[int, Row]]:
    """The tags of an exported table (Tagtable) or of an Openness export (SW.Tags.PlcTag)."""
    try:
        root = ElementTree.fromstring(read(path))
    except ElementTree.ParseError as error:
        line, column = error.position
        raise ConfigurationError(
            f"{path}:{line}:{column + 1}: wanted XML, got something else: {error}"
        ) from None
    for number, tag in enumerate(root.iter("Tag"), 1):
        yield number, {"name": (tag.text or "").strip(), "type": tag.get("type", ""),
                       "address": tag.get("addr", ""), "comment": tag.get("remark", "")}  # fmt: skip
    for number, tag in enumerate(root.iter("SW.Tags.PlcTag"), 1):
        given = {child.tag: (child.text or "").strip() for child in tag.iter()}
        yield number, {key: given.get(name, "").strip('"') for key, name in OPENNESS.items()}


OPENNESS = {"name": "Name", "type": "DataTypeName", "address": "LogicalAddress", "comment": "Text"}
"""The elements of an Openness export that hold our columns."""


def one(row: Row, place: Place) -> tuple[str, Leaf]:
    """A row's area and tag."""
    found = ADDRESS.fullmatch(row.get("address", ""))
    if found is None:
        raise place.refuse(
            f"{row.get('name')}: wanted an address such as %I0.0, %QW4 or %MD8, got {row.get('address')!r}"
        )
    letter, width, byte, bit = found.groups()
    name = SPELLINGS.get(row.get("type", "").lower())
    if name is None or name in LENGTHY:
        raise place.refuse(f"{row.get('name')}: a {row.get('type')!r} is no number that PUT/GET reads")
    kind = Elementary(name)
    size = 0 if name == "Bool" else tag_of(kind).size
    fits = (name == "Bool") == (bit is not None) and (WIDTHS[width.upper()] == size or size == 8)
    if not fits:
        raise place.refuse(f"{row.get('name')}: wanted an address for a {name}, got {row.get('address')}")
    area = GERMAN.get(letter.upper(), letter.upper())
    return area, Leaf(row["name"], kind, int(byte), int(bit or 0), "", row.get("comment", ""), place)
