"""Fit what tells a touch from the robot's own motion: writes ``cerebellum/priors/contact_prior_*``.

    python tools/fit_contact.py --data DIR --lives DIR [--seeds A:B] [--dances A:B]

Takes the lives of ``tools/fit_forward_prior.py``, to be run before, from the folder of lives, runs
the forward model over them as the robot would, learning as it goes, with and without an IMU, and
fits a small network to where and how which hand touches. The limit of evidence is then the one that
untouched time of lives that the network was not fitted to would pass ``FALSE_AN_HOUR`` times.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from fit_forward_prior import alone, live_all
from numpy.typing import NDArray
from torch import Tensor, nn

from cerebellum import snapshot
from cerebellum.contact import (
    INPUTS,
    KINDS,
    OUTPUTS,
    PARTS,
    PLACES,
    ContactPrior,
    Memory,
)
from cerebellum.felt import Place
from cerebellum.forward_model import ForwardModel
from cerebellum.forward_prior import PERIODS_S, file_of
from cerebellum.forward_state import initial_state
from cerebellum.surprise import CHANNELS
from ember_embodied.bench.cerebellum import kept_lives
from ember_embodied.bench.cerebellum.touched_lives import Life

Array = NDArray[np.float32]
Ints = NDArray[np.int64]

IGNORED: Final = -1
BEGIN_S: Final = 3.0
BEFORE_S: Final = 0.05
ONSET_S: Final = 0.5
"""So long after a hand is first felt it must show; later it may rest, and neither is taught."""
GOES_S: Final = 0.35
"""So long after a hand has left it may still be felt."""
RINGS_S: Final = 1.1
"""The same of a knock on the table."""
HIDDEN: Final = 48
STEPS: Final = 1200
TOUCHED, FREE = 224, 288
"""Ticks of a batch: touches are rare, and would be learned last."""
RATE: Final = 6e-3
DECAY: Final = 0.5
JITTER: Final = 0.1
"""Noise on the inputs, in their deviations."""
KIND_WEIGHT: Final = 0.3
FALSE_AN_HOUR: Final = 0.7
RIGHT_PART, LEFT_PART = PARTS.index((7,)), PARTS.index((8,))
BLOCK_S: Final = 2.0
FOLDS: Final = 2
TAIL_SHARE: Final = 0.02


@dataclass(slots=True)
class Felt:
    """A life as the skin has it: inputs [T, 105], place and kind of each tick, or ``IGNORED``."""

    inputs: Array
    places: Ints
    kinds: Ints
    alone: NDArray[np.bool_]


def main() -> None:
    """Feel, fit, set the limit and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--lives", type=Path, required=True)
    parser.add_argument("--seeds", default="3000:3018")
    parser.add_argument("--dances", default="3070:3073")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for period_s in PERIODS_S:
        paths = live_all(options.data, options.lives, options.seeds, options.dances, period_s)
        prior = fit([feel(path) for path in paths], period_s)
        file_of(ContactPrior.KIND, period_s).write_bytes(snapshot.to_bytes(prior))


def feel(path: Path) -> tuple[Felt, Felt]:
    """A life, with its IMU and without."""
    life = kept_lives.load(path)
    blind = replace(life, senses=tuple(replace(sense, imu=None) for sense in life.senses))
    return _feel(life), _feel(blind)


def _feel(life: Life) -> Felt:
    period_s = 1.0 / life.rate_hz
    model, memory = ForwardModel(initial_state(period_s)), Memory(period_s)
    untouched = alone(life)
    inputs = np.zeros((len(life.senses), INPUTS), dtype=np.float32)
    sent = None
    for row, sense, after, free in zip(inputs, life.senses, life.sent, untouched, strict=True):
        row[:] = memory.step(model.step(sense, sent))
        model.learn(np.full(CHANNELS, free))
        sent = after
    places, kinds = labels(life)
    return Felt(inputs, places, kinds, np.array(untouched))


def labels(life: Life) -> tuple[Ints, Ints]:
    """Place (0: nothing) and kind of the hand in each tick."""
    times = np.array([sense.t_mono_ns * 1e-9 for sense in life.senses])
    places = np.where(times < BEGIN_S, IGNORED, 0)
    kinds = np.full(len(times), IGNORED)
    named = [place.value for place in PLACES]
    for hand in life.hands:
        goes_s = RINGS_S if hand.kind == "bump" else GOES_S
        leaves_s = hand.until_s + goes_s
        places[(times > hand.t_s - BEFORE_S) & (times < leaves_s)] = IGNORED
        if hand.felt_s is None:
            continue
        last_s = max(min(hand.until_s, hand.felt_s + ONSET_S), hand.felt_s + 1.0 / life.rate_hz)
        place = 1 + named.index("robot" if hand.place == "foot" else hand.place)
        places[(times >= hand.felt_s) & (times <= last_s)] = place
        kinds[(times >= hand.felt_s) & (times < leaves_s)] = KINDS.index(hand.kind)
    return places, kinds


