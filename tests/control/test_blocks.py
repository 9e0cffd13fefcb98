"""Data blocks: layout by S7's rules, neighbours, change detection, and where a controller puts them."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.block import ChangeTable, DataBlock, mask_of, reads, with_value, writes
from control.controller import Program
from control.errors import DefinitionError, UnknownName, ValueRefused
from control.moment import DTL, Date, DateAndTime, LTime, Time
from control.scan import Scan
from control.tag import Bool, Byte, DInt, DWord, Int, LReal, Real, SInt, Tag, UDInt, USInt, Word
from control.text import Char, String, WChar, WString

LAID_OUT: list[tuple[Sequence[tuple[str, Tag[Any]]], dict[str, str], int]] = [
    ([("a", Bool()), ("b", Bool()), ("c", Int())], {"a": "0.0", "b": "0.1", "c": "2.0"}, 4),
    (
        [(n, Bool()) for n in "abcdefghi"] + [("z", Bool())],
        {"a": "0.0", "h": "0.7", "i": "1.0", "z": "1.1"},
        2,
    ),
    (
        [("a", Bool()), ("b", Byte()), ("c", Bool()), ("d", Word())],
        {"a": "0.0", "b": "1.0", "c": "2.0", "d": "4.0"},
        6,
    ),
    (
        [("a", Byte()), ("b", SInt()), ("c", Char()), ("d", DInt())],
        {"a": "0.0", "b": "1.0", "c": "2.0", "d": "4.0"},
        8,
    ),
    ([("a", USInt()), ("b", LReal()), ("c", Byte())], {"a": "0.0", "b": "2.0", "c": "10.0"}, 11),
    (
        [("a", Byte()), ("b", String(5)), ("c", Byte()), ("d", String(4)), ("e", Bool())],
        {"a": "0.0", "b": "2.0", "c": "9.0", "d": "10.0", "e": "16.0"},
        17,
    ),
    ([("a", Bool()), ("b", DTL()), ("c", Bool()), ("d", Time())], {"b": "2.0", "c": "14.0", "d": "16.0"}, 20),
    ([("a", Byte()), ("b", WString(3)), ("c", WChar())], {"b": "2.0", "c": "12.0"}, 14),
    (
        [("a", Bool("4.6")), ("b", Bool()), ("c", Bool()), ("d", Int())],
        {"a": "4.6", "b": "4.7", "c": "5.0", "d": "6.0"},
        8,
    ),
    ([("a", Int("6")), ("b", Byte("2.0")), ("c", Byte())], {"a": "6.0", "b": "2.0", "c": "3.0"}, 8),
    (
        [("a", Bool()), ("b", LTime()), ("c", Date()), ("d", DateAndTime())],
        {"b": "2.0", "c": "10.0", "d": "12.0"},
        20,
    ),
]
"""Blocks as STEP 7 lays them out: Bools share a byte, bytes follow at once, the rest is at even bytes."""


@pytest.mark.parametrize(("tags", "addresses", "size"), LAID_OUT)
def test_tags_lie_where_s7_puts_them(
    tags: Sequence[tuple[str, Tag[Any]]], addresses: dict[str, str], size: int
) -> None:
    block = type("Block", (DataBlock,), dict(tags))
    found = {name: f"{made.byte}.{getattr(made, 'bit_in_byte', 0)}" for name, made in block.tags.items()}
    assert {name: found[name] for name in addresses} == addresses
    assert block.size == size


def test_a_subclass_goes_on_after_its_base() -> None:
    class Base(DataBlock):
        a = Bool("0.0")
        b = Byte()

    class More(Base):
        c = Int()

    assert (More.c.byte, More.size, list(More.tags)) == (2, 4, ["a", "b", "c"])


OVERLAPS: list[tuple[Tag[Any], Tag[Any], str]] = [
    (Int("0"), Int("1"), r"two \(Int\) overlaps one \(Int\) at 1.0"),
    (Bool("3.4"), Bool("3.4"), r"two \(Bool\) overlaps one \(Bool\) at 3.4"),
    (DWord("0"), Bool("2.5"), r"two \(Bool\) overlaps one \(DWord\) at 2.5"),
    (String(4, "0"), Byte("5"), r"two \(Byte\) overlaps one \(String\[4\]\) at 5.0"),
]


@pytest.mark.parametrize(("first", "second", "message"), OVERLAPS)
def test_an_overlap_is_refused_with_both_names_and_the_address(
    first: Tag[Any], second: Tag[Any], message: str
) -> None:
    with pytest.raises(DefinitionError, match=f"Block: {message}"):
        type("Block", (DataBlock,), {"one": first, "two": second})


@pytest.mark.parametrize("address", ["", "x", "-1", "1.8", "1.", ".1", "1.2.3", 2.1, "DB1.DBX0.0"])
def test_an_address_that_is_none_is_refused(address: Any) -> None:
    with pytest.raises(DefinitionError, match="ready: wanted an address byte.bit, as '2.0'"):
        type("Block", (DataBlock,), {"ready": Bool(address)})


def test_a_number_starts_at_a_whole_byte_and_a_bit_says_which() -> None:
    with pytest.raises(DefinitionError, match="level: address 2.1: a Int starts at a whole byte"):
        type("Block", (DataBlock,), {"level": Int("2.1")})
    with pytest.raises(DefinitionError, match="ready: wanted an address byte.bit"):
        type("Block", (DataBlock,), {"ready": Bool("2")})


@pytest.mark.parametrize(
    "name", ["good", "values", "size", "first", "tags", "comparisons", "slot", "_raw", "_scan", "_bit"]
)
def test_names_with_a_meaning_of_their_own_are_refused(name: str) -> None:
    with pytest.raises(DefinitionError, match=rf"Block.{name}: .*choose another"):
        type("Block", (DataBlock,), {name: Bool("0.0")})


# blocks in use


class Mixed(DataBlock):
    """Every kind of neighbour."""

    flag = Bool("0.0")
    other = Bool("0.1")
    level = Int("2", unit="mm")
    count = UDInt("4")
    speed = Int("8", raw=(0, 27648), low=0.0, high=2.0, unit="m/s")
    moving = speed.above(0.05)
    slow = speed.below(0.5)
    name = String(3, "10")
    weight = Real("16", unit="kg")
    late = Bool("0.7")


PATTERNS: dict[str, st.SearchStrategy[Any]] = {
    "flag": st.booleans(),
    "other": st.booleans(),
    "late": st.booleans(),
    "level": st.integers(-32_768, 32_767),
    "count": st.integers(0, 2**32 - 1),
    "speed": st.floats(0.0, 2.0),
    "name": st.text("abc", max_size=3),
    "weight": st.floats(allow_nan=False, allow_infinity=False, width=32),
}


@given(st.binary(min_size=20, max_size=20), st.sampled_from(sorted(PATTERNS)), st.data())
def test_writing_one_tag_touches_no_other_bit(raw: bytes, name: str, data: st.DataObject) -> None:
    block = Mixed(Scan())
    object.__setattr__(block, "_raw", raw)
    made = Mixed.tags[name]
    setattr(block, name, data.draw(PATTERNS[name]))
    own = int.from_bytes(mask_of([made], Mixed.size), "big")
    before, after = int.from_bytes(raw, "big"), int.from_bytes(block._raw, "big")
    assert before & ~own == after & ~own
    assert with_value(raw, made, getattr(block, name)) == block._raw


def test_misspelt_names_are_refused_with_the_nearest() -> None:
    block: Any = Mixed()
    with pytest.raises(UnknownName, match="Mixed has no tag 'levle'; did you mean 'level'?"):
        block.levle = 3
    with pytest.raises(UnknownName, match="Mixed has no tag 'movin'; did you mean 'moving'?"):
        _ = block.movin


def test_a_comparison_is_read_and_never_written() -> None:
    block: Any = Mixed()
    with pytest.raises(ValueRefused, match="moving: a comparison of speed is read, never written"):
        block.moving = True


def test_a_comparison_is_of_a_tag_of_its_block() -> None:
    with pytest.raises(DefinitionError, match="Block.moving: compares a tag that is not in this block"):
        type("Block", (DataBlock,), {"moving": Int("0").above(3)})


class Slotted(Program):
    """The block as a controller reads it."""

    mixed = reads("plc", Mixed, db=1)


IMAGES = st.binary(min_size=Mixed.size, max_size=Mixed.size)


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Two images that differ in few bytes."""
    old = bytearray(draw(IMAGES))
    new = bytearray(old)
    for at in draw(st.lists(st.integers(0, Mixed.size - 1), max_size=3)):
        new[at] = draw(st.integers(0, 255))
    return bytes(old), bytes(new)


