"""Declared state: the only places where a cell, sequence, device or program keeps what it knows.

Tags, steps, timers, pending device requests and `Var`s. Anything else set after construction is refused, so
one snapshot serves rollback, skipping, records, retained values and branching.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection
from enum import Enum
from typing import Any, ClassVar, Generic, NoReturn, TypeVar, overload

from control.errors import DefinitionError, UndeclaredState, nearest
from control.scan import Scan
from control.timer import FunctionBlock

T = TypeVar("T")
RETAINABLE = frozenset({bool, int, float, str, type(None)})


class Fixed:
    """Base of types whose objects never change, whatever they are made of."""


put = object.__setattr__
PLAIN = (bool, int, float, str, bytes, type(None), Enum, dt.date, dt.time, dt.timedelta, Fixed)


def check_value(value: object, where: str) -> None:
    """Refuse a value that could change behind the scan's back."""
    if isinstance(value, PLAIN):
        return
    if isinstance(value, tuple):
        for item in value:
            check_value(item, where)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        if not type(value).__dataclass_params__.frozen:  # pyright: ignore[reportAttributeAccessIssue]
            raise DefinitionError(f"{where}: {type(value).__name__} must be a frozen dataclass")
        for member in dataclasses.fields(value):
            check_value(getattr(value, member.name), f"{where}.{member.name}")
    else:
        raise DefinitionError(
            f"{where}: wanted a value that cannot change (number, text, bool, tuple, enum, "
            f"frozen dataclass), got {value!r} ({type(value).__name__})"
        )


def check_retainable(value: object, where: str) -> None:
    """Refuse a value that cannot be saved as plain data, since another version of the program reads it."""
    items = value if type(value) is tuple else (value,)
    if not all(type(item) in RETAINABLE for item in items):
        raise DefinitionError(
            f"{where}: a retained Var holds a number, text, bool or a tuple of them, got {value!r}"
        )


class Var(Generic[T]):
    """Declared controller state with its value at power-up.

    With `retain=True` the value survives a restart: it is saved to disk, and after a restart an operator
    confirms what is shown before the cell uses it.
    """

    name = "unnamed"

    def __init__(self, default: T, *, retain: bool = False) -> None:
        self.default, self.retain = default, retain

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def check(self, value: object, owner: type) -> None:
        """Refuse a value this Var cannot hold."""
        if isinstance(value, PLAIN) and not self.retain:
            return
        where = f"{owner.__name__}.{self.name}"
        check_value(value, where)
        if self.retain:
            check_retainable(value, where)

    @overload
    def __get__(self, holder: None, owner: type) -> Var[T]: ...
    @overload
    def __get__(self, holder: Declared, owner: type) -> T: ...
    def __get__(self, holder: Declared | None, owner: type | None = None) -> Var[T] | T:
        if holder is None:
            return self
        value, bit = holder._state[self.name]
        holder._scan.reads |= bit
        return value

    def __set__(self, holder: Declared, value: T) -> None:
        setattr(holder, self.name, value)


class Declared:
    """Base of everything that keeps state across scans."""

    blocks: dict[str, FunctionBlock]
    _vars: ClassVar[dict[str, Var[Any]]] = {}
    _settable: ClassVar[frozenset[str]] = frozenset()
    _scan: Scan
    _state: dict[str, tuple[Any, int]]
    _sealed = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        members = {name: member for parent in reversed(cls.__mro__) for name, member in vars(parent).items()}
        cls._vars = {name: member for name, member in members.items() if isinstance(member, Var)}
        for var in cls._vars.values():
            var.check(var.default, cls)
        for member in vars(cls).values():
            if isinstance(member, FunctionBlock):
                member.check(cls)

    def _declare(self, scan: Scan) -> None:
        self._scan = scan
        self._state = {name: (var.default, scan.new_bit()) for name, var in self._vars.items()}
        self.blocks = {}
        for name in dir(type(self)):
            if isinstance(block := getattr(type(self), name, None), FunctionBlock):
                self.blocks[name] = block.bound(self, scan)
                setattr(self, name, self.blocks[name])

    def _keep(self, name: str, value: Any) -> None:
        """Set declared state by name, as part of the scan's transaction."""
        state, scan = self._state, self._scan
        old = before, bit = state[name]
        if scan.locked:
            scan.touch(bit)
        scan.touched |= bit
        if type(value) is not type(before) or value != before:
            scan.change(bit, state.__setitem__, name, old)
            state[name] = (value, bit)

    def durable(self, var: Var[T]) -> T:
        """The value of a retained Var that is safely on disk: what may be counted on after a power loss."""
        scan, key = self._scan, f"{getattr(self, 'name', 'cell')}.{var.name}"
        scan.reads |= scan.durable_bits.get(key, 0)
        value: T = scan.durable.get(key, var.default)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._vars:
            if type(value) not in RETAINABLE:
                self._vars[name].check(value, type(self))
            self._keep(name, value)
        elif name in self._settable or not self._sealed:
            put(self, name, value)
        else:
            self._refuse(name)

    def _refuse(self, name: str) -> NoReturn:
        where = f"{type(self).__name__}.{name}"
        if hasattr(type(self), name) or name in self.__dict__:
            raise UndeclaredState(f"{where} is fixed once the cell is built; keep what changes in a Var")
        hint = f" ({nearest(name, self._vars)})" if self._vars else ""
        raise UndeclaredState(f"{where} is not declared{hint}; write `{name} = Var(…)` in the class body")

    def _time(self) -> int:
        """The time of this holder's timers, in ns."""
        return self._scan.now

    def _seal(self) -> None:
        object.__setattr__(self, "_sealed", True)

    def snapshot(self) -> dict[str, Any]:
        """The state of all Vars and timers, by name."""
        values = {name: value for name, (value, _) in self._state.items()}
        return values | {name: block.snapshot() for name, block in self.blocks.items()}

    def restore(self, values: dict[str, Any]) -> None:
        """Take a snapshot; not part of a scan's transaction."""
        for name, value in values.items():
            if name in self.blocks:
                self.blocks[name].restore(value)
            else:
                self._state[name] = (value, self._state[name][1])


def refuse_taken_names(kind: type, base: type, open_names: Collection[str]) -> None:
    """Refuse a member of `kind` that hides one of `base` by accident; what this package itself derives
    may.
    """
    if kind.__module__.partition(".")[0] == base.__module__.partition(".")[0]:
        return
    own = (name for name in vars(kind) if not name.startswith("__"))
    for name in own:
        if name not in open_names and any(
            name in vars(parent) or name in vars(parent).get("__annotations__", ())
            for parent in base.__mro__[:-1]
        ):
            raise DefinitionError(
                f"{kind.__name__}.{name}: {base.__name__} has a member of this name; choose another"
            )
