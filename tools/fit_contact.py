"""Fit what tells a touch from the robot's own motion: writes ``cerebellum/priors/contact_prior_*``.

    python tools/fit_contact.py --data DIR --lives DIR [--thick A:B,C:D] [--dances A:B] [--jobs N]

Lives short simulated lives of many servo units under many hands, and dances of others whom nobody
touches, at 10 and 50 Hz; keeps them in the folder of lives (those that are there are not lived
again). Runs the forward model over them as the robot would, learning as it goes, and fits a small
recurrent network to where and how which hand touches, with and without an IMU. The limit of
evidence is the one that untouched time of lives that the network was not fitted to would pass
``FALSE_AN_HOUR`` times. The forward model's own prior (``tools/fit_forward_prior.py``) comes first.

The priors that ship are of fewer lives than this command's: at 10 Hz of seeds 701000:701085 and
705000:705070 and dances 703000:703010, at 50 Hz of 701000:701100, 705000:705010 and 706000:706060
and dances 703000:703007; judged while they were made by seeds 704000:704012.
They were fitted with ``ONSET_S`` of 0.5; that at 10 Hz was, from an earlier state, fitted on
with 1.5 for 1,100 steps, to 133 lives under hands and dances 703000:703006.
What the judging lives and dances 703000:703010 said set its limit, not ``FALSE_AN_HOUR``.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from fit_forward_prior import alone
from numpy.typing import NDArray
from torch import Tensor, nn

from cerebellum import snapshot
from cerebellum.contact import (
    INPUTS,
    KINDS,
    LOUD,
    OF_CHIP,
    OUTPUTS,
    PARTS,
    PLACES,
    SIZES,
    SMALLEST,
    STEPS,
    ContactPrior,
    Memory,
)
from cerebellum.felt import Place
from cerebellum.forward_model import ForwardModel
from cerebellum.forward_prior import PERIODS_S, file_of
from cerebellum.forward_state import initial_state
from cerebellum.surprise import CHANNELS
from ember_embodied.bench.cerebellum import kept_lives
from ember_embodied.bench.cerebellum.touched_lives import (
    TAUGHT_DOINGS,
    THICK,
    Life,
    read_motions,
    touched_life,
)

Array = NDArray[np.float32]
Ints = NDArray[np.int64]

THICK_S: Final = 80.0
DANCED_S: Final = 400.0
"""Of one life."""
IGNORED: Final = -1
BEGIN_S: Final = 3.0
BEFORE_S: Final = 0.05
ONSET_S: Final = 1.5
"""So long after a hand is first felt it must show; later it may rest, and neither is taught."""
GOES_S: Final = 0.35
"""So long after a hand has left it may still be felt."""
RINGS_S: Final = 1.1
"""The same of a knock on the table."""
TOLD_S: Final = 0.6
"""So long after a hand has left its kind is asked for."""
HIDDEN: Final = 32
DROPPED: Final = 0.15
STEPS_OF_FIT: Final = {0.1: 3000, 0.02: 4500}
WINDOW_S: Final = {0.1: 14.0, 0.02: 6.0}
"""Of the stretches that are learned from; the first part of each only fills the memory."""
FILLS_S: Final = 1.5
BATCH: Final = 40
BLIND_SHARE: Final = 0.3
DANCE_SHARE: Final = 0.2
RATE: Final = 8e-3
DECAY: Final = 1e-3
JITTER: Final = 0.1
"""Noise on the inputs."""
CLIP: Final = 1.0
TOUCHED_WEIGHT: Final = 3.0
KIND_WEIGHT: Final = 0.3
DURING_WEIGHT: Final = 0.2
"""Of a kind while the hand is still there."""
KEPT_BACK: Final = 6
"""One of so many lives under hands, and half of the dances, are kept back and set the limits."""
FALSE_AN_HOUR: Final = 0.5
MOST_LIMIT: Final = 5.0
"""A higher limit would leave too many hands unfelt. At 50 Hz it binds: calm time may pass it more
often than ``FALSE_AN_HOUR`` says."""
BLOCK_S: Final = 2.0
TAIL_SHARE: Final = 0.01
TAIL_LEAST: Final = 15
_SIDES: Final = np.array([0, 6, 5, 4, 3, 2, 1, 8, 7])
_CHIP_SIGNS: Final = (-1.0, 1.0, -1.0, 1.0, -1.0, 1.0)
"""In a mirror: rolls and yaws turn round, and so does what points to a side."""


@dataclass(slots=True)
class Felt:
    """A life as the skin has it: inputs [T, 53], place and kind of each tick, or ``IGNORED``."""

    inputs: Tensor
    places: Tensor
    kinds: Tensor
    told: Tensor
    """[T] weight of the kind."""
    calm: NDArray[np.bool_]
    """[T] Nobody touches it, and it makes no sudden turn."""


def main() -> None:
    """Live, feel, fit, set the limit and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--lives", type=Path, required=True)
    parser.add_argument("--thick", default="701000:701100,705000:705070,706000:706160")
    parser.add_argument("--dances", default="703000:703010")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    options.lives.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.jobs)
    for period_s in PERIODS_S:
        of_hands, of_dances = (
            live_all(options.data, options.lives, name, span, period_s, options.jobs)
            for name, span in (("thick", options.thick), ("dance", options.dances))
        )
        prior = fit([feel(p) for p in of_hands], [feel(p) for p in of_dances], period_s)
        file_of(ContactPrior.KIND, period_s).write_bytes(snapshot.to_bytes(prior))


