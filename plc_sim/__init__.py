"""The digital twin: components, the simulated PLC, devices, virtual time."""

from plc_sim.batch import Batch, interval
from plc_sim.components.arm import MAGICIAN_LITE, RV_6S, UR5E, Arm, ArmModel, Zone, gantry
from plc_sim.components.belt import Belt, EndStop, Feeder, Infeed, PhotoEye, PickPoint
from plc_sim.components.chamber import TwoChamberCylinder
from plc_sim.components.component import Component, OutputEntry, Setpoint, SetpointEntry
from plc_sim.components.dosing import Dispenser, Scale
from plc_sim.components.gripping import Magazine, SwivelArm, VacuumGripper
from plc_sim.components.handling import Chute, Hand, Inspection, Pallet, PalletExchanger
from plc_sim.components.line import Buffer, Station
from plc_sim.components.motion import ServoAxis, TurningCrane, Window
from plc_sim.components.ode import Level, OdeComponent
from plc_sim.components.panel import (
    Button,
    Door,
    Lamp,
    LightCurtain,
    Panel,
    StackLight,
    Switch,
    button,
    lamp,
    switch,
)
from plc_sim.components.place import Pose, Slot
from plc_sim.components.pneumatic import Cylinder, SpringCylinder, Stopper
from plc_sim.components.sensors import (
    AnalogueSensor,
    CapacitiveSensor,
    ColourSensor,
    InductiveSensor,
    LimitSwitch,
)
from plc_sim.components.sorting import Pusher, Ramp, Stamp
from plc_sim.components.user import UserComponent
from plc_sim.fault import Fault
from plc_sim.plc import Plc
from plc_sim.scenario import Disturbance, Operator, Scenario, production, quiet
from plc_sim.simulation import Simulation
from plc_sim.twin import Twin

__all__ = [
    "AnalogueSensor",
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
    "Dispenser",
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
    "Level",
    "LightCurtain",
    "LimitSwitch",
    "MAGICIAN_LITE",
    "Magazine",
    "OdeComponent",
    "Operator",
    "OutputEntry",
    "Pallet",
    "PalletExchanger",
    "Panel",
    "PhotoEye",
    "PickPoint",
    "Plc",
    "Pose",
    "Pusher",
    "RV_6S",
    "Ramp",
    "Scale",
    "Scenario",
    "ServoAxis",
    "Setpoint",
    "SetpointEntry",
    "Simulation",
    "Slot",
    "SpringCylinder",
    "StackLight",
    "Stamp",
    "Station",
    "Stopper",
    "Switch",
    "SwivelArm",
    "TurningCrane",
    "Twin",
    "TwoChamberCylinder",
    "UR5E",
    "UserComponent",
    "VacuumGripper",
    "Window",
    "Zone",
    "button",
    "gantry",
    "interval",
    "lamp",
    "production",
    "quiet",
    "switch",
]
