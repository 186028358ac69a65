"""Policies live the same lives, in as many processes as wanted; what was lived is not lived again.

Tallies are kept in a folder under the digest of all that decides them: who drives, the suite,
how it is lived, and the code that lives and judges. So idle and teacher, which every comparison
needs, cost their time once.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

import msgspec

import firmware_bridge
from ember_embodied.bundle import sha256
from ember_embodied.training.rollouts import RolloutSettings, live
from ember_embodied.trials.policies import digest_of, policy
from ember_embodied.trials.tally import Tally, tally
from firmware_bridge.simulation.atlas import load_atlas
from firmware_bridge.simulation.suite import load_suite

T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Told (what, done, of how many) as the work goes on."""

_PACKAGE: Final = Path(__file__).parents[1]
_BODY: Final = Path(firmware_bridge.__file__).parent
_DECIDING: Final = (
    *((_PACKAGE, pattern) for pattern in ("*.py", "trials/*.py", "training/[ert]*.py")),
    *((_BODY, pattern) for pattern in ("**/*.py", "simulation/**/*.npz")),
)
"""Folders and patterns of the files that decide what a life is and how it is judged."""


def code_digest() -> str:
    """SHA-256 of every file that decides what a life is and how it is judged."""
    files = sorted(file for folder, pattern in _DECIDING for file in folder.glob(pattern))
    return sha256(b"".join(file.read_bytes() for file in files))


def suite_digest(name_or_path: str) -> str:
    """SHA-256 of what a suite and its atlas say, whatever their files are called.

    Raises ``TableError`` where one of them cannot be read.
    """
    suite = load_suite(name_or_path)
    load_atlas(suite.atlas)  # so that it is refused here and not in a life
    atlas = Path(suite.atlas)
    own = atlas.read_bytes() if atlas.is_file() else b""
    return sha256(msgspec.json.encode(suite, order="deterministic") + own)


def judge(
    driver: str,
    seeds: Sequence[int],
    settings: RolloutSettings,
    jobs: int,
    progress: Progress,
    folder: Path | None = None,
) -> list[Tally]:
    """Let a policy live ``seeds`` and tally each life, in order of seed.

    With a ``folder`` tallies that are there are read, and new ones kept. Raises ``UserError`` on
    an unknown policy, ``TableError`` on an unknown suite, before any life begins.
    """
    quiet = replace(settings, noise_share=0.0, astray_share=0.0)
    who = digest_of(driver)
    place = None
    if folder is not None:
        parts = (who, suite_digest(quiet.suite), repr(replace(quiet, suite="")), code_digest())
        place = folder / sha256("\n".join(parts).encode())[:16]
        place.mkdir(parents=True, exist_ok=True)
    results: dict[int, Tally] = {}
    if place is not None:
        for seed in seeds:
            kept = place / f"{seed:07d}.json"
            if kept.exists():
                results[seed] = msgspec.json.decode(kept.read_bytes(), type=Tally)
    missing = [seed for seed in seeds if seed not in results]
    progress(driver, len(results), len(seeds))
    for seed, found in parallel(_judge_one, [(s, quiet, driver) for s in missing], jobs):
        results[seed] = found
        if place is not None:
            partial = place / f"{seed:07d}.partial"
            partial.write_bytes(msgspec.json.encode(found))
            partial.rename(place / f"{seed:07d}.json")
        progress(driver, len(results), len(seeds))
    return [results[seed] for seed in seeds]


def _judge_one(seed: int, settings: RolloutSettings, driver: str) -> tuple[int, Tally]:
    return seed, tally(live(seed, settings, policy(driver))[1])


def parallel(work: Callable[..., T], tasks: Sequence[tuple[object, ...]], jobs: int) -> Iterator[T]:
    """Run the tasks in ``jobs`` processes, results as they come; one job runs right here.

    An interrupt ends the workers without a word and is raised here.
    """
    if jobs <= 1:
        for task in tasks:
            yield work(*task)
        return
    context, others = multiprocessing.get_context("spawn"), set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        min(jobs, len(tasks) or 1),
        mp_context=context,
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_DFL),
    )
    finished = False
    try:
        for future in as_completed([pool.submit(work, *task) for task in tasks]):
            yield future.result()
        finished = True
    finally:
        if not finished:
            for worker in set(multiprocessing.active_children()) - others:
                worker.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
