"""The pick cell's properties, searched for long with S7 frames and faults of the PLC's connections."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from control.project import load_project
from hil.failure import explain
from hil.rig import Rig
from hil.search import Search

CELL = Path(__file__).parents[2] / "cells" / "pick_cell" / "cell.toml"
EXAMPLES = 300


@pytest.mark.campaign
def test_campaign() -> None:
    """No property is violated; with the page of the shrunk example if one is."""
    rig = Rig(load_project(CELL))
    search = Search(rig)
    found = search.random(settings(max_examples=EXAMPLES), st.integers(1, 1_000_000), framed=True)
    print(f"\n{search.runs} runs with faults of the PLC's connections")
    failure = explain(rig, found.example) if found is not None else None
    assert failure is None, failure.page() if failure is not None else ""
    assert search.runs >= EXAMPLES
