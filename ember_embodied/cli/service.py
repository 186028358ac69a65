"""``ember service``: the systemd unit and the udev rules of a robot."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ember_embodied import service
from ember_embodied.cli.options import AsJson, print_json
from ember_embodied.errors import UserError, existing_file

app = typer.Typer(help="Install, remove or look at the systemd service that runs the robot.")

Root = Annotated[Path, typer.Option(metavar="DIR", help="Work under this folder; run no command.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, do nothing.")]
Settings = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings that the service uses.")
]


@app.command()
def install(
    config: Settings = None,
    now: Annotated[bool, typer.Option("--now", help="Start it too: the robot will move.")] = False,
    dry_run: DryRun = False,
    root: Root = Path("/"),
    as_json: AsJson = False,
) -> None:
    """Write units, udev rules and user; enable the service for the next start, the night at 03:00.

    Examples:
      sudo ember service install --config /etc/ember/ember.toml --now
      ember service install --dry-run
    """
    if config is not None:
        config = existing_file(config, "config file").resolve()
    files = service.service_files(root, _executable(), config)
    if dry_run:
        _show_plan(files, as_json=as_json)
        return
    if service.is_system(root) and (closed := service.unreadable_for_others(_executable())):
        raise UserError(
            f"the service's own user cannot enter {closed}; install ember where everyone may "
            "run it, for instance in a virtual environment under /opt/ember"
        )
    _tell(service.install(files, root, start=now), as_json=as_json)


@app.command()
def remove(dry_run: DryRun = False, root: Root = Path("/"), as_json: AsJson = False) -> None:
    """Stop the service and take away everything that install wrote. Recordings stay."""
    files = service.service_files(root, _executable(), None)
    if dry_run:
        present = [f"would remove {file.path}" for file in files if file.path.exists()]
        _tell(present or ["nothing to remove"], as_json=as_json)
    else:
        _tell(service.remove(files, root), as_json=as_json)


@app.command()
def status(root: Root = Path("/"), as_json: AsJson = False) -> None:
    """Say which files are in place and how the unit does; 'ember status' tells the robot's part."""
    files = service.service_files(root, _executable(), service.installed_config(root))
    facts = {
        "files": {str(file.path): file.state for file in files},
        "unit": service.unit_facts() if service.is_system(root) else {},
    }
    if as_json:
        print_json(facts)
        return
    for path, state in facts["files"].items():
        print(f"{state:<10} {path}")
    for key, value in facts["unit"].items():
        print(f"{key:<12} {value}")
    if service.is_system(root) and not facts["unit"]:
        print("no systemd runs here")


def _executable() -> Path:
    """The ``ember`` of the running Python, not resolved: a virtual environment is a link."""
    path = Path(sys.executable).parent / "ember"
    if not path.is_file():
        raise UserError(f"no {path}; install ember with 'pip install .' first")
    return path


def _tell(lines: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"done": lines})
    else:
        print("\n".join(lines))


def _show_plan(files: tuple[service.ServiceFile, ...], *, as_json: bool) -> None:
    if as_json:
        print_json({str(file.path): {"state": file.state, "text": file.text} for file in files})
        return
    for file in files:
        print(f"# {file.path} ({file.state})\n{file.text}")
