"""``ember train``: make a bundle again, from seeds to card, with one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ember_embodied.cli.model import need_torch, score_lines
from ember_embodied.cli.options import seed_range
from ember_embodied.errors import UserError, unknown
from firmware_bridge.simulation.suite import SuiteError, load_suite

SEEDS: Final = "0:2000"
EXAM_SEEDS: Final = "970000:970040"


def command(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the bundle; its name too.")
    ],
    seeds: Annotated[
        str, typer.Option("--seeds", metavar="A:B", help="Lives to learn from.")
    ] = SEEDS,
    exam: Annotated[
        str, typer.Option("--exam", metavar="A:B", help="Lives to measure on, never learned from.")
    ] = EXAM_SEEDS,
    exam_suite: Annotated[
        str, typer.Option("--exam-suite", metavar="NAME|FILE", help="What those are drawn from.")
    ] = "standard",
    work: Annotated[
        Path | None,
        typer.Option("--work", metavar="DIR", help="Lives and rounds so far; default runs/NAME."),
    ] = None,
    network: Annotated[
        str, typer.Option("--network", metavar="NAME", help="ember, softmax, cfc, gru or mlp.")
    ] = "ember",
    suite: Annotated[
        str, typer.Option("--suite", metavar="NAME|FILE", help="What the lives are drawn from.")
    ] = "training",
    lives: Annotated[
        list[Path] | None,
        typer.Option("--lives", metavar="DIR", help="Recorded lives to learn from as well."),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Simulations at a time.")] = 1,
    scale: Annotated[
        float, typer.Option("--scale", min=0.01, max=10.0, help="Share of the usual effort.")
    ] = 1.0,
) -> None:
    """Train the network in simulation; write a bundle with manifest, scores and card.

    What was cut off goes on where it stopped, as long as the --work folder is there.

    Examples:
      ember train --out models/ember --jobs 2
      ember train --out models/gru --network gru
      ember train --out /tmp/try --scale 0.05 --exam 100000:100004      a quick look
    """
    need_torch()
    from ember_embodied.family import EMBER, FAMILY
    from ember_embodied.training.course import Course, graduate, train
    from ember_embodied.training.lives import check_lives
    from ember_embodied.training.rollouts import RolloutSettings

    if network not in FAMILY:
        raise unknown("network", network, FAMILY)
    learned, examined = seed_range(seeds), seed_range(exam)
    checked_suite(suite)
    checked_suite(exam_suite)
    recorded = check_lives(lives) if lives else ()
    course = Course(
        seeds=(learned.start, learned.stop),
        network=FAMILY[network],
        rollout=RolloutSettings(suite=suite),
        recorded=tuple(map(str, recorded)),
    ).scaled(scale)
    again = f"ember train --out models/{out.name} --seeds {seeds} --exam {exam}"
    again += f" --network {network}" if network != EMBER else ""
    again += f" --suite {suite}" if suite != "training" else ""
    again += f" --exam-suite {exam_suite}" if exam_suite != "standard" else ""
    again += "".join(f" --lives {folder}" for folder in lives or ())
    again += f" --scale {scale:g}" if scale != 1.0 else ""
    columns = (
        TextColumn("{task.description:<32}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, int] = {}

        def progress(what: str, done: int, whole: int) -> None:
            stage, _, detail = what.partition(", ")
            if stage not in tasks:
                tasks[stage] = int(bars.add_task(what, total=whole))
            description = f"{stage}, {detail}" if detail else stage
            bars.update(bars.task_ids[tasks[stage]], completed=done, description=description)

        folder = work or Path("runs") / out.name
        trained = train(course, folder, jobs, progress)
        bundle = graduate(trained, course, out, again, examined, exam_suite, folder, jobs, progress)
    print(f"{bundle.path}  {bundle.digest}")
    print("\n".join(score_lines(bundle.manifest)))


def checked_suite(name: str) -> None:
    """Raise ``UserError`` when there is no such suite, or it cannot be read."""
    try:
        load_suite(name)
    except SuiteError as error:
        raise UserError(str(error)) from error