def live_all(
    data: Path, lives: Path, name: str, spans: str, period_s: float, jobs: int
) -> list[Path]:
    """The files of all lives of one sort; what is missing is lived."""
    bounds = [map(int, span.split(":")) for span in spans.split(",")]
    seeds = [seed for first, last in bounds for seed in range(first, last)]
    paths = [lives / f"{name}_{1.0 / period_s:g}_{seed}.npz" for seed in seeds]
    missing = [path for path in paths if not path.exists()]
    with ProcessPoolExecutor(jobs) as pool:
        for path in pool.map(partial(_live, data / "recorded_moves"), missing):
            print(f"  lived {path.name}", flush=True)
    return paths


def _live(moves: Path, path: Path) -> Path:
    """Live the life that a file is named after."""
    name, rate_hz, seed = path.stem.split("_")
    thick = name == "thick"
    seconds, crowd = (THICK_S, THICK) if thick else (DANCED_S, None)
    doings = TAUGHT_DOINGS if thick else ("dance",)
    motions = read_motions(moves)
    life = touched_life(int(seed), seconds, float(rate_hz), motions, crowd=crowd, doings=doings)
    kept_lives.save(path, life)
    return path


def feel(path: Path) -> Felt:
    """A life as the skin has it, with its IMU; learning goes on when nobody touches."""
    life = kept_lives.load(path)
    model = ForwardModel(initial_state(1.0 / life.rate_hz))
    untouched = alone(life)
    memory = Memory(1.0 / life.rate_hz)
    inputs = np.zeros((len(life.senses), INPUTS), dtype=np.float32)
    sent = None
    for kept, sense, after, free in zip(inputs, life.senses, life.sent, untouched, strict=True):
        kept[:] = memory.step(model.step(sense, sent))
        model.learn(np.full(CHANNELS, free))
        sent = after
    places, kinds, told = labels(life)
    return Felt(
        torch.from_numpy(inputs), torch.from_numpy(places), torch.from_numpy(kinds),
        torch.from_numpy(told), np.array(untouched) & (np.array(life.doing) != "turn"),
    )  # fmt: skip


def labels(life: Life) -> tuple[Ints, Ints, Array]:
    """Place (0: nothing) and kind of the hand in each tick, and how much the kind counts."""
    times = np.array([sense.t_mono_ns * 1e-9 for sense in life.senses])
    places = np.where(times < BEGIN_S, IGNORED, 0)
    kinds = np.full(len(times), IGNORED)
    told = np.zeros(len(times), dtype=np.float32)
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
        kind = (times >= hand.felt_s) & (times < hand.until_s + TOLD_S)
        kinds[kind] = KINDS.index(hand.kind)
        told[kind] = np.where(times[kind] < hand.until_s, DURING_WEIGHT, 1.0)
    return places, kinds, told


