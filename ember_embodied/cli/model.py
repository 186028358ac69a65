"""``ember model``: what a bundle is, whether it computes what it should, how well it behaves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from ember_embodied import bundle as bundles
from ember_embodied.bundle import Manifest
from ember_embodied.cli.options import AsJson, print_json
from ember_embodied.errors import UserError

BundleArgument = Annotated[
    str, typer.Argument(metavar="BUNDLE", help="Name of a shipped bundle, or its folder.")
]
app = typer.Typer(help="Look into bundles, check them and measure them.", add_completion=False)


@app.command("list")
def list_bundles(as_json: AsJson = False) -> None:
    """Print the bundles that came with this install; the live one runs by default."""
    live = bundles.load().manifest.name
    rows = [{"name": name, "live": name == live} for name in bundles.shipped()]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        print(f"{row['name']}{'  (live)' if row['live'] else ''}")


@app.command()
def info(bundle: BundleArgument = bundles.DEFAULT_BUNDLE, as_json: AsJson = False) -> None:
    """Check a bundle and print its manifest.

    Examples:
      ember model info
      ember model info ember --json | jq .scores
    """
    found = bundles.load(bundle)
    manifest = found.manifest
    if as_json:
        facts: dict[str, Any] = {"path": str(found.path), "digest": found.digest}
        print_json(facts | msgspec.to_builtins(manifest))
        return
    print(f"{manifest.name}{'' if manifest.trained else ' (untrained)'}  {found.path}")
    rows = (
        ("digest", found.digest),
        ("schema", manifest.schema_hash),
        ("parameters", f"{manifest.parameters:,}"),
        ("rate", f"{manifest.rate_hz:g} Hz"),
        ("inputs", f"{len(manifest.inputs)} senses in {len(manifest.streams)} streams"),
        ("state", ", ".join(f"{row.name} {row.width}" for row in manifest.state)),
        ("parity", f"{manifest.parity.max_abs_error:.1e} after {manifest.parity.steps:,} steps"),
        ("seeds", ", ".join(f"{split} {seeds}" for split, seeds in manifest.seeds.items())),
        ("weights", _weights(manifest)),
        ("made by", manifest.command),
    )
    for name, value in rows:
        print(f"  {name:<11} {value}")
    for line in score_lines(manifest):
        print(f"  {line}")


@app.command()
def card(bundle: BundleArgument = bundles.DEFAULT_BUNDLE) -> None:
    """Print what a bundle can do and where it falls short, in plain words."""
    found = bundles.load(bundle)
    print((found.path / bundles.CARD_FILE).read_text("utf-8"), end="")


@app.command()
def parity(
    bundle: BundleArgument = bundles.DEFAULT_BUNDLE,
    steps: Annotated[int, typer.Option(min=1, help="Steps to run.")] = 10_000,
    as_json: AsJson = False,
) -> None:
    """Run torch and ONNX Runtime side by side and print how far they stray."""
    need_torch()
    from ember_embodied.bench.claims import claim
    from ember_embodied.training.export import PARITY_BOUND, STATE_BOUND, measure_parity
    from ember_embodied.training.weights import network_of

    found = bundles.load(bundle)
    measured = measure_parity(network_of(found), found, steps)
    claims = [
        claim(f"parity: {name}", error, "1", f"<= {bound:g}", n=steps)
        for name, error, bound in (
            ("largest error of an output", measured.max_abs_error, PARITY_BOUND),
            ("largest error of the state", measured.max_state_error, STATE_BOUND),
        )
    ]
    if as_json:
        print_json({"claims": claims})
    else:
        for each in claims:
            print(f"{each.name}: {each.value:.2e} ({each.bound}) after {steps:,} steps")
    if not all(each.holds for each in claims):
        raise typer.Exit(1)


@app.command()
def export(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to.")],
    bundle: Annotated[str, typer.Option(metavar="NAME|PATH")] = bundles.DEFAULT_BUNDLE,
) -> None:
    """Write a bundle's ONNX graph again from its weights, and measure its parity again.

    Card and scores stay those of the bundle: the weights are the same.

    Example:
      ember model export /tmp/ember-again --bundle ember
    """
    need_torch()
    from ember_embodied.training.export import Provenance, write_bundle
    from ember_embodied.training.weights import network_of

    found = bundles.load(bundle)
    manifest = found.manifest
    if out.resolve() == found.path.resolve():
        raise UserError(f"{out} is the bundle itself; name another folder")
    provenance = Provenance(
        name=out.name,
        trained=manifest.trained,
        rate_hz=manifest.rate_hz,
        command=manifest.command,
        data_sha256=manifest.data_sha256,
        training=manifest.training,
        seeds=manifest.seeds,
    )
    card = (found.path / bundles.CARD_FILE).read_text("utf-8")
    written = write_bundle(network_of(found), out, provenance, scores=manifest.scores, card=card)
    parity = written.manifest.parity
    print(f"{written.path}: {written.model_path.stat().st_size / 1024:.0f} KiB")
    print(f"parity: {parity.max_abs_error:.1e} after {parity.steps:,} steps")


@app.command()
def quantise(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to.")],
    bundle: Annotated[str, typer.Option(metavar="NAME|PATH")] = bundles.DEFAULT_BUNDLE,
    seeds: Annotated[
        str, typer.Option(metavar="A:B", help="Lives to measure the error on, B not included.")
    ] = "300000:300005",
) -> None:
    """Write a bundle with int8 weights, and state how far its commands stray from float32.

    A bundle that strays too far is refused. `ember bench runtime` says whether int8 is faster.

    Example:
      ember model quantise /tmp/ember-int8 --bundle ember
    """
    need_torch()
    from ember_embodied.cli.options import seed_range
    from ember_embodied.runtime import Runtime
    from ember_embodied.training.quantisation import quantise as write
    from ember_embodied.training.rollouts import RolloutSettings, live

    found = bundles.load(bundle)
    settings, driver = RolloutSettings(suite="standard"), Runtime(found)
    written = write(found, out, [live(seed, settings, driver)[0] for seed in seed_range(seeds)])
    stated = written.manifest.quantisation
    assert stated is not None
    print(f"{written.path}: {written.model_path.stat().st_size / 1024:.0f} KiB")
    print(f"worst error of a command: {stated.command_error_rad:.2g} rad over {stated.ticks} ticks")


def _weights(manifest: Manifest) -> str:
    rounded = manifest.quantisation
    if rounded is None:
        return "float32"
    return (
        f"int{rounded.bits}, commands within {rounded.command_error_rad:.2g} rad of float32 "
        f"over {rounded.ticks:,} ticks"
    )


def score_lines(manifest: Manifest) -> list[str]:
    """The measured scores as a table, one line a number, the policies side by side."""
    policies = list(dict.fromkeys(score.policy for score in manifest.scores))
    names = list(dict.fromkeys((score.name, score.unit) for score in manifest.scores))
    found = {(score.policy, score.name): score for score in manifest.scores}
    if not names:
        return []
    lines = [f"{'held-out seeds':<28}" + "".join(f"{policy:>14}" for policy in policies)]
    for name, unit in names:
        cells = (found.get((policy, name)) for policy in policies)
        values = "".join(f"{cell.value:14.2f}" if cell else f"{'-':>14}" for cell in cells)
        lines.append(f"{f'{name}, {unit}':<28}{values}")
    return lines


def need_torch() -> None:
    """Raise ``UserError`` where the extra for training is not installed."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise UserError("this needs torch: pip install 'ember-embodied[train]'") from error
