"""The parameters of a cell: the schema of [params] in cell.toml."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Params(BaseModel):
    """Subclass it with typed fields; unknown keys are refused, values are fixed once loaded."""

    model_config = ConfigDict(extra="forbid", frozen=True)
