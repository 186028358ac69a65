"""Figures in SVG: across in per cent of the width, down in pixels, colours by the page's names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

BOX: Final = 1000.0
"""Width of the inner box of a curve, which is stretched; its strokes are not."""
AXIS_PX: Final = 18
_STEPS_S: Final = (60, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600)
_MOST_TICKS: Final = 7
_LEVELS: Final = (0.0, 0.5, 1.0)
_NICE: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Across:
    """The horizontal axis: Unix seconds, from left to right."""

    start_s: float
    end_s: float
    offset_s: float
    """Local time less UTC."""

    def share(self, t_s: float) -> float:
        """Where a moment is, per cent of the width."""
        return max(0.0, min(100.0, 100.0 * (t_s - self.start_s) / (self.end_s - self.start_s)))

    def ticks(self) -> list[tuple[float, str]]:
        """Round local times: per cent, and HH:MM."""
        span = self.end_s - self.start_s
        step = next((one for one in _STEPS_S if span / one <= _MOST_TICKS), _STEPS_S[-1])
        first = math.ceil((self.start_s + self.offset_s) / step) * step - self.offset_s
        count = max(0, int((self.end_s - first) // step) + 1)
        found = [first + number * step for number in range(count)]
        return [(self.share(t_s), self.clock(t_s)) for t_s in found]

    def clock(self, t_s: float) -> str:
        """HH:MM, local."""
        minutes = int((t_s + self.offset_s) // 60) % (24 * 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that lasted, on a lane."""

    start_s: float
    end_s: float
    colour: str
    text: str
    strength: float = 1.0
    """0 to 1: how dark it is."""


def lane(across: Across, marks: Sequence[Mark], height: int = 20) -> str:
    """A strip with a mark for everything that happened."""
    parts = [
        f'<rect x="0" y="2" width="100%" height="{height - 4}" rx="4" fill="var(--faint)"/>',
        *_grid_lines(across, height),
    ]
    for mark in marks:
        left, right = across.share(mark.start_s), across.share(mark.end_s)
        opacity = 0.35 + 0.65 * max(0.0, min(1.0, mark.strength))
        parts.append(
            f'<rect x="{left:.3f}%" y="3" width="{max(0.02, right - left):.3f}%" '
            f'height="{height - 6}" rx="1" fill="{mark.colour}" stroke="{mark.colour}" '
            f'stroke-width="1.6" opacity="{opacity:.2f}"><title>{escape(mark.text)}</title></rect>'
        )
    return _svg(height, parts, f"{len(marks)} marks")


def time_axis(across: Across) -> str:
    """The hours below lanes and plots."""
    parts = []
    for share, text in across.ticks():
        anchor = "start" if share < 4 else "end" if share > 96 else "middle"
        parts.append(f'<text x="{share:.2f}%" y="13" text-anchor="{anchor}">{text}</text>')
    return _svg(AXIS_PX, parts, "time of day")


def columns(
    across: Across,
    bars: Sequence[tuple[float, float, float, str]],
    colour: str,
    unit: str,
    height: int = 110,
) -> str:
    """Columns from ``start`` to ``end`` (s) of a value, each with its text; zero is the floor."""
    most = nice_above(max((value for *_, value, _ in bars), default=1.0))
    parts = [*_grid_lines(across, height), *_levels(height)]
    for start_s, end_s, value, text in bars:
        left, right = across.share(start_s), across.share(end_s)
        high = height * value / most
        parts.append(
            f'<rect x="{left + 0.15:.3f}%" y="{height - high:.1f}" '
            f'width="{max(0.3, right - left - 0.3):.3f}%" height="{high:.1f}" rx="2" '
            f'fill="{colour}"><title>{escape(text)}</title></rect>'
        )
    parts += _level_texts(0.0, most, height, unit)
    return _svg(height, parts, f"columns in {unit}")


@dataclass(frozen=True, slots=True)
class Curve:
    """Values over time; None leaves a gap."""

    points: Sequence[tuple[float, float | None]]
    colour: str
    dots: bool = False
    line: bool = True


def curves(
    across: Across,
    drawn: Sequence[Curve],
    unit: str,
    *,
    from_zero: bool = True,
    most: float | None = None,
    height: int = 120,
) -> str:
    """Curves over one axis; a curve with dots shows each value."""
    values = [v for curve in drawn for _, v in curve.points if v is not None]
    low = 0.0 if from_zero else math.floor(min(values, default=0.0) - 0.5)
    high = most if most is not None else nice_above(max(values, default=1.0) - low) + low
    parts = [*_grid_lines(across, height), *_levels(height)]

    def down(value: float) -> float:
        return height - height * (max(low, min(high, value)) - low) / (high - low)

    for curve in drawn:
        for run in _runs(curve.points):
            places = [(BOX * across.share(t_s) / 100.0, down(v)) for t_s, v in run]
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            if curve.line and len(places) > 1:
                parts.append(
                    f'<svg viewBox="0 0 {BOX:g} {height}" width="100%" height="{height}" '
                    f'preserveAspectRatio="none"><polyline points="{line}" fill="none" '
                    f'stroke="{curve.colour}" stroke-width="2.2" stroke-linejoin="round" '
                    f'vector-effect="non-scaling-stroke"/></svg>'
                )
            if curve.dots or len(places) == 1:
                parts += [
                    f'<circle cx="{across.share(t_s):.3f}%" cy="{down(v):.1f}" r="3.2" '
                    f'fill="{curve.colour}"><title>{across.clock(t_s)}: {v:.2f} {escape(unit)}'
                    f"</title></circle>"
                    for t_s, v in run
                ]
    parts += _level_texts(low, high, height, unit)
    return _svg(height, parts, f"curve in {unit}")


def nice_above(value: float) -> float:
    """The next round number that is not below ``value``; 1 for nothing."""
    if value <= 0.0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in _NICE if step * power >= value * (1.0 - 1e-9))


def _runs(
    points: Sequence[tuple[float, float | None]],
) -> Iterator[list[tuple[float, float]]]:
    run: list[tuple[float, float]] = []
    for t_s, value in points:
        if value is not None:
            run.append((t_s, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _grid_lines(across: Across, height: int) -> Iterator[str]:
    for share, _ in across.ticks():
        yield (
            f'<line x1="{share:.2f}%" x2="{share:.2f}%" y1="0" y2="{height}" stroke="var(--line)"/>'
        )


def _levels(height: int) -> Iterator[str]:
    for share in _LEVELS:
        y = height * (1.0 - share)
        yield f'<line x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--line)"/>'


def _level_texts(low: float, high: float, height: int, unit: str) -> Iterator[str]:
    """The values of the levels, above all that is drawn."""
    for share in _LEVELS:
        y = height * (1.0 - share)
        text = f"{low + share * (high - low):,g}" + (f" {unit}" if share == 1.0 else "")
        yield f'<text x="3" y="{y - 3 if share < 1.0 else y + 12:.1f}">{escape(text)}</text>'


def _svg(height: int, parts: Sequence[str], label: str) -> str:
    inner = "".join(parts)
    return f'<svg height="{height}" role="img" aria-label="{escape(label)}">{inner}</svg>'
