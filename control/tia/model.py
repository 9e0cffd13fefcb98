"""What a TIA Portal source describes, and where S7 puts it in a block with standard access."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import TypeAlias

from control.errors import ConfigurationError


@dataclass(frozen=True)
class Place:
    """Where in a file something stands."""

    file: str = ""
    line: int = 0
    column: int = 0

    def refuse(self, text: str) -> ConfigurationError:
        """The error for what stands here."""
        return ConfigurationError(f"{self.file}:{self.line}:{self.column}: {text}")


@dataclass(frozen=True)
class Elementary:
    """A type without members; `length` is that of a STRING."""

    name: str
    length: int = 0


@dataclass(frozen=True)
class Array:
    """Elements of one type; `bounds` by dimension."""

    bounds: tuple[tuple[int, int], ...]
    of: Type


@dataclass(frozen=True)
class Struct:
    """Members one after the other."""

    members: tuple[Member, ...]


@dataclass(frozen=True)
class Named:
    """A PLC data type (UDT)."""

    name: str


def read(path: Path) -> str:
    """A file's text: UTF-8, or as older versions write it."""
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


Type: TypeAlias = Elementary | Array | Struct | Named


@dataclass(frozen=True)
class Member:
    """A member of a block, struct or PLC data type; `start` is its start value as written."""

    name: str
    type: Type
    start: str = ""
    comment: str = ""
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class Block:
    """A global data block. `number` is known where the source names it; `starts` are those of BEGIN."""

    name: str
    type: Type
    number: int | None = None
    title: str = ""
    starts: Mapping[str, str] = field(default_factory=dict)
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class Leaf:
    """An elementary value of a block: its path, address, start value as written and comment."""

    path: str
    type: Elementary
    byte: int
    bit: int
    start: str
    comment: str
    place: Place


SIZES: Mapping[str, int] = {
    "Bool": 0,
    **dict.fromkeys(("Byte", "SInt", "USInt", "Char"), 1),
    **dict.fromkeys(("Word", "Int", "UInt", "S5Time", "Date", "WChar"), 2),
    **dict.fromkeys(("DWord", "DInt", "UDInt", "Real", "Time", "TimeOfDay"), 4),
    **dict.fromkeys(("LWord", "LInt", "ULInt", "LReal", "LTime", "LTimeOfDay", "LDT", "DateAndTime"), 8),
    "DTL": 12,
}
"""Bytes of the elementary types, by the name of our tag class; a Bool is one bit."""

SPELLINGS: Mapping[str, str] = {
    "tod": "TimeOfDay",
    "time_of_day": "TimeOfDay",
    "ltod": "LTimeOfDay",
    "ltime_of_day": "LTimeOfDay",
    "dt": "DateAndTime",
    "date_and_time": "DateAndTime",
    "date_and_ltime": "LDT",
    **{name.lower(): name for name in (*SIZES, "String", "WString")},
}
"""Our names by those of TIA Portal, in lower case."""

OURS = {name: spelling for spelling, name in reversed(SPELLINGS.items())} | {
    "TimeOfDay": "Time_Of_Day",
    "LTimeOfDay": "LTime_Of_Day",
    "DateAndTime": "Date_And_Time",
}
"""What TIA Portal calls our tag classes."""


def size_of(kind: Elementary) -> int:
    """Bytes of an elementary type."""
    if kind.name == "String":
        return kind.length + 2
    return 2 * kind.length + 4 if kind.name == "WString" else SIZES[kind.name]


class Cursor:
    """The next free place of a block."""

    def __init__(self) -> None:
        self.byte = self.bit = 0

    def align(self, multiple: int) -> None:
        """Go on to the next whole byte that is a multiple."""
        self.byte, self.bit = self.byte + (self.bit > 0), 0
        self.byte += -self.byte % multiple

    def take(self, kind: Elementary) -> tuple[int, int]:
        """A place for an elementary value."""
        if kind.name == "Bool":
            place = self.byte, self.bit
            self.byte, self.bit = (self.byte + 1, 0) if self.bit == 7 else (self.byte, self.bit + 1)
            return place
        size = size_of(kind)
        self.align(1 if size == 1 else 2)
        place = self.byte, 0
        self.byte += size
        return place


