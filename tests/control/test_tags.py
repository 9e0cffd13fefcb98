"""Tags: every S7 type against python-snap7's own conversions, layout by S7's rules, refusals, comparisons."""

from __future__ import annotations

import datetime as dt
import math
import re
import struct
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snap7 import util

from control import moment, tag, text
from control.block import DataBlock, with_value
from control.errors import DefinitionError, ValueRefused
from control.moment import DTL, LDT, Date, DateAndTime, LTime, LTimeOfDay, S5Time, Time, TimeOfDay
from control.tag import (
    Bool,
    Byte,
    DInt,
    DWord,
    Int,
    Integer,
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

INTEGERS: dict[type[Integer], tuple[str, int, int, int]] = {
    Byte: ("byte", 1, 0, 255),
    Word: ("word", 2, 0, 65_535),
    DWord: ("dword", 4, 0, 4_294_967_295),
    LWord: ("lword", 8, 0, 18_446_744_073_709_551_615),
    SInt: ("sint", 1, -128, 127),
    Int: ("int", 2, -32_768, 32_767),
    DInt: ("dint", 4, -2_147_483_648, 2_147_483_647),
    LInt: ("lint", 8, -9_223_372_036_854_775_808, 9_223_372_036_854_775_807),
    USInt: ("usint", 1, 0, 255),
    UInt: ("uint", 2, 0, 65_535),
    UDInt: ("udint", 4, 0, 4_294_967_295),
    ULInt: ("ulint", 8, 0, 18_446_744_073_709_551_615),
    LTime: ("lint", 8, -9_223_372_036_854_775_808, 9_223_372_036_854_775_807),
    LDT: ("lint", 8, -9_223_372_036_854_775_808, 9_223_372_036_854_775_807),
    LTimeOfDay: ("ulint", 8, 0, 86_399_999_999_999),
}
"""python-snap7's name, bytes and range of every integer type, from the S7-1500 manual."""

LATIN = st.text(st.characters(max_codepoint=255), max_size=10)
UTF16 = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=("Cs",)), max_size=10)
MOMENTS = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2262, 4, 11, 23, 47, 16, 854_775))
MILLISECONDS = st.builds(
    lambda moment, ms: moment.replace(microsecond=1000 * ms),
    st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2089, 12, 31)),
    st.integers(0, 999),
)
DAYS = st.builds(
    lambda ms: (dt.datetime.min + dt.timedelta(milliseconds=ms)).time(), st.integers(0, 86_399_999)
)


def placed(made: Tag[Any], byte: int = 0) -> Tag[Any]:
    """A tag with an address and a name, as a block gives it."""
    made.path = made.name = "status.level"
    made.place(byte, 0)
    return made


def since_midnight(value: dt.time) -> dt.timedelta:
    """A time of day as python-snap7 gives it."""
    return dt.datetime.combine(dt.date.min, value) - dt.datetime.min


def s5_text(value: float) -> str:
    """A duration as python-snap7 gives it."""
    return str(dt.timedelta(milliseconds=round(1000 * value)))


def duration(text: str) -> float:
    """days:hours:minutes:seconds.ms, as python-snap7 gives a TIME, in s."""
    days, hours, minutes, seconds = re.split(":", text.removeprefix("-"))
    total = ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(seconds)
    return round(-total if text.startswith("-") else total, 3)


class Peer(NamedTuple):
    """How python-snap7 reads one of our types, and the values to try."""

    made: Any
    values: st.SearchStrategy[Any]
    get: Any
    same: Any = staticmethod(lambda value: value)


