"""``ember memory`` and ``ember recall``: add, find by word and feeling, forget, undo, check."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ember_embodied.bench import synthetic_life


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    life = synthetic_life.ticks(np.random.default_rng(3), 80)
    return synthetic_life.record(tmp_path_factory.mktemp("logs"), life)


@pytest.fixture
def memory(ember, log, tmp_path):
    """Three memories of one session."""
    folder = tmp_path / "memory"
    for at, text in ((1.5, "Anna spoke to my left"), (3.5, "a hand on my head"), (6, "quiet")):
        code, _, err = ember("memory", "add", text, "--at", f"{log}@{at}", "--memory", folder)
        assert (code, err) == (0, "")
    return folder


def test_recall_by_a_word_and_what_it_led_to(ember, memory):
    code, out, _ = ember("recall", "who spoke?", "--hops", 5, "--memory", memory, "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["found"][0]["text"] == "Anna spoke to my left"
    assert [one["text"] for one in facts["led_to"]] == ["a hand on my head", "quiet"]
    code, out, _ = ember("recall", "who spoke?", "--memory", memory)
    assert "Anna" in out.splitlines()[0]


def test_recall_by_how_it_felt(ember, memory, log):
    for at, number in ((1.5, 0), (3.6, 1), (6, 2)):
        arguments = ("recall", "--feels", f"{log}@{at}", "--memory", memory, "--json")
        _, out, _ = ember(*arguments)
        assert json.loads(out)["found"][0]["number"] == number


def test_show_list_forget_undo(ember, memory):
    code, out, _ = ember("memory", "show", 0, "--memory", memory)
    assert code == 0
    assert "a hand on my head" in out
    assert ember("memory", "forget", 1, "--memory", memory)[0] == 0
    _, out, _ = ember("memory", "list", "--memory", memory, "--json")
    assert [one["number"] for one in json.loads(out)["memories"]] == [0, 2]
    assert ember("memory", "undo", "--memory", memory)[0] == 0
    _, out, _ = ember("memory", "list", "--memory", memory)
    assert len(out.splitlines()) == 3
    code, out, _ = ember("memory", "forget", 0, 1, "--for-good", "--memory", memory, "--json")
    assert len(json.loads(out)["versions_deleted"]) == 4
    code, _, err = ember("memory", "undo", "--memory", memory)
    assert code == 2
    assert "nothing to undo" in err


def test_audit(ember, memory, log):
    assert ember("memory", "audit", "--log", log.parent, "--memory", memory)[0] == 0
    assert ember("memory", "audit", "--log", memory, "--memory", memory)[0] == 1
    newest = max(memory.glob("*.memory"))
    newest.write_bytes(newest.read_bytes()[:-1])
    code, out, _ = ember("memory", "audit", "--memory", memory)
    assert code == 1
    assert "damaged" in out
    code, out, err = ember("recall", "Anna", "--memory", memory)
    assert code == 0
    assert "going on from version 2" in err


def test_what_cannot_be_is_said_in_one_line(ember, memory, log, tmp_path):
    for arguments, said in (
        (("recall", "x", "--memory", tmp_path / "none"), "begins one"),
        (("recall", "--memory", memory), "say by what"),
        (("recall", "--feels", log, "--memory", memory), "LOG@TIME"),
        (("recall", "--feels", f"{log}@99", "--memory", memory), "from 0.0 to 7.9 s"),
        (("recall", "--feels", f"{log}@noon", "--memory", memory), "neither seconds"),
        (("recall", "--feels", f"{tmp_path}/none@1", "--memory", memory), "no log"),
        (("memory", "show", 9, "--memory", memory), "there are 3, 0 to 2"),
        (("memory", "forget", 0, 9, "--memory", memory), "no memory 9"),
        (("memory", "undo", "--memory", tmp_path / "none"), "begins one"),
    ):
        code, out, err = ember(*arguments)
        assert (code, out) == (2, ""), arguments
        assert said in err
        assert len(err.splitlines()) == 1


def test_a_tokenizer_that_is_none_is_refused_and_nothing_begun(ember, tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    code, _, err = ember(
        "memory", "add", "x", "--memory", tmp_path / "m", "--tokenizer", tmp_path / "tokenizer.json"
    )
    assert code == 2
    assert "ember:" in err
    assert not list((tmp_path / "m").glob("*.memory"))
