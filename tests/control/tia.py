"""The subcommands for TIA Portal, for tests."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path
from types import ModuleType
from typing import Any

from click.testing import CliRunner

from control.tia.commands import import_tia

NUMBERS = itertools.count()


def run(command: Any, *arguments: Any) -> str:
    """What a subcommand prints; its error is raised."""
    result = CliRunner().invoke(command, [str(each) for each in arguments], catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def imported(folder: Path, source: str, *options: str, suffix: str = ".db") -> str:
    """The module of one source."""
    path = folder / f"source{suffix}"
    path.write_text(source, encoding="utf-8")
    return run(import_tia, path, *options)


def loaded(folder: Path, text: str) -> ModuleType:
    """A module of this text."""
    path = folder / f"blocks_{next(NUMBERS)}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
