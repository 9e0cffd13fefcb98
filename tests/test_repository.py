"""The rules of the repository that no other tool checks."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGES = ("control", "plc_sim", "hil")
FOLDERS = (*PACKAGES, "cells", "tests", "docs", "requirements", ".ci")
SOURCES = {".py", ".md", ".toml", ".txt", ".json", ""}

MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|work|tmp|Users)/\w")
INDEX = re.compile(r"(?<!\w)--(?:extra-)?index-url|--find[-]links|\w:/{2}\S+/simple\b|file:/{2}")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
PIN = re.compile(r"^([\w.-]+==\S+)(?: ;.*)? \\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)
DODGES = {"skip", "skipif", "xfail", "importorskip", "SkipTest", "skipTest"}

LEAKS = """
import os, socket, subprocess, threading
import pytest

kept = []

def test_innocent():
    with socket.create_server(("127.0.0.1", 0)):
        worker = threading.Thread(target=lambda: None)
        worker.start()
    subprocess.run(["true"], check=True)

def test_leaking():
    threading.Thread(target=threading.Event().wait, name="forgotten", daemon=True).start()
    kept.append(subprocess.Popen(["cat"], stdin=subprocess.PIPE))
    kept.append(socket.create_server(("127.0.0.1", 0)))
    kept.append(os.openpty())

@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.org"])
def test_reaching_out(host):
    with pytest.raises(PermissionError):
        socket.create_connection((host, 102), timeout=1)

def test_open_to_everybody():
    with socket.socket() as server, pytest.raises(PermissionError):
        server.bind(("", 0))

def test_after_the_leak():
    pass
"""


def files(*suffixes: str) -> Iterator[Path]:
    """The sources of the repository: its own files at the top and everything in its folders."""
    found = [path for path in ROOT.iterdir() if path.is_file()]
    found += [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    yield from (path for path in found if path.suffix in (suffixes or SOURCES))


def attributes(path: Path) -> Iterator[str]:
    """Every name a Python file refers to by an attribute or an import."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (node.module or "").split(".")
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (part for alias in node.names for part in alias.name.split("."))


def anchors(path: Path) -> set[str]:
    """What can follow `#` in a link to a Markdown file."""
    headings = HEADING.findall(path.read_text())
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def undocumented(module: str) -> Iterator[str]:
    """The public methods of a module's classes that neither they nor what they override explain."""
    for name, owner in inspect.getmembers(importlib.import_module(module), inspect.isclass):
        if owner.__module__ == module and not name.startswith("_"):
            methods = [method for method, value in vars(owner).items() if inspect.isroutine(value)]
            for method in methods:
                if not method.startswith("_") and not inspect.getdoc(getattr(owner, method)):
                    yield f"{module}.{name}.{method}"


def modules(package: str) -> Iterator[str]:
    """The dotted names of a package's modules."""
    for path in (ROOT / package).rglob("*.py"):
        yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    assert not [str(path) for path in files() if MACHINE_PATH.search(path.read_text())]


def test_no_file_names_a_package_index() -> None:
    assert not [str(path) for path in files() if INDEX.search(path.read_text())]


def test_nothing_is_mocked() -> None:
    assert not [str(path) for path in files(".py") if {"mock", "mocker"} & set(attributes(path))]


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    tests = [path for path in files(".py") if path.name.startswith("test_") or path.name == "conftest.py"]
    assert not [str(path) for path in tests if DODGES & set(attributes(path))]


def test_the_licence_is_here() -> None:
    assert "Apache License\n                           Version 2.0" in (ROOT / "LICENSE").read_text()


def test_the_changelog_tells_of_this_version() -> None:
    assert f"\n## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_link_in_the_documentation_leads_somewhere() -> None:
    for page in files(".md"):
        for link in LINK.findall(page.read_text()):
            name, _, anchor = link.partition("#")
            if "://" not in link:
                target = page.parent / name if name else page
                assert target.exists(), f"{page}: {link}"
                assert not anchor or anchor in anchors(target), f"{page}: {link}"


def test_every_decision_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    assert not [path.name for path in ROOT.glob("docs/decisions/*.md") if path.name not in index]


def test_every_requirement_is_pinned_with_hashes_and_tested_as_it_is_deployed() -> None:
    names = ("base.txt", "dev.txt", "peers.txt")
    base, dev, peers = ((ROOT / "requirements" / name).read_text() for name in names)
    for text in (base, dev, peers):
        assert len(PIN.findall(text)) == text.count("==") - text.count("sys_platform =="), text[:200]
    deployed = {pin for pin, _ in PIN.findall(base)}
    assert len(deployed) >= len(PROJECT["dependencies"])
    assert deployed <= {pin for pin, _ in PIN.findall(dev)}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_method_is_documented(package: str) -> None:
    names = list(modules(package))
    assert names
    assert not [name for module in names for name in undocumented(module)]


def test_a_test_that_leaves_something_behind_or_reaches_out_fails(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "test_leaks.py").write_text(LEAKS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "400"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    errors = [line for line in done.stdout.splitlines() if line.startswith("ERROR ")]
    found = {line.partition("::")[2].partition(" - ")[0]: line.partition(" - ")[2] for line in errors}
    assert set(found) == {
        "test_leaking",
        "test_open_to_everybody",
        "test_reaching_out[192.0.2.1]",
        "test_reaching_out[2001:db8::1]",
        "test_reaching_out[example.org]",
    }
    for left in ("left process", "left socket", "left terminal", "left thread", "forgotten"):
        assert left in found["test_leaking"]
    assert "7 passed, 5 errors" in done.stdout
