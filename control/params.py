"""The parameters of a cell: the schema of [params] in cell.toml."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Params(BaseModel):
    """Subclass it with typed fields; unknown keys and values of another type are refused, values are
    fixed once loaded.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
