"""The digital twin: components, the simulated PLC, devices, virtual time."""

from plc_sim.batch import Batch, interval
from plc_sim.components.arm import RV_6S, Arm, ArmModel, Zone
from plc_sim.components.belt import Belt, EndStop, Feeder, Infeed, PhotoEye, PickPoint
from plc_sim.components.component import Component, OutputEntry
from plc_sim.components.gripping import Magazine, SwivelArm, VacuumGripper
from plc_sim.components.handling import Chute, Hand, Inspection, Pallet, PalletExchanger
from plc_sim.components.line import Buffer, Station
from plc_sim.components.panel import Button, Door, Lamp, Panel, Switch, button, lamp, switch
from plc_sim.components.place import Pose, Slot
from plc_sim.components.pneumatic import Cylinder, SpringCylinder, Stopper
from plc_sim.components.sensors import CapacitiveSensor, ColourSensor, InductiveSensor
from plc_sim.fault import Fault
from plc_sim.plc import Plc
from plc_sim.scenario import Disturbance, Operator, Scenario, production, quiet
from plc_sim.simulation import Simulation
from plc_sim.twin import Twin

__all__ = [
    "Arm",
    "ArmModel",
    "Batch",
    "Belt",
    "Buffer",
    "Button",
    "CapacitiveSensor",
    "Chute",
    "ColourSensor",
    "Component",
    "Cylinder",
    "Disturbance",
    "Door",
    "EndStop",
    "Fault",
    "Feeder",
    "Hand",
    "InductiveSensor",
    "Infeed",
    "Inspection",
    "Lamp",
    "Magazine",
    "Operator",
    "OutputEntry",
    "Pallet",
    "PalletExchanger",
    "Panel",
    "PhotoEye",
    "PickPoint",
    "Plc",
    "Pose",
    "RV_6S",
    "Scenario",
    "Simulation",
    "Slot",
    "SpringCylinder",
    "Station",
    "Stopper",
    "SwivelArm",
    "Switch",
    "Twin",
    "VacuumGripper",
    "Zone",
    "button",
    "interval",
    "lamp",
    "production",
    "quiet",
    "switch",
]
