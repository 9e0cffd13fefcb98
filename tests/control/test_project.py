"""cell.toml and the files it names: every error in one clear line, one module object for all who load it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from control.cell import Cell
from control.errors import ConfigurationError, DefinitionError
from control.memory import MemoryLink
from control.packml import State
from control.project import Project, load_project
from control.wiring import Wiring

ROOT = Path(__file__).resolve().parent.parent.parent

TOML = """
[cell]
controller = "cell.py:Small"
twin = "twin.py:SmallTwin"
[links.plc]
url = "memory://plc"
[params]
speed = 0.5
"""

CELL = """
from control import Bool, Cell, DataBlock, Params, Property, reads

class Status(DataBlock):
    ready = Bool("0.0")

class SmallParams(Params):
    speed: float
    name: str = "small"

class Small(Cell):
    params: SmallParams
    status = reads("plc", Status, db=1)

RULES = [Property("R1", "ready", lambda cell: cell.status.ready, lambda cell: True)]
"""

TWIN = """
from .cell import Small

class SmallTwin:
    controller = Small
"""


@pytest.fixture
def cell(tmp_path: Path) -> Iterator[Path]:
    """The folder of a small project, forgotten afterwards."""
    folder = tmp_path / "small_cell"
    folder.mkdir()
    for name, text in (("cell.toml", TOML), ("cell.py", CELL), ("twin.py", TWIN)):
        (folder / name).write_text(text)
    known = set(sys.modules)
    yield folder
    for name in set(sys.modules) - known:
        if str(tmp_path) in str(
            getattr(sys.modules[name], "__file__", None) or getattr(sys.modules[name], "__path__", "")
        ):
            del sys.modules[name]


def change(path: Path, old: str, new: str) -> Path:
    """Change a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def refusal(path: Path, what: Any = lambda project: project.controller()) -> str:
    """What is said about a project when something is done with it."""
    with pytest.raises(ConfigurationError) as refused:
        what(load_project(path))
    return str(refused.value)


def test_a_project_gives_class_params_and_wiring(cell: Path) -> None:
    project = load_project(cell / "cell.toml")
    kind = project.controller()
    assert (kind.__name__, kind.__module__) == ("Small", "small_cell.cell")
    assert issubclass(kind, Cell)
    assert (project.folder, project.state) == (cell, cell / "state")
    wiring = Wiring.of(project)
    with closing(wiring.store):
        made = kind(wiring)
        assert (made.params.speed, made.params.name) == (0.5, "small")
        assert isinstance(wiring.links["plc"], MemoryLink)
        assert made.state is State.STOPPED


def test_twin_and_controller_share_one_module_object(cell: Path) -> None:
    project = load_project(cell / "cell.toml")
    twin = project.find("twin.py:SmallTwin")
    assert twin.controller is project.controller()
    assert twin.controller is load_project(cell / "cell.toml").controller()


def test_two_folders_of_one_name_are_two_packages(cell: Path) -> None:
    other = cell.parent / "elsewhere" / "small_cell"
    other.mkdir(parents=True)
    for name in ("cell.toml", "cell.py", "twin.py"):
        (other / name).write_text((cell / name).read_text())
    first, second = (load_project(folder / "cell.toml").find("twin.py:SmallTwin") for folder in (cell, other))
    assert first.controller is not second.controller
    assert (first.__module__, second.__module__) == ("small_cell.twin", "small_cell_.twin")


def test_a_folder_never_stands_in_for_something_installed(cell: Path) -> None:
    folder = cell.rename(cell.parent / "wave")
    assert "wave" not in sys.modules
    assert load_project(folder / "cell.toml").controller().__module__ == "wave_.cell"
    import wave

    assert hasattr(wave, "open")


def test_properties_are_named_too(cell: Path) -> None:
    assert load_project(cell / "cell.toml").properties() == []
    change(cell / "cell.toml", "[cell]", '[cell]\nproperties = "cell.py:RULES"')
    assert [rule.requirement for rule in load_project(cell / "cell.toml").properties()] == ["R1"]
    change(cell / "cell.toml", "cell.py:RULES", "cell.py:Status")
    message = refusal(cell / "cell.toml", lambda project: project.properties())
    assert "cell.properties: wanted a list of Property, got <class" in message


