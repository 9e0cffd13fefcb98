"""A command that runs beside a test until the test is through with it."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 180.0
"""How long (s) a command may take to say what is waited for, and to end when told to: as long as it takes to
compile the kernel on a busy machine."""


@contextmanager
def background(
    line: Sequence[str],
    folder: Path,
    said: Callable[[str], bool],
    environment: Mapping[str, str] = os.environ,
) -> Iterator[None]:
    """Start a command, wait until `said` of its output; at the end SIGTERM, which must lead to status 0."""
    with subprocess.Popen(
        line,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            listen(process, said)
            yield
        finally:
            process.terminate()
            rest, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, rest.decode()


def listen(process: subprocess.Popen[bytes], said: Callable[[str], bool]) -> None:
    """Read what a process says until that is what is waited for."""
    assert process.stdout is not None
    heard, limit = "", time.monotonic() + PATIENCE
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not said(heard):
            assert selector.select(limit - time.monotonic()), f"waited {PATIENCE} s, heard: {heard}"
            data = os.read(process.stdout.fileno(), 65536)
            assert data, f"ended too early, heard: {heard}"
            heard += data.decode()
