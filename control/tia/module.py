"""Writes blocks as a Python module: one class per block and writer, with addresses, units and comments."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from control.block import DataBlock
from control.errors import ConfigurationError
from control.tia.model import Block, Leaf, Struct, leaves, tag_of
from control.tia.values import value_of

FILLER = re.compile(r"reserved_\d+(_[0-7])?")
UNUSED = "not used"
"""Name and comment of members that only keep addresses apart."""

UNIT = re.compile(r"\s*\[([^\[\]]+)\]$")
WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@dataclass(frozen=True)
class Group:
    """The tags of one class."""

    name: str
    doc: str
    declare: str
    """How a cell declares it."""
    tags: Sequence[Leaf]


def groups(
    blocks: Iterable[Block], types: Mapping[str, Struct], writes: Sequence[str], numbers: Mapping[str, int]
) -> list[Group]:
    """One group per block, or two where the cell writes some members. ConfigurationError unless what it
    writes is one stretch of its own, or if a pattern or a number fits nothing.
    """
    found, matched, numbered = list[Group](), set[str](), set[str]()
    for block in blocks:
        used = [leaf for leaf in leaves(block, types) if not is_filler(leaf)]
        fits = {pattern for pattern in writes for leaf in used if _fits(block, leaf, pattern)}
        matched |= fits
        written = [leaf for leaf in used if any(_fits(block, leaf, pattern) for pattern in fits)]
        read = [leaf for leaf in used if leaf not in written]
        number = numbers.get(block.name, block.number)
        numbered |= {block.name} & set(numbers)
        _check_stretch(block, written, read)
        found += _of(block, read, written, number)
    for pattern in writes:
        if pattern not in matched:
            raise ConfigurationError(f"--writes {pattern}: wanted a block or members of one, got none")
    for name in numbers:
        if name not in numbered:
            raise ConfigurationError(f"--db {name}: wanted a block of these files, got none")
    return found


def _fits(block: Block, leaf: Leaf, pattern: str) -> bool:
    path = f"{block.name}.{leaf.path}".replace('"', "")
    return fnmatchcase(block.name, pattern) or fnmatchcase(path, pattern)


def _of(block: Block, read: list[Leaf], written: list[Leaf], number: int | None) -> Iterable[Group]:
    name = class_name(block.name)
    where = f"db={number}" if number is not None else "db=NUMBER"
    doc = f'Data block "{block.name}"' + (f": {block.title}" if block.title else "")
    both = bool(read and written)
    for verb, tags, who in (
        ("reads", read, "written by the PLC"),
        ("writes", written, "written by the cell"),
    ):
        if tags:
            own = f"{name}Orders" if both and verb == "writes" else name
            variable = "_".join(words(own))
            yield Group(own, f"{doc}, {who}.", f'{variable} = {verb}("plc", {own}, {where})', tags)


def _check_stretch(block: Block, written: list[Leaf], read: list[Leaf]) -> None:
    """The cell writes whole stretches of bytes: nobody else's member may lie within."""
    if not written:
        return
    first, last = written[0].byte, max(_end(leaf) for leaf in written)
    for leaf in read:
        if leaf.byte < last and _end(leaf) > first:
            raise leaf.place.refuse(
                f"{block.name}.{leaf.path} (byte {leaf.byte}) is written by the PLC and lies among the bytes"
                f" {first} to {last - 1} that the cell writes; wanted them apart, in the block or in --writes"
            )


def _end(leaf: Leaf) -> int:
    return leaf.byte + tag_of(leaf.type).size


def is_filler(leaf: Leaf) -> bool:
    """Whether a member only keeps addresses apart."""
    return FILLER.fullmatch(leaf.path) is not None and leaf.comment == UNUSED


def words(name: str) -> list[str]:
    """The words of a name, in lower case."""
    plain = name.encode("ascii", "ignore").decode()
    return [word.lower() for part in re.split(r"[^A-Za-z0-9]+", plain) for word in WORDS.findall(part)]


def class_name(name: str) -> str:
    """A class name for a block."""
    joined = "".join(word.capitalize() for word in words(name))
    return joined if joined.isidentifier() else f"Block{joined}"


def tag_names(tags: Iterable[Leaf]) -> list[str]:
    """A name for each tag, all different."""
    used: dict[str, int] = {}
    names = []
    for leaf in tags:
        path = re.sub(r"(?<=[\[,])-", "minus ", leaf.path)
        name = "_".join(words(path)) or "tag"
        if not name.isidentifier() or keyword.iskeyword(name) or hasattr(DataBlock, name):
            name = f"tag_{name}" if name[0].isdigit() else f"{name}_"
        used[name] = used.get(name, 0) + 1
        names.append(name if used[name] == 1 else f"{name}_{used[name]}")
    return names


def write_module(groups: Sequence[Group], origin: str) -> str:
    """The module's text."""
    lines = [f'"""Blocks of the PLC, from {origin}."""', "", "from __future__ import annotations", ""]
    body = list[str]()
    kinds = set[str]()
    for group in groups:
        body += ["", "", *_class(group, kinds)]
    text = "\n".join(body)
    if "dt." in text:
        lines += ["import datetime as dt", ""]
    lines.append(f"from control import {', '.join(sorted({'DataBlock', *kinds}))}")
    return "\n".join(lines) + f"\n{text}\n"


def _class(group: Group, kinds: set[str]) -> Iterable[str]:
    yield f"class {group.name}(DataBlock):"
    yield f'    """{group.doc}'
    yield ""
    yield f"    In the cell: {group.declare}"
    yield '    """'
    yield ""
    for name, leaf in zip(tag_names(group.tags), group.tags, strict=True):
        kinds.add(leaf.type.name)
        yield f"    {name} = {_call(name, leaf)}" + (f"  # {_comment(leaf)}" if _comment(leaf) else "")


def _comment(leaf: Leaf) -> str:
    return UNIT.sub("", leaf.comment)


def _call(name: str, leaf: Leaf) -> str:
    bit = f".{leaf.bit}" if leaf.type.name == "Bool" else ""
    options: list[tuple[str, Any]] = []
    if (symbol := leaf.path.replace('"', "")) != name:
        options.append(("symbol", symbol))
    if unit := UNIT.search(leaf.comment):
        options.append(("unit", unit[1]))
    start = value_of(leaf)
    if start is not None:
        options.append(("start", start))
    given = [str(leaf.type.length)] if leaf.type.length else []
    given += [f'"{leaf.byte}{bit}"', *(f"{key}={_text(value)}" for key, value in options)]
    return f"{leaf.type.name}({', '.join(given)})"


def _text(value: Any) -> str:
    """A value as it is written in the module."""
    text = repr(value).replace("datetime.", "dt.", 1) if type(value).__module__ == "datetime" else repr(value)
    if isinstance(value, str) and '"' not in text:
        return f'"{text[1:-1]}"'
    return text
