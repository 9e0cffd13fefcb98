"""The process of the native Snap7, as a test talks to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PYTHON = Path(sys.prefix) / "peers" / "bin" / "python"
PROGRAM = Path(__file__).with_name("native_snap7.py")


class NativeError(Exception):
    """What the native Snap7 says of a request that failed."""


class Native:
    """Carries out the verbs of `native_snap7.VERBS`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, verb: str, *arguments: Any) -> Any:
        """What the verb returns; NativeError if the native Snap7 reports an error."""
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None and answers is not None
        requests.write(json.dumps([verb, *arguments]) + "\n")
        requests.flush()
        answer = json.loads(answers.readline())
        if "error" in answer:
            raise NativeError(answer["error"])
        return answer["is"]


@contextmanager
def native() -> Iterator[Native]:
    """The native Snap7 in its own environment, which `make test` sets up."""
    assert PYTHON.exists(), f"{PYTHON} is missing; set it up with: make .venv/peers/ready"
    process = subprocess.Popen([PYTHON, PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        yield Native(process)
