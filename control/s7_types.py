"""Every S7 type a tag can have, by its name in TIA Portal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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

TYPES: dict[str, Callable[..., Tag[Any]]] = {
    kind.__name__: kind
    for kind in (
        *(Bool, Byte, Word, DWord, LWord, SInt, Int, DInt, LInt, USInt, UInt, UDInt, ULInt, Real, LReal),
        *(
            Char,
            WChar,
            String,
            WString,
            Time,
            LTime,
            S5Time,
            Date,
            TimeOfDay,
            LTimeOfDay,
            DateAndTime,
            LDT,
            DTL,
        ),
    )
}
"""Every S7 type by its name."""
