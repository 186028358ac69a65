from __future__ import annotations

from dataclasses import replace

import numpy as np

from ember_embodied.sense_vector import SENSE_COUNT, encode
from ember_embodied.training.mirror import mirror_command, mirror_senses, mirror_touch
from firmware_bridge.command import MotorCommand
from firmware_bridge.senses import BodySense


def _reflected(sense: BodySense) -> BodySense:
    """The same tick as the mirrored robot feels it, by hand."""
    assert sense.joints is not None
    assert sense.imu is not None
    assert sense.doa is not None
    assert sense.camera is not None
    assert sense.intent is not None
    order = (0, 6, 5, 4, 3, 2, 1, 8, 7)
    joints = tuple(
        replace(
            sense.joints.joints[i],
            position_rad=-sense.joints.joints[i].position_rad,
            velocity_rad_s=-sense.joints.joints[i].velocity_rad_s,
            current_a=-sense.joints.joints[i].current_a,
        )
        for i in order
    )
    (ax, ay, az), (gx, gy, gz) = sense.imu.accelerometer_m_s2, sense.imu.gyroscope_rad_s
    w, x, y, z = sense.imu.orientation_wxyz
    return replace(
        sense,
        joints=replace(sense.joints, joints=joints),
        head=replace(sense.head, yaw_rad=-sense.head.yaw_rad, roll_rad=-sense.head.roll_rad),
        imu=replace(
            sense.imu,
            accelerometer_m_s2=(ax, -ay, az),
            gyroscope_rad_s=(-gx, gy, -gz),
            orientation_wxyz=(w, -x, y, -z),
        ),
        doa=replace(
            sense.doa,
            azimuth_rad=-sense.doa.azimuth_rad,
            mirror_rad=-sense.doa.mirror_rad,
            head_yaw_rad=-sense.doa.head_yaw_rad,
        ),
        camera=replace(
            sense.camera,
            face_yaw_rad=-sense.camera.face_yaw_rad,
            features=tuple(-f if i in (0, 3) else f for i, f in enumerate(sense.camera.features)),
            head_yaw_rad=-sense.camera.head_yaw_rad,
        ),
        intent=replace(sense.intent, gaze_yaw_rad=-sense.intent.gaze_yaw_rad),
    )


def test_the_mirror_is_what_a_mirrored_robot_feels(sense: BodySense, command: MotorCommand) -> None:
    assert sense.imu is not None
    tilted = replace(sense, imu=replace(sense.imu, orientation_wxyz=(0.9, 0.3, 0.2, 0.1)))
    asked = np.array([0.35, 0.12, 0.9, 0.6, 0.15], dtype=np.float32)
    turned = MotorCommand(*mirror_command(asked).tolist())
    senses, _ = encode(tilted, command)
    expected, _ = encode(_reflected(tilted), turned)
    np.testing.assert_allclose(mirror_senses(senses), expected, atol=1e-6)


def test_two_mirrors_change_nothing() -> None:
    senses = np.arange(SENSE_COUNT, dtype=np.float32)[None]
    np.testing.assert_array_equal(mirror_senses(mirror_senses(senses)), senses)


def test_a_hand_on_the_left_antenna_is_on_the_right_one_in_the_mirror() -> None:
    touch = np.array([[0, 0], [1, 1], [2, 0], [3, 1], [-1, 0]], dtype=np.float32)
    swapped = mirror_touch(touch)
    assert swapped[:, 0].tolist() == [0, 2, 1, 3, -1]
    np.testing.assert_array_equal(mirror_touch(swapped), touch)
