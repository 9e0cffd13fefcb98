"""The error tree.

CellwrightError
├── UsageError            what the user wrote or asked for cannot be: exit status 2
│   ├── DefinitionError   a class of the cell is wrong (tags, steps, names)
│   │   └── UnknownName   no tag or member of that name
│   └── ConfigurationError  cell.toml, the command line or the environment is wrong
├── LinkError             a wire, a PLC or a device did not do its part: exit status 3
│   ├── ConnectError      it could not be reached
│   └── ProtocolError     it answered, but not as agreed
├── ValueRefused          a value outside its tag's type or range: aborts the cell
└── UndeclaredState       controller state outside tags, steps, timers and Vars: aborts the cell

A message says what, where, wanted and got; with unit and time where they matter, and the remedy where there
is one.
"""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Iterable
from pathlib import Path


class CellwrightError(Exception):
    """Every error this software raises on purpose."""

    exit_status = 5


class UsageError(CellwrightError):
    """What the user wrote or asked for cannot be."""

    exit_status = 2


class DefinitionError(UsageError):
    """A class of the cell is wrong: tags, steps, guards, names."""


class UnknownName(DefinitionError, AttributeError):
    """No tag or member of that name."""


class ConfigurationError(UsageError):
    """cell.toml, the command line or the environment is wrong."""


class LinkError(CellwrightError):
    """A wire, a PLC or a device did not do its part."""

    exit_status = 3


class ConnectError(LinkError):
    """It could not be reached."""


class ProtocolError(LinkError):
    """It answered, but not as agreed."""


class ValueRefused(CellwrightError, ValueError):
    """A value does not fit the type or range of its tag."""


class UndeclaredState(CellwrightError, AttributeError):
    """Controller state outside tags, steps, timers and Vars."""


def nearest(name: str, names: Iterable[str]) -> str:
    """The hint that ends a message about an unknown name: the nearest known one, or all of them."""
    known = sorted(names)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there are: {', '.join(known)}" if known else "there are none"


OWN = {Path(__file__).parents[1] / package for package in ("control", "plc_sim")}
"""Where the code lies that the user's code calls."""


def describe(error: Exception) -> str:
    """An exception of the logic: what, and where in the user's code."""
    frames = traceback.extract_tb(error.__traceback__)
    user = (frame for frame in reversed(frames) if OWN.isdisjoint(Path(frame.filename).parents))
    place = next(user, frames[-1] if frames else None)
    where = f" ({Path(place.filename).name}:{place.lineno} in {place.name})" if place else ""
    return f"{type(error).__name__}: {error}{where}"
