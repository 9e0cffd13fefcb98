"""Where components are laid out into a block: parameter values, marks and stops on belts, keys of draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from control.errors import ConfigurationError, nearest
from plc_sim.components.component import Component
from plc_sim.kernel.belt_row import StopRow
from plc_sim.kernel.draw import stream_key
from plc_sim.kernel.header import name_hash
from plc_sim.kernel.layout import At, Layout, Rows, check
from plc_sim.kernel.row import Kind

Mark = tuple[float, int, str, int]
"""Position of the front (m), effect, component called, and which of the component's marks this is."""


class Word:
    """A word of a component's row, or of the header, known once the layout is built."""

    def __init__(self, site: Site, component: str, field: int) -> None:
        self._site, self._component, self._field = site, component, field

    def __int__(self) -> int:
        first = self._site.layout.offsets[self._component] if self._component else 0
        return first + self._field


class Site:
    """The plant in the making."""

    def __init__(
        self, components: Mapping[str, Component], layout: Layout, parameters: Mapping[str, Any]
    ) -> None:
        self.components, self.layout = components, layout
        self.start = layout.start
        self._parameters = dict(parameters)
        self._check_names()
        self.marks: dict[Component, list[Mark]] = {}
        self.stops: dict[Component, list[tuple[float, str, bool]]] = {}
        self.stop_rows: dict[Component, Rows] = {}
        self.analogues: dict[Component, int] = {}
        self.eyes: dict[Component, list[Component]] = {}
        """The sensors that look at a place."""
        self.waiters: dict[Component, list[Component]] = {}
        """Who is poked when a part comes to a place or leaves it, or when a cylinder enters another zone."""

    def _check_names(self) -> None:
        known = {
            f"{name}.{key}" for name, component in self.components.items() for key in component.parameters()
        }
        for name in self._parameters:
            if name not in known:
                raise ConfigurationError(f"parameters: the plant has no {name!r}; {nearest(name, known)}")

    def value(self, component: Component, name: str) -> Any:
        """A parameter of a component, as varied for this plant."""
        return self._parameters.get(f"{component.name}.{name}", getattr(component, name))

    def check_parameters(self, component: Component) -> None:
        """ConfigurationError unless every parameter is a finite number within its bounds."""
        for name in component.parameters():
            assert component.row is not None
            try:
                check(
                    f"{component.name}.{name}",
                    component.row.fields[name.upper()].declaration,
                    self.value(component, name),
                )
            except ValueError as error:
                raise ConfigurationError(str(error)) from error

    def key(self, component: Component) -> int:
        """The key of a component's draws."""
        return stream_key(self.layout.seed, self.layout.scenario, name_hash(component.name))

    def refuse(self, component: Component, name: str, wanted: str, got: object) -> NoReturn:
        """Raise the error for a parameter that does not fit the plant."""
        raise ConfigurationError(f"{component.name}.{name}: wanted {wanted}, got {got!r}")

    def add_mark(self, belt: Component, mark: Mark) -> None:
        """A part's front calls a component at a position of a belt."""
        self.marks.setdefault(belt, []).append(mark)

    def add_stop(self, belt: Component, position: float, name: str, blocking: bool) -> None:
        """A stop stands at a position of a belt."""
        self.stops.setdefault(belt, []).append((position, name, blocking))

    def stops_of(self, belt: Component) -> Rows:
        """The rows of a belt's stops; once everybody has attached."""
        if belt not in self.stop_rows:
            stops = sorted(self.stops.get(belt, ()))
            entries = [{"POSITION": position, "BLOCKING": int(blocking)} for position, _, blocking in stops]
            self.stop_rows[belt] = Rows(StopRow, entries, belt.name)
        return self.stop_rows[belt]

    def stop(self, belt: Component, name: str) -> At:
        """The row of the stop of that name."""
        ordered = [stop[1] for stop in sorted(self.stops[belt])]
        return At(self.stops_of(belt), ordered.index(name) * StopRow.SIZE)

    def lay(self, component: Component) -> None:
        """Add a component's row."""
        if component.row is None:
            return
        values = {name.upper(): self.value(component, name) for name in component.parameters()}
        names = {signal.name: signal.path for signal in component.signals()}
        for field, where in component.row.fields.items():
            name = field.lower()
            if where.declaration.kind is Kind.SIGNAL and name in names:
                values[field] = names[name]
            elif where.declaration.kind is Kind.COMPONENT and hasattr(component, name):
                other = getattr(component, name)
                values[field] = None if other is None else other.name
        values.update(component.fields(self))
        listens = [signal.path for signal in component.heard()]
        first = component.first(self) if component.acts else None
        self.layout.component(component.name, component.row, values, first=first, listens=listens)
