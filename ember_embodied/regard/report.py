"""The experiment as one page: tables and figures in HTML and SVG, with nothing to install."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from ember_embodied.regard.contingency import LAGS
from ember_embodied.regard.experiment import RATE_HZ, Finding, Regard

WIDTH: Final = 320
HEIGHT: Final = 90
OWN_COLOUR: Final = "#1a7f5a"
OTHER_COLOUR: Final = "#b3541e"
_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; color: #222;
  background: #fff }
td, th { padding: .2rem .7rem; text-align: left; border-bottom: 1px solid #ddd }
td.number { text-align: right; font-variant-numeric: tabular-nums }
figure { display: inline-block; margin: .5rem 1rem .5rem 0 } figcaption { font-size: 13px }
"""

_EXPLAINED: Final = (
    "<p>Share of what the song leaves of each motion that the own departures explain, by delay "
    f"from 0 to {(LAGS - 1) / RATE_HZ:g} s. The band is when own movement is felt.</p>"
)


def html_page(found: Regard) -> str:
    """The page. Colours: green is truly own, brown is not."""
    return "\n".join(
        (
            "<!doctype html><html lang='en'><meta charset='utf-8'><title>Hand regard</title>",
            f"<style>{_STYLE}</style><h1>Hand regard</h1>",
            f"<p>{escape(_summary(found))}</p>",
            "<h2>What is seen</h2>",
            *_table(found.seen),
            "<h2>What is felt</h2>",
            *_table(found.felt),
            "<h2>Departures from the song, and what follows them</h2>",
            _EXPLAINED,
            *(_curve(one, found.felt_lag) for one in (*found.seen, *found.felt)),
            "<h2>Minute by minute</h2>",
            *_course(found),
            "</html>",
        )
    )


def _summary(found: Regard) -> str:
    things = len(found.seen) + len(found.felt)
    return (
        f"Seed {found.seed}, {found.minutes:g} minutes of babbling. Judged right by the contrast: "
        f"{found.right} of {things}; by matching alone: {found.right_by_matching}. Own movement is "
        f"felt {found.felt_lag / RATE_HZ:g} s after its command; the imitator takes "
        f"{found.reaction_s:.2f} s."
    )


def _table(findings: Sequence[Finding]) -> Iterable[str]:
    yield (
        "<table><tr><th><th>truly<th>by contrast<th>by matching<th>matching r²<th>contrast r²"
        "<th>delay, s<th>chance<th>information, nats</tr>"
    )
    for one in findings:
        told = one.contingency
        words = [
            "own" if own else "not own" for own in (one.truly_own, one.own, one.own_by_matching)
        ]
        numbers = (
            f"{told.matching:.3f}",
            f"{told.contrast:.3f}",
            f"{told.contrast_lag / RATE_HZ:.1f}",
            f"{told.contrast_chance:.3f}",
            f"{told.information_nats:.3f}",
        )
        cells = "".join(f"<td>{word}" for word in words)
        cells += "".join(f"<td class='number'>{number}" for number in numbers)
        yield f"<tr><td>{escape(told.name)}{cells}</tr>"
    yield "</table>"


def _curve(one: Finding, felt_lag: int) -> str:
    values = one.contingency.contrast_by_lag
    top = max(*values, 0.05)
    step = WIDTH / (len(values) - 1)
    points = " ".join(
        f"{number * step:.1f},{HEIGHT * (1.0 - value / top):.1f}"
        for number, value in enumerate(values)
    )
    colour = OWN_COLOUR if one.truly_own else OTHER_COLOUR
    left = max(0.0, (felt_lag - 1) * step)
    name = escape(one.contingency.name)
    return (
        f"<figure><svg width='{WIDTH}' height='{HEIGHT}' role='img' aria-label='{name}'>"
        f"<rect x='{left:.1f}' width='{2.0 * step:.1f}' height='{HEIGHT}' fill='#eee'/>"
        f"<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='2'/></svg>"
        f"<figcaption>{name}: at most {max(values):.3f}</figcaption></figure>"
    )


def _course(found: Regard) -> Iterable[str]:
    yield "<table><tr><th>minutes<th>right by contrast<th>right by matching</tr>"
    for minutes, right, matched in found.course:
        yield (
            f"<tr><td class='number'>{minutes:g}<td class='number'>{right} of {len(found.seen)}"
            f"<td class='number'>{matched} of {len(found.seen)}</tr>"
        )
    yield "</table>"


def text_lines(found: Regard) -> Iterable[str]:
    """The same for a terminal."""
    yield _summary(found)
    yield ""
    yield f"  {'':<15}{'truly':<9}{'contrast':<10}{'matching':<10}match r2  contrast r2  delay"
    for one in (*found.seen, *found.felt):
        told = one.contingency
        words = ["own" if own else "-" for own in (one.truly_own, one.own, one.own_by_matching)]
        yield (
            f"  {told.name:<15}{words[0]:<9}{words[1]:<10}{words[2]:<10}{told.matching:8.3f}"
            f"{told.contrast:13.3f}{told.contrast_lag / RATE_HZ:6.1f} s"
        )
    yield ""
    for minutes, right, matched in found.course:
        yield (
            f"  after {minutes:4.1f} min: {right} of {len(found.seen)} seen things judged right, "
            f"{matched} by matching alone"
        )
