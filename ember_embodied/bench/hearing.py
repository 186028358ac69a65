"""How well the simulated array hears: its errors in the atlases that ship, and in the simulator.

An error is a reading's angle less the true angle to the array's axis. Readings count while somebody
speaks and the array takes its angle from them; flags count in all of them. In an atlas a flag is
what one reading sounds like; in the simulator it is the firmware's, which wants several in a row.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
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
"""The tables by reverberation and by angle are of mixtures at least this clear."""
OUTLIER_DEG: Final = 30.0
LIVES_A_SEED: Final = 8
LIFE_READINGS: Final = 40
TURNING_RAD_S: Final = 5.0
"""The nine shafts' speeds together while the head turns."""
COST_BATCH: Final = 100
HEAD_M: Final = np.zeros(3)
HEAD_AXES: Final = np.eye(3)


def run(seeds: range) -> list[Claim]:
    """Every claim about hearing."""
    claims: list[Claim] = []
    for name in shipped_atlases():
        claims += atlas_claims(name, load_atlas(name))
        claims += simulator_claims(name, seeds)
    return [*claims, cost_claim(seeds)]


def atlas_claims(name: str, atlas: Atlas) -> list[Claim]:
    """What is in an atlas: errors by reverberation, angle and noise; exact, without intervals."""
    voice = slice(0, atlas.speech_error.shape[-1] - int(atlas.tail))
    error = np.abs(atlas.speech_error[..., voice]) * math.degrees(ERROR_RAD)
    flags = atlas.speech_flags[..., voice]
    claims: list[Claim] = []
    for of, chosen in _groups(atlas):
        marks = flags[chosen]
        if marks.size:
            heard = error[chosen][marks & MOVED > 0]
            claims += _row(f"{name}, {of}", heard, float((marks & SPEECH > 0).mean()))
    for index, noise in enumerate(_mixtures(atlas)):
        alarms = float((atlas.quiet_flags[:, index] & SPEECH > 0).mean())
        claims.append(claim(f"{name}, {noise} alone: like speech", alarms, "of 1"))
    knocks = atlas.sound_flags[:, :, ~atlas.motors & (atlas.snr_db >= CLEAR_DB)]
    like_speech = float((knocks & SPEECH > 0).mean())
    return [*claims, claim(f"{name}, knocks: like speech", like_speech, "of 1")]


def _groups(atlas: Atlas) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Names, and what they pick from rooms, places and mixtures."""
    every = np.ones((*atlas.angle_rad.shape, len(atlas.snr_db)), dtype=bool)
    clear = ~atlas.motors & (atlas.snr_db >= CLEAR_DB)
    for low, high in RT60_BANDS_S:
        rooms = (atlas.rt60_s >= low) & (atlas.rt60_s < high)
        yield _band(low, high), every & rooms[:, None, None] & clear
    from_axis = np.degrees(np.minimum(atlas.angle_rad, math.pi - atlas.angle_rad))
    for near, far in AXIS_BANDS_DEG:
        places = (from_axis >= near) & (from_axis < far)
        yield f"{near}-{far} deg off the axis", every & places[..., None] & clear
    for index, noise in enumerate(_mixtures(atlas)):
        yield noise, every & (np.arange(len(atlas.snr_db)) == index)


def _mixtures(atlas: Atlas) -> list[str]:
    return [
        f"{snr_db:g} dB over {'motors' if motors else 'noise'}"
        for motors, snr_db in zip(atlas.motors, atlas.snr_db, strict=True)
    ]


def _band(low: float, high: float) -> str:
    return f"RT60 from {low:g} s" if high > 1.0 else f"RT60 {low:g}-{high:g} s"


def _row(name: str, error_deg: Array, like_speech: float) -> list[Claim]:
    n = error_deg.size
    if n == 0:
        return [claim(f"{name}: flagged", like_speech, "of 1")]
    return [
        claim(f"{name}: median error", float(np.median(error_deg)), "deg", n=n),
        claim(f"{name}: rms error", math.sqrt(np.mean(error_deg**2)), "deg", n=n),
        claim(f"{name}: p90 error", float(np.quantile(error_deg, 0.9)), "deg", n=n),
        claim(f"{name}: beyond 30 deg", float((error_deg > OUTLIER_DEG).mean()), "of 1", n=n),
        claim(f"{name}: flagged", like_speech, "of 1", n=n),
    ]


def simulator_claims(name: str, seeds: range) -> list[Claim]:
    """What a head that holds still hears of voices all round it, and of nobody."""
    claims: list[Claim] = []
    for low, high in RT60_BANDS_S:
        span = max(0.1, low), min(0.8, high)
        errors, flags = _lives(name, seeds, span, 0.0, speaking=True)
        claims += _row(f"simulated, {name}, {_band(low, high)}", errors, flags)
    for speed, how in ((0.0, "nobody, still"), (TURNING_RAD_S, "nobody, turning")):
        _, flags = _lives(name, seeds, (0.1, 0.8), speed, speaking=False)
        claims.append(claim(f"simulated, {name}, {how}: flagged", flags, "of 1"))
    errors, flags = _lives(name, seeds, (0.1, 0.8), TURNING_RAD_S, speaking=True)
    return [*claims, *_row(f"simulated, {name}, turning", errors, flags)]


def _lives(
    name: str, seeds: range, rt60_s: tuple[float, float], speed: float, *, speaking: bool
) -> tuple[Array, float]:
    """Some seconds in each of many rooms: errors, deg, of flagged readings; share of those."""
    errors: list[float] = []
    flagged = readings = 0
    for seed in seeds:
        generator = np.random.default_rng([seed, round(100 * rt60_s[0])])
        for _ in range(LIVES_A_SEED):
            room = Room(name, float(generator.uniform(*rt60_s)), float(generator.uniform(0, 0.06)))
            ears, who = Ears(room, generator), _somebody(generator)
            truth = math.acos(who.y_m / math.hypot(who.x_m, who.y_m, who.z_m))
            sources = [who] if speaking else []
            for reading in range(LIFE_READINGS):
                heard = ears.listen(reading * PERIOD_NS, HEAD_M, HEAD_AXES, sources, speed)
                readings += 1
                if heard.speech:
                    flagged += 1
                    errors.append(abs(math.degrees(heard.angle_rad - truth)))
    return np.array(errors), flagged / readings


def _somebody(generator: np.random.Generator) -> SoundSource:
    bearing, distance = generator.uniform(-math.pi, math.pi), generator.uniform(0.5, 2.5)
    x, y = distance * math.cos(bearing), distance * math.sin(bearing)
    level = float(generator.uniform(0.35, 0.9))
    return SoundSource(x, y, 0.3, level, speech=True, who="somebody")


def cost_claim(seeds: range) -> Claim:
    """What one reading costs."""
    generator = np.random.default_rng(seeds.start)
    ears, source = Ears(Room(), generator), _somebody(generator)
    costs = []
    for _ in range(20):
        start_ns = time.perf_counter_ns()
        for reading in range(COST_BATCH):
            ears.listen(reading * PERIOD_NS, HEAD_M, HEAD_AXES, [source], TURNING_RAD_S)
        costs.append((time.perf_counter_ns() - start_ns) / COST_BATCH * 1e-3)
    return quantile_claim("one reading of one voice", costs, 0.5, "us", "<= 40")
