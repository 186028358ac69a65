"""A bundle: one folder with a network and the proof of what it is.

``model.onnx`` is the network, ``manifest.json`` says what it was trained on and what it expects,
``card.md`` tells a person. Loading checks every promise that the rest of the robot relies on and
refuses a bundle by the name of the field that differs: a network fed with another sense vector
would move, and wrongly.

Shipped bundles lie in ``models/`` of a clone and in ``ember_embodied/bundles/`` of an installed
package; ``models/live`` holds the name of the one that runs by default.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import msgspec

from ember_embodied.errors import UserError, nearest
from ember_embodied.sense_vector import (
    MASK_COUNT,
    PREDICTED,
    SENSE_COUNT,
    SENSES,
    STREAMS,
    schema_hash,
)

FORMAT: Final = 1
COMMAND_COUNT: Final = 5
DEFAULT_BUNDLE: Final = "live"
COMMAND_ERROR_BOUND_RAD: Final = 0.02
"""How far rounded weights may move a command: a degree, less than the servos' droop."""
MODEL_FILE: Final = "model.onnx"
MANIFEST_FILE: Final = "manifest.json"
CARD_FILE: Final = "card.md"
_ROOTS: Final = (
    Path(__file__).parents[1] / "models",
    Path(__file__).parent / "bundles",
)


class BundleError(UserError):
    """A bundle that cannot be found, read or trusted; the message is one line for a person."""


class InputRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One input of the sense vector, in its order: the value is divided by ``scale``."""

    name: str
    stream: str
    unit: str
    scale: float


class TensorRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tensor of the graph, float32 [1, width]."""

    name: str
    width: int


class Parity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far ONNX Runtime strays from torch when both run free."""

    steps: int
    max_abs_error: float
    """Of command, prediction, variance, confidence and gates."""
    max_state_error: float = 0.0
    """Of the state: it feeds all of the above, so that a state that drifts shows there."""


class Quantisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What rounded weights cost, over lives in simulation, both networks running free."""

    bits: int
    ticks: int
    command_error_rad: float
    """Largest difference of any command from that of the network in float32."""


