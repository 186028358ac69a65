"""The failsafe with literal times: what each fault does, when, and what leads back."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from firmware_bridge.command import Mode
from firmware_bridge.failsafe import (
    RESPONSES,
    SCALES,
    SILENT_AFTER_NS,
    FailsafeState,
    faults_of,
    goal_of_mode,
    update,
)
from firmware_bridge.joints import JOINT_COUNT, REST_POSE_RAD
from firmware_bridge.senses import (
    BodySense,
    CameraSense,
    DoaSense,
    Fault,
    HeadSense,
    ImuSense,
    JointSense,
    JointsSense,
    ModeRequest,
)

TICK_NS = 100_000_000
AWAY = tuple(rest + 0.5 for rest in REST_POSE_RAD)
NO, ARM, REST, CLEAR = ModeRequest.NONE, ModeRequest.ARM, ModeRequest.REST, ModeRequest.CLEAR


class Story:
    """Feeds the failsafe ten ticks a second and remembers the time."""

    def __init__(self, *, armed: bool = True) -> None:
        self.state = FailsafeState()
        self.t_ns = 1_000_000_000_000
        self.pose = AWAY
        if armed:
            assert self.step(request=ARM) is Mode.RUN

    def step(self, faults: Fault = Fault.NONE, request: ModeRequest = NO) -> Mode:
        self.t_ns += TICK_NS
        self.state = update(self.state, faults, request, self.pose, self.t_ns)
        return self.state.mode

    def modes(self, seconds: float, faults: Fault = Fault.NONE) -> list[Mode]:
        return [self.step(faults) for _ in range(round(seconds * 10))]

    def until(self, mode: Mode, faults: Fault = Fault.NONE) -> float:
        """Seconds until the mode comes; fails after a minute."""
        start_ns = self.t_ns
        while self.step(faults) is not mode:
            assert self.t_ns - start_ns < 60e9, f"{mode.name} never came"
        return (self.t_ns - start_ns) / 1e9


def test_off_at_start_and_run_only_when_asked():
    story = Story(armed=False)
    assert set(story.modes(10.0)) == {Mode.OFF}
    assert story.step(request=REST) is Mode.OFF
    assert story.step(request=CLEAR) is Mode.OFF
    assert story.step(request=ARM) is Mode.RUN
    assert set(story.modes(10.0)) == {Mode.RUN}


@pytest.mark.parametrize("fault", list(RESPONSES))
def test_each_fault_gets_the_mode_of_its_line_after_its_grace(fault: Fault):
    response = RESPONSES[fault]
    story = Story()
    early = story.modes(response.grace_s, fault)
    assert set(early) <= {Mode.RUN}
    assert story.step(fault) is response.mode


@pytest.mark.parametrize("fault", [f for f, r in RESPONSES.items() if r.mode <= Mode.HOLD])
def test_the_mode_is_left_when_the_fault_has_been_gone_for_long_enough(fault: Fault):
    response = RESPONSES[fault]
    story = Story()
    story.modes(response.grace_s + 0.1, fault)
    if response.mode is not Mode.RUN:
        assert set(story.modes(response.good_s - 0.1)) == {response.mode}
    assert story.step() is Mode.RUN


def test_every_fault_has_a_line_and_every_line_a_way_out():
    assert set(RESPONSES) == set(Fault)
    for response in RESPONSES.values():
        assert len(response.remedy) > 10
        assert response.good_s >= 2.0 or response.mode is Mode.RUN


def test_limp_is_for_heat_shock_and_encoder_only():
    limp = {fault for fault, response in RESPONSES.items() if response.mode is Mode.LIMP}
    assert limp == {Fault.SERVO_OVERHEAT, Fault.SERVO_SHOCK, Fault.SERVO_ENCODER}


def test_a_fault_that_stands_goes_from_hold_to_rest_to_off():
    story = Story()
    assert story.step(Fault.JOINTS_STALE) is Mode.HOLD
    assert set(story.modes(4.9, Fault.JOINTS_STALE)) == {Mode.HOLD}
    assert story.step(Fault.JOINTS_STALE) is Mode.REST
    assert set(story.modes(3.9, Fault.JOINTS_STALE)) == {Mode.REST}
    assert story.step(Fault.JOINTS_STALE) is Mode.OFF


def test_rest_ends_when_the_body_is_there():
    story = Story()
    assert story.step(request=REST) is Mode.REST
    assert story.step() is Mode.REST
    story.pose = (0.15, *REST_POSE_RAD[1:])
    assert story.step() is Mode.OFF


def test_rest_does_not_end_for_eight_joints_of_nine():
    story = Story()
    story.step(request=REST)
    story.pose = (*REST_POSE_RAD[:8], REST_POSE_RAD[8] - 0.16)
    assert story.step() is Mode.REST


def test_a_passing_fault_never_brings_a_resting_body_back():
    story = Story()
    story.step(request=REST)
    assert story.step(Fault.CAMERA_STALE) is Mode.REST
    assert story.until(Mode.OFF) == pytest.approx(3.9)
    assert set(story.modes(30.0)) == {Mode.OFF}


def test_a_resting_body_may_be_armed_again():
    story = Story()
    story.step(request=REST)
    assert story.step(request=ARM) is Mode.RUN


def test_the_worst_fault_wins():
    story = Story()
    assert story.step(Fault.COMMAND_INVALID | Fault.SERVO_OVERLOAD) is Mode.REST
    assert story.step(Fault.COMMAND_INVALID | Fault.SERVO_SHOCK) is Mode.LIMP


def test_a_request_to_rest_is_heard_in_every_mode_that_holds():
    for fault in (Fault.NONE, Fault.COMMAND_INVALID):
        story = Story()
        story.step(fault)
        assert story.step(fault, REST) is Mode.REST


def test_limp_is_left_by_the_operator_alone_and_ends_in_off():
    story = Story()
    assert story.step(Fault.SERVO_OVERHEAT) is Mode.LIMP
    assert set(story.modes(30.0)) == {Mode.LIMP}
    assert story.step(request=ARM) is Mode.LIMP
    assert story.step(request=REST) is Mode.LIMP
    assert story.step(Fault.SERVO_OVERHEAT, CLEAR) is Mode.LIMP
    assert story.step(request=CLEAR) is Mode.OFF
    assert story.step(request=ARM) is Mode.RUN


def test_limp_strikes_an_unarmed_body_too():
    story = Story(armed=False)
    assert story.step(Fault.SERVO_SHOCK) is Mode.LIMP


def test_clear_forgets_heat_but_nothing_else():
    story = Story()
    story.step(Fault.SERVO_OVERHEAT | Fault.COMMAND_INVALID)
    assert story.step(request=CLEAR) is Mode.OFF
    assert story.step(request=ARM) is Mode.OFF
    story.modes(2.0)
    assert story.step(request=ARM) is Mode.RUN


def test_arming_is_refused_while_a_serious_fault_is_there_even_within_its_grace():
    story = Story(armed=False)
    assert RESPONSES[Fault.SERVO_SILENT].grace_s > 0.1
    assert story.step(Fault.SERVO_SILENT, ARM) is Mode.OFF


def test_arming_into_a_mild_fault_is_degraded():
    story = Story(armed=False)
    story.modes(2.0, Fault.IMU_STALE)
    assert story.step(Fault.IMU_STALE, ARM) is Mode.DEGRADED


def test_a_fault_that_comes_and_goes_for_ever_ends_in_off():
    """Two seconds of HOLD, three of RUN, again and again: the budget of HOLD runs out."""
    story = Story()
    held = 0
    for _ in range(60):
        modes = [story.step(Fault.COMMAND_INVALID), *story.modes(4.9)]
        held += modes.count(Mode.HOLD)
        if modes[-1] is Mode.OFF:
            break
    assert story.state.mode is Mode.OFF
    assert 50 <= held <= 62


def test_the_budget_of_hold_comes_back_in_a_minute():
    story = Story()
    story.modes(3.0, Fault.COMMAND_INVALID)
    story.until(Mode.RUN)
    story.modes(61.0)
    assert story.state.hold_spent_ns == 0
    assert isinstance(story.state.hold_spent_ns, int)
    assert set(story.modes(5.0, Fault.COMMAND_INVALID)) == {Mode.HOLD}


def test_flicker_shorter_than_good_for_counts_as_standing():
    story = Story()
    for _ in range(20):
        mode = story.step(Fault.IMU_STALE)
        story.modes(0.5)
    assert mode is Mode.DEGRADED


def test_a_clock_that_jumps_back_does_no_harm():
    story = Story()
    story.step(Fault.COMMAND_INVALID)
    story.t_ns -= 3_000_000_000
    assert story.step() is Mode.HOLD
    assert story.state.hold_spent_ns == 0
    story.t_ns += 6_000_000_000
    assert story.step() is Mode.RUN


def test_the_pose_to_hold_is_the_one_of_the_moment():
    story = Story()
    story.pose = there = tuple(rest + 0.7 for rest in REST_POSE_RAD)
    story.step(Fault.COMMAND_INVALID)
    story.pose = REST_POSE_RAD
    story.step(Fault.COMMAND_INVALID)
    assert story.state.held_rad == there
    assert goal_of_mode(story.state, AWAY, REST_POSE_RAD, 0.1)[0].position_rad == there


def test_what_each_mode_makes_of_a_request():
    wish, pose = (0.25,) * JOINT_COUNT, (0.5,) * JOINT_COUNT
    goals = {
        mode: goal_of_mode(FailsafeState(mode=mode, held_rad=AWAY), wish, pose, 0.02)
        for mode in Mode
    }
    assert {mode: goal.position_rad for mode, (goal, _) in goals.items()} == {
        Mode.RUN: wish,
        Mode.DEGRADED: wish,
        Mode.HOLD: AWAY,
        Mode.REST: REST_POSE_RAD,
        Mode.OFF: pose,
        Mode.LIMP: pose,
    }
    assert {mode for mode, (goal, _) in goals.items() if not goal.torque_enabled} == {
        Mode.OFF,
        Mode.LIMP,
    }
    assert all(goal.duration_s == 0.02 for goal, _ in goals.values())
    assert {mode: scale for mode, (_, scale) in goals.items()} == dict(SCALES)
    assert (SCALES[Mode.RUN], SCALES[Mode.DEGRADED], SCALES[Mode.REST]) == (1.0, 0.5, 0.3)


def test_the_state_survives_being_written_down():
    story = Story()
    story.step(Fault.COMMAND_INVALID | Fault.IMU_STALE)
    raw = msgspec.msgpack.encode(story.state)
    assert msgspec.msgpack.decode(raw, type=FailsafeState) == story.state
    assert len(raw) < 400


NOW_NS = 10_000_000_000
JOINT = JointSense(NOW_NS, True, 0.0, 0.0, NOW_NS, 0.1, 35.0, 7.0, 0x01, True)
SENSE = BodySense(
    t_mono_ns=NOW_NS,
    t_wall_ns=0,
    seq=1,
    joints=JointsSense(NOW_NS, TICK_NS, True, (JOINT,) * JOINT_COUNT),
    head=HeadSense(0.0, 0.0, 0.0, 0.0),
    imu=ImuSense(NOW_NS, TICK_NS, True, (0.0,) * 3, (0.0,) * 3, (1.0, 0.0, 0.0, 0.0), 30.0),
    doa=DoaSense(NOW_NS, TICK_NS, True, 0.0, 0.0, False, 0.0, 0.0),
    camera=CameraSense(NOW_NS, TICK_NS, True, 0.0, 0.0, 0.0, 0.0, (0.0,) * 8, 0.0, 0.0),
    intent=None,
    fault_bits=Fault.NONE,
)
ALL = 0b1111


def with_joint(**changes: object) -> BodySense:
    """One servo of the nine is changed."""
    joints = (*(JOINT,) * 4, replace(JOINT, **changes), *(JOINT,) * 4)
    return replace(SENSE, joints=replace(SENSE.joints, joints=joints))


def test_a_sound_sense_shows_no_fault_and_bit_one_of_the_servos_is_normal():
    assert faults_of(SENSE, ALL, torque_expected=True) is Fault.NONE


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"error_bits": 0x05}, Fault.SERVO_OVERHEAT),
        ({"error_bits": 0x08}, Fault.SERVO_ENCODER),
        ({"error_bits": 0x10}, Fault.SERVO_SHOCK),
        ({"error_bits": 0x21}, Fault.SERVO_OVERLOAD),
        ({"error_bits": 0x30}, Fault.SERVO_OVERLOAD | Fault.SERVO_SHOCK),
        ({"torque_enabled": False}, Fault.TORQUE_LOST),
        ({"temperature_c": 60.0}, Fault.TEMPERATURE_HIGH),
        ({"temperature_c": 59.9}, Fault.NONE),
        ({"voltage_v": 3.9}, Fault.VOLTAGE_LOW),
        ({"voltage_v": 0.0, "t_telemetry_ns": 0}, Fault.NONE),
        ({"voltage_v": 4.0}, Fault.NONE),
        (
            {"error_bits": 0x04, "torque_enabled": False, "temperature_c": 71.0, "voltage_v": 3.0},
            Fault.SERVO_OVERHEAT | Fault.TORQUE_LOST | Fault.TEMPERATURE_HIGH | Fault.VOLTAGE_LOW,
        ),
        ({"answered": False}, Fault.NONE),
        ({"answered": False, "t_mono_ns": NOW_NS - SILENT_AFTER_NS}, Fault.NONE),
        ({"answered": False, "t_mono_ns": NOW_NS - SILENT_AFTER_NS - 1}, Fault.SERVO_SILENT),
        (
            {"answered": False, "error_bits": 0x04, "torque_enabled": False, "voltage_v": 0.0},
            Fault.SERVO_OVERHEAT,
        ),
    ],
)
def test_one_servo_of_nine_shows_its_fault(changes: dict[str, object], fault: Fault):
    assert faults_of(with_joint(**changes), ALL, torque_expected=True) == fault


def test_torque_that_nobody_asked_for_is_not_missed():
    assert faults_of(with_joint(torque_enabled=False), ALL, torque_expected=False) == Fault.NONE


@pytest.mark.parametrize(
    ("stream", "line", "stale_after_s", "fault"),
    [
        ("joints", 0, 0.35, Fault.JOINTS_STALE),
        ("imu", 1, 0.5, Fault.IMU_STALE),
        ("doa", 2, 0.5, Fault.DOA_STALE),
        ("camera", 3, 0.6, Fault.CAMERA_STALE),
    ],
)
def test_a_stream_is_missed_only_by_a_robot_that_has_it(
    stream: str, line: int, stale_after_s: float, fault: Fault
):
    captured_ns = NOW_NS - round(stale_after_s * 1e9)
    young = replace(SENSE, **{stream: replace(getattr(SENSE, stream), t_mono_ns=captured_ns)})
    old = replace(SENSE, **{stream: replace(getattr(SENSE, stream), t_mono_ns=captured_ns - 1)})
    gone = replace(SENSE, **{stream: None})
    assert faults_of(young, ALL, torque_expected=True) == Fault.NONE
    assert faults_of(old, ALL, torque_expected=True) == fault
    assert faults_of(gone, ALL, torque_expected=True) == fault
    assert faults_of(gone, ALL & ~(1 << line), torque_expected=True) == Fault.NONE


def test_what_the_body_reports_is_kept():
    sense = replace(SENSE, fault_bits=Fault.BUS_LOST | Fault.LIFTED, camera=None)
    found = Fault.BUS_LOST | Fault.LIFTED | Fault.CAMERA_STALE
    assert faults_of(sense, ALL, torque_expected=True) == found
