"""The base install: a wheel of this tree beside nothing but the base requirements, as on a cell PC."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from tests.background import background

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("pyproject.toml", ".gitignore", "README.md", "LICENSE", "cellwright.py")
PACKAGES = ("control", "plc_sim", "hil", "cells")
LEFTOVERS = ("state/retained.a.json", "serve.toml", "ports/robot", ".cellwright/reports/page.html")
"""What working with a cell leaves in its folder."""

LOAD = """
import sys
import control
from control.project import load_project
load_project(sys.argv[1]).controller()
print(*sys.modules)
"""

LOAD_ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
import control, pick_cell.cell
print(*sys.modules)
"""

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the tree in which somebody has worked with the pick cell."""
    tree = tmp_path_factory.mktemp("tree")
    for name in SOURCES:
        shutil.copy(ROOT / name, tree)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tree / name)
    for name in (*LEFTOVERS, "__pycache__/cell.pyc"):
        (tree / "cells" / "pick_cell" / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / "cells" / "pick_cell" / name).write_text("left behind")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tree)]
    subprocess.run(build, cwd=tree, env=ENVIRONMENT, check=True, capture_output=True, timeout=60)
    (built,) = tree.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def base(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment with the wheel and the base requirements alone."""
    folder = tmp_path_factory.mktemp("base")
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for entry in requirements():
        (site / entry.name).symlink_to(entry)
    into = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "--quiet"]
    flags = ["--no-index", "--no-deps", "--disable-pip-version-check", "--no-compile"]
    subprocess.run([*into, "install", *flags, str(wheel)], env=ENVIRONMENT, check=True, timeout=60)
    return folder / "bin"


def requirements() -> Iterator[Path]:
    """Every file or folder that a base requirement has at the top of this environment's site-packages."""
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "requirements" / "base.txt").read_text(), re.MULTILINE)
    present = {name.lower().replace("_", "-") for name in distribution_names()}
    for name in (name for name in pinned if name in present):
        tops = {file.parts[0] for file in metadata.distribution(name).files or ()} - {"..", "__pycache__"}
        yield from (Path(str(metadata.distribution(name).locate_file(top))) for top in sorted(tops))


def distribution_names() -> Iterator[str]:
    """What is installed here; a requirement for another system alone is not."""
    yield from (distribution.metadata["Name"] for distribution in metadata.distributions())


def call(*line: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the base environment in an empty folder."""
    return subprocess.run(
        [str(part) for part in line],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def cell(wheel: Path, tmp_path: Path) -> Path:
    """The cell.toml of the template that the wheel brings."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith("hil/template/"):
                archive.extract(name, tmp_path)
    return tmp_path / "hil" / "template" / "pick_cell" / "cell.toml"


def test_the_wheel_has_the_packages_with_their_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    version = metadata.version("cellwright")
    assert tops == {"cellwright.py", "control", "plc_sim", "hil", f"cellwright-{version}.dist-info"}
    assert {"hil/report.html.j2", "hil/template/pick_cell/cell.toml"} <= set(names)
    template = {name.removeprefix("hil/template/pick_cell/") for name in names if "/template/" in name}
    cell = {path.name for path in (ROOT / "cells" / "pick_cell").glob("*.py")}
    assert cell | {"cell.toml", "README.md"} <= template
    assert not [name for name in names if name.endswith((*LEFTOVERS, ".pyc"))]


def test_a_controller_loads_without_numba_and_numpy(base: Path, cell: Path, tmp_path: Path) -> None:
    done = call(base / "python", "-W", "error", "-c", LOAD, cell, folder=tmp_path)
    assert not done.stderr
    loaded = set(done.stdout.split())
    assert "control.cell" in loaded
    assert not {"numba", "numpy", "serial", "snap7", "plc_sim", "hil"} & loaded


def test_pydantic_is_loaded_when_a_file_is_read_not_before(base: Path, cell: Path, tmp_path: Path) -> None:
    done = call(base / "python", "-c", LOAD_ALONE, cell.parent.parent, folder=tmp_path)
    assert not done.stderr
    assert "pydantic" not in done.stdout.split()


def test_check_says_what_it_could_not_check(base: Path, cell: Path, tmp_path: Path) -> None:
    done = call(base / "cellwright", "check", cell, folder=tmp_path)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith("PickCell: good; ")
    assert re.search(r"not checked: plc_sim: num(ba|py) is not installed", done.stdout)


@pytest.mark.parametrize(("command", "extra"), [("sim", "sim"), ("serve", "sim"), ("bench", "hil")])
def test_a_command_beyond_the_base_names_its_extra(
    base: Path, cell: Path, tmp_path: Path, command: str, extra: str
) -> None:
    done = call(base / "cellwright", command, cell, folder=tmp_path)
    wanted = f"cellwright: {command} needs the extra: pip install cellwright[{extra}]\n"
    assert (done.stderr, done.returncode) == (wanted, 2)


@pytest.mark.wire
def test_the_base_install_runs_a_cell_that_another_environment_serves(
    base: Path, cell: Path, tmp_path: Path
) -> None:
    serve = [sys.executable, "-m", "cellwright", "serve", str(cell)]
    with background(serve, tmp_path, lambda heard: "connect with" in heard):
        run = (base / "cellwright", "run", cell, "--links", "serve.toml", "--seconds", "6")
        done = call(*run, folder=tmp_path)
    assert (done.stderr, done.returncode) == ("", 0)
    assert "EXECUTE: feed RAISING" in done.stdout
    assert "alarm" not in done.stdout
