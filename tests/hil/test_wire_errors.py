"""What can be wrong on the wires at the start: one clear line, and the exit status that says whose fault."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from control.serial_port import SerialPort
from tests.hil.deployed import CELL
from tests.hil.processes import ended, say, serving

pytestmark = pytest.mark.wire

CONFIGURATION, DEVICE = 2, 3


class Server(NamedTuple):
    """A served twin and the folder with its serve.toml."""

    process: subprocess.Popen[str]
    folder: Path

    @property
    def links(self) -> str:
        """What serve.toml says."""
        return (self.folder / "serve.toml").read_text()

    @property
    def pty(self) -> Path:
        """Where the robot is."""
        return next((self.folder / "ports").iterdir())

    @property
    def address(self) -> str:
        """Where the PLC is."""
        return self.links.partition("s7://")[2].partition("/")[0]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One served twin for all that only look at it."""
    folder = tmp_path_factory.mktemp("served")
    with serving(folder) as process:
        yield Server(process, folder)


def run(folder: Path, links: str, *, cell: Path = CELL) -> tuple[int, str]:
    """`cellwright run` on these links: its status and the one line it ends with."""
    (folder / "links.toml").write_text(links)
    code, _, error = ended(
        "run", cell, "--links", folder / "links.toml", "--state", folder / "state", "--seconds", 1
    )
    assert error.startswith("cellwright: ") and error.count("\n") == 1, error
    return code, error


def edited(folder: Path, file: str, old: str, new: str) -> Path:
    """A copy of the pick cell in which one text is another."""
    shutil.copytree(CELL.parent, folder / "cell", ignore=shutil.ignore_patterns("state", "__pycache__"))
    source = (folder / "cell" / file).read_text()
    assert old in source
    (folder / "cell" / file).write_text(source.replace(old, new))
    return folder / "cell" / "cell.toml"


def test_another_model_on_the_line(server: Server, tmp_path: Path) -> None:
    code, error = run(tmp_path, server.links.replace('"RV-6S"', '"RV-6SL"'))
    assert code == DEVICE
    assert "robot: " in error and "wanted a RV-6SL, the line answers" in error and "RV-6S;" in error


def test_a_port_that_another_program_has_open(server: Server, tmp_path: Path) -> None:
    port = SerialPort(f"serial://{server.pty}", "another program")
    port.open()
    code, error = run(tmp_path, server.links)
    port.dispose()
    assert code == DEVICE
    assert f"robot: cannot open serial://{server.pty}" in error and "another program has it open" in error


def test_a_port_that_does_not_exist(server: Server, tmp_path: Path) -> None:
    code, error = run(tmp_path, server.links.replace(str(server.pty), f"{tmp_path}/missing"))
    assert code == DEVICE
    assert f"robot: cannot open serial://{tmp_path}/missing" in error and "is the device plugged in?" in error


def test_a_plc_that_is_not_there(server: Server, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    code, error = run(tmp_path, server.links.replace(server.address, address))
    assert code == DEVICE
    assert f"plc: s7://{address}/0/1: " in error and "got connection refused; check that the PLC" in error


@contextmanager
def mute() -> Iterator[int]:
    """A TCP server that accepts and says nothing: its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            taken.append(server.accept()[0])

        thread = threading.Thread(target=take)
        thread.start()
        yield server.getsockname()[1]
        thread.join()
        taken[0].close()


def test_something_else_where_the_plc_should_be(server: Server, tmp_path: Path) -> None:
    with mute() as port:
        code, error = run(tmp_path, server.links.replace(server.address, f"127.0.0.1:{port}"))
    assert code == DEVICE
    assert f"plc: s7://127.0.0.1:{port}/0/1: " in error and "check that this is a PLC's S7 port" in error


def test_a_plc_in_stop(server: Server, tmp_path: Path) -> None:
    assert say(server.process, "plc_stop") == "the PLC goes to STOP, until released"
    code, error = run(tmp_path, server.links)
    assert say(server.process, "release plc_stop") == "released: plc_stop"
    assert code == DEVICE
    assert "plc: PLC does not run (life word DB10.DBW0" in error and "is in RUN" in error


def test_a_block_that_is_shorter_on_the_plc_than_declared(server: Server, tmp_path: Path) -> None:
    cell = edited(tmp_path, "cell.py", 'reads("plc", Status, db=10', 'reads("plc", Status, db=10, start=2')
    code, error = run(tmp_path, server.links, cell=cell)
    assert code == DEVICE
    assert "wanted DB10 of at least 10 bytes, got one of 8; make the cell's declaration and the" in error


def test_a_port_for_the_server_that_is_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, error = ended("serve", CELL, "--links", tmp_path / "serve.toml", "--port", port)
    assert (code, out) == (CONFIGURATION, "")
    assert error.startswith(f"cellwright: S7 server on 127.0.0.1:{port}: ") and error.count("\n") == 1
    assert "another server runs there: stop it, or take another port" in error


def test_a_serve_toml_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    code, out, error = ended("serve", CELL, "--links", tmp_path / "taken", "--seconds", 1)
    assert (code, out) == (CONFIGURATION, "")
    assert "taken: cannot be written: Is a directory" in error and error.count("\n") == 1
