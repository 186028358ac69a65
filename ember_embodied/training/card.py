"""The card of a bundle: what it was made for, what was measured, where it falls short."""

from __future__ import annotations

from typing import Final

from ember_embodied.bundle import Manifest, Score
from ember_embodied.trials.measures import GOOD_WHEN_HIGH, MEANING

NOTE: Final = "note"
"""Setting of the training that says in words what the command does not."""


def write_card(manifest: Manifest) -> str:
    """Markdown of ``card.md``, every number from the manifest."""
    return "\n".join(
        (
            f"# {manifest.name}",
            "",
            "A small recurrent network that moves a Reachy Mini. It was taught to turn to who",
            "speaks, to follow a face, to answer a touch with its antennas, and to breathe when",
            "nothing happens; what it reaches, and what it does not, is measured below.",
            "",
            f"- {manifest.parameters:,} parameters: closed-form continuous-time core with LIF",
            f"  gates, {manifest.rate_hz:g} Hz, {len(manifest.inputs)} senses, 5 commands.",
            "- Learned by cloning a scripted teacher that knows who speaks, where the faces are",
            "  and what is touched; from round 1 on the network drove and the teacher corrected.",
            f"- Learned only in simulation. Seeds: {_seeds(manifest)}.",
            f"- ONNX against torch: {manifest.parity.max_abs_error:.1e} at most, over",
            f"  {manifest.parity.steps:,} steps, both running free.",
            f"- Made again by `{manifest.command}`.",
            *([f"- {manifest.training[NOTE]}"] if NOTE in manifest.training else []),
            "",
            "## Measured on seeds that it never learned from",
            "",
            *_table(manifest),
            "",
            "In brackets: 95 % interval from resampled lives. The teacher is told the truth, so it",
            "is a ceiling; `pid` and `stock` are rules on the same senses.",
            "",
            "## Where it falls short",
            "",
            *_shortfalls(manifest),
            "- It has never met a real robot, a real voice or a real hand. Sensor noise, servo",
            "  droop and forces of hands are those of the simulator.",
            "- A hand on the body or the foot is not answered, by design.",
            f"- It was trained at {manifest.rate_hz:g} Hz only; other rates are not measured.",
            "",
        )
    )


def _seeds(manifest: Manifest) -> str:
    return ", ".join(f"{split} {seeds}" for split, seeds in manifest.seeds.items())


def _table(manifest: Manifest) -> list[str]:
    policies = list(dict.fromkeys(score.policy for score in manifest.scores))
    found = {(score.policy, score.name): score for score in manifest.scores}
    lines = [
        "| | unit | " + " | ".join(policies) + " |",
        "|---|---|" + "---|" * len(policies),
    ]
    for name, meaning in MEANING.items():
        scores = [found.get((policy, name)) for policy in policies]
        unit = next((score.unit for score in scores if score), "")
        lines.append(f"| {meaning} | {unit} | " + " | ".join(map(_cell, scores)) + " |")
    return lines


def _cell(score: Score | None) -> str:
    if score is None:
        return "none"
    if score.interval is None:
        return f"{score.value:.2f}"
    low, high = score.interval
    return f"{score.value:.2f} [{low:.2f}, {high:.2f}] n={score.n}"


def _shortfalls(manifest: Manifest) -> list[str]:
    """Every number in which the intervals of network and teacher do not meet, and who is worse."""
    found = {(score.policy, score.name): score for score in manifest.scores}
    lines = []
    for name, meaning in MEANING.items():
        own, best = found.get((manifest.name, name)), found.get(("teacher", name))
        if own is None or best is None or own.interval is None or best.interval is None:
            continue
        if name in GOOD_WHEN_HIGH:
            worse = own.interval[1] < best.interval[0]
        else:
            worse = own.interval[0] > best.interval[1]
        if worse:
            lines.append(f"- {meaning}: {own.value:.2f} {own.unit}, the teacher {best.value:.2f}.")
    return lines
