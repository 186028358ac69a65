"""Speed and truth of the simulated robot: real time factor, servos, chain, senses.

Speed is simulated time over the time that one core spent on it, so that a busy machine shows the
same as an idle one, or nearly: a core's two threads still slow each other down.
"""

from __future__ import annotations

import math
import time
from typing import Final

import numpy as np

from ember_embodied.bench.claims import Claim, claim, quantile_claim
from firmware_bridge.clock import Pacer
from firmware_bridge.command import JointTargets, MotorCommand
from firmware_bridge.gate import gate, pin
from firmware_bridge.joints import BODY_YAW, JOINTS
from firmware_bridge.kinematics import joints_of_command
from firmware_bridge.senses import BodySense
from firmware_bridge.simulation.body import SimBody
from firmware_bridge.simulation.motor import ServoUnits
from firmware_bridge.simulation.plant import Plant
from firmware_bridge.simulation.servo_registers import PULSES_PER_RAD, TIME_BASED_PROFILE
from firmware_bridge.simulation.suite import draw_scenario, load_suite

RATE_HZ: Final = 10
TIMED_S: Final = 20
CHANGE_EVERY: Final = 15
"""Ticks between new directions of the head."""
YAW_TARGETS_DEG: Final = (20.0, 0.0, 45.0, 0.0, 90.0, 0.0, -20.0, 0.0, -45.0, 0.0, -90.0, 0.0)
YAW_SPEED_DEG_S: Final = 60.0
SETTLE_S: Final = 1.0
STILL_S: Final = 10.0


def run(seeds: range) -> list[Claim]:
    """Each seed is another set of servo units, another life and other commands."""
    factors, closure_mm, head_deg = [], [], []
    for seed in seeds:
        factor, closures, heads = _life(seed)
        factors.append(factor)
        closure_mm += closures
        head_deg += heads
    missed = [miss for seed in seeds for miss in _body_yaw_misses_deg(seed)]
    still = [_drift_at_rest_deg(seed) for seed in seeds]
    differing = sum(_senses(seed, 5) != _senses(seed, 5) for seed in seeds)
    return [
        quantile_claim("simulation: times real time of one core", factors, 0.5, "x", ">= 35"),
        quantile_claim("body yaw: short of its goal, p5", missed, 0.05, "deg", ">= 2"),
        quantile_claim("body yaw: short of its goal, median", missed, 0.5, "deg"),
        quantile_claim("body yaw: short of its goal, p95", missed, 0.95, "deg", "<= 8"),
        claim("stewart chain: rods apart, most", max(closure_mm), "mm", "<= 1", n=len(closure_mm)),
        quantile_claim("head: measured against true pose, p99", head_deg, 0.99, "deg", "<= 3"),
        claim("held still: drift in 10 s, most", max(still), "deg", "<= 0.1", n=len(still)),
        claim("same seed twice: different lives", differing, "", "== 0", n=len(seeds)),
    ]


def _life(seed: int) -> tuple[float, list[float], list[float]]:
    """Times real time, the chain's error, mm, and the error of the measured head, deg."""
    body = SimBody(draw_scenario(load_suite("standard"), seed), seed)
    body.open()
    pacer = Pacer(body.clock, round(1e9 / RATE_HZ))
    generator = np.random.default_rng(seed)
    state, closures, heads, busy_s = None, [], [], 0.0
    goal = MotorCommand(0.0, 0.0, 0.0, 0.0, 0.0)
    for tick in range(TIMED_S * RATE_HZ):
        if tick % CHANGE_EVERY == 0:
            yaw, pitch, left, right, turn = generator.uniform(-1.0, 1.0, 5).tolist()
            goal = MotorCommand(0.5 * yaw + turn, 0.4 * pitch, left, right, turn)
        begun_s = time.process_time()
        pacer.wait()
        sense = body.sense()
        busy_s += time.process_time() - begun_s
        measured = _positions(sense)
        targets = JointTargets(joints_of_command(goal)[0], torque_enabled=True, duration_s=0.1)
        result = gate(targets, state or pin(measured), measured, 1.0 / RATE_HZ, 1.0)
        state = result.state
        begun_s = time.process_time()
        body.act(result.targets)
        busy_s += time.process_time() - begun_s
        closures.append(body.world.plant.closure_error_m() * 1e3)
        true = body.truth().head
        apart = (sense.head.yaw_rad - true.yaw_rad, sense.head.pitch_rad - true.pitch_rad)
        heads.append(max(abs(math.degrees(math.remainder(angle, math.tau))) for angle in apart))
    return TIMED_S / busy_s, closures, heads


def _positions(sense: BodySense) -> tuple[float, ...]:
    if sense.joints is None:
        raise RuntimeError("the simulated robot gave no positions")
    return tuple(joint.position_rad for joint in sense.joints.joints)


def _held_plant(seed: int) -> Plant:
    pose, _ = joints_of_command(MotorCommand(0.0, 0.0, 0.0, 0.0, 0.0))
    plant = Plant(ServoUnits.draw(np.random.default_rng(seed)), pose_rad=pose)
    plant.servos.position_p_gain[:] = [joint.p_gain for joint in JOINTS]
    plant.servos.drive_mode[:] = TIME_BASED_PROFILE
    plant.servos.profile_velocity[:] = round(1000 / RATE_HZ)
    plant.servos.torque_enable[:] = 1
    plant.step(SETTLE_S)
    return plant


def _body_yaw_misses_deg(seed: int) -> list[float]:
    """How far short the body lands of minimum-jerk moves streamed at 10 Hz, by its own encoder."""
    plant = _held_plant(seed)
    missed, start = [], 0.0
    for target in YAW_TARGETS_DEG:
        seconds = max(0.5, abs(target - start) / YAW_SPEED_DEG_S)
        for tick in range(round((seconds + SETTLE_S) * RATE_HZ)):
            share = min(1.0, (tick + 1) / RATE_HZ / seconds)
            share = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
            goal_rad = math.radians(start + share * (target - start))
            plant.servos.goal_position[BODY_YAW] = round((goal_rad + math.pi) * PULSES_PER_RAD)
            plant.step(1.0 / RATE_HZ)
        read_rad = int(plant.servos.present_position[BODY_YAW]) / PULSES_PER_RAD - math.pi
        missed.append((target - math.degrees(read_rad)) * math.copysign(1.0, target - start))
        start = target
    return missed


def _drift_at_rest_deg(seed: int) -> float:
    plant = _held_plant(seed)
    before = plant.position_rad
    plant.step(STILL_S)
    return float(np.degrees(np.abs(plant.position_rad - before).max()))


def _senses(seed: int, seconds: int) -> list[BodySense]:
    body = SimBody(draw_scenario(load_suite("standard"), seed), seed)
    body.open()
    pacer = Pacer(body.clock, round(1e9 / RATE_HZ))
    pose, _ = joints_of_command(MotorCommand(0.5, 0.1, 0.3, -0.3, 0.3))
    senses = []
    for _ in range(seconds * RATE_HZ):
        pacer.wait()
        senses.append(body.sense())
        body.act(JointTargets(pose, torque_enabled=True, duration_s=1.0 / RATE_HZ))
    return senses
