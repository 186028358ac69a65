"""The files of the system service: systemd units, udev rules, own user; written and taken away.

Files are written beside their place and renamed, only where they differ, so that installing twice
changes nothing and a power cut leaves each file old or new. With another root than ``/`` only
files are touched and no command runs.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ember_embodied.errors import UserError

UNIT: Final = "ember.service"
NIGHT_UNIT: Final = "ember-sleep.service"
TIMER: Final = "ember-sleep.timer"
USER: Final = "ember"
TARGETS: Final = {
    "ember.service": Path("etc/systemd/system/ember.service"),
    "99-ember.rules": Path("etc/udev/rules.d/99-ember.rules"),
    "ember.sysusers": Path("etc/sysusers.d/ember.conf"),
    "ember-sleep.service": Path("etc/systemd/system/ember-sleep.service"),
    "ember-sleep.timer": Path("etc/systemd/system/ember-sleep.timer"),
}
"""Shipped file to its place under the root."""
COMMAND_TIMEOUT_S: Final = 60.0

_TEMPLATE_FOLDERS: Final = (
    Path(__file__).parents[1] / "tools" / "service",
    Path(__file__).parent / "service_files",
)
"""In a clone, and in an installed package."""
_AFTER_INSTALL: Final = (
    ("systemd-sysusers", "/etc/sysusers.d/ember.conf"),
    ("udevadm", "control", "--reload"),
    ("udevadm", "trigger", "--subsystem-match=usb", "--subsystem-match=tty"),
    ("systemctl", "daemon-reload"),
    ("systemctl", "enable", UNIT),
    ("systemctl", "enable", "--now", TIMER),
)
_BEFORE_REMOVE: Final = (
    ("systemctl", "disable", "--now", TIMER),
    ("systemctl", "stop", NIGHT_UNIT),
    ("systemctl", "disable", "--now", UNIT),
)
_AFTER_REMOVE: Final = (
    ("systemctl", "daemon-reload"),
    ("udevadm", "control", "--reload"),
    ("userdel", USER),
)
_SHOWN: Final = ("ActiveState", "SubState", "Result", "NRestarts", "MainPID", "StatusText")


@dataclass(frozen=True, slots=True)
class ServiceFile:
    """One file of the service: where it belongs and what is to be in it."""

    path: Path
    text: str

    @property
    def state(self) -> str:
        """Whether it is "installed", "missing", or "differs" from what would be written now."""
        try:
            return "installed" if self.path.read_text("utf-8") == self.text else "differs"
        except OSError:
            return "missing"


def service_files(root: Path, executable: Path, config: Path | None) -> tuple[ServiceFile, ...]:
    """The files under ``root`` for the ``ember`` at ``executable``, with settings in ``config``."""
    fill = {
        "@EMBER@": _quoted(executable),
        "@CONFIG@": f" --config {_quoted(config)}" if config else "",
    }
    files = []
    for name, place in TARGETS.items():
        text = _template(name).read_text("utf-8")
        for mark, value in fill.items():
            text = text.replace(mark, value)
        files.append(ServiceFile(root / place, text))
    return tuple(files)


def installed_config(root: Path) -> Path | None:
    """The settings file that the installed unit names, None without a unit or a file."""
    try:
        unit = (root / TARGETS[UNIT]).read_text("utf-8")
    except OSError:
        return None
    found = re.search(r'^ExecStopPost=.* --config "?(.+?)"?$', unit, re.MULTILINE)
    return Path(found[1].replace("%%", "%")) if found else None


def install(files: Iterable[ServiceFile], root: Path, *, start: bool) -> list[str]:
    """Write what differs and tell systemd and udev; returns one line for each thing done.

    Raises ``UserError`` where a file cannot be written or a command fails.
    """
    done = []
    for file in files:
        if file.state == "installed":
            done.append(f"unchanged {file.path}")
        else:
            _write(file)
            done.append(f"wrote {file.path}")
    if is_system(root):
        commands = (*_AFTER_INSTALL, ("systemctl", "restart", UNIT)) if start else _AFTER_INSTALL
        done += [_run(command, required=True) for command in commands]
    return done


def remove(files: Iterable[ServiceFile], root: Path) -> list[str]:
    """Stop the service, take every file and the user away; returns one line for each thing done.

    Recordings in /var/log/ember are data, not ours to delete, and stay. Raises ``UserError``.
    """
    system = is_system(root)
    present = [file for file in files if file.path.exists()]
    if not present:
        return ["nothing to remove"]
    done = [_run(command, required=False) for command in _BEFORE_REMOVE] if system else []
    for file in present:
        try:
            file.path.unlink()
        except OSError as error:
            raise _refused(file.path, error) from error
        done.append(f"removed {file.path}")
    return done + ([_run(command, required=False) for command in _AFTER_REMOVE] if system else [])


def unit_facts() -> dict[str, str]:
    """What systemd knows of the unit; empty where no systemd runs."""
    try:
        shown = subprocess.run(
            ("systemctl", "show", UNIT, f"--property={','.join(_SHOWN)}"),
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return {}
    pairs = (line.partition("=") for line in shown.stdout.splitlines())
    return {key: value for key, _, value in pairs}


def unreadable_for_others(executable: Path) -> Path | None:
    """The first folder or file on the way that a user of its own may not enter or run."""
    for path in (*reversed(executable.parents), executable):
        if not stat.S_IMODE(path.stat().st_mode) & stat.S_IXOTH:
            return path
    return None


def _template(name: str) -> Path:
    for folder in _TEMPLATE_FOLDERS:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"{name} did not come with this install of ember")


def _quoted(path: Path) -> str:
    """A path as systemd.service(5) wants it in a command line."""
    text = str(path).replace("%", "%%")
    return f'"{text}"' if " " in text else text


def is_system(root: Path) -> bool:
    """Whether ``root`` is the running system, where commands are run too."""
    return root.resolve() == Path("/")


def _write(file: ServiceFile) -> None:
    temporary = file.path.with_name(f".{file.path.name}.new")
    try:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as handle:
            handle.write(file.text)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.chmod(0o644)
        temporary.replace(file.path)
        folder = os.open(file.path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _refused(file.path, error) from error


def _refused(path: Path, error: OSError) -> UserError:
    hint = "; it needs root: sudo" if isinstance(error, PermissionError) else ""
    return UserError(f"cannot change {path}: {error.strerror}{hint}")


def _run(command: Sequence[str], *, required: bool) -> str:
    """Run a command of the system; a line that says so."""
    line = " ".join(command)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S)
        failure = "" if done.returncode == 0 else (done.stderr.strip() or f"code {done.returncode}")
    except FileNotFoundError:
        failure = f"there is no {command[0]} here"
    except subprocess.TimeoutExpired:
        failure = f"no answer in {COMMAND_TIMEOUT_S:.0f} s"
    if failure and required:
        raise UserError(f"'{line}' failed: {failure}; the files are in place")
    return f"failed '{line}': {failure}" if failure else f"ran '{line}'"
