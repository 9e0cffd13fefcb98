"""Hardware in the loop and property tests: the bench, the search, the reports, the pytest plugin."""

from hil.bench import Bench
from hil.cell_test import cell_test, check_scenario
from plc_sim.scenario import Disturbance

__all__ = ["Bench", "Disturbance", "cell_test", "check_scenario"]