REALS = st.floats(allow_nan=False, allow_infinity=False, width=32)
PEERS = {
    "Real": Peer(Real(), REALS, util.get_real),
    "LReal": Peer(LReal(), st.floats(allow_nan=False, allow_infinity=False), util.get_lreal),
    "Char": Peer(Char(), st.characters(max_codepoint=255), util.get_char),
    "WChar": Peer(WChar(), st.characters(max_codepoint=0xFFFF, exclude_categories=("Cs",)), util.get_wchar),
    "String": Peer(String(10), LATIN, util.get_string),
    "WString": Peer(WString(10), UTF16, util.get_wstring),
    "Time": Peer(
        Time(),
        st.integers(-(2**31), 2**31 - 1).map(lambda ms: ms / 1000),
        lambda raw, at: duration(util.get_time(raw, at)),
    ),
    "S5Time": Peer(
        S5Time(),
        st.tuples(st.integers(0, 999), st.sampled_from([0.01, 0.1, 1.0, 10.0])).map(
            lambda p: round(p[0] * p[1], 2)
        ),
        util.get_s5time,
        s5_text,
    ),
    "Date": Peer(Date(), st.dates(dt.date(1990, 1, 1), dt.date(2168, 12, 31)), util.get_date),
    "TimeOfDay": Peer(TimeOfDay(), DAYS, util.get_tod, since_midnight),
    "DateAndTime": Peer(DateAndTime(), MILLISECONDS, util.get_date_time_object),
    "DTL": Peer(DTL(), MOMENTS, util.get_dtl),
}


@pytest.mark.parametrize("kind", INTEGERS)
@given(data=st.data())
def test_integers_go_to_bytes_and_back_as_python_snap7_reads_them(
    kind: type[Integer], data: st.DataObject
) -> None:
    name, size, low, high = INTEGERS[kind]
    value = data.draw(st.integers(low, high) | st.sampled_from([low, high]))
    raw = bytearray(b"\xa5" * (size + 4))
    made = placed(kind(), 2)
    raw[2 : 2 + size] = made.encode(value)
    assert made.size == size
    assert made.decode(bytes(raw)) == value
    assert getattr(util, f"get_{name}")(raw, 2) in (value, bytes([value & 255]))


@pytest.mark.parametrize("kind", INTEGERS)
def test_integers_refuse_what_lies_beyond_their_range(kind: type[Integer]) -> None:
    _, _, low, high = INTEGERS[kind]
    for value in (low - 1, high + 1, 10**400):
        with pytest.raises(
            ValueRefused, match=rf"status.level \({kind.__name__}\): wanted {low} to {high}, got {value}"
        ):
            placed(kind()).encode(value)
    for value in (1.0, True, "1", None, math.nan):
        with pytest.raises(ValueRefused, match=f"wanted an integer, got {value!r}"):
            placed(kind()).encode(value)


@pytest.mark.parametrize("name", PEERS)
@given(data=st.data())
def test_values_go_to_bytes_and_back_as_python_snap7_reads_them(name: str, data: st.DataObject) -> None:
    peer = PEERS[name]
    made = placed(peer.made, 2)
    value = data.draw(peer.values)
    raw = bytearray(2) + made.encode(value) + b"\xa5\xa5"
    assert len(raw) == made.size + 4
    assert made.decode(bytes(raw)) == value
    assert peer.get(raw, 2) == peer.same(value)


SETTERS = {
    "DTL": (util.set_dtl, DTL(), dt.datetime(2024, 2, 29, 23, 59, 58, 123_456)),
    "DateAndTime": (util.set_dt, DateAndTime(), dt.datetime(2031, 11, 2, 1, 2, 3, 45_000)),
    "Date": (util.set_date, Date(), dt.date(2024, 3, 27)),
    "Real": (util.set_real, Real(), 1.5),
    "LInt": (util.set_lint, LInt(), -(2**40)),
    "WChar": (util.set_wchar, WChar(), "ß"),
}


@pytest.mark.parametrize("name", SETTERS)
def test_python_snap7_writes_the_same_bytes(name: str) -> None:
    put, made, value = SETTERS[name]
    raw = bytearray(made.size)
    put(raw, 0, value)
    assert placed(made).encode(value) == raw


