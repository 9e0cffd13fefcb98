"""Bad input at the command line: one clear line with what, where, wanted and got, and a status, whatever is
wrong.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import cellwright
from tests.bad_input import BAD, CHECK, FAULTS, FILES, NOBODY, SIM, Bad

IN_A_PROCESS = ("unknown key", "syntax error", "exit in the cell", "set of nan", "no seconds", "no toml")
"""What is said in a process of its own too."""


def write(folder: Path, bad: Bad | None = None) -> None:
    """The small cell, with one thing wrong."""
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    if bad is not None:
        change(folder / "cell.toml", *bad.also)
        change(folder / (bad.file or "cell.toml"), bad.old, bad.new)


def change(path: Path, old: str, new: str) -> None:
    """Change a file, or make it."""
    text = path.read_text() if path.exists() else ""
    assert old in text
    path.write_text(text.replace(old, new, 1))


class Said(NamedTuple):
    """What a command line ended with."""

    status: int
    out: str
    err: str


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[str], Said]]:
    """Runs a command line in this process, in a folder of its own."""
    known = set(sys.modules)
    monkeypatch.chdir(tmp_path)

    def run(line: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["cellwright", *line.split()])
        with pytest.raises(SystemExit) as end:
            cellwright.main()
        return Said(int(end.value.code or 0), *map(str, capsys.readouterr()))

    yield run
    for name in set(sys.modules) - known:
        if name.partition(".")[0].strip("_") == "small":
            del sys.modules[name]


Command = Callable[[str], Said]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.wire) if name == NOBODY else name for name in BAD]
)
def test_bad_input_ends_in_one_clear_line(tmp_path: Path, command: Command, name: str) -> None:
    bad = BAD[name]
    write(tmp_path / "small", bad)
    said = command(bad.line)
    assert said.status == bad.status, said
    check_line(said.err, bad)


def check_line(text: str, bad: Bad) -> None:
    """One line that says what it must."""
    assert text.startswith("cellwright: ")
    assert text.count("\n") == 1
    assert "Traceback" not in text
    assert [word for word in bad.words if word not in text] == [], text


@pytest.mark.parametrize("name", IN_A_PROCESS)
def test_the_command_itself_says_the_same(tmp_path: Path, name: str) -> None:
    bad = BAD[name]
    write(tmp_path / "small", bad)
    done = python(tmp_path, *bad.line.split())
    assert (done.returncode, done.stdout) == (bad.status, ""), done.stderr
    check_line(done.stderr, bad)


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it."""
    return subprocess.run(
        [sys.executable, "-m", "cellwright", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_good_cell_is_good(tmp_path: Path, command: Command) -> None:
    write(tmp_path / "small")
    assert command(CHECK)[::2] == (0, "")
    assert produce(command, tmp_path) == {"state": "EXECUTE", "alarms": []}


PRESSES = """
operator = "none"
[[disturbances]]
at = 0.5
kind = "press"
target = "panel.reset"
[[disturbances]]
at = 1.5
kind = "press"
target = "panel.start"
"""


def produce(command: Command, folder: Path) -> dict[str, Any]:
    """State and alarms after the operator has started the cell."""
    (folder / "night.toml").write_text(PRESSES)
    said = command("sim small/cell.toml --seconds 4 --scenario night.toml --json")
    assert (said.status, said.err) == (0, "")
    return {key: value for key, value in json.loads(said.out).items() if key in ("state", "alarms")}


@pytest.mark.parametrize("name", FAULTS)
def test_an_error_at_run_time_aborts_the_cell_with_its_cause(
    tmp_path: Path, command: Command, name: str
) -> None:
    old, new, alarm = FAULTS[name]
    write(tmp_path / "small", Bad("cell.py", old, new, SIM, ()))
    found = produce(command, tmp_path)
    assert found["state"] == "ABORTED"
    assert [text for text in found["alarms"] if alarm in text], found
    assert not [text for text in found["alarms"] if "\n" in text]
