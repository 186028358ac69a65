"""How well the simulated array hears: its errors in the atlases that ship, and in the simulator.

An error is a reading's angle less the true angle to the array's axis. Readings count while somebody
speaks and the array takes its angle from them; the speech flag counts in all of them.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ember_embodied.bench.claims import Claim, claim, quantile_claim
from firmware_bridge.simulation.atlas import (
    ERROR_RAD,
    MOVED,
    SPEECH,
    Atlas,
    load_atlas,
    shipped_atlases,
)
from firmware_bridge.simulation.hearing import PERIOD_NS, Ears
from firmware_bridge.simulation.room import SoundSource
from firmware_bridge.simulation.scenario import Room

Array = NDArray[np.float64]

RT60_BANDS_S: Final = ((0.0, 0.25), (0.25, 0.45), (0.45, 0.65), (0.65, 3.0))
AXIS_BANDS_DEG: Final = ((0, 30), (30, 60), (60, 90))
"""From the array's axis: 0 is straight left or right, 90 in front or behind."""
CLEAR_DB: Final = 20.0
"""The tables are of mixtures at least this clear."""
OUTLIER_DEG: Final = 30.0
LIVES_A_SEED: Final = 8
VOICE_READINGS: Final = 40
COST_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Readings:
    """Of one kind: errors, deg, where the angle is the voice's; speech flags of all."""

    error_deg: Array
    flagged: float


def run(seeds: range) -> list[Claim]:
    """Every claim about hearing."""
    claims = []
    for name in shipped_atlases():
        claims += atlas_claims(name, load_atlas(name))
        claims += simulator_claims(name, seeds)
    return [*claims, cost_claim(seeds)]


def atlas_claims(name: str, atlas: Atlas) -> list[Claim]:
    """The error tables of an atlas: by reverberation, by angle, by noise; exact, no intervals."""
    voice = slice(0, atlas.speech_error.shape[-1] - int(atlas.tail))
    error = np.abs(atlas.speech_error[..., voice]) * math.degrees(ERROR_RAD)
    flags = atlas.speech_flags[..., voice]
    clear = ~atlas.motors & (atlas.snr_db >= CLEAR_DB)
    claims: list[Claim] = []

    def tell(of: str, chosen: NDArray[np.bool_]) -> None:
        """``chosen`` picks from rooms, places and mixtures."""
        marks = flags[chosen]
        if marks.size:
            errors = error[chosen][(marks & MOVED) > 0]
            claims.extend(_row(f"{name}, {of}", Readings(errors, (marks & SPEECH > 0).mean())))

    every = np.ones(flags.shape[:3], dtype=bool)
    for low, high in RT60_BANDS_S:
        rooms = (atlas.rt60_s >= low) & (atlas.rt60_s < high)
        tell(f"RT60 {low:g}-{high:g} s", every & rooms[:, None, None] & clear)
    from_axis = np.degrees(np.minimum(atlas.angle_rad, math.pi - atlas.angle_rad))
    for near, far in AXIS_BANDS_DEG:
        places = (from_axis >= near) & (from_axis < far)
        tell(f"{near}-{far} deg off the axis", every & places[..., None] & clear)
    for index, (motors, snr_db) in enumerate(zip(atlas.motors, atlas.snr_db, strict=True)):
        noise = "motors" if motors else "noise"
        tell(f"{noise} {snr_db:+.0f} dB", every & (np.arange(len(atlas.motors)) == index))
        alarms = (atlas.quiet_flags[:, index] & SPEECH > 0).mean()
        alone = f"{name}, {noise} {snr_db:+.0f} dB alone, false alarms"
        claims.append(claim(alone, float(alarms), "of 1"))
    knocks = (atlas.sound_flags[:, :, clear] & SPEECH > 0).mean()
    claims.append(claim(f"{name}, knocks flagged as speech", float(knocks), "of 1"))
    return claims


def _row(name: str, readings: Readings) -> list[Claim]:
    error, n = readings.error_deg, readings.error_deg.size
    return [
        claim(f"{name}, median error", float(np.median(error)), "deg", n=n),
        claim(f"{name}, rms error", math.sqrt(np.mean(error**2)), "deg", n=n),
        claim(f"{name}, p90 error", float(np.quantile(error, 0.9)), "deg", n=n),
        claim(f"{name}, beyond {OUTLIER_DEG:g} deg", (error > OUTLIER_DEG).mean(), "of 1", n=n),
        claim(f"{name}, flagged as speech", readings.flagged, "of 1", n=n),
    ]


def simulator_claims(name: str, seeds: range) -> list[Claim]:
    """What a robot that holds still hears of voices all round it, by reverberation."""
    claims = []
    for low, high in RT60_BANDS_S:
        errors: list[float] = []
        flags: list[bool] = []
        for seed in seeds:
            generator = np.random.default_rng([seed, round(100 * low)])
            for _ in range(LIVES_A_SEED):
                rt60_s = generator.uniform(max(0.1, low), min(0.8, high))
                room = Room(atlas=name, rt60_s=rt60_s, noise=generator.uniform(0.0, 0.06))
                _live(Ears(room, generator), generator, errors, flags)
        of = f"simulator, {name}, RT60 {low:g}-{high:g} s"
        claims += _row(of, Readings(np.array(errors), float(np.mean(flags))))
    return claims


def _live(
    ears: Ears, generator: np.random.Generator, errors: list[float], flags: list[bool]
) -> None:
    """One voice at one place, some seconds long."""
    source = _somebody(generator)
    truth = math.acos(source.y_m / math.hypot(source.x_m, source.y_m, source.z_m))
    for reading in range(VOICE_READINGS):
        heard = ears.listen(reading * PERIOD_NS, np.zeros(3), np.eye(3), [source], 0.0)
        flags.append(heard.speech)
        if heard.speech:
            errors.append(abs(math.degrees(heard.angle_rad - truth)))


def _somebody(generator: np.random.Generator) -> SoundSource:
    bearing, distance = generator.uniform(-math.pi, math.pi), generator.uniform(0.5, 2.5)
    x, y = distance * math.cos(bearing), distance * math.sin(bearing)
    level = float(generator.uniform(0.35, 0.9))
    return SoundSource(x, y, 0.3, level, speech=True, who="somebody")


def cost_claim(seeds: range) -> Claim:
    """What one reading costs."""
    generator = np.random.default_rng(seeds.start)
    ears, source = Ears(Room(), generator), _somebody(generator)
    head, axes = np.zeros(3), np.eye(3)
    costs = []
    for batch in range(20):
        start_ns = time.perf_counter_ns()
        for reading in range(COST_BATCH):
            ears.listen((batch * COST_BATCH + reading) * PERIOD_NS, head, axes, [source], 3.0)
        costs.append((time.perf_counter_ns() - start_ns) / COST_BATCH * 1e-3)
    return quantile_claim("one reading of one voice", costs, 0.5, "us", "<= 40")
