"""``ember dataset``: whether a dataset is what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from ember_embodied.cli.export import needs_arrow
from ember_embodied.cli.options import AsJson, print_json
from ember_embodied.errors import UserError, existing_file

EXIT_DEFECTS: Final = 1

app = typer.Typer(help="Check a dataset for training.")


@app.callback()
def dataset() -> None:
    """Check a dataset for training."""


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A LeRobotDataset v3.0.")],
    as_json: AsJson = False,
) -> None:
    """Find what loaders pass over in silence: one line for each defect; exit code 1 with any.

    Times against frames and fps, gaps in numbers, bounds of episodes, statistics computed anew,
    NaN and infinities, shapes and types, tasks, missing and torn files, totals, version; and
    whether logs that it was made from were forgotten since ('ember forget').

    Examples:
      ember dataset check dataset && echo sound
      ember dataset check dataset --json | jq '.defects[].file'
    """
    needs_arrow()
    from hippocampus.dataset_check.check import check as find
    from hippocampus.dataset_check.defect import NoDataset

    existing_file(folder, "dataset")
    try:
        defects = list(find(folder))
    except NoDataset as error:
        raise UserError(str(error)) from error
    if as_json:
        print_json({"dataset": str(folder), "sound": not defects, "defects": defects})
    else:
        print("\n".join(map(str, defects)) or f"{folder}: sound")
    if defects:
        raise typer.Exit(EXIT_DEFECTS)
