"""A change of many files: cut off after any step, it is the old state or becomes the new one."""

from __future__ import annotations

import os

import pytest

from hippocampus.forgetting import transaction
from hippocampus.forgetting.transaction import (
    NEW_SUFFIX,
    OLD_SUFFIX,
    RECEIPTS,
    BusyError,
    Exclusive,
    Staging,
    finish,
)

OLD = {"logs/a": b"old secret", "logs/b": b"another secret", "state/c": b"stays", "memory/d": b"x"}
NEW = {"logs/a": b"new", "state/c": b"stays", "memory/d": b"y", "meta/mark": b"stale"}
RECEIPT = b'{"id":"1"}'


@pytest.fixture
def root(tmp_path):
    for name, content in OLD.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "meta").mkdir()
    return tmp_path


def change(root) -> None:
    with Exclusive(root):
        staging = Staging(root)
        staging.write(root / "logs/a", b"new")
        staging.remove(root / "logs/b")
        staging.write(root / "memory/d", b"y")
        staging.write(root / "meta/mark", b"stale")
        staging.commit(RECEIPT)
        finish(root)


def contents(root) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_all_files_change_as_one_and_a_receipt_is_kept(root):
    change(root)
    assert contents(root) == {**NEW, RECEIPTS: RECEIPT + b"\n"}


def test_killed_after_any_step_it_is_old_or_is_finished(root):
    """A process of its own dies in each of its calls that change the disk, one after the other."""
    steps = 0
    seen = set()
    while True:
        for name, content in OLD.items():
            (root / name).write_bytes(content)
        for name in NEW.keys() - OLD.keys() | {RECEIPTS}:
            (root / name).unlink(missing_ok=True)
        if not _killed_after(steps, root):
            break
        with Exclusive(root):
            finish(root)
        found = contents(root)
        found.pop(RECEIPTS, None)
        assert found in (OLD, NEW), f"a mixture after {steps} steps"
        seen.add(found == NEW)
        steps += 1
    assert seen == {True, False}
    assert steps > 20


def _killed_after(steps: int, root) -> bool:
    """Run ``change`` in a child that ends itself after so many calls; whether it got so far."""
    child = os.fork()
    if child == 0:
        left = [steps]

        def counted(call):
            def wrapped(*args, **kwargs):
                if left[0] == 0:
                    os._exit(9)
                left[0] -= 1
                return call(*args, **kwargs)

            return wrapped

        for name in ("link", "write", "fsync", "fdatasync", "unlink", "rename", "replace"):
            setattr(os, name, counted(getattr(os, name)))
        path = transaction.Path
        for name in ("replace", "unlink", "write_bytes"):
            setattr(path, name, counted(getattr(path, name)))
        change(root)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_the_old_bytes_are_overwritten_before_they_are_freed(root, monkeypatch):
    before = (root / "logs/a").stat().st_ino
    seen = {}
    unlink = transaction.Path.unlink

    def watched(path, missing_ok=False):
        if path.name.endswith(OLD_SUFFIX):
            seen[path.stat().st_ino] = path.read_bytes()
        return unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(transaction.Path, "unlink", watched)
    change(root)
    assert seen[before] == bytes(len(OLD["logs/a"]))
    assert all(not any(content) for content in seen.values())


def test_a_file_with_another_hard_link_is_told_and_left_alone(root, tmp_path):
    backup = tmp_path / "backup"
    os.link(root / "logs/a", backup)
    with Exclusive(root):
        staging = Staging(root)
        staging.write(root / "logs/a", b"new")
        staging.commit(RECEIPT)
        finished = finish(root)
    assert finished.shared == (str(root / "logs/a"),)
    assert backup.read_bytes() == OLD["logs/a"]


def test_only_one_at_a_time(root):
    with Exclusive(root), pytest.raises(BusyError, match="another 'ember forget'"), Exclusive(root):
        pass


def test_what_was_staged_and_never_committed_goes(root):
    staging = Staging(root)
    staging.write(root / "logs/a", b"half")
    assert finish(root).undone == 1
    assert contents(root) == OLD
    assert not (root / f"logs/a{NEW_SUFFIX}").exists()
