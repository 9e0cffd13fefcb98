"""When PLC, link and controller do their work: phases, cycles and spreads, in ns of virtual time."""

from __future__ import annotations

from dataclasses import dataclass, fields

from control.errors import ConfigurationError

MS = 1_000_000


@dataclass(frozen=True)
class Timing:
    """Integer ns. `start` is the odd origin of virtual time; phases count from it.

    An exchange starts at most `link_jitter` late and takes `link_delay` (shortest, longest); a scan comes at
    most `scan_lateness` late. Bounds are not reached themselves.
    """

    start: int = 1_000_000_007
    plc_phase: int = 3 * MS
    link_phase: int = 5 * MS
    link_cycle: int = 10 * MS
    link_jitter: int = 1
    link_delay: tuple[int, int] = (2 * MS, 2 * MS)
    scan_phase: int = 10 * MS
    scan_period: int = 10 * MS
    scan_lateness: int = 1

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not all(
                isinstance(part, int) and part >= 0
                for part in (value if isinstance(value, tuple) else (value,))
            ):
                raise ConfigurationError(f"timing.{field.name}: wanted whole ns, not negative, got {value!r}")
        low, high = self.link_delay
        if not 2 <= low <= high:
            raise ConfigurationError(
                f"timing.link_delay: wanted 2 ns <= shortest <= longest, got {self.link_delay}"
            )
        if self.link_jitter < 1 or self.link_jitter + high > self.link_cycle:
            raise ConfigurationError(
                f"timing.link_jitter: wanted 1 ns to {self.link_cycle - high} ns (cycle less delay),"
                f" got {self.link_jitter} ns"
            )
        if not 1 <= self.scan_lateness < self.scan_period:
            raise ConfigurationError(
                f"timing.scan_lateness: wanted 1 ns to less than the period of {self.scan_period} ns,"
                f" got {self.scan_lateness} ns"
            )
