"""Fit what is known beforehand of a robot's motion: writes ``cerebellum/priors/forward_prior_*``.

    python tools/fit_forward_prior.py --data DIR --lives DIR [--seeds A:B] [--dances A:B]

Lives simulated lives of other servo units, at 10 and 50 Hz, at rest, idling, turning suddenly and
dancing to the motions in ``DIR/recorded_moves``, keeps them in the folder of lives (those that are
there are not lived again), and fits two small networks to what joints and IMU did while nobody
touched them: means, and how far off those are. Most of the time is living.

The priors that ship were made by these functions part by part, on lives as they became ready, not
by one run of this command: at 10 Hz from seeds 3000:3018 and dances 3070:3072, at 50 Hz from seeds
3000:3010 and dances 3070:3073; fewer hands came to them. A whole run fits anew.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cerebellum import snapshot
from cerebellum.forward_model import LEAST_PULSES, ForwardModel
from cerebellum.forward_prior import PERIODS_S, ForwardPrior, Net, file_of
from cerebellum.forward_state import initial_state
from cerebellum.reafference import FLOOR, LEAST
from cerebellum.recent import IMU_INPUTS, JOINT_INPUTS
from cerebellum.surprise import CURRENT, IMU, LAG, PULSE_RAD
from ember_embodied.bench.cerebellum import kept_lives
from ember_embodied.bench.cerebellum.touched_lives import (
    OFTEN,
    TAUGHT_DOINGS,
    Life,
    read_motions,
    touched_life,
)

Array = NDArray[np.float64]

TAUGHT_S: Final = {0.1: 240.0, 0.02: 120.0}
DANCED_S: Final = {0.1: 400.0, 0.02: 200.0}
"""Of one life, by the period of the loop."""
BEGIN_S: Final = 3.0
BEFORE_S: Final = 0.05
AFTER_S: Final = 1.5
"""From so long before a hand until so long after it nothing is learned."""
HIDDEN: Final = {"joints": 64, "imu": 48}
DEGREES: Final = 6.0
"""Of freedom of Student's t: tails that are heavier than normal, and do not rule the fit."""
ROUNDS: Final = {0.1: 25, 0.02: 18}
BATCH: Final = 512
RATE: Final = 4e-3


