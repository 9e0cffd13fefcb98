"""Laying out a block of words from declared rows: named signals and components in, one int64 array out.

Fields refer to signals and components by name and to further rows by `Rows` objects; `Layout.build` gives
everything its place. Values are checked against the rows' declarations: a ValueError names component, field,
wanted and got.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plc_sim.kernel.draw import ns
from plc_sim.kernel.header import EDGES, NEVER, ComponentRow, Header, MappedRow, SignalRow
from plc_sim.kernel.row import Declaration, Field, Kind, Row
from plc_sim.kernel.schedule import BLOCK, FEW

Value = Any


@dataclass(eq=False)
class Rows:
    """Rows one after the other, or plain words if `row` is None, and then `following` zero words.

    `offset` is known once built.
    """

    row: type[Row] | None
    entries: Sequence[Value]
    name: str = ""
    following: int = 0
    offset: int = -1

    @property
    def size(self) -> int:
        """Words."""
        return len(self.entries) * (1 if self.row is None else self.row.SIZE) + self.following

    def references(self) -> Iterator[Rows]:
        """Further rows that its entries refer to."""
        for entry in self.entries:
            for value in entry.values() if isinstance(entry, Mapping) else (entry,):
                if isinstance(value, Rows | At):
                    yield value if isinstance(value, Rows) else value.rows


@dataclass(frozen=True)
class At:
    """A reference to word `index` of further rows."""

    rows: Rows
    index: int


@dataclass(eq=False)
class SignalEntry:
    """A signal: its initial value, who is poked at its edges and where the PLC shows it."""

    name: str
    initial: int = 0
    subscribers: list[str] = field(default_factory=list)
    mapped: list[tuple[At, int]] = field(default_factory=list)
    fault: str | None = None
    """The first fault that it passes through."""


@dataclass(eq=False)
class ComponentEntry:
    """A component: its row's values by field name. `first` is when it acts first; None if it never acts."""

    name: str
    row: type[Row]
    values: dict[str, Value]
    first: int | None = NEVER


LARGEST = 1e12
"""What a number without bounds of its own may be: beyond it, a value is a slip."""


def refuse(where: str, declaration: Declaration, wanted: str, got: object) -> ValueError:
    """The error for a value outside its declaration."""
    unit = f" {declaration.unit}" if declaration.unit else ""
    return ValueError(f"{where}: wanted {wanted}{unit} ({declaration.doc}), got {got!r}")


def check(where: str, declaration: Declaration, value: Value) -> None:
    """ValueError unless a parameter's value is a finite number within its bounds."""
    if declaration.kind not in (Kind.REAL, Kind.WHOLE, Kind.DURATION):
        return
    whole = declaration.kind is Kind.WHOLE
    if isinstance(value, str) or not isinstance(value, int if whole else int | float | np.floating):
        raise refuse(where, declaration, "a whole number" if whole else "a number", value)
    if not math.isfinite(value):
        raise refuse(where, declaration, "a finite number", value)
    if declaration.above is not None and not value > declaration.above:
        raise refuse(where, declaration, f"more than {declaration.above:g}", value)
    largest = LARGEST if declaration.kind is Kind.REAL else math.inf
    low = -largest if declaration.low is None else declaration.low
    high = largest if declaration.high is None else declaration.high
    if value < low:
        raise refuse(where, declaration, f"at least {low:g}", value)
    if value > high:
        raise refuse(where, declaration, f"at most {high:g}", value)


