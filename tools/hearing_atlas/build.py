"""Builds a hearing atlas: real voices in simulated rooms, heard by a four-microphone array.

    pip install 'ember-embodied[atlas]'
    python tools/hearing_atlas/build.py --clips DIR --speakers 0:60 --seed 1 --out rooms.npz

DIR holds one-word clips in the layout of Google's Speech Commands: ``SPEAKER_nohash_N.flac`` (or
.wav) in folders of any name. ``--speakers A:B`` takes the speakers whose hash modulo 100 lies in
that part, so that two atlases share no speaker. The same clips, options and seed give the same
atlas. Of those that ship, ``training`` is of speakers 0:60 with seed 1 and ``standard`` of 60:100
with seed 2; an earlier builder made them, so this one makes others of the same kind in their place.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Final

ATTRIBUTION: Final = (
    "Made from Speech Commands v0.02 (Pete Warden, 2018, https://arxiv.org/abs/1804.03209), "
    "licensed under CC BY 4.0; the words were strung together and heard through simulated rooms."
)


WHOLE: Final = range(100)
SPACING_M: Final = (0.005, 0.2)


def main(words: list[str] | None = None) -> int:
    """Build one atlas and say what is in it; exit code 2 where that cannot be."""
    options = _options(words)
    try:
        _build(options)
    except ModuleNotFoundError as error:
        return _refused(f"{error.name} is missing: pip install 'ember-embodied[atlas]'")
    except ValueError as error:
        return _refused(str(error))
    return 0


def _refused(reason: str) -> int:
    print(f"build: {reason}", file=sys.stderr)
    return 2


def _build(options: argparse.Namespace) -> None:
    from firmware import Settings
    from rendering import Size, build
    from voices import Voices, find_speakers

    from ember_embodied.bench.hearing import atlas_claims
    from ember_embodied.cli.bench import claim_line
    from firmware_bridge.simulation.atlas import save_atlas

    if not options.out.parent.is_dir():
        raise ValueError(f"{options.out.parent} is no folder; make it, or name another with --out")
    settings = Settings(spacing_m=options.spacing)
    voices = Voices(find_speakers(options.clips, options.speakers))
    size = Size(options.rooms, options.places, options.voices)
    about = {
        "attribution": options.attribution,
        "speakers": len(voices.speakers),
        "clips": sum(map(len, voices.words.values())),
        "part": f"{options.speakers.start}:{options.speakers.stop}",
        "seed": options.seed,
        "array": asdict(settings),
        "pyroomacoustics": version("pyroomacoustics"),
    }
    atlas = replace(build(voices, settings, size, options.seed), about=about)
    save_atlas(options.out, atlas)
    for line in map(claim_line, atlas_claims(options.out.stem, atlas)):
        print(line)
    if options.figure is not None:
        from figure import draw

        draw(atlas, options.figure)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB, {about['speakers']} speakers")


def part_of(text: str) -> range:
    """``A:B`` of 0:100 as a range that is not empty."""
    found = re.fullmatch(r"(\d+):(\d+)", text)
    if found is None or not int(found[1]) < int(found[2]) <= WHOLE.stop:
        raise argparse.ArgumentTypeError(f"{text!r} is not A:B with A below B, up to {WHOLE.stop}")
    return range(int(found[1]), int(found[2]))


def count(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def spacing(text: str) -> float:
    """A distance between microphones, m."""
    try:
        metres = float(text)
    except ValueError:
        metres = math.nan
    if not SPACING_M[0] <= metres <= SPACING_M[1]:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0.005 to 0.2")
    return metres


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--clips", type=Path, required=True, metavar="DIR")
    add("--out", type=Path, required=True, metavar="FILE.npz")
    add("--seed", type=int, default=0)
    add("--speakers", type=part_of, default=WHOLE, metavar="A:B", help="of 0:100")
    add("--rooms", type=count, default=32)
    add("--places", type=count, default=24, help="in each room")
    add("--voices", type=count, default=2, help="utterances at each place")
    add("--spacing", type=spacing, default=0.033, help="between microphones, m")
    add("--attribution", default=ATTRIBUTION, help="of the clips")
    add("--figure", type=Path, metavar="FILE", help="draw the errors, .png or .svg")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
