"""Weights of an RWKV-7 model from a file: rwkv.cpp's format or safetensors. Never a pickle.

rwkv.cpp (its docs/FILE_FORMAT.md): six int32 (magic, version, vocabulary, width, layers, type),
then parameters to the end of the file: three int32 (dimensions, length of the name, type), the
shape with its order reversed, the name, the numbers. Safetensors: uint64 length, JSON header,
numbers; the names are those of the original checkpoints (``blocks.0.att.r_k``).

Low-rank matrices and mixes lie differently in different files. Here they are always so that a
projection is ``matrix @ x``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

GGMF_MAGIC: Final = 0x67676D66
_FILE_HEADER: Final = struct.Struct("<6i")
_PARAMETER_HEADER: Final = struct.Struct("<3i")
_GGMF_TYPES: Final[dict[int, np.dtype[Any]]] = {0: np.dtype("<f4"), 1: np.dtype("<f2")}
_SAFETENSOR_TYPES: Final[dict[str, np.dtype[Any]]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
}
_LENGTH: Final = struct.Struct("<Q")
_MAX_HEADER_BYTES: Final = 100_000_000
_MAX_DIMENSIONS: Final = 4
_MIXES: Final = ("x_r", "x_w", "x_k", "x_v", "x_a", "x_g")


class WeightsError(ValueError):
    """The file is no RWKV-7 model that can be read here; one line for a person."""


@dataclass(frozen=True, slots=True)
class Norm:
    """Scale and offset of a layer norm or group norm, each [C]."""

    weight: Floats
    bias: Floats


@dataclass(frozen=True, slots=True)
class LowRank:
    """``first`` [D, C], ``second`` [C, D], ``bias`` [C] or None."""

    first: Floats
    second: Floats
    bias: Floats | None


@dataclass(frozen=True, slots=True)
class Block:
    """One layer. C: width, H heads of N, H * N = C."""

    norm_att: Norm
    norm_ffn: Norm
    mixes: Floats
    """[6, C]: how much of the token before, for r, w, k, v, a, g."""
    decay: LowRank
    rate: LowRank
    value: LowRank | None
    """None in the first layer, whose values the others mix in."""
    gate: LowRank
    k_k: Floats
    k_a: Floats
    r_k: Floats
    """[H, N]."""
    receptance: Floats
    key: Floats
    values: Floats
    output: Floats
    norm_heads: Norm
    ffn_mix: Floats
    ffn_key: Floats
    """[F, C]."""
    ffn_value: Floats
    """[C, F]."""


@dataclass(frozen=True, slots=True)
class Weights:
    """All of a model, float32."""

    embedding: Floats
    """[V, C], the first layer norm already applied."""
    blocks: tuple[Block, ...]
    norm_out: Norm
    head: Floats
    """[V, C]."""


def read_weights(path: Path) -> Weights:
    """The model in ``path``. Raises ``WeightsError``."""
    try:
        tensors = _tensors(path)
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror}") from None
    except (struct.error, UnicodeDecodeError, msgspec.DecodeError, ValueError) as error:
        raise WeightsError(f"{path} is not a whole model: {error}") from None
    try:
        return _weights(tensors)
    except KeyError as error:
        raise WeightsError(f"{path} is no RWKV-7 model: {error.args[0]} is missing") from None
    except ValueError as error:
        raise WeightsError(f"{path} is no RWKV-7 model: {error}") from None


def _tensors(path: Path) -> dict[str, Floats]:
    raw = np.memmap(path, np.uint8, "r")
    if len(raw) < _FILE_HEADER.size:
        raise ValueError("it is too short")
    if int.from_bytes(raw[:4].tobytes(), "little") == GGMF_MAGIC:
        return _ggmf(raw)
    if raw[:2].tobytes() in (b"PK", b"\x80\x02"):
        raise ValueError("it is a pickle, which is never opened; convert it to safetensors")
    return _safetensors(raw)


def _ggmf(raw: NDArray[np.uint8]) -> dict[str, Floats]:
    tensors: dict[str, Floats] = {}
    at = _FILE_HEADER.size
    while at < len(raw):
        count, length, kind = _PARAMETER_HEADER.unpack(raw[at : at + 12].tobytes())
        at += _PARAMETER_HEADER.size
        if kind not in _GGMF_TYPES:
            raise ValueError(f"number type {kind}; only FP32 and FP16 are read")
        if not 0 < count <= _MAX_DIMENSIONS or not 0 < length <= len(raw):
            raise ValueError(f"damaged at byte {at}")
        shape = struct.unpack(f"<{count}i", raw[at : at + 4 * count].tobytes())[::-1]
        at += 4 * count
        name = raw[at : at + length].tobytes().decode()
        at += length
        size = int(np.prod(shape, dtype=np.int64)) * _GGMF_TYPES[kind].itemsize
        tensors[name] = _numbers(raw[at : at + size], _GGMF_TYPES[kind], shape)
        at += size
    return tensors


def _safetensors(raw: NDArray[np.uint8]) -> dict[str, Floats]:
    (length,) = _LENGTH.unpack(raw[: _LENGTH.size].tobytes())
    start = _LENGTH.size + length
    if length > _MAX_HEADER_BYTES or start > len(raw):
        raise ValueError("neither rwkv.cpp's format nor safetensors")
    header: dict[str, Any] = msgspec.json.decode(raw[_LENGTH.size : start].tobytes(), type=dict)
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        told = msgspec.convert(entry, _SafetensorEntry)
        if told.dtype not in _SAFETENSOR_TYPES:
            raise ValueError(f"{name} has type {told.dtype}; only F32, F16 and BF16 are read")
        first, last = told.data_offsets
        data = raw[start + first : start + last]
        tensors[name] = _numbers(data, _SAFETENSOR_TYPES[told.dtype], tuple(told.shape))
    return tensors


class _SafetensorEntry(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def _numbers(data: NDArray[np.uint8], kind: np.dtype[Any], shape: tuple[int, ...]) -> Floats:
    """Bytes as float32; BF16 is the upper half of one."""
    flat = np.frombuffer(data.tobytes(), kind)
    if kind == np.dtype("<u2"):
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    return flat.astype(np.float32).reshape(shape)


def _weights(tensors: dict[str, Floats]) -> Weights:
    width = tensors["emb.weight"].shape[1]
    count = 0
    while f"blocks.{count}.ln1.weight" in tensors:
        count += 1
    if not count:
        raise KeyError("blocks.0.ln1.weight")
    first = _norm(tensors, "blocks.0.ln0")
    embedding = tensors["emb.weight"]
    embedding = layer_norm(embedding, first)
    return Weights(
        embedding,
        tuple(_block(tensors, f"blocks.{layer}.", width, layer) for layer in range(count)),
        _norm(tensors, "ln_out"),
        tensors["head.weight"],
    )


def layer_norm(x: Floats, norm: Norm, epsilon: float = 1e-5) -> Floats:
    """Ba et al. 2016, arXiv 1607.06450, over the last axis. x: [..., C]."""
    centred = x - x.mean(-1, keepdims=True)
    variance = np.mean(centred * centred, -1, keepdims=True)
    normed: Floats = centred / np.sqrt(variance + np.float32(epsilon)) * norm.weight + norm.bias
    return normed


def _norm(tensors: dict[str, Floats], name: str) -> Norm:
    return Norm(tensors[f"{name}.weight"], tensors[f"{name}.bias"])


def _block(tensors: dict[str, Floats], layer_name: str, width: int, layer: int) -> Block:
    def get(name: str) -> Floats:
        return tensors[layer_name + name]

    def low_rank(letter: str, *, biased: bool = True) -> LowRank:
        return LowRank(
            _lying(get(f"att.{letter}1"), width, -1, layer_name + letter),
            _lying(get(f"att.{letter}2"), width, 0, layer_name + letter),
            get(f"att.{letter}0").ravel() if biased else None,
        )

    r_k = get("att.r_k")
    if r_k.size != width:
        raise ValueError(f"{layer_name}att.r_k has {r_k.size} numbers for a width of {width}")
    return Block(
        norm_att=_norm(tensors, layer_name + "ln1"),
        norm_ffn=_norm(tensors, layer_name + "ln2"),
        mixes=_mixes(get, layer_name + "att.x_rwkvag" in tensors, width),
        decay=low_rank("w"),
        rate=low_rank("a"),
        value=low_rank("v") if layer else None,
        gate=low_rank("g", biased=False),
        k_k=get("att.k_k").ravel(),
        k_a=get("att.k_a").ravel(),
        r_k=r_k,
        receptance=get("att.receptance.weight"),
        key=get("att.key.weight"),
        values=get("att.value.weight"),
        output=get("att.output.weight"),
        norm_heads=_norm(tensors, layer_name + "att.ln_x"),
        ffn_mix=get("ffn.x_k").ravel(),
        ffn_key=get("ffn.key.weight"),
        ffn_value=get("ffn.value.weight"),
    )


def _mixes(get: Callable[[str], Floats], packed: bool, width: int) -> Floats:
    """[6, C]."""
    if packed:
        return get("att.x_rwkvag").reshape(len(_MIXES), width)
    return np.stack([get(f"att.{name}").ravel() for name in _MIXES])


def _lying(matrix: Floats, width: int, axis: int, name: str) -> Floats:
    """``matrix`` turned so that the model's width is on ``axis``."""
    if matrix.ndim != 2 or width not in matrix.shape:
        raise ValueError(f"{name} has the shape {matrix.shape} for a width of {width}")
    if matrix.shape[0] == matrix.shape[1]:
        raise ValueError(f"{name} is square: which way it lies cannot be told")
    return np.ascontiguousarray(matrix if matrix.shape[axis] == width else matrix.T)
