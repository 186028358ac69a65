"""Hand regard: what contingency tells apart, on signals made for it, and the experiment once."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from ember_embodied.regard.babble import REACH_RAD, Song
from ember_embodied.regard.contingency import Contingency, contingency, explained
from ember_embodied.regard.experiment import regard
from ember_embodied.regard.report import html_page, text_lines
from ember_embodied.regard.scene import OWN, SPOTS

TICKS = 1200


def related(kind: str, seed: int) -> Contingency:
    """One motion of noise and, by kind, the song, the departures, at a delay."""
    rng = np.random.default_rng(seed)
    song, other, departures = (smoothed(rng.standard_normal((TICKS, 2))) for _ in range(3))
    departures *= rng.random((TICKS, 1)) < 0.4
    carried = smoothed(rng.standard_normal((TICKS, 1)))
    delayed = {
        "self": np.roll(song + departures, 1, axis=0),
        "imitator": np.roll(song + departures, 6, axis=0),
        "dancer": np.roll(song, 1, axis=0),
        "other": other,
        "carried": np.roll(departures, 1, axis=0)[:, :1] + carried,
    }[kind]
    if kind == "carried":
        carried = delayed
    motion = delayed @ np.ones((delayed.shape[1], 2)) + 0.5 * rng.standard_normal((TICKS, 2))
    usable = rng.random(TICKS) > 0.1
    return contingency(kind, motion, usable, song, departures, carried, rng)


def smoothed(values: np.ndarray) -> np.ndarray:
    return np.stack([np.convolve(column, np.ones(4) / 2.0, "same") for column in values.T], axis=1)


@pytest.mark.parametrize(
    ("kind", "matches", "own"),
    [
        ("self", True, True),
        ("imitator", True, False),
        ("dancer", True, False),
        ("other", False, False),
        ("carried", False, False),
    ],
)
def test_departures_tell_what_matching_cannot(kind: str, matches: bool, own: bool) -> None:
    for seed in range(2):
        found = related(kind, seed)
        assert found.matches == matches
        assert found.own(felt_lag=1) == own


def test_an_imitator_heeds_what_it_cannot_have_known() -> None:
    found = related("imitator", 1)
    assert found.heeds()
    assert found.contrast_lag == 6
    assert found.information_nats == pytest.approx(-0.5 * np.log(1.0 - found.contrast))


def test_explained_is_a_share() -> None:
    rng = np.random.default_rng(0)
    causes = rng.standard_normal((500, 3))
    assert explained(causes @ np.ones((3, 2)), causes) == pytest.approx(1.0)
    assert explained(rng.standard_normal((500, 2)), causes) < 0.05
    assert explained(np.zeros((500, 2)), causes) == 0.0


def test_a_song_stays_in_reach_and_departs_on_some_beats_only() -> None:
    rng = np.random.default_rng(4)
    song = Song.draw(rng, 120.0)
    own = song.departed(rng)
    same = (own.places_rad == song.places_rad).mean()
    assert 0.6 < same < 0.8
    assert (np.abs(own.places_rad) <= REACH_RAD).all()
    places = np.array([own.at(t) for t in np.linspace(0.0, 120.0, 6001)])
    assert np.abs(np.diff(places, axis=0)).max() < 0.1


def test_the_experiment_gives_tables_and_figures() -> None:
    found = regard(3, 0.5)
    assert [one.contingency.name for one in found.seen] == list(SPOTS)
    assert {one.contingency.name for one in found.seen if one.truly_own} == OWN
    assert found.felt_lag == 1
    assert all(one.own for one in found.felt[:2])
    page = html_page(found)
    assert page.count("<svg") == len(found.seen) + len(found.felt)
    assert "mirror left" in "\n".join(text_lines(found))
    assert msgspec.json.decode(msgspec.json.encode(found))["seed"] == 3
