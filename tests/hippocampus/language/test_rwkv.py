"""RWKV-7 beside its reference implementation, its file formats, and how it tells."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge.clock import VirtualClock
from hippocampus.language.backend import NoText, Prompt, Text, Trouble
from hippocampus.language.rwkv import Rwkv, draw
from hippocampus.language.rwkv_model import start, state_bytes, step
from hippocampus.language.rwkv_tokens import (
    ByteVocabulary,
    VocabularyError,
    WorldVocabulary,
    read_vocabulary,
)
from hippocampus.language.rwkv_weights import WeightsError, read_weights

PROMPT = b'"in'
"""What the reference implementation was asked for its logits."""
LARGEST_ERROR = 2e-6
"""Float32 in another order of summing; the logits are of the order of 1."""
V, C, D, F, LAYERS = 256, 16, 4, 32, 2


def tensors(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A tiny model with the names and shapes of the original checkpoints."""

    def some(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.5, shape).astype(np.float32)

    made = {"emb.weight": some(V, C), "head.weight": some(V, C)}
    for name in ("ln_out", "blocks.0.ln0"):
        made[f"{name}.weight"], made[f"{name}.bias"] = 1 + some(C), some(C)
    for layer in range(LAYERS):
        block = f"blocks.{layer}."
        for name in ("ln1", "ln2", "att.ln_x"):
            made[f"{block}{name}.weight"], made[f"{block}{name}.bias"] = 1 + some(C), some(C)
        for name in ("x_r", "x_w", "x_k", "x_v", "x_a", "x_g", "w0", "a0", "v0", "k_k", "k_a"):
            made[f"{block}att.{name}"] = some(1, 1, C)
        for letter in "wavg":
            made[f"{block}att.{letter}1"], made[f"{block}att.{letter}2"] = some(C, D), some(D, C)
        made[f"{block}att.r_k"] = some(2, C // 2)
        for name in ("receptance", "key", "value", "output"):
            made[f"{block}att.{name}.weight"] = some(C, C)
        made[f"{block}ffn.x_k"] = some(1, 1, C)
        made[f"{block}ffn.key.weight"], made[f"{block}ffn.value.weight"] = some(F, C), some(C, F)
    return made


def safetensors(made: dict[str, np.ndarray], dtype: str = "F32") -> bytes:
    header, data = {}, b""
    for name, tensor in made.items():
        if dtype == "BF16":
            raw = (tensor.view(np.uint32) >> 16).astype("<u2").tobytes()
        else:
            raw = tensor.astype("<f4" if dtype == "F32" else "<f2").tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + data


def ggmf(made: dict[str, np.ndarray]) -> bytes:
    """rwkv.cpp's file, with the low-rank matrices lying the other way, as it writes them."""
    out = struct.pack("<6i", 0x67676D66, 101, V, C, LAYERS, 0)
    for name, tensor in made.items():
        turned = tensor.T if name[-2:] in {f"{a}{b}" for a in "wavg" for b in "12"} else tensor
        out += struct.pack("<3i", turned.ndim, len(name), 0)
        out += struct.pack(f"<{turned.ndim}i", *turned.shape[::-1]) + name.encode()
        out += np.ascontiguousarray(turned).tobytes()
    return out


def logits_of(path, prompt: bytes = PROMPT) -> np.ndarray:
    weights = read_weights(path)
    state = start(weights)
    for token in prompt:
        logits, state = step(token, weights, state)
    return logits


@pytest.mark.shared_data
def test_the_logits_are_those_of_the_reference_implementation(shared_data) -> None:
    folder = shared_data / "rwkv_tiny"
    logits = logits_of(folder / "tiny-rwkv-7v0-834K-FP32.bin")
    expected = np.fromfile(folder / "expected-logits-7v0-834K.bin", "<f4")
    assert logits.dtype == np.float32
    assert np.max(np.abs(logits - expected)) < LARGEST_ERROR


def test_every_format_gives_the_same_model(tmp_path) -> None:
    made = tensors(np.random.default_rng(1))
    rounded = {name: (t.view(np.uint32) & 0xFFFF0000).view(np.float32) for name, t in made.items()}
    files = {"a.safetensors": safetensors(made), "b.bin": ggmf(made)}
    files |= {"c.safetensors": safetensors(rounded), "d": safetensors(rounded, "BF16")}
    for name, raw in files.items():
        (tmp_path / name).write_bytes(raw)
    found = {name: logits_of(tmp_path / name) for name in files}
    np.testing.assert_allclose(found["a.safetensors"], found["b.bin"], rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(found["c.safetensors"], found["d"])
    assert np.ptp(found["a.safetensors"]) > 1


def test_the_state_stays_as_large_as_it_is_and_finite(tmp_path) -> None:
    (tmp_path / "m").write_bytes(safetensors(tensors(np.random.default_rng(2))))
    weights = read_weights(tmp_path / "m")
    state = start(weights)
    size = state_bytes(state)
    for token in np.random.default_rng(3).integers(0, V, 500):
        logits, state = step(int(token), weights, state)
    assert state_bytes(state) == size
    assert np.isfinite(logits).all()


def test_a_step_leaves_the_state_that_it_was_given(tmp_path) -> None:
    (tmp_path / "m").write_bytes(safetensors(tensors(np.random.default_rng(2))))
    weights = read_weights(tmp_path / "m")
    _, state = step(7, weights, start(weights))
    first, _ = step(8, weights, state)
    step(9, weights, state)
    again, _ = step(8, weights, state)
    np.testing.assert_array_equal(first, again)


def test_what_is_no_model_is_refused_by_name(tmp_path) -> None:
    made = tensors(np.random.default_rng(4))
    whole = safetensors(made)
    del made["blocks.1.att.r_k"]
    cases = {
        "pickle": (b"PK\x03\x04" + b"x" * 99, "pickle"),
        "old pickle": (b"\x80\x02" + b"x" * 99, "pickle"),
        "short": (b"abc", "too short"),
        "cut": (whole[:-7], "whole"),
        "cut in the header": (whole[:50], "neither"),
        "a part is missing": (safetensors(made), "blocks.1.att.r_k is missing"),
        "text": (b"hello, this is a text and no model", "neither"),
    }
    for name, (raw, why) in cases.items():
        (tmp_path / "m").write_bytes(raw)
        with pytest.raises(WeightsError, match=why):
            read_weights(tmp_path / "m")
        assert name
    with pytest.raises(WeightsError, match="No such file"):
        read_weights(tmp_path / "missing")


def tiny(tmp_path, clock=None, **settings) -> Rwkv:
    (tmp_path / "m").write_bytes(safetensors(tensors(np.random.default_rng(5))))
    weights = read_weights(tmp_path / "m")
    rng = np.random.default_rng(6)
    return Rwkv(weights, ByteVocabulary(), clock or VirtualClock(), rng, **settings)


def test_it_says_the_same_when_it_is_asked_the_same(tmp_path) -> None:
    prompt = Prompt("Rules.", "Facts.")
    said = [tiny(tmp_path).complete(prompt, max_tokens=20, timeout_s=1) for _ in range(2)]
    assert said[0] == said[1]
    assert isinstance(said[0], Text)


def test_time_runs_out(tmp_path) -> None:
    class Late(VirtualClock):
        def mono_ns(self) -> int:
            self.sleep_until_ns(super().mono_ns() + 100_000_000)
            return super().mono_ns()

    outcome = tiny(tmp_path, Late()).complete(Prompt("a", "b"), max_tokens=99, timeout_s=2.0)
    assert isinstance(outcome, NoText)
    assert outcome.trouble is Trouble.SLOW


def test_drawing() -> None:
    logits = np.array([0.0, 3.0, 2.9, -9.0], np.float32)
    rng = np.random.default_rng(7)
    assert draw(logits, 0.0, 0.5, rng) == 1
    assert {draw(logits, 1.0, 0.8, rng) for _ in range(50)} == {1, 2}


def test_a_world_vocabulary(tmp_path) -> None:
    path = tmp_path / "vocab.txt"
    lines = ["1 'a' 1", "2 'ab' 2", "3 b'\\xc3' 1", "4 '\\n' 1", "5 'é' 2", "6 ' ' 1"]
    path.write_text("\n".join(lines))
    words = read_vocabulary(path)
    assert words.encode("abaé a\n") == [2, 1, 5, 6, 1, 4]
    assert b"".join(map(words.piece, words.encode("aba é"))).decode() == "aba é"
    with pytest.raises(VocabularyError, match="no token"):
        words.encode("z")
    path.write_text("1 __import__('os') 2")
    with pytest.raises(VocabularyError, match="line 1"):
        read_vocabulary(path)


def test_a_vocabulary_that_is_too_large_for_the_model(tmp_path) -> None:
    weights = read_weights_of(tmp_path)
    small = replace(weights, embedding=weights.embedding[:3])
    with pytest.raises(ValueError, match="6 tokens"):
        Rwkv(small, WorldVocabulary({5: b"a"}), VirtualClock(), np.random.default_rng(0))


def read_weights_of(tmp_path):
    (tmp_path / "m").write_bytes(safetensors(tensors(np.random.default_rng(5))))
    return read_weights(tmp_path / "m")
