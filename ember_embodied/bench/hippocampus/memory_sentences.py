"""Real sentences: long conversations between people, what is asked of them, and the evidence.

LoCoMo (Maharana et al., Evaluating Very Long-Term Conversational Memory of LLM Agents, 2024). The
weights of words and links were set on the first and third conversation; the claims are of the
second and fourth. Recall@k is the share of a question's evidence that is among the first k.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from ember_embodied.bench.claims import Claim, mean_claim
from ember_embodied.bench.hippocampus import Note
from ember_embodied.bench.hippocampus.memory_fidelity import exactness, same_code
from ember_embodied.errors import UserError, existing_file
from hippocampus.memory.associative import AssociativeMemory
from hippocampus.memory.book import WORDS_WEIGHT, MemoryBook
from hippocampus.memory.records import Moment
from hippocampus.memory.settle import Floats
from hippocampus.memory.text_key import WIDTH, EncoderMissingError, sentence_encoder
from hippocampus.memory.words import WordIndex

CONVERSATIONS: Final = "locomo_dev/locomo_dev4.json"
TOKENIZER: Final = "minilm_tokenizer/tokenizer.json"
LOOKED_AT_LAST: Final = (1, 3)
"""Conversations that nothing was set on."""
KINDS: Final = {1: "multi-hop", 4: "single-hop", 2: "about time", 3: "open"}
"""The data's numbers of kinds of questions; 5 asks for what was never said and has no evidence."""
DEPTHS: Final = (5, 10)
BETTER: Final = ">= 0.05"
"""What "clearly better than nearest neighbour" means on multi-hop questions."""
TURN_NS: Final = 10_000_000_000
NOISE: Final = 0.5
_TIME: Final = "%I:%M %p on %d %B, %Y"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, of what kind, and which turns hold the evidence."""

    text: str
    kind: int
    evidence: frozenset[int]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns in their order, and questions about them."""

    moments: tuple[Moment, ...]
    questions: tuple[Question, ...]


class KeptKeys:
    """An encoder that encodes a text once, for all who are measured on it."""

    def __init__(self, tokenizer: Path) -> None:
        """Raises ``UserError`` where the network is not installed."""
        try:
            self._encoder = sentence_encoder(tokenizer)
        except EncoderMissingError as error:
            raise UserError(str(error)) from error
        self._kept: dict[str, Floats] = {}

    @property
    def name(self) -> str:
        """That of the encoder."""
        return self._encoder.name

    def keys(self, texts: Any) -> Floats:
        """Keys [n, 384]."""
        for text in texts:
            if text not in self._kept:
                self._kept[text] = self._encoder.keys([text])[0]
        return np.stack([self._kept[text] for text in texts])


def sentences(data: Path, note: Note) -> Iterator[Claim]:
    """The claims. Raises ``UserError`` where data or network are missing."""
    file = existing_file(data / CONVERSATIONS, "file of conversations")
    encoder = KeptKeys(existing_file(data / TOKENIZER, "tokenizer"))
    return _claims(read(file), encoder, note)


def read(file: Path) -> list[Conversation]:
    """All conversations of a LoCoMo file."""
    return [_conversation(one) for one in msgspec.json.decode(file.read_bytes())]


def _claims(found: list[Conversation], encoder: KeptKeys, note: Note) -> Iterator[Claim]:
    shares: dict[tuple[str, str, int], list[float]] = {}
    keys = []
    for number in LOOKED_AT_LAST:
        note(f"memory: conversation {number + 1}, {len(found[number].moments)} turns")
        keys.append(encoder.keys([moment.text for moment in found[number].moments]))
        for name, by_question in contest(found[number], encoder).items():
            for question, depths in by_question:
                for depth, share in zip(DEPTHS, depths, strict=True):
                    shares.setdefault((KINDS[question.kind], name, depth), []).append(share)
    for kind in KINDS.values():
        for depth in DEPTHS:
            of = {name: np.array(shares[kind, name, depth]) for name in CONTENDERS}
            for name, values in of.items():
                yield mean_claim(f"{kind} recall@{depth}: {name}", values.tolist(), "share")
            gain = (of["the memory"] - of["nearest neighbour"]).tolist()
            bound = BETTER if kind == "multi-hop" else None
            yield mean_claim(f"{kind} recall@{depth}: gain on neighbour", gain, "share", bound)
    yield from _alike(np.concatenate(keys))


