"""Tags: typed names of bytes in a PLC, in the S7 types and their spelling in TIA Portal.

A tag converts between bytes as S7 stores them (big-endian) and Python values. Sizes, alignment and ranges are
those of blocks with standard (non-optimized) access; see the table `docs/reference/tags.md`, which is made
from here.
"""

from __future__ import annotations

import copy
import math
import struct
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar, overload

from control.errors import DefinitionError, ValueRefused
from control.shared import Shared

if TYPE_CHECKING:
    from control.block import DataBlock

T = TypeVar("T")


class Tag(Shared, Generic[T]):
    """A typed name of bytes in a block.

    `address` is "byte.bit" inside the block ("byte" for all but Bool); without one the tag is laid out after
    its predecessor by S7's rules. `unit` is for people; `low` and `high` bound what may be written, in that
    unit. `raw` scales: the PLC's integer range that stands for `low`..`high`. For written tags `safe` is the
    value that brings the plant to rest (default: zero), and `stored` keeps the tag at its ordered value while
    the cell waits (default: the safe value applies), as lamps and handshake bits need. `symbol` is its name
    in the PLC's program where that is another, `start` its start value there, which a simulated PLC has after
    a cold start.
    """

    size: int = 0
    """Bytes in the block."""
    align: int = 2
    """The address is a multiple of this."""
    initial: Any = 0

    name = "unnamed"
    path = "unnamed"
    byte = 0
    bit = 0

    def __init__(
        self,
        address: str | None = None,
        *,
        unit: str = "",
        low: Any = None,
        high: Any = None,
        raw: tuple[int, int] | None = None,
        safe: Any = None,
        stored: bool = False,
        symbol: str = "",
        start: Any = None,
    ) -> None:
        self.address, self.unit, self.low, self.high, self.raw = address, unit, low, high, raw
        self.symbol, self.start = symbol, start
        self.safe = self.initial if safe is None else safe
        self.stored = stored
        if raw is not None:
            raise DefinitionError(f"{self.kind}: raw= scales integers; this type has none")

    @property
    def kind(self) -> str:
        """The type as TIA Portal writes it."""
        return type(self).__name__

    def __set_name__(self, owner: type, name: str) -> None:
        if self.name == "unnamed":
            self.name = self.path = name

    @overload
    def __get__(self, block: None, owner: type) -> Tag[T]: ...
    @overload
    def __get__(self, block: DataBlock, owner: type) -> T: ...
    def __get__(self, block: DataBlock | None, owner: type | None = None) -> Tag[T] | T:
        if block is None:
            return self
        block._scan.reads |= self.bit
        return self.decode(block._raw)

    def __set__(self, block: DataBlock, value: T) -> None:
        setattr(block, self.name, value)

    def decode(self, raw: bytes) -> T:
        """The value in the block's bytes `raw`."""
        raise NotImplementedError

    def encode(self, value: Any) -> bytes:
        """The tag's bytes for `value`. ValueRefused if it does not fit."""
        raise NotImplementedError

    def place(self, byte: int, bit: int) -> None:
        """Give the tag its address."""
        self.byte = byte
        if bit:
            raise DefinitionError(f"{self.path}: address {byte}.{bit}: a {self.kind} starts at a whole byte")

    def bound(self, path: str, bit: int) -> Self:
        """A copy for one block of one cell, with its full name and its bit in the scan."""
        twin = copy.copy(self)
        twin.path, twin.bit = path, bit
        return twin

    def refuse(self, value: object, wanted: str) -> NoReturn:
        """Raise the error for a value that does not fit."""
        unit = f" {self.unit}" if self.unit else ""
        raise ValueRefused(f"{self.path} ({self.kind}): wanted {wanted}{unit}, got {value!r}")

    def check_range(self, value: Any) -> None:
        """ValueRefused if `value` is outside low..high."""
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            if self.low is None or self.high is None:
                self.refuse(value, f"at most {self.high}" if self.low is None else f"at least {self.low}")
            self.refuse(value, f"{self.low} to {self.high}")

    def __repr__(self) -> str:
        return f"{self.path}: {self.kind} at {self.byte}.{getattr(self, 'bit_in_byte', 0)}"


class Bool(Tag[bool]):
    """One bit. `normally_closed`: the bit is 0 while the tag is True, as with a contact that opens."""

    size = 1
    align = 1
    initial = False
    bit_in_byte = 0
    mask = 1
    idle = 0
    """The bit, in its place, while the tag is False."""

    def __init__(self, address: str | None = None, *, normally_closed: bool = False, **options: Any) -> None:
        super().__init__(address, **options)
        self.normally_closed = normally_closed

    if not TYPE_CHECKING:  # the hot path: no call into decode

        def __get__(self, block, owner=None):
            if block is None:
                return self
            block._scan.reads |= self.bit
            return block._raw[self.byte] & self.mask != self.idle

    def place(self, byte: int, bit: int) -> None:
        self.byte, self.bit_in_byte, self.mask = byte, bit, 1 << bit
        self.idle = self.mask if self.normally_closed else 0

    def decode(self, raw: bytes) -> bool:
        return raw[self.byte] & self.mask != self.idle

    def encode(self, value: Any) -> bytes:
        raise TypeError("a Bool shares its byte; assign it")


class Comparison(Tag[bool]):
    """Whether a numeric tag is above or below a limit: read as a Bool, it changes only when the limit is
    crossed.
    """

    align = 1

    def __init__(self, source: Tag[Any], limit: float, *, above: bool) -> None:
        super().__init__()
        self.source, self.limit, self.is_above = source, limit, above

    def decode(self, raw: bytes) -> bool:
        value = self.source.decode(raw)
        return value > self.limit if self.is_above else value < self.limit


