"""The whole course: rounds of lives and lessons, then the exam, the bundle and its card.

Round 0 is driven by the teacher, every later one by the network of the round before (DAgger: Ross
et al., AISTATS 2011): the lessons then cover the states into which the network's own mistakes
lead. All lives of all rounds are kept and learned from. Every file is written whole, so a course
that was cut off goes on with the first life or round that is missing, and the result is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from math import cos, pi
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import numpy as np
import torch

from ember_embodied import bundle as bundles
from ember_embodied.bundle import Bundle, Score
from ember_embodied.network import Ember, NetworkConfig
from ember_embodied.training import lives as files
from ember_embodied.training.card import write_card
from ember_embodied.training.cloning import CloningConfig, Curve, clone
from ember_embodied.training.export import Provenance, write_bundle
from ember_embodied.training.rollouts import RolloutSettings, live
from ember_embodied.training.touching import SkinConfig, teach_skin
from ember_embodied.training.weights import load_weights, save_weights
from ember_embodied.trials.composite import COMPOSITE, IDLE, TEACHER, standing
from ember_embodied.trials.contest import Progress, judge, parallel
from ember_embodied.trials.measures import figures
from ember_embodied.trials.policies import EVENT_DRIVEN, policy

T = TypeVar("T")

RIVALS: Final = ("pid", "stock")
"""Who takes the exam beside the network."""
WEIGHTS_NAME: Final = "weights.npz"
THREADS: Final = 2
"""Always as many, so that sums are rounded alike; the matrices are too small for more."""
FORGETTING: Final = 0.85
OLD_ODDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Course:
    """Everything that decides what is learned. Its digest is the bundle's ``data_sha256``."""

    seeds: tuple[int, int]
    """Lives of training are drawn from these seeds, [first, last)."""
    rounds: int = 16
    lives: int = 64
    """New lives of each round."""
    steps: int = 900
    """Steps of learning in each round."""
    last_steps: int = 3000
    """Steps of the last round, in which the learning rate goes to its end."""
    learning_rate: float = 2e-3
    final_rate: float = 1e-4
    """The rate falls along a cosine from the first step of the course to its last."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    rollout: RolloutSettings = field(default_factory=RolloutSettings)
    cloning: CloningConfig = field(default_factory=CloningConfig)
    skin: SkinConfig = field(default_factory=SkinConfig)
    recorded: tuple[str, ...] = ()
    """Files of lives that were lived elsewhere, to learn from as well."""
    torch_seed: int = 1

    def scaled(self, share: float) -> Course:
        """The same course with this share of its lives and steps, at least one of each."""
        return replace(
            self,
            lives=max(1, round(share * self.lives)),
            steps=max(1, round(share * self.steps)),
            skin=replace(self.skin, steps=max(1, round(share * self.skin.steps))),
            last_steps=max(1, round(share * self.last_steps)),
        )

    def steps_of(self, number: int) -> int:
        """Steps of learning in a round."""
        return self.last_steps if number + 1 == self.rounds else self.steps

    def rates_of(self, number: int) -> tuple[float, float]:
        """Learning rate at the start and at the end of a round."""
        whole = sum(map(self.steps_of, range(self.rounds)))
        before = sum(map(self.steps_of, range(number)))

        def rate(step: int) -> float:
            """Learning rate at a step of the course: a half cosine down to the final rate."""
            fall = 0.5 * (1.0 + cos(pi * step / whole))
            return self.final_rate + fall * (self.learning_rate - self.final_rate)

        return rate(before), rate(before + self.steps_of(number))

    def facts(self) -> dict[str, object]:
        """The settings as plain types."""
        facts: dict[str, object] = msgspec.to_builtins(self)
        return facts

    def digest(self) -> str:
        """SHA-256 of the settings as JSON and of the recorded lives' contents."""
        recorded = "".join(bundles.sha256(Path(path).read_bytes()) for path in self.recorded)
        settings = msgspec.json.encode(self.facts(), order="sorted")
        return bundles.sha256(settings + recorded.encode())


def silent(_what: str, _done: int, _whole: int) -> None:
    """Progress that nobody wants to hear of."""


def train(course: Course, work: Path, jobs: int, progress: Progress) -> Ember:
    """Run every round that is not yet on disk in ``work``; return the last round's network."""
    first, last = course.seeds
    needed = course.rounds * course.lives
    if last - first < needed:
        raise files.LifeError(f"seeds {first}:{last}: the course needs {needed} lives")
    torch.manual_seed(course.torch_seed)
    torch.set_num_threads(THREADS)
    recorded = [files.load(Path(path)) for path in course.recorded]
    for path in sorted(work.glob("round_*/life_*.npz")):
        files.load(path)  # a spoiled life is refused before anything is learned
    network, lives, driver = Ember(course.network), list[list[files.Life]](), TEACHER
    for number in range(course.rounds):
        folder = work / f"round_{number:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        seeds = range(first + number * course.lives, first + (number + 1) * course.lives)
        lives.append(_live_all(seeds, driver, course.rollout, folder, jobs, progress))
        weights = folder / WEIGHTS_NAME
        if weights.exists():
            load_weights(network, weights)
        else:
            _learn(network, [*lives[:-1], lives[-1] + recorded], course, number, folder, progress)
            save_weights(network, weights)
        if number + 1 < course.rounds:
            driver = str(_draft(network, course, folder / "bundle"))
    _finish_skin(network, [life for some in lives for life in some] + recorded, course, progress)
    return network


