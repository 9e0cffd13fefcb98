"""Data blocks: the tags of a DB or of an area, laid out as S7 lays out blocks with standard access.

A block class is only a description. A cell declares with `reads` and `writes` where its blocks lie; each
declaration (a `Slot`) makes a subclass of the block whose tags know their cell-wide name and bit.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, ClassVar, Generic, NamedTuple, NoReturn, TypeVar, cast, overload

from control.errors import DefinitionError, UnknownName, ValueRefused, nearest
from control.packml import Command
from control.scan import Scan
from control.shared import Shared
from control.tag import Bool, Comparison, Tag

B = TypeVar("B", bound="DataBlock")
put = object.__setattr__


class Area(Enum):
    """Where in the PLC; the value is the letter of its addresses."""

    DB = "DB"
    INPUTS = "I"
    OUTPUTS = "Q"
    MERKERS = "M"


class Region(NamedTuple):
    """A stretch of PLC memory: `size` bytes from byte `start`; `number` is the DB's, 0 in other areas."""

    area: Area
    number: int
    start: int
    size: int

    def __str__(self) -> str:
        last = self.start + self.size - 1
        return f"{self.name(self.start)}..{last}" if self.size > 1 else self.name(self.start)

    def name(self, byte: int) -> str:
        """A byte of the region as TIA Portal writes it."""
        return f"DB{self.number}.DBB{byte}" if self.area is Area.DB else f"{self.area.value}B{byte}"

    def bytes(self) -> range:
        """The byte addresses covered."""
        return range(self.start, self.start + self.size)


def _parse_address(tag: Tag[Any]) -> tuple[int, int]:
    text = tag.address
    byte, dot, bit = text.partition(".") if isinstance(text, str) else ("", "", "")
    if byte.isdecimal() and (not dot or bit.isdecimal() and int(bit) < 8):
        if dot or not isinstance(tag, Bool):
            return int(byte), int(bit or 0)
    wanted = "byte.bit, as '2.0'" if isinstance(tag, Bool) else "byte or byte.0, as '2.0'"
    raise DefinitionError(f"{tag.path}: wanted an address {wanted}, got {text!r}")