def _mirror() -> Ints:
    """Order of the inputs in a mirror: the antennas change places, and sizes have no sides."""
    order = np.arange(INPUTS)
    for first in (*range(0, SIZES.stop, len(PARTS)), STEPS.start, LOUD.start):
        order[[first + RIGHT_PART, first + LEFT_PART]] = first + LEFT_PART, first + RIGHT_PART
    return order


def blinded(inputs: Tensor) -> Tensor:
    """The same [..., 53] without an IMU."""
    return inputs * _SEEN + _UNSEEN


RIGHT_PART, LEFT_PART = PARTS.index((7,)), PARTS.index((8,))
_ORDER = torch.from_numpy(_mirror())
_SEEN, _UNSEEN = torch.ones(INPUTS), torch.zeros(INPUTS)
for _first in (*range(0, SIZES.stop, len(PARTS)), LOUD.start):
    _chip = slice(_first + OF_CHIP.start, _first + OF_CHIP.stop)
    _SEEN[_chip], _UNSEEN[_chip] = 0.0, 0.0 if _first == LOUD.start else math.log(SMALLEST)
_SEEN[-1] = 0.0
_RIGHT, _LEFT = (1 + PLACES.index(p) for p in (Place.RIGHT_ANTENNA, Place.LEFT_ANTENNA))


