"""Checks of the machine that the robot's loop runs on; none of them changes anything."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from ember_embodied import bundle
from ember_embodied.config import Config
from firmware_bridge.body import Check
from firmware_bridge.clock import Clock
from firmware_bridge.wire import IntentReceiver, StatePublisher, WireError, WireSettings

TIME_ERROR: Final = 5
"""adjtimex(2): nobody disciplines the clock."""
TIMEX_BYTES: Final = 256
"""At least the size of struct timex on every architecture (208 on 64 bit)."""
THROTTLED_FILE: Final = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
UNDERVOLTAGE_BITS: Final = 0x1_0001
"""A Raspberry Pi is, or has been since it started, short of supply voltage."""


def host_checks(config: Config, bundle_name: str, clock: Clock) -> tuple[Check, ...]:
    """Every check of the host, the required ones first."""
    return (
        bundle_check(bundle_name),
        disk_check(config.log.folder, config.log.min_free_bytes),
        wire_check(config.wire, clock),
        realtime_check(),
        clock_check(),
        *supply_checks(THROTTLED_FILE),
    )


def bundle_check(name: str) -> Check:
    """The bundle loads, and was made for this program's sense vector."""
    try:
        loaded = bundle.load(name)
    except bundle.BundleError as error:
        return Check("bundle", passed=False, found=str(error), remedy="ember model list")
    return Check("bundle", passed=True, found=f"{loaded.manifest.name} fits", remedy="")


def disk_check(folder: Path, needed_bytes: int) -> Check:
    """The log's folder can be written and has room."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    free_bytes = shutil.disk_usage(existing).free
    writable = os.access(existing, os.W_OK | os.X_OK)
    found = f"{free_bytes / 1e9:.1f} GB free under {existing}"
    return Check(
        "log folder",
        passed=writable and free_bytes >= needed_bytes,
        found=found if writable else f"{existing} cannot be written",
        remedy="make room, or name another folder with 'folder' under [log]",
        required=False,
    )


def wire_check(settings: WireSettings, clock: Clock) -> Check:
    """Both endpoints can be bound."""
    try:
        if settings.enabled:
            with (
                closing(StatePublisher(settings)),
                closing(IntentReceiver(settings, clock)),
            ):
                found = f"{settings.state_endpoint} and {settings.intent_endpoint} are free"
        else:
            found = "switched off"
    except WireError as error:
        remedy = "stop the other ember, or name other endpoints under [wire]"
        return Check("wire", passed=False, found=str(error), remedy=remedy, required=False)
    return Check("wire", passed=True, found=found, remedy="", required=False)


def realtime_check() -> Check:
    """The loop may ask for real-time scheduling."""
    limit, _ = resource.getrlimit(resource.RLIMIT_RTPRIO)
    allowed = limit != 0 or os.geteuid() == 0
    return Check(
        "real-time rights",
        passed=allowed,
        found="granted" if allowed else "none: a busy machine will make the loop late",
        remedy="run as the service, or set 'rtprio 60' in /etc/security/limits.d",
        required=False,
    )


def clock_check(state: Callable[[], int] | None = None) -> Check:
    """The wall clock is kept in step, so that logs of two machines can be compared."""
    synchronised = (state or _clock_state)() != TIME_ERROR
    return Check(
        "wall clock",
        passed=synchronised,
        found="in step" if synchronised else "not synchronised: times in the log may be wrong",
        remedy="timedatectl set-ntp true",
        required=False,
    )


def supply_checks(throttled: Path) -> tuple[Check, ...]:
    """Whether a Raspberry Pi has seen too little voltage; nothing on other machines."""
    try:
        bits = int(throttled.read_text(), 16)
    except (OSError, ValueError):
        return ()
    passed = not bits & UNDERVOLTAGE_BITS
    found = "enough voltage" if passed else f"too little voltage since start (0x{bits:x})"
    remedy = "use a stronger supply or a shorter cable"
    return (Check("supply of the computer", passed, found, remedy, required=False),)


def _clock_state() -> int:
    """Return value of adjtimex(2) with nothing to change."""
    state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    return state
