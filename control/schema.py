"""The schema of cell.toml, imported when a file is read: pydantic takes longer to load than all the rest."""

from __future__ import annotations

import json
from dataclasses import is_dataclass
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from control.errors import ConfigurationError, nearest

Positive = Annotated[float, Field(gt=0, lt=3600)]


class Strict(BaseModel):
    """A table of cell.toml: unknown keys and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class LinkTable(Strict):
    """[links.NAME]. Times in s. With `driver` it is a device on a line, without it a PLC. `sensors` and
    `actuators` are the blocks by which a PLC under test meets the plant.
    """

    url: str
    cycle: Positive = 0.01
    life: str | None = None
    plc_life: str | None = None
    life_timeout: Positive = 0.5
    timeout: Positive = 1.0
    pdu: Annotated[int, Field(ge=240, le=960)] = 960
    sensors: str | None = None
    actuators: str | None = None
    driver: str | None = None
    model: str = ""


class CellTable(Strict):
    """[cell]: the classes and the list of properties, as file:Name, and where retained values and records are
    kept.
    """

    controller: str
    twin: str | None = None
    properties: str | None = None
    state: str = "state"


class CellToml(Strict):
    """All of cell.toml."""

    cell: CellTable
    links: dict[str, LinkTable]
    params: dict[str, Any] = {}


class LinksToml(Strict):
    """serve.toml: the links of a served twin."""

    links: dict[str, LinkTable]


def validate(model: type[Any], data: Any, where: str) -> Any:
    """`data`, as TOML or JSON gave it, as `model`. ConfigurationError names table and key, wanted and got."""
    try:
        # By way of JSON, where strict means: an array fills a tuple, but neither true nor "1" is a number.
        return TypeAdapter(model).validate_json(json.dumps(data, default=str), strict=True)
    except ValidationError as error:
        raise ConfigurationError(
            "\n".join(explain(model, entry, where) for entry in error.errors())
        ) from None


def explain(model: type[Any], entry: Any, where: str) -> str:
    """One validation error in our words."""
    place = ".".join(map(str, entry["loc"])) or "the whole"
    if entry["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = fields_at(model, entry["loc"][:-1])
        return f"{where}: unknown key {place!r}; {nearest(str(entry['loc'][-1]), known)}"
    if entry["type"] == "missing":
        return f"{where}: {place} is missing"
    return f"{where}: {place}: {entry['msg'][:1].lower()}{entry['msg'][1:]}, got {entry['input']!r}"


def fields_at(model: Any, path: tuple[Any, ...]) -> list[str]:
    """The keys a table knows."""
    for part in path:
        annotation = types_of(model).get(part, model)
        model = next((a for a in getattr(annotation, "__args__", ()) if types_of(a)), annotation)
    return list(types_of(model))


def types_of(model: Any) -> dict[str, Any]:
    """The types of a table's keys; none for what is no table."""
    return (
        get_type_hints(model)
        if model.__class__ is type and is_dataclass(model)
        else {name: field.annotation for name, field in getattr(model, "model_fields", {}).items()}
    )
