"""The record: what a cell saw and did, in one file format for live cell, bench and twin.

JSON lines. Each file opens with a header that holds a snapshot; then one line per scan that evaluated
anything: its instant, the images that were new in it (with quality), and its trace. A recording replays
bit-exactly against the controller from any of its files. Files rotate by size and the oldest go; a writer
thread does the disk's work, and a queue that is full stops the record, not the scan.
"""

from __future__ import annotations

import json
import queue
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from control.cell import Cell
from control.codec import encode
from control.controller import Entry
from control.errors import ConfigurationError
from control.port import set_raw

FORMAT = 1


def snapshot(cell: Cell) -> dict[str, Any]:
    """Everything a cell knows between two scans."""
    return {
        "cell": cell.snapshot(),
        "packml": cell.packml.snapshot(),
        "sequences": {s.name: s.snapshot() for s in cell.sequences_by_class.values()},
        "devices": {name: device.snapshot() for name, device in cell.devices.items()},
        "images": images(cell),
        "outputs": {
            view.slot.name: (view.block._raw, view.committed) for p in cell.ports for view in p.outputs
        },
    }


def restore(cell: Cell, state: dict[str, Any]) -> None:
    """Bring a freshly built cell to a snapshot."""
    cell.restore(state["cell"])
    cell.packml.restore(state["packml"])
    for sequence in cell.sequences_by_class.values():
        sequence.restore(state["sequences"][sequence.name])
    for name, device in cell.devices.items():
        device.restore(state["devices"][name])
    for port in cell.ports:
        for view in port.outputs:
            raw, view.committed = state["outputs"][view.slot.name]
            view.ordered = None
            set_raw(view.block, "_raw", raw)
        port.renew()
    show(cell, state["images"])
    cell.arrange()
    cell.begin_anew()


def show(cell: Cell, images: dict[str, Any]) -> int:
    """Let a cell see images, as its links would; the bits of what differs."""
    changed = 0
    for port in cell.ports:
        for view in port.inputs:
            if view.slot.name in images:
                raw, good, cause = images[view.slot.name]
                changed |= view.load(raw[view.block.first :]) | view.judge(good, cause)
    for name, device in cell.devices.items():
        if name in images:
            changed |= device.load(images[name])
    if "durable" in images:
        changed |= cell.retained.show(images["durable"])
    return changed


def images(cell: Cell) -> dict[str, Any]:
    """What the scan's sources hold now: per block its bytes and quality, per device its image."""
    views = [view for port in cell.ports for view in port.inputs]
    return {
        **{view.slot.name: (view.block._raw, view.block._good, view.cause) for view in views},
        **{name: device.image for name, device in cell.devices.items()},
        "durable": dict(cell._scan.durable),
    }


class Recorder:
    """Writes the record of one cell into a folder; a sink of its scans. What keeps it from doing so is its
    `cause`.
    """

    def __init__(self, cell: Cell, folder: Path, *, file_size: int = 8_000_000, files: int = 8) -> None:
        self.cell, self.folder, self.file_size, self.files = cell, folder, file_size, files
        self.work: queue.Queue[str | None] = queue.Queue(maxsize=20_000)
        self.lost = 0
        self.cause = ""
        self.room = 0
        self.last: dict[str, Any] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"record: cannot write {folder}: {error}") from error
        self.thread = threading.Thread(target=self.run, name="record", daemon=True)
        self.thread.start()
        self.begin()

    def __call__(self, now: int, entries: list[Entry]) -> None:
        """One scan that evaluated something."""
        if self.cause:
            self.lost += 1
            return
        try:
            line = self.line(now, entries)
            if self.room > 0:
                self.put(line)
            if self.room <= 0:
                self.begin()
        except TypeError as error:  # a device's image holds something that is no value
            self.cause = f"record stopped: {error}"

    def line(self, now: int, entries: list[Entry]) -> dict[str, Any]:
        """What there is to tell of one scan."""
        present = images(self.cell)
        fresh = {name: encode(image) for name, image in present.items() if image != self.last.get(name)}
        self.last = present
        if self.cell.heard:
            fresh["heard"] = encode(self.cell.heard)
        trace = [[time, name, encode(value)] for time, name, value in entries]
        return {"t": now} | ({"in": fresh} if fresh else {}) | ({"trace": trace} if trace else {})

    def begin(self) -> None:
        """Open the next file with a snapshot of the cell as it is now."""
        kind = type(self.cell)
        self.room = self.file_size
        self.last = images(self.cell)
        header = {
            "format": FORMAT,
            "cell": f"{kind.__module__}:{kind.__qualname__}",
            "project": self.cell.wiring.where,
            "snapshot": encode(snapshot(self.cell)),
        }
        self.put(header)

    def put(self, line: dict[str, Any]) -> None:
        """Leave a line to the writer. Where the queue is full the file ends: what is lost is counted, never
        hidden.
        """
        text = json.dumps(line, separators=(",", ":"))
        try:
            self.work.put_nowait(text)
            self.room -= len(text)
        except queue.Full:
            self.lost += 1
            self.room = 0

    def run(self) -> None:
        """The writer. When the disk refuses, it goes on emptying the queue, so that nothing waits for it."""
        file: TextIO | None = None
        try:
            while (line := self.work.get()) is not None:
                if line.startswith('{"format"'):
                    if file is not None:
                        file.close()
                    file = self.next_file().open("w", encoding="utf-8")
                if file is not None:
                    file.write(line + "\n")
                    if self.work.empty():
                        file.flush()
            if file is not None:
                file.close()
        except OSError as error:
            self.cause = f"record stopped: {error}"
            with suppress(OSError):
                if file is not None:
                    file.close()
            while self.work.get() is not None:
                self.lost += 1

    def next_file(self) -> Path:
        """The next file's path; the oldest beyond the limit are removed."""
        known = sorted(
            (int(path.stem[7:]), path)
            for path in self.folder.glob("record-*.jsonl")
            if path.stem[7:].isdecimal()
        )
        for _, old in known[: max(0, len(known) - self.files + 1)]:
            old.unlink()
        number = known[-1][0] + 1 if known else 1
        return self.folder / f"record-{number:06d}.jsonl"

    def close(self) -> None:
        """Write what is pending."""
        if self.thread.is_alive():
            self.work.put(None)
        self.thread.join()
