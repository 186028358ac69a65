"""A study on disk: every (condition, seed) is a file that is written whole, so it goes on.

OUT/data/                        what the task prepared
OUT/runs/CONDITION/SEED.json     one ``Run``
OUT/results.json                 all of them with their spec: the report is made from it alone
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import torch

from ember_embodied.bundle import sha256
from ember_embodied.errors import UserError, existing_file
from ember_embodied.training.ablation.spec import Spec, SpecError
from ember_embodied.training.ablation.task import Measure, Outcome, Progress, make_task
from ember_embodied.training.export import code_sha256
from ember_embodied.trials.contest import parallel

RESULTS_FILE: Final = "results.json"
DATA_FOLDER: Final = "data"
RUNS_FOLDER: Final = "runs"


class Run(msgspec.Struct, frozen=True):
    """One outcome, with what decided it."""

    condition: str
    seed: int
    key: str
    """Digest of task, sizes, network and data: a run of another key is not of this study."""
    code: str
    """Digest of the code that made it."""
    outcome: Outcome


class Results(msgspec.Struct, frozen=True):
    """A whole study."""

    spec: Spec
    measures: tuple[Measure, ...]
    about: list[str]
    data: dict[str, str]
    runs: list[Run]


class _Job(NamedTuple):
    spec: Spec
    condition: str
    seed: int
    key: str
    folder: Path


def check(spec: Spec) -> None:
    """Raise ``SpecError`` when task, measure or a network of the spec cannot be made."""
    try:
        task = make_task(spec.task, spec.sizes)
    except UserError as error:
        raise SpecError(str(error)) from error
    measured = [measure.name for measure in task.measures]
    if spec.primary not in measured:
        raise SpecError(f"primary = {spec.primary!r}, expected one of {', '.join(measured)}")
    for name in spec.conditions():
        try:
            task.check(spec.settings(name))
        except UserError as error:
            raise SpecError(f"condition {name!r}: {error}") from error


def conduct(
    spec: Spec, folder: Path, source: Path | None, jobs: int, progress: Progress
) -> Results:
    """Do every run that is not yet in ``folder``, seed by seed; return the results.

    They are written after every run, so that a report can be made of an unfinished study.
    Raises ``UserError`` on bad data, or where the folder holds a study of other data.
    """
    check(spec)
    task = make_task(spec.task, spec.sizes)
    folder.mkdir(parents=True, exist_ok=True)
    data = task.prepare(folder / DATA_FOLDER, source, jobs, progress)
    wanted = [
        _Job(spec, c.name, seed, _key(spec, c.name, data["digest"]), folder)
        for seed in range(max(c.seeds for c in spec.condition))
        for c in spec.condition
        if seed < c.seeds
    ]

    def collect() -> Results:
        """All runs that are stored by now, written to the results file, and returned."""
        runs = [run for job in wanted if (run := _stored(job)) is not None]
        results = Results(spec, task.measures, task.about, data, runs)
        write_whole(folder / RESULTS_FILE, _json(results))
        return results

    missing = [job for job in wanted if _stored(job) is None]
    done = len(wanted) - len(missing)
    progress("runs", done, len(wanted))
    for name, seed in parallel(_do, [(job,) for job in missing], jobs):
        done += 1
        progress(f"runs, {name} seed {seed}", done, len(wanted))
        collect()
    return collect()


def load_results(folder: Path) -> Results:
    """The results of a study that was conducted in ``folder``. Raises ``UserError``."""
    path = existing_file(folder / RESULTS_FILE, "results of an ablation")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results)
    except msgspec.MsgspecError as error:
        raise UserError(f"{path}: {error}") from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file; a half-written one never has the final name."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.rename(path)


def _key(spec: Spec, condition: str, data: str) -> str:
    whole = (spec.task, spec.sizes, spec.settings(condition), data)
    return sha256(msgspec.json.encode(whole, order="deterministic"))[:16]


def _place(job: _Job) -> Path:
    return job.folder / RUNS_FOLDER / job.condition / f"{job.seed}.json"


def _stored(job: _Job) -> Run | None:
    """The run of a job, if there is one and it is this job's."""
    try:
        run = msgspec.json.decode(_place(job).read_bytes(), type=Run)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    return run if run.key == job.key else None


def _do(job: _Job) -> tuple[str, int]:
    """One run, in whatever process."""
    torch.set_num_threads(1)  # the matrices are small, and more threads only wait for each other
    task = make_task(job.spec.task, job.spec.sizes)
    settings = job.spec.settings(job.condition)
    outcome = task.run(job.folder / DATA_FOLDER, settings, job.seed)
    run = Run(job.condition, job.seed, job.key, code_sha256()[:16], outcome)
    _place(job).parent.mkdir(parents=True, exist_ok=True)
    write_whole(_place(job), msgspec.json.encode(run))
    return job.condition, job.seed


def _json(results: Results) -> bytes:
    """One line a run, so that two studies can be compared line by line."""
    head = msgspec.structs.asdict(results)
    runs = [msgspec.json.encode(run) for run in head.pop("runs")]
    start = msgspec.json.format(msgspec.json.encode(head), indent=1).removesuffix(b"\n}")
    return start + b',\n "runs": [\n' + b",\n".join(runs) + b"\n]}\n"