def leaves(block: Block, types: Mapping[str, Struct]) -> list[Leaf]:
    """Every elementary value of a block, in the order of addresses.

    Structs and arrays begin at even bytes and end before one. ConfigurationError names what cannot be.
    """
    found = list(_walk(Member("", block.type, place=block.place), "", Cursor(), types, ()))
    paths = {leaf.path.lower() for leaf in found}
    for path in block.starts:
        if path.lower() not in paths:
            raise block.place.refuse(f"{block.name}: BEGIN sets {path}, which is no elementary member")
    starts = {path.lower(): text for path, text in block.starts.items()}
    return [
        Leaf(leaf.path, leaf.type, leaf.byte, leaf.bit, starts.get(leaf.path.lower(), leaf.start),
             leaf.comment, leaf.place)
        for leaf in found
    ]  # fmt: skip


def _walk(
    member: Member, path: str, cursor: Cursor, types: Mapping[str, Struct], within: tuple[str, ...]
) -> Iterator[Leaf]:
    kind = member.type
    if isinstance(kind, Elementary):
        byte, bit = cursor.take(kind)
        yield Leaf(path, kind, byte, bit, member.start, member.comment, member.place)
        return
    if isinstance(kind, Named):
        if kind.name.lower() in within:
            raise member.place.refuse(f"{kind.name} contains itself: {' in '.join((kind.name, *within))}")
        if kind.name.lower() not in types:
            known = ", ".join(sorted(types)) or "none"
            raise member.place.refuse(
                f'wanted an elementary type or a known PLC data type, got "{kind.name}"; known are {known}:'
                " give the .udt file too"
            )
        within, kind = (*within, kind.name.lower()), types[kind.name.lower()]
    cursor.align(2)
    if isinstance(kind, Struct):
        for inner in kind.members:
            yield from _walk(inner, f"{path}.{quoted(inner.name)}".lstrip("."), cursor, types, within)
    else:
        yield from _elements(member, kind, path, cursor, types, within)
    cursor.align(2)


def _elements(
    member: Member,
    array: Array,
    path: str,
    cursor: Cursor,
    types: Mapping[str, Struct],
    within: tuple[str, ...],
) -> Iterator[Leaf]:
    small = isinstance(array.of, Elementary) and size_of(array.of) < 2
    if small and len(array.bounds) > 1:
        raise member.place.refuse(
            f"{path}: wanted one dimension for an array of single bits or bytes, got {len(array.bounds)}:"
            " how the rows are padded is not published"
        )
    ranges = [range(low, high + 1) for low, high in array.bounds]
    values = list(spread(member)) if member.start else []
    for number, index in enumerate(product(*ranges)):
        start = values[number] if number < len(values) else ""
        element = Member("", array.of, start, member.comment, member.place)
        yield from _walk(element, f"{path}[{','.join(map(str, index))}]", cursor, types, within)


def spread(member: Member) -> Iterable[str]:
    """The start values of an array, written as [1, 2, 3(0)]."""
    text = member.start.strip()
    for part in _split(text.removeprefix("[").removesuffix("]")):
        count, bracket, value = part.partition("(")
        if bracket and count.strip().isdecimal() and value.endswith(")"):
            yield from [value[:-1].strip()] * int(count)
        else:
            yield part


def _split(text: str) -> Iterator[str]:
    """At commas outside of quotes."""
    part, inside = "", False
    for character in text:
        inside ^= character == "'"
        if character == "," and not inside:
            yield part.strip()
            part = ""
        else:
            part += character
    if part.strip():
        yield part.strip()


def quoted(name: str) -> str:
    """A name as TIA Portal writes it: in quotes unless it is a plain one."""
    plain = name.isascii() and name.isidentifier() and "__" not in name
    return name if plain else f'"{name}"'
