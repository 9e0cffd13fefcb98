"""One suite for each interface between a controller and its world, run on every implementation."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from control.errors import ConfigurationError
from control.link import Progress
from control.scan import NEVER
from control.serial_port import SerialPort
from plc_sim.endpoint import Endpoint
from plc_sim.outlet import DeviceOutlet, PtyOutlet, TcpOutlet
from tests.contract.rigs import (
    DATA,
    DEVICE_RIGS,
    OUTLETS,
    PATIENCE,
    PLC_RIGS,
    SAFE,
    STATUS,
    DeviceRig,
    PlcRig,
)
from tests.plc_sim.robot_rig import RobotRig

pytestmark = pytest.mark.wire


@pytest.fixture(params=PLC_RIGS)
def plc(request: pytest.FixtureRequest) -> Iterator[PlcRig]:
    rig = PLC_RIGS[request.param]()
    try:
        yield rig
    finally:
        rig.dispose()


def shown(rig: PlcRig) -> bool:
    """The bit that the PLC shows, as the newest image has it."""
    return rig.link.image.good and bool(rig.link.image.data[0][0] & 0x40)


def test_a_plc_link_has_no_good_image_before_it_is_open(plc: PlcRig) -> None:
    image = plc.link.image
    assert [len(data) for data in image.data] == [STATUS.size]
    assert image.good is plc.good_before_open


def test_the_first_that_is_written_is_safe_and_so_is_the_last(plc: PlcRig) -> None:
    plc.link.open()
    plc.until(lambda: plc.held() == SAFE, "the safe value")
    plc.until(lambda: plc.link.image.good, "a good image")
    plc.link.put((DATA,))
    plc.until(lambda: plc.held() == DATA, "the outputs")
    plc.link.close()
    plc.until(lambda: plc.held() == SAFE, "the safe value again")


def test_what_the_plc_shows_comes_in_a_new_image(plc: PlcRig) -> None:
    plc.link.open()
    plc.until(lambda: plc.link.image.good, "a good image")
    before = plc.link.image
    data = before.data
    plc.show(True)
    plc.until(lambda: shown(plc), "the bit")
    assert plc.link.image is not before
    assert before.data == data
    plc.show(False)
    plc.until(lambda: not shown(plc), "the bit to go")


def test_a_good_image_does_not_lapse_before_its_age(plc: PlcRig) -> None:
    plc.link.open()
    plc.until(lambda: plc.link.image.good, "a good image")
    for _ in range(20):
        plc.pass_time()
        assert plc.link.lapse(PATIENCE_NS) > plc.now()


PATIENCE_NS = int(PATIENCE * 1e9)


def test_a_broken_link_is_not_good_and_says_why_and_comes_back(plc: PlcRig) -> None:
    plc.link.open()
    plc.until(lambda: plc.link.image.good, "a good image")
    plc.link.put((DATA,))
    plc.until(lambda: plc.held() == DATA, "the outputs")
    plc.break_link()
    plc.until(lambda: not plc.link.image.good, "the loss to be noticed")
    assert plc.link.image.cause.startswith("plc: ")
    plc.link.put((SAFE,))
    plc.mend_link()
    plc.until(lambda: plc.link.image.good, "a good image")
    plc.show(True)
    plc.until(lambda: shown(plc), "the bit")
    plc.link.put((DATA,))
    plc.until(lambda: plc.held() == DATA, "the outputs")


@pytest.fixture(params=DEVICE_RIGS)
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeviceRig]:
    rig = DEVICE_RIGS[request.param](tmp_path)
    try:
        yield rig
    finally:
        rig.dispose()


def ends(rig: DeviceRig) -> dict[int, Progress]:
    """How the orders ended, by number."""
    return {state.number: state.progress for state in rig.link.image.ended}


def test_a_device_is_not_good_before_it_has_answered(device: DeviceRig) -> None:
    assert not device.link.image.good
    assert device.link.image.cause
    device.link.open()
    device.until(lambda: device.link.image.good, "a good image")
    assert (device.link.image.enabled, device.link.image.error_code) == (False, 0)


def test_orders_end_in_turn_and_images_are_never_changed(device: DeviceRig) -> None:
    device.link.open()
    device.until(lambda: device.link.image.good, "a good image")
    before = device.link.image
    kept = tuple(before)
    numbers = [device.order(verb) for verb in ("close_gripper", "read_actual_position", "open_gripper")]
    device.until(lambda: len(ends(device)) == 3, "three ends")
    assert [state.number for state in device.link.image.ended] == numbers
    assert set(ends(device).values()) == {Progress.DONE}
    assert device.link.image.joints is not None
    assert tuple(before) == kept


def test_servos_come_on_and_the_robot_moves(device: DeviceRig) -> None:
    device.link.open()
    device.until(lambda: device.link.image.good, "a good image")
    device.order("enable_robot")
    device.until(lambda: device.link.image.enabled, "the servos")
    device.order("move_axes_absolute", (0.2, 0.0, 1.5708, 0.0, 1.5708, 0.0), 1.0)
    device.until(lambda: device.link.image.in_motion, "the motion")
    device.until(lambda: len(ends(device)) == 2, "its end")
    assert ends(device) == {1: Progress.DONE, 2: Progress.DONE}


def test_a_pulled_cable_ends_every_order_and_is_found_again(device: DeviceRig) -> None:
    device.link.open()
    device.until(lambda: device.link.image.good, "a good image")
    device.order("enable_robot")
    device.until(lambda: device.link.image.enabled, "the servos")
    moving = device.order("move_axes_absolute", (2.0, 0.0, 1.5708, 0.0, 1.5708, 0.0), 0.2)
    device.until(lambda: device.link.image.in_motion, "the motion")
    waiting = device.order("close_gripper")
    device.break_line()
    device.until(lambda: not device.link.image.good, "the loss to be noticed")
    device.until(lambda: {moving, waiting} <= set(ends(device)), "the ends")
    assert (ends(device)[moving], ends(device)[waiting]) == (Progress.UNKNOWN, Progress.REFUSED)
    refused = device.order("close_gripper")
    device.until(lambda: refused in ends(device), "the refusal")
    assert ends(device)[refused] is Progress.REFUSED
    device.mend_line()
    device.until(lambda: device.link.image.good, "a good image")
    done = device.order("open_gripper")
    device.until(lambda: done in ends(device), "an order that is carried out")
    assert ends(device)[done] is Progress.DONE


@pytest.fixture(params=OUTLETS)
def outlet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeviceOutlet]:
    made = OUTLETS[request.param](tmp_path)
    made.open()
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def client(outlet: DeviceOutlet) -> Iterator[SerialPort]:
    """The deployed port at the other end of an outlet."""
    port = SerialPort(outlet.url, "links.robot")
    port.open()
    try:
        yield port
    finally:
        port.dispose()


def received(outlet: DeviceOutlet, size: int) -> bytes:
    """So many bytes from the client."""
    return collected(
        lambda: outlet.receive() if select.select(outlet.files(), [], [], 0.01)[0] else b"", size
    )


def collected(read: Callable[[], bytes], size: int) -> bytes:
    data, deadline = b"", time.monotonic() + PATIENCE
    while len(data) < size:
        assert time.monotonic() < deadline, f"got {len(data)} of {size} bytes"
        data += read()
    return data


def test_bytes_go_both_ways_unchanged(outlet: DeviceOutlet) -> None:
    data = bytes(range(256)) * 4
    with client(outlet) as port:
        port.write(data)
        assert received(outlet, len(data)) == data
        outlet.send(data)
        assert collected(lambda: port.read(0.1), len(data)) == data


def test_without_a_client_nothing_comes_and_what_is_sent_is_lost(outlet: DeviceOutlet) -> None:
    assert outlet.receive() == b""
    began = time.monotonic()
    for _ in range(200):
        outlet.send(b"x" * 4096)
    assert time.monotonic() - began < PATIENCE / 2
    assert outlet.receive() == b""


def test_a_client_that_does_not_read_stops_nothing(outlet: DeviceOutlet) -> None:
    with client(outlet) as port:
        port.write(b"hello")
        assert received(outlet, 5) == b"hello"
        began = time.monotonic()
        for _ in range(2000):
            outlet.send(b"x" * 4096)
        assert time.monotonic() - began < PATIENCE / 2


def test_one_client_after_the_other_is_served(outlet: DeviceOutlet) -> None:
    for text in (b"first", b"second", b"third"):
        with client(outlet) as port:
            port.write(text)
            assert received(outlet, len(text)) == text
            outlet.send(text)
            assert collected(lambda port=port: port.read(0.1), len(text)) == text


def test_it_can_be_taken_away_and_offered_again_under_its_name(outlet: DeviceOutlet) -> None:
    url = outlet.url
    for _ in range(3):
        outlet.close()
        assert outlet.files() == []
        outlet.open()
        assert outlet.url == url
        with client(outlet) as port:
            port.write(b"again")
            assert received(outlet, 5) == b"again"


def test_closing_twice_is_closing(outlet: DeviceOutlet) -> None:
    outlet.close()
    outlet.close()
    assert outlet.files() == []


def test_a_place_that_cannot_be_had_is_a_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ConfigurationError, match=f"device on 127.0.0.1:{port}: Address already in use; take"
        ):
            TcpOutlet("127.0.0.1", port).open()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot make .*/file/robot: File exists"):
        PtyOutlet(tmp_path / "file" / "robot").open()


def test_a_terminal_leaves_no_name_behind(tmp_path: Path) -> None:
    outlet = PtyOutlet(tmp_path / "deep" / "robot")
    outlet.open()
    assert os.path.realpath(outlet.path).startswith("/dev/pts/")
    outlet.close()
    assert not os.path.lexists(outlet.path)


def robot() -> Endpoint:
    """The simulated device there is so far."""
    return RobotRig().endpoint


def test_a_device_says_nothing_of_itself_and_never_wakes_in_the_past() -> None:
    endpoint = robot()
    assert endpoint.take(b"", 5) == b""
    assert endpoint.wakes == NEVER
    assert endpoint.answer_time > 0
    version = endpoint.version
    assert endpoint.take(b"1;1;DSTATE\r", 5).count(b"\r") == 1
    assert endpoint.version == version


@pytest.mark.parametrize("act", ["disturb", "power_cycle"])
def test_what_happens_to_a_device_changes_its_version(act: str) -> None:
    endpoint = robot()
    version = endpoint.version
    getattr(endpoint, act)(7)
    assert endpoint.version != version
