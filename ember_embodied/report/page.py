"""The page: one file of HTML with everything in it, no script, nothing from elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from ember_embodied import __version__
from ember_embodied.report import measures, moments
from ember_embodied.report.drawing import Across
from ember_embodied.report.findings import Findings, Sentence
from ember_embodied.report.style import STYLE
from ember_embodied.report.words import (
    chip,
    clock,
    count,
    energy,
    is_trouble,
    label_text,
    length,
    long_date,
    missing,
)
from hippocampus.night.episode import Day

_SHOWN_FAULTS: Final = 40


def page(found: Findings) -> str:
    """The report of a day as one HTML document."""
    day = found.day
    along = moments.across(day)
    parts = (
        _header(day),
        _section("In its own words", "", _diary(found)),
        _section("The day", "Everything that was felt, heard, seen and done.", _day(day, along)),
        _section("What was kept, and why", "", moments.kept(day)),
        _section("Heat and power", _power_lede(day), measures.body(day, along)),
        _section(
            "Mine, or not mine",
            "Currents, pose and IMU that the own command does not explain are somebody else's.",
            measures.agency(day, along),
        ),
        _section(
            "What it has learned",
            "Where a voice is, found out by looking there.",
            measures.learning(found, along),
        ),
        _section("Faults", "", _faults(day)),
        _footer(found),
    )
    title = f"Ember, {day.date}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _section(title: str, lede: str, parts: Iterable[str]) -> str:
    told = f'<p class="lede">{escape(lede)}</p>' if lede else ""
    return f"<section><h2>{escape(title)}</h2>{told}{''.join(parts)}</section>\n"


def _header(day: Day) -> str:
    sums = day.totals
    tiles = (
        (length(sums.awake_s), "awake"),
        (f"{sums.touches:,}", "touches"),
        (f"{sums.voices:,}", "voices"),
        (length(sums.people_s), "with people"),
        (f"{sums.looks_found:,} of {sums.looks:,}", "looks that found a face"),
        (energy(sums.energy_j), "used by the servos"),
    )
    drawn = "".join(
        f'<div class="tile"><b>{escape(value)}</b><span>{name}</span></div>'
        for value, name in tiles
    )
    return (
        f'<header><p class="eyebrow">A day of Ember</p><h1>{long_date(day.date)}</h1>'
        f'<p class="lede">{length(sums.lived_s)} of life, {count(sums.ticks, "moment")} felt, '
        f"{count(len(day.episodes), 'episode')}.</p></header>"
        f'<div class="tiles">{drawn}</div>\n'
    )


def _diary(found: Findings) -> Iterator[str]:
    if found.diary is None:
        yield missing(found.missing["diary"])
        return
    told = " ".join(_sentence(found.day, sentence) for sentence in found.diary.sentences)
    yield f'<div class="diary"><p>{told}</p></div>'
    notes = ["Each sentence leads to the moment that it speaks of."]
    if found.diary.writer:
        notes.append(f"Told by: {escape(found.diary.writer)}.")
    if found.diary.dropped:
        notes.append(
            f"{count(found.diary.dropped, 'sentence')} that the log did not bear out went."
        )
    yield f'<p class="caption">{" ".join(notes)}</p>'


def _sentence(day: Day, sentence: Sentence) -> str:
    """The sentence, with a link to its moment; to the whole day where it speaks of that."""
    text = escape(sentence.text)
    for t_ns in sentence.starts_ns:
        episode = moments.episode_at(day, t_ns)
        if episode is not None:
            return f'<a href="#{moments.anchor(episode)}" title="{clock(t_ns)}">{text}</a>'
    when = clock(sentence.starts_ns[0]) if sentence.starts_ns else "the whole day"
    return f'<a href="#the-day" title="{when}">{text}</a>'


def _day(day: Day, along: Across) -> Iterator[str]:
    yield '<div id="the-day"></div>'
    yield from moments.timeline(day, along)


def _power_lede(day: Day) -> str:
    sums = day.totals
    parts = [f"{energy(sums.energy_j)} in all"]
    if sums.max_temperature_c is not None:
        parts.append(f"{sums.max_temperature_c:.0f} °C at the hottest")
    if sums.min_voltage_v is not None:
        parts.append(f"{sums.min_voltage_v:.1f} V at the lowest")
    return ", ".join(parts) + "."


def _faults(day: Day) -> Iterator[str]:
    found = [label for label in moments.labels_of(day) if is_trouble(label)]
    if not found:
        yield '<p class="lede">None. Every motor held, every sensor answered, nothing ran hot.</p>'
        return
    times = Counter(label_text(label) for label in found)
    firsts = {label_text(label): label for label in reversed(found)}
    chips = (chip(firsts[text], number) for text, number in times.most_common())
    yield f'<div class="chips">{"".join(chips)}</div>'
    rows = "".join(
        f"<tr><td>{clock(x.span.start_ns)}</td><td>{escape(label_text(x))}</td>"
        f"<td>{length(x.span.seconds)}</td></tr>"
        for x in found[:_SHOWN_FAULTS]
    )
    head = "<tr><th>when</th><th>what</th><th>for</th></tr>"
    table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
    yield f"<details><summary>When</summary>{table}"
    if len(found) > _SHOWN_FAULTS:
        yield f'<p class="caption">and {len(found) - _SHOWN_FAULTS:,} more</p>'
    yield "</details>"


def _footer(found: Findings) -> str:
    logs = found.day.logs
    damage = [line for file in logs for line in file.damage]
    lost = f" Lost in the log: {escape('; '.join(damage))}." if damage else ""
    return (
        f"<footer><p>Made by Ember {escape(__version__)} from {count(len(logs), 'file')} of the "
        f"log, as the night left them.{lost} Times are local. This page asks nothing of any "
        "network.</p>"
        "</footer>"
    )
