"""When things happened, and what was kept of it and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from ember_embodied.report.drawing import Across, Mark, lane, time_axis
from ember_embodied.report.words import (
    KEPT,
    chip,
    clock,
    colour,
    count,
    is_trouble,
    label_text,
    length,
    missing,
    seconds,
    utc_offset_s,
)
from hippocampus.night.episode import Day, Episode, Kept
from hippocampus.night.label import TOUCHES, Label, LabelKind

FOREMOST: Final = 6
"""Moments that are shown at once; the others are folded away."""
_CHIPS: Final = 6
_MARGIN: Final = 0.01
_LONG_DAY_S: Final = 12 * 3600.0
_SHORTEST_S: Final = 60.0
TERMS: Final = {
    "prediction_error": ("surprise", "var(--ember)"),
    "touch": ("touch", "var(--touch)"),
    "reward": ("reward", "var(--look)"),
    "novelty": ("novelty", "var(--voice)"),
    "people": ("people", "var(--person)"),
    "trouble": ("trouble", "var(--fault)"),
}
"""Terms of salience: the page's word, and colour."""


def labels_of(day: Day) -> list[Label]:
    """Every label, by its beginning."""
    found = [*day.background, *(label for episode in day.episodes for label in episode.labels)]
    return sorted(found, key=lambda label: label.span.start_ns)


def across(day: Day) -> Across:
    """From the first to the last thing of the day; the whole day where that is long."""
    labels = labels_of(day)
    times = [t for one in labels for t in (one.span.start_ns, one.span.end_ns)]
    times += [t for episode in day.episodes for t in (episode.start_ns, episode.end_ns)]
    offset_s = utc_offset_s(day)
    if not times:
        times = [0, 1]
    start_s, end_s = seconds(min(times)), seconds(max(times))
    if end_s - start_s > _LONG_DAY_S:
        start_s = (start_s + offset_s) // 86_400 * 86_400 - offset_s
        return Across(start_s, max(end_s, start_s + 86_400), offset_s)
    room_s = max(_SHORTEST_S - (end_s - start_s), _MARGIN * (end_s - start_s))
    return Across(start_s - room_s / 2, end_s + room_s / 2, offset_s)


def timeline(day: Day, along: Across) -> Iterator[str]:
    """Lanes over the day."""
    labels = labels_of(day)
    if not labels:
        yield missing("Nothing was labelled on this day.")
        return
    kinds = LabelKind
    lanes = (
        ("touches", lambda label: label.kind in TOUCHES),
        ("voices", lambda label: label.kind is kinds.VOICE),
        ("people", lambda label: label.kind in (kinds.PERSON, kinds.FOLLOWED)),
        ("turned to", lambda label: label.kind is kinds.TURNED),
        ("moved", lambda label: label.kind is kinds.OWN_MOVEMENT),
        ("startled", lambda label: label.kind is kinds.STARTLED),
        ("asleep", lambda label: label.kind is kinds.SLEEP),
        ("trouble", is_trouble),
    )
    for name, belongs in lanes:
        mine = [label for label in labels if belongs(label)]
        if not mine:
            continue
        marks = [_mark(label) for label in mine]
        yield f'<div class="lane"><span>{name} · {len(mine):,}</span>{lane(along, marks)}</div>'
    yield f'<div class="lane axis"><span></span>{time_axis(along)}</div>'
    quiet = [name for name, belongs in lanes if not any(map(belongs, labels))]
    if quiet:
        yield f'<p class="caption">Nothing of: {", ".join(quiet)}.</p>'


def _mark(label: Label) -> Mark:
    span = label.span
    text = f"{clock(span.start_ns)} {label_text(label)}, {length(span.seconds)}"
    strength = 1.0 if label.strength is None else label.strength
    return Mark(seconds(span.start_ns), seconds(span.end_ns), colour(label), text, strength)


