"""The scan: read images, evaluate the logic, judge the properties, clamp the outputs, commit, record.

A scan is a transaction: outputs, Vars, steps, timers and device orders commit together or not at all.
`Controller` is what a cell and a PLC program have in common; the cell adds PackML, devices and alarms
(control/cell.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import attrgetter, or_
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from control.block import Slot
from control.errors import DefinitionError
from control.link import PlcLink
from control.packml import Command
from control.port import InputView, OutputView, PlcPort
from control.scan import NEVER, Combination, Ladder, Rung, Scan
from control.sequence import Sequence
from control.state import Declared, put
from control.tag import Tag

if TYPE_CHECKING:
    from control.wiring import Wiring

T = TypeVar("T")
Q = TypeVar("Q", bound="Sequence[Any]")
READS, DUE, LAPSE = attrgetter("reads"), attrgetter("due"), attrgetter("lapse")
Entry = tuple[int, str, Any]
Sink = Callable[[int, list[Entry]], None]
"""Called after every scan that evaluated anything, with its instant (ns) and its entries of the trace, and
between two scans with what the judging of properties left there.
"""


class Controller(Declared):
    """Blocks on PLC links and logic over them, scanned with a period (s)."""

    period: ClassVar[float] = 0.01
    slots: ClassVar[dict[str, Slot[Any]]] = {}
    combinations: ClassVar[tuple[Callable[[Any], None], ...]] = ()
    """Methods that write outputs as a function of what they read, evaluated after the sequences."""

    bits_used: ClassVar[int] = 0
    clamp_bits = 0
    """The bits of what `clamp` depends on."""

    wiring: Any
    due: int
    reads: int
    every_rung: bool
    """Evaluate everything in every scan, needed or not; the trace is the same."""
    sinks: list[Sink]
    ports: list[PlcPort]
    sequences_by_class: dict[type[Sequence[Any]], Sequence[Any]]
    combination_rungs: tuple[Combination, ...]
    ladders: tuple[Ladder, ...]
    """All logic of the present state, in order of evaluation."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = {name: member for name, member in vars(cls).items() if isinstance(member, Slot)}
        cls.slots = {**cls.slots, **own}
        for slot in own.values():
            cls.bits_used += slot.bind(cls.bits_used)
        check_writers(cls)
        if not 0.001 <= cls.period <= 3600:
            raise DefinitionError(f"{cls.__name__}: period: wanted 0.001 to 3600 s, got {cls.period}")

    _settable = frozenset({"due", "reads", "every_rung"})

    def __init__(self, wiring: Wiring) -> None:
        scan = Scan()
        scan.reserve(self.bits_used)
        self._declare(scan)
        self.wiring = wiring
        self.due, self.reads = 0, 0
        self.every_rung = False
        self.sinks = []
        self.ports = self.wire()
        self.sequences_by_class = {}
        for kind in self.sequence_classes():
            self.sequences_by_class[kind] = kind(self)
        self.combination_rungs = tuple(
            Combination(getattr(self, method.__name__)) for method in self.combinations
        )

    def sequence_classes(self) -> list[type[Sequence[Any]]]:
        """Every sequence class of this controller, once."""
        raise NotImplementedError

    def wire(self) -> list[PlcPort]:
        """Make the blocks and the ports they go through."""
        ports = []
        for name in dict.fromkeys(slot.link for slot in self.slots.values()):
            link = self.wiring.link(name, PlcLink)
            inputs, outputs = [], []
            for slot in self.slots.values():
                if slot.link == name:
                    block = slot.bound(self._scan, writable=slot.written)
                    setattr(self, slot.name, block)
                    if slot.written:
                        outputs.append(OutputView(slot, block))
                    else:
                        inputs.append(InputView(slot, block, self._scan))
            ports.append(PlcPort(link, inputs, outputs))
        return ports

    def __getitem__(self, kind: type[Q]) -> Q:
        """The sequence of a class, or of a subclass that runs instead: `cell[Pick].step`."""
        try:
            found: Any = self.sequences_by_class[kind]
        except KeyError:
            found = next((s for own, s in self.sequences_by_class.items() if issubclass(own, kind)), None)
        if found is None:
            raise DefinitionError(f"{type(self).__name__} does not run {kind.__name__}")
        return found

    def value(self, tag: Tag[T]) -> T:
        """What a tag holds, named by its block class or on this class."""
        own = resolve(type(self), tag)
        return cast(T, own.__get__(getattr(self, own.path.partition(".")[0]), type(self)))

    def assign(self, tag: Tag[T], value: T) -> None:
        """Set a tag, named by its block class or on this class."""
        own = resolve(type(self), tag)
        own.__set__(getattr(self, own.path.partition(".")[0]), value)

    # one scan

    def scan(self, now: int) -> None:
        """Run one scan at `now` (ns). Afterwards `due` and `reads` tell when the next one may matter."""
        scan = self._scan
        scan.now = now
        scan.recent, scan.written, scan.fresh = scan.changed, 0, 0
        try:
            scan.changed = self.take_inputs(now)
            if self.every_rung:
                self.begin_anew()
            elif now < self.due and not scan.changed & self.reads:
                self.put()
                put(self, "due", min(self.due, *map(LAPSE, self.ports)))
                return
            self.evaluate()
            self.commit()
        except Exception as error:  # the scan is discarded whatever went wrong in it
            self.fail(error)
        self.plan()

    def take_inputs(self, now: int) -> int:
        """Take what the links brought; the bits of what differs."""
        changed = 0
        for port in self.ports:
            changed |= port.take(now)
        return changed

    def plan(self) -> None:
        """When the next scan may matter: what was written after all ladders concerns them in the next one."""
        ladders = self.ladders
        if self._scan.fresh:
            for ladder in ladders:
                ladder.disturb(self._scan.fresh)
        put(self, "reads", reduce(or_, map(READS, ladders)))
        put(self, "due", min(*map(DUE, ladders), *map(LAPSE, self.ports), NEVER))

    def begin_anew(self) -> None:
        """Evaluate everything in the next scan."""
        self.due = 0
        for ladder in self.ladders:
            ladder.begin_anew()

    def evaluate(self) -> None:
        """The logic of one scan."""
        scan = self._scan
        for ladder in self.ladders:
            if scan.now >= ladder.due or scan.changed & ladder.reads:
                ladder.evaluate(scan)

    def clamp(self, view: OutputView) -> int:
        """The bits of a written block that are kept at their safe values."""
        return 0

    def commit(self) -> None:
        """Make the scan's effects real: outputs to the links, then the trace to the sinks."""
        scan = self._scan
        clamps = (scan.written | scan.fresh) & self.clamp_bits
        for port in self.ports:
            for view in port.outputs:
                if clamps or view.block._raw is not view.ordered:
                    if view.commit(self.clamp(view), scan):
                        port.renew()
        self.put()
        self.hand_over()
        scan.commit()
        entries, scan.trace = scan.trace, []
        for sink in self.sinks:
            sink(scan.now, entries)

    def put(self) -> None:
        """Hand the committed outputs to the links; they count a scan by it."""
        for port in self.ports:
            port.link.put(port.committed)

    def hand_over(self) -> None:
        """Hand over what else a scan ordered."""

    def fail(self, error: Exception) -> None:
        """The logic raised: the scan is taken back."""
        self._scan.rollback()
        self.begin_anew()
        raise error

    def demand(self, command: Command, cause: str) -> None:
        """Something asks for a PackML command, for a reason."""
        self.note(f"{command.name}: {cause}")

    def note(self, text: str) -> None:
        """Something worth recording happened."""
        self.trace("note", text)

    def trace(self, name: str, value: Any) -> None:
        """One entry of the trace."""
        self._scan.touch(0)
        self._scan.trace.append((self._scan.now, name, value))


