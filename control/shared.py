"""What never changes once it is made."""

from __future__ import annotations

from typing import Any, Self


class Shared:
    """Base of declarations and tables: all copies of what uses them share them."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self
