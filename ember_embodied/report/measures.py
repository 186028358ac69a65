"""What was measured: heat and power by the hour, whose movements they were, how learning went."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ember_embodied.report.drawing import Across, Curve, columns, curves, time_axis
from ember_embodied.report.findings import Findings
from ember_embodied.report.moments import labels_of
from ember_embodied.report.words import SECOND_NS, clock, energy, length, missing, seconds
from ember_embodied.table_figure import PAGE, polar_svg
from hippocampus.night.episode import Day, Hour
from hippocampus.night.label import LabelKind

_MINUTE_S = 60.0
_BINS = 48
"""Stretches of the day that agency is counted in."""


def body(day: Day, along: Across) -> Iterator[str]:
    """Heat and power."""
    hours = [(*_bounds(day, hour), hour) for hour in day.totals.hours]
    if not hours:
        yield missing(
            "No hour of this day is summed up: its log was forgotten, or is not read yet."
        )
        return
    spent = [
        (a, b, hour.energy_j, f"{hour.hour:02d}:00 {energy(hour.energy_j)}") for a, b, hour in hours
    ]
    yield _plot(
        "Energy of all servos, by the hour", columns(along, spent, "var(--move)", "J"), along
    )
    heat = [(a, b, hour.max_temperature_c) for a, b, hour in hours]
    hot = [(a, b, t, f"{clock(round(a * SECOND_NS))[:2]}:00 {t:.0f} °C") for a, b, t in heat if t]
    if hot:
        yield _plot("Hottest servo, by the hour", columns(along, hot, "var(--touch)", "°C"), along)
    else:
        yield missing("No servo told its temperature.")
    yield "<details><summary>The numbers</summary>" + _hour_table(day.totals.hours) + "</details>"


def _hour_table(hours: tuple[Hour, ...]) -> str:
    rows = "".join(
        f"<tr><td>{h.hour:02d}:00</td><td>{length(h.awake_s)}</td><td>{length(h.moving_s)}</td>"
        f"<td>{energy(h.energy_j)}</td><td>{_number(h.max_temperature_c, '°C')}</td>"
        f"<td>{_number(h.min_voltage_v, 'V', 1)}</td></tr>"
        for h in hours
    )
    names = ("hour", "awake", "moving", "energy", "hottest", "lowest")
    head = "<tr>" + "".join(f"<th>{name}</th>" for name in names) + "</tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def agency(day: Day, along: Across) -> Iterator[str]:
    """Whose movement it was, over the day."""
    labels = labels_of(day)
    kinds = (
        (LabelKind.OWN_MOVEMENT, "my own", "var(--own)"),
        (LabelKind.PUSHED, "pushed by somebody", "var(--touch)"),
        (LabelKind.BLOCKED, "blocked", "var(--fault)"),
        (LabelKind.TORQUE_LOST, "torque lost", "var(--sleep)"),
    )
    spans = {
        kind: [(seconds(x.span.start_ns), seconds(x.span.end_ns)) for x in labels if x.kind is kind]
        for kind, _, _ in kinds
    }
    if not any(spans.values()):
        yield missing("Nothing moved it on this day, and it did not move.")
        return
    legend = "".join(
        f'<span><i style="background:{tint}"></i>{name}: {len(spans[kind]):,} times, '
        f"{length(sum(b - a for a, b in spans[kind]))}</span>"
        for kind, name, tint in kinds
    )
    yield f'<div class="legend">{legend}</div>'
    step = (along.end_s - along.start_s) / _BINS
    drawn = [
        Curve([(t, share) for t, share in _shares(spans[kind], along, step)], tint)
        for kind, _, tint in kinds
        if spans[kind]
    ]
    yield _plot("Share of the time, per cent", curves(along, drawn, "%"), along)
    hours = [
        (_middle(day, hour, along), hour.surprise_sum / hour.surprise_ticks)
        for hour in day.totals.hours
        if hour.surprise_ticks
    ]
    if hours:
        told = "What the forward model did not expect, mean by the hour, deviations"
        yield _plot(told, curves(along, [Curve(hours, "var(--ember)", dots=True)], "σ"), along)


def _shares(
    spans: list[tuple[float, float]], along: Across, step: float
) -> Iterator[tuple[float, float]]:
    for number in range(_BINS):
        a = along.start_s + number * step
        inside = sum(max(0.0, min(end, a + step) - max(start, a)) for start, end in spans)
        yield a + step / 2, min(100.0, 100.0 * inside / step)


def learning(found: Findings, along: Across) -> Iterator[str]:
    """The tables, how they came, and the looks of the day."""
    looks = [x for x in labels_of(found.day) if x.kind is LabelKind.TURNED and x.amount is not None]
    if found.learned is not None:
        yield '<div class="two">'
        polar = f'<div class="polar">{polar_svg(found.learned, PAGE)}</div>'
        yield f'<figure class="plot">{polar}<figcaption>{_POLAR}</figcaption></figure>'
        yield "<div>" + "".join(_learned_lines(found)) + "</div></div>"
    else:
        yield missing(found.missing["learned"])
    yield "<h3>Looks of the day</h3>"
    if looks:
        points = [(seconds(x.span.start_ns), x.amount) for x in looks]
        drawn = curves(
            along, [Curve(points, "var(--look)", dots=True, line=False)], "reward", most=1.0
        )
        yield _plot(
            "Reward of each look to a voice; 1: the face was where it was heard", drawn, along
        )
    else:
        yield missing("It turned to nobody, so there was nothing to learn from.")
    yield "<h3>How learning went</h3>"
    if "history" in found.missing or not found.history:
        yield missing(found.missing.get("history", found.missing.get("learned", "")))
        return
    yield from _curves_of_history(found)


_POLAR = (
    "Seen from above, ahead is up. Heavy line: the bias that is taken off at each direction, "
    "outwards: heard too far left. Band: its doubt. Bars at the rim: looks, darker where sure."
)


def _learned_lines(found: Findings) -> Iterator[str]:
    known = found.learned
    assert known is not None
    best = max(known.variants, key=lambda one: one.reward, default=None)
    rows = [
        ("looks", f"{known.looks:,}"),
        ("rooms known", f"{len(known.rooms)}"),
        ("surprise (1: usual)", f"{known.surprise:.2f}"),
        ("pull of echo", f"{known.pull_deg:.1f}°"),
        ("movements of the body", f"{known.movements:,}"),
        ("noise of own motors (1: usual)", f"{known.own_noise:.2f}"),
    ]
    if best is not None:
        rows.append(("best way to correct", f"{best.name}, {best.reward:.2f}"))
    cells = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows)
    yield f"<table><tbody>{cells}</tbody></table>"
    if known.frozen:
        yield missing("Learning is switched off: it corrects and does not learn.")
    for line in known.trouble:
        yield missing(line)


def _curves_of_history(found: Findings) -> Iterator[str]:
    times = [seconds(entry.t_wall_ns) for entry in found.history]
    along = Across(times[0], max(times[-1], times[0] + _MINUTE_S), 0.0)
    since = datetime.fromtimestamp(times[0]).astimezone()
    curves_ = [
        Curve([(t, e.bias_deg) for t, e in zip(times, found.history, strict=True)], "var(--voice)"),
        Curve([(t, e.doubt_deg) for t, e in zip(times, found.history, strict=True)], "var(--move)"),
    ]
    yield (
        '<div class="legend"><span><i style="background:var(--voice)"></i>bias that is '
        'corrected</span><span><i style="background:var(--move)"></i>its doubt</span></div>'
    )
    local = Across(along.start_s, along.end_s, (since.utcoffset() or timedelta()).total_seconds())
    yield _plot(f"Degrees, since {since:%d %B %Y %H:%M}", curves(local, curves_, "°"), local)
    worth = [(t, e.reward) for t, e in zip(times, found.history, strict=True)]
    drawn = curves(local, [Curve(worth, "var(--look)")], "reward", most=1.0)
    yield _plot("Mean reward of the best way to correct", drawn, local)


def _plot(title: str, svg: str, along: Across) -> str:
    return f'<figure class="plot"><figcaption>{title}</figcaption>{svg}{time_axis(along)}</figure>'


def _bounds(day: Day, hour: Hour) -> tuple[float, float]:
    start = datetime.fromisoformat(day.date) + timedelta(hours=hour.hour)
    start_s = start.astimezone().timestamp()
    return start_s, start_s + 3600.0


def _middle(day: Day, hour: Hour, along: Across) -> float:
    """The middle of what is drawn of an hour."""
    start_s, end_s = _bounds(day, hour)
    return (max(start_s, along.start_s) + min(end_s, along.end_s)) / 2


def _number(value: float | None, unit: str, digits: int = 0) -> str:
    return "–" if value is None else f"{value:.{digits}f} {unit}"