def is_finite(value: object) -> bool:
    """Whether a value is a number that a float can hold."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


class Numeric(Tag[T]):
    """A number; `code` is its format for `struct`."""

    code: ClassVar[str]

    def above(self, limit: float) -> Comparison:
        """A Bool: the value is greater than `limit` (in the tag's unit)."""
        return Comparison(self, limit, above=True)

    def below(self, limit: float) -> Comparison:
        """A Bool: the value is less than `limit` (in the tag's unit)."""
        return Comparison(self, limit, above=False)

    def decode(self, raw: bytes) -> Any:
        return self._unpack(raw, self.byte)[0]

    def __init_subclass__(cls) -> None:
        if code := getattr(cls, "code", ""):
            cls.size = struct.calcsize(">" + code)
            cls.align = min(cls.size, 2)
            cls._struct = struct.Struct(">" + code)

    _struct: ClassVar[struct.Struct]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._unpack = self._struct.unpack_from


class Integer(Numeric[int]):
    """A whole number, or with `raw` a scaled one."""

    if TYPE_CHECKING:

        @overload
        def __new__(
            cls,
            address: str | None = None,
            *,
            unit: str = "",
            low: int | None = None,
            high: int | None = None,
            safe: int = 0,
            stored: bool = False,
            symbol: str = "",
            start: int | None = None,
        ) -> Self: ...
        @overload
        def __new__(
            cls,
            address: str | None = None,
            *,
            raw: tuple[int, int],
            low: float,
            high: float,
            unit: str = "",
            safe: float = 0.0,
            stored: bool = False,
            symbol: str = "",
            start: float | None = None,
        ) -> Numeric[float]: ...
        def __new__(cls, *args: Any, **options: Any) -> Any: ...

    def __init__(
        self, address: str | None = None, *, raw: tuple[int, int] | None = None, **options: Any
    ) -> None:
        super().__init__(address, **options)
        bits, signed = 8 * self.size, self.code.islower()
        self.smallest = -(1 << (bits - 1)) if signed else 0
        self.largest = (1 << (bits - 1 if signed else bits)) - 1
        self.raw = raw
        if raw is not None:
            self._check_scale(raw)

    def _check_scale(self, raw: tuple[int, int]) -> None:
        low, high = self.low, self.high
        if low is None or high is None or not 0 < high - low < math.inf:
            raise DefinitionError(
                f"{self.kind}: raw={raw} needs low < high in the tag's unit, got {low} and {high}"
            )
        self.low, self.high = float(low), float(high)
        if raw[0] == raw[1] or not all(self.smallest <= r <= self.largest for r in raw):
            raise DefinitionError(
                f"{self.kind}: raw={raw}: wanted two different values in {self.smallest} to {self.largest}"
            )

    def decode(self, raw: bytes) -> Any:
        number = self._unpack(raw, self.byte)[0]
        return number if self.raw is None else self.from_raw(number)

    def from_raw(self, number: int) -> float:
        """A scaled value from the PLC's integer; beyond the raw range it goes on along the line."""
        assert self.raw is not None
        r0, r1 = self.raw
        share = (number - r0) / (r1 - r0)
        if share == 1:
            return self.high
        value = self.low + share * (self.high - self.low)
        return min(value, self.high) if share < 1 else value

    def to_raw(self, value: float) -> int:
        """The PLC's integer nearest to a scaled value."""
        assert self.raw is not None
        r0, r1 = self.raw
        share = (value - self.low) / (self.high - self.low)
        return r1 if share == 1 else r0 + round(share * (r1 - r0))

    def encode(self, value: Any) -> bytes:
        if self.raw is not None:
            if not is_finite(value):
                self.refuse(value, "a number")
            self.check_range(value)
            return self._struct.pack(self.to_raw(value))
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse(value, "an integer")
        if not self.smallest <= value <= self.largest:
            self.refuse(value, f"{self.smallest} to {self.largest}")
        self.check_range(value)
        return self._struct.pack(value)


class Byte(Integer):
    """8 bits, as an unsigned integer."""

    code = "B"


class Word(Integer):
    """16 bits, as an unsigned integer."""

    code = "H"


class DWord(Integer):
    """32 bits, as an unsigned integer."""

    code = "I"


class LWord(Integer):
    """64 bits, as an unsigned integer."""

    code = "Q"


class SInt(Integer):
    """8-bit signed integer."""

    code = "b"


class Int(Integer):
    """16-bit signed integer."""

    code = "h"


class DInt(Integer):
    """32-bit signed integer."""

    code = "i"


class LInt(Integer):
    """64-bit signed integer."""

    code = "q"


class USInt(Integer):
    """8-bit unsigned integer."""

    code = "B"


class UInt(Integer):
    """16-bit unsigned integer."""

    code = "H"


class UDInt(Integer):
    """32-bit unsigned integer."""

    code = "I"


class ULInt(Integer):
    """64-bit unsigned integer."""

    code = "Q"


class Float(Numeric[float]):
    """A floating-point number; finite when written."""

    initial = 0.0

    def encode(self, value: Any) -> bytes:
        if not is_finite(value):
            self.refuse(value, "a finite number")
        self.check_range(value)
        try:
            return self._struct.pack(value)
        except OverflowError:
            self.refuse(value, "a number of at most 3.4028235e38")


class Real(Float):
    """32-bit IEEE 754 number."""

    code = "f"


class LReal(Float):
    """64-bit IEEE 754 number."""

    code = "d"
