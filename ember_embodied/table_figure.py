"""The yaw table as a polar figure, in SVG with nothing to install.

Seen from above, ahead is up and left is left. The heavy line is the bias at each true direction,
out of the zero circle where a voice is heard too far to the left; the band is one standard
deviation of doubt. Bars at the rim are looks by cell, the darker the more sure the table is there.
Thin lines are the other rooms.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from ember_embodied.learned import Learned

SIZE: Final = 640
CENTRE: Final = (320.0, 335.0)
UNTITLED_BOX: Final = "0 20 640 630"
ZERO: Final = 140.0
PER_DEG: Final = 3.5
RIM: Final = 235.0
BAR: Final = 45.0
RINGS_DEG: Final = (-20.0, -10.0, 0.0, 10.0, 20.0)
LARGEST_DEG: Final = 27.0
"""What lies further out is drawn here."""
OTHERS: Final = ("#b3541e", "#1a7f5a", "#8a4fbf", "#7a7a00", "#a0285f")


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours and letters of the figure."""

    paper: str
    ink: str
    muted: str
    line: str
    ring: str
    now: str
    text_px: int
    small_px: int
    titled: bool
    """With title and legend."""


DOCUMENT: Final = Paint(
    "#fff", "#222", "#555", "#ddd", "#9a9a9a", "#1a5fb4", text_px=13, small_px=11, titled=True
)
PAGE: Final = Paint(
    "none", "var(--ink)", "var(--muted)", "var(--line)", "var(--muted)", "var(--voice)",
    text_px=26, small_px=20, titled=False,
)  # fmt: skip
"""For a page that names the colours: larger letters, for it may be drawn half as wide."""


def polar_svg(learned: Learned, paint: Paint = DOCUMENT) -> str:
    """The figure of what is learned, as a document of its own or as a part of a page."""
    angles = [d.direction_deg for d in learned.directions]
    size = f'width="{SIZE}" height="{SIZE}"' if paint.titled else ""
    box = f"0 0 {SIZE} {SIZE}" if paint.titled else UNTITLED_BOX
    style = f'font-family="system-ui, sans-serif" font-size="{paint.text_px}" fill="{paint.ink}"'
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" {size} {style}>',
        *([f'<rect {size} fill="{paint.paper}"/>'] if paint.titled else ()),
        *(_title(learned, paint) if paint.titled else ()),
        *_bars(learned, paint),
        *_band(learned, paint),
        *_grid(paint),
        *_rooms(learned),
        _line(angles, [d.bias_deg for d in learned.directions], paint.now, 3.0),
        "</svg>",
        "",
    )
    return "\n".join(parts)


def _title(learned: Learned, paint: Paint) -> Iterator[str]:
    yield f'<text x="20" y="28" font-size="17">Yaw table: {learned.looks} looks</text>'
    frozen = ", frozen" if learned.frozen else ""
    yield (
        f'<text x="20" y="47" fill="{paint.muted}">{len(learned.rooms)} rooms known, surprise '
        f"{learned.surprise:.2f}{frozen}; bias in degrees, outwards: heard too far left</text>"
    )
    legend = [(paint.now, "applied, with doubt")]
    for room, colour in zip(learned.rooms[1:], OTHERS, strict=False):
        legend.append((colour, f"room {room.number}, {room.looks:.0f} looks"))
    for row, (colour, text) in enumerate(legend):
        y = SIZE - 16 - 17 * row
        yield f'<path d="M20 {y - 4}h24" stroke="{colour}" stroke-width="3"/>'
        yield f'<text x="50" y="{y}">{escape(text)}</text>'


def _grid(paint: Paint) -> Iterator[str]:
    x, y = CENTRE
    for ring in RINGS_DEG:
        dash = "" if ring == 0.0 else ' stroke-dasharray="3 4"'
        radius = ZERO + PER_DEG * ring
        stroke = f'fill="none" stroke="{paint.ring}"{dash}'
        yield f'<circle cx="{x}" cy="{y}" r="{radius:.1f}" {stroke}/>'
        place = f'x="{x + 4}" y="{y + radius - 3:.1f}"'
        yield f'<text {place} fill="{paint.muted}" font-size="{paint.small_px}">{ring:g}</text>'
    for angle, name in ((0, "ahead"), (90, "left"), (-90, "right"), (180, "behind")):
        end_x, end_y = _at(angle, RIM - 8.0)
        text_x, text_y = _at(angle, RIM + BAR + paint.text_px - 1.0)
        yield f'<line x1="{x}" y1="{y}" x2="{end_x:.1f}" y2="{end_y:.1f}" stroke="{paint.line}"/>'
        yield f'<text x="{text_x:.1f}" y="{text_y + 4:.1f}" text-anchor="middle">{name}</text>'


def _bars(learned: Learned, paint: Paint) -> Iterator[str]:
    most = max(1.0, *(d.looks for d in learned.directions))
    half = 0.42 * 360.0 / len(learned.directions)
    for one in learned.directions:
        high = RIM + BAR * math.sqrt(one.looks / most)
        corners = [
            _at(one.direction_deg - half, RIM), _at(one.direction_deg - half, high),
            _at(one.direction_deg + half, high), _at(one.direction_deg + half, RIM),
        ]  # fmt: skip
        share = 0.12 + 0.88 * max(0.0, min(1.0, one.confidence))
        yield (
            f'<polygon points="{_points(corners)}" fill="{paint.now}" fill-opacity="{share:.2f}">'
            f"<title>{one.direction_deg:.0f} deg: {one.looks:.1f} looks, confidence "
            f"{one.confidence:.2f}</title></polygon>"
        )


def _band(learned: Learned, paint: Paint) -> Iterator[str]:
    rows = (*learned.directions, learned.directions[0])
    outer = [_at(d.direction_deg, _radius(d.bias_deg + d.doubt_deg)) for d in rows]
    inner = [_at(d.direction_deg, _radius(d.bias_deg - d.doubt_deg)) for d in rows]
    points = _points([*outer, *reversed(inner)])
    yield f'<polygon points="{points}" fill="{paint.now}" fill-opacity="0.16" stroke="none"/>'


def _rooms(learned: Learned) -> Iterator[str]:
    angles = [d.direction_deg for d in learned.directions]
    for room, colour in zip(learned.rooms[1:], OTHERS, strict=False):
        yield _line(angles, room.bias_deg, colour, 1.3)


def _line(angles: Sequence[float], biases: Sequence[float], colour: str, width: float) -> str:
    points = [_at(a, _radius(b)) for a, b in zip(angles, biases, strict=True)]
    return (
        f'<polygon points="{_points(points)}" fill="none" stroke="{colour}" '
        f'stroke-width="{width}" stroke-linejoin="round"/>'
    )


def _radius(bias_deg: float) -> float:
    return ZERO + PER_DEG * max(-LARGEST_DEG, min(LARGEST_DEG, bias_deg))


def _at(angle_deg: float, radius: float) -> tuple[float, float]:
    """Ahead is up, left is left."""
    angle = math.radians(angle_deg)
    return CENTRE[0] - radius * math.sin(angle), CENTRE[1] - radius * math.cos(angle)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
