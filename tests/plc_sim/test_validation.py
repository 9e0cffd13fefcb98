"""Every component is validated, and no event is further from its closed form than it may be."""

from __future__ import annotations

import pytest

from tests.docs.validation import CHECKS, NOISE, PERCENT, TIME, Check, exported, largest


def test_every_component_is_validated() -> None:
    assert {check.component for check in CHECKS} >= exported()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.component}: {check.model}")
def test_what_is_held_to_an_oracle_keeps_to_it(check: Check) -> None:
    cases, error = largest(check)
    assert cases >= 1
    assert error <= {TIME: 1000.0, NOISE: 1.0, PERCENT: 1.0, "nm": 1.0}.get(check.unit, 0.0)
