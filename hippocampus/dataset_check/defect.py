"""A defect of a dataset, and how the checks tell one."""

from __future__ import annotations

from dataclasses import dataclass


class NoDataset(Exception):  # noqa: N818  it says what is there, not what went wrong
    """There is no dataset at a path; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong: where, what was found, and what would be right."""

    file: str
    """Under the dataset's folder."""
    column: str
    """"" where the whole file is meant."""
    row: int | None
    """In the file, from 0; None where no single row is meant."""
    found: str
    wanted: str

    def __str__(self) -> str:
        """One line."""
        where = f"{self.file}, {self.column}" if self.column else self.file
        if self.row is not None:
            where += f", row {self.row}"
        return f"{where}: found {self.found}, wanted {self.wanted}"
