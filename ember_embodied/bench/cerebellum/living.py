"""Whole lives with the cerebellum in the loop, beside the same lives without it.

The network was taught without it, so that it must not be worse for it. Each seed draws a life of
the standard suite and a room that turns what is heard (``yaw_rooms``), in which the same network
lives with the cerebellum and without; and both again in a room that turns nothing. Idle and teacher
give the scale. What the table has learned is then held against the room's true bias.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from cerebellum.cerebellum import Cerebellum
from cerebellum.settings import CerebellumSettings
from ember_embodied import bundle as bundles
from ember_embodied.arming import ArmingSettings
from ember_embodied.bench.cerebellum.progress import Progress, silent
from ember_embodied.bench.cerebellum.yaw_rooms import MOUNTING_DEG, PEAK_DEG, Hearing, draw_hearing
from ember_embodied.bench.claims import Claim, claim, mean_claim, quantile_claim
from ember_embodied.event_driven import network_of
from ember_embodied.life import Life
from ember_embodied.loop import Mind
from ember_embodied.sense_vector import wrap
from ember_embodied.training.rollouts import RolloutSettings
from ember_embodied.training.rollouts import live as rolled_out
from ember_embodied.trials.composite import IDLE, TEACHER, standing
from ember_embodied.trials.measures import figures
from ember_embodied.trials.policies import policy
from ember_embodied.trials.tally import Tally, tally
from ember_embodied.trials.trace import Witness
from firmware_bridge.clock import SystemClock
from firmware_bridge.senses import BodySense
from firmware_bridge.simulation.body import SimBody
from firmware_bridge.simulation.scenario import Scenario
from firmware_bridge.simulation.suite import draw_life, load_suite
from hippocampus.tick_record import EventRecord, TickRecord, TimingRecord

SUITE: Final = "standard"
SECONDS: Final = 120.0
RATE_HZ: Final = 10.0
LOST_BOUND: Final = ">= -0.02"
"""Of the composite: what no worse means, beside how sure it is."""
NAMES: Final = {
    (True, False): "turned room, without",
    (True, True): "turned room, with",
    (False, False): "plain room, without",
    (False, True): "plain room, with",
}
COMPARED: Final = (
    "orienting_error_median", "on_speaker_share", "following_error_mean", "touch_answered_share",
    "false_turns", "effort", "jerk",
)  # fmt: skip
_HEARD_RAD: Final = np.radians(np.arange(-80.0, 81.0, 10.0))


class TurnedRoom(SimBody):
    """A simulated robot in a room that turns what it hears."""

    def __init__(self, scenario: Scenario, seed: int, room: Hearing | None) -> None:
        super().__init__(scenario, seed)
        self._room = room

    def sense(self) -> BodySense:
        """As the body feels it, both directions of sound turned as the room does."""
        sense = super().sense()
        if sense.doa is None or self._room is None:
            return sense
        places = np.array((sense.doa.azimuth_rad, sense.doa.mirror_rad))
        front, mirror = (places + self._room.bias(places)).tolist()
        doa = replace(sense.doa, azimuth_rad=wrap(front), mirror_rad=wrap(mirror))
        return replace(sense, doa=doa)


@dataclass(slots=True)
class _Followed:
    """Follows a life: how long learning took, and what it learned from."""

    learn_us: list[float]
    looks: int = 0
    faults: int = 0

    def follow(self, record: TickRecord, timing: TimingRecord, events: list[EventRecord]) -> None:  # noqa: ARG002
        """Count."""
        self.learn_us.append(timing.learn_ns * 1e-3)
        self.faults += bool(record.fault_bits)


@dataclass(frozen=True, slots=True)
class Lived:
    """One life, judged."""

    tally: Tally
    looks: int
    faults: int
    bias_rad: tuple[float, float]
    """Median over directions: what is left of the room's turn, and what there was; 0 without."""


def live(seed: int, room: Hearing | None, *, learns: bool, seconds: float = SECONDS) -> Lived:
    """One life of the live bundle in a room, with the cerebellum or without."""
    body = TurnedRoom(draw_life(load_suite(SUITE), seed, seconds), seed, room)
    body.open()
    mind = Mind(network_of(bundles.load(bundles.DEFAULT_BUNDLE), event_driven=False), 100_000_000)
    organ = None
    if learns:
        draw = np.random.default_rng([seed, 11])
        organ = Cerebellum(CerebellumSettings(enabled=True), 1.0 / RATE_HZ, draw)
    witness, followed = Witness(body), _Followed([])
    life = Life(
        body,
        mind,
        ArmingSettings(),
        companions=(witness, followed),
        stopwatch=SystemClock(),
        cerebellum=organ,
    )
    life.run(round(seconds * RATE_HZ))
    wall_ns = body.clock.wall_ns()
    body.close()
    looks = 0 if organ is None else organ.pointing.table.contexts.state().clock
    return Lived(tally(witness.trace()), looks, followed.faults, _left(organ, room, wall_ns))


