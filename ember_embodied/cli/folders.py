"""A robot's folders: as they are named on the command line, or as they are set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ember_embodied.config import Config
from hippocampus.night.sleep import LOGS, MEMORY, STATE
from hippocampus.transaction.journal import NIGHTS, Roots

LogsFolder = Annotated[
    Path | None, typer.Option("--log", metavar="DIR", help="Folder of the sessions.")
]
StateFolder = Annotated[
    Path | None, typer.Option("--state", metavar="DIR", help="What the robot has learned.")
]
MemoryFolder = Annotated[
    Path | None, typer.Option("--memory", metavar="DIR", help="The associative memory.")
]
NightsFolder = Annotated[
    Path | None, typer.Option("--nights", metavar="DIR", help="Episodes, days and diaries.")
]
SleptDay = Annotated[
    str | None,
    typer.Option(
        "--date", metavar="DAY", help="YYYY-MM-DD. Default: the newest that a night has read."
    ),
]


def robot_folders(
    config: Config,
    logs: Path | None,
    state: Path | None,
    memory: Path | None,
    nights: Path | None,
) -> Roots:
    """The four folders by name; one that is not named is as configured."""
    return {
        LOGS: logs or config.log.folder,
        STATE: state or config.cerebellum.folder,
        MEMORY: memory or config.sleep.memory,
        NIGHTS: nights or config.sleep.nights,
    }