WRONG: list[tuple[Tag[Any], Any, str]] = [
    (Real(unit="m/s"), math.nan, "wanted a finite number m/s, got nan"),
    (Real(unit="m/s"), math.inf, "wanted a finite number m/s, got inf"),
    (Real(unit="m/s"), "1", "wanted a finite number m/s, got '1'"),
    (Real(), 1e39, "wanted a number of at most 3.4028235e38, got 1e+39"),
    (Real(), 10**400, "wanted a finite number, got 1000"),
    (LReal(), -(10**400), "wanted a finite number, got -1000"),
    (Real(low=0.0, high=2.0, unit="m/s"), 2.5, "wanted 0.0 to 2.0 m/s, got 2.5"),
    (Real(low=0.0), -1.0, "wanted at least 0.0, got -1.0"),
    (Int(high=5), 6, "wanted at most 5, got 6"),
    (Int(raw=(0, 27648), low=0.0, high=2.0, unit="m/s"), 2.01, "wanted 0.0 to 2.0 m/s, got 2.01"),
    (Int(raw=(0, 27648), low=0.0, high=2.0, unit="m/s"), math.nan, "wanted a number m/s, got nan"),
    (Int(raw=(0, 27648), low=0.0, high=2.0), 10**400, "wanted a number, got 1000"),
    (Int(raw=(0, 27648), low=0.0, high=2.0), True, "wanted a number, got True"),
    (Time(), 2_147_483.648, "wanted -2147483.648 to 2147483.647 s, got 2147483.648"),
    (Time(), math.nan, "wanted -2147483.648 to 2147483.647 s, got nan"),
    (Time(), 10**400, "wanted -2147483.648 to 2147483.647 s, got 1000"),
    (S5Time(), 9991.0, "wanted 0 to 9990 s, got 9991.0"),
    (S5Time(), -0.1, "wanted 0 to 9990 s, got -0.1"),
    (Date(), dt.date(1989, 12, 31), "wanted 1990-01-01 to 2169-06-06"),
    (Date(), dt.datetime(2024, 1, 1), "wanted a datetime.date"),
    (TimeOfDay(), 1.0, "wanted a datetime.time, got 1.0"),
    (DateAndTime(), dt.datetime(2090, 1, 1), "wanted a datetime.datetime of 1990 to 2089"),
    (DTL(), dt.datetime(1969, 12, 31), "wanted a datetime.datetime of 1970-01-01 to 2262-04-11"),
    (DTL(), dt.datetime(2262, 4, 12), "wanted a datetime.datetime of 1970-01-01 to 2262-04-11"),
    (Char(), "", "wanted exactly one character, got ''"),
    (Char(), "ab", "wanted at most 1 characters, got 'ab'"),
    (Char(), "€", "wanted characters of ISO 8859-1, got '€'"),
    (WChar(), "🤖", "wanted at most 1 characters"),
    (String(3), "abcd", "wanted at most 3 characters, got 'abcd'"),
    (String(3), b"abc", "wanted a text, got b'abc'"),
    (WString(2), "🤖a", "wanted at most 2 characters"),
    (WString(2), "\ud800", "wanted characters of Unicode"),
]


@pytest.mark.parametrize(
    ("made", "value", "message"), WRONG, ids=lambda it: re.sub(r"\W+", " ", repr(it))[:30]
)
def test_a_refusal_names_tag_type_wanted_got_and_unit(made: Tag[Any], value: Any, message: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        placed(made).encode(value)
    assert str(refused.value).startswith(f"status.level ({made.kind}): {message}")


IN_THE_PLC: list[tuple[Tag[Any], bytes, str]] = [
    (S5Time(), b"\x0a\xbc", "in the PLC, got '16#ABC'"),
    (TimeOfDay(), b"\xff\xff\xff\xff", "0 to 86399999 ms in the PLC"),
    (DateAndTime(), bytes(8), "a date and time in the PLC"),
    (DateAndTime(), b"\xff" * 8, "decimal digits .BCD. in the PLC"),
    (DTL(), bytes(12), "a date and time in the PLC"),
]


@pytest.mark.parametrize(("made", "raw", "message"), IN_THE_PLC)
def test_bytes_in_the_plc_that_are_no_value_are_refused_when_read(
    made: Tag[Any], raw: bytes, message: str
) -> None:
    with pytest.raises(ValueRefused, match=rf"status.level \({made.kind}\): wanted .*{message}"):
        placed(made).decode(raw)


def test_a_text_in_the_plc_longer_than_declared_is_cut() -> None:
    assert placed(String(3)).decode(b"\x0a\x0aabcdefgh") == "abc"


RAW = st.sampled_from([Int, DInt, UInt, LInt, ULInt]).flatmap(
    lambda kind: st.tuples(
        st.just(kind),
        st.lists(st.integers(*INTEGERS[kind][2:]), min_size=2, max_size=2, unique=True).map(tuple),
        st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=2, max_size=2, unique=True).map(
            sorted
        ),
    )
)


