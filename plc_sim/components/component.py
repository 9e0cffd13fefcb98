"""What every component of a plant has: parameters with units, digital signals, analogue values, a row in the
kernel.

A component is declared as a class attribute of a twin, which gives it its name. `sensor >> tag` and `tag >>
actuator` make entries of the PLC's I/O map.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

from control.errors import UnknownName, nearest
from control.shared import Shared
from control.tag import Tag
from plc_sim.kernel.row import Kind, Row

if TYPE_CHECKING:
    from plc_sim.components.site import Site

Metre: TypeAlias = float
Second: TypeAlias = float
Radian: TypeAlias = float
MetrePerSecond: TypeAlias = float
MetrePerSecond2: TypeAlias = float
RadianPerSecond: TypeAlias = float
RadianPerSecond2: TypeAlias = float
Share: TypeAlias = float
"""A number from 0 to 1."""


class InputEntry:
    """An entry of the I/O map: a signal or analogue value of the plant shown in a tag."""

    def __init__(self, source: Signal | Analogue, tag: Tag[Any]) -> None:
        self.source, self.tag = source, tag


class OutputEntry:
    """An entry of the I/O map: a tag that drives a signal of the plant.

    `safe` is the signal's value while the PLC is in STOP and, with `failsafe`, while it does not hear the
    controller.
    """

    def __init__(self, tag: Tag[Any], target: Signal, *, safe: bool = False, failsafe: bool = True) -> None:
        self.tag, self.target, self.safe, self.failsafe = tag, target, safe, failsafe


class SetpointEntry:
    """An entry of the I/O map: a number that the plant obeys, as a tag has it.

    `safe` is its value while the PLC is in STOP and while it does not hear the controller, in the setpoint's
    own unit.
    """

    def __init__(self, tag: Tag[Any], target: Setpoint, *, safe: float = 0.0) -> None:
        self.tag, self.target, self.safe = tag, target, safe


class Driver(Enum):
    """Who drives a signal."""

    COMPONENT = "the component"
    PLC = "the PLC or a robot"
    OPERATOR = "the operator"


class Signal(Shared):
    """A digital signal of a component."""

    def __init__(self, doc: str, driver: Driver, *, initial: bool = False) -> None:
        self.doc, self.driver, self.initial = doc, driver, initial
        self.name = ""
        self.component: Component | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, component: Component | None, owner: type | None = None) -> Signal:
        return self if component is None else self.of(component)

    def of(self, component: Component, name: str = "") -> Signal:
        """This signal of one component, perhaps under a name of its own."""
        signal = Signal(self.doc, self.driver, initial=self.initial)
        signal.name, signal.component = name or self.name, component
        return signal

    @property
    def path(self) -> str:
        """Its name in the plant, as 'stop_eye.blocked'."""
        return f"{self.component.name}.{self.name}" if self.component else f"plc.{self.name}"

    def __rshift__(self, tag: Tag[Any]) -> InputEntry:
        return InputEntry(self, tag)

    def __rrshift__(self, tag: Tag[Any]) -> OutputEntry:
        return OutputEntry(tag, self)


def actuator(doc: str, *, initial: bool = False) -> Signal:
    """A signal that the component obeys."""
    return Signal(doc, Driver.PLC, initial=initial)


def sensor(doc: str, *, initial: bool = False) -> Signal:
    """A signal that the component drives."""
    return Signal(doc, Driver.COMPONENT, initial=initial)


def operated(doc: str, *, initial: bool = False) -> Signal:
    """A signal that the operator works."""
    return Signal(doc, Driver.OPERATOR, initial=initial)


class Quantity(Shared):
    """A number of a component, declared as an attribute of its class."""

    def __init__(self, doc: str, unit: str) -> None:
        self.doc, self.unit = doc, unit
        self.name = ""
        self.component: Component | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, component: Component | None, owner: type | None = None) -> Self:
        return self if component is None else self.of(component, self.name)

    def of(self, component: Component, name: str) -> Self:
        """This number of one component."""
        value = type(self)(self.doc, self.unit)
        value.name, value.component = name, component
        return value

    @property
    def path(self) -> str:
        """Its name in the plant, as 'belt.speed_actual'."""
        return f"{self.component.name if self.component else 'unnamed'}.{self.name}"


class Analogue(Quantity):
    """An analogue value of a component, a closed form of time evaluated when somebody reads it."""

    def __rshift__(self, tag: Tag[Any]) -> InputEntry:
        return InputEntry(self, tag)


class Setpoint(Quantity):
    """A number that a component obeys: an analogue output of the PLC, or a value in a telegram to a drive."""

    def __rrshift__(self, tag: Tag[Any]) -> SetpointEntry:
        return SetpointEntry(tag, self)


class Component(Shared):
    """Base of all components. Parameters are the fields of `row` that have an attribute of their name."""

    row: ClassVar[type[Row] | None] = None
    acts: ClassVar[bool] = True
    name = "unnamed"

    def __set_name__(self, owner: type, name: str) -> None:
        if (
            self.name == "unnamed"
        ):  # a second name is refused when the plant is built: an error here would be wrapped
            self.name = name

    def signals(self) -> Iterator[Signal]:
        """Its digital signals, in the order of their declaration."""
        yield from (getattr(self, name) for name in self._members(Signal))

    def signal(self, name: str) -> Signal:
        """One of its signals; UnknownName if there is none."""
        known = {signal.name: signal for signal in self.signals()}
        if name not in known:
            raise UnknownName(f"{self.name} has no signal {name!r}; {nearest(name, known)}")
        return known[name]

    def _members(self, kind: type) -> list[str]:
        """Names of its class's attributes of a kind, in the order of their declaration."""
        members = {name: member for cls in reversed(type(self).__mro__) for name, member in vars(cls).items()}
        return [name for name, member in members.items() if isinstance(member, kind)]

    def analogues(self) -> Iterator[Analogue]:
        """Its analogue values, in the order of their declaration."""
        yield from (getattr(self, name) for name in self._members(Analogue))

    def setpoints(self) -> Iterator[Setpoint]:
        """The numbers it obeys, in the order of their declaration; each is the field of that name."""
        yield from (getattr(self, name) for name in self._members(Setpoint))

    def parameters(self) -> dict[str, Any]:
        """Its parameters by name."""
        fields = self.row.fields if self.row else {}
        kinds = (Kind.REAL, Kind.WHOLE, Kind.DURATION)
        names = (name.lower() for name, field in fields.items() if field.declaration.kind in kinds)
        return {name: getattr(self, name) for name in names if hasattr(self, name)}

    def references(self) -> Iterator[Component]:
        """The components it is mounted on or works with."""
        for value in vars(self).values():
            members = value if isinstance(value, tuple | list) else (value,)
            yield from (member for member in members if isinstance(member, Component))

    def heard(self) -> Iterator[Signal]:
        """The signals at whose edges it is called."""
        yield from (signal for signal in self.signals() if signal.driver is not Driver.COMPONENT)

    def check(self, site: Site) -> None:
        """ConfigurationError if its parameters do not fit those of other components."""

    def attach(self, site: Site) -> None:
        """Tell the components it is mounted on; before any row is laid out."""

    def fields(self, site: Site) -> dict[str, Any]:
        """Fields of its row besides parameters, signals and components."""
        return {}

    def counted(self, row: Sequence[int], now: int) -> dict[str, int]:
        """What it counts, by the name of its row's field, up to `now` (ns); `row` are its words."""
        fields = self.row.fields if self.row else {}
        return {name.lower(): row[field] for name, field in fields.items() if field.declaration.counted}

    def initially(self, site: Site, signal: Signal) -> bool:
        """The value of one of its signals at the start."""
        return signal.initial

    def first(self, site: Site) -> int:
        """When it acts first, in ns."""
        return site.start
