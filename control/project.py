"""A cell's project: cell.toml with the files it names.

The folder of cell.toml becomes a package of the folder's name, so `twin.py` says `from .cell import
PickCell`; every loader in the process shares its modules.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
import re
import sys
import tomllib
import traceback
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from control.block import Area, Region
from control.cell import Cell
from control.errors import CellwrightError, ConfigurationError, nearest
from control.property import Property
from control.shared import Shared
from control.tag import Tag

if TYPE_CHECKING:
    from control.schema import CellToml, LinkTable


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file. ConfigurationError names file, line and remedy."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such file; wanted a cell's cell.toml") from None
    except IsADirectoryError:
        raise ConfigurationError(f"{path} is a folder; wanted its cell.toml: {path / 'cell.toml'}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not TOML: {error}") from None


@dataclass(frozen=True)
class Project(Shared):
    """A loaded cell.toml. Classes are imported when asked for."""

    path: Path
    toml: CellToml

    @property
    def folder(self) -> Path:
        """Where cell.toml lies."""
        return self.path.parent

    @property
    def state(self) -> Path:
        """Where retained values and records are kept."""
        return self.folder / self.toml.cell.state

    def controller(self) -> type[Cell]:
        """The cell's class."""
        found = self.find(self.toml.cell.controller)
        if not (isinstance(found, type) and issubclass(found, Cell)):
            raise ConfigurationError(f"{self.path}: cell.controller: wanted a Cell class, got {found!r}")
        for name, table in self.toml.links.items():
            check_life_words(found, name, table, f"{self.path}: links.{name}")
        return found

    def properties(self) -> list[Property]:
        """The properties the project names; none if it names none."""
        if self.toml.cell.properties is None:
            return []
        found = self.find(self.toml.cell.properties)
        if not isinstance(found, list | tuple) or not all(isinstance(entry, Property) for entry in found):
            raise ConfigurationError(
                f"{self.path}: cell.properties: wanted a list of Property, got {found!r}"
            )
        return list(found)

    def find(self, place: str) -> Any:
        """What `file.py:Name` names."""
        file, colon, name = place.partition(":")
        if not colon or not file.endswith(".py"):
            raise ConfigurationError(f"{self.path}: wanted file.py:Class, got {place!r}")
        module = load_module(self.folder, file)
        if not hasattr(module, name):
            names = [known for known, member in vars(module).items() if isinstance(member, type)]
            raise ConfigurationError(f"{self.path}: {file} has no {name}; {nearest(name, names)}")
        return getattr(module, name)


def load_project(
    path: str | Path, links: str | Path | None = None, state: str | Path | None = None
) -> Project:
    """Read and check cell.toml, its [links] and its state folder replaced by those given."""
    from control.schema import CellToml, LinksToml, validate  # half the time of an import of `control`

    path = Path(path)
    toml = validate(CellToml, read_toml(path), str(path))
    source = path if links is None else Path(links)
    if links is not None:
        served = validate(LinksToml, read_toml(source), str(source))
        toml = toml.model_copy(update={"links": served.links})
    if state is not None:
        toml = toml.model_copy(
            update={"cell": toml.cell.model_copy(update={"state": str(Path(state).resolve())})}
        )
    for name, table in toml.links.items():
        check_link(name, table, source)
    return Project(path.resolve(), toml)


SCHEMES = {"s7": "PLC", "memory": "PLC", "serial": "device", "socket": "device"}


def check_link(name: str, table: LinkTable, path: Path) -> None:
    """The URL's scheme is known and fits: a PLC's, or a device's with a driver."""
    scheme = urlsplit(table.url).scheme
    where = f"{path}: links.{name}.url"
    if scheme not in SCHEMES:
        raise ConfigurationError(
            f"{where}: unknown scheme {scheme!r} in {table.url!r}; {nearest(scheme, SCHEMES)}"
        )
    if (SCHEMES[scheme] == "device") != (table.driver is not None):
        wanted = (
            "a driver= for this device" if table.driver is None else "serial:// or socket:// for a device"
        )
        raise ConfigurationError(f"{where}: {table.url!r}: wanted {wanted}")


def check_life_words(cell: type[Cell], link: str, table: LinkTable, where: str) -> None:
    """Every byte has one writer: the link writes `life`, the PLC `plc_life`, and no tag lies there."""
    for key, text, whose in (("life", table.life, (True, False)), ("plc_life", table.plc_life, (True,))):
        word = word_region(text, f"{where}.{key}") if text else None
        for slot in cell.slots.values():
            if word and slot.link == link and slot.written in whose and slot.region[:2] == word[:2]:
                taken = [tag.path for tag in slot.bound.tags.values() if {*word.bytes()} & {*bytes_of(tag)}]
                if taken:
                    raise ConfigurationError(
                        f"{where}.{key}: wanted a word without tags, got {text}, where {taken[0]} lies"
                    )


