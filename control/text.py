"""Tags that hold text: CHAR, WCHAR, STRING[n], WSTRING[n]."""

from __future__ import annotations

import struct
from typing import Any, ClassVar

from control.errors import DefinitionError
from control.tag import Tag


class _Text(Tag[str]):
    initial = ""
    encoding: ClassVar[str]
    unit_size: ClassVar[int]
    example: ClassVar[str]

    def _characters(self, value: Any, longest: int) -> bytes:
        if not isinstance(value, str):
            self.refuse(value, "a text")
        try:
            data = value.encode(self.encoding)
        except UnicodeEncodeError:
            self.refuse(value, f"characters of {self.example}")
        if len(data) > longest * self.unit_size:
            self.refuse(value, f"at most {longest} characters")
        return data


class Char(_Text):
    """One character of ISO 8859-1."""

    size, align, encoding, unit_size, example = 1, 1, "latin-1", 1, "ISO 8859-1"
    initial = "\0"

    def decode(self, raw: bytes) -> str:
        return raw[self.byte : self.byte + self.size].decode(self.encoding, "replace")

    def encode(self, value: Any) -> bytes:
        data = self._characters(value, 1)
        if len(data) != self.size:
            self.refuse(value, "exactly one character")
        return data


class WChar(Char):
    """One UTF-16 code unit."""

    size, align, encoding, unit_size, example = 2, 2, "utf-16-be", 2, "the basic multilingual plane"


class String(_Text):
    """STRING[length] of ISO 8859-1 characters."""

    encoding, unit_size, example = "latin-1", 1, "ISO 8859-1"
    header: ClassVar[str] = ">BB"
    longest: ClassVar[int] = 254

    def __init__(self, length: int, address: str | None = None, **options: Any) -> None:
        if not 1 <= length <= self.longest:
            raise DefinitionError(
                f"{self.kind}: wanted a length of 1 to {self.longest} characters, got {length}"
            )
        self.length = length
        self._head = struct.calcsize(self.header)
        self.size = self._head + length * self.unit_size
        super().__init__(address, **options)

    @property
    def kind(self) -> str:
        return f"{type(self).__name__}[{self.length}]"

    def decode(self, raw: bytes) -> str:
        length = struct.unpack_from(self.header, raw, self.byte)[1]
        start = self.byte + self._head
        return raw[start : start + min(length, self.length) * self.unit_size].decode(self.encoding, "replace")

    def encode(self, value: Any) -> bytes:
        data = self._characters(value, self.length)
        head = struct.pack(self.header, self.length, len(data) // self.unit_size)
        return (head + data).ljust(self.size, b"\0")


class WString(String):
    """WSTRING[length] of UTF-16 code units."""

    encoding, unit_size, example = "utf-16-be", 2, "Unicode"
    header, longest = ">HH", 16382
