"""A mind that every test of the loop thinks with, and short lives in simulation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ember_embodied.arming import ArmingSettings
from ember_embodied.bodies import BodyRequest, embody
from ember_embodied.bundle import load
from ember_embodied.config import Config
from ember_embodied.header import make_header
from ember_embodied.life import Life
from ember_embodied.loop import Mind
from ember_embodied.runtime import Runtime
from firmware_bridge.clock import SystemClock
from hippocampus.reader import Log
from hippocampus.recorder import Recorder
from hippocampus.session import LogSettings


@pytest.fixture(scope="session")
def mind() -> Mind:
    return Mind(Runtime(load("live")), 100_000_000)


RecordedLife = Callable[..., Log]


@pytest.fixture
def recorded_life(mind: Mind, tmp_path: Path) -> RecordedLife:
    """Live ``ticks`` ticks in simulation and return the log of it."""

    def live(
        ticks: int = 60, seed: int = 1, scenario: str = "default", segment_s: float = 2.0
    ) -> Log:
        wall = SystemClock()
        embodiment = embody("sim", Config(), BodyRequest(scenario, seed))
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
        )
        settings = LogSettings(tmp_path / f"logs{seed}", segment_s=segment_s, blocking=True)
        recorder = Recorder(settings, header, wall)
        life = Life(
            embodiment.body,
            mind,
            ArmingSettings(),
            recorder=recorder,
            world=embodiment.world,
            stopwatch=wall,
        )
        life.run(ticks)
        recorder.close()
        embodiment.body.close()
        return Log(recorder.folder)

    return live
