"""What a forgetting replaces and removes, by the files' own places, as one change for good."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hippocampus.transaction.change import Change
from hippocampus.transaction.journal import STAGING, Kind, Roots
from hippocampus.transaction.overwrite import overwrite
from hippocampus.transaction.settle import Settled

RECEIPTS: Final = "forgotten.jsonl"
"""What was erased, a line for each time: what kind, how much, when, digests."""


class Erasure:
    """Collects what is to be done. Raises ``OSError`` as the disk does."""

    def __init__(self, roots: Roots) -> None:
        """``roots``: as of a change; a file counts to the innermost that it lies in."""
        # What a night that was cut off has read is made anew, without what is forgotten.
        overwrite(folder / STAGING / part for folder in roots.values() for part in ("new", "work"))
        self._change = Change({name: folder.absolute() for name, folder in roots.items()})

    def reach(self, folder: Path) -> None:
        """Let files of another folder be changed too."""
        self._change.roots[str(folder.absolute())] = folder.absolute()

    def replace(self, target: Path) -> Path:
        """Where to write what will take the place of ``target``."""
        return self._change.new(*self._place(target))

    def write(self, target: Path, data: bytes) -> None:
        """Replace a small file whole."""
        self._change.put(*self._place(target), data)

    def remove(self, target: Path) -> None:
        """Remove a file, unless it is to be replaced."""
        self._change.drop(*self._place(target))

    def commit(self, what: str, receipts: Path, receipt: bytes) -> Settled:
        """Let it hold, and add a line of JSON to the receipts."""
        before = receipts.read_bytes() if receipts.exists() else b""
        self.write(receipts, before + receipt + b"\n")
        return self._change.commit(what, Kind.FOR_GOOD)

    def abandon(self) -> None:
        """Leave everything as it was; nothing where it is decided already."""
        self._change.abandon()

    def _place(self, target: Path) -> tuple[str, str]:
        path = target.absolute()
        name, root = max(
            (one for one in self._change.roots.items() if path.is_relative_to(one[1])),
            key=lambda one: len(one[1].parts),
        )
        return name, path.relative_to(root).as_posix()
