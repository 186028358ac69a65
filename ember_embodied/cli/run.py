"""``ember run``: a robot, real or simulated, that senses, moves and records every tick."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import typer

from cerebellum.cerebellum import Cerebellum
from ember_embodied.bodies import BodyRequest, Embodiment, embody
from ember_embodied.bundle import Bundle, load
from ember_embodied.cli.main import complain
from ember_embodied.cli.options import ConfigFile
from ember_embodied.companions import Broadcast, Shown, Watched
from ember_embodied.config import Config, config_to_toml, load_config
from ember_embodied.errors import UserError
from ember_embodied.event_driven import network_of
from ember_embodied.header import make_header
from ember_embodied.keeper import Keeper
from ember_embodied.life import Companion, IntentSource, Life, LifeSummary
from ember_embodied.live_view import LiveView
from ember_embodied.loop import Mind
from ember_embodied.notify import Notifier
from ember_embodied.pace import take_priority
from ember_embodied.picture import summary_lines
from ember_embodied.resuming import finish_change
from firmware_bridge.clock import Clock, SystemClock
from firmware_bridge.wire import IntentReceiver, StatePublisher, WireError
from hippocampus.recorder import Recorder


class BodyName(Enum):
    """What stands for the robot."""

    SIM = "sim"
    SERVOS = "servos"
    DAEMON = "daemon"
    REPLAY = "replay"


class Speed(Enum):
    """How a body in virtual time is paced."""

    REAL = "real"
    MAX = "max"


def command(
    body: Annotated[BodyName, typer.Option(help="What stands for the robot.")] = BodyName.SIM,
    config: ConfigFile = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Stop after this long; without it, never.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=1.0, max=50.0, help="Ticks a second [default: 10].")
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(metavar="FILE", help="For --body sim: a scenario's name or file.")
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Instead: a suite, from which --seed draws a life."),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="For --body sim: draws the room and the servos.")
    ] = 0,
    source: Annotated[
        Path | None, typer.Option("--from", help="For --body replay: the log to sense.")
    ] = None,
    bundle: Annotated[str, typer.Option(help="The network: a bundle's name or folder.")] = "live",
    log: Annotated[
        Path | None, typer.Option(help="Folder for the log [default: as configured].")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of what it has learned [default: as configured; a simulated robot "
            "starts anew without it].",
        ),
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(help="Write the summary as JSON to this file.")
    ] = None,
    speed: Annotated[
        Speed, typer.Option(help="max: simulated time runs as fast as it can, same results.")
    ] = Speed.REAL,
    view: Annotated[
        bool, typer.Option(help="Show every second what happens, or events only.")
    ] = True,
) -> None:
    """Run the robot until Ctrl-C, a SIGTERM or --seconds; then park it.

    Examples:
      ember run                                                a simulated robot in real time
      ember run --suite standard --seconds 3600 --speed max    an hour of its life in minutes
      ember run --body servos --config ember.toml              the real one
    """
    settings = load_config(config)
    if rate is not None:
        settings = replace(settings, loop=replace(settings.loop, rate_hz=rate))
    if log is not None:
        settings = replace(settings, log=replace(settings.log, folder=log))
    keeps = state is not None or body in (BodyName.SERVOS, BodyName.DAEMON)
    if state is not None:
        settings = replace(settings, cerebellum=replace(settings.cerebellum, folder=state))
    if speed is Speed.MAX and body in (BodyName.SERVOS, BodyName.DAEMON):
        raise UserError(f"--speed max needs a body in virtual time; --body {body.value} has none")
    if summary is not None and not summary.absolute().parent.is_dir():
        raise UserError(f"--summary {summary}: there is no folder {summary.absolute().parent}")
    if (told := finish_change(settings.log.folder)) is not None:
        complain(told)
    run = Run(settings, body.value, load(bundle), seed, speed is Speed.REAL, view, keeps)
    request = BodyRequest(scenario, seed, source, suite, seconds)
    embodiment = embody(body.value, settings, request)
    facts = run.live(embodiment, seconds)
    print("\n".join(summary_lines(facts)))
    if summary is not None:
        summary.write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=2))


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that one run is told."""

    settings: Config
    body_name: str
    bundle: Bundle
    seed: int
    paced: bool
    """False: a body in virtual time lives as fast as it can."""
    shown: bool
    keeps: bool
    """What is learned is kept for the next run, and what was kept is gone on from."""

    def live(self, embodiment: Embodiment, seconds: float | None) -> dict[str, Any]:
        """Open the body, live, park, and return the summary."""
        wall = SystemClock()
        rate_hz = self.settings.loop.rate_hz
        network = network_of(self.bundle, event_driven=self.settings.loop.event_driven)
        mind = Mind(network, round(1e9 / rate_hz))
        stop: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda received, _frame: stop.append(received))
        with ExitStack() as stack:
            body = embodiment.body
            body.open()
            stack.callback(body.close)
            recorder = self._recorder(embodiment, wall)
            stack.callback(recorder.close)
            notifier = stack.enter_context(closing(Notifier.from_environment(os.environ)))
            companions: list[Companion] = [Watched(notifier)]
            intents = self._wire(stack, embodiment, recorder, companions)
            title = f"{self.body_name} · {self.bundle.path.name}"
            place = str(recorder.folder.absolute())
            screen = LiveView(sys.stdout, title, place, events_only=not self.shown)
            companions.append(Shown(stack.enter_context(screen)))
            cerebellum, keeper = self._cerebellum(stack, body.clock)
            life = Life(
                body,
                mind,
                self.settings.arming,
                recorder=recorder,
                intents=intents,
                world=embodiment.world,
                companions=tuple(companions),
                wall=wall if self.paced else None,
                stopwatch=wall,
                parking=notifier.stopping,
                cerebellum=cerebellum,
                keeper=keeper,
            )
            if embodiment.hardware:
                take_priority(self.settings.loop)
            ticks = None if seconds is None else max(1, round(seconds * rate_hz))
            lived = life.run(ticks, lambda: bool(stop) or embodiment.exhausted())
        return self._facts(lived, recorder)

    def _cerebellum(
        self, stack: ExitStack, clock: Clock
    ) -> tuple[Cerebellum | None, Keeper | None]:
        """What adapts, as it was kept; nothing where the settings switch it off."""
        settings, period_s = self.settings.cerebellum, 1.0 / self.settings.loop.rate_hz
        if not settings.enabled:
            return None, None
        rng = np.random.default_rng([self.seed, clock.wall_ns()])
        if not self.keeps:
            return Cerebellum(settings, period_s, rng), None
        keeper = Keeper(settings, period_s)
        cerebellum = keeper.restore(rng)

        def close() -> None:
            for trouble in keeper.close(cerebellum, clock.wall_ns()):
                complain(trouble)

        stack.callback(close)
        return cerebellum, keeper

    def _recorder(self, embodiment: Embodiment, wall: SystemClock) -> Recorder:
        header = make_header(
            body=self.body_name,
            rate_hz=self.settings.loop.rate_hz,
            seed=self.seed,
            config_toml=config_to_toml(self.settings),
            scenario_toml=embodiment.scenario_toml,
            bundle=self.bundle,
            body_clock=embodiment.body.clock,
            wall=wall,
            event_driven=self.settings.loop.event_driven,
        )
        # Faster than real time the disk may fall behind; then the simulation waits for it.
        return Recorder(replace(self.settings.log, blocking=not self.paced), header, wall)

    def _wire(
        self,
        stack: ExitStack,
        embodiment: Embodiment,
        recorder: Recorder,
        companions: list[Companion],
    ) -> IntentSource:
        """Open both sockets; a robot in virtual time at full speed has no use for them."""
        if not self.settings.wire.enabled or not self.paced:
            return lambda: None
        try:
            publisher = stack.enter_context(closing(StatePublisher(self.settings.wire)))
            receiver = stack.enter_context(
                closing(IntentReceiver(self.settings.wire, embodiment.body.clock))
            )
        except WireError as error:
            raise UserError(str(error)) from error
        companions.append(Broadcast(publisher, self.body_name, self.bundle.path.name, recorder))
        return receiver.latest

    def _facts(self, lived: LifeSummary, recorder: Recorder) -> dict[str, Any]:
        state = recorder.close()
        return {
            **msgspec.to_builtins(lived),
            "body": self.body_name,
            "bundle": self.bundle.path.name,
            "seed": self.seed,
            "log": str(recorder.folder.absolute()),
            "log_state": f"{state.phase.value} {state.reason}".strip(),
        }
