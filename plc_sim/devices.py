"""Simulated devices by driver name: the endpoint that answers a driver, over which component."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from control.errors import ConfigurationError, nearest
from control.schema import LinkTable
from plc_sim.components.arm import Arm
from plc_sim.endpoint import Endpoint
from plc_sim.manipulator import PlantManipulator
from plc_sim.melfa import MelfaEndpoint, Settings
from plc_sim.plant import Plant

Maker = Callable[[Plant, str, LinkTable], Endpoint]


def melfa(plant: Plant, name: str, table: LinkTable) -> Endpoint:
    """A MELFA controller over the arm of the link's name."""
    if not isinstance(plant.components.get(name), Arm):
        raise ConfigurationError(f"links.{name}: the twin needs an Arm called {name!r} for driver 'melfa'")
    return MelfaEndpoint(PlantManipulator(plant, name), Settings(model=table.model))


ENDPOINTS: Mapping[str, Maker] = {"melfa": melfa}


def endpoint_of(plant: Plant, name: str, table: LinkTable) -> Endpoint:
    """The simulated device behind a device link of cell.toml."""
    maker = ENDPOINTS.get(table.driver or "")
    if maker is None:
        raise ConfigurationError(
            f"links.{name}: no simulated device for driver {table.driver!r};"
            f" {nearest(str(table.driver), ENDPOINTS)}"
        )
    return maker(plant, name, table)
