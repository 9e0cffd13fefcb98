"""From the Plc's declaration to rows: memory map, maps of inputs and outputs, comparisons, link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from control.block import Region, Slot, with_value
from control.errors import DefinitionError
from control.link import Plan
from control.tag import Bool, Comparison, Integer, LReal, Real, Tag
from plc_sim.components.component import Analogue, Component, InputEntry, SetpointEntry, Signal
from plc_sim.components.sensors import AnalogueSensor
from plc_sim.components.site import Site, Word
from plc_sim.components.timing import Timing
from plc_sim.kernel.draw import stream_key
from plc_sim.kernel.header import name_hash
from plc_sim.kernel.layout import At, Rows
from plc_sim.kernel.plc_rows import (
    AnalogueRow,
    ComparisonRow,
    LinkRow,
    OutputRow,
    PlcRow,
    SampleRow,
    SetpointRow,
    WriteRow,
)
from plc_sim.plc import Plc, byte_of, comparisons_of, is_analogue, slot_of, slots_in

AreaKey = tuple[str, int]
MOST = (1 << 63) - 1


def _signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word


class MemoryMap:
    """Where in the PLC's memory each area lies: read areas first, then comparisons, then the rest."""

    def __init__(
        self, reads: Iterable[Region], writes: Iterable[Region], others: Iterable[Region], bits: int
    ) -> None:
        reads, writes = list(reads), list(writes)
        self.extents: dict[AreaKey, tuple[int, int]] = {}
        for region in (*reads, *writes, *others):
            first, end = self.extents.get(_key(region), (region.start, 0))
            end = max(end, region.start + region.size)
            self.extents[_key(region)] = min(first, region.start), end
        self.words_of: dict[AreaKey, int] = {}
        read_keys, write_keys = dict.fromkeys(map(_key, reads)), dict.fromkeys(map(_key, writes))
        size = self._place([key for key in read_keys if key not in write_keys], 0)
        first_write = size
        size = self._place([key for key in read_keys if key in write_keys], size)
        self.first_bit_word = size
        self.read_words = size + -(-bits // 64)
        size = self._place([key for key in write_keys if key not in read_keys], self.read_words)
        self.write_first, self.write_words = first_write, size - first_write
        self.words = self._place([key for key in self.extents if key not in self.words_of], size)

    def _place(self, keys: Sequence[AreaKey], size: int) -> int:
        for key in keys:
            first, end = self.extents[key]
            self.words_of[key] = size
            size += -(-(end - first) // 8)
        return size

    def byte(self, area: str, number: int, byte: int) -> int:
        """Byte of the memory that holds byte `byte` of an area."""
        return 8 * self.words_of[area, number] + byte - self.extents[area, number][0]

    def span(self, region: Region) -> slice:
        """The bytes of the memory that hold a region."""
        first = self.byte(region.area.value, region.number, region.start)
        return slice(first, first + region.size)

    def bit(self, tag: Tag[Any]) -> tuple[int, int]:
        """Word and mask of a Bool."""
        region = slot_of(tag).region
        byte = self.byte(region.area.value, region.number, byte_of(tag))
        assert isinstance(tag, Bool)
        return byte // 8, _signed(1 << (8 * (byte % 8) + tag.bit_in_byte))

    def comparison_bit(self, number: int) -> tuple[int, int]:
        """Word and mask of a comparison."""
        return self.first_bit_word + number // 64, _signed(1 << number % 64)

    def masks(self, tag: Tag[Any]) -> dict[int, int]:
        """Mask by word of all a tag's bits."""
        if isinstance(tag, Bool):
            return dict([self.bit(tag)])
        region = slot_of(tag).region
        first = self.byte(region.area.value, region.number, byte_of(tag))
        return self.byte_masks(range(first, first + tag.size))

    def byte_masks(self, octets: Iterable[int]) -> dict[int, int]:
        """Mask by word of some bytes of the memory."""
        masks: dict[int, int] = {}
        for octet in octets:
            masks[octet // 8] = masks.get(octet // 8, 0) | 0xFF << 8 * (octet % 8)
        return {word: _signed(mask) for word, mask in masks.items()}


def _key(region: Region) -> AreaKey:
    return region.area.value, region.number


class IoMap:
    """Everything about the PLC that goes into the block."""

    def __init__(
        self, plc: Plc, plan: Plan | None, controller: type | None, site: Site, timing: Timing
    ) -> None:
        self.plc, self.site, self.timing = plc, site, timing
        slots = list(dict.fromkeys([*plc.slots(), *(_moved(controller, plan) if controller else ())]))
        controllers = [slot for slot in slots if slot not in plc.program_slots]
        self.reads = list(plan.reads if plan else (slot.region for slot in controllers if not slot.written))
        self.writes = list(plan.writes if plan else (slot.region for slot in controllers if slot.written))
        self.controllers = controllers
        self.read_slots = [slot for slot in controllers if not slot.written]
        declared = {slot.region for slot in self.read_slots}
        self.undeclared = [region for region in self.reads if region not in declared]
        """Read, but of no known block: every change in them wakes the controller."""
        self.shown = self._comparisons()
        regions = [slot.region for slot in slots]
        self.memory = MemoryMap(self.reads, self.writes, regions, len(self.shown))
        self._slots = slots
        self.pending = self._words("pending")

    def _comparisons(self) -> dict[Comparison, int]:
        sources = {entry.tag for entry in self.plc.inputs if is_analogue(entry)}
        found = [c for slot in self.read_slots for c in comparisons_of(slot) if c.source in sources]
        return {comparison: number for number, comparison in enumerate(found)}

    def _words(self, name: str, masks: Iterable[tuple[int, int]] = (), count: int | None = None) -> Rows:
        words = [0] * (self.memory.words if count is None else count)
        for word, mask in masks:
            words[word] = _signed((words[word] | mask) & 0xFFFFFFFFFFFFFFFF)
        return Rows(None, words, f"plc {name}")

    def map_signals(self) -> None:
        """Tell signals and analogue sources that the PLC shows them; pending bits start as the signals do,
        and what the PLC drives starts at its safe value.
        """
        layout, analogues = self.site.layout, self.site.analogues
        for entry in self.plc.inputs:
            if isinstance(entry.source, Analogue) and entry.source.component is not None:
                for component in _read_through(entry.source.component):
                    analogues[component] = analogues.get(component, 0) + 1
            if isinstance(entry.source, Signal):
                assert isinstance(entry.tag, Bool)
                word, mask = self.memory.bit(entry.tag)
                signal = layout.signals[entry.source.path]
                signal.mapped.append((At(self.pending, word), mask))
                if signal.initial != entry.tag.normally_closed:
                    self._start_high(word, mask)
        for entry in self.plc.outputs:
            layout.signals[entry.target.path].initial = int(entry.safe)
        if self.plc.reset is not None:
            layout.signals[self.plc.reset.path].mapped.append((At(self.pending, 0), 0))

    def _start_high(self, word: int, mask: int) -> None:
        words = list(self.pending.entries)
        words[word] = _signed((words[word] | mask) & 0xFFFFFFFFFFFFFFFF)
        self.pending.entries = words

    def lay(self) -> None:
        """Add the rows of PLC and link."""
        inputs = [entry for entry in self.plc.inputs if not is_analogue(entry)]
        analogues = [self._analogue(entry) for entry in self.plc.inputs if is_analogue(entry)]
        outputs = [self._output(entry) for entry in self.plc.outputs]
        setpoints = [self._setpoint(entry) for entry in self.plc.setpoints]
        memory, phase = self.memory, self.timing.start + self.timing.plc_phase
        values = {
            "CYCLE": self.plc.cycle,
            "PHASE": phase,
            "LIFE_TIMEOUT": self.plc.life_timeout,
            "RESET": self.plc.reset.path if self.plc.reset else None,
            "TRIPPED_OUT": "plc.tripped",
            "RUNNING_OUT": "plc.running",
            "PROGRAM": int(self.plc.program is not None),
            "WORDS": memory.words,
            "READ_WORDS": memory.read_words,
            "MEMORY": self._initial("memory"),
            "SHADOW": self._initial("shadow"),
            "INITIAL": self._initial("initial"),
            "PENDING": self.pending,
            "INPUT_MASK": self._words("input mask", (memory.bit(entry.tag) for entry in inputs)),
            "OUTPUT_MASK": self._words("output mask", self._obeyed()),
            "WATCH": self._words("watch", count=memory.read_words),
            "PROGRAM_WATCH": self._words("program watch"),
            "OUTPUTS": Rows(OutputRow, outputs, "plc outputs"),
            "OUTPUT_COUNT": len(outputs),
            "SETPOINTS": Rows(SetpointRow, setpoints, "plc setpoints"),
            "SETPOINT_COUNT": len(setpoints),
            "ANALOGUES": Rows(AnalogueRow, analogues, "plc analogues"),
            "ANALOGUE_COUNT": len(analogues),
        }
        self.site.layout.component("plc", PlcRow, values, first=phase)
        self.site.layout.component("link", LinkRow, self._link())

    def _initial(self, name: str) -> Rows:
        octets = bytearray(8 * self.memory.words)
        for slot in self._slots:
            if slot.written == (slot in self.plc.program_slots):
                octets[self.memory.span(slot.region)] = _initial_bytes(slot)
        words = [int.from_bytes(octets[k : k + 8], "little", signed=True) for k in range(0, len(octets), 8)]
        return Rows(None, words, f"plc {name}")

    def _output(self, entry: Any) -> dict[str, Any]:
        word, mask = self.memory.bit(entry.tag)
        return {
            "WORD": word,
            "MASK": mask,
            "TARGET": entry.target.path,
            "SAFE": int(entry.safe),
            "FAILSAFE": int(entry.failsafe),
        }

    def _obeyed(self) -> Iterator[tuple[int, int]]:
        """Word and mask of all that the plant obeys."""
        yield from (self.memory.bit(entry.tag) for entry in self.plc.outputs)
        for entry in self.plc.setpoints:
            yield from self.memory.masks(entry.tag).items()

    def _setpoint(self, entry: SetpointEntry) -> dict[str, Any]:
        component, tag = entry.target.component, entry.tag
        assert component is not None and component.row is not None
        scale = _scale(tag)
        return {
            "OWNER": component.name,
            "TARGET": Word(self.site, component.name, component.row.fields[entry.target.name.upper()]),
            "BYTE": self.memory.byte(*_key(slot_of(tag).region), byte_of(tag)),
            "OCTETS": tag.size,
            "FLOATING": scale.get("FLOATING", 0),
            "SIGNED": int(isinstance(tag, Integer) and tag.smallest < 0),
            **{name: scale[name] for name in ("LOW", "RAW_LOW", "SCALE")},
            "SAFE": float(entry.safe),
        }

    def _analogue(self, entry: InputEntry) -> dict[str, Any]:
        source, tag = entry.source, entry.tag
        assert (
            isinstance(source, Analogue) and source.component is not None and source.component.row is not None
        )
        region = slot_of(tag).region
        byte = self.memory.byte(region.area.value, region.number, byte_of(tag))
        masks = self.memory.masks(tag)
        comparisons = [self._comparison(c, tag) for c in self.shown if c.source is tag]
        return {
            "SOURCE": source.component.name,
            "SOURCE_VALUE": [each.name for each in source.component.analogues()].index(source.name),
            "BYTE": byte,
            "OCTETS": tag.size,
            **_scale(tag),
            "WORD": byte // 8,
            "MASK": masks[byte // 8],
            "NEXT_MASK": masks.get(byte // 8 + 1, 0),
            "COMPARISONS": Rows(ComparisonRow, comparisons, "plc comparisons"),
            "COMPARISON_COUNT": len(comparisons),
            "EVALUATED": self.timing.start - 1,
        }

    def _comparison(self, comparison: Comparison, tag: Tag[Any]) -> dict[str, Any]:
        word, mask = self.memory.comparison_bit(self.shown[comparison])
        if isinstance(tag, Integer):
            above, limit = _raw_limit(comparison, tag)
            return {"ABOVE": int(above), "RAW_LIMIT": limit, "WORD": word, "MASK": mask}
        return {
            "ABOVE": int(comparison.is_above),
            "LIMIT": float(comparison.limit),
            "WORD": word,
            "MASK": mask,
        }

    def _link(self) -> dict[str, Any]:
        t, memory, layout = self.timing, self.memory, self.site.layout
        octets = [
            octet for region in self.writes for octet in range(*memory.span(region).indices(8 * memory.words))
        ]
        owned = ((word - memory.write_first, mask) for word, mask in memory.byte_masks(octets).items())
        zeros = [0] * memory.write_words
        return {
            "CYCLE": t.link_cycle,
            "PHASE": t.start + t.link_phase,
            "JITTER": t.link_jitter,
            "DELAY_LOW": t.link_delay[0],
            "DELAY_HIGH": t.link_delay[1],
            "KEY": stream_key(layout.seed, layout.scenario, name_hash(self.plc.name)),
            "SCAN_PERIOD": t.scan_period,
            "SCAN_PHASE": t.start + t.scan_phase,
            "SCAN_LATENESS": t.scan_lateness,
            "SCAN_KEY": stream_key(layout.seed, layout.scenario, name_hash("controller")),
            "WRITE_FIRST": memory.write_first,
            "WRITE_WORDS": memory.write_words,
            "WRITE_MASK": self._words("write mask", owned, count=memory.write_words),
            "PUT": Rows(None, list(zeros), "put"),
            "EVEN_WRITE": _followed(WriteRow, memory.write_words),
            "ODD_WRITE": _followed(WriteRow, memory.write_words),
            "IMAGE": Rows(None, [0] * memory.read_words, "image"),
            "SAMPLE_A": _followed(SampleRow, memory.read_words),
            "SAMPLE_B": _followed(SampleRow, memory.read_words),
        }


def _read_through(component: Component) -> Iterator[Component]:
    """A component whose analogue value is shown, and the one that it measures."""
    yield component
    if isinstance(component, AnalogueSensor) and component.measures.component is not None:
        yield component.measures.component


def _moved(controller: type, plan: Plan | None) -> list[Slot[Any]]:
    slots = slots_in(controller)
    return slots if plan is None else [slot for slot in slots if slot.region in (*plan.reads, *plan.writes)]


def _followed(row: Any, words: int) -> Rows:
    return Rows(row, [{}], "link", following=words)


def _initial_bytes(slot: Slot[Any]) -> bytes:
    raw = bytes(slot.block.size)
    for tag in slot.bound.tags.values():
        value = tag.initial if tag.start is None else tag.start
        if value:
            raw = with_value(raw, tag, value)
    return raw[slot.block.first :]


def _scale(tag: Tag[Any]) -> dict[str, Any]:
    if isinstance(tag, Real | LReal):
        return {"FLOATING": 1, "LOW": 0.0, "RAW_LOW": 0.0, "SCALE": 1.0, "LEAST": 0.0, "GREATEST": 0.0}
    if not isinstance(tag, Integer):
        raise DefinitionError(
            f"{tag.path}: wanted an integer, Real or LReal for an analogue value, got a {tag.kind}"
        )
    raw = tag.raw or (0, 1)
    low, high = (tag.low, tag.high) if tag.raw else (0.0, 1.0)
    return {
        "LOW": float(low),
        "RAW_LOW": float(raw[0]),
        "SCALE": (raw[1] - raw[0]) / (high - low),
        "LEAST": float(tag.smallest),
        "GREATEST": float(min(tag.largest, MOST >> 10)),
    }


def _raw_limit(comparison: Comparison, tag: Integer) -> tuple[bool, int]:
    """From which raw number on (True), or up to which (False), the comparison holds for the controller."""

    def holds(number: int) -> bool:
        value = number if tag.raw is None else tag.from_raw(number)
        return value > comparison.limit if comparison.is_above else value < comparison.limit

    low, high = tag.smallest, min(tag.largest, MOST)
    rising = holds(high)
    if holds(low) == rising:
        return True, low if rising else MOST
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle) == rising:
            high = middle
        else:
            low = middle
    return rising, high if rising else low
