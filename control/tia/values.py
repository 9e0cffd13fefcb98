"""Start values: from TIA Portal's literals to Python's, and back."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from control.tia.model import Elementary, Leaf

TRUE, FALSE = ("true", "1"), ("false", "0")
UNITS = {"d": 86_400_000_000_000, "h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000,
         "ms": 1_000_000, "us": 1_000, "ns": 1}  # fmt: skip
"""ns of the parts of a duration."""
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|ns|d|h|m|s)", re.IGNORECASE)
ESCAPES = {"$$": "$", "$'": "'", "$N": "\n", "$L": "\n", "$R": "\r", "$T": "\t", "$P": "\f"}
ESCAPE = {
    wide: re.compile(rf"\$(\$|'|[NLRTPnlrtp]|[0-9A-Fa-f]{{{4 if wide else 2}}})") for wide in (False, True)
}
"""By whether characters are of 16 bits."""
INTEGERS = (
    "Byte",
    "Word",
    "DWord",
    "LWord",
    "SInt",
    "Int",
    "DInt",
    "LInt",
    "USInt",
    "UInt",
    "UDInt",
    "ULInt",
)


def value_of(leaf: Leaf) -> Any:
    """The start value of a leaf, or None; ConfigurationError if it is none of its type."""
    text = leaf.start.strip()
    if not text:
        return None
    try:
        return _read(leaf.type, text)
    except (ValueError, KeyError, IndexError):
        wanted = f"a start value of type {leaf.type.name}"
        raise leaf.place.refuse(f"{leaf.path}: wanted {wanted}, got {text}") from None


def _read(kind: Elementary, text: str) -> Any:
    name = kind.name
    if name in ("Char", "WChar", "String", "WString"):
        return unescaped(text[text.index("'") + 1 : text.rindex("'")], wide=name.startswith("W"))
    prefix, mark, rest = text.partition("#")
    typed = mark and not prefix.isdecimal()
    plain = rest if typed else text
    if name == "Bool":
        return {**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)}[plain.lower()]
    if name in INTEGERS:
        return whole(plain)
    if name in ("Real", "LReal"):
        return float(plain.replace("_", ""))
    if name in ("Time", "S5Time", "LTime"):
        return duration(plain) if name == "LTime" else duration(plain) / 1e9
    return _moment(name, plain)


def _moment(name: str, text: str) -> Any:
    if name == "Date":
        return dt.date.fromisoformat(text)
    if name in ("TimeOfDay", "LTimeOfDay"):
        clock = _clock(text)
        seconds = (clock.hour * 60 + clock.minute) * 60 + clock.second
        return clock if name == "TimeOfDay" else seconds * 10**9 + clock.microsecond * 1000
    year, month, day, clock = text.split("-", 3)
    moment = dt.datetime.combine(dt.date(int(year), int(month), int(day)), _clock(clock))
    return (
        moment if name != "LDT" else (moment - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1) * 1000
    )


def _clock(text: str) -> dt.time:
    seconds, _, fraction = text.partition(".")
    hour, minute, second = (int(part) for part in seconds.split(":"))
    return dt.time(hour, minute, second, int(fraction[:6].ljust(6, "0") or 0))


def whole(text: str) -> int:
    """A whole number, perhaps with its base: 16#FF."""
    base, mark, digits = text.replace("_", "").partition("#")
    return int(digits, int(base)) if mark else int(base)


def duration(text: str) -> int:
    """A duration such as 1d_2h_3m_4s_5ms, in ns."""
    sign, body = (-1, text[1:]) if text.startswith("-") else (1, text)
    parts = DURATION.findall(body.replace("_", ""))
    if "".join(number + unit for number, unit in parts) != body.replace("_", ""):
        raise ValueError(text)
    return sign * round(sum(float(number) * UNITS[unit.lower()] for number, unit in parts))


def unescaped(text: str, *, wide: bool = False) -> str:
    """A text without TIA Portal's escapes."""
    return ESCAPE[wide].sub(lambda found: ESCAPES.get(found[0].upper()) or chr(int(found[1], 16)), text)


def escaped(text: str, *, wide: bool = False) -> str:
    """A text with them."""
    digits = 4 if wide else 2
    plain = text.replace("$", "$$").replace("'", "$'")
    return "".join(c if c.isprintable() else f"${ord(c):0{digits}X}" for c in plain)


def literal(kind: Elementary, value: Any) -> str:
    """A start value as TIA Portal writes it."""
    name = kind.name
    if name == "Bool":
        return "TRUE" if value else "FALSE"
    if name in ("Char", "String"):
        return f"'{escaped(value)}'"
    if name in ("WChar", "WString"):
        return f"{name.upper()}#'{escaped(value, wide=True)}'"
    if name in ("Time", "S5Time", "LTime"):
        ns = value if name == "LTime" else round(value * 1e9)
        sign, ns = ("-" if ns < 0 else ""), abs(ns)
        parts = [f"{ns // 10**6}ms"] if name != "LTime" else [f"{ns}ns"]
        return (
            f"{ {'Time': 'T', 'S5Time': 'S5T', 'LTime': 'LT'}[name] }#".replace(" ", "")
            + sign
            + "".join(parts)
        )
    if name == "Date":
        return f"D#{value.isoformat()}"
    if name in ("TimeOfDay", "DTL", "DateAndTime"):
        clock = (
            value.isoformat(sep="-", timespec="microseconds")
            if name != "TimeOfDay"
            else value.isoformat(timespec="milliseconds")
        )
        return f"{ {'TimeOfDay': 'TOD', 'DTL': 'DTL', 'DateAndTime': 'DT'}[name] }#".replace(" ", "") + clock
    if name == "LTimeOfDay":
        moment = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=value // 1000)
        return f"LTOD#{moment.time().isoformat(timespec='microseconds')}"
    if name == "LDT":
        moment = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=value // 1000)
        return f"LDT#{moment.isoformat(sep='-', timespec='microseconds')}"
    return repr(value)
