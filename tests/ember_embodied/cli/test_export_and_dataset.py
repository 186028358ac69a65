"""``ember export`` and ``ember dataset``: what they print, and their exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ember_embodied.bench import synthetic_life

Ember = Callable[..., tuple[int, str, str]]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    life = synthetic_life.ticks(np.random.default_rng(11), 20)
    return synthetic_life.record(tmp_path / "logs", life)


def test_a_log_is_exported_and_checked(ember: Ember, log: Path, tmp_path: Path) -> None:
    out = tmp_path / "dataset"
    code, told, _ = ember("export", log.parent, "--out", out, "--json")
    assert code == 0
    facts = json.loads(told)
    assert (facts["frames"], facts["ticks"], facts["out"]) == (20, 20, str(out))
    assert ember("dataset", "check", out) == (0, f"{out}: sound\n", "")
    (out / "meta" / "stats.json").unlink()
    code, told, _ = ember("dataset", "check", out)
    assert (code, told) == (
        1,
        "meta/stats.json: found no such file, wanted the statistics of every feature\n",
    )
    code, told, _ = ember("dataset", "check", out, "--json")
    assert (code, json.loads(told)["defects"][0]["file"]) == (1, "meta/stats.json")


def test_what_cannot_be_done_is_said_in_a_line(ember: Ember, log: Path, tmp_path: Path) -> None:
    out = tmp_path / "dataset"
    for arguments, text in (
        ((log, "--format", "lerobt"), "lerobot"),
        ((log, "--where", "mode"), "NAME OP VALUE"),
        ((tmp_path / "none",), "no log"),
        ((log, log), "named twice"),
    ):
        code, _, err = ember("export", *arguments, "--out", out)
        assert (code, err.count("\n")) == (2, 1)
        assert text in err
    assert ember("dataset", "check", tmp_path / "nowhere")[0] == 2
    code, _, err = ember("dataset", "check", log)
    assert (code, "neither meta/ nor data/" in err) == (2, True)
