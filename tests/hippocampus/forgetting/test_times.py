"""Stretches and names."""

from __future__ import annotations

import pytest

from hippocampus.forgetting.times import Name, Stretch, Stretches


def test_stretches_that_meet_are_one():
    joined = Stretches([Stretch(10, 20), Stretch(21, 30), Stretch(5, 12), Stretch(40, 50)])
    assert list(joined) == [Stretch(5, 30), Stretch(40, 50)]


@pytest.mark.parametrize(
    ("start", "end", "meets"),
    [(0, 4, False), (0, 5, True), (30, 35, True), (31, 39, False), (0, 99, True), (51, 60, False)],
)
def test_overlap(start, end, meets):
    assert Stretches([Stretch(5, 30), Stretch(40, 50)]).overlap(start, end) is meets


def test_a_stretch_does_not_end_before_it_begins():
    with pytest.raises(ValueError, match="ends before"):
        Stretch(2, 1)


def test_a_name_is_a_word_of_its_own():
    name = Name("anna  maria")
    assert name.within("and Anna Maria, laughing")
    assert not name.within("Anna Marian")
    assert name.is_(" ANNA MARIA ")
    assert not name.is_("Anna")
    assert not name.is_(None)
    with pytest.raises(ValueError, match="no name"):
        Name(" - ")
