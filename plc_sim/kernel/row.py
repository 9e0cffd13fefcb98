"""Rows: the declared layouts of everything that lives in a block of words.

Each kind of row is one class whose fields are declared once; their offsets follow from the declaration.
Kernel functions write `I[o + BeltRow.MARKS]`, the builder, the checks and the reference page read the same
declaration. A misspelt field is an error when the kernel is compiled.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, cast

from numba.core import types
from numba.core.extending import models, register_model
from numba.core.imputils import lower_constant, lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import typeof_impl


class Kind(Enum):
    """What a field's words hold."""

    REAL = "parameter, float64"
    WHOLE = "parameter, int64"
    DURATION = "parameter, s; held in ns"
    SIGNAL = "offset of a signal row"
    COMPONENT = "number of a component"
    ROWS = "offset of further rows or words"
    STATE = "state"


@dataclass(frozen=True)
class Declaration:
    """What is known of a field: meaning, unit, bounds, words, whether it may be set while running."""

    kind: Kind
    doc: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    above: float | None = None
    initial: float = 0
    count: int = 1
    live: bool = False
    counted: bool = False


class Field(int):
    """A field's offset in its row, with its name and declaration."""

    name: str
    declaration: Declaration

    @classmethod
    def at(cls, offset: int, name: str, declaration: Declaration) -> Field:
        """The field of that name at `offset` words."""
        field = cls(offset)
        field.name, field.declaration = name, declaration
        return field


def _declare(kind: Kind, doc: str, **rest: Any) -> int:
    return cast(int, Declaration(kind, doc, **rest))


def real(
    doc: str,
    unit: str = "",
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    count: int = 1,
    live: bool = False,
) -> int:
    """A number; `low` and `high` are allowed, `above` is not."""
    return _declare(Kind.REAL, doc, unit=unit, low=low, high=high, above=above, count=count, live=live)


def duration(doc: str, *, low: float = 0.0, high: float = 1e9, live: bool = False) -> int:
    """A time span, given in s and held in ns."""
    return _declare(Kind.DURATION, doc, unit="s", low=low, high=high, live=live)


def whole(
    doc: str, unit: str = "", *, low: int | None = None, high: int | None = None, live: bool = False
) -> int:
    """A whole number."""
    return _declare(Kind.WHOLE, doc, unit=unit, low=low, high=high, live=live)


def signal(doc: str) -> int:
    """The offset of a signal row."""
    return _declare(Kind.SIGNAL, doc)


def component(doc: str) -> int:
    """The number of another component."""
    return _declare(Kind.COMPONENT, doc)


def rows(doc: str) -> int:
    """The offset of the first of several rows or words."""
    return _declare(Kind.ROWS, doc)


def state(doc: str, unit: str = "", *, initial: float = 0, count: int = 1, counted: bool = False) -> int:
    """What changes. A float `initial` makes it a float64; `counted` shows it among the plant's counts."""
    return _declare(Kind.STATE, doc, unit=unit, initial=initial, count=count, counted=counted)


class RowMeta(type):
    """Turns the declarations in a class body into offsets."""

    fields: dict[str, Field]

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any], kind: int = 0) -> RowMeta:
        """Lay out the fields in the order of their declaration."""
        fields: dict[str, Field] = {}
        offset = 0
        for key, value in list(body.items()):
            if isinstance(value, Declaration):
                body[key] = fields[key] = Field.at(offset, key, value)
                offset += value.count
        return super().__new__(cls, name, bases, {**body, "fields": fields, "SIZE": offset, "KIND": kind})

    def __init__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any], kind: int = 0) -> None:
        super().__init__(name, bases, body)


class Row(metaclass=RowMeta):
    """Base of all row classes. `KIND` tells component rows apart; `SIZE` is the number of words."""

    fields: ClassVar[dict[str, Field]]
    SIZE: ClassVar[int]
    KIND: ClassVar[int]


class RowType(types.Dummy):
    """The type of a row class inside compiled functions."""

    def __init__(self, row: RowMeta) -> None:
        self.row = row
        super().__init__(f"row {row.__name__}")


@typeof_impl.register(RowMeta)
def _type_of_row(row: RowMeta, _context: object) -> RowType:
    return RowType(row)


register_model(RowType)(models.OpaqueModel)


@infer_getattr
class _RowAttributes(AttributeTemplate):
    key = RowType

    def generic_resolve(self, row_type: RowType, name: str) -> types.Type | None:
        known = name in row_type.row.fields or name in ("SIZE", "KIND")
        return types.int64 if known else None


@lower_constant(RowType)
def _lower_row(context: Any, _builder: Any, _row_type: RowType, _row: RowMeta) -> Any:
    return context.get_dummy_value()


@lower_getattr_generic(RowType)
def _lower_field(context: Any, _builder: Any, row_type: RowType, _row: Any, name: str) -> Any:
    return context.get_constant(types.int64, int(getattr(row_type.row, name)))
