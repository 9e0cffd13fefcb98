"""A batch: many scenarios of one plant, all brought forward in one call of the kernel, on all cores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from control.errors import ConfigurationError
from control.scan import ns
from plc_sim.components.component import Component
from plc_sim.fault import Fault
from plc_sim.kernel.advance import advance_batch
from plc_sim.kernel.header import Cause, Header
from plc_sim.plant import Plant
from plc_sim.plc import Plc


class Batch:
    """One plant per seed, with `parameters` and `faults` of its own where given; without a controller.

    `plants` are the scenarios; each is a `Plant` and may be acted on by itself between calls of `advance`. A
    scenario's words depend on its seed and parameters alone, not on the number of threads or on the others.
    """

    def __init__(
        self,
        components: Mapping[str, Component],
        plc: Plc | None = None,
        *,
        seeds: Sequence[int],
        parameters: Sequence[Mapping[str, Any]] | None = None,
        faults: Sequence[Iterable[Fault]] | None = None,
        **options: Any,
    ) -> None:
        varied = [{}] * len(seeds) if parameters is None else list(parameters)
        faulty = [()] * len(seeds) if faults is None else list(faults)
        for name, given in (("parameters", varied), ("faults", faulty)):
            if not seeds or len(given) != len(seeds):
                raise ConfigurationError(
                    f"batch: wanted as many {name} as seeds, at least one, got {len(given)} and {len(seeds)}"
                )
        shared = plc or Plc()
        self.plants = [
            Plant(components, shared, seed=seed, parameters=each, faults=done, **options)
            for seed, each, done in zip(seeds, varied, faulty, strict=True)
        ]
        size = max(plant.block.size for plant in self.plants)
        self.blocks = np.zeros((len(seeds), size), np.int64)
        for row, plant in zip(self.blocks, self.plants, strict=True):
            plant.move_to(row[: plant.block.size])

    @property
    def now(self) -> float:
        """Virtual time since the start, in s."""
        return (self.plants[0].now - self.plants[0].timing.start) / 1e9

    def advance(self, seconds: float) -> None:
        """Let `seconds` more pass in every scenario."""
        first = self.plants[0]
        advance_batch(self.blocks, first.now + ns(seconds))
        for plant in np.flatnonzero(self.blocks[:, Header.CAUSE] & Cause.STORM):
            self.plants[plant].refuse_storm()

    def counts(self) -> dict[str, np.ndarray]:
        """What the components count, by name, as 'feeder.fed': one number per scenario; times in ns."""
        counted = [plant.counts() for plant in self.plants]
        return {name: np.array([counts[name] for counts in counted]) for name in counted[0]}


def interval(values: np.ndarray, share: float = 0.99) -> tuple[float, float]:
    """Mean of independent figures and half the width of the interval that holds their mean with `share`.

    By the normal distribution: for 30 figures and more.
    """
    if len(values) < 30 or share not in QUANTILES:
        raise ConfigurationError(
            f"interval: wanted 30 figures or more and a share of {sorted(QUANTILES)},"
            f" got {len(values)} and {share}"
        )
    return float(values.mean()), QUANTILES[share] * float(values.std(ddof=1)) / len(values) ** 0.5


QUANTILES = {0.95: 1.959964, 0.99: 2.575829}
"""Of the normal distribution, two-sided."""