def main() -> None:
    """Live, fit and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--lives", type=Path, required=True)
    parser.add_argument("--seeds", default="3000:3018")
    parser.add_argument("--dances", default="3070:3073")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    for period_s in PERIODS_S:
        paths = live_all(options.data, options.lives, options.seeds, options.dances, period_s)
        prior = fit(paths, period_s)
        target = file_of(ForwardPrior.KIND, period_s)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(snapshot.to_bytes(prior))


def live_all(data: Path, lives: Path, seeds: str, dances: str, period_s: float) -> list[Path]:
    """The files of all lives of a period; what is missing is lived."""
    lives.mkdir(parents=True, exist_ok=True)
    motions = read_motions(data / "recorded_moves")
    rate_hz, paths = 1.0 / period_s, []
    plans = (("taught", seeds, TAUGHT_S, TAUGHT_DOINGS), ("dance", dances, DANCED_S, ("dance",)))
    for name, span, seconds, doings in plans:
        first, last = map(int, span.split(":"))
        for seed in range(first, last):
            path = lives / f"{name}_{rate_hz:g}_{seed}.npz"
            if not path.exists():
                crowd = OFTEN if name == "taught" else None
                life = touched_life(
                    seed, seconds[period_s], rate_hz, motions, crowd=crowd, doings=doings
                )
                kept_lives.save(path, life)
            paths.append(path)
    return paths


def ignorant(period_s: float) -> ForwardPrior:
    """A prior that knows nothing: to run the model for its terms."""

    def empty(inputs: int, means: int) -> Net:
        zeros = partial(np.zeros, dtype=np.float32)
        return Net(
            zeros((1, inputs)), zeros(1), zeros((1, 1)), zeros(1), zeros((2 * means, 1)),
            zeros(2 * means), zeros((means, inputs)),
        )  # fmt: skip

    current = np.zeros((3, 9), dtype=np.float32)
    return ForwardPrior(period_s, empty(JOINT_INPUTS, 9), empty(IMU_INPUTS, 6), current)


@dataclass(slots=True)
class Examples:
    """Ticks in which nobody touched, of one life: what was known, and what came."""

    joints: Array
    imu: Array
    lag: Array
    felt: Array
    current: Array
    current_terms: Array


def collect(path: Path) -> Examples:
    """The examples of a life."""
    life = kept_lives.load(path)
    model = ForwardModel(initial_state(1.0 / life.rate_hz), prior=ignorant(1.0 / life.rate_hz))
    untouched = alone(life)
    rows: list[tuple[Array, ...]] = []
    sent = None
    for sense, after, free in zip(life.senses, life.sent, untouched, strict=True):
        surprise = model.step(sense, sent)
        sent = after
        if not free or not surprise.known.all() or sense.joints is None:
            continue
        found, measured = model.experience(), surprise.measured
        lag = measured[LAG] / PULSE_RAD
        rates = np.array([joint.velocity_rad_s for joint in sense.joints.joints])
        terms = np.stack((lag, rates, np.ones(9)))
        felt = np.concatenate((measured[IMU], found.imu_linear))
        rows.append((found.joints, found.imu, lag, felt, measured[CURRENT], terms))
    joints, imu, lag, felt, current, terms = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    linear = felt[:, 6:]
    weights, *_ = np.linalg.lstsq(linear, felt[:, :6], rcond=None)
    return Examples(joints, imu, lag, (felt[:, :6] - linear @ weights) / FLOOR, current, terms)


def alone(life: Life) -> list[bool]:
    """Of each tick, whether nobody touches the robot or has just done so."""
    times = np.array([sense.t_mono_ns * 1e-9 for sense in life.senses])
    free = times > BEGIN_S
    for hand in life.hands:
        free &= (times < hand.t_s - BEFORE_S) | (times > hand.until_s + AFTER_S)
    found: list[bool] = free.tolist()
    return found


def fit(paths: Sequence[Path], period_s: float) -> ForwardPrior:
    """Both networks, and the currents, of one period."""
    examples = [collect(path) for path in paths]
    print(f"{period_s:g} s: {len(examples)} lives, {sum(len(e.lag) for e in examples)} ticks")
    rounds = ROUNDS[period_s]
    joints = _fit_net(
        [e.joints for e in examples], [e.lag for e in examples], "joints", LEAST_PULSES, rounds
    )
    imu = _fit_net([e.imu for e in examples], [e.felt for e in examples], "imu", LEAST, rounds)
    terms = np.concatenate([e.current_terms for e in examples])
    currents = np.concatenate([e.current for e in examples])
    weights = [
        np.linalg.lstsq(terms[:, :, joint], currents[:, joint], rcond=None)[0] for joint in range(9)
    ]
    return ForwardPrior(period_s, joints, imu, np.array(weights, dtype=np.float32).T.copy())


def _fit_net(
    inputs: Sequence[Array], targets: Sequence[Array], name: str, least: float, rounds: int
) -> Net:
    """Means and deviations by maximum likelihood of Student's t."""
    x = torch.tensor(np.concatenate(inputs), dtype=torch.float32)
    y = torch.tensor(np.concatenate(targets), dtype=torch.float32)
    scale = 1.0 / x.std(dim=0).clamp(min=1e-2)
    means, hidden = y.shape[1], HIDDEN[name]
    unit = y.std(dim=0)
    x *= scale
    first, second, last = (
        nn.Linear(x.shape[1], hidden),
        nn.Linear(hidden, hidden),
        nn.Linear(hidden, 2 * means),
    )
    straight = nn.Linear(x.shape[1], means, bias=False)
    body = nn.Sequential(first, nn.Tanh(), second, nn.Tanh(), last)
    weights = [*body.parameters(), *straight.parameters()]
    optimizer = torch.optim.Adam(weights, lr=RATE)
    steps = rounds * len(x) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    generator = torch.Generator().manual_seed(0)
    total = 0.0
    for step in range(steps):
        pick = torch.randint(len(x), (BATCH,), generator=generator)
        out = body(x[pick])
        mean = (out[:, :means] + straight(x[pick])) * unit
        deviation = least + nn.functional.softplus(out[:, means:])
        off = (y[pick] - mean) / deviation
        loss = 0.5 * (DEGREES + 1.0) * torch.log1p(off * off / DEGREES) + deviation.log()
        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()
        schedule.step()
        total += float(loss.detach().mean())
        if (step + 1) % max(1, steps // 6) == 0:
            print(
                f"  {name}: {step + 1} of {steps}, loss {total / max(1, steps // 6):.3f}",
                flush=True,
            )
            total = 0.0
    with torch.no_grad():
        last.weight[:means] *= unit[:, None]
        last.bias[:means] *= unit
        parts = (
            first.weight * scale, first.bias, second.weight, second.bias, last.weight, last.bias,
            straight.weight * scale * unit[:, None],
        )  # fmt: skip
        return Net(*(part.numpy() for part in parts))


if __name__ == "__main__":
    main()
