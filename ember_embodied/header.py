"""The head of a log: who ran what, where and when."""

from __future__ import annotations

import hashlib
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import onnxruntime

import cerebellum
import ember_embodied
import firmware_bridge
import hippocampus
from ember_embodied.bundle import Bundle
from firmware_bridge.clock import Clock
from hippocampus.tick_record import HeaderRecord

FORMAT_VERSION: Final = 1
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_PACKAGES: Final = (cerebellum, ember_embodied, firmware_bridge, hippocampus)


def code_digest() -> str:
    """SHA-256 over the names and contents of every source file of the four packages."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        root = Path(str(package.__file__)).parent
        for source in sorted(root.rglob("*.py")):
            digest.update(str(source.relative_to(root.parent)).encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()


def make_header(
    *,
    body: str,
    rate_hz: float,
    seed: int,
    config_toml: str,
    scenario_toml: str,
    bundle: Bundle,
    body_clock: Clock,
    wall: Clock,
    event_driven: bool,
) -> HeaderRecord:
    """The header of a session that begins now; the session's name sorts by the wall clock."""
    began = datetime.fromtimestamp(wall.wall_ns() * 1e-9, tz=UTC)
    return HeaderRecord(
        format_version=FORMAT_VERSION,
        ember_version=ember_embodied.__version__,
        session_id=f"{began:%Y%m%d-%H%M%S}-{wall.mono_ns() % 1_000_000:06d}",
        segment=0,
        boot_id=_BOOT_ID.read_text().strip() if _BOOT_ID.is_file() else "",
        t_mono_ns=body_clock.mono_ns(),
        t_wall_ns=body_clock.wall_ns(),
        body=body,
        rate_hz=rate_hz,
        seed=seed,
        config_toml=config_toml,
        scenario_toml=scenario_toml,
        bundle_name=bundle.path.name,
        bundle_digest=bundle.digest,
        code_digest=code_digest(),
        runtime=f"onnxruntime {onnxruntime.__version__} {platform.machine()}",
        event_driven=event_driven,
    )
