"""A life of a few seconds and the log of it, shared by the tests of the log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ember_embodied.bench import synthetic_life
from hippocampus.tick_record import TickRecord


@pytest.fixture(scope="session")
def life() -> Sequence[TickRecord]:
    """Eight seconds of ticks."""
    return list(synthetic_life.ticks(np.random.default_rng(7), 80))


@pytest.fixture(scope="session")
def recorded(life, tmp_path_factory) -> Path:
    """The session's folder of ``life``: three segments, a chunk for each second or so."""
    return synthetic_life.record(tmp_path_factory.mktemp("recorded"), life, ticks_a_segment=30)