def _finish_skin(
    network: Ember, lives: Sequence[files.Life], course: Course, progress: Progress
) -> None:
    """Teach the skin apart, unless nobody was ever touched."""
    if not any((life.touch[:, 0] > 0).any() for life in lives):
        return

    def watch(step: int, loss: float) -> None:
        """Tell the skin's loss after a step."""
        progress(f"skin: learning, loss {loss:.3f}", step, course.skin.steps)

    rng = np.random.default_rng([course.torch_seed, course.rounds])
    teach_skin(network, lives, course.skin, rng, watch)


def odds_of(rounds: int) -> list[float]:
    """How often a life of each round is learned from, the newest round 1.

    The newest lives show the mistakes that the network makes now, the older ones keep it from
    making again what it has unlearned; the teacher's own, round 0, show no mistake at all.
    """
    odds = [max(OLD_ODDS, FORGETTING**age) for age in reversed(range(rounds))]
    return [min(odds[0], OLD_ODDS), *odds[1:]]


def _live_all(
    seeds: range,
    driver: str,
    settings: RolloutSettings,
    folder: Path,
    jobs: int,
    progress: Progress,
) -> list[files.Life]:
    """Live the lives that are not yet in ``folder``; return all of them, in order of seed."""
    paths = {seed: folder / f"life_{seed:07d}.npz" for seed in seeds}
    missing = [seed for seed, path in paths.items() if not path.exists()]
    tasks = [(seed, settings, driver, str(paths[seed])) for seed in missing]
    done = len(paths) - len(missing)
    for _ in parallel(_live_one, tasks, jobs):
        done += 1
        progress(f"{folder.name}: lives", done, len(paths))
    return [files.load(path) for path in paths.values()]


def _live_one(seed: int, settings: RolloutSettings, driver: str, path: str) -> None:
    # every second life is lived event-driven: the network must know its own rests
    name = driver + EVENT_DRIVEN if seed % 2 and driver != TEACHER else driver
    life, _ = live(seed, settings, policy(name))
    files.save(life, Path(path))


def scores(
    drivers: dict[str, str],
    seeds: Sequence[int],
    settings: RolloutSettings,
    jobs: int,
    progress: Progress,
    folder: Path,
) -> tuple[Score, ...]:
    """Measure each policy (shown name to driver) on the same seeds, idle and teacher along."""
    drivers = drivers | {IDLE: IDLE, TEACHER: TEACHER}
    lives = {
        shown: judge(driver, seeds, settings, jobs, progress, folder)
        for shown, driver in drivers.items()
    }
    found = [
        Score(shown, COMPOSITE, one.value, "1", len(seeds), one.interval)
        for shown, one in standing(lives).composite.items()
    ]
    for shown, tallies in lives.items():
        for f in figures(tallies):
            found.append(Score(shown, f.name, f.value, f.unit, f.n, f.interval))
    return tuple(found)


def _learn(
    network: Ember,
    rounds: Sequence[Sequence[files.Life]],
    course: Course,
    number: int,
    folder: Path,
    progress: Progress,
) -> None:
    steps, rates = course.steps_of(number), course.rates_of(number)
    settings = replace(course.cloning, steps=steps, learning_rate=rates[0], final_rate=rates[1])
    rows = [",".join(column.name for column in fields(Curve))]

    def watch(curve: Curve) -> None:
        """Add a row to the learning curve, and tell how the gaze does."""
        rows.append(",".join(f"{value:g}" for value in asdict(curve).values()))
        progress(f"{folder.name}: learning, gaze {curve.gaze:.3f}", curve.step, steps)

    lives = [life for lives in rounds for life in lives]
    odds = [odd for odd, lives in zip(odds_of(len(rounds)), rounds, strict=True) for _ in lives]
    rng = np.random.default_rng([course.torch_seed, number])
    clone(network, lives, settings, rng, watch, odds)
    (folder / "curve.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _draft(network: Ember, course: Course, path: Path) -> Path:
    """A bundle of an unfinished network, for the next round to drive with."""
    provenance = Provenance(
        name="draft",
        trained=False,
        rate_hz=course.rollout.rate_hz,
        command="",
        data_sha256=course.digest(),
    )
    if not (path / bundles.MANIFEST_FILE).exists():
        write_bundle(network, path, provenance, parity_steps=100)
    return path


def graduate(
    network: Ember,
    course: Course,
    out: Path,
    command: str,
    exam: range,
    suite: str,
    work: Path,
    jobs: int,
    progress: Progress,
) -> Bundle:
    """Write the finished bundle, measure it on seeds of ``suite``, write scores and card.

    Raises ``LifeError`` when the exam has seeds of a suite that were learned from.
    """
    first, last = course.seeds
    if suite == course.rollout.suite and exam.start < last and first < exam.stop:
        raise files.LifeError(f"--exam {exam.start}:{exam.stop} overlaps --seeds {first}:{last}")
    used = first + course.rounds * course.lives
    provenance = Provenance(
        name=out.name,
        trained=True,
        rate_hz=course.rollout.rate_hz,
        command=command,
        data_sha256=course.digest(),
        training={
            key: msgspec.json.encode(value).decode() for key, value in course.facts().items()
        },
        seeds={"training": f"{first}:{used}", "exam": f"{exam.start}:{exam.stop} of {suite}"},
    )
    bundle = write_bundle(network, out, provenance)
    drivers = {out.name: str(out), **{name: name for name in RIVALS}}
    room = replace(course.rollout, suite=suite)
    measured = scores(drivers, exam, room, jobs, progress, work / "exam")
    manifest = msgspec.structs.replace(bundle.manifest, scores=measured)
    bundles.save_manifest(out, manifest)
    (out / bundles.CARD_FILE).write_text(write_card(manifest), encoding="utf-8")
    return bundles.load(out)
