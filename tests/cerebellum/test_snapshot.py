from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from cerebellum import snapshot


@dataclass(frozen=True, slots=True)
class Inner:
    weights: NDArray[np.float64]
    seen: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Learnt:
    KIND: ClassVar[str] = "learnt"
    VERSION: ClassVar[int] = 1
    gain: float
    counts: NDArray[np.int64]
    rooms: tuple[Inner, ...]
    name: str | None


@dataclass(frozen=True, slots=True)
class Newer(Learnt):
    VERSION: ClassVar[int] = 2


def learnt(seed: int = 0) -> Learnt:
    draw = np.random.default_rng(seed)
    inner = Inner(draw.standard_normal((3, 4)), draw.random(5) < 0.5)
    return Learnt(float(draw.standard_normal()), draw.integers(0, 9, 7), (inner,), "kitchen")


def same(one: Learnt, other: Learnt) -> bool:
    return snapshot.to_bytes(one) == snapshot.to_bytes(other)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / f"learnt{snapshot.SUFFIX}"


def test_what_is_read_is_what_was_written_to_the_bit(path: Path) -> None:
    state = learnt()
    assert snapshot.load(path, Learnt) == snapshot.Restored(None, None)
    snapshot.save(path, state)
    found = snapshot.load(path, Learnt)
    assert found.message is None
    assert found.state is not None
    assert same(found.state, state)
    assert found.state.rooms[0].weights.flags.writeable
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("where", [0, 9, 13, 25, 60, -1])
def test_any_damaged_byte_falls_back_to_the_previous_one(path: Path, where: int) -> None:
    snapshot.save(path, learnt(1))
    snapshot.save(path, learnt(2))
    data = bytearray(path.read_bytes())
    data[where] ^= 0x40
    path.write_bytes(data)
    found = snapshot.load(path, Learnt)
    assert found.state is not None
    assert same(found.state, learnt(1))
    assert found.message is not None
    assert str(path) in found.message
    assert "goes on from the previous one" in found.message
    snapshot.save(path, learnt(3))
    path.write_bytes(b"")
    again = snapshot.load(path, Learnt).state
    assert again is not None
    assert same(again, learnt(1)), "a damaged file took the place of a sound previous one"


@pytest.mark.parametrize("kept", [0, 10, 51, 52, 53, 200])
def test_a_torn_file_falls_back_and_nothing_sound_starts_anew(path: Path, kept: int) -> None:
    snapshot.save(path, learnt(1))
    path.write_bytes(path.read_bytes()[:kept])
    found = snapshot.load(path, Learnt)
    assert found.state is None
    assert found.message is not None
    assert "starts anew" in found.message
    path.with_name(path.name + snapshot.PREVIOUS_SUFFIX).write_bytes(b"also torn")
    assert "the previous one" in (snapshot.load(path, Learnt).message or "")


def test_nothing_that_is_not_finite_is_written_or_read(path: Path) -> None:
    snapshot.save(path, learnt(1))
    before = path.read_bytes()
    bad = learnt(2)
    bad.rooms[0].weights[1, 1] = np.nan
    for state in (bad, replace(learnt(2), gain=math.inf)):
        with pytest.raises(snapshot.SnapshotError, match="not finite"):
            snapshot.save(path, state)
    assert path.read_bytes() == before
    with pytest.raises(TypeError, match="numbers, text, arrays"):
        snapshot.to_bytes(replace(learnt(), name=2j))  # type: ignore[arg-type]


def test_another_kind_or_version_is_named(path: Path) -> None:
    snapshot.save(path, learnt())
    assert "version is 1, this program reads 2" in (snapshot.load(path, Newer).message or "")


def test_a_disk_that_refuses_leaves_what_was_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot.save(path, learnt(1))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(snapshot.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        snapshot.save(path, learnt(2))
    found = snapshot.load(path, Learnt)
    assert found.message is None
    assert found.state is not None
    assert same(found.state, learnt(1))
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