class DataBlock:
    """Tags of a DB or area. Subclass it and assign tags; names are checked, so a misspelt one is refused."""

    tags: ClassVar[dict[str, Tag[Any]]] = {}
    comparisons: ClassVar[tuple[Comparison, ...]] = ()
    size: ClassVar[int] = 0
    """Bytes from address 0 to the end of the last tag."""
    first: ClassVar[int] = 0
    """The address of the first tag: what lies before it is not the block's."""
    slot: ClassVar[Slot[Any] | None] = None
    """Where a controller has declared the block."""

    _scan: Scan
    _raw: bytes
    _writable: bool
    _good: bool
    _good_bit: int

    def __init_subclass__(cls) -> None:
        members = {name: tag for name, tag in vars(cls).items() if isinstance(tag, Tag)}
        for name in members:
            if hasattr(DataBlock, name) or name.startswith("_"):
                raise DefinitionError(
                    f"{cls.__name__}.{name}: this name has a meaning of its own; choose another"
                )
        everything = {**cls.tags, **members}
        cls.tags = {name: tag for name, tag in everything.items() if not isinstance(tag, Comparison)}
        cls.comparisons = tuple(tag for tag in everything.values() if isinstance(tag, Comparison))
        cls._lay_out([tag for tag in members.values() if not isinstance(tag, Comparison)])
        cls._check_overlap()
        cls._check_comparisons()
        cls.first = min((tag.byte for tag in cls.tags.values()), default=0)

    @classmethod
    def _lay_out(cls, tags: Iterable[Tag[Any]]) -> None:
        byte, bit = cls.size, 0
        for tag in tags:
            if tag.address is not None:
                byte, bit = _parse_address(tag)
            elif not isinstance(tag, Bool):
                byte, bit = byte + (bit > 0), 0
                byte += -byte % tag.align
            tag.place(byte, bit)
            cls.size = max(cls.size, byte + tag.size)
            byte, bit = (byte, bit + 1) if isinstance(tag, Bool) else (byte + tag.size, 0)
            if bit == 8:
                byte, bit = byte + 1, 0

    @classmethod
    def _check_overlap(cls) -> None:
        owner: dict[int, Tag[Any]] = {}
        for tag in cls.tags.values():
            for place in _bits_of(tag):
                if (other := owner.setdefault(place, tag)) is not tag:
                    raise DefinitionError(
                        f"{cls.__name__}: {tag.name} ({tag.kind}) overlaps {other.name} ({other.kind})"
                        f" at {place // 8}.{place % 8}"
                    )

    @classmethod
    def _check_comparisons(cls) -> None:
        for comparison in cls.comparisons:
            if comparison.source.name not in cls.tags:
                raise DefinitionError(
                    f"{cls.__name__}.{comparison.name}: compares a tag that is not in this block; "
                    "give the tag a name here first"
                )

    def __init__(self, scan: Scan | None = None, *, writable: bool = True) -> None:
        put(self, "_scan", scan or Scan())
        put(self, "_writable", writable)
        put(self, "_raw", bytes(self.size))
        put(self, "_good", writable)
        put(self, "_good_bit", 0)
        for tag in self.tags.values():
            if tag.initial:
                put(self, "_raw", with_value(self._raw, tag, tag.initial))

    def __setattr__(self, name: str, value: Any) -> None:
        tag = self.tags.get(name)
        if tag is None:
            self._refuse(name)
        scan, old = self._scan, self._raw
        new = with_value(old, tag, value)
        if not self._writable:
            raise ValueRefused(f"{tag.path}: the PLC writes this block and the cell only reads it")
        if scan.locked:
            scan.touch(tag.bit)
        scan.touched |= tag.bit
        if new != old:
            scan.change(tag.bit, put, self, "_raw", old)
            put(self, "_raw", new)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        names = [*self.tags, *(comparison.name for comparison in self.comparisons)]
        raise UnknownName(f"{type(self).__name__} has no tag {name!r}; {nearest(name, names)}")

    def _refuse(self, name: str) -> NoReturn:
        for comparison in self.comparisons:
            if comparison.name == name:
                source = comparison.source.name
                raise ValueRefused(f"{comparison.path}: a comparison of {source} is read, never written")
        raise UnknownName(f"{type(self).__name__} has no tag {name!r}; {nearest(name, self.tags)}")

    @property
    def good(self) -> bool:
        """The block is fresh: its link is up, the PLC runs, and it is younger than its `max_age`."""
        self._scan.reads |= self._good_bit
        return self._good

    def values(self) -> dict[str, Any]:
        """Every tag's value, by name."""
        return {name: tag.decode(self._raw) for name, tag in self.tags.items()}


def _bits_of(tag: Tag[Any]) -> range:
    if isinstance(tag, Bool):
        return range(8 * tag.byte + tag.bit_in_byte, 8 * tag.byte + tag.bit_in_byte + 1)
    return range(8 * tag.byte, 8 * (tag.byte + tag.size))


def with_value(raw: bytes, tag: Tag[Any], value: Any) -> bytes:
    """Block bytes `raw` with one tag set to `value`."""
    byte = tag.byte
    if not isinstance(tag, Bool):
        data = tag.encode(value)
        return raw[:byte] + data + raw[byte + len(data) :]
    if value is (raw[byte] & tag.mask != tag.idle):
        return raw
    if value is not True and value is not False:
        tag.refuse(value, "True or False")
    return raw[:byte] + bytes((raw[byte] ^ tag.mask,)) + raw[byte + 1 :]


