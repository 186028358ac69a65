"""All that one tick leaves for the next, and its bytes in the log.

The bytes are msgpack with the arrays as (shape, little-endian float32), so that a state that was
written and read back is the same state, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.command import GateState, MotorCommand
from firmware_bridge.failsafe import FailsafeState

NetworkState = tuple[NDArray[np.float32], ...]
_LITTLE_FLOAT32: Final = np.dtype("<f4")


class SnapshotError(ValueError):
    """The bytes are not a state of this version; one line for a person."""


@dataclass(frozen=True, slots=True)
class TickState:
    """What ``tick`` remembers."""

    tick: int
    """Number of the tick to come; 0 before the first."""
    t_mono_ns: int
    """Time of the last tick; meaningless while ``tick`` is 0."""
    network: NetworkState
    last_command: MotorCommand
    failsafe: FailsafeState
    gate: GateState
    torque_enabled: bool
    """Whether the last targets held."""
    streams_seen: int
    """Bit n: line n of the sense table has been there since start, so its absence is a fault."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """``TickState`` with the arrays laid out."""

    tick: int
    t_mono_ns: int
    network: tuple[tuple[tuple[int, ...], bytes], ...]
    last_command: MotorCommand
    failsafe: FailsafeState
    gate: GateState
    torque_enabled: bool
    streams_seen: int


def to_bytes(state: TickState) -> bytes:
    """Write a state down."""
    arrays = tuple(
        (array.shape, array.astype(_LITTLE_FLOAT32, copy=False).tobytes())
        for array in state.network
    )
    return msgspec.msgpack.encode(
        _Stored(
            state.tick,
            state.t_mono_ns,
            arrays,
            state.last_command,
            state.failsafe,
            state.gate,
            state.torque_enabled,
            state.streams_seen,
        )
    )


def from_bytes(data: bytes) -> TickState:
    """Read a state back. Raises ``SnapshotError`` when the bytes are something else."""
    try:
        stored = msgspec.msgpack.decode(data, type=_Stored)
        network = tuple(
            np.frombuffer(raw, dtype=_LITTLE_FLOAT32).astype(np.float32).reshape(shape)
            for shape, raw in stored.network
        )
    except (msgspec.DecodeError, ValueError) as error:
        raise SnapshotError(f"not a state of this version: {error}") from error
    return TickState(
        stored.tick,
        stored.t_mono_ns,
        network,
        stored.last_command,
        stored.failsafe,
        stored.gate,
        stored.torque_enabled,
        stored.streams_seen,
    )
