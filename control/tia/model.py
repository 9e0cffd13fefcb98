"""What a TIA Portal source describes, and where S7 puts it in a block with standard access."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

from control.errors import ConfigurationError
from control.moment import DTL, LDT, Date, DateAndTime, LTime, LTimeOfDay, S5Time, Time, TimeOfDay
from control.tag import (
    Bool,
    Byte,
    DInt,
    DWord,
    Int,
    LInt,
    LReal,
    LWord,
    Real,
    SInt,
    Tag,
    UDInt,
    UInt,
    ULInt,
    USInt,
    Word,
)
from control.text import Char, String, WChar, WString


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


TAGS: Mapping[str, type[Tag[Any]]] = {
    kind.__name__: kind
    for kind in (
        *(Bool, Byte, Word, DWord, LWord, SInt, Int, DInt, LInt, USInt, UInt, UDInt, ULInt, Real, LReal),
        *(Char, WChar, Time, LTime, S5Time, Date, TimeOfDay, LTimeOfDay, DateAndTime, LDT, DTL),
        *(String, WString),
    )
}
"""The tag classes of the types that are taken over, by name."""

LENGTHY = ("String", "WString")

TIA: Mapping[str, str] = {
    "TimeOfDay": "Time_Of_Day",
    "LTimeOfDay": "LTime_Of_Day",
    "DateAndTime": "Date_And_Time",
}
"""What TIA Portal calls our types, where that differs."""

SPELLINGS: Mapping[str, str] = {
    **{TIA.get(name, name).lower(): name for name in TAGS},
    "tod": "TimeOfDay",
    "ltod": "LTimeOfDay",
    "dt": "DateAndTime",
    "date_and_ltime": "LDT",
}
"""Our types by TIA Portal's names, in lower case."""


def tag_of(kind: Elementary) -> Tag[Any]:
    """A tag of an elementary type."""
    tag: Any = TAGS[kind.name]
    return tag(kind.length) if kind.name in LENGTHY else tag()


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
        tag = tag_of(kind)
        if isinstance(tag, Bool):
            place = self.byte, self.bit
            self.byte, self.bit = (self.byte + 1, 0) if self.bit == 7 else (self.byte, self.bit + 1)
            return place
        self.align(tag.align)
        place = self.byte, 0
        self.byte += tag.size
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
    small = isinstance(array.of, Elementary) and tag_of(array.of).align == 1
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