def _left(organ: Cerebellum | None, room: Hearing | None, wall_ns: int) -> tuple[float, float]:
    """Bias left by what is learned, and bias before: medians over directions, rad."""
    if room is None:
        heard, bias = _HEARD_RAD, np.zeros(len(_HEARD_RAD))
    else:
        bias = room.bias(_HEARD_RAD)
        heard = _HEARD_RAD + bias
    before = float(np.median(np.abs(bias)))
    if organ is None:
        return before, before
    added = [organ.pointing.correct(float(one), None, wall_ns) for one in heard]
    return float(np.median(np.abs(bias + np.array(added)))), before


def measure(seeds: range, progress: Progress = silent) -> tuple[Claim, ...]:
    """The claims of whole lives."""
    settings = RolloutSettings(SECONDS, RATE_HZ, 0.0, 0.0, SUITE)
    lives: dict[tuple[bool, bool], list[Lived]] = {key: [] for key in NAMES}
    scale: dict[str, list[Tally]] = {IDLE: [], TEACHER: []}
    for done, seed in enumerate(seeds):
        progress("lives, six at a time", done, len(seeds))
        draw = np.random.default_rng([seed, 10])
        mounting = math.radians(draw.uniform(-MOUNTING_DEG, MOUNTING_DEG))
        room = draw_hearing(draw, mounting, draw.uniform(*PEAK_DEG))
        for turned, learns in NAMES:
            lives[turned, learns].append(live(seed, room if turned else None, learns=learns))
        for name, tallies in scale.items():
            tallies.append(tally(rolled_out(seed, settings, policy(name))[1]))
    return (*_worth(lives, scale), *_learned(lives))


def _worth(
    lives: Mapping[tuple[bool, bool], Sequence[Lived]], scale: Mapping[str, Sequence[Tally]]
) -> list[Claim]:
    tallies = {NAMES[key]: [one.tally for one in found] for key, found in lives.items()}
    found = standing({**tallies, **scale})
    count = len(next(iter(tallies.values())))
    claims = []
    for name, estimate in found.composite.items():
        if name in tallies:
            text = f"composite, {name}"
            claims.append(claim(text, estimate.value, "1", n=count, interval=estimate.interval))
    for one in found.differences:
        for turned, place in ((True, "turned"), (False, "plain")):
            if (one.policy, one.other) == (NAMES[turned, False], NAMES[turned, True]):
                low, high = one.interval or (one.value, one.value)
                claims.append(
                    claim(
                        f"composite with it less without, {place} room",
                        -one.value,
                        "1",
                        LOST_BOUND,
                        n=count,
                        interval=(-high, -low),
                    )
                )
    for name, judged in tallies.items():
        for figure in figures(judged):
            if figure.name in COMPARED:
                text = f"{figure.name}, {name}"
                value = figure.value
                claims.append(claim(text, value, figure.unit, n=figure.n, interval=figure.interval))
    return claims


def _learned(lives: Mapping[tuple[bool, bool], Sequence[Lived]]) -> list[Claim]:
    turned, plain = lives[True, True], lives[False, True]
    degrees = math.degrees
    return [
        mean_claim("looks learned from in a life", [float(one.looks) for one in turned], "1"),
        quantile_claim(
            "bias before, median of lives", [degrees(one.bias_rad[1]) for one in turned], 0.5, "deg"
        ),
        quantile_claim(
            "bias left, median of lives", [degrees(one.bias_rad[0]) for one in turned], 0.5, "deg"
        ),
        quantile_claim(
            "bias made in a plain room, median of lives",
            [degrees(one.bias_rad[0]) for one in plain],
            0.5,
            "deg",
        ),
        mean_claim(
            "ticks with a fault more than without it, a life",
            [
                float(with_it.faults - without.faults)
                for key in (True, False)
                for with_it, without in zip(lives[key, True], lives[key, False], strict=True)
            ],
            "ticks",
        ),
    ]