WRONG_TOML: list[tuple[str, str, str]] = [
    ("[cell]", "[cell]\ncontroler = 1", "unknown key 'cell.controler'; did you mean 'controller'?"),
    ("[params]", "[parms]", "unknown key 'parms'; did you mean 'params'?"),
    ("[cell]", "[sell]", "cell is missing\n"),
    ('url = "memory://plc"', 'uri = "memory://plc"', "links.plc.url is missing\n"),
    (
        'url = "memory://plc"',
        'url = "s8://h"',
        "links.plc.url: unknown scheme 's8' in 's8://h'; there are: memory, s7, serial",
    ),
    ('url = "memory://plc"', 'url = "plc"', "links.plc.url: unknown scheme '' in 'plc'; there are: "),
    ("memory://plc", "serial:///dev/ttyUSB0", "'serial:///dev/ttyUSB0': wanted a driver= for this device"),
    ('"memory://plc"', '"memory://plc"\ndriver = "melfa"', "wanted serial:// or socket:// for a device"),
    ('"memory://plc"', '"memory://plc"\ncycle = "fast"', "links.plc.cycle: input should be a valid number"),
    ('"memory://plc"', '"memory://plc"\ncycle = 0', "links.plc.cycle: input should be greater than 0, got 0"),
    (
        '"memory://plc"',
        '"memory://plc"\npdu = 100',
        "links.plc.pdu: input should be greater than or equal to 240, got 100",
    ),
    ('"memory://plc"', '"memory://plc"\nlive = "MW0"', "unknown key 'links.plc.live'; did you mean 'life'?"),
    (
        'controller = "cell.py:Small"',
        "controller = 3",
        "cell.controller: input should be a valid string, got 3",
    ),
    ("[cell]", "[cell", "not TOML: "),
]


@pytest.mark.parametrize(("old", "new", "message"), WRONG_TOML)
def test_a_wrong_cell_toml_is_told_with_file_table_and_key(
    cell: Path, old: str, new: str, message: str
) -> None:
    path = change(cell / "cell.toml", old, new)
    said = refusal(path) + "\n"
    assert said.startswith(str(path))
    assert message in said


WRONG_PLACE: list[tuple[str, str]] = [
    ("cell.py:Smal", "cell.py has no Smal; did you mean 'Small'?"),
    ("cell.py:Status", "cell.controller: wanted a Cell class, got <class"),
    ("cel.py:Small", "cel.py: no such file"),
    ("cell.py", "wanted file.py:Class, got 'cell.py'"),
    ("cell:Small", "wanted file.py:Class, got 'cell:Small'"),
]


@pytest.mark.parametrize(("place", "message"), WRONG_PLACE)
def test_a_wrong_place_is_told(cell: Path, place: str, message: str) -> None:
    said = refusal(change(cell / "cell.toml", "cell.py:Small", place))
    assert message in said
    assert "\n" not in said


def test_a_file_that_is_not_there_is_told(cell: Path) -> None:
    assert refusal(cell / "no.toml").endswith("no.toml: no such file; wanted a cell's cell.toml")
    assert refusal(cell).endswith(f"is a folder; wanted its cell.toml: {cell / 'cell.toml'}")
    (cell / "cell.toml").write_bytes(b"\xff")
    assert "cell.toml: cannot be read: " in refusal(cell / "cell.toml")


WRONG_CODE: list[tuple[str, str, str]] = [
    ("class Small(Cell):", "class Small(Cell:", r"cell.py:11: SyntaxError: "),
    ('Bool("0.0")', "Boole()", r"cell.py:5: NameError: name 'Boole' is not defined"),
    ('Bool("0.0")', 'Bool("0.9")', r"cell.py:4: ready: wanted an address byte.bit, as '2.0', got '0.9'"),
    ("    params:", "    parts = Var([])\n    params:", r"cell.py:12: NameError: name 'Var'"),
    (
        "from control import",
        "from no_such_module import",
        r"cell.py:2: ModuleNotFoundError: No module named 'no_such",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), WRONG_CODE)
def test_an_error_in_the_cells_code_is_told_with_file_and_line(
    cell: Path, old: str, new: str, message: str
) -> None:
    change(cell / "cell.py", old, new)
    said = refusal(cell / "cell.toml")
    assert re.match(message, said), said
    assert "\n" not in said


def test_a_definition_that_is_refused_is_told_as_such(cell: Path) -> None:
    change(cell / "cell.py", "import Bool,", "import Var, Bool,")
    change(cell / "cell.py", "    params:", "    parts = Var([])\n    params:")
    said = refusal(cell / "cell.toml")
    assert said.startswith("cell.py:11: Small.parts: wanted a value that cannot change")


def test_after_an_error_the_file_can_be_corrected(cell: Path) -> None:
    change(cell / "cell.py", "Bool(", "Boole(")
    refusal(cell / "cell.toml")
    change(cell / "cell.py", "Boole(", "Bool(")
    assert load_project(cell / "cell.toml").controller().__name__ == "Small"


