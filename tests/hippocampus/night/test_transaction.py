"""Many files as one: new or old whatever fails in between, and undone to the byte."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from hippocampus.night import transaction
from hippocampus.night.transaction import (
    NIGHTS,
    BusyError,
    Change,
    NotUndoableError,
    empty_trash,
    held,
    last_change,
    settle,
    settle_of,
    undo,
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power is really cut, so nothing has to be on a real disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def roots(tmp_path: Path) -> dict[str, Path]:
    """Two folders, one with files."""
    roots = {"logs": tmp_path / "logs", NIGHTS: tmp_path / "nights"}
    (roots["logs"] / "s").mkdir(parents=True)
    roots[NIGHTS].mkdir()
    for name in ("a", "b", "c"):
        (roots["logs"] / "s" / name).write_text(f"old {name}")
    return roots


def tree(roots: dict[str, Path]) -> dict[str, str]:
    """Every file but the traces of the change itself; empty folders too."""
    found = {}
    for name, root in roots.items():
        for path in root.rglob("*"):
            traces = path.name in (transaction.JOURNAL, transaction.LAST)
            if transaction.STAGING in path.parts or traces:
                continue
            text = path.read_text() if path.is_file() else "folder"
            found[f"{name}/{path.relative_to(root)}"] = text
    return found


def staged(roots: dict[str, Path]) -> Change:
    change = Change(roots)
    change.put("logs", "s/a", b"new a, longer")
    change.drop("logs", "s/b")
    change.put(NIGHTS, "2026-11-22/day.json", b"{}")
    return change


def test_committed_and_undone(roots):
    old = tree(roots)
    assert staged(roots).commit("the night") == ()
    new = tree(roots)
    assert new["logs/s/a"] == "new a, longer"
    assert "logs/s/b" not in new
    assert new["nights/2026-11-22/day.json"] == "{}"
    journal, left = undo(roots[NIGHTS])
    assert (journal.what, left) == ("the night", ())
    assert tree(roots) == old
    with pytest.raises(NotUndoableError, match="no night to undo"):
        undo(roots[NIGHTS])
    assert [*roots["logs"].iterdir()] == [roots["logs"] / "s"]


def test_abandoned_leaves_nothing(roots):
    old = tree(roots)
    change = staged(roots)
    change.abandon()
    assert tree(roots) == old
    assert not (roots["logs"] / ".night").exists()


class PowerCut(BaseException):
    """Nothing is tidied up after it."""


CALLS = ("replace", "link", "fsync", "unlink", "mkdir")


def cut_at(monkeypatch: pytest.MonkeyPatch, place: int, error: type[BaseException]) -> list[int]:
    """Let the ``place``-th call of the system's functions fail, and all after it."""
    count = [0]
    for name in CALLS:
        real = getattr(os, name)

        def call(*args, real=real, **kwargs):
            count[0] += 1
            if count[0] >= place:
                raise error("no more")
            return real(*args, **kwargs)

        monkeypatch.setattr(os, name, call)
    return count


@pytest.mark.parametrize("error", [PowerCut, OSError])
def test_old_or_new_wherever_it_is_cut(roots, error):
    old = tree(roots)
    for name in ("", "d"):  # the first time nothing is to be undone, then something is
        for place in range(1, 100):
            change = staged(roots)
            change.put("logs", f"s/{name or 'a'}", b"another")
            with pytest.MonkeyPatch.context() as patch:
                count = cut_at(patch, place, error)
                with contextlib.suppress(error):
                    change.commit("the night")
            settle(roots[NIGHTS])
            found = tree(roots)
            wanted = {**old, "logs/s/a": "new a, longer", f"logs/s/{name or 'a'}": "another"}
            del wanted["logs/s/b"]
            wanted |= {"nights/2026-11-22": "folder", "nights/2026-11-22/day.json": "{}"}
            assert found in (old, wanted)
            if found == wanted:
                undo(roots[NIGHTS])
                assert tree(roots) == old
            else:
                change.abandon()
            if count[0] < place:
                break
        else:
            pytest.fail("never went through")


def test_an_undo_that_is_cut_is_finished(roots):
    old = tree(roots)
    for place in range(1, 100):
        staged(roots).commit("the night")
        with pytest.MonkeyPatch.context() as patch:
            count = cut_at(patch, place, PowerCut)
            with contextlib.suppress(PowerCut):
                undo(roots[NIGHTS])
        settle_of(roots["logs"])
        settle(roots[NIGHTS])
        if last_change(roots[NIGHTS]) is not None:
            undo(roots[NIGHTS])
        assert tree(roots) == old
        if count[0] < place:
            return
    pytest.fail("never went through")


def test_what_somebody_else_changed_stays_and_is_named(roots):
    change = staged(roots)
    real = transaction._write

    def meanwhile(path: Path, content: bytes) -> None:
        real(path, content)
        if path.name == transaction.JOURNAL:
            (roots["logs"] / "s" / "a").write_text("theirs!")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "_write", meanwhile)
        assert change.commit("the night") == (str(roots["logs"] / "s" / "a"),)
    assert tree(roots)["logs/s/a"] == "theirs!"
    undo(roots[NIGHTS])
    assert tree(roots)["logs/s/a"] == "theirs!"
    assert tree(roots)["logs/s/b"] == "old b"


def test_an_undo_stops_at_what_was_changed_since(roots):
    staged(roots).commit("the night")
    (roots["logs"] / "s" / "a").write_text("later")
    new = tree(roots)
    with pytest.raises(NotUndoableError, match="s/a changed after the night"):
        undo(roots[NIGHTS])
    assert tree(roots) == new
    _, left = undo(roots[NIGHTS], even_changed=True)
    assert left == (str(roots["logs"] / "s" / "a"),)
    assert tree(roots)["logs/s/b"] == "old b"


def test_only_the_last_change_is_undone_and_not_without_its_trash(roots):
    staged(roots).commit("the first")
    change = Change(roots)
    change.put("logs", "s/a", b"newer")
    change.commit("the second")
    undo(roots[NIGHTS])
    assert tree(roots)["logs/s/a"] == "new a, longer"
    change = Change(roots)
    change.drop("logs", "s/a")
    change.commit("the third")
    assert empty_trash(tuple(roots.values()), roots[NIGHTS]) > 0
    with pytest.raises(NotUndoableError):
        undo(roots[NIGHTS])


def test_two_at_once(roots):
    with held(roots[NIGHTS]), pytest.raises(BusyError, match="another"), held(roots[NIGHTS]):
        pass
