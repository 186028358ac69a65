"""From a name and the settings to a body: the one place where the kinds are told apart.

Each kind is imported only when it is asked for: a robot needs no simulator, a simulator no USB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ember_embodied.config import Config
from ember_embodied.errors import UserError, existing_file
from firmware_bridge.body import Body
from firmware_bridge.clock import Clock, SystemClock
from firmware_bridge.senses import BodySense, CameraSense
from firmware_bridge.sensors.camera import Camera, CameraSample
from firmware_bridge.sensors.reader import PoseHistory, SensorThread
from hippocampus.reader import Log
from hippocampus.tick_record import TickRecord, WorldRecord

WorldSource = Callable[[], tuple[WorldRecord, ...]]


def no_world() -> tuple[WorldRecord, ...]:
    """The world of a body that does not know it."""
    return ()


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Embodiment:
    """A body and what goes with its kind."""

    body: Body
    hardware: bool = False
    """True: it answers in real time, so the loop asks for real-time scheduling."""
    scenario_toml: str = ""
    world: WorldSource = no_world
    """What the outer world did since the last call; only a simulation knows."""
    exhausted: Callable[[], bool] = _never
    """True when there is nothing left to sense: the end of a replayed log."""


@dataclass(frozen=True, slots=True)
class BodyRequest:
    """What the command line says about the body."""

    scenario: str | None = None
    """For sim: name or file; None: ``default``, or a life from ``suite``."""
    seed: int = 0
    source: Path | None = None
    """For replay: the log whose senses are played."""
    suite: str | None = None
    """For sim, instead of a scenario: name or file of a suite, from which the seed draws a life."""
    seconds: float | None = None
    """How long that life must last at least."""


def embody(name: str, settings: Config, request: BodyRequest) -> Embodiment:
    """Make the body ``name`` (sim, servos, daemon, replay), not yet open.

    Raises ``UserError`` when it cannot be what was asked for.
    """
    return _BUILDERS[name](settings, request)


def _simulated(settings: Config, request: BodyRequest) -> Embodiment:  # noqa: ARG001
    try:
        from firmware_bridge.simulation.body import SimBody
        from firmware_bridge.simulation.scenario import load_scenario
        from firmware_bridge.simulation.suite import draw_life, load_suite
        from firmware_bridge.simulation.tables import TableError
        from firmware_bridge.simulation.timeline import scenario_to_toml
    except ModuleNotFoundError as error:
        raise UserError(
            f"--body sim needs {error.name}: pip install 'ember-embodied[sim]'"
        ) from error
    if request.suite is not None and request.scenario is not None:
        raise UserError("--scenario and --suite: give one of them")
    try:
        if request.suite is None:
            scenario = load_scenario(request.scenario or "default")
        else:
            scenario = draw_life(load_suite(request.suite), request.seed, request.seconds)
    except TableError as error:
        raise UserError(str(error)) from error
    body = SimBody(scenario, request.seed)

    def world() -> tuple[WorldRecord, ...]:
        """What has changed in the simulated world since it was last asked, in order."""
        return tuple(
            WorldRecord(change.t_mono_ns, change.kind, change.who, change.values)
            for change in body.drain_world()
        )

    return Embodiment(body, scenario_toml=scenario_to_toml(scenario), world=world)


def _servos(settings: Config, request: BodyRequest) -> Embodiment:  # noqa: ARG001
    from firmware_bridge.dynamixel.servo_body import Sensors, ServoBody
    from firmware_bridge.sensors.bmi088 import Bmi088
    from firmware_bridge.sensors.xvf3800 import Xvf3800

    clock, poses = SystemClock(), PoseHistory()
    imu, doa = settings.imu, settings.doa
    sensors = Sensors(
        imu=SensorThread(Bmi088(imu, clock, poses), clock) if imu.enabled else None,
        doa=SensorThread(Xvf3800(doa, clock, poses), clock) if doa.enabled else None,
        camera=_camera(settings, clock, poses),
    )
    return Embodiment(ServoBody(settings.servos, clock, sensors, poses), hardware=True)


def _daemon(settings: Config, request: BodyRequest) -> Embodiment:  # noqa: ARG001
    from firmware_bridge.daemon_body import DaemonBody

    clock, poses = SystemClock(), PoseHistory()
    camera = _camera(settings, clock, poses)
    body = DaemonBody(settings.daemon, clock, settings.imu, camera, poses)
    return Embodiment(body, hardware=True)


def _camera(
    settings: Config, clock: Clock, poses: PoseHistory
) -> SensorThread[CameraSample, CameraSense] | None:
    """The camera when the settings name a face model: without one it sees nothing."""
    if settings.faces.model is None:
        return None
    camera = Camera(settings.camera, settings.lens, settings.faces, clock, poses)
    return SensorThread(camera, clock)


def _replayed(settings: Config, request: BodyRequest) -> Embodiment:  # noqa: ARG001
    from firmware_bridge.replay_body import ReplayBody

    if request.source is None:
        raise UserError("--body replay needs the log to sense: --from LOG")
    log = Log(existing_file(request.source, "log"))

    def senses() -> Iterator[BodySense]:
        """The sense of each recorded tick, in order."""
        for record in log.records(TickRecord):
            yield record.sense

    body = ReplayBody(senses())
    return Embodiment(body, exhausted=lambda: body.exhausted)


_BUILDERS: dict[str, Callable[[Config, BodyRequest], Embodiment]] = {
    "sim": _simulated,
    "servos": _servos,
    "daemon": _daemon,
    "replay": _replayed,
}
