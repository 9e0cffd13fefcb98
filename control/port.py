"""A controller's side of one PLC link: images in, outputs out."""

from __future__ import annotations

from functools import reduce
from itertools import compress
from operator import or_
from typing import Any

from control.block import ChangeTable, DataBlock, Slot, mask_of, with_value
from control.link import Image, Plan, PlcLink
from control.scan import NEVER, Scan, ns

set_raw = object.__setattr__


class InputView:
    """One block that is read: takes new bytes and tells what they change. `cause` is why it is not good."""

    def __init__(self, slot: Slot[Any], block: DataBlock, scan: Scan) -> None:
        self.slot, self.block = slot, block
        self.max_age = ns(slot.max_age or 0)
        self.table = ChangeTable(type(block))
        self.lead = bytes(block.first)
        self.bit = scan.new_bit()
        self.bits = reduce(or_, (tag.bit for tag in (*block.tags.values(), *block.comparisons)), self.bit)
        """The bits of all its tags, and of its quality."""
        self.cause = ""
        set_raw(block, "_good", False)
        set_raw(block, "_good_bit", self.bit)

    def load(self, data: bytes) -> int:
        """Take the region's bytes; the bits of what differs."""
        old, data = self.block._raw, self.lead + data
        if data == old:
            return 0
        set_raw(self.block, "_raw", data)
        return self.table.changed(old, data)

    def judge(self, good: bool, cause: str) -> int:
        """Take the block's quality and what spoils it; its bit if the quality differs."""
        self.cause = cause
        if good is self.block._good:
            return 0
        set_raw(self.block, "_good", good)
        return self.bit


class OutputView:
    """One block that is written: what the logic ordered, what may go out, and what did."""

    def __init__(self, slot: Slot[Any], block: DataBlock) -> None:
        self.slot, self.block = slot, block
        self.tags = tags = tuple(block.tags.values())
        safe = bytes(block.size)
        for tag in tags:
            safe = with_value(safe, tag, tag.safe)
        self.safe, self.committed = safe, safe
        self.ordered: bytes | None = None
        """What the logic had ordered at the last commit."""
        self.process = int.from_bytes(mask_of((tag for tag in tags if not tag.stored), block.size), "big")
        self.everything = (1 << 8 * block.size) - 1
        self.masks = {tag.path: int.from_bytes(mask_of([tag], block.size), "big") for tag in tags}
        set_raw(block, "_raw", safe)

    def effective(self, clamp: int) -> bytes:
        """What may go out: the ordered bytes with the bits of `clamp` at their safe values."""
        raw = self.block._raw
        if not clamp:
            return raw
        value = int.from_bytes(raw, "big") & ~clamp | int.from_bytes(self.safe, "big") & clamp
        return value.to_bytes(len(raw), "big")

    def part(self, data: bytes) -> bytes:
        """The bytes of the region, of the block's bytes `data`."""
        return data[self.block.first :]

    def rest(self, mask: int, scan: Scan) -> None:
        """Order the safe values for the bits of `mask`."""
        block, old = self.block, self.block._raw
        new = self.effective(mask)
        if new != old:
            bits = 0
            for tag in block.tags.values():
                bits |= tag.bit
            scan.change(bits, set_raw, block, "_raw", old)
            set_raw(block, "_raw", new)

    def commit(self, clamp: int, scan: Scan) -> bool:
        """Note what goes out, with the bits of `clamp` kept safe, tag by tag in the trace. Whether it differs
        from the last.
        """
        self.ordered = self.block._raw
        data = self.effective(clamp)
        if data == self.committed:
            return False
        difference = int.from_bytes(data, "big") ^ int.from_bytes(self.committed, "big")
        for tag in compress(self.tags, map(difference.__and__, self.masks.values())):
            scan.trace.append((scan.now, tag.path, tag.decode(data)))
        self.committed = data
        return True


class PlcPort:
    """All blocks of one controller on one PLC link."""

    def __init__(self, link: PlcLink, inputs: list[InputView], outputs: list[OutputView]) -> None:
        self.link, self.inputs, self.outputs = link, inputs, outputs
        reads = tuple(view.slot.region for view in inputs)
        writes = tuple(view.slot.region for view in outputs)
        link.configure(Plan(reads, writes, tuple(view.part(view.safe) for view in outputs)))
        self.image: Image | None = None
        self.lapse = NEVER
        self.fresh = False
        """The image is good and will not be too old if nothing new comes."""
        self.renew()

    def take(self, now: int) -> int:
        """Take the newest image; the bits of what differs from the last one taken."""
        image, known, changed = self.link.image, self.image, 0
        lasting = self.fresh and self.link.lapse(0) == NEVER
        if image is not known:
            self.image = image
            # A lost image holds what skipped scans left there.
            if image.good or known is not None and known.good:
                for view, data in zip(self.inputs, image.data, strict=True):
                    changed |= view.load(data)
        if lasting and image.good:
            return changed
        self.lapse = NEVER
        for view in self.inputs:
            lapse = self.link.lapse(view.max_age)
            good = image.good and now <= lapse
            changed |= view.judge(good, "" if good else self.cause())
            if now <= lapse < self.lapse:
                self.lapse = lapse
        self.fresh = image.good and self.link.lapse(0) == NEVER
        return changed

    def cause(self) -> str:
        """Why the image is not good, in words."""
        if self.image is None or self.image.good:
            return f"{self.link.name}: no answer in time"
        return self.image.cause

    def renew(self) -> None:
        """What is committed has changed."""
        self.committed = tuple(view.part(view.committed) for view in self.outputs)
