"""Fit what is known beforehand of a robot's motion: writes ``cerebellum/forward_prior.py``.

    python tools/fit_forward_prior.py --data DIR [--seeds A:B] [--seconds S]

Lives untouched simulated lives of other servo units, at 10 and 50 Hz, dancing to the motions in
``DIR/recorded_moves`` in between, and fits for each family of joints: the coefficients (least
squares over all units), how they spread from unit to unit, and the noise that motion makes
(non-negative least squares on the size of the error). The same for currents and IMU.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from cerebellum.adaptation import SIZE
from cerebellum.forward_model import CURRENT, IMU, LAG, PULSE_RAD, ForwardModel, initial_state
from cerebellum.forward_prior import FAMILIES
from ember_embodied.bench.cerebellum.touched_lives import Life, Track, read_motions, touched_life

Array = NDArray[np.float64]

RATES_HZ: Final = (10.0, 50.0)
SKIP_S: Final = 5.0
RIDGE: Final = 1e-6
ROUNDS: Final = 4
"""Of weighting by the noise found so far."""
LEAST_NOISE: Final = {"lag": 0.5, "gyroscope": 1e-3, "accelerometer": 8e-3}
"""Floors: half a pulse, since a gear may hang on either edge of one; the noise of the chip."""
SMALLEST: Final = 1e-3
"""Share of the floor that any part of the noise has at least, per typical size of its term."""
SPREAD_FLOOR: Final = 0.02
"""Coefficients are never known better than to this."""
NAMES: Final = ("body", "leg", "antenna")
IMU_WEIGHTS: Final = np.zeros((6, 10))
IMU_WEIGHTS[2, 3] = 1.0
IMU_WEIGHTS[5, 0] = 9.80665
"""A level chip on the body: it turns with the body, and gravity pulls."""
IMU_SPREAD: Final = (2e3, 1.6e3, 1.6e3, 5e3, 1e2, 1e2, 1e1, 2e3, 2e3, 2e3)
"""Variances in units of the floor of the noise: 0.4 m/s^2 of offset and two degrees of slant;
little doubt that it turns with the body, for a servo's rate of a moment teaches that badly."""


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", default="1000:1012")
    parser.add_argument("--seconds", type=float, default=150.0)
    options = parser.parse_args()
    first, last = map(int, options.seeds.split(":"))
    motions = read_motions(options.data / "recorded_moves")
    fits = []
    for rate_hz in RATES_HZ:
        lives = _lives(range(first, last), options.seconds, rate_hz, motions)
        fits.append(fit(lives, rate_hz))
    write(fits, f"--data DIR --seeds {options.seeds} --seconds {options.seconds:g}")


def _lives(seeds: range, seconds: float, rate_hz: float, motions: Sequence[Track]) -> list[Life]:
    return [touched_life(seed, seconds, rate_hz, motions, hands=False) for seed in seeds]


def collect(life: Life) -> dict[str, Array]:
    """Terms and targets of every tick that the model could foretell, [T, ...]."""
    model = ForwardModel(initial_state(1.0 / life.rate_hz))
    rows: dict[str, list[Array]] = {}
    sent = None
    for sense, after in zip(life.senses, life.sent, strict=True):
        surprise = model.step(sense, sent)
        sent = after
        if not surprise.known.all() or sense.t_mono_ns < SKIP_S * 1e9:
            continue
        names = ("lag", "lag_noise", "current", "imu", "imu_noise")
        found = dict(zip(names, astuple(model.experience()), strict=True))
        found["lag_target"] = surprise.measured[LAG] / PULSE_RAD
        found["current_target"] = surprise.measured[CURRENT]
        found["imu_target"] = surprise.measured[IMU]
        for name, value in found.items():
            rows.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in rows.items()}


def fit(lives: Sequence[Life], rate_hz: float) -> dict[str, object]:
    """Everything of one rate."""
    data = [collect(life) for life in lives]
    found: dict[str, object] = {"period_s": 1.0 / rate_hz}
    lag, lag_spread, lag_noise, current, current_spread = [], [], [], [], []
    for family in range(len(NAMES)):
        joints = [j for j, f in enumerate(FAMILIES) if f == family]
        units = [(d["lag"][:, j], d["lag_target"][:, j]) for d in data for j in joints]
        noises = [d["lag_noise"][:, j] for d in data for j in joints]
        weights, noise = _fit_both(units, noises, LEAST_NOISE["lag"])
        lag.append(weights)
        lag_noise.append(noise)
        lag_spread.append(_spread(units, noises, weights, noise))
        electric = [(d["current"][:, j], d["current_target"][:, j]) for d in data for j in joints]
        weights = _least_squares(*map(np.concatenate, zip(*electric, strict=True)))
        current.append(weights)
        each = np.array([_least_squares(x, y) for x, y in electric])
        current_spread.append(np.var(each, axis=0) + (0.05 * weights) ** 2 + 1e-8)
    found |= {
        "lag": lag,
        "lag_spread": lag_spread,
        "lag_noise": lag_noise,
        "current": current,
        "current_spread": current_spread,
    }
    found |= _fit_imu(data)
    return found