CONTENDERS: Final = ("nearest neighbour", "with words, no links", "the memory")


def contest(
    conversation: Conversation, encoder: KeptKeys
) -> dict[str, list[tuple[Question, tuple[float, ...]]]]:
    """Recall at each depth of every question, by each contender, on the same keys."""
    moments = conversation.moments
    book, words = MemoryBook(encoder), WordIndex()
    book.add(moments)
    for moment in moments:
        words.add(moment.text)
    keys = encoder.keys([moment.text for moment in moments])
    results: dict[str, list[tuple[Question, tuple[float, ...]]]] = {n: [] for n in CONTENDERS}
    for question in conversation.questions:
        cosine = keys @ encoder.keys([question.text])[0]
        spoken = words.scores(question.text)
        mixed = cosine + WORDS_WEIGHT * spoken / max(float(spoken.max()), 1e-9)
        orders = (
            np.argsort(-cosine, kind="stable").tolist(),
            np.argsort(-mixed, kind="stable").tolist(),
            [one.memory.number for one in book.recall(question.text, max(DEPTHS))],
        )
        for name, order in zip(CONTENDERS, orders, strict=True):
            found = tuple(_share(question.evidence, order[:depth]) for depth in DEPTHS)
            results[name].append((question, found))
    return results


def _share(evidence: frozenset[int], found: list[int]) -> float:
    return len(evidence & set(found)) / len(evidence)


def _alike(keys: Floats) -> Iterator[Claim]:
    """Exactness with the keys of sentences, which are not independent, and half forgotten."""
    rng = np.random.default_rng(0)
    memory = AssociativeMemory(WIDTH, seed=0)
    numbers = memory.learn(keys)
    name = f"{len(keys)} sentences"
    yield _noisy(f"{name}: found by a noisy key", memory, keys, numbers, rng)
    yield _neighbour(f"{name}: nearest neighbour by the same", keys, np.random.default_rng(0))
    yield from exactness(name, memory, rng)
    kept = memory.numbers
    yield _noisy(f"{name}, half forgotten: by a noisy key", memory, keys[kept], kept, rng)


def _noise(keys: Floats, rng: np.random.Generator) -> Floats:
    spread = np.float32(NOISE / np.sqrt(keys.shape[1]))
    return keys + spread * rng.standard_normal(keys.shape).astype(np.float32)


def _noisy(
    name: str,
    memory: AssociativeMemory,
    keys: Floats,
    numbers: np.ndarray,
    rng: np.random.Generator,
) -> Claim:
    hits = []
    for cue, number in zip(_noise(keys, rng), numbers.tolist(), strict=True):
        hits.append(same_code(memory, int(memory.recall(cue, 1).numbers[0]), number))
    return mean_claim(name, hits, "share")


def _neighbour(name: str, keys: Floats, rng: np.random.Generator) -> Claim:
    best = np.argmax(_noise(keys, rng) @ keys.T, axis=1)
    return mean_claim(
        name, [bool(np.array_equal(keys[b], k)) for b, k in zip(best, keys, strict=True)], "share"
    )


def _conversation(one: dict[str, Any]) -> Conversation:
    talk, session = one["conversation"], 1
    moments: list[Moment] = []
    places: dict[str, int] = {}
    while f"session_{session}_date_time" in talk:
        start = datetime.strptime(talk[f"session_{session}_date_time"], _TIME).replace(tzinfo=UTC)
        for at, turn in enumerate(talk.get(f"session_{session}", [])):
            picture = f" [photo: {turn['blip_caption']}]" if "blip_caption" in turn else ""
            places[turn["dia_id"]] = len(moments)
            moments.append(
                Moment(
                    f"{turn['speaker']}: {turn['text']}{picture}",
                    round(start.timestamp()) * 1_000_000_000 + at * TURN_NS,
                    people=(turn["speaker"],),
                )
            )
        session += 1
    return Conversation(tuple(moments), tuple(_questions(one["qa"], places)))


def _questions(asked: list[dict[str, Any]], places: dict[str, int]) -> Iterator[Question]:
    """Questions whose evidence can be found; some of the data's evidence is written together."""
    for one in asked:
        names = [name for text in one["evidence"] for name in re.split(r"[;, ]+", text)]
        evidence = frozenset(places[name] for name in names if name in places)
        if one["category"] in KINDS and evidence:
            yield Question(one["question"], one["category"], evidence)
