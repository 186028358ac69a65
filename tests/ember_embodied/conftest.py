"""Shared by the tests of the network: one whole tick as a sound body feels it."""

from __future__ import annotations

import pytest

from firmware_bridge.command import MotorCommand
from firmware_bridge.senses import (
    BodySense,
    CameraSense,
    DoaSense,
    Fault,
    HeadSense,
    ImuSense,
    IntentSense,
    JointSense,
    JointsSense,
    ModeRequest,
)

NOW_NS = 5_000_000_000
JUST_NOW_NS = NOW_NS - 40_000_000


@pytest.fixture
def sense() -> BodySense:
    """Every stream present, no two numbers alike."""
    joints = tuple(
        JointSense(JUST_NOW_NS, True, 0.1 * i, 0.2 * i, JUST_NOW_NS, 0.03 * i, 30.0, 5.0, 0, True)
        for i in range(9)
    )
    return BodySense(
        t_mono_ns=NOW_NS,
        t_wall_ns=0,
        seq=1,
        joints=JointsSense(JUST_NOW_NS, 100_000_000, True, joints),
        head=HeadSense(0.3, 0.1, 0.05, 0.006),
        imu=ImuSense(
            JUST_NOW_NS, 20_000_000, True, (0.1, 0.2, 9.7), (0.01, 0.02, 0.03), (1, 0, 0, 0), 30.0
        ),
        doa=DoaSense(JUST_NOW_NS, 100_000_000, True, 0.8, 2.94, True, 0.6, 0.3),
        camera=CameraSense(
            JUST_NOW_NS, 100_000_000, True, 0.5, -0.1, 0.15, 0.9, (0.5,) * 8, 0.3, 0.1
        ),
        intent=IntentSense(JUST_NOW_NS, 1_000_000_000, True, 0.2, 0.04, 0.7, 0.4, ModeRequest.NONE),
        fault_bits=Fault.NONE,
    )


@pytest.fixture
def command() -> MotorCommand:
    """A last command that the body lags behind."""
    return MotorCommand(0.35, 0.12, 0.9, 0.6, 0.15)
