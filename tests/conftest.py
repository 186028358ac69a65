"""Shared by all tests: where the real recordings are, and how a test asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def shared_data(request: pytest.FixtureRequest) -> Path:
    """The folder of real recordings; the test must carry the ``shared_data`` mark."""
    assert request.node.get_closest_marker("shared_data"), "mark the test with shared_data"
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real recordings at {SHARED_DATA}")
    return SHARED_DATA
