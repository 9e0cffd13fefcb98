"""Tags that hold durations, dates and times of day."""

from __future__ import annotations

import datetime as dt
import struct
from typing import Any

from control.tag import Integer, Numeric, Tag, is_finite


class LTime(Integer):
    """Signed duration; here an integer in ns, as stored, since a float in s would lose digits."""

    code = "q"


class LTimeOfDay(Integer):
    """Time of day; here an integer in ns since midnight, as stored."""

    code = "Q"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.largest = min(self.largest, 86_400_000_000_000 - 1)


class LDT(Integer):
    """Date and time; here an integer in ns since 1970-01-01 00:00, as stored."""

    code = "q"


class Time(Numeric[float]):
    """Signed duration, stored in ms; here in s."""

    code = "i"
    initial = 0.0

    def decode(self, raw: bytes) -> float:
        return self._unpack(raw, self.byte)[0] / 1000

    def encode(self, value: Any) -> bytes:
        if not is_finite(value) or not -2147483.648 <= value <= 2147483.647:
            self.refuse(value, "-2147483.648 to 2147483.647 s")
        self.check_range(value)
        return self._struct.pack(round(value * 1000))


S5_BASES = (0.01, 0.1, 1.0, 10.0)


class S5Time(Numeric[float]):
    """Duration of S7-300/400 timers: three decimal digits and a base of 10 ms to 10 s; here in s."""

    code = "H"
    initial = 0.0

    def decode(self, raw: bytes) -> float:
        word = self._unpack(raw, self.byte)[0]
        digits = _from_bcd(self, word & 0xFFF, 3)
        return round(digits * S5_BASES[(word >> 12) & 3], 3)

    def encode(self, value: Any) -> bytes:
        if not is_finite(value) or not 0 <= value <= 9990:
            self.refuse(value, "0 to 9990 s")
        self.check_range(value)
        for code, base in enumerate(S5_BASES):
            if (count := round(value / base)) <= 999:
                return self._struct.pack(code << 12 | _to_bcd(count))
        raise AssertionError("9990 s fits the largest base")


def _to_bcd(number: int) -> int:
    return int(str(number), 16)


def _from_bcd(tag: Tag[Any], number: int, digits: int) -> int:
    text = f"{number:0{digits}x}"
    if not text.isdecimal():
        tag.refuse(f"16#{text.upper()}", "decimal digits (BCD) in the PLC")
    return int(text)


class Date(Tag[dt.date]):
    """Calendar date, stored as days since 1990-01-01."""

    size = 2
    first = dt.date(1990, 1, 1)
    initial = first

    def decode(self, raw: bytes) -> dt.date:
        return self.first + dt.timedelta(days=int.from_bytes(raw[self.byte : self.byte + 2], "big"))

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
            self.refuse(value, "a datetime.date")
        days = (value - self.first).days
        if not 0 <= days <= 0xFFFF:
            self.refuse(value, "1990-01-01 to 2169-06-06")
        return days.to_bytes(2, "big")


class TimeOfDay(Tag[dt.time]):
    """Time of day, stored in ms since midnight."""

    size = 4
    initial = dt.time()

    def decode(self, raw: bytes) -> dt.time:
        milliseconds = int.from_bytes(raw[self.byte : self.byte + 4], "big")
        if milliseconds >= 86_400_000:
            self.refuse(milliseconds, "0 to 86399999 ms in the PLC")
        return (dt.datetime.min + dt.timedelta(milliseconds=milliseconds)).time()

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, dt.time):
            self.refuse(value, "a datetime.time")
        seconds = (value.hour * 60 + value.minute) * 60 + value.second
        return (seconds * 1000 + value.microsecond // 1000).to_bytes(4, "big")


class DateAndTime(Tag[dt.datetime]):
    """DATE_AND_TIME: eight bytes of decimal digits, 1990 to 2089, to the ms."""

    size = 8
    initial = dt.datetime(1990, 1, 1)

    def decode(self, raw: bytes) -> dt.datetime:
        digits = _from_bcd(self, int.from_bytes(raw[self.byte : self.byte + 8], "big") >> 4, 15)
        year, month, day, hour, minute, second, ms = _split(digits, (13, 11, 9, 7, 5, 3, 0))
        try:
            century = 1900 if year >= 90 else 2000
            return dt.datetime(century + year, month, day, hour, minute, second, ms * 1000)
        except ValueError as error:
            self.refuse(digits, f"a date and time in the PLC ({error})")

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, dt.datetime) or not 1990 <= value.year <= 2089:
            self.refuse(value, "a datetime.datetime of 1990 to 2089")
        weekday = value.isoweekday() % 7 + 1
        text = f"{value:%y%m%d%H%M%S}{value.microsecond // 1000:03d}{weekday}"
        return bytes.fromhex(text)


def _split(digits: int, places: tuple[int, ...]) -> list[int]:
    parts = []
    for place in places:
        parts.append(digits // 10**place)
        digits %= 10**place
    return parts


class DTL(Tag[dt.datetime]):
    """Date and time in twelve bytes, 1970 to 2262; read to the us (the PLC stores ns)."""

    size = 12
    last = dt.date(2262, 4, 11)
    initial = dt.datetime(1970, 1, 1)
    _struct = struct.Struct(">HBBBBBBI")

    def decode(self, raw: bytes) -> dt.datetime:
        year, month, day, _, hour, minute, second, nanosecond = self._struct.unpack_from(raw, self.byte)
        try:
            return dt.datetime(year, month, day, hour, minute, second, nanosecond // 1000)
        except ValueError as error:
            self.refuse(raw[self.byte : self.byte + 12].hex(" "), f"a date and time in the PLC ({error})")

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, dt.datetime) or not dt.date(1970, 1, 1) <= value.date() <= self.last:
            self.refuse(value, f"a datetime.datetime of 1970-01-01 to {self.last}")
        weekday = value.isoweekday() % 7 + 1
        clock = (value.hour, value.minute, value.second, value.microsecond * 1000)
        return self._struct.pack(value.year, value.month, value.day, weekday, *clock)