@given(RAW, st.data())
def test_scaling_is_exact_at_its_ends_and_right_to_half_a_digit_between(
    scale: tuple[type[Integer], tuple[int, int], list[float]], data: st.DataObject
) -> None:
    kind, raw, (low, high) = scale
    made: Any = placed(kind(raw=raw, low=low, high=high))
    pack = struct.Struct(">" + kind.code)
    for number, value in zip(raw, (low, high), strict=True):
        assert made.encode(value) == pack.pack(number)
        assert made.decode(pack.pack(number)) == value
    value = data.draw(st.floats(low, high))
    exact = raw[0] + (value - low) * (raw[1] - raw[0]) / (high - low)
    digit = abs(made.to_raw(value) - exact)
    assert digit <= 0.5 + abs(raw[1] - raw[0]) * 1e-12
    number = data.draw(st.integers(min(raw), max(raw)))
    assert made.encode(made.decode(pack.pack(number))) is not None


def test_a_scaled_value_goes_on_along_the_line_beyond_its_range() -> None:
    level: Any = placed(Int(raw=(0, 27648), low=0.0, high=10.0))
    assert level.decode(struct.pack(">h", 27648 + 2765)) == pytest.approx(11.0, abs=1e-3)
    assert level.decode(struct.pack(">h", -27648)) == pytest.approx(-10.0)


@pytest.mark.parametrize(
    ("raw", "low", "high", "message"),
    [
        ((0, 27648), None, 1.0, "needs low < high"),
        ((0, 27648), 1.0, 1.0, "needs low < high"),
        ((0, 27648), 0.0, math.inf, "needs low < high"),
        ((5, 5), 0.0, 1.0, "wanted two different values in -32768 to 32767"),
        ((0, 32768), 0.0, 1.0, "wanted two different values in -32768 to 32767"),
    ],
)
def test_a_scale_that_cannot_be_is_refused(raw: tuple[int, int], low: Any, high: Any, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        Int(raw=raw, low=low, high=high)


def test_only_integers_are_scaled() -> None:
    with pytest.raises(DefinitionError, match="Real: raw= scales integers"):
        Real(raw=(0, 1), low=0.0, high=1.0)


def test_every_type_is_covered_here() -> None:
    kinds = {
        kind.__name__
        for module in (tag, moment, text)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Tag) and not kind.__name__.startswith("_")
    }
    made = {kind.__name__ for kind in INTEGERS} | {*PEERS, "Bool", "Comparison"}
    assert kinds - made == {"Tag", "Numeric", "Integer", "Float"}


@given(st.integers(0, 7), st.integers(0, 255), st.booleans())
def test_a_normally_closed_contact_is_true_while_its_bit_is_0(bit: int, byte: int, value: bool) -> None:
    closed = type("Block", (DataBlock,), {"stop": Bool(f"0.{bit}", normally_closed=True)})
    tag, raw = closed.tags["stop"], bytes([byte])
    assert tag.decode(raw) is (byte >> bit & 1 == 0)
    written = with_value(raw, tag, value)
    assert tag.decode(written) is value
    assert written[0] | 1 << bit == byte | 1 << bit
