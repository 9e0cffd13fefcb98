"""Wiring: what a cell is connected to: links, clock, drivers, parameters and the retained store."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from control.clock import Clock, WallClock
from control.device import Device
from control.errors import ConfigurationError, DefinitionError, nearest
from control.link import Link, SilentLink
from control.params import Params
from control.project import Project, load_project, word_region
from control.retain import FileStore, MemoryStore, Store

if TYPE_CHECKING:
    from control.schema import LinkTable

L = TypeVar("L", bound=Link)
D = TypeVar("D", bound=Device)

DRIVERS: Mapping[str, tuple[str, str, str]] = {"melfa": ("control.melfa", "Melfa", "MelfaSession")}
"""Driver name -> module, device class, session class."""


class Wiring:
    """Everything a controller needs from outside. `Wiring.load` gives the real one, a twin or bench gives its
    own.
    """

    def __init__(
        self,
        links: Mapping[str, Link],
        clock: Clock,
        *,
        drivers: Mapping[str, type[Device]] | None = None,
        params: Mapping[str, Any] | None = None,
        store: Store | None = None,
        where: str = "wiring",
    ) -> None:
        self.links, self.clock, self.where = dict(links), clock, where
        self.drivers = dict(drivers or {})
        self.params = dict(params or {})
        self.used: set[str] = set()
        self.store = store if store is not None else MemoryStore()

    @classmethod
    def load(cls, path: str | Path, *, links: str | Path | None = None, observe: bool = False) -> Wiring:
        """The real links and clock of a cell.toml; nothing is opened yet."""
        return cls.of(load_project(path, links), observe=observe)

    @classmethod
    def of(cls, project: Project, *, observe: bool = False) -> Wiring:
        """The real wiring of a loaded project."""
        tables = project.toml.links
        return cls(
            {name: real_link(name, table, str(project.path), observe) for name, table in tables.items()},
            WallClock(),
            drivers={
                name: driver_of(name, table, str(project.path))
                for name, table in tables.items()
                if table.driver
            },
            params=project.toml.params,
            store=MemoryStore() if observe else FileStore(project.state / "retained"),
            where=str(project.path),
        )

    def link(self, name: str, kind: type[L]) -> L:
        """The link of a name, of a kind. ConfigurationError if there is none such."""
        self.used.add(name)
        link = self.links.get(name)
        if link is None:
            raise ConfigurationError(f"{self.where}: no [links.{name}]; {nearest(name, self.links)}")
        if not isinstance(link, kind):
            raise ConfigurationError(
                f"{self.where}: links.{name}: wanted a {kind.__name__}, {link.url} is none"
            )
        return link

    def driver(self, name: str, kind: type[D]) -> type[D]:
        """The driver of a device link; it must do what the cell asks for."""
        self.link(name, Link)
        driver = self.drivers.get(name, kind)
        if not issubclass(driver, kind):
            raise ConfigurationError(
                f"{self.where}: links.{name}: the cell wants a {kind.__name__}, got {driver.__name__}"
            )
        return driver

    def params_for(self, cell: type) -> Any:
        """[params] in the schema the cell class annotates."""
        kind = annotated_params(cell)
        if kind is None or kind is Any:
            if self.params:
                raise ConfigurationError(
                    f"{self.where}: [params]: {cell.__name__} declares none (params: YourParams)"
                )
            return None
        if not (isinstance(kind, type) and issubclass(kind, Params)):
            raise DefinitionError(f"{cell.__name__}.params: wanted a subclass of Params, got {kind!r}")
        from control.schema import validate

        return validate(kind, self.params, f"{self.where}: [params]")

    def open(self) -> None:
        """Connect every link; if one fails, those already open are closed again."""
        self.refuse_unused()
        with ExitStack() as opened:
            for link in self.links.values():
                link.open()
                opened.callback(link.close)
            opened.pop_all()

    def refuse_unused(self) -> None:
        """Refuse a link that the cell made on this wiring does not use."""
        if unused := [name for name in self.links if name not in self.used]:
            raise ConfigurationError(f"{self.where}: links.{unused[0]}: nothing in the cell uses it")

    def close(self) -> None:
        """Write the safe values, disconnect, and save what is pending."""
        with ExitStack() as stack:
            stack.callback(self.store.close)
            for link in self.links.values():
                stack.callback(link.close)


def annotated_params(cell: type) -> Any:
    """What a cell class annotates `params` with; its other annotations need not make sense at run time."""
    for parent in cell.__mro__:
        annotation = vars(parent).get("__annotations__", {}).get("params")
        if annotation is not None:
            alone = types.SimpleNamespace(__annotations__={"params": annotation})
            return get_type_hints(alone, vars(sys.modules[parent.__module__]))["params"]
    return None


def driver_of(name: str, table: LinkTable, where: str) -> type[Device]:
    """The device class of a driver= entry."""
    return driver_part(name, table, where, 1)


def driver_part(name: str, table: LinkTable, where: str, part: int) -> Any:
    """One of the classes of a driver. ConfigurationError if there is no such driver."""
    driver = table.driver or ""
    if driver not in DRIVERS:
        raise ConfigurationError(
            f"{where}: links.{name}.driver: no driver {driver!r}; {nearest(driver, DRIVERS)}"
        )
    entry = DRIVERS[driver]
    return getattr(importlib.import_module(entry[0]), entry[part])


def session_of(name: str, table: LinkTable, where: str) -> Any:
    """The session of a device link, on the line its URL describes."""
    from control.exchange import Line
    from control.serial_port import format_of

    place = f"{where}: links.{name}"
    line = Line(format_of(table.url, place).byte_time)
    kind = driver_part(name, table, where, 2)
    with naming(place):
        return kind(line, table.model)


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Say where in the configuration an error is."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(f"{place}: {error}") from None


def real_link(name: str, table: LinkTable, where: str, observe: bool) -> Link:
    """The link of one table of cell.toml, on real hardware."""
    scheme = table.url.partition(":")[0]
    if scheme == "memory":
        from control.memory import MemoryLink

        return MemoryLink(name, table.url)
    if scheme == "s7":
        from control.s7 import S7Link

        words = {
            key: word_region(text, f"{where}: links.{name}.{key}")
            for key, text in (("life", table.life), ("plc_life", table.plc_life))
            if text is not None
        }
        limits = {"life_timeout": table.life_timeout, "timeout": table.timeout, "pdu": table.pdu}
        with naming(f"{where}: links.{name}"):
            return S7Link(name, table.url, cycle=table.cycle, observe=observe, **words, **limits)
    from control.line import LineLink
    from control.serial_port import SerialPort

    session = session_of(name, table, where)
    if observe:
        return SilentLink(name, table.url, session.image._replace(cause="not opened: observing"))
    return LineLink(name, SerialPort(table.url, f"{where}: links.{name}"), session)
