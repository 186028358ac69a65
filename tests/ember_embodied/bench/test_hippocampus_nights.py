"""The benchmark of nights: what holds does, and a night that decides too late is found out."""

from __future__ import annotations

import msgspec
import pytest

from ember_embodied.bench.hippocampus.nights import measure
from hippocampus.transaction import journal, settle

BOUNDS = 4
"""Claims with a bound stand first."""


def test_a_few_nights_end_old_or_new_are_mended_and_undone():
    assert all(claim.holds for claim in measure(range(61, 62), nights=5)[:BOUNDS])


def test_a_night_that_writes_no_journal_does_not_pass(monkeypatch: pytest.MonkeyPatch):
    real = journal.write_whole

    def at_once(path, content, suffix):
        if path.name == journal.JOURNAL and b'"forward":true' in content:
            decided = msgspec.json.decode(content, type=journal.Journal)
            settle._go_on(path.parent, decided)
        else:
            real(path, content, suffix)

    monkeypatch.setattr(journal, "write_whole", at_once)
    mixed, unmended, *_ = measure(range(61020, 61021), nights=10)
    assert mixed.value + unmended.value > 0
