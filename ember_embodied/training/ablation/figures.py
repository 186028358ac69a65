"""Figures of a study, SVG, the same bytes for the same results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from ember_embodied.errors import UserError
from ember_embodied.training.ablation.findings import findings, measure_named, outcomes
from ember_embodied.training.ablation.gates import WHERE_TO_LOOK, mean_gates
from ember_embodied.training.ablation.study import Results

INCHES_A_ROW: Final = 0.28
VERDICT_COLOURS: Final = {
    "helps": "#1b7837",
    "hurts": "#b2182b",
    "does nothing": "#2166ac",
    "no effect shown": "#777777",
    "not measured": "#cccccc",
}
CURVE_POINTS: Final = 40


def draw(results: Results, folder: Path) -> dict[str, str]:
    """Draw what there is data for; return name and file of each figure."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UserError("figures need matplotlib: pip install 'ember-embodied[train]'") from error
    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "ember",
        "font.size": 8,
        "path.snap": False,
    }
    drawn = {}
    with mpl.rc_context(style):
        for name, paint in _FIGURES.items():
            figure = Figure(layout="constrained")
            if paint(results, figure):
                figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
                drawn[name] = f"{name}.svg"
    return drawn


def _effects(results: Results, figure: Any) -> bool:
    """A forest: each pair's difference in the primary measure with its interval."""
    spec = results.spec
    found = findings(results, measure_named(results, spec.primary))
    figure.set_size_inches(7.0, 1.0 + INCHES_A_ROW * len(found))
    axes = figure.subplots()
    for row, finding in enumerate(found):
        if finding.paired is not None:
            colour = VERDICT_COLOURS[finding.verdict]
            axes.plot(finding.paired.interval, (row, row), color=colour)
            axes.plot(finding.paired.difference, row, "o", color=colour, markersize=4)
    axes.axvspan(-spec.margin, spec.margin, color="#2166ac", alpha=0.12, lw=0)
    axes.axvline(0.0, color="black", lw=0.6)
    names = [f"{f.ours} / {f.theirs}: {f.verdict}" for f in found]
    axes.set_yticks(range(len(found)), names)
    axes.invert_yaxis()
    axes.set_xlabel(f"difference in {spec.primary}, 95 % interval; shaded: as good as none")
    return True


def _gates(results: Results, figure: Any) -> bool:
    """Attention entropy, effective support and dead gates of each condition and layer."""
    rows = [
        (f"{name}, {gates.layer}", gates)
        for name in results.spec.conditions()
        for gates in mean_gates(outcomes(results, name).values())
        if gates.layer != WHERE_TO_LOOK
    ]
    if not rows:
        return False
    columns = {
        "entropy of attention, nats": ("entropy",),
        "effective support, tokens": ("support",),
        "dead gates, share": ("never_open", "never_close"),
    }
    figure.set_size_inches(9.0, 1.0 + 0.8 * INCHES_A_ROW * len(rows))
    panels = figure.subplots(1, len(columns), sharey=True)
    for axes, (title, fields) in zip(panels, columns.items(), strict=True):
        for field, marker in zip(fields, ("o", "x"), strict=False):
            points = [
                (v, y) for y, (_, g) in enumerate(rows) if (v := getattr(g, field)) is not None
            ]
            axes.plot(
                *zip(*points, strict=True) if points else ([], []), marker, ls="", label=field
            )
        axes.set_title(title)
        axes.set_xlim(left=0.0)
        axes.tick_params(axis="y", length=0)
        if len(fields) > 1:
            axes.legend([field.replace("_", " ") for field in fields])
    panels[0].set_yticks(range(len(rows)), [name for name, _ in rows])
    panels[0].invert_yaxis()
    return True


def _depth(results: Results, figure: Any) -> bool:
    """Fire rate and threshold of each condition from the senses inwards."""
    figure.set_size_inches(8.0, 3.6)
    panels = figure.subplots(1, 2)
    any_gate = False
    for index, name in enumerate(results.spec.conditions()):
        layers = [
            g for g in mean_gates(outcomes(results, name).values()) if g.fire_rate is not None
        ]
        any_gate = any_gate or bool(layers)
        for axes, field in zip(panels, ("fire_rate", "threshold"), strict=True):
            points = [(g.depth, v) for g in layers if (v := getattr(g, field)) is not None]
            if points:
                style = {"color": f"C{index % 10}", "marker": "osv^D"[index // 10 % 5]}
                axes.plot(*zip(*points, strict=True), label=name, lw=0.8, markersize=4, **style)
    for axes, title in zip(panels, ("fire rate", "threshold"), strict=True):
        axes.set_title(f"{title} by depth")
        axes.set_xlabel("layer, 0 nearest to the senses")
        axes.xaxis.get_major_locator().set_params(integer=True)
    if not any_gate:
        return False
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right upper", fontsize=6)
    return True


def _curves(results: Results, figure: Any) -> bool:
    """Loss of training, mean over seeds."""
    figure.set_size_inches(7.0, 4.0)
    axes = figure.subplots()
    drawn = False
    for index, name in enumerate(results.spec.conditions()):
        curves = [o.curve for o in outcomes(results, name).values() if o.curve and not o.fault]
        if not curves:
            continue
        length = min(map(len, curves))
        steps = [step for step, _ in curves[0][:length]]
        losses = np.array([[loss for _, loss in curve[:length]] for curve in curves]).mean(axis=0)
        style = ("-", "--", ":", "-.")[index // 10 % 4]
        axes.plot(steps, losses, style, label=name, color=f"C{index % 10}", lw=0.8)
        drawn = True
    if not drawn:
        return False
    axes.set_yscale("log")
    axes.set_xlabel("step of training")
    axes.set_ylabel("loss, mean over seeds")
    figure.legend(loc="outside right upper", fontsize=6)
    return True


_FIGURES: Final[dict[str, Callable[[Results, Any], bool]]] = {
    "effects": _effects,
    "curves": _curves,
    "depth": _depth,
    "gates": _gates,
}
