"""The builder of hearing atlases: the array's arithmetic, the split of speakers, a small build."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from firmware_bridge.simulation.atlas import SHAPES, load_atlas
from firmware_bridge.simulation.hearing import Ears
from firmware_bridge.simulation.room import SoundSource
from firmware_bridge.simulation.scenario import Room

BUILDER = Path(__file__).parents[2] / "tools" / "hearing_atlas"
MODULES = ("firmware", "acoustics", "voices", "noises", "rendering", "build")
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def builder() -> Iterator[SimpleNamespace]:
    """The builder's modules, which are no package."""
    for library in ("pyroomacoustics", "soundfile", "webrtcvad", "scipy"):
        pytest.importorskip(library)
    sys.path.insert(0, str(BUILDER))
    try:
        modules: dict[str, ModuleType] = {name: __import__(name) for name in MODULES}
        yield SimpleNamespace(**modules)
    finally:
        sys.path.remove(str(BUILDER))
        for name in MODULES:
            sys.modules.pop(name, None)


def word(pitch_hz: float, rng: np.random.Generator) -> np.ndarray:
    """Half a second of a buzz like a voice, with silence round it."""
    t = np.arange(RATE_HZ // 2) / RATE_HZ
    buzz = sum(np.sin(2 * np.pi * k * pitch_hz * t + k) / k for k in range(1, 30))
    swell = np.sin(np.pi * t / t[-1]) * (1.0 + 0.5 * np.sin(2 * np.pi * 6.0 * t))
    quiet = np.zeros(RATE_HZ // 5)
    return np.concatenate([quiet, 0.2 * buzz * swell, quiet]) + 1e-4 * rng.standard_normal(
        len(t) + 2 * len(quiet)
    )


@pytest.fixture(scope="module")
def clips(builder: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve speakers of two words each."""
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(1)
    for speaker in range(12):
        for number in range(2):
            path = folder / f"word{number}" / f"{speaker:08x}_nohash_{number}.wav"
            path.parent.mkdir(exist_ok=True)
            builder.voices.soundfile.write(path, word(90.0 + 12.0 * speaker, rng), RATE_HZ)
    return folder


def test_without_a_room_the_array_is_right_to_a_degree(builder: SimpleNamespace) -> None:
    firmware = builder.firmware.Firmware(builder.firmware.Settings())
    microphones = np.stack([np.zeros(4), firmware.settings.offsets_m(), np.zeros(4)])
    rng = np.random.default_rng(2)
    lead, frames = 5, 10
    for degrees in (20.0, 55.0, 90.0, 130.0, 160.0):
        angle = np.radians(degrees)
        place = np.array([[2.0 * np.sin(angle), 2.0 * np.cos(angle), 0.0]])
        (response,) = builder.acoustics.anechoic(place, microphones)
        sound = builder.rendering._through(rng.standard_normal(frames * 1600), response, frames)
        signal = 1e-4 * rng.standard_normal((4, (lead + frames) * 1600))
        signal[:, lead * 1600 :] += sound
        heard = firmware.hear(signal, lead, 0.1)
        assert np.degrees(heard.angle_rad) == pytest.approx(degrees, abs=1.0)
        assert heard.moved.all()


def test_a_room_dies_away_as_it_was_drawn(builder: SimpleNamespace) -> None:
    offsets = builder.firmware.Settings().offsets_m()
    rng = np.random.default_rng(3)
    for rt60_s in (0.2, 0.6):
        room = builder.acoustics.draw_room(rt60_s, rng)
        places = np.array([place.at_m for place in builder.acoustics.draw_places(room, 4, rng)])
        found = builder.acoustics.responses(room, places, room.microphones_m(offsets), rng)
        measured = [builder.acoustics.measured_rt60_s(response[0]) for response in found]
        assert np.median(measured) == pytest.approx(rt60_s, rel=0.4)


def test_speakers_are_split_by_their_name_and_never_shared(
    builder: SimpleNamespace, clips: Path
) -> None:
    find = builder.voices.find_speakers
    everybody, some, others = (find(clips, range(a, b)) for a, b in ((0, 100), (0, 50), (50, 100)))
    assert len(everybody) == 12
    assert not some.keys() & others.keys()
    assert some.keys() | others.keys() == everybody.keys()
    assert find(clips, range(50)) == some


def build(builder: SimpleNamespace, clips: Path, out: Path, seed: int) -> dict[str, np.ndarray]:
    sizes = ("--rooms", "2", "--places", "2", "--voices", "1")
    words = ["--clips", str(clips), "--out", str(out), "--seed", str(seed), *sizes]
    assert builder.build.main(words) == 0
    atlas = load_atlas(out)
    assert atlas.about["speakers"] == 12
    assert atlas.about["array"]["spacing_m"] == 0.033
    return {key: getattr(atlas, key) for key in SHAPES}


def test_a_small_atlas_is_built_again_the_same_and_heard_through(
    builder: SimpleNamespace, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = build(builder, clips, tmp_path / "first.npz", 4)
    assert "first, RT60" in capsys.readouterr().out
    again = build(builder, clips, tmp_path / "again.npz", 4)
    assert all(np.array_equal(first[key], again[key]) for key in first)
    ears = Ears(Room(atlas=str(tmp_path / "first.npz")), np.random.default_rng(5))
    who = SoundSource(1.0, 0.3, 0.2, 0.7, speech=True, who="a")
    heard = [ears.listen(0, np.zeros(3), np.eye(3), [who], 0.0) for _ in range(20)]
    assert any(reading.speech for reading in heard)


@pytest.mark.parametrize(
    ("clips_at", "words"),
    [("absent", "absent is no folder"), (".", "holds no clip named SPEAKER_nohash_N.flac or .wav")],
)
def test_clips_that_do_not_serve_are_refused_in_one_line(
    builder: SimpleNamespace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    clips_at: str,
    words: str,
) -> None:
    out = tmp_path / "out.npz"
    assert builder.build.main(["--clips", str(tmp_path / clips_at), "--out", str(out)]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1
    assert not out.exists()


def test_a_torn_clip_is_refused_by_name(builder: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "0123abcd_nohash_0.wav").write_text("no sound")
    with pytest.raises(ValueError, match=r"0123abcd_nohash_0\.wav cannot be read"):
        builder.voices.Voices(builder.voices.find_speakers(tmp_path, range(100)))


@pytest.mark.shared_data
def test_real_words_are_told_from_noise(builder: SimpleNamespace, shared_data: Path) -> None:
    rng = np.random.default_rng(6)
    found = builder.voices.find_speakers(shared_data / "speech_commands", range(4))
    voices = builder.voices.Voices(found)
    firmware = builder.firmware.Firmware(builder.firmware.Settings())
    lead, frames = 5, 20
    flags = []
    for _ in range(10):
        said = voices.utterance(frames * 1600, rng)
        assert len(said) == frames * 1600
        signal = 0.02 * rng.standard_normal((4, (lead + frames) * 1600))
        hushed = firmware.hear(signal, lead, 1.0)
        assert not hushed.speech.any()
        signal[:, lead * 1600 :] += said
        flags.append(firmware.hear(signal, lead, 1.0).speech)
    assert np.mean(flags) > 0.8
