"""The command as processes of their own, as a user starts them: `serve` on one side, `run` on the other."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.hil.deployed import CELL

PATIENCE = 120.0


def cellwright(*arguments: object) -> subprocess.Popen[str]:
    """`cellwright …`, started."""
    return subprocess.Popen(
        [sys.executable, "-m", "cellwright", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )


def ended(*arguments: object) -> tuple[int, str, str]:
    """`cellwright …`, awaited: its status, output and errors."""
    process = cellwright(*arguments)
    out, error = process.communicate(timeout=PATIENCE)
    return process.returncode, out, error


def line_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line a process tells, read as JSON."""
    assert process.stdout is not None and process.stderr is not None
    assert select.select([process.stdout], [], [], PATIENCE)[0], "it tells nothing"
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return json.loads(line)


def say(process: subprocess.Popen[str], line: str) -> str:
    """What `serve` answers to a line."""
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    return line_of(process)["answer"]


@contextmanager
def started(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """A process that does not outlive the test."""
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def serving(folder: Path, *options: object, cell: Path = CELL) -> Iterator[subprocess.Popen[str]]:
    """`cellwright serve` with its serve.toml in a folder, once it serves."""
    with started(cellwright("serve", cell, "--json", "--links", folder / "serve.toml", *options)) as process:
        line_of(process)
        yield process


def status(folder: Path) -> dict[str, Any]:
    """What the controller last wrote of itself; empty before that."""
    try:
        return json.loads((folder / "state" / "status.json").read_text())
    except FileNotFoundError:
        return {}


def until(condition: Callable[[], object], what: str, process: subprocess.Popen[str]) -> None:
    """Wait for a condition while a process runs."""
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit, f"waited {PATIENCE} s for {what}"
        time.sleep(0.02)
