"""A file that is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from hippocampus.segment import sync_folder


def write_whole(path: Path, content: bytes, part_suffix: str) -> None:
    """Return when it is on the disk. Raises ``OSError``; the file is then as it was.

    A power cut may leave what was written of it beside it, under its name and ``part_suffix``.
    """
    part = path.with_name(path.name + part_suffix)
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
