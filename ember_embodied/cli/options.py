"""Options that several verbs share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ember_embodied.errors import UserError

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings (TOML); see 'ember config example'."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")]


def print_json(facts: object) -> None:
    """Print records, dicts and lists as indented JSON; a number that is not finite is null."""
    print(msgspec.json.format(msgspec.json.encode(facts), indent=2).decode())


def seed_range(text: str) -> range:
    """``A:B`` as a range that is not empty. Raises ``UserError``."""
    found = re.fullmatch(r"(\d+):(\d+)", text)
    if found is None or int(found[1]) >= int(found[2]):
        raise UserError(f"--seeds {text!r} is not A:B with A below B, for instance 0:5")
    return range(int(found[1]), int(found[2]))