class Score(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measured number of one policy on the held-out seeds, with its 95 % interval."""

    policy: str
    name: str
    value: float
    unit: str
    n: int
    interval: tuple[float, float] | None


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a bundle promises."""

    format: int
    name: str
    trained: bool
    rate_hz: float
    """Rate that it was trained at. The network takes the true dt, so others work less surely."""
    schema_hash: str
    inputs: tuple[InputRow, ...]
    streams: tuple[str, ...]
    predicted: tuple[str, ...]
    commands: tuple[str, ...]
    gates: tuple[TensorRow, ...]
    state: tuple[TensorRow, ...]
    network: dict[str, float | str]
    parameters: int
    model_sha256: str
    weights_sha256: str
    """Of ``weights.npz``, from which training goes on; the robot does not need it."""
    code_sha256: str
    data_sha256: str
    """Of the training spec: scenarios, seeds and settings, from which the data are made again."""
    training: dict[str, str]
    seeds: dict[str, str]
    """Split name to the seeds it drew from, as A:B."""
    parity: Parity
    scores: tuple[Score, ...]
    command: str
    """The command that makes this bundle again."""
    variance: bool = False
    """The graph also gives the variance of its prediction."""
    quantisation: Quantisation | None = None
    """None: the weights are float32, as trained."""


class Bundle(msgspec.Struct, frozen=True):
    """A bundle that passed every check."""

    path: Path
    manifest: Manifest
    digest: str
    """SHA-256 of the manifest, which holds the digest of the model."""

    @property
    def model_path(self) -> Path:
        """The ONNX file."""
        return self.path / MODEL_FILE


def find(name_or_path: str | Path = DEFAULT_BUNDLE) -> Path:
    """The folder of a bundle: a path as it is, else a shipped one by name.

    ``live`` is whatever ``models/live`` names. Raises ``BundleError`` that lists what there is.
    """
    path = Path(name_or_path)
    if (path / MANIFEST_FILE).is_file():
        return path
    for root in _ROOTS:
        pointer = root / DEFAULT_BUNDLE
        name = str(name_or_path)
        if name == DEFAULT_BUNDLE and pointer.is_file():
            name = pointer.read_text(encoding="utf-8").strip()
        if (root / name / MANIFEST_FILE).is_file():
            return root / name
    name, known = str(name_or_path), shipped()
    hint = nearest(name, known) or f"; shipped ones: {', '.join(known) or 'none'}"
    raise BundleError(f"no bundle {name!r}{hint}")


def shipped() -> tuple[str, ...]:
    """Names of the bundles that came with this install."""
    folders = (p.parent for root in _ROOTS for p in root.glob(f"*/{MANIFEST_FILE}"))
    return tuple(sorted({folder.name for folder in folders}))


def load(name_or_path: str | Path = DEFAULT_BUNDLE) -> Bundle:
    """Read and check a bundle.

    Raises ``BundleError`` naming the field: a missing or unreadable file, an unknown format, a
    model that is not the one the manifest digests, a sense vector, prediction or command that is
    not this program's, or a rate or width that is not positive.
    """
    path = find(name_or_path)
    raw = (path / MANIFEST_FILE).read_bytes()
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise BundleError(f"{path / MANIFEST_FILE}: {error}") from error
    try:
        model_sha256 = sha256((path / MODEL_FILE).read_bytes())
    except OSError as error:
        raise BundleError(f"{path / MODEL_FILE}: {error.strerror}") from error
    _refuse_difference(path, manifest, model_sha256)
    return Bundle(path, manifest, sha256(raw))


def save_manifest(path: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` for people: indented, keys in the record's order."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (path / MANIFEST_FILE).write_bytes(text + b"\n")


def sha256(data: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(data).hexdigest()


def input_rows() -> tuple[InputRow, ...]:
    """The sense vector as a manifest states it."""
    return tuple(InputRow(s.name, s.stream, s.unit, s.scale) for s in SENSES)


def graph_inputs(manifest: Manifest) -> tuple[TensorRow, ...]:
    """What the graph takes, in order."""
    fixed = (("senses", SENSE_COUNT), ("mask", MASK_COUNT), ("dt", 1))
    return (*(TensorRow(*row) for row in fixed), *manifest.state)


def graph_outputs(manifest: Manifest) -> tuple[TensorRow, ...]:
    """What the graph gives, in order; the next state is named ``next_...``."""
    variance = (("variance", len(PREDICTED)),) if manifest.variance else ()
    fixed = (
        ("command", COMMAND_COUNT),
        ("prediction", len(PREDICTED)),
        *variance,
        ("confidence", 1),
    )
    state = (TensorRow(f"next_{row.name}", row.width) for row in manifest.state)
    return (*(TensorRow(*row) for row in fixed), *manifest.gates, *state)


def _refuse_difference(path: Path, manifest: Manifest, model_sha256: str) -> None:
    expected: tuple[tuple[str, object, object], ...] = (
        ("format", manifest.format, FORMAT),
        ("model_sha256", manifest.model_sha256, model_sha256),
        ("streams", manifest.streams, STREAMS),
        ("predicted", manifest.predicted, PREDICTED),
        ("commands", len(manifest.commands), COMMAND_COUNT),
        *(
            (f"inputs[{i}] ({ours.name})", theirs, ours)
            for i, (theirs, ours) in enumerate(zip(manifest.inputs, input_rows(), strict=False))
        ),
        ("inputs", len(manifest.inputs), SENSE_COUNT),
        ("schema_hash", manifest.schema_hash, schema_hash()),
        ("rate_hz above 0", manifest.rate_hz > 0.0, True),
        ("state widths above 0", all(row.width > 0 for row in manifest.state), True),
    )
    rounded = manifest.quantisation
    if rounded is not None and not rounded.command_error_rad <= COMMAND_ERROR_BOUND_RAD:
        raise BundleError(
            f"{path}: quantisation.command_error_rad is {rounded.command_error_rad:.3g}, at most "
            f"{COMMAND_ERROR_BOUND_RAD:g} is let through; use the bundle in float32"
        )
    for field, found, wanted in expected:
        if found != wanted:
            raise BundleError(
                f"{path}: {field} is {found!r}, this program needs {wanted!r}; "
                "train again with `ember train`, or use the release that made the bundle"
            )
