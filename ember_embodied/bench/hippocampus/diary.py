"""The diary: whether every sentence is proven, and what is dropped of what backends say.

- Template: its sentences on generated days, half of them odd, judged apart from its own reading
  (``diary_proof``), and on days of real logs: give the folder of nights that ``ember sleep`` left
  with ``--log``.
- Checker: hand-made true sentences and lies about a known day; then a liar who changes one word of
  a true sentence, whenever that makes it false by the same judgement apart.
- Backends: share dropped for the tiny RWKV model, for the liar and for an honest one.
- RWKV-7: its logits beside the reference implementation's, tokens a second, and what there is to
  remember after a long prompt.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from ember_embodied.bench.claims import Claim, claim
from ember_embodied.bench.hippocampus import DEFAULT_DATA, Note, unheard
from ember_embodied.bench.hippocampus.diary_day import known_day, known_lines
from ember_embodied.bench.hippocampus.diary_liar import Liar, twisted
from ember_embodied.bench.hippocampus.diary_proof import Proof
from ember_embodied.bench.hippocampus.diary_sentences import KEPT_LIES, KEPT_TRUE, LIES, LOST, TRUE
from ember_embodied.bench.invented_day import invented_day
from firmware_bridge.clock import SystemClock
from hippocampus.diary.check import checked
from hippocampus.diary.facts import Facts, Line, facts_of
from hippocampus.diary.record import Diary, Sentence
from hippocampus.diary.write import Limits, write
from hippocampus.language.backend import LanguageBackend
from hippocampus.language.rwkv import Rwkv
from hippocampus.language.rwkv_model import start, state_bytes, step
from hippocampus.language.rwkv_tokens import ByteVocabulary
from hippocampus.language.rwkv_weights import Weights, read_weights
from hippocampus.night.episode import Day

DAYS_A_SEED: Final = 60
_DAYS_OF_A_BACKEND: Final = 3
_LONG_TOKENS: Final = 1500
_SHORT_TOKENS: Final = 50
_REFERENCE_PROMPT: Final = b'"in'
_RWKV: Final = "rwkv_tiny"
_LARGEST_ERROR: Final = "<= 2e-06"


def measure(
    seeds: range,
    data: Path = DEFAULT_DATA,
    logs: tuple[Path, ...] = (),
    note: Note = unheard,
) -> tuple[Claim, ...]:
    """Every claim; those of RWKV only where its weights are.

    ``logs``: folders of nights, as ``ember sleep`` leaves them: days of real logs.
    """
    note("diary: generated days")
    claims = [*_template(seeds)]
    if logs:
        claims += _lived(logs)
    note("diary: the checker")
    claims += [*_hand_made(), *_liar(seeds)]
    folder = data / _RWKV
    if folder.is_dir():
        note("diary: RWKV-7")
        claims += _rwkv(folder, seeds)
    else:
        note(f"diary: no weights in {folder}, RWKV is not measured")
    return tuple(claims)


def _days(seeds: range, each: int) -> Iterator[tuple[int, Day]]:
    for seed in seeds:
        for number in range(each):
            rng = np.random.default_rng((seed, number))
            yield number, invented_day(rng, odd=number % 2 == 1)


@dataclass(slots=True)
class _Tally:
    """Of the template's sentences."""

    said: int = 0
    dropped: int = 0
    without_log: int = 0
    unproven: int = 0

    def add(self, diary: Diary, proof: Proof) -> None:
        self.said += diary.said
        self.dropped += diary.dropped_count
        self.without_log += sum(1 for one in diary.sentences if not one.stretches)
        self.unproven += sum(1 for one in diary.sentences if not proof.holds(one.text))

    def claims(self, of: str) -> list[Claim]:
        resolved = (self.said - self.dropped - self.without_log) / max(1, self.said)
        return [
            claim(f"template, {of}: resolve to the log", resolved, "", ">= 1", n=self.said),
            claim(f"template, {of}: not proven apart", self.unproven, "", "== 0", n=self.said),
        ]


def _template(seeds: range) -> list[Claim]:
    tally = _Tally()
    for number, day in _days(seeds, DAYS_A_SEED):
        tally.add(write(day, np.random.default_rng(number), zone=UTC), Proof(day))
    return tally.claims("generated days")


def _lived(nights: tuple[Path, ...]) -> list[Claim]:
    """Days that ``ember sleep`` has read."""
    tally = _Tally()
    for path in sorted(path for folder in nights for path in folder.glob("*/day.json")):
        day = msgspec.json.decode(path.read_bytes(), type=Day)
        rng = np.random.default_rng(int(day.date.replace("-", "")))
        tally.add(write(day, rng, zone=UTC), Proof(day))
    return tally.claims("days of real logs")


