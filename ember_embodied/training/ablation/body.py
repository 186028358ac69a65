"""The body task: relive recorded lives with lessons, then move the robot in the simulator.

All conditions learn from the same lives for the same steps and are measured twice: on lives of
other seeds that nobody learned from, and in closed loop in lives that are the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import torch
from torch import Tensor

from ember_embodied.bundle import sha256
from ember_embodied.errors import UserError, unknown
from ember_embodied.network import Ember, NetworkConfig
from ember_embodied.training import lives as files
from ember_embodied.training.ablation import closed_loop
from ember_embodied.training.ablation.closed_loop import drive
from ember_embodied.training.ablation.observation import observe
from ember_embodied.training.ablation.task import LayerGates, Measure, Outcome, Progress
from ember_embodied.training.cloning import CloningConfig, Curve, chunk_losses, clone
from ember_embodied.training.course import Course, train
from ember_embodied.training.lanes import chunk_of
from ember_embodied.training.lives import Life, LifeError
from ember_embodied.training.rollouts import RolloutSettings
from ember_embodied.trials.composite import IDLE, LEAST_SPAN, TEACHER
from ember_embodied.trials.contest import judge
from ember_embodied.trials.measures import utility
from firmware_bridge.clock import SystemClock
from firmware_bridge.simulation.suite import SuiteError, load_suite

DATA_FILE: Final = "data.json"
SPLIT_SEED: Final = 0
CURVE_POINTS: Final = 25
LOSSES: Final = (
    Measure(
        "loss",
        "1",
        higher_is_better=False,
        says="loss of cloning on held-out lives, without belief",
    ),
    Measure("command", "1", higher_is_better=False, says="its part of the five commands"),
    Measure("gaze", "1", higher_is_better=False, says="its part of the gaze"),
    Measure("place", "1", higher_is_better=False, says="its part of where the gaze shall go"),
    Measure("prediction", "nats", higher_is_better=False, says="its part of the next senses"),
    Measure("confidence", "nats", higher_is_better=False, says="its part of the confidence"),
    Measure("touch", "nats", higher_is_better=False, says="its part of the skin"),
    Measure("belief", "nats", higher_is_better=False, says="surprise of the map"),
)


class BodySizes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of everything one run gets."""

    steps: int
    lives: int
    """At most so many lives are learned from."""
    held_out: int
    batch: int = 32
    chunk: int = 50
    learning_rate: float = 3e-3
    evaluation: int = 0
    """Lives in closed loop; 0: none."""
    first_seed: int = 700_000
    """Of the lives in closed loop."""
    suite: str = "standard"
    """They are drawn from it."""
    course: float = 0.2
    """Share of the usual course that is lived where no folder of lives is given."""

    def __post_init__(self) -> None:
        """Raise ``ValueError`` on sizes that leave nothing to learn or to measure."""
        for name in ("steps", "lives", "held_out", "batch", "chunk"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}, expected at least 1")


class Data(msgspec.Struct, frozen=True):
    """Which lives are for what."""

    learned: tuple[str, ...]
    held_out: tuple[str, ...]
    facts: dict[str, str]
    idle: float = 0.0
    """Utility of standing still in the lives in closed loop."""
    teacher: float = 1.0