def _fit_imu(data: Sequence[dict[str, Array]]) -> dict[str, object]:
    """The noise alone: where a chip sits and how askew is physics and differs from unit to unit."""
    noises = []
    for channel in range(6):
        floor = LEAST_NOISE["gyroscope" if channel < 3 else "accelerometer"]
        residuals = []
        for d in data:
            x, y = d["imu"], d["imu_target"][:, channel] - d["imu"] @ IMU_WEIGHTS[channel]
            residuals.append(y - x @ _least_squares(x, y))
        terms = np.concatenate([d["imu_noise"] for d in data])
        noises.append(_noise(terms, np.concatenate(residuals), floor))
    return {"imu": IMU_WEIGHTS, "imu_spread": IMU_SPREAD, "imu_noise": noises}


def _least_squares(x: Array, y: Array, weight: Array | None = None) -> Array:
    w = np.ones(len(y)) if weight is None else weight
    gram = (x * w[:, None]).T @ x
    gram += RIDGE * len(y) * np.diag(np.maximum(np.diag(gram) / len(y), 1e-9))
    solved: Array = np.linalg.solve(gram, (x * w[:, None]).T @ y)
    return solved


def _noise(terms: Array, residual: Array, floor: float) -> Array:
    deviation = np.full(len(residual), max(floor, float(np.abs(residual).mean())))
    noise = np.zeros(terms.shape[1])
    for _ in range(ROUNDS):
        target = SIZE * np.minimum(np.abs(residual), 4.0 * deviation)
        noise, _ = nnls(terms / deviation[:, None], target / deviation)
        noise[0] = max(noise[0], floor)
        deviation = terms @ noise
    typical = np.maximum(terms.mean(axis=0), 1e-6)
    filled: Array = np.maximum(noise, SMALLEST * floor / typical)
    return filled


def _fit_both(
    units: Sequence[tuple[Array, Array]], noises: Sequence[Array], floor: float
) -> tuple[Array, Array]:
    x, y = (np.concatenate(rows) for rows in zip(*units, strict=True))
    terms = np.concatenate(noises)
    weight, noise = np.ones(len(y)), np.zeros(terms.shape[1])
    weights = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        weights = _least_squares(x, y, weight)
        residual = y - x @ weights
        noise = _noise(terms, residual, floor)
        deviation = terms @ noise
        weight = 1.0 / np.maximum(deviation, np.abs(residual) / 3.0) ** 2
    return weights, noise


def _spread(
    units: Sequence[tuple[Array, Array]], noises: Sequence[Array], mean: Array, noise: Array
) -> Array:
    """How the coefficients differ from unit to unit: those of each one, drawn to the mean."""
    each = []
    for (x, y), terms in zip(units, noises, strict=True):
        weight = 1.0 / (terms @ noise) ** 2
        gram = (x * weight[:, None]).T @ x + np.eye(len(mean)) / 0.3**2
        each.append(np.linalg.solve(gram, (x * weight[:, None]).T @ (y - x @ mean)))
    spread: Array = np.var(np.array(each), axis=0) + SPREAD_FLOOR**2
    return spread


def write(fits: Sequence[dict[str, object]], options: str) -> None:
    """Write the module."""
    lines = [HEAD.format(options=options)]
    for found in fits:
        lines.append("    Prior(\n")
        for name, value in found.items():
            lines.append(f"        {name}={_text(value)},\n")
        lines.append("    ),\n")
    lines.append(")\n")
    target = Path(__file__).parents[1] / "cerebellum" / "forward_prior.py"
    target.write_text("".join(lines))


def _text(value: object) -> str:
    if isinstance(value, float):
        return repr(value)
    rows = np.array(value)
    if rows.ndim == 1:
        return "(" + ", ".join(f"{v:.4g}" for v in rows) + ")"
    return "(" + ", ".join(_text(row) for row in rows) + ")"


HEAD: Final = '''"""What is known of a robot's motion before it moves: made by a tool, not by hand.

Coefficients, their spread from unit to unit, and noise of ``forward_model`` and ``reafference``,
in their units and order, as written by

    python tools/fit_forward_prior.py {options}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Row = tuple[float, ...]
Rows = tuple[Row, ...]
FAMILIES: Final = (0, 1, 1, 1, 1, 1, 1, 2, 2)
"""The family of each joint: body, leg, antenna."""


@dataclass(frozen=True, slots=True)
class Prior:
    """For one period of the loop: a row a family of joints, or one of the IMU's six channels.

    ``..._spread`` are variances; those of the IMU are in units of the floor of its noise.
    """

    period_s: float
    lag: Rows
    lag_spread: Rows
    lag_noise: Rows
    current: Rows
    current_spread: Rows
    imu: Rows
    imu_spread: Row
    imu_noise: Rows


PRIORS: Final = (
'''

if __name__ == "__main__":
    main()