def _hand_made() -> Iterator[Claim]:
    facts, lines = facts_of(known_day(), UTC), known_lines()
    lies: tuple[tuple[str, tuple[str, ...]], ...] = (("seen", LIES), ("kept", KEPT_LIES))
    for name, said in lies:
        accepted = sum(_kept(one, lines, facts) for one in said)
        yield claim(f"lies accepted, {name} set", accepted / len(said), "", "<= 0", n=len(said))
    truths: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("seen", (*TRUE, *LOST)),
        ("kept", KEPT_TRUE),
    )
    for name, said in truths:
        rejected = sum(not _kept(one, lines, facts) for one in said)
        yield claim(f"true paraphrases lost, {name} set", rejected / len(said), "", n=len(said))


def _kept(said: str, lines: dict[str, Line], facts: Facts) -> bool:
    return isinstance(checked(said, lines, facts), Sentence)


def _liar(seeds: range) -> list[Claim]:
    """One word changed, with the right citation still behind it."""
    told = accepted = honest = lost = 0
    for number, day in _days(seeds, DAYS_A_SEED // 2):
        rng = np.random.default_rng((1, number))
        facts, proof = facts_of(day, UTC), Proof(day)
        lines = {"L1": Line("day", facts.labels), **{f"D{i}": line for i, line in _sums()}}
        cites = f"[{', '.join(lines)}]"
        for sentence in write(day, rng, zone=UTC).sentences:
            honest += 1
            lost += not _kept(f"{sentence.text} {cites}", lines, facts)
            lie = twisted(sentence.text, rng)
            if lie is None or proof.holds(lie) is not False:
                continue
            told += 1
            accepted += _kept(f"{lie} {cites}", lines, facts)
    return [
        claim("one word changed: lies accepted", accepted / max(1, told), "", "<= 0", n=told),
        claim("not changed: sentences lost", lost / max(1, honest), "", "<= 0", n=honest),
    ]


def _sums() -> Iterator[tuple[int, Line]]:
    for number, kind in enumerate(("awake", "company", "warmth", "moving")):
        yield number, Line(kind)


def _rwkv(folder: Path, seeds: range) -> Iterator[Claim]:
    weights = read_weights(next(folder.glob("tiny-rwkv-7*FP32.bin")))
    expected = np.fromfile(next(folder.glob("expected-logits-7*.bin")), "<f4")
    state = start(weights)
    for token in _REFERENCE_PROMPT:
        logits, state = step(token, weights, state)
    error = float(np.max(np.abs(logits - expected)))
    yield claim("RWKV-7: logits beside the reference", error, "", _LARGEST_ERROR, n=len(expected))
    yield from _constant(weights)
    backend = Rwkv(
        weights, ByteVocabulary(), SystemClock(), np.random.default_rng(seeds.start), label="tiny"
    )
    yield _dropped(backend, "RWKV tiny", seeds)
    for honest in (False, True):
        name = "honest" if honest else "lying"
        rng = np.random.default_rng(seeds.start)
        yield _dropped(Liar(rng, honest=honest), f"a {name} backend", seeds)


def _constant(weights: Weights) -> Iterator[Claim]:
    """Time and memory of a token late in a long prompt, beside one early."""
    tokens = np.random.default_rng(0).integers(32, 127, _LONG_TOKENS)
    state = start(weights)
    size = state_bytes(state)
    times: list[float] = []
    for token in tokens:
        began = time.perf_counter()
        _, state = step(int(token), weights, state)
        times.append(time.perf_counter() - began)
    early, late = np.median(times[:200]), np.median(times[-200:])
    yield claim("RWKV-7 tiny", 1.0 / float(np.median(times)), "tokens/s", n=_LONG_TOKENS)
    yield claim("RWKV-7: time of a late token to an early one", float(late / early), "", "<= 1.5")
    yield claim("RWKV-7: growth of the state", state_bytes(state) - size, "byte", "== 0")
    yield claim("RWKV-7: state", size / 1e3, "kB")
    peaks = [_peak(weights, tokens[:count]) for count in (_SHORT_TOKENS, 10 * _SHORT_TOKENS)]
    growth = (peaks[1] - peaks[0]) / 1e3
    yield claim("RWKV-7: peak memory, 500 tokens less 50", growth, "kB", "<= 64")


def _peak(weights: Weights, tokens: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int:
    """Most memory in use while the tokens are read, bytes."""
    tracemalloc.start()
    state = start(weights)
    for token in tokens:
        _, state = step(int(token), weights, state)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def _dropped(backend: LanguageBackend, name: str, seeds: range) -> Claim:
    """Share of its sentences that is dropped; the night ends with a diary all the same."""
    said = dropped = 0
    limits = Limits(max_tokens=300, timeout_s=120.0)
    for number in range(_DAYS_OF_A_BACKEND):
        rng = np.random.default_rng((seeds.start, number))
        day = known_day() if number == 0 else invented_day(rng)
        diary = write(day, rng, backend, zone=UTC, limits=limits)
        assert bool(diary.sentences) == bool(day.logs)
        if diary.fell_back is None or diary.said:
            said += diary.said
            dropped += diary.dropped_count
    return claim(f"dropped of what {name} says", dropped / max(1, said), "", n=said)
