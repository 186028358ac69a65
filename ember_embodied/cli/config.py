"""``ember config``: what is set, and what can be set."""

from __future__ import annotations

import typer

from ember_embodied.cli.options import AsJson, ConfigFile, print_json
from ember_embodied.config import config_to_toml, example_toml, load_config

app = typer.Typer(help="Print the effective configuration, or an example with every key.")


@app.command()
def show(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Print every setting as it would be used: the defaults and what the file changes."""
    settings = load_config(config)
    if as_json:
        print_json(settings)
    else:
        print(config_to_toml(settings), end="")


@app.command()
def example() -> None:
    """Print a file with every key, its default and its meaning.

    Example:
      ember config example > ember.toml
    """
    print(example_toml(), end="")
