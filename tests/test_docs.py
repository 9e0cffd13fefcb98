"""The documentation is true: its tables are those of the code, its examples run and say what is printed.

In a page a `python` or `toml` block that begins with the comment of a file name is that file (`# add to NAME`
adds to it); every other `python` block is executed, all of a page in one module. In a `console` block the
lines after `$` are run and the other lines must come out in their order, whatever their numbers (a line that
ends in … must begin so); with `console background` the command runs until the page ends.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import types
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from control.schema import LinksToml, validate
from tests.background import background
from tests.docs.tables import DOCS, TABLES, pages, renewed

ROOT = DOCS.parent
FENCE = re.compile(r"^```(\w+) ?(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# (add to )?([\w/]+\.(?:py|toml))\n")
VARYING = re.compile(r"\b[0-9a-f]{16}\b|[-\w]*/[-\w/.]*|\d+(?:\.\d+)?|\s+")
"""Hashes, paths, numbers and the width of columns: what a console block shows as an example only."""

ENVIRONMENT = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


class Block(NamedTuple):
    """A fenced block: its language, a word after it, its text."""

    language: str
    manner: str
    text: str


def blocks(page: Path) -> list[Block]:
    """The blocks of a page that are examples."""
    found = [Block(*each) for each in FENCE.findall(page.read_text())]
    return [block for block in found if block.language in ("python", "toml", "console")]


def texts() -> list[Path]:
    """The pages with examples."""
    return [page for page in (ROOT / "README.md", *sorted(DOCS.rglob("*.md"))) if blocks(page)]


def plain(text: str) -> str:
    """A line without what varies."""
    return VARYING.sub(" ", text).strip()


def came_out(expected: list[str], output: str) -> bool:
    """Whether the lines came out in their order, others between them."""
    lines = iter([plain(line) for line in output.splitlines()])
    return all(any(shows(line, each) for each in lines) for line in expected if line.strip())


def shows(expected: str, line: str) -> bool:
    """Whether a line is the expected one, or begins as one that ends in … does."""
    beginning, more, _ = expected.partition("…")
    return line.startswith(plain(beginning)) if more else line == plain(expected)


def console(block: Block, folder: Path, stack: ExitStack) -> None:
    """Run the commands of a block and look for its other lines in what they say."""
    lines = block.text.splitlines()
    commands = "\n".join(line.removeprefix("$ ") for line in lines if line.startswith("$ "))
    expected = [line for line in lines if not line.startswith("$ ")]
    if block.manner == "background":
        line = ["bash", "-c", f"exec {commands}"]
        running = background(line, folder, lambda heard: came_out(expected, heard), ENVIRONMENT)
        stack.enter_context(running)
        return
    done = subprocess.run(
        ["bash", "-ec", commands], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
    assert came_out(expected, done.stdout + done.stderr), (
        f"{commands}\nwanted {block.text}\ngot {done.stdout}"
    )


def keep(block: Block, folder: Path) -> bool:
    """Write or extend the file a block is; False if it is none."""
    if (found := FILE.match(block.text)) is None:
        return False
    path = folder / found[2]
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text() if found[1] else ""
    path.write_text(before + block.text[found.end() :])
    return True


def try_out(block: Block, folder: Path, module: types.ModuleType, stack: ExitStack) -> None:
    """Do what a block shows."""
    if block.language == "console":
        console(block, folder, stack)
    elif keep(block, folder):
        return
    elif block.language == "python":
        exec(compile(block.text, module.__name__, "exec"), vars(module))
    else:
        data = tomllib.loads(block.text)
        validate(LinksToml, {"links": data.get("links", {})}, "links")


def test_every_table_is_that_of_the_code() -> None:
    for page in pages():
        text = page.read_text()
        assert renewed(text) == text, f"{page.name} is out of date; remedy: make docs"


def test_every_table_is_shown() -> None:
    shown = "".join(page.read_text() for page in pages())
    assert not [name for name in TABLES if f"<!-- table: {name} -->" not in shown]


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text()
    assert not [
        page.name for page in DOCS.rglob("*.md") if f"{page.name})" not in index and page.name != "README.md"
    ]


@pytest.mark.wire
@pytest.mark.parametrize("page", texts(), ids=lambda page: page.stem)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType(f"examples_of_{page.stem.replace('-', '_')}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        for block in blocks(page):
            try_out(block, tmp_path, module, stack)
