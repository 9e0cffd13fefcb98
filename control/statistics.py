"""Durations counted in buckets: percentiles of millions of scans in a few kilobytes."""

from __future__ import annotations

from typing import Any

STEPS = 32
"""Buckets per doubling: a percentile is exact to about 2 %."""


class Histogram:
    """Counts durations in ns. Negative ones count as 0."""

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.total = 0
        self.largest = 0

    def add(self, duration: int) -> None:
        """Count one."""
        bucket = bucket_of(max(duration, 0))
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        self.total += 1
        self.largest = max(self.largest, duration)

    def percentile(self, share: float) -> float:
        """The duration (s) that `share` of all stay at or below; 0 if there are none."""
        wanted, seen = share * self.total, 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return min(upper_end(bucket), self.largest) / 1e9
        return 0.0

    def summary(self) -> dict[str, Any]:
        """Count, p50, p99, p99.9 and maximum, in s."""
        shares = {"p50": 0.5, "p99": 0.99, "p99_9": 0.999}
        values = {name: self.percentile(share) for name, share in shares.items()}
        return {"count": self.total, **values, "max": self.largest / 1e9}


def bucket_of(duration: int) -> int:
    """Exact below STEPS ns, then STEPS buckets per doubling."""
    if duration < STEPS:
        return duration
    shift = duration.bit_length() - STEPS.bit_length()
    return (shift << 16) + (duration >> shift)


def upper_end(bucket: int) -> int:
    """The largest duration of a bucket, in ns."""
    shift, value = bucket >> 16, bucket & 0xFFFF
    return ((value + 1) << shift) - 1


def percentiles_text(summary: dict[str, Any]) -> str:
    """A histogram's summary for people."""
    return ", ".join(f"{1e3 * summary[name]:.2f} ms ({name})" for name in ("p50", "p99", "max"))


class ScanTimes:
    """How well the scans of a run kept time: lateness and period against the grid, and their own duration."""

    def __init__(self, period: int) -> None:
        self.period = period
        self.lateness, self.periods, self.durations = Histogram(), Histogram(), Histogram()
        self.overruns = 0
        self.last = -1

    def add(self, instant: int, began: int, ended: int) -> None:
        """One scan: its grid instant, when it began and when it ended (ns of one clock)."""
        self.lateness.add(began - instant)
        self.durations.add(ended - began)
        if self.last >= 0:
            self.periods.add(began - self.last)
        self.last = began

    def summary(self) -> dict[str, Any]:
        """Everything in s, for reports and JSON."""
        return {
            "period_s": self.period / 1e9,
            "lateness_s": self.lateness.summary(),
            "actual_period_s": self.periods.summary(),
            "scan_s": self.durations.summary(),
            "overruns": self.overruns,
        }
