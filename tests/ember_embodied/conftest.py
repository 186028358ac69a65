"""Shared by the tests: a mind, short lives in simulation, one whole tick as a body feels it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cerebellum.cerebellum import Cerebellum
from ember_embodied.arming import ArmingSettings
from ember_embodied.bodies import BodyRequest, embody
from ember_embodied.bundle import load
from ember_embodied.config import Config
from ember_embodied.event_driven import EventDriven
from ember_embodied.header import make_header
from ember_embodied.life import Life
from ember_embodied.loop import Mind
from ember_embodied.runtime import Runtime
from firmware_bridge.clock import SystemClock
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
from hippocampus.reader import Log
from hippocampus.recorder import Recorder
from hippocampus.session import LogSettings

NOW_NS = 5_000_000_000
JUST_NOW_NS = NOW_NS - 40_000_000


@pytest.fixture(scope="session")
def mind() -> Mind:
    return Mind(Runtime(load("live")), 100_000_000)


RecordedLife = Callable[..., Log]


@pytest.fixture
def recorded_life(mind: Mind, tmp_path: Path) -> RecordedLife:
    """Live ``ticks`` ticks in simulation and return the log of it."""

    def live(
        ticks: int = 60,
        seed: int = 1,
        scenario: str | None = None,
        suite: str | None = None,
        segment_s: float = 2.0,
        mind_of_life: Mind = mind,
        cerebellum: Cerebellum | None = None,
    ) -> Log:
        wall = SystemClock()
        embodiment = embody("sim", Config(), BodyRequest(scenario, seed, suite=suite))
        embodiment.body.open()
        header = make_header(
            body="sim",
            rate_hz=10.0,
            seed=seed,
            config_toml="",
            scenario_toml=embodiment.scenario_toml,
            bundle=mind.runtime.bundle,
            body_clock=embodiment.body.clock,
            wall=wall,
            event_driven=isinstance(mind_of_life.runtime, EventDriven),
        )
        settings = LogSettings(tmp_path / f"logs{seed}", segment_s=segment_s, blocking=True)
        recorder = Recorder(settings, header, wall)
        life = Life(
            embodiment.body,
            mind_of_life,
            ArmingSettings(),
            recorder=recorder,
            world=embodiment.world,
            stopwatch=wall,
            cerebellum=cerebellum,
        )
        life.run(ticks)
        recorder.close()
        embodiment.body.close()
        return Log(recorder.folder)

    return live


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