def bytes_of(tag: Tag[Any]) -> range:
    """The bytes of its block that a tag lies in."""
    return range(tag.byte, tag.byte + tag.size)


def load_module(folder: Path, file: str) -> types.ModuleType:
    """Import one file of a cell's folder. ConfigurationError gives file and line."""
    if not (folder / file).is_file():
        raise ConfigurationError(f"{folder / file}: no such file")
    name = f"{package_of(folder)}.{file.removesuffix('.py')}"
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        raise ConfigurationError(f"{place_of(error, folder)}: {describe(error)}") from error


def package_of(folder: Path) -> str:
    """The name of the package that stands for a cell's folder, made if need be; never that of something
    installed.
    """
    name = re.sub(r"\W", "_", folder.name) or "cell"
    while location(name) not in (None, [str(folder)]):
        name += "_"
    if name not in sys.modules:
        package = types.ModuleType(name, f"The cell in {folder.name}.")
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return name


def location(name: str) -> list[str] | None:
    """The folders of a package, loaded or not; none for a plain module. None if there is nothing of that
    name.
    """
    if name in sys.modules:
        return list(getattr(sys.modules[name], "__path__", []))
    spec = importlib.util.find_spec(name)
    return None if spec is None else list(spec.submodule_search_locations or [])


def place_of(error: BaseException, folder: Path) -> str:
    """File and line in the cell's folder where an import failed."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}:{error.lineno}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).parent == folder]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else folder.name


def describe(error: BaseException) -> str:
    """What went wrong, without a traceback."""
    if isinstance(error, CellwrightError):
        return str(error)
    known = dir(error.obj) if isinstance(error, AttributeError) and error.obj is not None else []
    close = difflib.get_close_matches(getattr(error, "name", None) or "", known, n=1)
    return f"{type(error).__name__}: {error}" + (f"; did you mean {close[0]!r}?" if close else "")


def check_imports(file: Path) -> None:
    """Refuse a cell's file that needs more of our packages than `control`, itself or by its neighbours: it
    would not load on the cell PC.
    """
    waiting, seen = [file], set[Path]()
    while waiting:
        source = waiting.pop()
        seen.add(source)
        for line, level, name in imports(source):
            if not level and name.partition(".")[0] in ("plc_sim", "hil"):
                raise ConfigurationError(
                    f"{source.name}:{line}: {file.name} imports {name}; of Cellwright's packages it may have"
                    " control alone, as on the cell PC; what needs the twin belongs in twin.py"
                )
            near = source.parent / f"{name.partition('.')[0]}.py"
            if level == 1 and near.is_file() and near not in seen:
                waiting.append(near)


def imports(source: Path) -> Iterator[tuple[int, int, str]]:
    """Line, level and full name of every import of a source file, those inside functions included."""
    for node in ast.walk(ast.parse(source.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, 0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (
                (node.lineno, node.level, ".".join(filter(None, (node.module, alias.name))))
                for alias in node.names
            )


WORD_ADDRESS = re.compile(r"(?:DB(\d+)\.DB|([MIQ]))W(\d+)")


def word_region(text: str, where: str) -> Region:
    """A word address such as DB11.DBW0 or MW4. ConfigurationError if it is none."""
    found = WORD_ADDRESS.fullmatch(text)
    if found is None:
        raise ConfigurationError(f"{where}: wanted a word address as DB11.DBW0 or MW4, got {text!r}")
    number, area, byte = found.groups()
    return Region(Area(area or "DB"), int(number or 0), int(byte), 2)


BLOCK_ADDRESS = re.compile(r"(?:DB(\d+)(?:\.DBB(\d+))?|([MIQ])B(\d+))")


def block_start(text: str, where: str) -> tuple[str, int, int]:
    """Area, number and first byte of a block's address such as DB100, DB100.DBB20 or MB100.
    ConfigurationError if it is none.
    """
    found = BLOCK_ADDRESS.fullmatch(text)
    if found is None:
        raise ConfigurationError(f"{where}: wanted a block's address as DB100 or MB100, got {text!r}")
    number, byte, area, place = found.groups()
    return area or "DB", int(number or 0), int(byte or place or 0)


def url_options(url: str, known: dict[str, type], where: str) -> dict[str, Any]:
    """The options after ? in a URL, typed. ConfigurationError names an unknown or wrong one."""
    options = {}
    for key, text in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if key not in known:
            raise ConfigurationError(f"{where}: unknown option {key!r} in {url!r}; {nearest(key, known)}")
        try:
            options[key] = known[key](text)
        except ValueError:
            raise ConfigurationError(f"{where}: {key}: wanted {known[key].__name__}, got {text!r}") from None
    return options
