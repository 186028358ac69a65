"""The reach table on simulated servos: units of a batch, friction and all, none like another.

The same moves are made by the same unit with the table and without it; what counts is how far from
where it was wanted the body comes to rest, by its own encoder.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from cerebellum.reach_table import Movement, ReachTable
from ember_embodied.bench.claims import Claim, quantile_claim
from firmware_bridge.command import MotorCommand
from firmware_bridge.joints import BODY_YAW, JOINTS
from firmware_bridge.kinematics import joints_of_command
from firmware_bridge.simulation.motor import ServoUnits
from firmware_bridge.simulation.plant import Plant
from firmware_bridge.simulation.servo_registers import PULSES_PER_RAD, TIME_BASED_PROFILE

UNITS: Final = 8
"""At most, of the seeds: a move costs a fortieth of the seconds that it lasts."""
MOVES: Final = 16
LEARNT_MOVES: Final = 8
FARTHEST_RAD: Final = math.radians(105.0)
SHORTEST_RAD: Final = math.radians(15.0)
SPEED_RAD_S: Final = math.radians(60.0)
RATE_HZ: Final = 10
SETTLE_S: Final = 1.0


def reach_claims(seeds: range) -> list[Claim]:
    """Misses of the later moves, with the table and without it."""
    on: list[float] = []
    off: list[float] = []
    for seed in seeds[:UNITS]:
        wanted = _wanted(seed)
        on += _misses_deg(seed, wanted, ReachTable())[LEARNT_MOVES:]
        off += _misses_deg(seed, wanted, None)[LEARNT_MOVES:]
    return [
        quantile_claim("simulated servos: body misses its goal, table off", off, 0.5, "deg"),
        quantile_claim(f"the same after {LEARNT_MOVES} moves with it, median", on, 0.5, "deg"),
        quantile_claim("the same, p95", on, 0.95, "deg", "<= 2"),
    ]


def _wanted(seed: int) -> list[float]:
    """Goals, rad, each some way from the one before."""
    draw, goals = np.random.default_rng([seed, 7]), [0.0]
    while len(goals) <= MOVES:
        goal = float(draw.uniform(-FARTHEST_RAD, FARTHEST_RAD))
        if abs(goal - goals[-1]) >= SHORTEST_RAD:
            goals.append(goal)
    return goals[1:]


def _misses_deg(seed: int, wanted: list[float], table: ReachTable | None) -> list[float]:
    plant = _held(seed)
    misses, goal = [], 0.0
    for want in wanted:
        start = _read_rad(plant)
        commanded = want if table is None else table.command(want, start)
        _stream(plant, goal, commanded)
        goal, stop = commanded, _read_rad(plant)
        misses.append(abs(math.degrees(stop - want)))
        if table is not None:
            speed = float(plant.velocity_rad_s[BODY_YAW])
            table.learn(Movement(start, commanded, stop, speed, disturbed=False))
    return misses


def _held(seed: int) -> Plant:
    pose, _ = joints_of_command(MotorCommand(0.0, 0.0, 0.0, 0.0, 0.0))
    plant = Plant(ServoUnits.draw(np.random.default_rng([seed, 8])), pose_rad=pose)
    plant.servos.position_p_gain[:] = [joint.p_gain for joint in JOINTS]
    plant.servos.drive_mode[:] = TIME_BASED_PROFILE
    plant.servos.profile_velocity[:] = round(1000 / RATE_HZ)
    plant.servos.torque_enable[:] = 1
    plant.step(SETTLE_S)
    return plant


def _read_rad(plant: Plant) -> float:
    return int(plant.servos.present_position[BODY_YAW]) / PULSES_PER_RAD - math.pi


def _stream(plant: Plant, start_rad: float, goal_rad: float) -> None:
    """A minimum-jerk way (Flash & Hogan 1985) at the rate of the loop, then rest."""
    seconds = max(0.5, abs(goal_rad - start_rad) / SPEED_RAD_S)
    for tick in range(round((seconds + SETTLE_S) * RATE_HZ)):
        share = min(1.0, (tick + 1) / RATE_HZ / seconds)
        share = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
        at_rad = start_rad + share * (goal_rad - start_rad)
        plant.servos.goal_position[BODY_YAW] = round((at_rad + math.pi) * PULSES_PER_RAD)
        plant.step(1.0 / RATE_HZ)
