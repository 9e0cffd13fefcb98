"""Kinematics: forward and inverse agree over the workspace, and against matrices multiplied out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc_sim.components.arm import RV_6S, Arm
from plc_sim.kernel import host
from plc_sim.kernel.arm import ArmRow, Refusal
from plc_sim.plant import Plant
from plc_sim.plc import Plc

PLANT = Plant({"robot": Arm(tool_length=0.1)}, Plc())
ARM = PLANT.number("robot")
START = PLANT.row["robot"] + ArmRow.START

joints = st.tuples(*(st.floats(low, high) for low, high in RV_6S.limits))


def pose_of(q: tuple[float, ...]) -> tuple[float, ...]:
    """The pose the kernel computes for joints `q`."""
    for k, angle in enumerate(q):
        PLANT.reals[START + k] = angle
    return host.position(PLANT.block, ARM, PLANT.now)[1]


def multiplied_out(q: tuple[float, ...]) -> np.ndarray:
    """Link after link from the Denavit-Hartenberg table, as published."""
    a = (*RV_6S.a, 0.0, 0.0, 0.0)
    d = (RV_6S.d1, 0.0, 0.0, RV_6S.d4, 0.0, RV_6S.d6 + 0.1)
    alpha = [math.radians(angle) for angle in (-90, 0, -90, 90, -90, 0)]
    frame = np.eye(4)
    for theta, ak, dk, alk in zip(np.add(q, RV_6S.offset), a, d, alpha, strict=True):
        ct, s, ca, sa = math.cos(theta), math.sin(theta), math.cos(alk), math.sin(alk)
        frame = frame @ np.array(
            [[ct, -s * ca, s * sa, ak * ct], [s, ct * ca, -ct * sa, ak * s], [0, sa, ca, dk], [0, 0, 0, 1]]
        )
    return frame


def rotation(a: float, b: float, c: float) -> np.ndarray:
    """Rz(c) Ry(b) Rx(a) of angles in degrees."""
    a, b, c = map(math.radians, (a, b, c))
    x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return z @ y @ x


@given(joints)
@settings(max_examples=150)
def test_forward_kinematics_is_the_product_of_the_links(q: tuple[float, ...]) -> None:
    pose, frame = pose_of(q), multiplied_out(q)
    assert np.allclose(pose[:3], frame[:3, 3], atol=1e-12)
    assert np.allclose(rotation(*pose[3:]), frame[:3, :3], atol=1e-12)


@given(joints)
@settings(max_examples=300)
def test_inverse_kinematics_leads_back_to_the_pose(q: tuple[float, ...]) -> None:
    pose = pose_of(q)
    branch, found = host.solve(PLANT.block, ARM, pose, q)
    assert branch >= 0
    back = pose_of(found)
    assert math.dist(back[:3], pose[:3]) < 1e-8
    assert np.allclose(rotation(*back[3:]), rotation(*pose[3:]), atol=1e-7)
    for angle, (low, high) in zip(found, RV_6S.limits, strict=True):
        assert low - 1e-9 <= angle <= high + 1e-9


@given(joints)
@settings(max_examples=100)
def test_of_all_branches_the_nearest_is_taken(q: tuple[float, ...]) -> None:
    pose = pose_of(q)
    _, found = host.solve(PLANT.block, ARM, pose, q)
    if abs(math.sin(q[4])) > 1e-3:
        assert max(abs(a - b) for a, b in zip(found, q, strict=True)) < 1e-6


def test_eight_branches_reach_one_pose() -> None:
    pose = pose_of((0.2, 0.1, 1.4, 0.3, 0.9, 0.1))
    found = set()
    for q1 in (0.2, 0.2 - math.pi):
        for elbow in (1.4, -0.9):
            for q4, q5 in ((0.3, 0.9), (0.3 - math.pi, -0.9)):
                near = (q1, 0.1, elbow, q4, q5, 0.1)
                branch, joints_found = host.solve(PLANT.block, ARM, pose, near)
                found.add(branch)
                assert math.dist(pose_of(joints_found)[:3], pose[:3]) < 1e-9
    assert len(found) > 1


def test_a_pose_out_of_reach_has_no_joints() -> None:
    assert host.solve(PLANT.block, ARM, (1.5, 0.0, 0.3, 180.0, 0.0, 0.0), RV_6S.offset)[0] == -1


def test_published_pose_all_zero_stands_upright() -> None:
    x, y, z = pose_of((0.0,) * 6)[:3]
    assert (x, y, z) == pytest.approx((0.085 - 0.1, 0.0, 0.35 + 0.28 + 0.315 + 0.085 + 0.1))


@given(st.floats(-0.15, 0.15), st.floats(-0.15, 0.15), st.floats(-0.15, 0.1), st.floats(-40, 40))
@settings(max_examples=60)
def test_a_straight_move_ends_in_its_pose(dx: float, dy: float, dz: float, turn: float) -> None:
    plant = Plant({"robot": Arm(tool_length=0.1)}, Plc())
    arm = plant.number("robot")
    x, y, z, _, _, c = host.position(plant.block, arm, plant.now)[1]
    goal = (x + dx, y + dy, z + dz, 180.0, 0.0, c + turn)
    refusal = host.start_linear_move(plant.block, arm, goal, 1.0, plant.now)
    assert refusal in (Refusal.NONE, Refusal.PATH)
    if refusal == Refusal.NONE:
        plant.advance(plant.now + 10_000_000_000)
        end = host.position(plant.block, arm, plant.now)[1]
        assert math.dist(end[:3], goal[:3]) < 1e-9
        assert np.allclose(rotation(*end[3:]), rotation(*goal[3:]), atol=1e-9)
