"""Many files as one: new or old whatever fails in between, and undone to the byte."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from hippocampus.transaction import journal
from hippocampus.transaction.change import Change
from hippocampus.transaction.journal import JOURNAL, LAST, NIGHTS, STAGING, Kind, last_change
from hippocampus.transaction.lock import BusyError, held
from hippocampus.transaction.settle import empty_trash, settle, settle_of
from hippocampus.transaction.undo import NotUndoableError, undo


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
            if STAGING in path.parts or path.name in (JOURNAL, LAST):
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
    assert staged(roots).commit("the night").left == ()
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


CALLS = (
    *((os, name) for name in ("replace", "link", "fsync", "fdatasync", "unlink", "mkdir", "rmdir")),
    *((os, name) for name in ("open", "write")),
    (Path, "open"),
)


def cut_at(monkeypatch: pytest.MonkeyPatch, place: int, error: type[BaseException]) -> list[int]:
    """Let the ``place``-th call that changes the disk fail, and all after it."""
    count = [0]
    for owner, name in CALLS:
        real = getattr(owner, name)

        def call(*args, real=real, **kwargs):
            count[0] += 1
            if count[0] >= place:
                raise error("no more")
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, call)
    return count


def lived(root: Path) -> dict[str, Path]:
    """A robot with a night behind it, whose undoing is still possible."""
    roots = {"logs": root / "logs", NIGHTS: root / "nights"}
    (roots["logs"] / "s").mkdir(parents=True)
    roots[NIGHTS].mkdir()
    for name in ("a", "b", "c"):
        (roots["logs"] / "s" / name).write_text(f"old {name}")
    change = Change(roots)
    change.put("logs", "s/c", b"thinner")
    change.put(NIGHTS, "2026-11-21/diary", b"told")
    change.commit("a night")
    return roots


def changed(roots: dict[str, Path], kind: Kind) -> Change:
    change = staged(roots)
    change.put(NIGHTS, "2026-11-21/diary", b"told anew")
    change.commit("a change", kind)
    return change


@pytest.mark.parametrize("error", [PowerCut, OSError])
@pytest.mark.parametrize("kind", Kind)
def test_old_or_new_wherever_it_is_cut(tmp_path, kind, error):
    roots = lived(tmp_path / "whole")
    changed(roots, kind)
    new = tree(roots)
    seen = set()
    for place in range(1, 300):
        roots = lived(tmp_path / str(place))
        old = tree(roots)
        with pytest.MonkeyPatch.context() as patch:
            count = cut_at(patch, place, error)
            with contextlib.suppress(error):
                changed(roots, kind)
        if error is OSError:
            # As whoever has begun it does, whether it was decided or not.
            Change(roots).abandon()
        settle(roots[NIGHTS])
        found = tree(roots)
        assert found in (old, new), f"a mixture after {place} steps"
        seen.add(found == new)
        if found == old:
            Change(roots).abandon()
        _as_the_kind_says(roots, kind, old, cut_before=found == old)
        if count[0] < place:
            break
    else:
        pytest.fail("never went through")
    assert seen == {True, False}


def _as_the_kind_says(
    roots: dict[str, Path], kind: Kind, old: dict[str, str], *, cut_before: bool
) -> None:
    """What undo does after a change, and after one that never came to be."""
    if kind is Kind.FOR_GOOD and not cut_before:
        assert not any((root / STAGING).exists() for root in roots.values())
        with pytest.raises(NotUndoableError):
            undo(roots[NIGHTS])
        return
    undo(roots[NIGHTS])
    found = tree(roots)
    if kind is Kind.UNDOABLE and not cut_before:
        assert found == old
    else:
        assert found.get("logs/s/c") == "old c"
        assert "nights/2026-11-21/diary" not in found


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
    real = journal.write_whole

    def meanwhile(path: Path, content: bytes, suffix: str) -> None:
        real(path, content, suffix)
        if path.name == JOURNAL:
            (roots["logs"] / "s" / "a").write_text("theirs!")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "write_whole", meanwhile)
        assert change.commit("the night").left == (str(roots["logs"] / "s" / "a"),)
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


def test_what_goes_for_good_is_overwritten_before_it_is_freed(tmp_path):
    roots = lived(tmp_path)
    paths = (roots["logs"] / "s" / "a", roots["logs"] / "s" / "b")
    paths += (roots["logs"] / STAGING / "old" / "s" / "c",)  # what undo would have needed
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(path.open("rb")) for path in paths]
        settled = changed_for_good(roots)
        assert [file.read().strip(b"\0") for file in files] == [b"", b"", b""]
    assert settled.overwritten.bytes == 3 * len("old a")


def test_for_good_a_folder_that_is_left_empty_goes_too(tmp_path):
    roots = lived(tmp_path)
    change = Change(roots)
    for name in ("a", "b", "c"):
        change.drop("logs", f"s/{name}")
    change.commit("a forgetting", Kind.FOR_GOOD)
    assert [*roots["logs"].iterdir()] == []


def test_for_good_a_file_with_another_hard_link_is_told_and_left_alone(tmp_path):
    roots = lived(tmp_path)
    os.link(roots["logs"] / "s" / "a", tmp_path / "backup")
    assert changed_for_good(roots).overwritten.shared == (str(roots["logs"] / "s" / "a"),)
    assert (tmp_path / "backup").read_text() == "old a"


def test_an_interrupted_forgetting_does_not_yield_to_what_was_written_since(tmp_path):
    roots = lived(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "link", _power_cut)
        with pytest.raises(PowerCut):
            changed_for_good(roots)
    (roots["logs"] / "s" / "a").write_text("a later line")
    settle_of(roots["logs"])
    assert tree(roots)["logs/s/a"] == "new a, longer"


def _power_cut(*_: object) -> None:
    raise PowerCut


def changed_for_good(roots: dict[str, Path]):
    change = staged(roots)
    return change.commit("a forgetting", Kind.FOR_GOOD)


def test_a_file_on_another_disk_is_refused_before_anything_is_decided(tmp_path, monkeypatch):
    roots = lived(tmp_path)
    old = tree(roots)
    real = Path.stat
    elsewhere = roots["logs"] / "s"

    def stat(path, **kwargs):
        found = real(path, **kwargs)
        return os.stat_result((*found[:2], 99, *found[3:])) if path == elsewhere else found

    monkeypatch.setattr(Path, "stat", stat)
    change = staged(roots)
    with pytest.raises(OSError, match="not on the disk"):
        change.commit("the night")
    change.abandon()
    assert tree(roots) == old