def mask_of(tags: Iterable[Tag[Any]], size: int) -> bytes:
    """Block bytes in which just the bits of `tags` are set."""
    mask = 0
    for tag in tags:
        for place in _bits_of(tag):
            mask |= 1 << (8 * (size - 1 - place // 8) + place % 8)
    return mask.to_bytes(size, "big")


KNOWN = 4096
"""So many differences between two images are remembered."""


class ChangeTable(Shared):
    """Which tags differ between two byte images of a block, as the union of their bits in the scan."""

    def __init__(self, block: type[DataBlock]) -> None:
        self._tags: list[list[Tag[Any]]] = [[] for _ in range(block.size)]
        for tag in block.tags.values():
            for byte in range(tag.byte, tag.byte + tag.size):
                self._tags[byte].append(tag)
        self._comparisons = block.comparisons
        self._known: dict[int, int] = {}

    def changed(self, old: bytes, new: bytes) -> int:
        """The bits of the tags and comparisons whose value differs."""
        difference = int.from_bytes(old, "little") ^ int.from_bytes(new, "little")
        bits = self._known.get(difference)
        if bits is None:
            bits = self._look_up(difference)
        for comparison in self._comparisons:
            if comparison.source.bit & bits and comparison.decode(old) != comparison.decode(new):
                bits |= comparison.bit
        return bits

    def _look_up(self, difference: int) -> int:
        bits = 0
        for byte, pattern in enumerate(difference.to_bytes(len(self._tags), "little")):
            for tag in self._tags[byte] if pattern else ():
                if not isinstance(tag, Bool) or tag.mask & pattern:
                    bits |= tag.bit
        if len(self._known) == KNOWN:
            self._known.clear()
        self._known[difference] = bits
        return bits


class Slot(Shared, Generic[B]):
    """A cell's declaration of one block: which link, where in the PLC, and who writes it.

    Read on the class it gives the bound block class; a cell keeps its own block under the same name.
    """

    name = "unnamed"

    def __init__(
        self,
        link: str,
        block: type[B],
        place: tuple[Area, int, int],
        max_age: float | None,
        lost: Command | None,
    ) -> None:
        self.link, self.block, self.max_age, self.lost = link, block, max_age, lost
        area, number, start = place
        self.region = Region(area, number, start + block.first, block.size - block.first)
        self.bound: type[B] = block

    @property
    def written(self) -> bool:
        """The cell writes the block."""
        return self.max_age is None

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def bind(self, first_bit: int) -> int:
        """Make the subclass whose tags know their names and bits; returns the number of bits used."""
        count = 0
        members: dict[str, Any] = {
            "slot": self,
            "__doc__": self.block.__doc__,
            "__module__": self.block.__module__,
        }
        for tag in self.block.tags.values():
            members[tag.name] = tag.bound(f"{self.name}.{tag.name}", 1 << (first_bit + count))
            count += 1
        for comparison in self.block.comparisons:
            bound = comparison.bound(f"{self.name}.{comparison.name}", 1 << (first_bit + count))
            bound.source = members[comparison.source.name]
            members[comparison.name] = bound
            count += 1
        bound_class = type(self.block.__name__, (self.block,), {})
        for name, member in members.items():
            setattr(bound_class, name, member)
        bound_class.tags = {name: members[name] for name in self.block.tags}
        bound_class.comparisons = tuple(members[comparison.name] for comparison in self.block.comparisons)
        self.bound = cast(type[B], bound_class)
        return count

    @overload
    def __get__(self, cell: None, owner: type) -> type[B]: ...
    @overload
    def __get__(self, cell: object, owner: type) -> B: ...
    def __get__(self, cell: Any, owner: type | None = None) -> Any:
        return self.bound


def _place(area: str, db: int | None, start: int) -> tuple[Area, int, int]:
    if (db is None) != (area in {"I", "Q", "M"}):
        raise DefinitionError(f"wanted either db=number or area='I', 'Q' or 'M'; got db={db}, area={area!r}")
    if start < 0 or db is not None and not 1 <= db <= 65535:
        raise DefinitionError(f"wanted db=1 to 65535 and start >= 0, got db={db}, start={start}")
    return Area(area or "DB"), db or 0, start


def reads(
    link: str,
    block: type[B],
    *,
    db: int | None = None,
    area: str = "",
    start: int = 0,
    max_age: float = 0.1,
    lost: Command | None = Command.ABORT,
) -> Slot[B]:
    """A block the PLC writes and the cell reads, from byte `start` of a DB or area.

    Bad, or older than `max_age` s, it commands `lost` (None: the cell looks at `block.good` itself).
    """
    if not max_age > 0:
        raise DefinitionError(f"{block.__name__}: max_age: wanted more than 0 s, got {max_age}")
    return Slot(link, block, _place(area, db, start), max_age, lost)


def writes(link: str, block: type[B], *, db: int | None = None, area: str = "", start: int = 0) -> Slot[B]:
    """A block the cell writes, from byte `start` of a DB or area. Its bytes are the cell's alone."""
    for tag in block.tags.values():
        _check_safe(block, tag)
    return Slot(link, block, _place(area, db, start), None, None)


def _check_safe(block: type[DataBlock], tag: Tag[Any]) -> None:
    where = f"{block.__name__}.{tag.name}: safe={tag.safe!r}"
    try:
        with_value(bytes(block.size), tag, tag.safe)
    except ValueRefused as error:
        raise DefinitionError(f"{where}: {error}; say which value brings the plant to rest") from None