def kept(day: Day) -> Iterator[str]:
    """What became of the raw data, and every moment with its reasons."""
    if not day.episodes:
        yield missing("No moment of this day stood out.")
        return
    fates = Counter(file.kept for file in day.logs)
    bytes_, left = sum(f.bytes for f in day.logs), sum(f.kept_bytes for f in day.logs)
    told = ", ".join(f"{number} {KEPT[fate]}" for fate, number in fates.items())
    yield (
        f'<p class="lede">Of {count(len(day.logs), "file")}: {told}; '
        f"{bytes_ / 1e6:.1f} MB became {left / 1e6:.1f} MB. A moment counts for what it has of "
        "surprise, touch, reward, novelty, people and trouble.</p>"
    )
    legend = "".join(
        f'<span><i style="background:{tint}"></i>{word}</span>' for word, tint in TERMS.values()
    )
    yield f'<div class="legend">{legend}</div>'
    ranked = sorted(day.episodes, key=lambda one: -one.salience)
    yield _list(ranked[:FOREMOST])
    if len(ranked) > FOREMOST:
        rest = ranked[FOREMOST:]
        more = count(len(rest), "more moment")
        yield f"<details><summary>{more}</summary>{_list(rest)}</details>"


def anchor(episode: Episode) -> str:
    """The name of an episode within the page."""
    return f"moment-{episode.spans[0].first_tick}-{episode.start_ns}"


def episode_at(day: Day, t_ns: int) -> Episode | None:
    """The episode in which a moment lies; None where it lies in none."""
    return next((e for e in day.episodes if e.start_ns <= t_ns <= e.end_ns), None)


def _list(episodes: Sequence[Episode]) -> str:
    return f'<ol class="moments">{"".join(map(_moment, episodes))}</ol>'


def _moment(episode: Episode) -> str:
    span = episode.spans[0]
    lasted = length(seconds(episode.end_ns) - seconds(episode.start_ns))
    last = episode.spans[-1].last_tick
    whole = sum(reason.value for reason in episode.reasons) or 1.0
    bars = "".join(
        f'<i style="width:{100 * episode.salience * reason.value / whole:.1f}%;'
        f'background:{TERMS.get(reason.term, (reason.term, "var(--sleep)"))[1]}"></i>'
        for reason in episode.reasons
    )
    why = [TERMS.get(r.term, (r.term, ""))[0] for r in episode.reasons if r.value > 0.0][:3]
    reasons = f"for {', '.join(why)}" if why else "for nothing in particular"
    tag = KEPT[episode.kept]
    raw = "" if episode.kept is Kept.FORGOTTEN else f'<p class="source">{escape(span.log)}, ticks '
    source = raw and f"{raw}{span.first_tick} to {last}</p>"
    return (
        f'<li id="{anchor(episode)}"><div class="when"><b>{clock(episode.start_ns)}</b>'
        f'<span>{lasted}</span><span class="tag">{tag}</span></div>'
        f'<div class="bar" title="salience {episode.salience:.2f}">{bars}</div>'
        f'<p class="caption">salience {episode.salience:.2f}, {reasons}</p>'
        f'<div class="chips">{_chips(episode.labels)}</div>{source}</li>'
    )


def _telling(group: Sequence[Label]) -> tuple[bool, float]:
    """What says most of a moment comes first: trouble and touches, then what is strong."""
    first = group[0]
    told = first.kind in TOUCHES or is_trouble(first)
    return told, max(label.strength or 0.0 for label in group)


def _chips(labels: Sequence[Label]) -> str:
    """The labels of a moment, equal ones once."""
    groups: dict[str, list[Label]] = {}
    for label in labels:
        if label.kind is not LabelKind.OWN_MOVEMENT:
            groups.setdefault(f"{label.kind} {label.place} {label.found}", []).append(label)
    shown = sorted(groups.values(), key=_telling, reverse=True)[:_CHIPS]
    parts = [chip(group[0], len(group)) for group in shown]
    if len(groups) > _CHIPS:
        parts.append(f'<span class="tag">and {len(groups) - _CHIPS} more</span>')
    return "".join(parts)
