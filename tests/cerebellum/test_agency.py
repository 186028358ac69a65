"""Agency on a robot made of the servo's own equations: every verdict, and what probes are for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cerebellum import snapshot
from cerebellum.agency import Agency, AgencyState
from cerebellum.load_prior import (
    ANTENNA_WEIGHT_N_M,
    BACK_EMF_V_S,
    INERTIA_KG_M2,
    RESISTANCE_OHM,
    TORQUE_N_M_A,
)
from cerebellum.probe import LEAST_S, PARTS, Part, Prober
from cerebellum.verdict import AgencyTick, Verdict
from firmware_bridge.command import JointTargets
from firmware_bridge.joints import JOINT_COUNT, LEFT_ANTENNA
from firmware_bridge.senses import BodySense, Fault, HeadSense, JointSense, JointsSense

RATE_HZ = 50.0
RAIL_V = 7.2
STEPS = 20
FRICTION_N_M = 0.0025


class Antenna:
    """The left antenna as a motor, a weight and Coulomb friction; the other joints stand."""

    def __init__(self) -> None:
        self.angle, self.speed, self.goal, self.start = 0.0, 0.0, 0.0, 0.0
        self.alive, self.hand_n_m, self.wall_rad = True, 0.0, None
        self.current = 0.0

    def go(self, goal: float) -> None:
        j = LEFT_ANTENNA
        gain = 200.0 * 4096 / (2 * np.pi) / 128.0 / 885.0 * RAIL_V
        dt = 1.0 / RATE_HZ / STEPS
        self.start, self.goal = self.goal, goal
        for step in range(STEPS):
            reference = self.start + (self.goal - self.start) * (step + 1) / STEPS
            volt = gain * (reference - self.angle)
            self.current = (volt - BACK_EMF_V_S[j] * self.speed) / RESISTANCE_OHM[j] * self.alive
            torque = TORQUE_N_M_A[j] * self.current + self.hand_n_m
            torque += ANTENNA_WEIGHT_N_M * np.sin(self.angle)
            if self.wall_rad is not None and self.angle > self.wall_rad:
                torque -= 3.0 * (self.angle - self.wall_rad) + 0.01 * self.speed
            if abs(self.speed) > 1e-3:
                torque -= FRICTION_N_M * np.sign(self.speed)
            elif abs(torque) < FRICTION_N_M:
                self.speed = torque = 0.0
            self.speed += dt * torque / INERTIA_KG_M2[j]
            self.angle += dt * self.speed


def sense_of(antenna: Antenna, tick: int, *, currents: bool = True) -> BodySense:
    now_ns = round((tick + 1) * 1e9 / RATE_HZ)
    pulse = 2 * np.pi / 4096
    still = JointSense(now_ns, True, 0.0, 0.0, now_ns * currents, 0.0, 30.0, RAIL_V, 0, True)
    moved = replace(
        still,
        position_rad=round(antenna.angle / pulse) * pulse,
        velocity_rad_s=round(antenna.speed / 0.024) * 0.024,
        current_a=round(antenna.current, 3) * currents,
    )
    joints = tuple(moved if j == LEFT_ANTENNA else still for j in range(JOINT_COUNT))
    head = HeadSense(0.0, 0.0, 0.0, 0.0)
    felt = JointsSense(now_ns, round(1e9 / RATE_HZ), True, joints)
    return BodySense(now_ns, 0, tick, felt, head, None, None, None, None, Fault.NONE)


def live(seconds, command, happens, agency=None, prober=None, *, currents=True):
    """Ticks of a life: ``command(t)`` rad, ``happens(antenna, t)`` changes the world."""
    agency, antenna, ticks = agency or Agency(), Antenna(), []
    for tick in range(round(seconds * RATE_HZ)):
        t_s = tick / RATE_HZ
        sense = sense_of(antenna, tick, currents=currents)
        intent = tuple(command(t_s) if j == LEFT_ANTENNA else 0.0 for j in range(JOINT_COUNT))
        goal = intent
        if prober is not None:
            calm = bool(ticks) and ticks[-1].strangeness[Part.LEFT_ANTENNA] < 0.7
            only = [float(part is Part.LEFT_ANTENNA) for part in PARTS]
            goal = prober.alter(intent, sense.t_mono_ns, allowed=calm, doubt=only)
        sent = JointTargets(goal, torque_enabled=True, duration_s=1.0 / RATE_HZ)
        ticks.append(agency.step(sense, intent, goal, sent))
        happens(antenna, t_s)
        antenna.go(goal[LEFT_ANTENNA])
    return ticks


def sway(t_s: float) -> float:
    return 0.5 * np.sin(2.0 * np.pi * 0.5 * t_s)


def stand(t_s: float) -> float:
    return 0.0


def verdicts(ticks: list[AgencyTick], since_s: float, until_s: float) -> set[Verdict]:
    span = slice(round(since_s * RATE_HZ), round(until_s * RATE_HZ))
    return {tick.verdicts[Part.LEFT_ANTENNA] for tick in ticks[span]}


def nothing(antenna: Antenna, t_s: float) -> None:
    pass


def test_an_own_movement_is_own_and_a_rest_is_still() -> None:
    assert verdicts(live(4.0, sway, nothing), 0.5, 4.0) <= {Verdict.SELF, Verdict.STILL}
    assert verdicts(live(1.0, stand, nothing), 0.2, 1.0) == {Verdict.STILL}


@pytest.mark.parametrize("command", [sway, stand])
def test_a_hand_is_pushing_within_300_ms(command) -> None:
    def pushed(antenna: Antenna, t_s: float) -> None:
        antenna.hand_n_m = -0.05 if t_s >= 2.0 else 0.0

    assert verdicts(live(2.4, command, pushed), 2.3, 2.32) == {Verdict.PUSHED}


def test_a_wall_blocks_within_300_ms() -> None:
    def walled(antenna: Antenna, t_s: float) -> None:
        antenna.wall_rad = 0.0 if t_s >= 1.9 else None

    assert verdicts(live(2.4, sway, walled), 2.3, 2.32) == {Verdict.BLOCKED}


@pytest.mark.parametrize("command", [sway, lambda t_s: 0.8 * min(1.0, t_s)])
def test_a_motor_that_dies_silently_is_a_fault_within_a_second(command) -> None:
    def dies(antenna: Antenna, t_s: float) -> None:
        antenna.alive = t_s < 2.1

    ticks = live(3.1, command, dies)
    flagged = [tick.lost == (LEFT_ANTENNA,) for tick in ticks]
    assert not any(flagged[: round(2.1 * RATE_HZ)])
    assert all(flagged[round(3.05 * RATE_HZ) :])
    assert ticks[-1].fault is Fault.TORQUE_LOST


@pytest.mark.parametrize("currents", [True, False])
def test_what_died_in_balance_is_found_by_probes_alone(currents: bool) -> None:
    def dies(antenna: Antenna, t_s: float) -> None:
        antenna.alive = t_s < 2.0

    def last(prober: Prober | None) -> AgencyTick:
        return live(40.0, stand, dies, prober=prober, currents=currents)[-1]

    assert last(None).fault is Fault.NONE
    assert last(Prober(np.random.default_rng(3))).fault is Fault.TORQUE_LOST


def test_a_living_antenna_answers_its_probes() -> None:
    ticks = live(30.0, sway, nothing, prober=Prober(np.random.default_rng(1), every_s=2.0))
    answers = [a for t in ticks if (a := t.answer[Part.LEFT_ANTENNA]) is not None]
    assert len(answers) >= 2
    assert min(answers) > 0.7
    assert verdicts(ticks, 0.5, 30.0) <= {Verdict.SELF, Verdict.STILL}


def test_a_probe_is_rare_small_and_leaves_what_is_not_a_number() -> None:
    prober = Prober(np.random.default_rng(0))
    goal = (0.0,) * JOINT_COUNT
    altered = [prober.alter(goal, round(t * 2e7)) for t in range(50 * 120)]
    far = np.abs(np.array(altered)).max(axis=1)
    assert 0.02 < (far > 0.0).mean() < 0.2
    assert far.max() < 0.061
    assert not far[: round(LEAST_S * 50)].any()
    broken = (float("nan"),) * JOINT_COUNT
    assert prober.alter(broken, 10**12) is broken


def test_silence_and_nonsense_say_nothing_and_teach_nothing() -> None:
    agency = Agency()
    live(3.0, sway, nothing, agency)
    before = snapshot.to_bytes(agency.state())
    sense = sense_of(Antenna(), 1000)
    joint = replace(sense.joints.joints[0], position_rad=float("nan"))
    broken = replace(sense, joints=replace(sense.joints, joints=(joint, *sense.joints.joints[1:])))
    goal = (0.0,) * JOINT_COUNT
    sent = JointTargets(goal, torque_enabled=True, duration_s=0.02)
    for felt, told in ((broken, sent), (replace(sense, joints=None), sent), (sense, None)):
        tick = agency.step(felt, goal, goal, told)
        assert set(tick.verdicts) == {Verdict.UNKNOWN}
        assert tick.fault is Fault.NONE
    assert snapshot.to_bytes(agency.state()) == before


def test_its_state_goes_on_to_the_bit() -> None:
    agency = Agency()
    live(6.0, sway, nothing, agency)
    data = snapshot.to_bytes(agency.state())
    again = Agency.from_state(snapshot.from_bytes(data, AgencyState))
    assert snapshot.to_bytes(again.state()) == data
    assert data != snapshot.to_bytes(Agency().state())


def test_a_record_says_intent_command_prediction_and_measurement() -> None:
    movement = live(2.6, sway, nothing)[-1].movement(Part.LEFT_ANTENNA)
    assert movement.verdict is Verdict.SELF
    assert movement.intent_rad == movement.command_rad == (pytest.approx(sway(128 / RATE_HZ)),)
    assert movement.predicted_rad == pytest.approx(movement.measured_rad, abs=0.01)
