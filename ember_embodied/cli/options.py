"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings (TOML); see 'ember config example'."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")]


def print_json(facts: object) -> None:
    """Print records, dicts and lists as indented JSON; a number that is not finite is null."""
    print(msgspec.json.format(msgspec.json.encode(facts), indent=2).decode())
