"""Our port over our outlets: a pseudo terminal and a TCP port carry bytes both ways, close and open again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from control.errors import ConnectError
from control.serial_port import SerialPort
from plc_sim.outlet import DeviceOutlet, PtyOutlet, TcpOutlet

pytestmark = pytest.mark.wire

FORMAT = "?baudrate=38400&parity=E&stopbits=2"
PATIENCE = 5.0


@pytest.fixture(params=["pty", "tcp"])
def outlet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeviceOutlet]:
    kinds = {"pty": lambda: PtyOutlet(tmp_path / "robot"), "tcp": TcpOutlet}
    outlet = kinds[request.param]()
    outlet.open()
    yield outlet
    outlet.close()


@pytest.fixture
def port(outlet: DeviceOutlet) -> Iterator[SerialPort]:
    port = SerialPort(outlet.url + FORMAT, "links.robot")
    yield port
    port.dispose()


def heard(outlet: DeviceOutlet, size: int) -> bytes:
    """What the outlet receives, up to `size` bytes."""
    data, limit = b"", time.monotonic() + PATIENCE
    while len(data) < size and time.monotonic() < limit:
        data += outlet.receive()
    return data


@pytest.mark.parametrize("repeats", [1, 3])
def test_bytes_go_both_ways_however_often_the_port_is_opened(
    outlet: DeviceOutlet, port: SerialPort, repeats: int
) -> None:
    """A pseudo terminal keeps its settings from client to client, and has no parity."""
    for _ in range(repeats):
        port.open()
        port.write(b"1;1;DSTATE\r")
        assert heard(outlet, 11) == b"1;1;DSTATE\r"
        outlet.send(b"QoK0000\r\n")
        assert port.read(PATIENCE) == b"QoK0000\r\n"
        port.close()


def test_a_port_that_is_taken_is_named(outlet: DeviceOutlet, port: SerialPort) -> None:
    if isinstance(outlet, TcpOutlet):
        outlet.close()
    else:
        port.open()
    second = SerialPort(outlet.url + FORMAT, "links.second")
    with pytest.raises(ConnectError, match=r"second: cannot open .*: (another program|nothing listens)"):
        second.open()
    second.dispose()


def test_a_file_that_is_no_port_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    port = SerialPort(f"serial://{tmp_path}/file", "links.robot")
    with pytest.raises(ConnectError, match=r"links.robot: cannot open serial://.*file: "):
        port.open()
    port.dispose()