class BodyTask:
    """See the module."""

    def __init__(self, sizes: BodySizes) -> None:
        self.sizes = sizes

    @classmethod
    def of(cls, sizes: Mapping[str, Any]) -> BodyTask:
        """From a spec's ``[sizes]``. Raises ``UserError``."""
        try:
            task = cls(msgspec.convert(dict(sizes), BodySizes))
            load_suite(task.sizes.suite)
        except (msgspec.ValidationError, SuiteError) as error:
            raise UserError(f"sizes: {error}") from error
        return task

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Closed loop first, then losses on held-out lives."""
        return (*closed_loop.MEASURES, *LOSSES) if self.sizes.evaluation else LOSSES

    @property
    def about(self) -> list[str]:
        """What a run is."""
        s = self.sizes
        effort = f"{s.steps:,} steps of {s.batch} lives times {s.chunk} ticks"
        lines = [f"Each run clones the teacher for {effort}."]
        if s.evaluation:
            lives = f"{s.evaluation} lives of the suite {s.suite}, the same for all"
            lines.append(f"Then it drives the simulated robot through {lives}.")
        return lines

    def check(self, settings: Mapping[str, Any]) -> None:
        """Build the network once. Raises ``UserError``."""
        network_config(settings)

    def prepare(
        self, folder: Path, source: Path | None, jobs: int, progress: Progress
    ) -> dict[str, str]:
        """Choose the lives. Raises ``UserError`` on a bad one, or where others were chosen."""
        if source is None:
            source = folder / "course"
            train(Course(seeds=(0, 100_000)).scaled(self.sizes.course), source, jobs, progress)
        data, place = self._choose(source), folder / DATA_FILE
        if place.exists():
            before = msgspec.json.decode(place.read_bytes(), type=Data)
            if before.facts["digest"] != data.facts["digest"]:
                raise UserError(f"{folder}: its runs learned from other lives; name another --out")
        folder.mkdir(parents=True, exist_ok=True)
        if self.sizes.evaluation:
            data = self._scaled(data, folder, jobs, progress)
        place.write_bytes(msgspec.json.format(msgspec.json.encode(data), indent=1))
        return data.facts

    def _scaled(self, data: Data, folder: Path, jobs: int, progress: Progress) -> Data:
        """With what idle and teacher are worth: the scale of the composite."""
        worth = {
            name: utility(
                judge(name, self._seeds(), self._rollout(), jobs, progress, folder / "judged")
            )
            for name in (IDLE, TEACHER)
        }
        if worth[TEACHER] - worth[IDLE] < LEAST_SPAN:
            raise UserError(
                f"evaluation = {self.sizes.evaluation}: these lives leave nothing to do, "
                "the teacher is worth no more than standing still"
            )
        return msgspec.structs.replace(data, idle=worth[IDLE], teacher=worth[TEACHER])

    def _seeds(self) -> range:
        return range(self.sizes.first_seed, self.sizes.first_seed + self.sizes.evaluation)

    def _rollout(self) -> RolloutSettings:
        suite = self.sizes.suite
        return RolloutSettings(seconds=load_suite(suite).seconds, suite=suite, noise_share=0.0)

    def _choose(self, source: Path) -> Data:
        paths = files.check_lives([source])
        count, held = len(paths), self.sizes.held_out
        if count <= held:
            raise LifeError(f"{source}: {count} lives, expected {held} to hold out and more")
        order = np.random.default_rng(SPLIT_SEED).permutation(count)
        chosen = [str(paths[i].resolve()) for i in order[: held + self.sizes.lives]]
        whole = "".join(sha256(Path(path).read_bytes()) for path in chosen)
        facts = {
            "lives learned from": f"{len(chosen) - held} of {source.name}",
            "lives held out": str(held),
            "digest": sha256(whole.encode()),
        }
        return Data(tuple(chosen[held:]), tuple(chosen[:held]), facts=facts)

    def run(self, folder: Path, settings: Mapping[str, Any], seed: int) -> Outcome:
        """Train one network and measure it."""
        data = msgspec.json.decode((folder / DATA_FILE).read_bytes(), type=Data)
        config, curve, clock = self._cloning(), list[Curve](), SystemClock()
        torch.manual_seed(seed)
        network = Ember(network_config(settings))
        started_ns = clock.mono_ns()
        clone(network, _lives(data.learned), config, np.random.default_rng(seed), curve.append)
        train_s = (clock.mono_ns() - started_ns) * 1e-9
        network.eval()
        measures, gates = examine(network, _lives(data.held_out), config)
        if self.sizes.evaluation and np.isfinite(measures["loss"]):
            worth = (data.idle, data.teacher)
            measures = drive(network, self._seeds(), self._rollout(), *worth) | measures
        fault = "" if all(map(np.isfinite, measures.values())) else "a loss is not finite"
        every = max(1, len(curve) // CURVE_POINTS)
        return Outcome(
            measures={} if fault else measures,
            curve=[
                (c.step, round(_whole(_losses_of(c), config), 4)) for c in curve[::-every][::-1]
            ],
            gates=[] if fault else gates,
            parameters=sum(p.numel() for p in network.parameters() if p.requires_grad),
            train_s=train_s,
            fault=fault,
        )

    def _cloning(self) -> CloningConfig:
        s = self.sizes
        return CloningConfig(
            steps=s.steps, batch=s.batch, chunk=s.chunk, learning_rate=s.learning_rate
        )


def network_config(settings: Mapping[str, Any]) -> NetworkConfig:
    """A network's config from a spec. Raises ``UserError`` on an unknown name or a wrong value."""
    known = [field.name for field in fields(NetworkConfig)]
    for name in settings:
        if name not in known:
            raise unknown("setting of the network", name, known)
    try:
        config = msgspec.convert(dict(settings), NetworkConfig)
        Ember(config)
    except ValueError as error:
        raise UserError(str(error)) from error
    return config


def examine(
    network: Ember, lives: Sequence[Life], config: CloningConfig
) -> tuple[dict[str, float], list[LayerGates]]:
    """Mean losses on lives, each lived from its start, and what the gates did meanwhile."""
    sums, ticks = torch.zeros(len(_LOSSES)), 0
    batches = _side_by_side(lives)
    with torch.inference_mode():
        for whole in batches:
            length, count, _ = whole["dt"].shape
            before = network.initial_state(count)
            losses, _ = chunk_losses(network, whole, before, config.hand_share)
            sums, ticks = sums + losses * length * count, ticks + length * count
        gates = observe(network, max(batches, key=lambda b: b["dt"].numel()))
    measures = dict(zip(_LOSSES, (sums / ticks).tolist(), strict=True))
    if not network.config.bins:
        del measures["belief"]
    return {"loss": _whole(measures, config)} | measures, gates


_LOSSES: Final = tuple(field.name for field in fields(Curve) if field.name != "step")


def _losses_of(curve: Curve) -> dict[str, float]:
    return {name: getattr(curve, name) for name in _LOSSES}


def _whole(losses: Mapping[str, float], config: CloningConfig) -> float:
    """The sum that training makes smaller, but for what only some networks have.

    The command's weight is 1.
    """
    common = {name: loss for name, loss in losses.items() if name != "belief"}
    return sum(getattr(config, f"{name}_weight", 1.0) * loss for name, loss in common.items())


def _side_by_side(lives: Sequence[Life]) -> list[dict[str, Tensor]]:
    """Lives of one length together, as ``Lanes.draw`` gives chunks."""
    by_length: dict[int, list[Life]] = {}
    for life in lives:
        by_length.setdefault(len(life.dt), []).append(life)
    return [chunk_of(alike) for alike in by_length.values()]


@lru_cache(maxsize=2)
def _lives(paths: tuple[str, ...]) -> tuple[Life, ...]:
    return tuple(files.load(Path(path)) for path in paths)
