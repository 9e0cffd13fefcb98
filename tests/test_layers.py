"""The layers hold, and the command copes with those that are not installed."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

import cellwright

ROOT = Path(__file__).resolve().parent.parent

HEAVY = {"numba", "numpy", "serial", "snap7"}

LOAD = """
import pkgutil, sys
sys.path.insert(0, "cells")
import control
for module in pkgutil.walk_packages(control.__path__, "control."):
    __import__(module.name)
for cell in sys.argv[1:]:
    __import__(cell)
print(*sys.modules)
"""
"""Imports everything that is deployed to a cell PC and prints what that loads."""

BARE = {
    "control/commands.py": """
import click
from control.errors import LinkError

def fail(what):
    if what == "link":
        raise LinkError("plc: no answer from 127.0.0.1:102 within 2 s")
    if what == "defect":
        raise KeyError(what)
    return int(what)

commands = [click.Command("run", callback=fail, params=[click.Argument(["what"])])]
""",
    "plc_sim/commands.py": "import no_such_library",
    "hil/commands.py": """
import click

def load_late():
    import no_such_library

commands = [click.Command("bench", callback=load_late)]
""",
    "cellwright-1.2.3.dist-info/METADATA": "Metadata-Version: 2.1\nName: cellwright\nVersion: 1.2.3\n",
    "cellwright-1.2.3.dist-info/entry_points.txt": """
[cellwright.commands]
hil = hil.commands:commands
control = control.commands:commands
plc_sim = plc_sim.commands:commands
""",
}
"""An installation without extras: plc_sim misses a library when loaded, hil only once it is used."""

WRONG = {
    "run": "Missing argument 'WHAT'. See cellwright run --help",
    "run --fast 1": "No such option '--fast'. See cellwright run --help",
    "walk": "No such command 'walk'. See cellwright --help",
    "sim cell.toml --seconds 3600": "sim needs the extra: pip install cellwright[sim]",
    "serve --help": "serve needs the extra: pip install cellwright[sim]",
    "bench": "bench needs the extra: pip install cellwright[hil]",
    "demo": "demo needs the extra: pip install cellwright[hil]",
}


def python(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a clean interpreter in a folder whose modules it finds first."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def imports(path: Path) -> Iterator[str]:
    """The absolute names of the modules a source file of this repository imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            yield ".".join((*package, *filter(None, [node.module])))


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """An installation made of the real command and the layers in `BARE`."""
    write(tmp_path, BARE | {f"{layer}/__init__.py": "" for layer in cellwright.LAYERS})
    shutil.copy(ROOT / "cellwright.py", tmp_path)
    shutil.copy(ROOT / "control" / "errors.py", tmp_path / "control")
    return tmp_path


def test_the_deployed_layer_and_every_shipped_cell_load_nothing_heavy() -> None:
    cells = [f"{path.parent.name}.cell" for path in sorted(ROOT.glob("cells/*/cell.py"))]
    assert cells
    done = python("-c", LOAD, *cells, folder=ROOT)
    assert not done.stderr
    loaded = set(done.stdout.split())
    assert {"control.errors", *cells} <= loaded
    assert not HEAVY & loaded


def test_the_kernel_imports_numba_numpy_and_the_standard_library_alone() -> None:
    sources = list(ROOT.glob("plc_sim/kernel/**/*.py"))
    assert sources
    allowed = {
        "numba",
        "numpy",
        "llvmlite",
        *sys.stdlib_module_names,
    }  # llvmlite is the part of numba that writes code
    for path in sources:
        foreign = [name for name in imports(path) if name.partition(".")[0] not in allowed]
        assert not [name for name in foreign if not f"{name}.".startswith("plc_sim.kernel.")], path


def test_every_subcommand_the_base_install_lacks_names_its_extra() -> None:
    commands = {
        entry.name: {command.name for command in entry.load()}
        for entry in metadata.distribution("cellwright").entry_points.select(group="cellwright.commands")
    }
    assert set(commands) == set(cellwright.LAYERS)
    lacking = dict.fromkeys(commands["plc_sim"], "sim") | dict.fromkeys(commands["hil"], "hil")
    assert lacking.keys().isdisjoint(commands["control"])
    assert lacking | {"import-tia": "tia"} == cellwright.EXTRAS


def test_the_command_itself_is_light() -> None:
    done = python("-c", "import sys, cellwright; print(*sys.modules)", folder=ROOT)
    assert not {"control", "pydantic", "plc_sim", "hil"} & set(done.stdout.split())


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_command_line_ends_in_one_clear_line(bare: Path, line: str) -> None:
    done = python("-m", "cellwright", *line.split(), folder=bare)
    assert (done.stderr, done.returncode) == (f"cellwright: {WRONG[line]}\n", 2)


def test_help_lists_what_is_installed_and_what_is_not(bare: Path) -> None:
    done = python("-m", "cellwright", "--help", folder=bare)
    assert done.returncode == 0
    assert "\n  run\n" in done.stdout
    assert re.search(r"\n  sim +\(not installed: pip install cellwright\[sim\]\)", done.stdout)


def test_no_arguments_show_the_help_as_a_usage_error(bare: Path) -> None:
    done = python("-m", "cellwright", folder=bare)
    assert done.stderr.startswith("Usage: cellwright")
    assert done.returncode == 2


def test_the_version_is_the_distributions(bare: Path) -> None:
    assert python("-m", "cellwright", "--version", folder=bare).stdout == "cellwright 1.2.3\n"


@pytest.mark.parametrize("status", [0, 1, 4])
def test_a_subcommand_returns_its_status(bare: Path, status: int) -> None:
    assert python("-m", "cellwright", "run", str(status), folder=bare).returncode == status


def test_an_error_of_ours_is_its_message_and_its_status(bare: Path) -> None:
    done = python("-m", "cellwright", "run", "link", folder=bare)
    assert done.stderr == "cellwright: plc: no answer from 127.0.0.1:102 within 2 s\n"
    assert done.returncode == 3


def test_a_defect_is_one_line_that_names_the_file_with_its_traceback(bare: Path) -> None:
    done = python("-m", "cellwright", "run", "defect", folder=bare)
    said, _, name = done.stderr.rstrip("\n").partition(" Traceback: ")
    assert said == "cellwright: internal error: KeyError: 'defect'."
    assert "raise KeyError(what)" in Path(name).read_text()
    assert done.returncode == 5


def test_the_command_refuses_to_share_an_environment_with_python_control(bare: Path) -> None:
    write(bare, {"control-0.10.2.dist-info/METADATA": "Name: control\nVersion: 0.10.2\n"})
    done = python("-m", "cellwright", "run", "0", folder=bare)
    assert done.stderr.startswith("cellwright: python-control is installed here")
    assert "python -m venv" in done.stderr
    assert (done.stderr.count("\n"), done.returncode) == (1, 2)


def test_the_command_refuses_a_control_that_is_not_its_own(bare: Path) -> None:
    foreign = bare / "foreign"
    write(bare, {"foreign/control/__init__.py": ""})
    start = f"import sys; sys.path.insert(2, {str(bare)!r}); import cellwright; cellwright.main()"
    done = python("-c", start, folder=foreign)
    assert f"finds {foreign / 'control'}" in done.stderr
    assert f"wanted {bare / 'control'}" in done.stderr
    assert (done.stderr.count("\n"), done.returncode) == (1, 2)