WRONG_PARAMS: list[tuple[str, str]] = [
    ('speed = "fast"', "[params]: speed: input should be a valid number"),
    ("", "[params]: speed is missing"),
    ("speed = 1.0\nsped = 2.0", "[params]: unknown key 'sped'; did you mean 'speed'?"),
]


@pytest.mark.parametrize(("params", "message"), WRONG_PARAMS)
def test_params_have_the_schema_the_cell_annotates(cell: Path, params: str, message: str) -> None:
    path = change(cell / "cell.toml", "speed = 0.5", params)
    said = refusal(path, lambda project: Wiring.of(project, observe=True).params_for(project.controller()))
    assert said.startswith(f"{path}: ")
    assert message in said


def test_params_without_a_schema_are_refused_and_a_schema_is_params(cell: Path) -> None:
    def params(project: Project) -> None:
        Wiring.of(project, observe=True).params_for(project.controller())

    path = cell / "cell.toml"
    change(cell / "cell.py", "    params: SmallParams\n", "")
    assert "[params]: Small declares none (params: YourParams)" in refusal(path, params)
    for name in [name for name in sys.modules if name.startswith("small_cell.")]:
        del sys.modules[name]
    change(cell / "cell.py", "class Small(Cell):", "class Small(Cell):\n    params: int\n")
    with pytest.raises(DefinitionError, match="Small.params: wanted a subclass of Params, got <class 'int'>"):
        params(load_project(path))


def test_annotations_that_make_no_sense_at_run_time_do_not_matter(cell: Path) -> None:
    change(
        cell / "cell.py",
        "    params: SmallParams",
        "    params: 'SmallParams'\n    other: 'OnlyForTheChecker'",
    )
    project = load_project(cell / "cell.toml")
    assert Wiring.of(project, observe=True).params_for(project.controller()).speed == 0.5


def test_links_of_another_file_take_the_place_of_those_in_cell_toml(cell: Path) -> None:
    serve = cell / "serve.toml"
    serve.write_text('[links.plc]\nurl = "s7://127.0.0.1:1102/0/1"\n')
    project = load_project(cell / "cell.toml", serve)
    assert project.toml.links["plc"].url == "s7://127.0.0.1:1102/0/1"
    serve.write_text('[links.plc]\nurl = "s9://127.0.0.1"\n')
    with pytest.raises(ConfigurationError, match=r"serve.toml: links.plc.url: unknown scheme 's9'"):
        load_project(cell / "cell.toml", serve)
    serve.write_text('[link.plc]\nurl = "memory://plc"\n')
    with pytest.raises(ConfigurationError, match=r"serve.toml: unknown key 'link'; did you mean 'links'"):
        load_project(cell / "cell.toml", serve)


def test_another_state_folder_takes_the_place_of_the_one_in_cell_toml(cell: Path) -> None:
    elsewhere = cell.parent / "elsewhere"
    assert load_project(cell / "cell.toml", state=elsewhere).state == elsewhere


def test_a_wiring_has_what_the_cell_names(cell: Path) -> None:
    project = load_project(change(cell / "cell.toml", "[links.plc]", "[links.pcl]"))
    kind = project.controller()
    with pytest.raises(ConfigurationError, match=r"no \[links.plc\]; did you mean 'pcl'\?"):
        kind(Wiring.of(project, observe=True))


def test_a_link_that_nothing_uses_is_refused_when_opened(cell: Path) -> None:
    change(cell / "cell.toml", "[params]", '[links.spare]\nurl = "memory://spare"\n[params]')
    project = load_project(cell / "cell.toml")
    wiring = Wiring.of(project, observe=True)
    project.controller()(wiring)
    with pytest.raises(ConfigurationError, match="links.spare: nothing in the cell uses it"):
        wiring.open()


def test_an_unknown_driver_is_refused(cell: Path) -> None:
    new = 'url = "serial:///dev/null"\ndriver = "melfi"'
    path = change(cell / "cell.toml", 'url = "memory://plc"', new)
    said = refusal(path, lambda project: Wiring.of(project, observe=True))
    assert said.endswith("links.plc.driver: no driver 'melfi'; did you mean 'melfa'?")


LOADED = """
import sys
import control, control.project, control.run, control.record, control.replay, control.commands
print(*sys.modules)
"""


def test_a_cell_pc_loads_neither_numba_nor_numpy_nor_the_protocol_libraries() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "transitions" in loaded
    assert not {"numba", "numpy", "llvmlite", "snap7", "serial", "plc_sim", "hil", "asyncio"} & loaded
