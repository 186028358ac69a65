"""``ember regard``: the hand-regard experiment."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ember_embodied.cli.options import AsJson, print_json
from ember_embodied.errors import UserError


def command(
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.5, max=10.0, help="How long it babbles.")
    ] = 4.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Robot, song, others, noise.")] = 0,
    led: Annotated[
        bool,
        typer.Option(
            "--led", help="The right antenna's motor is dead, and a hand sways it: felt, not own."
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write tables and figures (HTML).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Babble, watch what moves, and learn what of it is oneself.

    The robot dances to a song with head and antennas, in simulation. It sees moving spots: its
    own antennas in a mirror, another robot that dances to its own song (other), one that knows
    the same song (dancer), one that imitates what it sees with a delay (imitator), and a lamp.
    Matching says: mine is what moves as I do. That takes in dancer and imitator. So now and then
    the robot departs from the song, by chance: a beat is withheld, or it goes elsewhere. What
    follows these departures (partial correlation, given the song), as soon as own movement is
    felt, is its own.

    "contrast" and "matching" are the two answers, r2 how much of a motion each explains.

    Examples:
      ember regard                             four minutes before the mirror
      ember regard --minutes 10 --out regard.html
      ember regard --led --json                a limb that is felt and not one's own
    """
    from ember_embodied.regard.experiment import regard
    from ember_embodied.regard.report import html_page, text_lines

    if out is not None and not out.absolute().parent.is_dir():
        raise UserError(f"--out {out}: there is no folder {out.absolute().parent}")
    found = regard(seed, minutes, led=led)
    if out is not None:
        out.write_text(html_page(found), encoding="utf-8")
    if as_json:
        facts = asdict(found)
        print_json({**facts, "right": found.right, "right_by_matching": found.right_by_matching})
    else:
        print("\n".join(text_lines(found)))
