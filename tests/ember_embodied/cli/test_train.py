from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Ember = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--network", "transformer"), "transformer"),
        (("--suite", "nowhere.toml"), "nowhere.toml"),
        (("--lives", "no_such_folder"), "no_such_folder"),
        (("--seeds", "5:5"), "5:5"),
    ],
)
def test_training_is_refused_before_it_starts(
    ember: Ember, tmp_path: Path, options: tuple[str, ...], named: str
) -> None:
    code, _, complaint = ember("train", "--out", str(tmp_path / "out"), *options)
    assert code == 2
    assert named in complaint
    assert complaint.count("\n") == 1
    assert not any(tmp_path.iterdir())
