"""The table of figures: its rows, how they are printed and written."""

from __future__ import annotations

import json
import os
import platform
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One figure. `ratio` is that to the peer or floor measured beside it, if there is one; `target` is what
    it, or with a floor the ratio, is to reach.
    """

    name: str
    value: float
    unit: str
    peer_or_floor: float | None = None
    ratio: float | None = None
    target: str = ""

    def __str__(self) -> str:
        beside = f"{self.peer_or_floor:13,.1f}" if self.peer_or_floor is not None else ""
        beside += f"  x{self.ratio:8.2f}" if self.ratio is not None else ""
        return f"{self.name:52} {self.value:13,.2f} {self.unit:7} {beside:24} {self.target}".rstrip()


HEAD = f"{'':52} {'value':>13} {'unit':7} {'peer or floor':>13}  {'ratio':>9} target"


def compared(name: str, value: float, unit: str, beside: float, target: str = "") -> Row:
    """A figure with its ratio to what was measured beside it."""
    return Row(name, value, unit, beside, value / beside, target)


def write(rows: Iterable[Row], path: Path) -> None:
    """The rows as a JSON list."""
    path.write_text(json.dumps([row._asdict() for row in rows], indent=1) + "\n")


def optimised() -> bool:
    """Whether this Python was built with --enable-optimizations, which makes it about 1.4 times as fast."""
    return "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS"))


def build() -> str:
    """This Python and how it was built."""
    flag = "with" if optimised() else "without"
    return f"{platform.python_implementation()} {platform.python_version()} {flag} --enable-optimizations"


@contextmanager
def one_core() -> Iterator[None]:
    """Stay on one core, processes started meanwhile included."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
