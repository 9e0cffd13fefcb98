"""The parameters of a cell: the schema of [params] in cell.toml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, dataclass_transform


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Params:
    """Subclass it with typed fields; unknown keys and values of another type are refused, values are
    fixed once loaded.
    """

    # What pydantic makes of the dataclass; it is not loaded before a file is read.
    __pydantic_config__ = {"extra": "forbid", "allow_inf_nan": False}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclass(frozen=True, kw_only=True)(cls)
