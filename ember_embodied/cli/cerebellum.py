"""``ember cerebellum``: what a robot has learned; forget it, stop learning, see how it came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import degrees
from pathlib import Path
from typing import Annotated, Final

import typer

from cerebellum.keeping import KINDS
from cerebellum.off_policy import Choice, values
from cerebellum.plasticity import Verdict
from cerebellum.snapshot import PREVIOUS_SUFFIX, SUFFIX
from cerebellum.variants import CATALOGUE
from ember_embodied import learned, learning_history
from ember_embodied.cli.options import AsJson, ConfigFile, print_json
from ember_embodied.config import load_config
from ember_embodied.errors import UserError, existing_file, unknown
from ember_embodied.keeper import FROZEN, Lock
from ember_embodied.table_figure import polar_svg
from firmware_bridge.clock import SystemClock
from hippocampus.reader import Log, LogError
from hippocampus.tick_record import LearningRecord, LookRecord

DEFAULT_LINES: Final = 20
_BELIEVED: Final = (Verdict.LEARNT.name, Verdict.CONFIRMED.name)

State = Annotated[
    Path | None,
    typer.Option(
        "--state", metavar="DIR", help="Folder of what was learned [default: as configured]."
    ),
]

app = typer.Typer(help="What the robot has learned: show it, forget it, stop learning.")


@app.command()
def show(
    state: State = None,
    config: ConfigFile = None,
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="FILE", help="Draw the yaw table, polar, as SVG."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print tables, rooms, ways to correct and noise as they were kept last.

    Bias is how far off a voice is heard, doubt its standard deviation, confidence 0 to 1.

    Examples:
      ember cerebellum show --state /var/lib/ember/state
      ember cerebellum show --figure table.svg
      ember cerebellum show --json | jq .rooms
    """
    folder = _folder(state, config)
    if figure is not None and not figure.absolute().parent.is_dir():
        raise UserError(f"--figure {figure}: there is no folder {figure.absolute().parent}")
    found = learned.read(folder)
    if figure is not None:
        figure.write_text(polar_svg(found), encoding="utf-8")
    if as_json:
        print_json(found)
    else:
        print("\n".join(learned.text_lines(found)))


@app.command()
def reset(
    parts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PART]...",
            help=f"What to forget: {', '.join(kind.KIND for kind in KINDS)}. Default: all.",
            show_default=False,
        ),
    ] = None,
    state: State = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Forget what was learned: the next start begins anew. The robot must not be running.

    Nothing is deleted: the files go to a folder named reset-... beside them.

    Examples:
      ember cerebellum reset --state /var/lib/ember/state
      ember cerebellum reset reach_table            after a servo was replaced
    """
    folder = _existing(_folder(state, config))
    kinds = [kind.KIND for kind in KINDS]
    for part in parts or ():
        if part not in kinds:
            raise unknown("part", part, kinds)
    lock = Lock(folder)
    try:
        files = [
            path
            for kind in parts or kinds
            for pattern in (f"{kind}*{SUFFIX}", f"{kind}*{SUFFIX}{PREVIOUS_SUFFIX}")
            for path in sorted(folder.glob(pattern))
        ]
        if not parts:
            files += [path for path in (folder / learning_history.NAME,) if path.exists()]
        aside = folder / f"reset-{_now():%Y%m%d-%H%M%S}"
        if files:
            aside.mkdir(exist_ok=True)
        for path in files:
            path.replace(aside / path.name)
    except OSError as error:
        raise UserError(f"{folder}: cannot be changed: {error.strerror}") from error
    finally:
        lock.close()
    if as_json:
        print_json({"moved": [path.name for path in files], "to": str(aside) if files else None})
    elif files:
        print("\n".join([f"forgot {path.name}" for path in files] + [f"kept in {aside}"]))
    else:
        print("nothing to forget")


@app.command()
def freeze(
    off: Annotated[bool, typer.Option("--off", help="Learn again.")] = False,
    state: State = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Stop learning, and go on correcting with what is known. A running robot obeys in a second.

    Examples:
      ember cerebellum freeze --state /var/lib/ember/state
      ember cerebellum freeze --off
    """
    folder = _folder(state, config)
    marker = folder / FROZEN
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if off:
            marker.unlink(missing_ok=True)
        else:
            marker.touch()
    except OSError as error:
        raise UserError(f"{folder}: cannot be changed: {error.strerror}") from error
    if as_json:
        print_json({"folder": str(folder.absolute()), "frozen": not off})
    else:
        print(f"{folder}: " + ("it learns" if off else "frozen: it corrects and does not learn"))


