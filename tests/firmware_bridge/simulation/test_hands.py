"""Hands: profiles in time, how one differs from the next, strokes, a ringing table."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firmware_bridge.command import MotorCommand
from firmware_bridge.joints import JOINTS, LEFT_ANTENNA
from firmware_bridge.kinematics import joints_of_command
from firmware_bridge.simulation.hands import Hands
from firmware_bridge.simulation.manner import RINGS_S, Manner, Table
from firmware_bridge.simulation.plant import Plant
from firmware_bridge.simulation.scenario import WorldChange
from firmware_bridge.simulation.servo_registers import PULSES_PER_RAD, TIME_BASED_PROFILE

DT_NS = 5_000_000


def manner(seed: int) -> Manner:
    return Manner.draw(np.random.default_rng(seed))


def profile(kind: str, seconds: float, seed: int) -> np.ndarray:
    hand, times = manner(seed), np.linspace(0.0, seconds, 401)
    return np.array([hand.strength(float(t), seconds, kind) for t in times])


@pytest.mark.parametrize("kind", ["tap", "stroke", "push", "hold"])
def test_a_force_begins_and_ends_at_nothing_and_never_pulls(kind: str) -> None:
    for seed in range(10):
        force = profile(kind, 0.13 if kind == "tap" else 1.5, seed)
        assert force[0] == pytest.approx(0.0, abs=1e-9) == force[-1]
        assert force.min() >= 0.0
        assert 0.8 < force.max() < 1.2


def test_a_tap_hits_faster_than_it_leaves_and_a_push_stays() -> None:
    for seed in range(10):
        tap, push = profile("tap", 0.13, seed), profile("push", 1.5, seed)
        assert 90 < int(np.argmax(tap)) < 205
        assert (push > 0.75).mean() > 0.55
        assert np.std(push[160:240]) > 0.002  # no hand is perfectly still


def test_no_two_hands_are_the_same_and_one_seed_is_one_hand() -> None:
    rises = {round(manner(seed).rise_s, 6) for seed in range(20)}
    assert len(rises) == 20
    assert manner(3) == manner(3)
    assert {len(manner(seed).turns) for seed in range(20)} == {1, 2, 3}


def test_a_turn_goes_push_by_push_all_the_way() -> None:
    for seed in range(10):
        hand = manner(seed)
        way = [hand.turned(share) for share in np.linspace(0.0, 1.0, 101)]
        assert way[0] == 0.0
        assert way[-1] == pytest.approx(1.0)
        assert (np.diff(way) >= -1e-12).all()


def test_a_stroke_goes_one_way_on_the_skin_and_back_through_the_air() -> None:
    hand = manner(1)
    for now in np.linspace(0.0, 2.0 * hand.stroke_s, 197, endpoint=False):
        place, moves, pressure = hand.stroke(float(now))
        on_skin = now % hand.stroke_s < 0.65 * hand.stroke_s - 1e-9
        assert (moves == 1.0) == on_skin
        assert abs(place) <= 0.5 * hand.stroke_m
        assert on_skin or pressure == 0.0


def pressed(kind: str, place: str, seconds: float, seed: int = 1) -> tuple[list[float], np.ndarray]:
    """Force of the finger and forces on the joints, step by step."""
    plant = Plant()
    hands = Hands(plant, np.random.default_rng(seed))
    hands.begin(WorldChange(0, kind, place, (seconds, 2.0, 0.3, -0.6)))
    forces, felt = [], []
    for step in range(round((seconds + 0.1) * 1e9) // DT_NS):
        hands.apply(step * DT_NS)
        forces += [touch.force_n for touch in hands.touches()]
        felt.append(plant.data.qfrc_applied.copy())
    return forces, np.array(felt)


@pytest.mark.parametrize("place", ["head", "left_antenna", "right_antenna", "body"])
@pytest.mark.parametrize("kind", ["tap", "stroke", "push"])
def test_a_finger_is_felt_wherever_it_is_and_leaves_nothing_behind(kind: str, place: str) -> None:
    forces, felt = pressed(kind, place, 0.15 if kind == "tap" else 1.5)
    assert 1.5 < max(forces) < 3.0
    assert np.abs(felt).max() > 0.01
    assert not felt[-1].any()


def test_a_stroke_travels_over_the_head() -> None:
    still, travels = (pressed(kind, "head", 1.5)[1] for kind in ("push", "stroke"))
    base_pitch = Plant().body.base_dof[4]

    def lever(felt: np.ndarray) -> float:
        """How much the torque on the foot changes for the same force."""
        force = np.linalg.norm(felt[:, :3], axis=1)
        strong = force > 0.5 * force.max()
        return float(np.ptp(felt[strong, base_pitch] / force[strong]))

    assert lever(travels) > lever(still) + 0.01


def test_a_knock_rings_the_table_and_dies_away() -> None:
    plant = Plant()
    hands = Hands(plant, np.random.default_rng(2))
    hands.begin(WorldChange(0, "bump", "foot", (0.05, 15.0, 0.5)))
    places = []
    for step in range(round((RINGS_S + 0.1) * 1e9) // DT_NS):
        hands.apply(step * DT_NS)
        places.append(plant.model.qpos_spring[plant.body.base_qpos[:3]].copy())
    x, y, _ = (np.array(places) - places[-1]).T
    assert 1e-4 < np.abs(x).max() < 3e-3
    np.testing.assert_allclose(y, math.tan(0.5) * x, atol=1e-9)
    swings = int((np.diff(np.sign(x[:100])) != 0).sum())
    assert 4 < swings < 18  # 9 to 16 Hz
    assert np.abs(x[-40:-21]).max() < 0.2 * np.abs(x).max()
    assert hands.touches() == ()


def test_a_table_at_rest_stays_at_rest() -> None:
    table = Table.draw(np.random.default_rng(1))
    table.rest(7 * 10**9)
    assert [table.ring(7 * 10**9 + k * DT_NS, 0.0) for k in range(3)] == [0.0, 0.0, 0.0]


def held(kind: str, force_n: float = 6.0, command_rad: float = 0.5) -> tuple[float, float]:
    """How far the left antenna goes within a second, asked to go ``command_rad``, and its way."""
    plant = Plant(pose_rad=tuple(joints_of_command(MotorCommand(0.0, 0.0, 0.0, 0.0, 0.0))[0]))
    servos = plant.servos
    servos.position_p_gain[:] = [joint.p_gain for joint in JOINTS]
    servos.drive_mode[:] = TIME_BASED_PROFILE
    servos.torque_enable[:] = 1
    servos.unpowered[LEFT_ANTENNA] = kind == "swing"
    hands = Hands(plant, np.random.default_rng(0))
    values = (3.0, force_n, 0.0, 0.0, *((0.4, 1.0) if kind == "swing" else ()))
    if kind:
        hands.begin(WorldChange(0, kind, "left_antenna", values))
    plant.before_substep = hands.apply
    plant.step_ns(20_000_000)
    servos.goal_position[LEFT_ANTENNA] += round(command_rad * PULSES_PER_RAD)
    servos.profile_velocity[LEFT_ANTENNA] = 400
    angles = []
    for _ in range(50):
        plant.step_ns(20_000_000)
        angles.append(float(plant.position_rad[LEFT_ANTENNA]))
    return angles[-1], float(np.ptp(angles))


def test_what_blocks_stops_an_antenna_and_yields_to_more_than_its_force() -> None:
    free, blocked, weak = held("")[0], held("block")[0], held("block", 0.2)[0]
    assert free == pytest.approx(0.5, abs=0.03)
    assert blocked < 0.65 * free  # its own head gives way
    assert blocked < weak < free


def test_a_hand_swings_an_antenna_to_and_fro() -> None:
    assert held("swing", 8.0, 0.0)[1] == pytest.approx(0.8, abs=0.08)
