"""The pytest plugin: fixtures `twin` and `bench` for the cell of the nearest cell.toml, and the campaign in
the summary.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hil.bench import Bench
    from plc_sim.twin import Twin


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker of this plugin's slow fixture known wherever a cell's tests run."""
    config.addinivalue_line("markers", "wire: uses sockets, pseudo terminals or real time")


@pytest.fixture
def twin(request: pytest.FixtureRequest) -> Twin:
    """The twin of the nearest cell.toml, in production, in virtual time."""
    from hil.rig import beside
    from plc_sim.scenario import production
    from plc_sim.twin import Twin

    return Twin.load(beside("cell.toml", request.path.parent), production)


@pytest.fixture
def bench(twin: Twin, tmp_path: Path) -> Iterator[Bench]:
    """The twin served over real protocols, in real time; `bench.wiring` connects to it."""
    from hil.bench import Bench

    with Bench(twin, tmp_path) as running:
        yield running


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands over what its searches have seen."""
    campaign, output = sys.modules.get("hil.campaign"), getattr(session.config, "workeroutput", None)
    if campaign is not None and output is not None:
        output["cellwright campaign"] = campaign.CAMPAIGN.data()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker's searches have seen."""
    if data := getattr(node, "workeroutput", {}).get("cellwright campaign"):
        from hil.campaign import CAMPAIGN

        CAMPAIGN.take(data)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what the property searches have seen."""
    campaign = sys.modules.get("hil.campaign")
    if campaign is not None and campaign.CAMPAIGN.examples:
        terminalreporter.section("cellwright campaign")
        for line in campaign.CAMPAIGN.lines():
            terminalreporter.write_line(line)
