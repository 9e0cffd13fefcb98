"""The page of a failure: true, readable, the same each time, and with a test that repeats it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from control.project import load_project
from hil.failure import Failure, explain
from hil.mutation import named
from hil.rig import Example, Rig
from hil.search import UNDISTURBED
from plc_sim.scenario import Disturbance

FOLDER = Path(__file__).parents[2] / "cells" / "pick_cell"
MUTANT = "Pick.GRIPPING: limit x 10"
STUCK = Disturbance(0.05, "stuck", "hand.part_present", 8.0, after="pick GRIPPING 1")
EXAMPLE = Example(3, (STUCK,))


def failing(mutant: str = MUTANT) -> Rig:
    project = load_project(FOLDER / "cell.toml")
    return Rig(project, controller=named(project.controller(), mutant))


@pytest.fixture
def failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Failure:
    monkeypatch.chdir(tmp_path)
    found = explain(failing(), EXAMPLE)
    assert found is not None
    return found


def test_the_page_tells_what_was_done_and_what_followed(failure: Failure) -> None:
    page = failure.page()
    assert page.startswith("PC-21 violated at ")
    assert f"  {STUCK}\n" in page and failure.report.as_uri() in page
    chain = [line.split("s  ", 1)[1] for line in failure.chain]
    assert chain[-2:] == ["hand.part_present is stuck at 0", "PC-21 VIOLATED"]
    assert chain[-3].startswith("pick: DESCENDING -> GRIPPING after 0.")
    assert "the robot at the ordered pose" in chain[-3]
    assert any(
        text.startswith("feed: CARRYING -> BRAKING") and text.endswith("[status.stop_eye is on]")
        for text in chain
    )
    times = [float(line.split(" s ")[0]) for line in failure.chain]
    assert times == sorted(times) and times[-1] == round(failure.time, 3)


def test_commands_and_alarms_are_links_of_the_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    failure = explain(failing("PalletExchange.RELEASED -> IDLE: released negated"), Example(1))
    assert failure is not None and failure.violation.requirement == "PC-08"
    told = "\n".join(failure.chain)
    late = "pallet_exchange RELEASED: waiting for not the PLC to take its answers back for 1.0 s"
    assert f"command ABORT: {late}" in told and f"alarm {late}" in told
    assert failure.done == ["nothing: the cell was at work"]


def test_a_failure_repeats_to_the_letter(failure: Failure) -> None:
    first = failure.report.read_text()
    again = explain(failing(), EXAMPLE)
    assert again is not None and again.page() == failure.page() and again.chain == failure.chain
    assert without_ids(again.report.read_text()) == without_ids(first)


def without_ids(html: str) -> str:
    """A report without the ids that matplotlib draws for its clip paths."""
    return re.sub(r"(#|id=\")[pm][0-9a-f]{10}", "", html)


def test_the_report_is_one_file_with_the_diagram_and_the_story(failure: Failure) -> None:
    html = failure.report.read_text()
    assert not re.search(r"(?:src|href)=\"(?!#)", html) and "@import" not in html
    svg = ElementTree.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])
    texts = {"".join(node.itertext()).strip() for node in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert {"state", "feed", "pick", "robot", "hand.close", "virtual time in s", "PC-21"} <= texts
    assert {"EXECUTE", "GRIPPING", "hand.part_present is stuck at 0"} <= texts
    assert len([text for text in texts if "." in text and not text[0].isdigit()]) <= 18
    for line in failure.chain:
        assert line.strip().replace(">", "&gt;").replace("'", "&#39;") in html


def test_what_is_written_is_kept_out_of_version_control(failure: Failure) -> None:
    assert (failure.report.parents[1] / ".gitignore").read_text() == "*\n"


def pasted(folder: Path, failure: Failure) -> subprocess.CompletedProcess[str]:
    """What pytest says of the pasted test in a project's folder."""
    (folder / "tests" / "test_pasted.py").write_text(failure.regression())
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_pasted.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("example", [EXAMPLE, Example(1, seconds=UNDISTURBED)])
def test_the_pasted_test_fails_with_the_bug_and_passes_without(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mutant = MUTANT if example is EXAMPLE else "PalletExchange.IDLE -> PREPARING: needed dropped"
    failure = explain(failing(mutant), example)
    assert failure is not None
    folder = tmp_path / "mycell"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("tests", "state", "__pycache__"))
    (folder / "tests").mkdir()
    assert pasted(folder, failure).returncode == 0
    (folder / "broken.py").write_text(
        "from hil.mutation import named\n\nfrom .cell import PickCell as Correct\n\n"
        f"PickCell = named(Correct, {mutant!r})\n"
    )
    toml = (folder / "cell.toml").read_text().replace("cell.py:PickCell", "broken.py:PickCell")
    (folder / "cell.toml").write_text(toml)
    done = pasted(folder, failure)
    assert done.returncode == 1
    assert f"CellFailure: {failure.violation.requirement} violated at {failure.time:.3f} s" in done.stdout
