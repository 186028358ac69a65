"""A feature of a dataset: what of a tick becomes which column.

A feature is a fixed number of entries a frame. What is absent, stale or not finite is 0 there and
False in a mask beside it, so that a dataset holds no NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hippocampus.export.wire_columns import Column, Columns

Frames: TypeAlias = dict[str, NDArray[Any]]
"""By name of the feature: [frames, entries], of text [frames]."""


@dataclass(frozen=True, slots=True)
class Widths:
    """How many numbers the networks of the logs give, at most; 0 where they give none."""

    gates: int
    prediction: int
    variance: int


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of a dataset."""

    name: str
    dtype: str
    """float32, int64, bool or string."""
    names: tuple[str, ...]
    """Of its entries."""
    text: str
    """What it is, with its unit, for the card."""
    read: Callable[[Columns], NDArray[Any]]

    @property
    def width(self) -> int:
        """Entries a frame."""
        return len(self.names)


def read_frames(features: tuple[Feature, ...], columns: Columns) -> Frames:
    """Every feature of every row, in its own type; what is not finite is 0."""
    frames: Frames = {}
    with np.errstate(over="ignore"):
        for feature in features:
            values = feature.read(columns)
            typed = values.astype(feature.dtype)
            if feature.dtype == "float32":
                typed[~np.isfinite(typed)] = 0.0
            frames[feature.name] = typed
    return frames


def take_rows(columns: Columns, rows: NDArray[np.int64]) -> Columns:
    """Some rows of the columns, in this order; a row may be taken more than once."""
    taken: Columns = {}
    for path, column in columns.items():
        if column.lengths is None:
            taken[path] = Column(column.values[rows], column.present[rows])
            continue
        widest = int(column.lengths.max(initial=0))
        lengths = column.lengths[rows]
        matrix = column.matrix(widest)[rows]
        values = matrix[np.arange(widest) < lengths[:, None]]
        taken[path] = Column(values, column.present[rows], lengths)
    return taken
