"""Datasets and adapters that were made from logs: which there are, and marks on stale ones.

A register beside the logs, ``exports.jsonl``, has a line for each dataset that was made of them. An
adapter, or a dataset that was copied elsewhere, is found by what its own files say: the sessions in
``meta/ember.json``, ``manifest.json`` or its card. What was made elsewhere, copied away and named
nowhere cannot be found.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from hippocampus.forgetting.erasure import Erasure

REGISTER: Final = "exports.jsonl"
STALE_FILE: Final = "stale.json"
META_FOLDER: Final = "meta"
_TELLING: Final = (
    "meta/ember.json",
    "manifest.json",
    "adapter_config.json",
    "card.md",
    "README.md",
)
"""Files of a dataset, a bundle or an adapter that say what it was made from."""


class Made(msgspec.Struct, frozen=True):
    """A line of the register."""

    out: str
    """Absolute path of the dataset."""
    t_wall_ns: int
    files: tuple[str, ...]
    """Logs that it was made from: SESSION/000012.mcap."""


class Stale(msgspec.Struct, frozen=True):
    """The mark: what a dataset or an adapter was made from has been forgotten since."""

    forgotten_at_ns: int
    """Unix time."""
    sessions: tuple[str, ...]
    receipt: str
    """Id of the line in ``forgotten.jsonl``."""
    what_to_do: str = "delete it, or make it again from the logs as they are now"


@dataclass(frozen=True, slots=True)
class Found:
    """Something made from logs that are forgotten in part."""

    folder: Path
    sessions: tuple[str, ...]

    @property
    def mark(self) -> Path:
        """Where its mark is put."""
        meta = self.folder / META_FOLDER
        return (meta if meta.is_dir() else self.folder) / STALE_FILE


def note(out: Path, files: Sequence[Path], t_wall_ns: int) -> None:
    """Add an export to the registers beside its logs. Raises ``OSError``."""
    by_root: dict[Path, list[str]] = {}
    for path in files:
        resolved = path.resolve()
        root = resolved.parent.parent
        by_root.setdefault(root, []).append(resolved.relative_to(root).as_posix())
    for root, names in by_root.items():
        line = msgspec.json.encode(Made(str(out.resolve()), t_wall_ns, tuple(names)))
        with (root / REGISTER).open("ab") as register:
            register.write(line + b"\n")
            register.flush()
            os.fsync(register.fileno())


def registered(logs: Path) -> list[Made]:
    """Every export of these logs that is known; a torn line is left out."""
    path = logs / REGISTER
    if not path.exists():
        return []
    found = []
    for line in path.read_bytes().splitlines():
        try:
            found.append(msgspec.json.decode(line, type=Made))
        except msgspec.DecodeError:
            continue
    return found


def find(logs: Path, files: Iterable[str], folders: Sequence[Path]) -> list[Found]:
    """What was made from any of ``files`` (SESSION/000012.mcap): registered, or in ``folders``."""
    gone = set(files)
    sessions = sorted({name.partition("/")[0] for name in gone})
    found: dict[Path, Found] = {}
    for made in registered(logs):
        folder = Path(made.out)
        used = sorted({name.partition("/")[0] for name in made.files if name in gone})
        if used and folder.is_dir():
            found[folder] = Found(folder, tuple(used))
    for folder in {folder for top in folders for folder in _telling_folders(top)}:
        told = b"\n".join(
            path.read_bytes() for name in _TELLING if (path := folder / name).is_file()
        )
        used = [session for session in sessions if session.encode() in told]
        if used and folder.resolve() not in found:
            found[folder.resolve()] = Found(folder.resolve(), tuple(used))
    return sorted(found.values(), key=lambda one: one.folder)


def mark(found: Iterable[Found], t_wall_ns: int, receipt: str, erasure: Erasure) -> None:
    """Stage the marks. Raises ``OSError``."""
    for one in found:
        stale = Stale(t_wall_ns, one.sessions, receipt)
        erasure.reach(one.folder)
        erasure.write(one.mark, msgspec.json.format(msgspec.json.encode(stale)) + b"\n")


def stale_mark(folder: Path) -> Stale | None:
    """The mark on a dataset or an adapter; None where there is none."""
    for path in (folder / META_FOLDER / STALE_FILE, folder / STALE_FILE):
        try:
            return msgspec.json.decode(path.read_bytes(), type=Stale)
        except FileNotFoundError:
            continue
        except msgspec.DecodeError:
            return Stale(0, (), "")  # somebody has edited it; it is a mark all the same
    return None


def _telling_folders(top: Path) -> Iterator[Path]:
    if not top.is_dir():
        return
    for name in _TELLING:
        for path in top.rglob(name):
            yield path.parent.parent if name.startswith(META_FOLDER) else path.parent
