"""`make perf`: the table of figures, printed and written to perf.json; `ONLY=name` runs one part."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from control.errors import ConfigurationError, nearest
from tests.perf import s7, scan, start, twin
from tests.perf.table import HEAD, Row, build, write

PARTS: Mapping[str, Callable[[], list[Row]]] = {
    "twin": twin.measure,
    "s7": s7.measure,
    "scan": scan.measure,
    "import": start.measure,
}


def chosen(names: Sequence[str]) -> list[str]:
    """The parts to run: all, or the one that is named."""
    if len(names) > 1:
        raise ConfigurationError(f"perf: wanted one part or none, got {' '.join(names)!r}")
    for name in names:
        if name not in PARTS:
            raise ConfigurationError(f"perf: no part {name!r}; {nearest(name, PARTS)}")
    return [*names] or [*PARTS]


def main(names: Sequence[str]) -> int:
    """Run the parts; the exit status."""
    try:
        parts = chosen(names)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    print(build(), HEAD, sep="\n")
    rows: list[Row] = []
    for part in parts:
        measured = PARTS[part]()
        print(*measured, sep="\n", flush=True)
        rows += measured
    write(rows, twin.ROOT / "perf.json")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
