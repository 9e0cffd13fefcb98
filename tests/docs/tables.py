"""Puts the tables made from the code into the pages of docs/reference; `make docs` writes them anew.

A page marks the place of a table with `<!-- table: name -->` and `<!-- end of table -->`; the rest of it is
written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.docs import deployed, plant, validation

DOCS = Path(__file__).resolve().parents[2] / "docs"
MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)

TABLES: Mapping[str, Callable[[], str]] = {
    make.__name__: make
    for make in (
        *(deployed.tags, deployed.tag_options, deployed.toml_keys, deployed.line_options, deployed.commands),
        *(deployed.packml, deployed.priority, deployed.reactions),
        *(deployed.disturbances, deployed.fault_kinds, deployed.operators, deployed.scenarios),
        *(plant.components, plant.melfa_verbs, plant.melfa_bits, plant.melfa_errors),
        validation.validation,
    )
}


def pages() -> Iterator[Path]:
    """The pages with tables."""
    yield from (page for page in sorted(DOCS.rglob("*.md")) if MARKED.search(page.read_text()))


def renewed(text: str) -> str:
    """A page with its tables made anew."""
    return MARKED.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}", text)


if __name__ == "__main__":
    for page in pages():
        page.write_text(renewed(page.read_text()))