def decoded(made: Tag[Any], raw: bytes) -> Any:
    """A tag's value, comparable even where it is no number."""
    value = made.decode(raw)
    return "nan" if isinstance(value, float) and math.isnan(value) else value


@given(neighbours())
def test_the_change_table_finds_what_decoding_everything_finds(images: tuple[bytes, bytes]) -> None:
    old, new = images
    block = Slotted.mixed
    bits = ChangeTable(block).changed(old, new)
    for made in (*block.tags.values(), *block.comparisons):
        differs = decoded(made, old) != decoded(made, new)
        if isinstance(made, String | Real):
            assert bool(bits & made.bit) >= differs
        else:
            assert bool(bits & made.bit) == differs, made
    touched = [made for made in block.tags.values() if mask_differs(made, old, new)]
    assert not bits & ~sum(made.bit for made in (*touched, *block.comparisons))


def mask_differs(made: Tag[Any], old: bytes, new: bytes) -> bool:
    """Whether the bits of a tag differ."""
    mask = int.from_bytes(mask_of([made], Mixed.size), "big")
    return bool((int.from_bytes(old, "big") ^ int.from_bytes(new, "big")) & mask)


@given(st.lists(st.integers(-5, 30_000), min_size=2, max_size=30))
def test_a_comparison_changes_only_when_its_limit_is_crossed(numbers: list[int]) -> None:
    block = Slotted.mixed
    moving: Any = block.moving
    table, raw = ChangeTable(block), bytes(Mixed.size)
    before = False
    for number in numbers:
        fresh = raw[:8] + struct.pack(">h", number) + raw[10:]
        now = number * 2.0 / 27648 > 0.05
        assert bool(table.changed(raw, fresh) & moving.bit) == (now is not before)
        raw, before = fresh, now