def fit(lives: Sequence[tuple[Felt, Felt]], period_s: float) -> ContactPrior:
    """The network by cross-entropy; its limit from lives that each fold was not fitted to."""
    peaks: list[Array] = []
    for fold in range(FOLDS):
        others = [life for number, life in enumerate(lives) if number % FOLDS != fold]
        net = _fit_net(others)
        for life in lives[fold::FOLDS]:
            peaks.append(_peaks(life[0], net, period_s))
    limit = _limit(np.concatenate(peaks))
    first, _, last = _fit_net(lives)
    parts = (first.weight, first.bias, last.weight, last.bias)
    return ContactPrior(period_s, *(part.detach().numpy() for part in parts), begins=limit)


def _mirrored(felt: Felt) -> Felt:
    """The same life seen in a mirror: the antennas change places, and sizes have no sides."""
    right, left = PLACES.index(Place.RIGHT_ANTENNA) + 1, PLACES.index(Place.LEFT_ANTENNA) + 1
    places = felt.places.copy()
    places[felt.places == right], places[felt.places == left] = left, right
    order = np.arange(INPUTS)
    for first in range(0, INPUTS - len(PARTS), len(PARTS)):
        order[first + RIGHT_PART], order[first + LEFT_PART] = first + LEFT_PART, first + RIGHT_PART
    return Felt(felt.inputs[:, order], places, felt.kinds, felt.alone)


def _fit_net(lives: Sequence[tuple[Felt, Felt]]) -> nn.Sequential:
    torch.manual_seed(0)
    both = [side for life in lives for felt in life for side in (felt, _mirrored(felt))]
    inputs = torch.from_numpy(np.concatenate([felt.inputs for felt in both]))
    places = torch.from_numpy(np.concatenate([felt.places for felt in both]))
    kinds = torch.from_numpy(np.concatenate([felt.kinds for felt in both]))
    centre, scale = inputs.mean(0), 1.0 / (inputs.std(0) + 1e-3)
    touched = torch.nonzero((places > 0) | (kinds != IGNORED))[:, 0]
    free = torch.nonzero(places == 0)[:, 0]
    inputs = (inputs - centre) * scale
    first, last = nn.Linear(INPUTS, HIDDEN), nn.Linear(HIDDEN, OUTPUTS)
    net = nn.Sequential(first, nn.Tanh(), last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    for _ in range(STEPS):
        some = touched[torch.randint(len(touched), (TOUCHED,))]
        pick = torch.cat((some, free[torch.randint(len(free), (FREE,))]))
        out = net(inputs[pick] + JITTER * torch.randn(len(pick), INPUTS))
        loss = _loss(out, places[pick], kinds[pick])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    print(f"  contact: last loss {float(loss.detach()):.3f}", flush=True)
    with torch.no_grad():
        first.weight *= scale
        first.bias -= first.weight @ centre
        shown = float((places[touched] > 0).sum()) / len(touched) * TOUCHED / FREE
        last.bias[0] += math.log(shown * len(free) / float((places > 0).sum()))
    return net


def _loss(out: Tensor, places: Tensor, kinds: Tensor) -> Tensor:
    entropy = nn.CrossEntropyLoss(ignore_index=IGNORED)
    first = 1 + len(PLACES)
    of_place: Tensor = entropy(out[:, :first], places)
    return of_place + KIND_WEIGHT * entropy(out[:, first:], kinds)


def _peaks(felt: Felt, net: nn.Sequential, period_s: float) -> Array:
    """Greatest log odds of a touch in each block of untouched time."""
    with torch.no_grad():
        out = net(torch.from_numpy(felt.inputs))
        touch = (torch.logsumexp(out[:, 1 : 1 + len(PLACES)], 1) - out[:, 0]).numpy()
    touch = np.where(felt.alone, touch, -math.inf)
    block = round(BLOCK_S / period_s)
    found: Array = touch[: len(touch) // block * block].reshape(-1, block).max(axis=1)
    return found[np.isfinite(found)]


def _limit(peaks: Array) -> float:
    """Log odds that untouched time comes to ``FALSE_AN_HOUR``, from its greatest peaks.

    Peaks over a high threshold fall off exponentially (Pickands 1975, with shape 0).
    """
    hours = len(peaks) * BLOCK_S / 3600.0
    top = np.sort(peaks)[::-1][: max(20, round(TAIL_SHARE * len(peaks)))]
    limit = float(top[-1] + (top.mean() - top[-1]) * math.log(len(top) / (hours * FALSE_AN_HOUR)))
    print(f"  {hours:.2f} h untouched, peaks {np.round(top[:8], 1).tolist()}, limit {limit:.2f}")
    return limit


if __name__ == "__main__":
    main()
