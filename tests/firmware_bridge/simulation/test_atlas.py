"""Atlases: read back whole, refused in one line when they are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.simulation.atlas import (
    SHAPES,
    SHIPPED,
    Atlas,
    AtlasError,
    load_atlas,
    save_atlas,
    shipped_atlases,
)


def small_atlas() -> Atlas:
    """Two rooms, three places, two mixtures, of random readings."""
    rng = np.random.default_rng(1)
    sizes = {"R": 2, "C": 3, "V": 2, "U": 2, "F": 5, "u": 1, "f": 4, "q": 6, "3": 3}
    arrays: dict[str, Any] = {}
    for key, (kind, axes) in SHAPES.items():
        shape = tuple(sizes[axis] for axis in axes)
        arrays[key] = rng.integers(1, 3, shape).astype(kind)
    arrays.update(
        motors=np.array([False, True]), tail=np.array(2), ahead=arrays["ahead"] * np.float32(0.3)
    )
    return Atlas(about={"attribution": "nobody's"}, **arrays)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    save_atlas(tmp_path / "own.npz", small_atlas())
    return tmp_path / "own.npz"


def test_what_is_written_is_read_back(written: Path) -> None:
    atlas, before = load_atlas(written), small_atlas()
    for key in SHAPES:
        np.testing.assert_array_equal(getattr(atlas, key), getattr(before, key))
    assert atlas.about["attribution"] == "nobody's"


def changed(written: Path, **changes: Any) -> Path:
    """The same file with some arrays replaced, or left out where None."""
    with np.load(written) as stored:
        arrays = {key: stored[key] for key in stored.files} | changes
    path = written.with_name("changed.npz")
    np.savez_compressed(path, **{key: a for key, a in arrays.items() if a is not None})
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gain_db": np.full((2, 3), np.nan, dtype="f4")}, "'gain_db' holds a number that is not"),
        ({"speech_flags": None}, "'speech_flags' is missing"),
        ({"speech_error": np.zeros((2, 3, 2, 2, 4), dtype="i2")}, "'speech_level' has shape"),
        ({"distance_m": np.ones((2, 3))}, "'distance_m' is float64 with 2 axes; expected float32"),
        ({"quiet_angle": np.full((2, 2, 6), -1, dtype="i2")}, "'quiet_angle' leaves its range"),
        ({"about": np.array('{"format": 99}')}, "format 99, but this program reads 1"),
        ({"about": None}, "this is no hearing atlas"),
        ({"motors": np.array([False, False])}, "'motors' must have mixtures"),
        ({"tail": np.array(5)}, "'tail' must be less than the 5 readings"),
        ({"more": np.zeros(1)}, "'more' is not known"),
        ({"about": np.array(["x"], dtype=object)}, "not a whole .npz file"),
    ],
)
def test_a_bad_atlas_is_refused_in_one_line(
    written: Path, changes: dict[str, Any], words: str
) -> None:
    path = changed(written, **changes)
    with pytest.raises(AtlasError) as refusal:
        load_atlas(path)
    assert str(path) in str(refusal.value)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_torn_a_strange_and_a_missing_file_are_refused(written: Path, tmp_path: Path) -> None:
    whole = written.read_bytes()
    torn, bent, strange = (tmp_path / f"{name}.npz" for name in ("torn", "bent", "strange"))
    torn.write_bytes(whole[: len(whole) // 2])
    middle = whole.index(b"speech_error.npy") + 80
    bent.write_bytes(whole[:middle] + b"?" * 20 + whole[middle + 20 :])
    strange.write_text("no atlas at all")
    for path in (torn, bent, strange):
        with pytest.raises(AtlasError, match="not a whole"):
            load_atlas(path)
    with pytest.raises(AtlasError, match=r"no such file; give a \.npz file or one of: standard"):
        load_atlas(tmp_path / "absent.npz")
    with pytest.raises(AtlasError, match="Is a directory"):
        load_atlas(tmp_path)


def test_an_atlas_that_would_not_be_read_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match="'rt60_s' leaves its range"):
        save_atlas(tmp_path / "own.npz", replace(small_atlas(), rt60_s=np.full(2, 9, dtype="f4")))
    assert not list(tmp_path.iterdir())


def test_those_that_ship_name_their_clips_and_share_no_room() -> None:
    assert shipped_atlases() == ("standard", "training")
    training, standard = load_atlas("training"), load_atlas("standard")
    for atlas in (training, standard):
        assert "CC BY 4.0" in atlas.about["attribution"]
        assert atlas.rt60_s.min() < 0.25
        assert atlas.rt60_s.max() > 0.65
    parts = [set(range(*map(int, a.about["part"].split(":")))) for a in (training, standard)]
    assert not parts[0] & parts[1]
    assert (
        sum(len((SHIPPED / f"{name}.npz").read_bytes()) for name in shipped_atlases()) < 3_000_000
    )
    assert not {*training.size_m[:, 0]} & {*standard.size_m[:, 0]}


def test_a_room_is_drawn_from_those_near_in_reverberation() -> None:
    atlas = load_atlas("standard")
    rng = np.random.default_rng(3)
    for rt60_s in (0.1, 0.4, 0.8):
        drawn = {atlas.room_near(rt60_s, rng) for _ in range(50)}
        assert len(drawn) > 1
        assert np.abs(atlas.rt60_s[sorted(drawn)] - rt60_s).max() < 0.2
