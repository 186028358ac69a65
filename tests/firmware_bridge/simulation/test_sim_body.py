"""The whole simulated robot behind the body protocol."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge.body import Body, BodyError
from firmware_bridge.clock import Pacer, VirtualClock
from firmware_bridge.command import JointTargets, MotorCommand
from firmware_bridge.joints import REST_POSE_RAD
from firmware_bridge.kinematics import joints_of_command
from firmware_bridge.senses import (
    CAMERA_STREAM,
    DOA_STREAM,
    IMU_STREAM,
    JOINTS_STREAM,
    BodySense,
    Fault,
    alive,
    on_rate,
)
from firmware_bridge.simulation.body import SimBody
from firmware_bridge.simulation.scenario import Scenario, load_scenario, parse_scenario
from firmware_bridge.simulation.suite import draw_scenario, load_suite

STILL = MotorCommand(0.0, 0.0, 0.1745, -0.1745, 0.0)
ECHO_RAD = 0.15
"""A voice in a room seems to come from a little beside it, for as long as nobody moves."""


def live(
    scenario: Scenario, seconds: float, seed: int = 0, command: MotorCommand = STILL, rate: int = 10
) -> tuple[SimBody, list[BodySense]]:
    """Hold one command for a while."""
    body = SimBody(scenario, seed)
    body.open()
    pacer = Pacer(body.clock, 10**9 // rate)
    pose, _ = joints_of_command(command)
    senses = []
    for _ in range(int(seconds * rate)):
        pacer.wait()
        senses.append(body.sense())
        body.act(JointTargets(pose, torque_enabled=True, duration_s=1 / rate))
    return body, senses


def scripted(text: str) -> Scenario:
    return parse_scenario("[robot]\nspread = 0\n" + text, "test")


def touch(kind: str, place: str = "head", **values: float) -> Scenario:
    lines = "".join(f"{name} = {value}\n" for name, value in values.items())
    return scripted(f'[[hands]]\nat_s = 2\nkind = "{kind}"\nplace = "{place}"\n{lines}')


def test_it_is_a_body() -> None:
    body: Body = SimBody(load_scenario("quiet"))
    with pytest.raises(BodyError, match="not open"):
        body.sense()
    body.open()
    assert body.io_ns == 0
    assert all(check.passed for check in body.checks())
    body.close()


def test_the_same_seed_gives_the_same_senses_bit_for_bit() -> None:
    life = draw_scenario(load_suite("standard"), 5)
    assert live(life, 5, seed=5)[1] == live(life, 5, seed=5)[1]
    assert live(life, 2, seed=5)[1] != live(life, 2, seed=6)[1]


def test_one_sense_more_or_less_leaves_the_others_as_they_are() -> None:
    lite = load_scenario("lite")
    with_imu = replace_robot(lite, imu=True)
    for a, b in zip(live(lite, 6)[1], live(with_imu, 6)[1], strict=True):
        assert a.imu is None
        assert (a.joints, a.doa, a.camera) == (b.joints, b.doa, b.camera)


def replace_robot(scenario: Scenario, **values: object) -> Scenario:
    robot = type(scenario.robot)(**{**as_dict(scenario.robot), **values})
    return type(scenario)(**{**as_dict(scenario), "robot": robot})


def as_dict(struct: object) -> dict[str, object]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def test_streams_are_alive_and_on_rate() -> None:
    _, senses = live(load_scenario("default"), 4)
    for sense in senses[25:]:
        for stream, spec in (
            (sense.joints, JOINTS_STREAM),
            (sense.imu, IMU_STREAM),
            (sense.doa, DOA_STREAM),
            (sense.camera, CAMERA_STREAM),
        ):
            assert alive(stream, spec, sense.t_mono_ns)
            assert on_rate(stream, spec)
            assert stream.valid
        assert sense.fault_bits == Fault.NONE


@pytest.mark.parametrize("yaw", [0.5, -0.7])
def test_measured_head_agrees_with_the_true_one(yaw: float) -> None:
    command = MotorCommand(yaw, 0.2, 0.1, -0.1, 0.3 * yaw)
    body, senses = live(scripted(""), 3, command=command)
    head, true = senses[-1].head, body.truth().head
    for name in ("yaw_rad", "pitch_rad", "roll_rad"):
        assert getattr(head, name) == pytest.approx(getattr(true, name), abs=0.006)
    assert head.z_m == pytest.approx(true.z_m, abs=0.001)
    assert abs(true.yaw_rad - yaw) < math.radians(7)


def test_a_face_and_a_voice_keep_their_bearing_while_the_head_turns() -> None:
    scene = scripted(
        "[room]\nrt60_s = 0.1\nnoise = 0.01\n"
        '[[people]]\nname = "a"\nbearing_deg = 30\nheight_m = 0.3\n'
        '[[speech]]\nwho = "a"\nat_s = 0\nseconds = 60\nlevel = 0.9'
    )
    for yaw in (0.2, 0.9):
        body, senses = live(scene, 4, command=MotorCommand(yaw, 0.0, 0.0, 0.0, 0.6 * yaw))
        (person,) = body.truth().people
        late = senses[20:]
        faces = [s.camera.face_yaw_rad for s in late if s.camera.confidence > 0]
        assert np.median(faces) == pytest.approx(person.yaw_rad, abs=0.04)
        assert np.median([s.doa.azimuth_rad for s in late]) == pytest.approx(
            person.yaw_rad, abs=ECHO_RAD
        )
        mirror = math.remainder(math.pi - person.yaw_rad + 2 * late[-1].head.yaw_rad, math.tau)
        miss = np.array([s.doa.mirror_rad for s in late]) - mirror
        assert abs(np.median(np.angle(np.exp(1j * miss)))) < ECHO_RAD


@pytest.mark.parametrize("mounted_on", ["foot", "body", "head"])
def test_imu_reads_in_the_base_frame_wherever_it_sits(mounted_on: str) -> None:
    scene = scripted(f'imu_mounted_on = "{mounted_on}"\nimu_mounting_rpy_deg = [90, 20, -130]\n')
    _, senses = live(scene, 4, command=MotorCommand(0.6, 0.25, 0.0, 0.0, 0.5))
    imu = senses[-1].imu
    np.testing.assert_allclose(imu.accelerometer_m_s2, (0.0, 0.0, 9.807), atol=0.15)
    np.testing.assert_allclose(imu.gyroscope_rad_s, 0.0, atol=0.02)


def test_imu_noise_is_there_and_small() -> None:
    _, senses = live(scripted(""), 6)
    spread = np.std([s.imu.accelerometer_m_s2 for s in senses[30:]], axis=0)
    assert (spread > 0.002).all()
    assert (spread < 0.05).all()


@pytest.mark.parametrize(
    ("kind", "place", "values", "joints"),
    [
        ("push", "head", {"seconds": 1.5, "force_n": 4, "elevation_deg": -90}, slice(1, 7)),
        ("stroke", "head", {"seconds": 1.5, "force_n": 3}, slice(1, 7)),
        ("push", "left_antenna", {"seconds": 1.5, "force_n": 0.5, "elevation_deg": 0}, slice(8, 9)),
        (
            "push",
            "right_antenna",
            {"seconds": 1.5, "force_n": 0.5, "azimuth_deg": 90, "elevation_deg": 0},
            slice(7, 8),
        ),
    ],
)
def test_a_touch_is_felt_in_the_currents(
    kind: str, place: str, values: dict[str, float], joints: slice
) -> None:
    body, senses = live(touch(kind, place, **values), 4)
    current = np.array([[joint.current_a for joint in s.joints.joints] for s in senses])[:, joints]
    before, during = current[12:19], current[22:33]
    change = np.abs(during - before.mean(axis=0)).max()
    assert change > 4 * max(0.003, np.ptp(before, axis=0).max())
    assert [change.kind for change in body.drain_world()] == [kind]
    assert body.truth().touches == ()


def test_a_held_antenna_cannot_follow() -> None:
    up, bent = MotorCommand(0, 0, 0, 0, 0), MotorCommand(0, 0, 0.5, 0, 0)
    held = touch("hold", "left_antenna", seconds=6, force_n=8)
    reached = []
    for scene in (held, scripted("")):
        body, _ = live(scene, 3, command=up)
        pose, _ = joints_of_command(bent)
        for _ in range(15):
            body.act(JointTargets(pose, torque_enabled=True, duration_s=0.1))
            body.clock.sleep_until_ns(body.clock.mono_ns() + 10**8)
        reached.append(body.sense().joints.joints[8].position_rad)
        if scene is held:
            assert body.truth().touches[0].kind == "hold"
    assert reached[0] < 0.35 < 0.45 < reached[1]  # the head gives way a little


def test_a_lift_is_felt_by_the_imu_and_known_to_the_truth() -> None:
    body, senses = live(touch("lift", seconds=4, height_m=0.2), 4)
    force = np.array([s.imu.accelerometer_m_s2 for s in senses])
    assert np.abs(force[20:28, 2] - 9.807).max() > 0.8
    assert np.abs(force[10:19, 2] - 9.807).max() < 0.1
    base = body.truth().base
    assert base.lifted_m == pytest.approx(0.2, abs=0.01)
    body.clock.sleep_until_ns(8 * 10**9)
    assert body.truth().base.lifted_m == pytest.approx(0.0, abs=0.002)


def test_tilt_and_turn_and_bump() -> None:
    body, senses = live(touch("tilt", seconds=4, angle_deg=20, azimuth_deg=0), 3.5)
    assert body.truth().base.tilt_rad == pytest.approx(math.radians(20), abs=0.02)
    # the hand trembles: a mean over a second
    ax, _, az = np.mean([s.imu.accelerometer_m_s2 for s in senses[-10:]], axis=0)
    assert math.atan2(-ax, az) == pytest.approx(math.radians(20), abs=0.05)
    body, senses = live(touch("turn", seconds=1.5, angle_deg=40), 5)
    assert body.truth().base.yaw_rad == pytest.approx(math.radians(40), abs=0.01)
    turned = sum(s.imu.gyroscope_rad_s[2] for s in senses) * 0.1
    assert turned == pytest.approx(math.radians(40), abs=0.15)
    body, senses = live(touch("bump", seconds=0.2, force_n=15, azimuth_deg=90), 3, rate=50)
    assert max(abs(s.imu.accelerometer_m_s2[1]) for s in senses[20:]) > 0.8


def test_a_jerk_cannot_turn_the_platform_inside_out() -> None:
    for yaw, pitch in ((1.1, 0.0), (-1.0, 0.4), (0.9, -0.8)):
        body, senses = live(scripted(""), 3, command=MotorCommand(yaw, pitch, 0.0, 0.0, 0.0))
        head, true = senses[-1].head, body.truth().head
        assert abs(true.yaw_rad) < 1.35
        assert head.yaw_rad == pytest.approx(true.yaw_rad, abs=0.02)
        assert head.pitch_rad == pytest.approx(true.pitch_rad, abs=0.02)


def test_park_goes_to_rest_and_lets_go() -> None:
    body, _ = live(scripted(""), 2)
    body.park()
    sense = body.sense()
    assert not any(joint.torque_enabled for joint in sense.joints.joints)
    measured = [joint.position_rad for joint in sense.joints.joints]
    np.testing.assert_allclose(measured[1:], REST_POSE_RAD[1:], atol=0.06)
    body.park()  # again: does nothing, raises nothing


def test_arming_pins_the_present_pose_first() -> None:
    body = SimBody(scripted(""))
    body.open()
    body.clock.sleep_until_ns(10**9)
    measured = [joint.position_rad for joint in body.sense().joints.joints]
    pose, _ = joints_of_command(STILL)
    targets = JointTargets(pose, torque_enabled=True, duration_s=0.1)
    assert body.act(replace(targets, torque_enabled=False)) is None
    np.testing.assert_allclose(body.act(targets).position_rad, measured, atol=2e-3)
    np.testing.assert_allclose(body.act(targets).position_rad, pose, atol=1e-3)


def failing(who: str, kind: str) -> list[BodySense]:
    text = f'[[failures]]\nat_s = 1.5\nseconds = 2\nwho = "{who}"\nkind = "{kind}"'
    return live(scripted(text), 5)[1]


def test_streams_fail_as_told_and_come_back() -> None:
    off = failing("imu", "off")
    assert not alive(off[30].imu, IMU_STREAM, off[30].t_mono_ns)
    assert alive(off[-1].imu, IMU_STREAM, off[-1].t_mono_ns)
    stuck = failing("imu", "stuck")
    assert len({s.imu.accelerometer_m_s2 for s in stuck[18:33]}) == 1
    assert len({s.imu.accelerometer_m_s2 for s in stuck[38:]}) > 5
    assert not any(s.doa.valid for s in failing("doa", "garbage")[20:33])
    slow = failing("camera", "slow")
    assert not on_rate(slow[34].camera, CAMERA_STREAM)
    delayed = failing("doa", "delayed")
    assert delayed[30].t_mono_ns - delayed[30].doa.t_mono_ns > 4e8
    patchy = failing("camera", "intermittent")
    assert 2 < len({s.camera.t_mono_ns for s in patchy[16:34]}) < 15


def test_joints_and_servos_fail_as_told() -> None:
    lost = failing("joints", "off")
    assert lost[30].fault_bits & Fault.BUS_LOST
    assert not any(joint.answered for joint in lost[30].joints.joints)
    assert lost[-1].fault_bits == Fault.NONE
    silent = failing("left_antenna", "silent")
    assert silent[30].fault_bits & Fault.SERVO_SILENT
    assert not silent[30].joints.joints[8].answered
    assert silent[-1].fault_bits == Fault.NONE
    overload = failing("body_yaw", "overload")
    assert overload[-1].fault_bits == Fault.SERVO_OVERLOAD | Fault.TORQUE_LOST
    let_go = failing("right_antenna", "torque_lost")
    assert let_go[-1].fault_bits == Fault.TORQUE_LOST
    assert let_go[10].fault_bits == Fault.NONE
    silently = failing("left_antenna", "torque_silent")
    assert silently[30].fault_bits == Fault.NONE
    assert silently[30].joints.joints[8].torque_enabled
    assert silently[30].joints.joints[8].current_a == 0.0
    assert silently[12].joints.joints[8].current_a != 0.0


def test_an_intent_holds_for_its_time_and_then_grows_old() -> None:
    text = (
        '[[intents]]\nat_s = 1\nseconds = 1.5\ngaze_yaw_deg = 45\ngaze_weight = 1\nrequest = "arm"'
    )
    _, senses = live(scripted(text), 4)
    assert senses[5].intent is None
    assert senses[15].intent.gaze_yaw_rad == pytest.approx(math.pi / 4)
    assert senses[15].intent.request.name == "ARM"
    assert senses[-1].intent is None


def test_it_starts_at_the_time_of_its_clock() -> None:
    body = SimBody(load_scenario("default"), clock=VirtualClock(mono_ns=7 * 10**12))
    body.open()
    body.clock.sleep_until_ns(7 * 10**12 + 4 * 10**9)
    sense = body.sense()
    assert sense.joints.t_mono_ns == sense.t_mono_ns == 7 * 10**12 + 4 * 10**9
    assert [c.t_mono_ns - 7 * 10**12 for c in body.drain_world()] == [0, 3 * 10**9]
