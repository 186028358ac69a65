"""Codes: 50 of 16,384, the same alone and in a batch, alike for keys that are alike."""

from __future__ import annotations

import numpy as np
import pytest

from hippocampus.memory.codes import (
    ACTIVE,
    BLOCKS,
    UNITS,
    WIDTH,
    KeyWidthError,
    PatternSeparator,
    rounded,
)


def _keys(count, width=384, seed=0):
    return np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)


def test_excitation_is_the_hadamard_transform_of_the_signed_key():
    keys = rounded(_keys(2))
    separator = PatternSeparator(5)
    hadamard = np.array([[1]])
    while len(hadamard) < WIDTH:
        hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
    padded = np.zeros((2, WIDTH), dtype=int)
    padded[:, :384] = keys
    found = separator._excitation(keys).copy()
    for number in range(2):
        wanted = hadamard @ (padded[number][:, None] * separator._signs[:, 0, :])
        for block in range(BLOCKS):  # the transform's rows come in another order
            assert sorted(found[:, number, block]) == sorted(wanted[:, block])


@pytest.mark.parametrize("width", [384, 512, 72, 20])
def test_codes_are_the_50_most_excited_units_alone_and_in_a_batch(width):
    keys = rounded(_keys(19, width))
    separator = PatternSeparator(1)
    codes = separator.codes(keys)
    assert codes.shape == (19, ACTIVE)
    for number in range(19):
        alone = separator.codes(keys[number : number + 1])
        assert np.array_equal(alone[0], codes[number])
        strength = separator._excitation(keys[number : number + 1])[:, 0].reshape(-1)
        others = np.delete(strength, codes[number])
        assert strength[codes[number]].min() >= others.max()
        assert (np.diff(codes[number].astype(int)) > 0).all()


def test_sums_never_leave_int16():
    flat = np.ones((1, 512), dtype=np.float32)
    keys = rounded(np.concatenate([flat, flat * 1e30, flat * 1e-30]))
    excitation = PatternSeparator(2)._excitation(keys)
    assert np.abs(keys.astype(int)).sum(axis=1).max() <= 32_767
    assert np.abs(excitation.astype(int)).max() <= 32_767


def test_likeness_shares_units_and_strangers_do_not():
    keys = _keys(200)
    keys /= np.linalg.norm(keys, axis=1)[:, None]
    noise = _keys(200, seed=1)
    noise /= np.linalg.norm(noise, axis=1)[:, None]
    separator = PatternSeparator(3)
    codes = separator.codes(rounded(keys))

    def shared(cosine):
        others = separator.codes(rounded(cosine * keys + np.sqrt(1 - cosine**2) * noise))
        return np.mean([len(np.intersect1d(a, b)) for a, b in zip(codes, others, strict=True)])

    assert shared(0.95) > 25 > shared(0.7) > 6
    assert shared(0.0) < 3 * ACTIVE * ACTIVE / UNITS


@pytest.mark.parametrize("bad", [np.zeros(384), np.full(384, np.nan), np.full(384, np.inf)])
def test_a_key_without_direction_is_refused(bad):
    with pytest.raises(KeyWidthError):
        rounded(np.stack([np.ones(384), bad]))
    with pytest.raises(KeyWidthError):
        rounded(np.ones((1, 513)))
