"""``ember bench embodied``: policies live the same simulated lives and are compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from ember_embodied.cli.options import AsJson, print_json, seed_range
from ember_embodied.errors import UserError

if TYPE_CHECKING:
    from ember_embodied.bench.embodied import Comparison

SUITE: Final = "standard"
SEEDS: Final = "0:20"
POLICIES: Final = ("live", "pid", "stock")
WORK: Final = Path("runs/embodied")
NAME_COLUMNS: Final = 28
VALUE_COLUMNS: Final = 20


def command(
    suite: Annotated[
        str, typer.Option("--suite", metavar="NAME|FILE", help="Suite to draw the lives from.")
    ] = SUITE,
    seeds: Annotated[
        str, typer.Option("--seeds", metavar="A:B", help="Lives to live, B not included.")
    ] = SEEDS,
    policies: Annotated[
        list[str] | None,
        typer.Option(
            "--policy",
            metavar="NAME|BUNDLE",
            help="Who drives: idle, stock, pid, teacher, or a bundle by name or folder; with "
            "@event-driven behind it a bundle's network steps only when something changes; "
            "teacher@3 is told of a voice when three readings have shown it. "
            "Again for each. Default: live, pid, stock.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Simulations at a time.")] = 1,
    work: Annotated[
        Path, typer.Option("--work", metavar="DIR", help="Folder of lives already judged.")
    ] = WORK,
    as_json: AsJson = False,
) -> None:
    """Let policies live the same lives; print what each is worth, with 95 % intervals.

    The composite is 0 for a robot that does nothing (idle) and 1 for the teacher, which is told
    the truth. Both always live along. Lives that were judged before are read, not lived again.

    Examples:
      ember bench embodied --policy live --policy pid --seeds 0:40 --jobs 2
      ember bench embodied --suite my_rooms.toml --policy models/ember --json
      ember bench embodied --policy live --policy live@event-driven
    """
    from ember_embodied.bench.embodied import compare

    drawn = seed_range(seeds)
    if work.exists() and not work.is_dir():
        raise UserError(f"--work {work} is a file, not a folder")
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    bars, tasks = Progress(*columns, console=Console(stderr=True)), dict[str, TaskID]()

    def progress(what: str, done: int, whole: int) -> None:
        if what not in tasks:
            bars.start()  # not before: what is refused is refused in one line
            tasks[what] = bars.add_task(what, total=whole)
        bars.update(tasks[what], completed=done)

    try:
        comparison = compare(policies or POLICIES, suite, drawn, jobs, work, progress)
    finally:
        if tasks:
            bars.stop()
    if as_json:
        print_json(comparison)
    else:
        print("\n".join(table(comparison)))


def table(comparison: Comparison) -> list[str]:
    """The comparison as lines: a column a policy, a line a number, then paired differences."""
    results = comparison.results
    lives = f"suite {comparison.suite}, seeds {comparison.seeds}, {comparison.seconds:g} s each"
    lines = [lives, _line("", [result.policy for result in results])]
    composites = [result.composite for result in results]
    if any(composites):
        cells = [f"{c.value:.3f}{_range(c.interval, 2)}" if c else "-" for c in composites]
        lines.append(_line("composite", cells))
    else:
        lines.append("no composite: in these lives idle is worth as much as the teacher")
    names = dict.fromkeys((f.name, f.unit) for result in results for f in result.figures)
    for name, unit in names:
        found = [{f.name: f for f in result.figures}.get(name) for result in results]
        cells = [f"{f.value:.3g}{_range(f.interval, 3, 'g')}" if f else "-" for f in found]
        lines.append(_line(f"{name}, {unit}", cells))
    for d in comparison.differences:
        margin = f"{d.value:+.3f}{_range(d.interval, 3)}"
        lines.append(f"composite of {d.policy} less that of {d.other}: {margin}")
    return lines


def _line(name: str, cells: list[str]) -> str:
    return f"{name:<{NAME_COLUMNS}}" + "".join(f" {cell:>{VALUE_COLUMNS}}" for cell in cells)


def _range(interval: tuple[float, float] | None, digits: int, kind: str = "f") -> str:
    return f" [{interval[0]:.{digits}{kind}}, {interval[1]:.{digits}{kind}}]" if interval else ""
