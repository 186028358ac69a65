"""Old logs make room, oldest first; what is kept or open stays."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hippocampus import retention
from hippocampus.retention import StoredSegment, prune, stored_segments, surplus
from hippocampus.segment import OpenMarker

SEGMENTS = st.lists(
    st.builds(
        StoredSegment,
        path=st.builds(
            lambda session, number: Path(f"s{session}/{number:06d}.mcap"),
            st.integers(0, 3),
            st.integers(0, 20),
        ),
        size_bytes=st.integers(0, 1000),
        kept=st.booleans(),
        sealed=st.booleans(),
    ),
    unique_by=lambda segment: segment.path,
)
BYTES = st.integers(0, 12_000)


@given(SEGMENTS, BYTES, BYTES, BYTES)
def test_what_is_deleted_is_enough_oldest_first_and_not_more(segments, quota, free, reserve):
    chosen, short = surplus(segments, quota, free, reserve)
    assert not any(segment.kept or not segment.sealed for segment in chosen)
    deletable = sorted((s for s in segments if s.sealed and not s.kept), key=lambda s: s.path)
    assert list(chosen) == deletable[: len(chosen)]
    left = sum(s.size_bytes for s in segments) - sum(s.size_bytes for s in chosen)
    freed = free + sum(s.size_bytes for s in chosen)
    enough = left <= quota and freed >= reserve
    assert enough == (short == 0)
    if not enough:
        assert len(chosen) == len(deletable), "nothing deletable may be left while bytes are short"
    if chosen:
        last = chosen[-1].size_bytes
        assert left + last > quota or freed - last < reserve, "one less would have been enough"


def build(root: Path, sessions: dict[str, int]) -> list[Path]:
    paths = []
    for session, count in sessions.items():
        (root / session).mkdir(parents=True)
        for number in range(count):
            paths.append(root / session / f"{number:06d}.mcap")
            paths[-1].write_bytes(b"x" * 100)
    return paths


def test_prune_deletes_the_oldest_and_empty_sessions(tmp_path):
    paths = build(tmp_path, {"a": 2, "b": 3})
    foreign = tmp_path / "b" / "notes.mcap"
    foreign.write_bytes(b"y" * 5000)
    done = prune(tmp_path, quota_bytes=250, min_free_bytes=0)
    assert done.deleted == tuple(paths[:3])
    assert (done.freed_bytes, done.short_bytes) == (300, 0)
    assert not (tmp_path / "a").exists()
    assert sorted(p.name for p in (tmp_path / "b").iterdir()) == [
        "000001.mcap",
        "000002.mcap",
        "notes.mcap",
    ]


def test_prune_spares_kept_and_open_segments(tmp_path):
    paths = build(tmp_path, {"a": 3, "b": 2})
    retention.keep(paths[0])
    retention.keep(tmp_path / "b")
    marker = OpenMarker(paths[1])
    done = prune(tmp_path, quota_bytes=0, min_free_bytes=0)
    assert done.deleted == (paths[2],)
    assert done.short_bytes == 400
    marker.remove()
    retention.release(tmp_path / "b")
    assert prune(tmp_path, 0, 0).deleted == (paths[1], *paths[3:])
    assert [segment.path for segment in stored_segments(tmp_path)] == [paths[0]]


def test_free_space_counts_too(tmp_path):
    paths = build(tmp_path, {"a": 2})
    disk = os.statvfs(tmp_path)
    done = prune(tmp_path, 10**12, disk.f_bavail * disk.f_frsize + 10**12)
    assert done.deleted == tuple(paths)
    assert done.short_bytes > 0
