"""The memory's benchmark measures what it says: a memory that is wrong must fail in it."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from ember_embodied.bench import synthetic_life
from ember_embodied.bench.hippocampus import PARTS, measure, memory_fidelity, memory_sentences
from ember_embodied.bench.hippocampus.memory_feelings import moments
from ember_embodied.errors import UserError
from hippocampus.memory.associative import AssociativeMemory
from hippocampus.memory.text_key import HashingEncoder

TALK = {
    "conversation": {
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": [
            {"speaker": "Ann", "dia_id": "D1:1", "text": "I bought a tent."},
            {"speaker": "Bob", "dia_id": "D1:2", "text": "Where will you go?"},
            {"speaker": "Ann", "dia_id": "D1:3", "text": "To the lake, with Zoe."},
        ],
    },
    "qa": [
        {"question": "Who goes to the lake?", "evidence": ["D1:3; D1:1"], "category": 1},
        {"question": "Was never said", "evidence": ["D1:2"], "category": 5},
        {"question": "Where is it?", "evidence": ["D9:9"], "category": 4},
    ],
}


def test_the_parts_are_a_table():
    assert "memory" in PARTS
    with pytest.raises(UserError, match="memory"):
        measure("memori", range(1))


def test_exactness_is_judged_and_a_memory_that_mixes_up_fails(monkeypatch):
    rng = np.random.default_rng(0)
    keys = rng.standard_normal((900, 384)).astype(np.float32)

    def claims():
        memory = AssociativeMemory(384, seed=0)
        memory.learn(keys)
        return list(memory_fidelity.exactness("900", memory, np.random.default_rng(1)))

    assert all(claim.holds for claim in claims())
    real = AssociativeMemory.recall_code

    def mixed_up(self, code, count=10):
        found = real(self, code, count)
        return self.just(int(self.numbers[0])) if len(found.numbers) else found

    monkeypatch.setattr(AssociativeMemory, "recall_code", mixed_up)
    assert not any(claim.holds for claim in claims())


def test_conversations_are_read_with_their_evidence(tmp_path):
    file = tmp_path / "talk.json"
    file.write_bytes(msgspec.json.encode([TALK]))
    (conversation,) = memory_sentences.read(file)
    (question,) = conversation.questions
    assert question.evidence == {0, 2}
    assert conversation.moments[2].text == "Ann: To the lake, with Zoe."
    found = memory_sentences.contest(conversation, HashingEncoder())
    assert set(found) == set(memory_sentences.CONTENDERS)
    assert all(shares == (1.0, 1.0) for rows in found.values() for _, shares in rows)


def test_moments_do_not_overlap():
    life = list(synthetic_life.ticks(np.random.default_rng(2), 55))
    assert len(list(moments(life))) == 5
