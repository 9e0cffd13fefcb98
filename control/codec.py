"""Values as JSON and back, exactly: for records, snapshots and the trace hash.

Plain values stand for themselves; a tuple becomes a list; bytes, enums, named tuples and frozen dataclasses
become {"type": [...]}. Only types of modules that are already loaded are ever made: reading a file imports
and runs nothing.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import sys
from collections.abc import Callable
from enum import Enum, Flag
from typing import Any

from control.device import Handle
from control.errors import ConfigurationError

PLAIN = (bool, int, float, str, type(None))
MOMENTS: dict[str, Callable[..., Any]] = {
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "timedelta": dt.timedelta,
}


def encode(value: Any) -> Any:
    """A value as JSON can hold it."""
    if isinstance(value, Enum):
        return {type_name(type(value)): [value.value if isinstance(value, Flag) else value.name]}
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, bytes):
        return {"bytes": [value.hex()]}
    if isinstance(value, Handle):
        return {type_name(type(value)): [value.name, value.number]}
    if isinstance(value, tuple):
        items = [encode(item) for item in value]
        return {type_name(type(value)): items} if hasattr(value, "_fields") else items
    if isinstance(value, dict):
        return {"dict": [[encode(key), encode(item)] for key, item in value.items()]}
    if isinstance(value, dt.timedelta):
        return {"timedelta": [value.days, value.seconds, value.microseconds]}
    if type(value) in (dt.datetime, dt.date, dt.time):
        return {type(value).__name__: [value.isoformat()]}
    if dataclasses.is_dataclass(value):
        return {type_name(type(value)): [encode(getattr(value, name)) for name in field_names(type(value))]}
    raise TypeError(f"{value!r} ({type(value).__name__}) cannot be recorded")


def field_names(kind: Any) -> list[str]:
    """The fields a dataclass is made from."""
    return [field.name for field in dataclasses.fields(kind) if field.init]


def type_name(kind: type) -> str:
    """A type as module:name."""
    return f"{kind.__module__}:{kind.__qualname__}"


def decode(data: Any, device: Callable[[str], Any] = lambda name: None) -> Any:
    """What `encode` made; `device` gives the device of a name, for handles. ConfigurationError if a type is
    unknown.
    """
    if isinstance(data, list):
        return tuple(decode(item, device) for item in data)
    if not isinstance(data, dict):
        return data
    ((name, items),) = data.items()
    if name == "bytes":
        return bytes.fromhex(items[0])
    if name == "dict":
        return {decode(key, device): decode(item, device) for key, item in items}
    if name in MOMENTS:
        return MOMENTS[name](*items)
    kind: Any = loaded_type(name)
    if issubclass(kind, Handle):
        return kind(device(items[0]), items[1])
    try:
        if issubclass(kind, Enum):
            return kind(items[0]) if issubclass(kind, Flag) else kind[items[0]]
        values = [decode(item, device) for item in items]
        if issubclass(kind, tuple):
            return kind(*values)
        return kind(**dict(zip(field_names(kind), values, strict=True)))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"record: {items} is no {name} of this cell: {error}") from None


def loaded_type(name: str) -> type:
    """A value type of a loaded module."""
    module, _, path = name.partition(":")
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    if isinstance(found, type) and (
        issubclass(found, Enum) or dataclasses.is_dataclass(found) or issubclass(found, tuple)
    ):
        return found
    raise ConfigurationError(
        f"record: type {name!r} is not known to this cell; wanted one its modules define"
    )


def text(value: Any) -> str:
    """A value in one unmistakable spelling."""
    return repr(value) if is_plain(value) else to_json(encode(value))


def is_plain(value: Any) -> bool:
    """Whether a value is a number, a text or nothing, or a tuple of such."""
    return type(value) in PLAIN or isinstance(value, tuple) and all(map(is_plain, value))


class TraceHash:
    """A sink that condenses a trace to one hash, equal for equal traces."""

    batch = 1000

    def __init__(self) -> None:
        self.digest = hashlib.blake2b(digest_size=8)
        self.entries = 0
        self.waiting: list[tuple[int, str, Any]] = []

    def __deepcopy__(self, memo: dict[int, Any]) -> TraceHash:
        twin = TraceHash()
        twin.digest, twin.entries, twin.waiting = self.digest.copy(), self.entries, self.waiting.copy()
        return twin

    def __call__(self, now: int, entries: list[tuple[int, str, Any]]) -> None:
        self.entries += len(entries)
        self.waiting += entries
        if len(self.waiting) >= self.batch:
            self.take()

    def take(self) -> None:
        """Condense what is waiting."""
        lines = [f"{time} {name} {text(value)}\n" for time, name, value in self.waiting]
        self.digest.update("".join(lines).encode())
        self.waiting.clear()

    def hexdigest(self) -> str:
        """The hash so far."""
        self.take()
        return self.digest.hexdigest()


to_json = json.JSONEncoder(separators=(",", ":")).encode
"""A value as compact JSON."""