class Layout:
    """A block of words in the making; `numbers`, `offsets`, `signal_offsets` are known once it is built."""

    def __init__(self, *, seed: int, scenario: int, start: int) -> None:
        self.seed, self.scenario, self.start = seed, scenario, start
        self.signals: dict[str, SignalEntry] = {}
        self.components: dict[str, ComponentEntry] = {}
        self.numbers: dict[str, int] = {}
        self.offsets: dict[str, int] = {}
        self.signal_offsets: dict[str, int] = {}

    def signal(self, name: str, initial: bool | int = 0) -> SignalEntry:
        """Add a signal."""
        entry = self.signals[name] = SignalEntry(name, int(initial))
        return entry

    def component(
        self,
        name: str,
        row: type[Row],
        values: dict[str, Value],
        *,
        first: int | None = NEVER,
        listens: Iterable[str] = (),
    ) -> ComponentEntry:
        """Add a component that listens to the named signals; at equal times it acts before later ones."""
        entry = self.components[name] = ComponentEntry(name, row, values, first)
        for signal in listens:
            self.signals[signal].subscribers.append(name)
        return entry

    def build(self) -> np.ndarray:
        """Place everything and write every word."""
        acting = [entry for entry in self.components.values() if entry.first is not None]
        everybody = acting + [entry for entry in self.components.values() if entry.first is None]
        self.numbers = {entry.name: number for number, entry in enumerate(everybody)}
        rows = {entry.name: Rows(entry.row, [entry.values], entry.name) for entry in everybody}
        signals = self._signal_rows(rows)
        placed = _place(Rows(Header, [self._header(acting, rows, signals)], "header"))
        self.offsets = {name: component.offset for name, component in rows.items()}
        self.signal_offsets = {
            name: signals.offset + number * SignalRow.SIZE for number, name in enumerate(self.signals)
        }
        block = np.zeros(sum(each.size for each in placed), np.int64)
        for each in placed:
            self._write(block, each)
        return block

    def _header(
        self, acting: Sequence[ComponentEntry], rows: Mapping[str, Rows], signals: Rows
    ) -> dict[str, Value]:
        blocks = -(-len(acting) // BLOCK)
        times = [NEVER if entry.first is None else entry.first for entry in acting]
        times += [NEVER] * (BLOCK * blocks - len(acting))
        table = [{"TYPE": self.components[name].row.KIND, "ROW": rows[name]} for name in self.numbers]
        return {
            "TIME": self.start,
            "DONE": self.start,
            "EDGE": Rows(None, [0] * EDGES),
            "COUNTS": Rows(None, [0] * (2 * len([*counts(self.components)]))),
            "COUNT": len(acting),
            "BLOCKS": blocks if len(acting) > FEW else 1,
            "NEXT": Rows(None, times),
            "MINIMA": Rows(None, [min(times[k : k + BLOCK]) for k in range(0, len(times), BLOCK)]),
            "COMPONENTS": Rows(ComponentRow, table),
            "SIGNALS": signals,
            "SEED": self.seed,
            "SCENARIO": self.scenario,
            "PLC": rows["plc"],
            "PLC_INDEX": "plc",
            "LINK": rows["link"],
            "LINK_INDEX": "link",
        }

    def _signal_rows(self, rows_of: Mapping[str, Rows]) -> Rows:
        entries = self.signals.values()
        pokes = Rows(None, [self.numbers[name] for entry in entries for name in entry.subscribers])
        maps = Rows(MappedRow, [{"WORD": at, "MASK": mask} for entry in entries for at, mask in entry.mapped])
        rows, poke, mapping = [], 0, 0
        for entry in (*entries, SignalEntry("the end")):
            ends = {"SUBSCRIBERS": At(pokes, poke), "MAPPED": At(maps, mapping)}
            fault = rows_of[entry.fault] if entry.fault else 0
            rows.append({"DRIVEN": entry.initial, "VISIBLE": entry.initial, "FAULT": fault, **ends})
            poke += len(entry.subscribers)
            mapping += len(entry.mapped) * MappedRow.SIZE
        return Rows(SignalRow, rows)

    def _write(self, block: np.ndarray, rows: Rows) -> None:
        if rows.row is None:
            for k, value in enumerate(rows.entries):
                _put(block, rows.offset + k, value)
            return
        for k, entry in enumerate(rows.entries):
            self._write_row(block, rows.offset + k * rows.row.SIZE, rows.row, entry, rows.name)

    def _write_row(
        self, block: np.ndarray, offset: int, row: type[Row], values: Mapping[str, Value], name: str
    ) -> None:
        unknown = set(values) - set(row.fields)
        if unknown:
            raise KeyError(f"{name}: {row.__name__} has no field {', '.join(sorted(unknown))}")
        for key, where in row.fields.items():
            declaration = where.declaration
            value = values.get(key, declaration.initial)
            for k, single in enumerate(_several(value, declaration.count)):
                check(f"{name}.{key.lower()}", declaration, single)
                _put(block, offset + where + k, self._held(declaration, single))

    def _held(self, declaration: Declaration, value: Value) -> Value:
        """What a field's word holds for a value."""
        if declaration.kind is Kind.SIGNAL:
            return self.signal_offsets[value] if value else 0
        if declaration.kind is Kind.COMPONENT:
            return self.numbers[value] if value else -1
        if declaration.kind is Kind.DURATION:
            return ns(value)
        if declaration.kind is Kind.REAL or isinstance(declaration.initial, float):
            return float(value)
        return value


def counts(components: Mapping[str, ComponentEntry]) -> Iterator[tuple[str, Field]]:
    """Everything that the components count: component and field."""
    for name, entry in components.items():
        yield from ((name, where) for where in entry.row.fields.values() if where.declaration.counted)


def _place(first: Rows) -> list[Rows]:
    """Give `first` and all rows it leads to their offsets; in that order."""
    placed: dict[Rows, None] = {first: None}
    waiting, size = [first], 0
    for rows in waiting:
        rows.offset = size
        size += rows.size
        for further in rows.references():
            if further not in placed:
                placed[further] = None
                waiting.append(further)
    return waiting


def _several(value: Value, count: int) -> Sequence[Value]:
    return value if count > 1 and isinstance(value, Sequence) else [value] * count


def _put(block: np.ndarray, word: int, value: Value) -> None:
    if isinstance(value, float):
        block.view(np.float64)[word] = value
    elif isinstance(value, At):
        block[word] = value.rows.offset + value.index
    else:
        block[word] = value.offset if isinstance(value, Rows) else int(value)
