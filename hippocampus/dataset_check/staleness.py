"""Whether what a dataset was made from has been forgotten since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hippocampus.dataset_check.defect import Defect
from hippocampus.forgetting.exports import META_FOLDER, STALE_FILE, stale_mark


def check_staleness(root: Path) -> Iterator[Defect]:
    """The mark that ``ember forget`` has put, as a defect."""
    mark = stale_mark(root)
    if mark is not None:
        sessions = ", ".join(mark.sessions) or "its logs"
        yield Defect(
            f"{META_FOLDER}/{STALE_FILE}",
            "",
            None,
            f"a mark: {sessions} forgotten in part since",
            mark.what_to_do,
        )