# slots


class Order(DataBlock):
    """Something to write."""

    run = Bool("0.0")
    level = Int("2")


def test_a_class_knows_path_and_bit_of_its_tags() -> None:
    class Two(Program):
        first = reads("plc", Mixed, db=1)
        second = reads("plc", Mixed, db=1, start=20)

    tags = [
        *Two.first.tags.values(),
        *Two.first.comparisons,
        *Two.second.tags.values(),
        *Two.second.comparisons,
    ]
    assert Two.first.level.path == "first.level"
    assert Two.second.moving.path == "second.moving"
    assert sum(made.bit for made in tags) == (1 << len(tags)) - 1
    assert (Mixed.level.path, Mixed.level.bit) == ("level", 0)


def test_a_subclass_adds_its_own_bits() -> None:
    class More(Slotted):
        extra = writes("plc", Order, db=2)

    bits = [
        made.bit for block in (More.mixed, More.extra) for made in (*block.tags.values(), *block.comparisons)
    ]
    assert len(set(bits)) == len(bits)
    assert More.mixed.level is Slotted.mixed.level


def test_several_views_of_one_db_are_fine_as_long_as_each_byte_has_one_writer() -> None:
    class Fine(Program):
        status = reads("plc", Mixed, db=1)
        again = reads("plc", Order, db=1)
        low = writes("plc", Order, db=1)
        high = writes("plc", Order, db=1, start=4)
        other = writes("plc", Order, area="M")

    assert str(Fine.slots["high"].region) == "DB1.DBB4..7"
    with pytest.raises(DefinitionError, match="Wrong: first and second both write DB1.DBB3"):
        type(
            "Wrong",
            (Program,),
            {"first": writes("plc", Order, db=1), "second": writes("plc", Order, db=1, start=3)},
        )


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({}, "wanted either db=number or area="),
        ({"db": 1, "area": "M"}, "wanted either db=number or area="),
        ({"area": "X"}, "wanted either db=number or area="),
        ({"db": 0}, "wanted db=1 to 65535"),
        ({"db": 65536}, "wanted db=1 to 65535"),
        ({"db": 1, "start": -1}, "wanted db=1 to 65535 and start >= 0"),
        ({"db": 1, "max_age": 0.0}, "Order: max_age: wanted more than 0 s"),
        ({"db": 1, "max_age": math.nan}, "Order: max_age: wanted more than 0 s"),
    ],
)
def test_a_place_that_cannot_be_is_refused(place: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        reads("plc", Order, **place)


def test_a_safe_value_must_fit_its_tag() -> None:
    class Level(DataBlock):
        level = Int("0", low=5, high=10)
        speed = Real("2", low=0.0, high=1.0, safe=2.0)

    with pytest.raises(DefinitionError, match=r"Level.level: safe=0: .*wanted 5 to 10, got 0"):
        writes("plc", Level, db=1)
    reads("plc", Level, db=1)
