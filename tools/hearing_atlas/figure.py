"""A picture of an atlas: how far readings err, by reverberation and by angle to the array."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np

from ember_embodied.bench.hearing import CLEAR_DB, RT60_BANDS_S
from firmware_bridge.simulation.atlas import ERROR_RAD, MOVED, Atlas

STEP_DEG: Final = 10


def draw(atlas: Atlas, path: Path) -> None:
    """Save the picture, of mixtures that are clear of noise, in the format of ``path``'s name."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    voice = slice(0, atlas.speech_error.shape[-1] - int(atlas.tail))
    clear = ~atlas.motors & (atlas.snr_db >= CLEAR_DB)
    error = np.abs(np.degrees(atlas.speech_error[:, :, clear, :, voice] * ERROR_RAD))
    moved = (atlas.speech_flags[:, :, clear, :, voice] & MOVED) > 0
    figure, (spread, angles) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for low, high in RT60_BANDS_S:
        rooms = (atlas.rt60_s >= low) & (atlas.rt60_s < high)
        found = np.sort(error[rooms][moved[rooms]])
        if found.size:
            label = f"RT60 {low:g} to {min(high, float(atlas.rt60_s.max())):.2g} s"
            spread.plot(found, np.linspace(0.0, 1.0, found.size), label=label)
    spread.set(xlabel="error, deg", ylabel="share of readings", xlim=(0, 60), ylim=(0, 1))
    spread.legend()
    degrees = np.degrees(atlas.angle_rad)
    middles, rows = [], []
    for low in range(0, 180, STEP_DEG):
        places = (degrees >= low) & (degrees < low + STEP_DEG)
        found = error[places][moved[places]]
        if found.size:
            middles.append(low + STEP_DEG / 2)
            rows.append(np.quantile(found, (0.5, 0.9)))
    for name, row in zip(("median", "90 %"), np.array(rows).T, strict=True):
        angles.plot(middles, row, marker="o", label=name)
    angles.set(xlabel="angle, deg: 0 left, 90 front or back, 180 right", ylabel="error, deg")
    angles.legend()
    figure.savefig(path)
    plt.close(figure)
