"""Writes blocks of a Python module as a TIA Portal source (.db)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from control.block import DataBlock
from control.tag import Bool, Tag
from control.tia.model import TIA, Elementary, quoted
from control.tia.module import UNUSED
from control.tia.values import literal


def export(blocks: Sequence[type[DataBlock]], comments: Mapping[int, str]) -> str:
    """The source of some blocks; `comments` are those of the tags, by the tag's identity."""
    return "\n".join("\n".join(_block(block, comments)) + "\n" for block in blocks)


def _block(block: type[DataBlock], comments: Mapping[int, str]) -> Iterator[str]:
    tags = sorted(block.tags.values(), key=lambda tag: (tag.byte, bit_of(tag)))
    name, title = heading(block)
    yield f'DATA_BLOCK "{name}"'
    yield "{ S7_Optimized_Access := 'FALSE' }"
    if title:
        yield f"TITLE = {title}"
    yield "VERSION : 0.1"
    yield "NON_RETAIN"
    yield "   STRUCT"
    for tag, unused in zip(tags, fillers(tags), strict=True):
        yield from (f"      reserved_{place} : {kind};   // {UNUSED}" for place, kind in unused)
        start = "" if tag.start is None else f" := {literal(elementary(tag), tag.start)}"
        comment = " ".join(part for part in (comments.get(id(tag), ""), unit_of(tag)) if part)
        remark = f"   // {comment}" if comment else ""
        yield f"      {quoted(tag.symbol or tag.name)} : {type_text(tag)}{start};{remark}"
    yield "   END_STRUCT;"
    yield ""
    yield "BEGIN"
    yield "END_DATA_BLOCK"


def heading(block: type[DataBlock]) -> tuple[str, str]:
    """Name and title of the data block that a class was made from, or the class's name."""
    found = re.match(r'Data block "([^"]+)"(?:: (.*?))?, written by the (?:PLC|cell)\.', block.__doc__ or "")
    return (found[1], found[2] or "") if found else (block.__name__, "")


def bit_of(tag: Tag[Any]) -> int:
    """A tag's bit in its byte."""
    return tag.bit_in_byte if isinstance(tag, Bool) else 0


def unit_of(tag: Tag[Any]) -> str:
    """A tag's unit as a comment has it."""
    return f"[{tag.unit}]" if tag.unit else ""


def elementary(tag: Tag[Any]) -> Elementary:
    """A tag's type."""
    return Elementary(type(tag).__name__, getattr(tag, "length", 0))


def type_text(tag: Tag[Any]) -> str:
    """A tag's type as TIA Portal writes it."""
    kind = elementary(tag)
    return f"{kind.name}[{kind.length}]" if kind.length else TIA.get(kind.name, kind.name)


def fillers(tags: Iterable[Tag[Any]]) -> Iterator[list[tuple[str, str]]]:
    """Place and type of the members that keep each tag at its address, by S7's rules."""
    byte, bit = 0, 0
    for tag in tags:
        first = bit_of(tag)
        one_bit = isinstance(tag, Bool)
        aligned = byte + (bit > 0)
        if not one_bit:
            aligned += -aligned % tag.align
        unused = list[tuple[str, str]]()
        if (one_bit and (tag.byte, first) != (byte, bit)) or (not one_bit and tag.byte != aligned):
            if one_bit and bit and tag.byte <= byte + 1:
                end = first if tag.byte == byte else 8
                unused += [(f"{byte}_{k}", "Bool") for k in range(bit, end)]
                byte, bit = (byte, end) if end < 8 else (byte + 1, 0)
            unused += [(f"{k}", "Byte") for k in range(byte + (bit > 0), tag.byte)]
            if one_bit and tag.byte > byte or bit == 0:
                unused += [(f"{tag.byte}_{k}", "Bool") for k in range(first)]
        yield unused
        byte, bit = (tag.byte, first + 1) if one_bit else (tag.byte + tag.size, 0)
        if bit == 8:
            byte, bit = byte + 1, 0