@app.command()
def history(
    log: Annotated[
        Path | None,
        typer.Option("--log", metavar="LOG", help="Instead: every look in a log."),
    ] = None,
    lines: Annotated[
        int, typer.Option("--lines", min=1, help="The last so many; --json prints all.")
    ] = DEFAULT_LINES,
    state: State = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Print how learning went: a line for each time that something new was kept, or every look.

    Examples:
      ember cerebellum history --state /var/lib/ember/state
      ember cerebellum history --log logs        every look, and what each way is worth
    """
    if log is not None:
        _looks(log, lines, as_json=as_json)
        return
    entries = learning_history.read(_existing(_folder(state, config)))
    if as_json:
        print_json(entries)
        return
    if not entries:
        print("nothing was kept yet")
        return
    print("when (UTC)         looks rooms  bias doubt surprise  short left right  best way, reward")
    for one in entries[-lines:]:
        when = datetime.fromtimestamp(one.t_wall_ns * 1e-9, tz=UTC)
        print(
            f"{when:%Y-%m-%d %H:%M}  {one.looks:6d} {one.rooms:5d} {one.bias_deg:5.1f} "
            f"{one.doubt_deg:5.1f} {one.surprise:8.2f} {one.short_left_deg:11.1f} "
            f"{one.short_right_deg:5.1f}  {one.variant}, {one.reward:.3f}"
        )


def _looks(log: Path, lines: int, *, as_json: bool) -> None:
    try:
        read = Log(existing_file(log, "log"))
    except LogError as error:
        raise UserError(str(error)) from error
    found = [(r.t_mono_ns, r.look) for r in read.records(LearningRecord) if r.look is not None]
    worth = worth_of_choices([look for _, look in found])
    if as_json:
        looks = [{"t_mono_ns": t_ns, "look": look} for t_ns, look in found]
        print_json({"looks": looks, "worth": worth})
        return
    if not found:
        print(f"{read.folder}: nobody was heard, looked for and found")
        return
    print("     time   heard    seen   error applied  verdict     way (greedy)              reward")
    for t_ns, look in found[-lines:]:
        print(_look_line(t_ns, look))
    if worth:
        print("\nwhat each way would have brought, from the choices and their propensities")
    for name, taken, value, low, high in worth:
        print(f"  {name:<14} {value:.3f} [{low:.3f}, {high:.3f}], taken {taken} times")


def worth_of_choices(looks: Sequence[LookRecord]) -> list[tuple[str, int, float, float, float]]:
    """Name, times taken, and mean reward with its 95 % interval of each way that was ever taken.

    Self-normalised importance weighting of the logged choices (``cerebellum.off_policy``).
    """
    learned_from = [
        (Choice(look.variant, look.greedy, look.randomisation), look.reward)
        for look in looks
        if look.verdict in _BELIEVED and look.randomisation > 0.0
    ]
    size = max([len(CATALOGUE), *(1 + max(c.variant, c.greedy) for c, _ in learned_from)])
    return [
        (_way(one.variant), one.taken, one.snips.value, one.snips.low, one.snips.high)
        for one in values(learned_from, size)
    ]


def _way(variant: int) -> str:
    return CATALOGUE[variant].name if variant < len(CATALOGUE) else f"way {variant}"


def _look_line(t_ns: int, look: LookRecord) -> str:
    names = [_way(variant) for variant in (look.variant, look.greedy)]
    angles = (look.heard_rad, look.seen_rad, look.error_rad, look.applied_rad)
    numbers = "".join(f"{degrees(angle):8.1f}" for angle in angles)
    return (
        f"{t_ns * 1e-9:9.1f}{numbers}  {look.verdict:<12}{f'{names[0]} ({names[1]})':<26}"
        f"{look.reward:.3f}"
    )


def _folder(state: Path | None, config: Path | None) -> Path:
    return state if state is not None else load_config(config).cerebellum.folder


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise UserError(
            f"no state folder {folder.absolute()}; name it with --state, the service's is "
            f"{learned.ROBOT_FOLDER}"
        )
    return folder


def _now() -> datetime:
    return datetime.fromtimestamp(SystemClock().wall_ns() * 1e-9, tz=UTC)
