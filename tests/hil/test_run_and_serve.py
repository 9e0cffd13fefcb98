"""`cellwright run` against `cellwright serve`, two processes: parts are packed, faults come and go, both end
in order.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.hil.deployed import CELL
from tests.hil.processes import cellwright, ended, say, serving, started, status, until

pytestmark = pytest.mark.wire


def test_parts_are_packed_and_both_end_in_order(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serving(tmp_path, "--scenario", "production", "--set", "feeder.period=1") as server:
        links = tmp_path / "serve.toml"
        with started(cellwright("run", CELL, "--links", links, "--state", state, "--json")) as controller:
            until(lambda: status(tmp_path).get("parts_good", 0) >= 1, "a packed part", controller)
            controller.send_signal(signal.SIGTERM)
            out, error = controller.communicate(timeout=20)
        assert (controller.returncode, error) == (0, "")
        result = json.loads(out)
        assert result["state"] in ("STOPPED", "IDLE") and result["parts_good"] >= 1
        assert not result["alarms"]
        server.send_signal(signal.SIGINT)
        out, error = server.communicate(timeout=20)
        assert (server.returncode, error) == (0, "")
        assert json.loads(out)["counts"]["pallet.parts_on"] == result["parts_good"]
    assert not list((tmp_path / "ports").iterdir())


def test_faults_are_set_and_released_live(tmp_path: Path) -> None:
    with serving(tmp_path, "--scenario", "quiet") as server:
        arguments = ("run", CELL, "--links", tmp_path / "serve.toml", "--state", tmp_path / "state", "--json")
        with started(cellwright(*arguments)) as controller:
            until(lambda: status(tmp_path).get("state") == "STOPPED", "STOPPED", controller)
            assert say(server, "open door") == "the guard door door is opened, until released"
            until(lambda: status(tmp_path)["state"] == "ABORTED", "ABORTED", controller)
            assert "guard" in status(tmp_path)["alarms"][0]
            assert say(server, "opendoor").startswith("refused: opendoor: wanted KIND [TARGET]")
            assert say(server, "release door") == "released: open door"
            assert say(server, "press panel.clear").startswith("the operator presses panel.clear")
            until(lambda: status(tmp_path)["state"] == "STOPPED", "STOPPED again", controller)
            assert say(server, "link_lost plc 0.5") == "the link plc is lost, for 0.5 s"
            until(lambda: status(tmp_path)["state"] == "ABORTED", "ABORTED again", controller)
            controller.send_signal(signal.SIGINT)
            out, error = controller.communicate(timeout=20)
        assert (controller.returncode, error) == (0, "")
        server.send_signal(signal.SIGTERM)
        assert (server.wait(timeout=20), json.loads(out)["state"]) == (0, "ABORTED")


def test_serve_goes_on_without_standard_input_and_ends_by_itself(tmp_path: Path) -> None:
    code, out, error = ended("serve", CELL, "--links", tmp_path / "serve.toml", "--seconds", "0.5", "--json")
    assert (code, error) == (0, "")
    assert [sorted(json.loads(line)) for line in out.splitlines()] == [
        ["file", "links"],
        ["counts", "lateness_s", "s7_jobs", "simulated"],
    ]
