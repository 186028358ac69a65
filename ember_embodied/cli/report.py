"""``ember report``: the morning's page about a day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from ember_embodied.cli.folders import NightsFolder, SleptDay, StateFolder
from ember_embodied.cli.options import AsJson, ConfigFile, print_json
from ember_embodied.config import load_config
from ember_embodied.errors import UserError
from ember_embodied.report.findings import read
from ember_embodied.report.page import page

_NEW_SUFFIX: Final = ".new"


def command(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The page, one HTML file.")],
    date: SleptDay = None,
    nights: NightsFolder = None,
    state: StateFolder = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Write the report of a day: one page that needs no network and no script.

    The diary, each sentence leading to its moment; touches, voices, people and looks over the day;
    what was kept and why; heat and power; whose movements they were; the tables and how they came;
    faults. It is made of what 'ember sleep' has left; a part that is missing says what would bring
    it.

    Examples:
      ember report --out report.html
      ember report --date 2026-11-22 --out report.html --nights /var/lib/ember/nights
    """
    settings = load_config(config)
    found = read(nights or settings.sleep.nights, state or settings.cerebellum.folder, date)
    content = page(found)
    part = out.with_name(out.name + _NEW_SUFFIX)
    try:
        part.write_text(content, encoding="utf-8")
        part.replace(out)
    except OSError as error:
        raise UserError(f"{out}: cannot be written: {error.strerror}") from error
    day = found.day
    if as_json:
        facts = {"out": str(out), "date": day.date, "bytes": len(content.encode())}
        print_json({**facts, "episodes": len(day.episodes), "missing": dict(found.missing)})
        return
    print(f"{out}: {day.date}, {len(day.episodes)} episodes, {len(content.encode()) / 1e3:.0f} kB")
    for text in found.missing.values():
        print(f"  {text}")
