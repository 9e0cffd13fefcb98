"""Retained Vars: saved at each commit that changes one, restored at power-up, confirmed by a person before
use.

A value counts as *durable* once the store says it is saved; `holder.durable(Class.var)` reads that. The file
is written beside and renamed, two generations are kept, and each carries a checksum and the layout it was
written for.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Any

from control.errors import ConfigurationError
from control.interlock import Alarm
from control.scan import NEVER, Scan, ns

if TYPE_CHECKING:
    from control.cell import Cell

Values = Mapping[str, Any]


class Store(ABC):
    """Where retained values are kept. `saved` is the newest durable set; replaced, never changed."""

    saved: Values = {}
    cause = ""

    @abstractmethod
    def load(self, layout: str) -> Values | None:
        """The values saved for this layout; None if there are none. `cause` says why others were not
        taken.
        """

    @abstractmethod
    def save(self, values: Values, now: int) -> None:
        """Begin to save; returns at once."""

    def take(self, now: int) -> Values:
        """The newest durable values at `now` (ns)."""
        return self.saved

    def due(self) -> int:
        """When `take` will give something new, where that is known; otherwise never."""
        return NEVER

    @abstractmethod
    def close(self) -> None:
        """Save what is pending."""


class MemoryStore(Store):
    """A store without a disk, for virtual time and tests; values become durable after `delay` s."""

    def __init__(self, delay: float = 0.02) -> None:
        self.delay = ns(delay)
        self.pending: list[tuple[int, Values]] = []

    def load(self, layout: str) -> Values | None:
        self.pending.clear()
        return self.saved or None

    def save(self, values: Values, now: int) -> None:
        self.pending.append((now + self.delay, values))

    def take(self, now: int) -> Values:
        while self.pending and self.pending[0][0] <= now:
            self.saved = self.pending.pop(0)[1]
        return self.saved

    def due(self) -> int:
        return self.pending[0][0] if self.pending else NEVER

    def close(self) -> None:
        """Nothing is to be done: what is pending is lost with the memory."""


def checksum(body: str) -> str:
    """The digest that goes with a saved body."""
    return hashlib.blake2b(body.encode(), digest_size=16).hexdigest()


class FileStore(Store):
    """Two generations of one JSON file, written by a thread of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.layout = ""
        self.generation = 0
        self.work: queue.SimpleQueue[Values | None] = queue.SimpleQueue()
        self.thread: threading.Thread | None = None

    def files(self) -> tuple[Path, Path]:
        """The two generations."""
        return self.path.with_suffix(".a.json"), self.path.with_suffix(".b.json")

    def load(self, layout: str) -> Values | None:
        self.layout = layout
        found = [entry for entry in map(self.read, self.files()) if entry is not None]
        newest = max(found, key=lambda entry: entry["generation"], default=None)
        self.start()
        if newest is None:
            return None
        if self.cause:
            self.cause += "; the other generation is used"
        self.generation = newest["generation"]
        if newest["layout"] != layout:
            self.cause = f"{self.path.name}: saved by another version of the cell; not used"
            return None
        self.saved = {key: freeze(value) for key, value in newest["values"].items()}
        return self.saved

    def read(self, path: Path) -> dict[str, Any] | None:
        """One generation; None if it is missing or damaged."""
        try:
            head, _, body = path.read_text(encoding="utf-8").partition("\n")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            self.cause = f"{path.name}: {error}"
            return None
        if head != checksum(body):
            self.cause = f"{path.name}: damaged (checksum differs)"
            return None
        entry: dict[str, Any] = json.loads(body)
        return entry

    def start(self) -> None:
        """Start the writer, once."""
        if self.thread is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ConfigurationError(
                    f"retained values: cannot write {self.path.parent}: {error}"
                ) from error
            self.thread = threading.Thread(target=self.run, name="retain", daemon=True)
            self.thread.start()

    def save(self, values: Values, now: int) -> None:
        self.work.put(values)

    def run(self) -> None:
        """The writer: always the newest values, each set whole."""
        while (values := self.work.get()) is not None:
            stop = False
            while not self.work.empty():
                later = self.work.get()
                stop = later is None
                values = later if later is not None else values
            self.write(values)
            if stop:
                return

    def write(self, values: Values) -> None:
        """One generation, durable before it counts."""
        self.generation += 1
        entry = {"layout": self.layout, "generation": self.generation, "values": values}
        body = json.dumps(entry)
        target = self.files()[self.generation % 2]
        fresh = target.with_suffix(".new")
        try:
            with fresh.open("w", encoding="utf-8") as file:
                file.write(f"{checksum(body)}\n{body}")
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(target)
            self.sync_folder()
        except Exception as error:  # whatever it is, the writer goes on, and the cell says it
            self.cause = f"retained values not saved: {error}"
            return
        self.cause, self.saved = "", values

    def sync_folder(self) -> None:
        """Make the rename durable; Windows has no such call and does it itself."""
        if hasattr(os, "O_DIRECTORY"):
            folder = os.open(self.path.parent, os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def close(self) -> None:
        if self.thread is not None:
            self.work.put(None)
            self.thread.join()
            self.thread = None


class Retained:
    """The retained Vars of one cell and where they are kept."""

    def __init__(self, cell: Cell, store: Store) -> None:
        self.store = store
        holders = {"cell": cell, **{s.name: s for s in cell.sequences_by_class.values()}}
        self.places = {
            f"{holder}.{name}": (owner, name)
            for holder, owner in holders.items()
            for name, var in owner._vars.items()
            if var.retain
        }
        self.scan = cell._scan
        self.scan.durable_bits = {key: self.scan.new_bit() for key in self.places}
        self.cause_bit = self.scan.new_bit()
        self.told_bits = reduce(or_, self.scan.durable_bits.values(), self.cause_bit)
        """The bits of all that the store tells."""
        self.bits = {
            owner._state[name][1]: self.scan.durable_bits[key] for key, (owner, name) in self.places.items()
        }
        self.written = reduce(or_, self.bits, 0)
        self.coming = 0
        """The bits of what will be durable by `due`, where that is known."""
        self.due = NEVER
        self.restore(cell)
        self.cause = store.cause
        """Why the newest values are not durable; empty while they are or will be."""

    def values(self) -> Values:
        """The present values."""
        return {key: owner._state[name][0] for key, (owner, name) in self.places.items()}

    def restore(self, cell: Cell) -> None:
        """Take what was saved; a person has to confirm it, or what takes its place where it was lost."""
        if not self.places:
            return
        layout = checksum(repr([(key, type(value).__name__) for key, value in self.values().items()]))
        saved = self.store.load(layout)
        if saved is not None:
            for key, value in saved.items():
                owner, name = self.places[key]
                owner.restore({name: value})
        if self.store.cause:
            cell.restore({"alarms": (Alarm(self.scan.now, "retained", self.store.cause, first=True),)})
        if saved is not None or self.store.cause:
            cell.restore({"unconfirmed": True})
        self.scan.durable = self.values() if saved is not None else {}

    def take(self, now: int) -> int:
        """Take what has become durable; the bits of what is new."""
        store = self.store
        if now < self.due and store.saved is self.scan.durable and store.cause is self.cause:
            return 0
        saved = store.take(now)
        self.due = store.due()
        if self.due == NEVER:
            self.coming = 0
        changed = 0
        if store.cause != self.cause:
            self.cause, changed = store.cause, self.cause_bit
        if saved is not self.scan.durable and saved:
            changed |= self.show(saved)
        return changed

    def show(self, saved: Values) -> int:
        """Let the cell see these values as the durable ones; the bits of those that differ."""
        before, changed = self.scan.durable, 0
        for key, bit in self.scan.durable_bits.items():
            if key not in before or saved.get(key) != before[key]:
                changed |= bit
        self.scan.durable = saved
        return changed

    def save(self, scan: Scan) -> None:
        """Begin to save what this scan changed of the retained values."""
        self.store.save(self.values(), scan.now)
        self.due = self.store.due()
        self.coming |= reduce(or_, (saved for bit, saved in self.bits.items() if bit & scan.written))


def freeze(value: Any) -> Any:
    """A value as read from JSON, with its lists as the tuples they were."""
    return tuple(freeze(item) for item in value) if isinstance(value, list) else value