def check_writers(controller: type[Controller]) -> None:
    """Every byte has one writer. DefinitionError names byte and blocks."""
    writers: dict[tuple[str, Any, int, int], str] = {}
    for slot in controller.slots.values():
        for byte in slot.region.bytes() if slot.written else ():
            key = (slot.link, slot.region.area, slot.region.number, byte)
            if (other := writers.setdefault(key, slot.name)) != slot.name:
                raise DefinitionError(
                    f"{controller.__name__}: {other} and {slot.name} both write {slot.region.name(byte)}"
                )


def resolve(controller: type[Controller], tag: Tag[Any]) -> Tag[Any]:
    """The controller's own tag for a tag named by its block class. DefinitionError if no block, or several,
    have it.
    """
    slot = controller.slots.get(tag.path.partition(".")[0])
    if slot is not None and getattr(slot.bound, tag.name, None) is tag:
        return tag
    own = [
        getattr(slot.bound, tag.name)
        for slot in controller.slots.values()
        if getattr(slot.block, tag.name, None) is tag
    ]
    if len(own) != 1:
        places = " and ".join(found.path for found in own) or "no block of it"
        raise DefinitionError(f"{controller.__name__}: tag {tag.path} is in {places}; wanted exactly one")
    return own[0]


class Program(Controller):
    """Logic that runs in the simulated PLC: blocks and sequences at the PLC's cycle, no PackML."""

    sequences: ClassVar[tuple[type[Sequence[Any]], ...]] = ()

    def __init__(self, wiring: Wiring) -> None:
        super().__init__(wiring)
        rungs: list[Rung] = [*self.blocks.values()]
        for sequence in self.sequences_by_class.values():
            rungs += [*sequence.blocks.values(), sequence.runner]
        self.ladders = (Ladder([*rungs, *self.combination_rungs]),)
        self._seal()

    def sequence_classes(self) -> list[type[Sequence[Any]]]:
        return list(self.sequences)
