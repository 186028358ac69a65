from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ember_embodied.sense_vector import MASK_COUNT, SENSE_COUNT, schema_hash
from ember_embodied.training import lives as files
from ember_embodied.training.lives import Life, LifeError, check_lives

TICKS = 40
Spoil = Callable[[Any], Any]


def _life(seed: int = 0) -> Life:
    rng = np.random.default_rng(seed)
    return Life(
        (0.1 * rng.standard_normal((TICKS, SENSE_COUNT))).astype(np.float32),
        np.ones((TICKS, MASK_COUNT), dtype=np.float32),
        np.full((TICKS, 1), 0.1, dtype=np.float32),
        np.zeros((TICKS, 5), dtype=np.float32),
        np.zeros((TICKS, 2), dtype=np.float32),
        np.zeros((TICKS, 2), dtype=np.float32),
        np.zeros((TICKS, 2), dtype=np.float32),
    )


def _write(path: Path, **changed: Any) -> None:
    """A file of a life with some fields changed; None leaves the field out."""
    life = _life()
    arrays = {name: getattr(life, name) for name in files.WIDTHS}
    arrays |= {"version": np.int64(files.VERSION), "schema_hash": np.str_(schema_hash())} | changed
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def _set(value: float) -> Spoil:
    def spoil(array: Any) -> Any:
        array = array.copy()
        array[7, 0] = value
        return array

    return spoil


def test_a_life_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    files.save(_life(1), tmp_path / "0001.npz")
    back = files.load(tmp_path / "0001.npz")
    for name in files.WIDTHS:
        np.testing.assert_array_equal(getattr(back, name), getattr(_life(1), name))


@pytest.mark.parametrize(
    ("field", "spoil", "said"),
    [
        ("senses", _set(np.nan), "senses is nan in tick 7, column 0"),
        ("gaze", _set(-np.inf), "gaze is -inf in tick 7"),
        ("command", _set(np.inf), "command is inf"),
        ("command", _set(90.0), r"command is 90.0 .* within \+-4"),
        ("senses", _set(5.0), r"senses is 5.0 .* within"),
        ("mask", _set(0.5), "mask is 0.5 .* 0 or 1"),
        ("dt", _set(0.0), "dt is 0.0 .* above 0"),
        ("touch", _set(7.0), "touch is 7.0 .* a place from -1 to 3"),
        ("senses", lambda a: a[:, :-1], "senses is float32.*expected float32"),
        ("mask", lambda a: a.astype(np.float64), "mask is float64"),
        ("command", lambda a: a[:-3], "command is float32.*37, 5.*expected float32.*40, 5"),
        ("dt", lambda a: a[:, 0], "dt is float32"),
        ("gaze", lambda a: a.astype(object), "gaze cannot be read"),
        ("gaze", lambda _: None, "gaze is missing"),
        ("schema_hash", lambda _: np.str_("0" * 64), "schema_hash 000000000000.* expected"),
        ("schema_hash", lambda _: None, "schema_hash is missing"),
        ("version", lambda _: np.int64(1), "version 1, expected"),
        ("version", lambda _: None, "version is missing"),
    ],
)
def test_a_bad_field_is_refused_by_file_and_name(
    tmp_path: Path, field: str, spoil: Spoil, said: str
) -> None:
    _write(tmp_path / "a.npz")
    _write(tmp_path / "bad.npz", **{field: spoil(getattr(_life(), field, None))})
    with pytest.raises(LifeError, match=rf"bad\.npz: {said}") as refusal:
        check_lives([tmp_path / "bad.npz"])
    assert "\n" not in str(refusal.value)
    with pytest.raises(LifeError, match=r"bad\.npz"):
        check_lives([tmp_path])


def test_a_life_without_a_tick_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "none.npz", **{name: getattr(_life(), name)[:0] for name in files.WIDTHS})
    with pytest.raises(LifeError, match=r"none\.npz: senses .*at least 1"):
        check_lives([tmp_path])


def test_mixed_schemas_are_named_with_both_files(tmp_path: Path) -> None:
    _write(tmp_path / "a.npz")
    _write(tmp_path / "b.npz", schema_hash=np.str_("1" * 64))
    with pytest.raises(LifeError, match=r"b\.npz: schema_hash 1111.*a\.npz has.*mixed"):
        check_lives([tmp_path])


def test_an_empty_or_missing_folder_or_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LifeError, match=r"no folder of lives .*none"):
        check_lives([tmp_path / "none"])
    with pytest.raises(LifeError, match=r"empty, it holds no life"):
        check_lives([tmp_path])
    (tmp_path / "train").mkdir()
    _write(tmp_path / "train" / "a.npz")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "read.me").write_text("no split")
    assert check_lives([tmp_path]) == (tmp_path / "train" / "a.npz",)
    (tmp_path / "val").mkdir()
    (tmp_path / "val" / "weights.npz").write_text("no life")
    with pytest.raises(LifeError, match="val: an empty split"):
        check_lives([tmp_path])


def test_any_damage_to_a_file_is_a_refusal(tmp_path: Path) -> None:
    whole = tmp_path / "whole.npz"
    files.save(_life(), whole)
    sound, rng = whole.read_bytes(), np.random.default_rng(0)
    torn = tmp_path / "torn.npz"
    for end in (0, 3, *rng.integers(4, len(sound) - 1, 60)):
        torn.write_bytes(sound[:end])
        with pytest.raises(LifeError, match=r"torn\.npz: "):
            check_lives([torn])
    for _ in range(200):
        flipped = bytearray(sound)
        flipped[rng.integers(len(sound))] ^= 1 << int(rng.integers(8))
        torn.write_bytes(flipped)
        try:
            back = files.load(torn)  # a bit of the archive's dates and attributes changes nothing
        except LifeError:
            continue
        for name in files.WIDTHS:
            np.testing.assert_array_equal(getattr(back, name), getattr(_life(), name))


def test_something_else_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", np.zeros(3))
    other = (tmp_path / "array.npy").rename(tmp_path / "array.npz")
    with pytest.raises(LifeError, match=r"array\.npz: torn, or no \.npz file"):
        check_lives([other])
    with pytest.raises(LifeError, match="no folder of lives is named"):
        check_lives([])