class Network(nn.Module):
    """What ``cerebellum.contact`` runs, over whole stretches."""

    def __init__(self, centre: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.centre, self.scale = centre, scale
        self.again = nn.GRU(INPUTS, HIDDEN, batch_first=True)
        self.drop = nn.Dropout(DROPPED)
        self.last = nn.Linear(HIDDEN, OUTPUTS)

    def forward(self, inputs: Tensor) -> Tensor:
        """[B, T, 53] to logits [B, T, 14]."""
        kept, _ = self.again((inputs - self.centre) * self.scale)
        said: Tensor = self.last(self.drop(kept))
        return said


def fit(hands: Sequence[Felt], dances: Sequence[Felt], period_s: float) -> ContactPrior:
    """The network by cross-entropy; its limits from lives that it was not fitted to."""
    hands_back, hands = hands[::KEPT_BACK], _without(hands)
    dances_back, dances = dances[::2], dances[1::2]
    net = _fit_net(hands, dances, period_s)
    net.eval()
    limits = []
    for seeing in (True, False):
        peaks = [_peaks(life, net, period_s, seeing) for life in (*hands_back, *dances_back)]
        limits.append(_limit(np.concatenate(peaks)))
    return _prior(net, period_s, *limits)


def _without(lives: Sequence[Felt]) -> list[Felt]:
    return [life for number, life in enumerate(lives) if number % KEPT_BACK]


def _fit_net(hands: Sequence[Felt], dances: Sequence[Felt], period_s: float) -> Network:
    torch.manual_seed(0)
    every = torch.cat([life.inputs for life in hands])
    net = Network(every.mean(0), 1.0 / (every.std(0) + 0.05))
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    steps = STEPS_OF_FIT[period_s]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    random = np.random.default_rng(0)
    total = 0.0
    for step in range(steps):
        inputs, places, kinds, told = _batch(random, hands, dances, period_s)
        loss = _loss(net(inputs), places, kinds, told)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimizer.step()
        schedule.step()
        total += float(loss.detach())
        if (step + 1) % 50 == 0:
            print(f"  contact: {step + 1} of {steps}, loss {total / 50:.4f}", flush=True)
            total = 0.0
    return net


def _batch(
    random: np.random.Generator, hands: Sequence[Felt], dances: Sequence[Felt], period_s: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Stretches of lives, some in a mirror, some without their IMU."""
    window, fills = round(WINDOW_S[period_s] / period_s), round(FILLS_S / period_s)
    rows: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    for _ in range(BATCH):
        some = dances if random.random() < DANCE_SHARE and dances else hands
        life = some[int(random.integers(len(some)))]
        first = int(random.integers(len(life.places) - window))
        cut = slice(first, first + window)
        inputs, places = life.inputs[cut], life.places[cut].clone()
        places[:fills] = IGNORED
        if random.random() < 0.5:
            inputs = inputs[:, _ORDER]
            right, left = places == _RIGHT, places == _LEFT
            places[right], places[left] = _LEFT, _RIGHT
        if random.random() < BLIND_SHARE:
            inputs = blinded(inputs)
        rows.append((inputs, places, life.kinds[cut], life.told[cut]))
    inputs, places, kinds, told = (torch.stack(column) for column in zip(*rows, strict=True))
    return inputs + JITTER * torch.randn(inputs.shape), places, kinds, told


def _loss(out: Tensor, places: Tensor, kinds: Tensor, told: Tensor) -> Tensor:
    first = 1 + len(PLACES)
    weights = torch.full((first,), TOUCHED_WEIGHT)
    weights[0] = 1.0
    of_place: Tensor = nn.functional.cross_entropy(
        out[..., :first].reshape(-1, first), places.reshape(-1), weights, ignore_index=IGNORED
    )
    of_kind = nn.functional.cross_entropy(
        out[..., first:].reshape(-1, len(KINDS)), kinds.reshape(-1), ignore_index=IGNORED,
        reduction="none",
    )  # fmt: skip
    kind: Tensor = (of_kind * told.reshape(-1)).sum() / told.sum().clamp(min=1.0)
    return of_place + KIND_WEIGHT * kind


def _peaks(felt: Felt, net: Network, period_s: float, seeing: bool) -> Array:
    """Greatest log odds of a touch in each block of calm time.

    A robot that turns suddenly all the time is no measure of how often it is wrong.
    """
    with torch.no_grad():
        out = net((felt.inputs if seeing else blinded(felt.inputs))[None])[0]
        touch = (torch.logsumexp(out[:, 1 : 1 + len(PLACES)], 1) - out[:, 0]).numpy()
    touch = np.where(felt.calm, touch, -math.inf)
    block = round(BLOCK_S / period_s)
    found: Array = touch[: len(touch) // block * block].reshape(-1, block).max(axis=1)
    return found[np.isfinite(found)]


def _limit(peaks: Array) -> float:
    """Log odds that untouched time comes to ``FALSE_AN_HOUR``, from its greatest peaks.

    Peaks over a high threshold fall off exponentially (Pickands 1975, with shape 0).
    """
    hours = len(peaks) * BLOCK_S / 3600.0
    top = np.sort(peaks)[::-1][: max(TAIL_LEAST, round(TAIL_SHARE * len(peaks)))]
    limit = float(top[-1] + (top.mean() - top[-1]) * math.log(len(top) / (hours * FALSE_AN_HOUR)))
    print(f"  {hours:.2f} h untouched, peaks {np.round(top[:8], 1).tolist()}, limit {limit:.2f}")
    return min(limit, MOST_LIMIT)


def _prior(net: Network, period_s: float, begins: float, begins_blind: float) -> ContactPrior:
    """The network as it is run: centre and scale of the inputs are within its weights."""
    with torch.no_grad():
        again = net.again
        first = again.weight_ih_l0 * net.scale
        bias = again.bias_ih_l0 - first @ net.centre
        bias[: 2 * HIDDEN] += again.bias_hh_l0[: 2 * HIDDEN]
        parts = (
            first, bias, again.weight_hh_l0, again.bias_hh_l0[2 * HIDDEN :],
            net.last.weight, net.last.bias,
        )  # fmt: skip
        kept = [np.ascontiguousarray(part.numpy()) for part in parts]
        return ContactPrior(period_s, *kept, begins=begins, begins_blind=begins_blind)


if __name__ == "__main__":
    main()
